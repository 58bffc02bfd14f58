package prefixtree

import "github.com/ghostlight-kt/ghostlight/merkle"

// Prove searches the tree for keys, as the function Prove does. It changes nothing.
func (m *Memory) Prove(keys []Key) (Proof, []*merkle.Hash, error) {
	if m.root == 0 {
		return Prove(nil, keys)
	}
	return Prove(memoryNode{m, m.root, 0}, keys)
}

// A memoryNode is the node at a depth that ref is at or below: a leaf, a branch, or
// one of the parents with one child above a branch.
type memoryNode struct {
	tree  *Memory
	ref   ref
	depth int
}

// Hash implements Node.
func (n memoryNode) Hash() merkle.Hash {
	if n.ref.isLeaf() {
		return LeafHash(*n.tree.leaves.at(n.ref.index()))
	}
	return n.tree.parent(n.ref, n.depth)
}

// Leaf implements Node.
func (n memoryNode) Leaf() (Leaf, bool, error) {
	if !n.ref.isLeaf() {
		return Leaf{}, false, nil
	}
	return *n.tree.leaves.at(n.ref.index()), true, nil
}

// Children implements Node.
func (n memoryNode) Children() (left, right Node, err error) {
	b := n.tree.branches.at(n.ref.index())
	below := n.depth + 1
	if n.depth == int(b.depth) {
		return memoryNode{n.tree, b.children[0], below}, memoryNode{n.tree, b.children[1], below}, nil
	}
	child := memoryNode{n.tree, n.ref, below}
	if n.tree.keyBelow(n.ref).bit(n.depth) == 0 {
		return child, nil, nil
	}
	return nil, child, nil
}
