package prefixtree

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// A page is a decoded page as of one log entry, with the values of all its
// nodes. It is immutable once built.
type page struct {
	pageState
	path path
	// hash and kind have the nodes in heap order: node 1 is the root of the
	// page, node i has the children 2i and 2i+1, and node pageSlots+i is
	// slot i. A kind is missing, leaf or parent.
	hash [2 * pageSlots]merkle.Hash
	kind [2 * pageSlots]nodeKind
}

// pageSize is what a page occupies in memory, in bytes: its size of 1888,
// rounded up as the allocator does.
const pageSize = 2048

func (pg *page) size() int { return pageSize }

// rehash recomputes the nodes above the changed slots, a bit set.
func (pg *page) rehash(changed uint16) {
	dirty := uint32(changed) << pageSlots
	for i := pageSlots; i < 2*pageSlots; i++ {
		if dirty>>i&1 == 0 {
			continue
		}
		s := &pg.slots[i-pageSlots]
		pg.hash[i] = s.hash
		switch s.kind {
		case slotEmpty:
			pg.kind[i] = missing
		case slotLeaf:
			pg.kind[i] = leaf
		default:
			pg.kind[i] = parent
		}
	}
	for i := pageSlots - 1; i > 0; i-- {
		l, r := 2*i, 2*i+1
		if dirty>>l&3 == 0 {
			continue
		}
		dirty |= 1 << i
		switch {
		case pg.kind[l] == missing && pg.kind[r] != parent:
			pg.kind[i], pg.hash[i] = pg.kind[r], pg.hash[r]
		case pg.kind[r] == missing && pg.kind[l] != parent:
			pg.kind[i], pg.hash[i] = pg.kind[l], pg.hash[l]
		default:
			pg.kind[i], pg.hash[i] = parent, ParentHash(pg.hash[l], pg.hash[r])
		}
	}
}

// lone returns the slot of the only leaf below node i. Requires kind[i] to be
// leaf.
func (pg *page) lone(i int) int {
	for i < pageSlots {
		i *= 2
		if pg.kind[i] == missing {
			i++
		}
	}
	return i - pageSlots
}

// loadPage returns the page at p as of its last change, at the given entry. It
// must have the root want.
func (t *Tree) loadPage(r Reader, p path, entry uint64, want *merkle.Hash) (*page, error) {
	if pg, ok := t.Cache.get(p, entry).(*page); ok {
		return pg, nil
	}
	if int(p.n) >= maxNibbles-1 {
		return nil, fmt.Errorf("page %v: too deep: %w", p, ErrCorrupt)
	}
	pg, err := t.readPage(r, p, entry)
	switch {
	case err != nil:
		return nil, err
	case pg == nil || pg.last != entry:
		return nil, fmt.Errorf("page %v: no change at log entry %d: %w", p, entry, ErrCorrupt)
	case pg.hash[1] != *want || pg.kind[1] != parent:
		return nil, fmt.Errorf("page %v at log entry %d: wrong hash: %w", p, entry, ErrCorrupt)
	}
	t.Cache.put(p, entry, pg)
	return pg, nil
}

// readPage reads the page at p as of the given entry, nil if it did not exist.
func (t *Tree) readPage(r Reader, p path, entry uint64) (*page, error) {
	hi := append(pageKey(t.Prefix, p, entry), 0) // the least key above
	lo := pageKey(t.Prefix, p, 0)
	key, value, err := r.Last(lo, hi)
	if err != nil {
		return nil, fmt.Errorf("reading page %v at log entry %d: %w", p, entry, err)
	}
	if key == nil {
		return nil, nil
	}
	if len(key) != len(lo) {
		return nil, fmt.Errorf("page %v: %w: key %x", p, ErrCorrupt, key)
	}
	var first uint64
	for _, b := range key[len(key)-8:] {
		first = first<<8 | uint64(b)
	}
	st, err := decodePage(value, first, entry)
	if err != nil {
		return nil, fmt.Errorf("page %v, chunk of log entry %d: %w: %w", p, first, ErrCorrupt, err)
	}
	pg := &page{pageState: *st, path: p}
	pg.rehash(1<<pageSlots - 1)
	return pg, nil
}
