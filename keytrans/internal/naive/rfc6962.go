package naive

import "crypto/sha256"

// What follows are the definitions of RFC 6962, Section 2.1, over the hashes of
// leaves, which those of KEYTRANS have nothing to do with.

// RFC6962Leaf is the hash of a leaf.
func RFC6962Leaf(leaf []byte) [32]byte { return sha256.Sum256(append([]byte{0}, leaf...)) }

func rfc6962Node(l, r [32]byte) [32]byte {
	return sha256.Sum256(append(append([]byte{1}, l[:]...), r[:]...))
}

// largestPower is the largest power of two smaller than n.
func largestPower(n int) int {
	k := 1
	for 2*k < n {
		k *= 2
	}
	return k
}

// RFC6962Root is MTH.
func RFC6962Root(d [][32]byte) [32]byte {
	switch len(d) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return d[0]
	}
	k := largestPower(len(d))
	return rfc6962Node(RFC6962Root(d[:k]), RFC6962Root(d[k:]))
}

// RFC6962Path is PATH.
func RFC6962Path(m int, d [][32]byte) [][32]byte {
	if len(d) == 1 {
		return nil
	}
	k := largestPower(len(d))
	if m < k {
		return append(RFC6962Path(m, d[:k]), RFC6962Root(d[k:]))
	}
	return append(RFC6962Path(m-k, d[k:]), RFC6962Root(d[:k]))
}

// RFC6962Consistency is PROOF, of the first m leaves.
func RFC6962Consistency(m int, d [][32]byte) [][32]byte { return subProof(m, d, true) }

func subProof(m int, d [][32]byte, whole bool) [][32]byte {
	if m == len(d) && whole {
		return nil
	}
	if m == len(d) {
		return [][32]byte{RFC6962Root(d)}
	}
	k := largestPower(len(d))
	if m <= k {
		return append(subProof(m, d[:k], whole), RFC6962Root(d[k:]))
	}
	return append(subProof(m-k, d[k:], false), RFC6962Root(d[:k]))
}
