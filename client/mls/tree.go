package mls

import (
	"encoding/binary"
	"fmt"
)

// A RatchetTree is the public state of a group's tree as the ratchet_tree
// extension has it (RFC 9420, Section 12.4.3.3). It is not changed after parsing
// and safe for concurrent use.
type RatchetTree struct {
	nodes []node // in the order of the extension; what is missing on the right is blank
}

// A node is blank if neither field is set.
type node struct {
	leaf   *LeafNode
	parent *parentNode
}

type parentNode struct {
	encryptionKey []byte
	encoded       []byte
}

// A Member is a leaf that is not blank.
type Member struct {
	Index uint32 // the leaf index, which remains a member's own while it is in the group
	Leaf  *LeafNode
}

// The node types of RFC 9420, Section 7.8.
const (
	nodeTypeLeaf   = 1
	nodeTypeParent = 2
)

// ParseRatchetTree parses the data of a ratchet_tree extension. A tree alone says
// neither which group it is of nor with which cipher suite, so there is little
// to verify about it: see GroupInfo.
func ParseRatchetTree(data []byte) (*RatchetTree, error) {
	r, err := newReader(data)
	if err != nil {
		return nil, err
	}
	t := readRatchetTree(r)
	if err := r.end(); err != nil {
		return nil, err
	}
	return t, nil
}

func readRatchetTree(r *reader) *RatchetTree {
	list := r.sub("ratchet_tree")
	t := &RatchetTree{}
	for len(list.rest) > 0 {
		if len(t.nodes) == 2*MaxLeaves-1 {
			list.fail(errLimit, "nodes of a ratchet tree")
			break
		}
		t.nodes = append(t.nodes, readNode(list, len(t.nodes)))
	}
	// SPEC: The receiver MUST check that the last node in ratchet_tree is
	// non-blank.
	if list.err == nil && (len(t.nodes) == 0 || t.nodes[len(t.nodes)-1].blank()) {
		list.fail(errMalformed, "ratchet_tree does not end in a node that is not blank")
	}
	r.done(list)
	return t
}

// readNode reads the node at index i. Leaves are at even ones.
func readNode(r *reader, i int) node {
	var n node
	if r.present("node") {
		switch t := r.uint8("node_type"); {
		case t == nodeTypeLeaf && i%2 == 0:
			n.leaf = readLeafNode(r)
		case t == nodeTypeParent && i%2 == 1:
			n.parent = readParentNode(r)
		default:
			r.fail(errMalformed, "node_type is not the one of its place in the tree")
		}
	}
	if r.err != nil {
		r.err = fmt.Errorf("node %d: %w", i, r.err)
	}
	return n
}

func readParentNode(r *reader) *parentNode {
	start := r.rest
	p := &parentNode{encryptionKey: r.vector("encryption_key of a parent")}
	r.vector("parent_hash of a parent")
	leaves := r.vector("unmerged_leaves")
	if len(leaves)%4 != 0 {
		r.fail(errMalformed, "unmerged_leaves is not a vector of 32-bit numbers")
	}
	// SPEC: The entries in the unmerged_leaves vector MUST be sorted in
	// increasing order.
	for i := 4; i+4 <= len(leaves); i += 4 {
		if binary.BigEndian.Uint32(leaves[i:]) <= binary.BigEndian.Uint32(leaves[i-4:]) {
			r.fail(errMalformed, "unmerged_leaves are not in increasing order")
			break
		}
	}
	p.encoded = r.since(start)
	return p
}

func (n node) blank() bool { return n.leaf == nil && n.parent == nil }

// encryptionKey returns the node's key; ok is false for a blank node.
func (n node) encryptionKey() (key []byte, ok bool) {
	switch {
	case n.leaf != nil:
		return n.leaf.EncryptionKey, true
	case n.parent != nil:
		return n.parent.encryptionKey, true
	}
	return nil, false
}

// at returns the node at index i of the full tree.
func (t *RatchetTree) at(i int) node {
	if i < len(t.nodes) {
		return t.nodes[i]
	}
	return node{}
}

// LeafCount returns how many leaves the tree has, blank ones included: a power
// of two.
func (t *RatchetTree) LeafCount() int {
	n := 1
	for 2*n-1 < len(t.nodes) {
		n *= 2
	}
	return n
}

// Members returns the leaves that are not blank, by leaf index.
func (t *RatchetTree) Members() []Member {
	var members []Member
	for i := 0; i < len(t.nodes); i += 2 {
		if l := t.nodes[i].leaf; l != nil {
			members = append(members, Member{uint32(i / 2), l})
		}
	}
	return members
}

// leaf returns the leaf with an index, or nil if there is none or it is blank.
func (t *RatchetTree) leaf(index uint32) *LeafNode {
	if uint64(index)*2 >= uint64(len(t.nodes)) {
		return nil
	}
	return t.nodes[2*index].leaf
}
