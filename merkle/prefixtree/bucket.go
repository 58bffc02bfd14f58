package prefixtree

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// ErrExists is wrapped by Insert for a search key that is in the tree already,
// or twice among the leaves to insert.
var ErrExists = errors.New("search key is in the prefix tree already")

// A bucket is the decoded leaves of one slot as of one log entry, with the
// values of their subtree. It is immutable once built.
type bucket struct {
	leaves []Leaf // sorted by search key
	last   uint64 // last entry that added a leaf
	// hash has the value of each leaf. branch[s-1] has the value of the one
	// parent with two children whose right child begins with leaves[s].
	hash   []merkle.Hash
	branch []merkle.Hash
}

func (bk *bucket) size() int {
	return cap(bk.leaves)*leafSize + (cap(bk.hash)+cap(bk.branch))*merkle.HashSize + 88
}

// split returns where the leaves in [lo, hi), at least two, part, and the depth
// of the parent where they do.
func (bk *bucket) split(lo, hi int) (s, depth int) {
	depth = commonBits(&bk.leaves[lo].Key, &bk.leaves[hi-1].Key)
	return lo + splitAt(hi-lo, depth, func(i int) *Key { return &bk.leaves[lo+i].Key }), depth
}

// value returns the value of the subtree of the leaves in [lo, hi), at least
// one, at depth.
func (bk *bucket) value(lo, hi, depth int) merkle.Hash {
	if hi-lo == 1 {
		return bk.hash[lo]
	}
	s, d := bk.split(lo, hi)
	return bk.lift(lo, s, d, depth)
}

// lift returns the value at depth of the subtree that has leaves[lo] and is
// missing one of the children at every depth down to the parent that branches
// at leaves[s] and depth d.
func (bk *bucket) lift(lo, s, d, depth int) merkle.Hash {
	h := bk.branch[s-1]
	for d--; d >= depth; d-- {
		if bk.leaves[lo].Key.bit(d) == 0 {
			h = ParentHash(h, merkle.Hash{})
		} else {
			h = ParentHash(merkle.Hash{}, h)
		}
	}
	return h
}

// build computes branch for the leaves in [lo, hi) and returns their value at
// depth. Of the leaves before i, added[i] are new; the subtrees without new
// leaves are taken from old. Without old all are new.
func (bk *bucket) build(lo, hi, depth int, old *bucket, added []int) (merkle.Hash, error) {
	if hi-lo == 1 {
		return bk.hash[lo], nil
	}
	s, d := bk.split(lo, hi)
	if d == maxDepth {
		return merkle.Hash{}, errTooDeep
	}
	if old != nil && added[lo] == added[hi] {
		n := added[lo]
		copy(bk.branch[lo:hi-1], old.branch[lo-n:hi-1-n])
		return bk.lift(lo, s, d, depth), nil
	}
	left, err := bk.build(lo, s, d+1, old, added)
	if err != nil {
		return merkle.Hash{}, err
	}
	right, err := bk.build(s, hi, d+1, old, added)
	if err != nil {
		return merkle.Hash{}, err
	}
	bk.branch[s-1] = ParentHash(left, right)
	return bk.lift(lo, s, d, depth), nil
}

// newBucket returns the bucket of leaves, which are sorted, and its value at
// depth.
func newBucket(leaves []Leaf, last uint64, depth int) (*bucket, merkle.Hash, error) {
	n := len(leaves)
	hashes := make([]merkle.Hash, 2*n-1)
	bk := &bucket{leaves: leaves, last: last, hash: hashes[:n:n], branch: hashes[n:]}
	for i := range leaves {
		bk.hash[i] = LeafHash(leaves[i])
	}
	h, err := bk.build(0, n, depth, nil, nil)
	return bk, h, err
}

// with returns the bucket bk with more leaves, sorted and added by entry, and
// its value at depth. merged is the result of mergeLeaves for both.
func (bk *bucket) with(merged []Leaf, entry uint64, depth int) (*bucket, merkle.Hash, error) {
	n := len(merged)
	hashes := make([]merkle.Hash, 2*n-1)
	nb := &bucket{leaves: merged, last: entry, hash: hashes[:n:n], branch: hashes[n:]}
	var buf [maxBucket + 2]int
	added := buf[:]
	for i := range merged {
		j := i - added[i]
		added[i+1] = added[i]
		if j < len(bk.leaves) && bk.leaves[j].Key == merged[i].Key {
			nb.hash[i] = bk.hash[j]
		} else {
			nb.hash[i] = LeafHash(merged[i])
			added[i+1]++
		}
	}
	h, err := nb.build(0, n, depth, bk, added)
	return nb, h, err
}

// mergeLeaves returns the leaves of a and b, both sorted, in order.
func mergeLeaves(a, b []Leaf) ([]Leaf, error) {
	m := make([]Leaf, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch c := compareKeys(&a[0].Key, &b[0].Key); {
		case c == 0:
			return nil, fmt.Errorf("search key %x: %w", b[0].Key, ErrExists)
		case c < 0:
			m, a = append(m, a[0]), a[1:]
		default:
			m, b = append(m, b[0]), b[1:]
		}
	}
	return append(append(m, a...), b...), nil
}

// loadBucket returns the bucket at p as of its last change, at the given entry.
// It must have the value want.
func (t *Tree) loadBucket(r Reader, p path, entry uint64, want *merkle.Hash) (*bucket, error) {
	if bk, ok := t.Cache.get(p, entry).(*bucket); ok {
		return bk, nil
	}
	value, err := r.Get(bucketKey(t.Prefix, p))
	if err != nil {
		return nil, fmt.Errorf("reading bucket %v: %w", p, err)
	}
	bk, err := parseBucket(value, p, entry, want)
	if err != nil {
		return nil, fmt.Errorf("bucket %v at log entry %d: %w: %w", p, entry, ErrCorrupt, err)
	}
	t.Cache.put(p, entry, bk)
	return bk, nil
}

// parseBucket decodes the record of the bucket at p as of its last change, at
// the given entry, and checks its value.
func parseBucket(value []byte, p path, entry uint64, want *merkle.Hash) (*bucket, error) {
	leaves, last, err := decodeBucket(value, entry)
	if err != nil {
		return nil, err
	}
	if last != entry {
		return nil, fmt.Errorf("%w: last change at log entry %d", errRecord, last)
	}
	if len(leaves) > math.MaxUint8 {
		return nil, fmt.Errorf("%w: %d leaves", errRecord, len(leaves))
	}
	slices.SortFunc(leaves, func(a, b Leaf) int { return compareKeys(&a.Key, &b.Key) })
	depth := pageBits * int(p.n)
	first, final := &leaves[0].Key, &leaves[len(leaves)-1].Key
	if commonBits(first, &p.bits) < depth || commonBits(final, &p.bits) < depth {
		return nil, fmt.Errorf("%w: leaf of another bucket", errRecord)
	}
	for i := 1; i < len(leaves); i++ {
		if leaves[i-1].Key == leaves[i].Key {
			return nil, fmt.Errorf("%w: search key twice", errRecord)
		}
	}
	bk, h, err := newBucket(leaves, last, depth)
	if err != nil {
		return nil, err
	}
	if h != *want {
		return nil, fmt.Errorf("%w: wrong hash", errRecord)
	}
	return bk, nil
}
