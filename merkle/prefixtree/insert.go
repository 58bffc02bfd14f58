package prefixtree

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// maxBucket is the greatest number of leaves in a bucket; see bucketLimit.
const maxBucket = 64

var errEntry = errors.New("log entry is not after the last one")

// An Inserted is what an Insert made.
type Inserted struct {
	// Root is the root of the new version.
	Root  merkle.Hash
	views []newView
}

// A newView is a view that replaces the one of the entry old, if not new.
type newView struct {
	path     path
	old, new uint64
	view     view
}

// Insert adds leaves, in any order, at a log entry, which must be after every
// entry that inserted anything before. It reads the tree through r, which must
// have all earlier inserts and must not have the writes to w, and writes to w.
//
// The caller commits everything in w at once, or nothing: appending is not
// idempotent. When it has committed, and only then, it may call Publish.
//
// Insert returns an error that wraps ErrExists if a search key is in the tree
// or twice in leaves, one that wraps ErrCorrupt if the store is damaged, and
// those of r and w. After an error nothing in w is of use. Inserting no leaves
// writes nothing and returns the current root.
func (t *Tree) Insert(r Reader, w Writer, entry uint64, leaves []Leaf) (*Inserted, error) {
	root, err := t.latest(r)
	if err != nil {
		return nil, err
	}
	if len(leaves) == 0 {
		v := Version{t, r, root}
		return &Inserted{Root: v.Hash()}, nil
	}
	if root != nil && root.last >= entry {
		return nil, fmt.Errorf("inserting at log entry %d after %d: %w", entry, root.last, errEntry)
	}
	leaves = slices.Clone(leaves)
	slices.SortFunc(leaves, func(a, b Leaf) int { return compareKeys(&a.Key, &b.Key) })
	for i := 1; i < len(leaves); i++ {
		if leaves[i-1].Key == leaves[i].Key {
			return nil, fmt.Errorf("search key %x: %w", leaves[i].Key, ErrExists)
		}
	}
	ins := inserter{t: t, r: r, w: w, entry: entry}
	h, err := ins.page(path{}, root, leaves)
	if err != nil {
		return nil, fmt.Errorf("inserting %d leaves at log entry %d: %w", len(leaves), entry, err)
	}
	return &Inserted{h, ins.views}, nil
}

// Publish hands the pages and buckets of an insert, whose writes have been
// committed, to the cache. It is never necessary. To call it for an insert that
// was not committed breaks the tree.
func (t *Tree) Publish(ins *Inserted) {
	for _, v := range ins.views {
		// Of the first pages every search in an old version needs some.
		if v.old != v.new && v.path.n > 1 {
			t.Cache.age(v.path, v.old)
		}
		t.Cache.put(v.path, v.new, v.view)
	}
}

// An inserter is the state of one Insert.
type inserter struct {
	t     *Tree
	r     Reader
	w     Writer
	entry uint64
	views []newView
}

// page adds leaves, sorted and at least one, to the page at p, which is old or
// nil if there is none. It returns the new value of the page's root.
func (ins *inserter) page(p path, old *page, leaves []Leaf) (merkle.Hash, error) {
	pg := &page{path: p}
	if old != nil {
		*pg = *old
	}
	changed := uint16(0)
	for len(leaves) > 0 {
		i := p.slotOf(&leaves[0].Key)
		n := 1
		for n < len(leaves) && p.slotOf(&leaves[n].Key) == i {
			n++
		}
		s, err := ins.slot(p.child(i), &pg.slots[i], leaves[:n])
		if err != nil {
			return merkle.Hash{}, err
		}
		pg.slots[i] = s
		changed |= 1 << i
		leaves = leaves[n:]
	}
	pg.rehash(changed)
	pg.last = ins.entry
	if err := ins.writePage(pg, old, changed); err != nil {
		return merkle.Hash{}, err
	}
	since := ins.entry
	if old != nil {
		since = old.last
	}
	ins.publish(p, since, pg)
	return pg.hash[1], nil
}

// writePage writes pg, which differs from old in the changed slots, as a new
// chunk or as a group in the last one.
func (ins *inserter) writePage(pg, old *page, changed uint16) error {
	n := bits.OnesCount16(changed)
	if old == nil || old.changes+n > chunkSlots {
		pg.first, pg.changes = ins.entry, 0
		return ins.w.Set(pageKey(ins.t.Prefix, pg.path, pg.first), appendPageFull(nil, &pg.pageState))
	}
	pg.changes += n
	b := make([]byte, 0, 8+n*(1+merkle.HashSize))
	return ins.w.Append(pageKey(ins.t.Prefix, pg.path, pg.first), appendPageDelta(b, &pg.pageState, old.last, changed))
}

// slot adds leaves to the slot old, whose page or bucket is at p, and returns
// its new state.
func (ins *inserter) slot(p path, old *pageSlot, leaves []Leaf) (pageSlot, error) {
	if old.kind == slotPage {
		pg, err := ins.t.loadPage(ins.r, p, old.entry, &old.hash)
		if err != nil {
			return pageSlot{}, err
		}
		h, err := ins.page(p, pg, leaves)
		return pageSlot{h, ins.entry, slotPage}, err
	}
	var bk *bucket
	all := leaves
	if old.kind != slotEmpty {
		var err error
		if bk, err = ins.t.loadBucket(ins.r, p, old.entry, &old.hash); err != nil {
			return pageSlot{}, err
		}
		if all, err = mergeLeaves(bk.leaves, leaves); err != nil {
			return pageSlot{}, err
		}
	}
	if len(all) > bucketLimit(p) {
		h, err := ins.page(p, nil, all)
		return pageSlot{h, ins.entry, slotPage}, err
	}
	h, err := ins.bucket(p, bk, leaves, all)
	s := pageSlot{h, ins.entry, slotBucket}
	if len(all) == 1 {
		s.kind = slotLeaf
	}
	return s, err
}

// bucket adds leaves to the bucket at p, which is old or nil if there is none;
// all are the leaves of both. It returns the bucket's new value.
func (ins *inserter) bucket(p path, old *bucket, leaves, all []Leaf) (merkle.Hash, error) {
	depth := pageBits * int(p.n)
	key := bucketKey(ins.t.Prefix, p)
	b := make([]byte, 0, 8+len(leaves)*leafSize)
	if old == nil {
		bk, h, err := newBucket(slices.Clone(all), ins.entry, depth)
		if err != nil {
			return merkle.Hash{}, err
		}
		ins.publish(p, ins.entry, bk)
		return h, ins.w.Set(key, appendBucket(b, leaves, 0, ins.entry))
	}
	bk, h, err := old.with(all, ins.entry, depth)
	if err != nil {
		return merkle.Hash{}, err
	}
	ins.publish(p, old.last, bk)
	return h, ins.w.Append(key, appendBucket(b, leaves, old.last, ins.entry))
}

// publish notes a view for Publish.
func (ins *inserter) publish(p path, old uint64, v view) {
	if ins.t.Cache != nil {
		ins.views = append(ins.views, newView{p, old, ins.entry, v})
	}
}

// bucketLimit returns the number of leaves that the bucket at p may have, from
// half of maxBucket to maxBucket. It differs from bucket to bucket because
// search keys are uniform: with one limit all buckets would split at nearly the
// same size of the tree. It is no part of the format.
func bucketLimit(p path) int {
	h := uint32(2166136261) // FNV-1a
	for _, b := range p.bytes() {
		h = (h ^ uint32(b)) * 16777619
	}
	h = (h ^ uint32(p.n)) * 16777619
	return maxBucket/2 + int(h>>8%(maxBucket/2+1))
}
