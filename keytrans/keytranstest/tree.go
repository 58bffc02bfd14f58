package keytranstest

import (
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// tree is a node of a prefix tree that is never modified: trees of different log
// entries share nodes. nil is the empty tree.
type tree struct {
	hash        merkle.Hash
	leaf        *prefixtree.Leaf
	left, right *tree
}

func newLeaf(l prefixtree.Leaf) *tree { return &tree{hash: prefixtree.LeafHash(l), leaf: &l} }

// newParent returns the parent of two subtrees. A lone leaf moves up to where its
// prefix becomes unique, so that a tree follows from its leaves.
func newParent(left, right *tree) *tree {
	switch {
	case left == nil && right == nil:
		return nil
	case left == nil && right.leaf != nil:
		return right
	case right == nil && left.leaf != nil:
		return left
	}
	return &tree{hash: prefixtree.ParentHash(left.root(), right.root()), left: left, right: right}
}

func (t *tree) root() merkle.Hash {
	if t == nil {
		return merkle.Hash{}
	}
	return t.hash
}

// put returns the tree below depth with a leaf added or replaced.
func (t *tree) put(l prefixtree.Leaf, depth int) *tree {
	switch {
	case t == nil || t.leaf != nil && t.leaf.Key == l.Key:
		return newLeaf(l)
	case t.leaf != nil && bit(&t.leaf.Key, depth) == 0:
		t = &tree{left: t}
	case t.leaf != nil:
		t = &tree{right: t}
	}
	if bit(&l.Key, depth) == 0 {
		return newParent(t.left.put(l, depth+1), t.right)
	}
	return newParent(t.left, t.right.put(l, depth+1))
}

// remove returns the tree below depth without a search key.
func (t *tree) remove(key *prefixtree.Key, depth int) *tree {
	switch {
	case t == nil || t.leaf != nil && t.leaf.Key == *key:
		return nil
	case t.leaf != nil:
		return t
	case bit(key, depth) == 0:
		return newParent(t.left.remove(key, depth+1), t.right)
	}
	return newParent(t.left, t.right.remove(key, depth+1))
}

// sink returns the tree with the leaf at a search key one level deeper than it
// belongs.
func (t *tree) sink(key *prefixtree.Key, depth int) *tree {
	left, right := t, (*tree)(nil)
	if t.leaf == nil {
		left, right = t.left, t.right
	}
	switch {
	case t.leaf != nil && bit(key, depth) == 1:
		left, right = nil, t
	case t.leaf != nil:
	case bit(key, depth) == 0:
		left = left.sink(key, depth+1)
	default:
		right = right.sink(key, depth+1)
	}
	return &tree{hash: prefixtree.ParentHash(left.root(), right.root()), left: left, right: right}
}

// get returns the commitment at a search key, nil if there is none.
func (t *tree) get(key *prefixtree.Key) *merkle.Hash {
	_, commitment, err := prefixtree.Search(t.node(), *key)
	must(0, err)
	return commitment
}

func bit(key *prefixtree.Key, depth int) byte { return key[depth/8] >> (7 - depth%8) & 1 }

// node returns the tree as a prefixtree.Node, which is nil for the empty tree.
func (t *tree) node() prefixtree.Node {
	if t == nil {
		return nil
	}
	return t
}

// Hash implements prefixtree.Node.
func (t *tree) Hash() merkle.Hash { return t.hash }

// Leaf implements prefixtree.Node.
func (t *tree) Leaf() (prefixtree.Leaf, bool, error) {
	if t.leaf == nil {
		return prefixtree.Leaf{}, false, nil
	}
	return *t.leaf, true, nil
}

// Children implements prefixtree.Node.
func (t *tree) Children() (left, right prefixtree.Node, err error) {
	return t.left.node(), t.right.node(), nil
}
