package naive

import (
	"crypto/sha256"
	"slices"
)

// PrefixRoot is the root value of the prefix tree with these leaves, each a
// search key and a commitment. A tree without leaves counts as zeros.
func PrefixRoot(leaves [][2][32]byte) [32]byte {
	return prefixNode(leaves, 0)
}

// prefixNode is the value of the node at a depth above leaves that agree in
// that many bits.
func prefixNode(leaves [][2][32]byte, depth int) [32]byte {
	switch len(leaves) {
	case 0:
		return [32]byte{} // no such node
	case 1:
		return sha256.Sum256(slices.Concat([]byte{2}, leaves[0][0][:], leaves[0][1][:]))
	}
	zeros, ones := prefixSplit(leaves, depth)
	left, right := prefixNode(zeros, depth+1), prefixNode(ones, depth+1)
	return sha256.Sum256(slices.Concat([]byte{3}, left[:], right[:]))
}

// bit is a bit of a search key, the most significant of the first byte first.
func bit(key [32]byte, depth int) byte {
	return key[depth/8] >> (7 - depth%8) & 1
}

// prefixSplit deals leaves out to the two children of a node.
func prefixSplit(leaves [][2][32]byte, depth int) (zeros, ones [][2][32]byte) {
	for _, leaf := range leaves {
		if bit(leaf[0], depth) == 0 {
			zeros = append(zeros, leaf)
		} else {
			ones = append(ones, leaf)
		}
	}
	return zeros, ones
}

// PrefixResult is where a search for a key ends. Type is 1 for an inclusion, 2
// for another key's leaf and 3 for a missing child, as in the draft.
type PrefixResult struct {
	Type  int
	Depth int
	Leaf  [2][32]byte // the other key's leaf
}

// PrefixSearch searches for a key from the root down.
func PrefixSearch(leaves [][2][32]byte, key [32]byte) PrefixResult {
	for depth := 0; ; depth++ {
		if len(leaves) == 0 {
			return PrefixResult{Type: 3, Depth: depth}
		}
		if len(leaves) == 1 {
			if leaves[0][0] == key {
				return PrefixResult{Type: 1, Depth: depth}
			}
			return PrefixResult{Type: 2, Depth: depth, Leaf: leaves[0]}
		}
		zeros, ones := prefixSplit(leaves, depth)
		leaves = zeros
		if bit(key, depth) == 1 {
			leaves = ones
		}
	}
}

// PrefixElements lists the values that, with the nodes where these searches
// end, determine the root: of each node off every search path whose parent is
// on one.
func PrefixElements(leaves [][2][32]byte, keys [][32]byte) [][32]byte {
	return prefixElements(leaves, keys, 0)
}

func prefixElements(leaves [][2][32]byte, keys [][32]byte, depth int) [][32]byte {
	if len(keys) == 0 {
		return [][32]byte{prefixNode(leaves, depth)}
	}
	if len(leaves) <= 1 {
		return nil // every search ends here
	}
	zeros, ones := prefixSplit(leaves, depth)
	var left, right [][32]byte
	for _, key := range keys {
		if bit(key, depth) == 0 {
			left = append(left, key)
		} else {
			right = append(right, key)
		}
	}
	return append(prefixElements(zeros, left, depth+1), prefixElements(ones, right, depth+1)...)
}
