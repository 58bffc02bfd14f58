// Package ibst navigates the implicit binary search tree over the entries of
// a transparency log: KEYTRANS, "Implicit Binary Search Tree" and its
// appendix. It is pure integer arithmetic, plus the rules that decide from
// timestamps which entries are distinguished ("Reasonable Monitoring Window").
//
// Positions and sizes are uint64. A position x is valid in a log of n entries
// if x < n. Functions that require a valid position or a non-empty log panic
// otherwise: callers check what comes from outside.
package ibst

import (
	"fmt"
	"math/bits"
)

// Root returns the position of the root of a log of n entries. Requires n > 0.
func Root(n uint64) uint64 {
	if n == 0 {
		panic("ibst: an empty log has no root")
	}
	return 1<<(bits.Len64(n)-1) - 1
}

// level is the height of x: leaves, which are the even positions, are level 0.
func level(x uint64) int { return bits.TrailingZeros64(^x) }

// Left returns the left child of x. ok is false if x is a leaf. The left child
// does not depend on the size of the log.
func Left(x uint64) (left uint64, ok bool) {
	k := level(x)
	if k == 0 {
		return 0, false
	}
	return x ^ (1 << (k - 1)), true
}

// Right returns the right child of x in a log of n entries. ok is false if x
// is a leaf or the rightmost entry. Requires x < n.
func Right(x, n uint64) (right uint64, ok bool) {
	mustContain(x, n)
	k := level(x)
	if k == 0 || x == n-1 {
		return 0, false
	}
	right = x ^ (3 << (k - 1))
	for right >= n {
		// The walk cannot leave the tree: x+1 < n is the leftmost descendant.
		right, _ = Left(right)
	}
	return right, true
}

// Path returns the positions from the root of a log of n entries down to and
// including x. Without its last element it is the direct path of x, reversed.
// Requires x < n.
func Path(x, n uint64) []uint64 {
	mustContain(x, n)
	path := make([]uint64, 0, 64)
	for y := Root(n); ; {
		path = append(path, y)
		switch {
		case x == y:
			return path
		case x < y:
			y, _ = Left(y)
		default:
			y, _ = Right(y, n)
		}
	}
}

// Frontier returns the root of a log of n entries, its right child, and so on
// down to the rightmost entry. It is empty if n is 0.
func Frontier(n uint64) []uint64 {
	if n == 0 {
		return nil
	}
	return FrontierFrom(Root(n), n)
}

// FrontierFrom returns the part of the frontier that starts with x, which must
// lie on it.
func FrontierFrom(x, n uint64) []uint64 {
	out := []uint64{x}
	for {
		right, ok := Right(x, n)
		if !ok {
			return out
		}
		out = append(out, right)
		x = right
	}
}

// UpdateView returns the entries, ascending, whose timestamps bring a user who
// last saw a log of old entries to one of n: KEYTRANS, "Updating Views of the
// Tree". old is 0 for a user who has seen nothing. Requires old <= n.
//
// If no ancestor of entry old-1 is new, that entry still is on the frontier
// and the list is the rest of the frontier to its right.
func UpdateView(old, n uint64) []uint64 {
	if old > n {
		panic(fmt.Sprintf("ibst: update of a view from size %d to %d", old, n))
	}
	if old == 0 {
		return Frontier(n)
	}
	var list []uint64
	path := Path(old-1, n)
	for i := len(path) - 2; i >= 0; i-- {
		if path[i] >= old {
			list = append(list, path[i])
		}
	}
	last := old - 1
	if len(list) > 0 {
		last = list[len(list)-1]
	}
	return append(list, FrontierFrom(last, n)[1:]...)
}

func mustContain(x, n uint64) {
	if x >= n {
		panic(fmt.Sprintf("ibst: position %d in a log of %d entries", x, n))
	}
}
