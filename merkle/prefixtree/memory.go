package prefixtree

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// A Memory is the latest version of a prefix tree, with all its leaves in
// memory: for those who replay the changes of a log. The zero value is the empty
// tree. It is not safe for concurrent use.
//
// It takes at most 128 bytes for each leaf of the largest tree that it has been,
// and some 30 KB, whatever the search keys are: only parents with two children
// are stored, and a tree has one fewer of these than leaves.
type Memory struct {
	leaves   arena[Leaf]
	branches arena[branch]
	root     ref
	len      int
}

// A branch is a parent with two children. Above it, up to the next branch, are
// the parents with one child that it stands for.
type branch struct {
	// hash is the value of the highest of these parents: of the node just below
	// the next branch above, or of the root.
	hash     merkle.Hash
	children [2]ref
	depth    uint8 // of the branch itself
	stale    bool  // hash is to be computed
}

// A ref refers to a leaf or a branch. Zero is no node.
type ref uint32

func newRef(index uint32, isLeaf uint32) ref { return ref(index<<1 | isLeaf) }

func (r ref) isLeaf() bool  { return r&1 == 1 }
func (r ref) index() uint32 { return uint32(r >> 1) }

// maxLeaves is how many leaves fit into a Memory.
const maxLeaves = 1<<31 - 1

var (
	errOrder  = errors.New("the leaves are not in ascending order")
	errAbsent = errors.New("the leaf is not in the prefix tree")
	errFull   = errors.New("the prefix tree is too large for a memory")
)

// Len returns the number of leaves.
func (m *Memory) Len() int { return m.len }

// Root returns the root, the zero Hash if the tree is empty.
func (m *Memory) Root() merkle.Hash {
	if m.root == 0 {
		return merkle.Hash{}
	}
	return m.value(m.root, 0)
}

// Apply removes leaves and adds others, and returns the new root. Every removed
// leaf must be in the tree, with that very commitment. No added search key may
// be in it, unless it is among the removed ones too: then its leaf is replaced.
// Both lists must ascend by search key, without duplicates. Apply(removed, added)
// takes Apply(added, removed) back.
//
// A removal moves a leaf that is left alone up to where its prefix becomes
// unique, so that the tree is a function of its leaves (see [Mutate]). Each
// changed parent is hashed once, however many leaves change below it.
//
// The error says which leaf breaks these rules, and wraps ErrExists for one that
// is in the tree; nothing has changed then. A leaf at depth 256 is an error.
func (m *Memory) Apply(added, removed []Leaf) (merkle.Hash, error) {
	if err := m.check(added, removed); err != nil {
		return merkle.Hash{}, err
	}
	for i := range removed {
		if find(added, &removed[i].Key) == nil {
			m.remove(&removed[i].Key)
		}
	}
	for i := range added {
		if find(removed, &added[i].Key) == nil {
			m.insert(&added[i])
		} else {
			m.replace(&added[i])
		}
	}
	return m.Root(), nil
}

// check returns why Apply cannot be done.
func (m *Memory) check(added, removed []Leaf) error {
	if len(added) > maxLeaves-m.len {
		return errFull
	}
	for i := range removed {
		l := &removed[i]
		if i > 0 && compareKeys(&removed[i-1].Key, &l.Key) >= 0 {
			return fmt.Errorf("removing search key %x: %w", l.Key, errOrder)
		}
		if had := m.closest(&l.Key); had == nil || *had != *l {
			return fmt.Errorf("removing search key %x: %w", l.Key, errAbsent)
		}
	}
	for i := range added {
		key := &added[i].Key
		if i > 0 && compareKeys(&added[i-1].Key, key) >= 0 {
			return fmt.Errorf("adding search key %x: %w", *key, errOrder)
		}
		if i > 0 && commonBits(&added[i-1].Key, key) == maxDepth {
			return fmt.Errorf("adding search key %x: %w", *key, errTooDeep)
		}
		if err := m.checkAdded(key, removed); err != nil {
			return fmt.Errorf("adding search key %x: %w", *key, err)
		}
	}
	return nil
}

// checkAdded checks an added search key against the leaves that stay.
func (m *Memory) checkAdded(key *Key, removed []Leaf) error {
	near := m.closest(key)
	if near == nil || find(removed, &near.Key) != nil {
		return nil
	}
	switch commonBits(&near.Key, key) {
	case keyBits:
		return ErrExists
	case maxDepth:
		return errTooDeep
	}
	return nil
}

// closest returns a leaf that shares as many leading bits with key as any, nil
// if the tree is empty.
func (m *Memory) closest(key *Key) *Leaf {
	r := m.root
	if r == 0 {
		return nil
	}
	for !r.isLeaf() {
		b := m.branches.at(r.index())
		r = b.children[key.bit(int(b.depth))]
	}
	return m.leaves.at(r.index())
}

// insert adds a leaf whose search key is not in the tree.
func (m *Memory) insert(l *Leaf) {
	i := m.leaves.take()
	*m.leaves.at(i) = *l
	m.len++
	near := m.root
	if near == 0 {
		m.root = newRef(i, 1)
		return
	}
	depth := commonBits(&l.Key, &m.closest(&l.Key).Key)
	at := m.descend(&l.Key, depth)
	j := m.branches.take()
	b := m.branches.at(j)
	side := l.Key.bit(depth)
	*b = branch{depth: uint8(depth), stale: true}
	b.children[side], b.children[1-side] = newRef(i, 1), *at
	*at = newRef(j, 0)
}

// descend follows key down to the first leaf or branch at depth or below it,
// and returns what refers to that. All branches on the way, and that one, become
// stale.
func (m *Memory) descend(key *Key, depth int) *ref {
	at := &m.root
	for !at.isLeaf() {
		b := m.branches.at(at.index())
		b.stale = true
		if int(b.depth) >= depth {
			break
		}
		at = &b.children[key.bit(int(b.depth))]
	}
	return at
}

// replace replaces the leaf of a search key that is in the tree.
func (m *Memory) replace(l *Leaf) {
	*m.leaves.at(m.descend(&l.Key, keyBits).index()) = *l
}

// remove removes the leaf of a search key that is in the tree. Its sibling takes
// the place of the branch above them.
func (m *Memory) remove(key *Key) {
	var above *ref
	at := &m.root
	for !at.isLeaf() {
		b := m.branches.at(at.index())
		b.stale = true
		above, at = at, &b.children[key.bit(int(b.depth))]
	}
	m.leaves.free(at.index())
	m.len--
	if above == nil {
		m.root = 0
		return
	}
	j := above.index()
	b := m.branches.at(j)
	*above = b.children[1-key.bit(int(b.depth))]
	m.branches.free(j)
	if !above.isLeaf() {
		m.branches.at(above.index()).stale = true
	}
}

// value returns the value of the node at depth that r is at or below, where
// depth is that of the root or one below the branch above r.
func (m *Memory) value(r ref, depth int) merkle.Hash {
	if r.isLeaf() {
		return LeafHash(*m.leaves.at(r.index()))
	}
	b := m.branches.at(r.index())
	if !b.stale {
		return b.hash
	}
	b.hash, b.stale = m.parent(r, depth), false
	return b.hash
}

// parent returns the value of the parent at depth that is the branch r or above it.
func (m *Memory) parent(r ref, depth int) merkle.Hash {
	b := m.branches.at(r.index())
	below := int(b.depth) + 1
	h := ParentHash(m.value(b.children[0], below), m.value(b.children[1], below))
	if int(b.depth) > depth {
		key := m.keyBelow(r)
		for d := int(b.depth) - 1; d >= depth; d-- {
			if key.bit(d) == 0 {
				h = ParentHash(h, merkle.Hash{})
			} else {
				h = ParentHash(merkle.Hash{}, h)
			}
		}
	}
	return h
}

// keyBelow returns a search key below r.
func (m *Memory) keyBelow(r ref) *Key {
	for !r.isLeaf() {
		r = m.branches.at(r.index()).children[0]
	}
	return &m.leaves.at(r.index()).Key
}

// An arena has elements at indices from 1 on. They do not move, and hold no
// pointers that the garbage collector would have to follow.
type arena[T any] struct {
	chunks []*[chunkLen]T
	last   uint32   // greatest index that was ever taken
	freed  []uint32 // indices to take again
}

// chunkLen is how many elements are allocated at once.
const chunkLen = 256

func (a *arena[T]) at(i uint32) *T { return &a.chunks[i/chunkLen][i%chunkLen] }

// take returns the index of an element, whose content is undefined.
func (a *arena[T]) take() uint32 {
	if n := len(a.freed); n > 0 {
		i := a.freed[n-1]
		a.freed = a.freed[:n-1]
		return i
	}
	a.last++
	if int(a.last/chunkLen) == len(a.chunks) {
		a.chunks = append(a.chunks, new([chunkLen]T))
	}
	return a.last
}

func (a *arena[T]) free(i uint32) { a.freed = append(a.freed, i) }
