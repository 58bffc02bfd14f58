package naive

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// split is where the left subtree of the left-balanced tree over [lo, hi) ends:
// it is the largest balanced tree that leaves something for the right.
func split(lo, hi uint64) uint64 {
	power := uint64(1)
	for power*2 < hi-lo {
		power *= 2
	}
	return lo + power
}

// balanced says whether a tree of n leaves is balanced: n is a power of two.
func balanced(n uint64) bool {
	for n > 1 && n%2 == 0 {
		n /= 2
	}
	return n == 1
}

// FullSubtrees lists the heads that a user of a tree of n leaves retains.
func FullSubtrees(n uint64) []Range {
	var heads []Range
	var find func(lo, hi uint64)
	find = func(lo, hi uint64) {
		if balanced(hi - lo) {
			heads = append(heads, Range{lo, hi})
			return
		}
		find(lo, split(lo, hi))
		find(split(lo, hi), hi)
	}
	if n > 0 {
		find(0, n)
	}
	return heads
}

// Inclusion lists the balanced subtrees whose heads, with the given leaves and
// the retained full subtrees of a tree of last leaves, determine the root of a
// tree of n leaves, and that of its first audited leaves: what both are computed
// from is cut where the latter end.
func Inclusion(n uint64, leaves []uint64, last *uint64, audited uint64) []Range {
	retainedSize := uint64(0)
	if last != nil {
		retainedSize = *last
	}
	retained := FullSubtrees(retainedSize)
	var proof []Range
	var cover func(lo, hi uint64)
	cover = func(lo, hi uint64) {
		given := slices.ContainsFunc(leaves, func(l uint64) bool { return lo <= l && l < hi })
		// Within a retained subtree the retained value tells nothing apart.
		within := slices.ContainsFunc(retained, func(r Range) bool { return r.Lo <= lo && hi <= r.Hi })
		switch {
		case lo < audited && audited < hi:
			// cut
		case !given && slices.Contains(retained, Range{lo, hi}):
			return // retained
		case given && hi-lo == 1:
			return // given
		case !given && balanced(hi-lo) && (within || lo >= retainedSize):
			proof = append(proof, Range{lo, hi})
			return
		}
		cover(lo, split(lo, hi))
		cover(split(lo, hi), hi)
	}
	if n > 0 {
		cover(0, n)
	}
	return proof
}

// LeafHash is the value of a log tree leaf: the hash of a LogEntry.
func LeafHash(timestamp uint64, prefixRoot [32]byte) [32]byte {
	return sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, timestamp), prefixRoot[:]...))
}

// LogRoot is the root value of a log tree; there must be a leaf.
func LogRoot(leaves [][32]byte) [32]byte {
	return LogSubtree(leaves, 0, uint64(len(leaves)))
}

// LogSubtree is the value of the subtree over the leaves [lo, hi).
func LogSubtree(leaves [][32]byte, lo, hi uint64) [32]byte {
	if hi-lo == 1 {
		return leaves[lo]
	}
	middle := split(lo, hi)
	left := LogSubtree(leaves, lo, middle)
	right := LogSubtree(leaves, middle, hi)
	return sha256.Sum256(slices.Concat(
		[]byte{tag(middle - lo)}, left[:],
		[]byte{tag(hi - middle)}, right[:],
	))
}

// tag tells a leaf from a parent.
func tag(size uint64) byte {
	if size == 1 {
		return 0
	}
	return 1
}
