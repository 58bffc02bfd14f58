package mls

import "crypto"

// What the tests see of the package's insides.
var (
	ErrMalformed = errMalformed
	ErrLimit     = errLimit
	ErrText      = errText
)

// Hash returns the hash of a known suite.
func (c CipherSuite) Hash() crypto.Hash { return suites[c].hash }

// Suites returns the known suites.
func Suites() []CipherSuite {
	var list []CipherSuite
	for c := range suites {
		list = append(list, c)
	}
	return list
}

// RatchetTreeOf returns the data of the extension.
func RatchetTreeOf(extensions []Extension) []byte {
	data, _ := findExtension(extensions, ExtensionRatchetTree)
	return data
}

// Node returns the node at an index: a leaf, an encoded parent, or neither. Tree
// has n of them.
func (t *RatchetTree) Node(i int) (*LeafNode, []byte) {
	if p := t.nodes[i].parent; p != nil {
		return nil, p.encoded
	}
	return t.nodes[i].leaf, nil
}

// NodeCount returns how many nodes the extension had.
func (t *RatchetTree) NodeCount() int { return len(t.nodes) }
