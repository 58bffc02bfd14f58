package keytrans

import "github.com/ghostlight-kt/ghostlight/merkle/prefixtree"

// MarshalPrefixProof returns the encoding of a PrefixProof: KEYTRANS, "Tree Proofs",
// "Prefix Tree". The error says that it has more results or elements than fit.
func MarshalPrefixProof(p *prefixtree.Proof) ([]byte, error) {
	var b builder
	addPrefixProof(&b, p)
	return b.Bytes()
}

// ParsePrefixProof decodes a PrefixProof. What it says is not authenticated. The
// error wraps ErrMalformed.
func ParsePrefixProof(data []byte) (*prefixtree.Proof, error) {
	r := reader{s: data}
	p := r.prefixProof()
	return orError(&p, &r)
}
