package prefixtree

import (
	"fmt"
	"math"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// A Reader reads a consistent snapshot of committed records. The slices it
// returns stay valid and unchanged; the caller does not modify them.
type Reader interface {
	// Get returns the value of key, nil if there is none.
	Get(key []byte) ([]byte, error)
	// Last returns the greatest key in [lo, hi), in bytewise order, and its
	// value; both are nil if there is none.
	Last(lo, hi []byte) (key, value []byte, err error)
}

// A Writer takes the writes of one batch. They need not be visible to any
// Reader before the batch is committed. The slices become the Writer's.
type Writer interface {
	// Set sets the value of key.
	Set(key, value []byte) error
	// Append appends value to the stored value of key.
	Append(key, value []byte) error
}

// A Tree is a prefix tree in a store, in every version it ever had. Leaves are
// only added. A Tree has no state besides the cache; its methods are safe for
// concurrent use if their Readers are, except that one Insert must be committed
// before the next one begins.
type Tree struct {
	// Prefix begins every store key of the tree. No other record's key may
	// begin with it. A byte is enough.
	Prefix []byte
	// Cache, if not nil, is for this tree alone.
	Cache *Cache
}

// A Version is the tree of one log entry: the leaves inserted at or before it.
// It is immutable, and safe for concurrent use if its Reader is. It is valid as
// long as the Reader is.
type Version struct {
	t    *Tree
	r    Reader
	root *page // nil if the tree is empty
}

// At returns the version as of a log entry. Requires that r has everything up
// to that entry, committed: with a cache, the version is otherwise one that r
// may not have the pages of. Entries that inserted nothing, and those before
// the first, are fine. Errors are those of r or wrap ErrCorrupt.
func (t *Tree) At(r Reader, entry uint64) (*Version, error) {
	if pg, ok := t.Cache.get(path{}, entry).(*page); ok {
		return &Version{t, r, pg}, nil
	}
	pg, err := t.readPage(r, path{}, entry)
	if err != nil {
		return nil, err
	}
	if pg != nil {
		t.Cache.put(path{}, pg.last, pg)
	}
	return &Version{t, r, pg}, nil
}

// latest returns the root page with all that r has, nil if the tree is empty.
func (t *Tree) latest(r Reader) (*page, error) {
	pg, err := t.readPage(r, path{}, math.MaxUint64)
	if err != nil || pg == nil {
		return nil, err
	}
	// The same page from the cache shares its memory.
	if c, ok := t.Cache.get(path{}, pg.last).(*page); ok {
		return c, nil
	}
	return pg, nil
}

// Hash returns the root of the version, the zero Hash if it is empty.
func (v *Version) Hash() merkle.Hash {
	if v.root == nil {
		return merkle.Hash{}
	}
	return v.root.hash[1]
}

// Root returns the root node of the version, nil if it is empty. Its Hash is
// not checked against anything; all pages and buckets below are checked against
// it when they are read.
func (v *Version) Root() Node {
	if v.root == nil {
		return nil
	}
	return pageNode{v, v.root, 1}
}

// A pageNode is node i of a page, in heap order.
type pageNode struct {
	v  *Version
	pg *page
	i  int
}

func (n pageNode) Hash() merkle.Hash { return n.pg.hash[n.i] }

func (n pageNode) Leaf() (Leaf, bool, error) {
	if n.pg.kind[n.i] != leaf {
		return Leaf{}, false, nil
	}
	bk, err := n.bucket(n.pg.lone(n.i))
	if err != nil {
		return Leaf{}, false, err
	}
	if len(bk.leaves) != 1 {
		return Leaf{}, false, fmt.Errorf("bucket below page %v: %d leaves instead of one: %w", n.pg.path, len(bk.leaves), ErrCorrupt)
	}
	return bk.leaves[0], true, nil
}

func (n pageNode) Children() (left, right Node, err error) {
	if n.i < pageSlots {
		return n.child(2 * n.i), n.child(2*n.i + 1), nil
	}
	i := n.i - pageSlots
	s := &n.pg.slots[i]
	if s.kind == slotPage {
		pg, err := n.v.t.loadPage(n.v.r, n.pg.path.child(i), s.entry, &s.hash)
		if err != nil {
			return nil, nil, err
		}
		return pageNode{n.v, pg, 1}.Children()
	}
	bk, err := n.bucket(i)
	if err != nil {
		return nil, nil, err
	}
	if len(bk.leaves) < 2 {
		return nil, nil, fmt.Errorf("bucket below page %v: one leaf instead of several: %w", n.pg.path, ErrCorrupt)
	}
	depth := pageBits * (int(n.pg.path.n) + 1)
	return bucketNode{bk, 0, uint8(len(bk.leaves)), uint16(depth)}.Children()
}

func (n pageNode) child(i int) Node {
	if n.pg.kind[i] == missing {
		return nil
	}
	return pageNode{n.v, n.pg, i}
}

func (n pageNode) bucket(slot int) (*bucket, error) {
	s := &n.pg.slots[slot]
	return n.v.t.loadBucket(n.v.r, n.pg.path.child(slot), s.entry, &s.hash)
}

// A bucketNode is the node at depth above the leaves [lo, hi) of a bucket.
type bucketNode struct {
	bk     *bucket
	lo, hi uint8
	depth  uint16
}

func (n bucketNode) Hash() merkle.Hash { return n.bk.value(int(n.lo), int(n.hi), int(n.depth)) }

func (n bucketNode) Leaf() (Leaf, bool, error) {
	if n.hi-n.lo != 1 {
		return Leaf{}, false, nil
	}
	return n.bk.leaves[n.lo], true, nil
}

func (n bucketNode) Children() (left, right Node, err error) {
	depth := n.depth + 1
	s, d := n.bk.split(int(n.lo), int(n.hi))
	switch {
	case d == int(n.depth):
		return bucketNode{n.bk, n.lo, uint8(s), depth}, bucketNode{n.bk, uint8(s), n.hi, depth}, nil
	case n.bk.leaves[n.lo].Key.bit(int(n.depth)) == 0:
		return bucketNode{n.bk, n.lo, n.hi, depth}, nil, nil
	default:
		return nil, bucketNode{n.bk, n.lo, n.hi, depth}, nil
	}
}
