package naive

import (
	"fmt"
	"slices"
)

// node is a node of the implicit binary search tree, made explicit. It heads the
// tree of size entries from offset on.
type node struct {
	offset, size uint64
	position     uint64
	parent       *node
}

// Tree is the implicit binary search tree of a log.
type Tree struct {
	size uint64
	root *node
}

// NewTree is the tree over size entries.
func NewTree(size uint64) *Tree {
	return &Tree{size: size, root: build(0, size, nil)}
}

// build follows the inductive definition: the root is the greatest power of two
// not above n, minus one.
func build(offset, n uint64, parent *node) *node {
	if n == 0 {
		return nil
	}
	power := uint64(1)
	for power <= n/2 {
		power *= 2
	}
	return &node{offset: offset, size: n, position: offset + power - 1, parent: parent}
}

// left heads the tree of the entries before the root.
func (n *node) left() *node {
	return build(n.offset, n.position-n.offset, n)
}

// right heads the tree of the entries after the root.
func (n *node) right() *node {
	before := n.position - n.offset
	return build(n.position+1, n.size-before-1, n)
}

// node finds a position by comparing on the way down.
func (t *Tree) node(position uint64) *node {
	n := t.root
	for n != nil && n.position != position {
		if position < n.position {
			n = n.left()
		} else {
			n = n.right()
		}
	}
	if n == nil {
		panic(fmt.Sprintf("naive: no entry %d in a tree of %d", position, t.size))
	}
	return n
}

// Root is the position of the root; the tree must not be empty.
func (t *Tree) Root() uint64 { return t.root.position }

// Left is the left child of an entry, if it has one.
func (t *Tree) Left(position uint64) (uint64, bool) {
	if child := t.node(position).left(); child != nil {
		return child.position, true
	}
	return 0, false
}

// Right is the right child of an entry, if it has one.
func (t *Tree) Right(position uint64) (uint64, bool) {
	if child := t.node(position).right(); child != nil {
		return child.position, true
	}
	return 0, false
}

// DirectPath lists an entry's parent, that entry's parent, and so on, ending at
// the root.
func (t *Tree) DirectPath(position uint64) []uint64 {
	var path []uint64
	for n := t.node(position).parent; n != nil; n = n.parent {
		path = append(path, n.position)
	}
	return path
}

// FromRoot lists the direct path from the root down, ending at the parent.
func (t *Tree) FromRoot(position uint64) []uint64 {
	path := t.DirectPath(position)
	slices.Reverse(path)
	return path
}

// FrontierFrom lists an entry, its right child, that one's right child, and so
// on.
func (t *Tree) FrontierFrom(position uint64) []uint64 {
	var frontier []uint64
	for n := t.node(position); n != nil; n = n.right() {
		frontier = append(frontier, n.position)
	}
	return frontier
}

// Frontier lists the root, its right child, and so on to the rightmost entry.
func (t *Tree) Frontier() []uint64 {
	if t.root == nil {
		return nil
	}
	return t.FrontierFrom(t.root.position)
}

// Distinguished lists the distinguished entries of the tree, left to right.
func (t *Tree) Distinguished(timestamps []uint64, rmw uint64) []uint64 {
	if t.root == nil {
		return nil
	}
	var found []uint64
	// The recursion starts at the root, between the timestamp 0 and that of the
	// rightmost entry.
	distinguish(t.root, 0, timestamps[t.size-1], timestamps, rmw, &found)
	slices.Sort(found)
	return found
}

func distinguish(n *node, left, right uint64, timestamps []uint64, rmw uint64, found *[]uint64) {
	// Step 2: end if the two timestamps are closer than the window.
	if right-left < rmw {
		return
	}
	*found = append(*found, n.position)
	own := timestamps[n.position]
	// Step 3: the left child, between the left timestamp and the entry's own.
	if n.left() != nil {
		distinguish(n.left(), left, own, timestamps, rmw, found)
	}
	// Step 4: the right child, between the entry's own and the right timestamp.
	if n.right() != nil {
		distinguish(n.right(), own, right, timestamps, rmw, found)
	}
}

// ViewUpdate lists the entries whose timestamps bring a user's view from a tree
// of last entries (nil: no earlier view) up to this tree.
func (t *Tree) ViewUpdate(last *uint64) []uint64 {
	if last == nil {
		return t.Frontier()
	}
	// Bullet 1: of the direct path of the entry that was rightmost, those that
	// the user has not seen. Going up, they ascend.
	path := t.unseen(*last)
	// Bullet 2: the remainder of the frontier after the last of these, or after
	// the entry that was rightmost if there are none.
	from := *last - 1
	if len(path) > 0 {
		from = path[len(path)-1]
	}
	return append(path, t.FrontierFrom(from)[1:]...)
}

// oldViewUpdate is the text before 2026-07-28: nothing at all is provided if
// the entry that was rightmost is on the new frontier.
func (t *Tree) oldViewUpdate(last *uint64) []uint64 {
	if last != nil && len(t.unseen(*last)) == 0 {
		return nil
	}
	return t.ViewUpdate(last)
}

func (t *Tree) unseen(last uint64) []uint64 {
	var path []uint64
	for _, p := range t.DirectPath(last - 1) {
		if p >= last {
			path = append(path, p)
		}
	}
	return path
}
