package mls

import "encoding/binary"

// TreeHash returns the hash of the tree (RFC 9420, Section 7.8), which a
// GroupContext has as tree_hash. It fails only for an unknown cipher suite.
func (t *RatchetTree) TreeHash(c CipherSuite) ([]byte, error) {
	s, err := c.lookup()
	if err != nil {
		return nil, err
	}
	hashes := make([][]byte, t.LeafCount())
	for i := range hashes {
		hashes[i] = s.leafHash(uint32(i), t.at(2*i).leaf)
	}
	// Level by level: the parents at level k are at 2^k-1 and every 2^(k+1) on.
	for half := 1; len(hashes) > 1; half *= 2 {
		for i := range len(hashes) / 2 {
			p := t.at(i*4*half + 2*half - 1).parent
			hashes[i] = s.parentHash(p, hashes[2*i], hashes[2*i+1])
		}
		hashes = hashes[:len(hashes)/2]
	}
	return hashes[0], nil
}

// leafHash hashes a LeafNodeHashInput; l is nil for a blank leaf.
func (s suite) leafHash(index uint32, l *LeafNode) []byte {
	b := binary.BigEndian.AppendUint32([]byte{nodeTypeLeaf}, index)
	if l == nil {
		return s.sum(append(b, 0))
	}
	return s.sum(append(b, 1), l.encoded)
}

// parentHash hashes a ParentNodeHashInput; p is nil for a blank parent.
func (s suite) parentHash(p *parentNode, left, right []byte) []byte {
	children := appendVector(appendVector(nil, left), right)
	if p == nil {
		return s.sum([]byte{nodeTypeParent, 0}, children)
	}
	return s.sum([]byte{nodeTypeParent, 1}, p.encoded, children)
}

func (s suite) sum(parts ...[]byte) []byte {
	h := s.hash.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}
