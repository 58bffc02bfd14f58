package mls_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/mls/mlstest"
)

// naiveTreeHash is the hash by recursion, as RFC 9420, Sections 7.8 and 12.4.3.3
// describe trees.
func naiveTreeHash(suite mls.CipherSuite, nodes []mlstest.Node, firstLeaf uint32) []byte {
	h := suite.Hash().New()
	n := nodes[len(nodes)/2]
	switch {
	case len(nodes) == 1 && n.Leaf == nil:
		h.Write(mlstest.Cat([]byte{1}, mlstest.Uint32(firstLeaf), []byte{0}))
		return h.Sum(nil)
	case len(nodes) == 1:
		h.Write(mlstest.Cat([]byte{1}, mlstest.Uint32(firstLeaf), []byte{1}, mlstest.EncodeLeafNode(n.Leaf)))
		return h.Sum(nil)
	case n.Parent == nil:
		h.Write([]byte{2, 0})
	default:
		h.Write(mlstest.Cat([]byte{2, 1}, n.Parent))
	}
	root := len(nodes) / 2
	h.Write(mlstest.Vector(naiveTreeHash(suite, nodes[:root], firstLeaf)))
	h.Write(mlstest.Vector(naiveTreeHash(suite, nodes[root+1:], firstLeaf+uint32(root+1)/2)))
	return h.Sum(nil)
}

// full extends nodes to the right, as a receiver of a ratchet_tree does.
func full(nodes []mlstest.Node) []mlstest.Node {
	size := 1
	for size < len(nodes) {
		size = 2*size + 1
	}
	return append(slices.Clone(nodes), make([]mlstest.Node, size-len(nodes))...)
}

// shapeOf returns the nodes of a tree with a leaf for each bit that is set.
func shapeOf(shape int, parents bool, leaves []*mls.LeafNode) []mlstest.Node {
	var nodes []mlstest.Node
	for i := 0; shape>>i != 0; i++ {
		if i > 0 {
			var n mlstest.Node
			if parents && i%3 != 0 {
				n.Parent = mlstest.EncodeParentNode("key", uint32(i))
			}
			nodes = append(nodes, n)
		}
		var n mlstest.Node
		if shape>>i&1 == 1 {
			n.Leaf = leaves[i]
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// Every shape of up to nine leaves, blank or not, with and without parents.
func TestTreeHashAgainstNaive(t *testing.T) {
	var leaves []*mls.LeafNode
	for _, p := range people(t, 1, 9) {
		leaves = append(leaves, p.Leaf())
	}
	for shape := 1; shape < 1<<9; shape++ {
		for _, parents := range []bool{false, true} {
			nodes := shapeOf(shape, parents, leaves)
			tree := parseTree(t, mlstest.EncodeTree(nodes...))
			hash, err := tree.TreeHash(1)
			fatalIfErr(t, err)
			if !bytes.Equal(hash, naiveTreeHash(1, full(nodes), 0)) {
				t.Fatalf("shape %b, parents %v: another hash", shape, parents)
			}
			if want := (len(full(nodes)) + 1) / 2; tree.LeafCount() != want {
				t.Fatalf("shape %b: %d leaves, want %d", shape, tree.LeafCount(), want)
			}
		}
	}
}

func TestParseRatchetTreeRefuses(t *testing.T) {
	p := people(t, 1, 3)
	leaf := mlstest.Cat([]byte{1, 1}, mlstest.EncodeLeafNode(p[0].Leaf()))
	other := mlstest.Cat([]byte{1, 1}, mlstest.EncodeLeafNode(p[1].Leaf()))
	parent := func(unmerged ...uint32) []byte {
		return mlstest.Cat([]byte{1, 2}, mlstest.EncodeParentNode("k", unmerged...))
	}
	good := mlstest.Vector(leaf, parent(0, 1), other)
	if _, err := mls.ParseRatchetTree(good); err != nil {
		t.Fatal(err)
	}
	twice := p[0].Leaf(func(l *mls.LeafNode) { l.Extensions = []mls.Extension{{1, nil}, {1, nil}} })
	badSource := p[0].Leaf(func(l *mls.LeafNode) { l.Source = 4 })
	many := p[0].Leaf(func(l *mls.LeafNode) {
		for i := range mls.ExtensionType(mls.MaxExtensions + 1) {
			l.Extensions = append(l.Extensions, mls.Extension{Type: i})
		}
	})
	chain := p[0].Leaf(func(l *mls.LeafNode) {
		l.Credential = mls.Credential{Type: mls.CredentialX509, Certificates: make([][]byte, mls.MaxCertificates+1)}
	})
	for _, tt := range []struct {
		name string
		data []byte
		err  error
		want string
	}{
		{"nothing", nil, mls.ErrMalformed, "ratchet_tree is cut short"},
		{"no nodes", mlstest.Vector(), mls.ErrMalformed, "does not end in a node"},
		{"one blank node", mlstest.Vector([]byte{0}), mls.ErrMalformed, "does not end in a node"},
		{"blank nodes at the end", mlstest.Vector(leaf, []byte{0, 0}), mls.ErrMalformed, "does not end in a node"},
		{"a presence of 2", mlstest.Vector(leaf, []byte{2}), mls.ErrMalformed, "node 1: mls: malformed: node has a presence octet"},
		{"a leaf where a parent belongs", mlstest.Vector(leaf, leaf), mls.ErrMalformed, "node 1: mls: malformed: node_type is not"},
		{"a parent where a leaf belongs", mlstest.Vector(parent()), mls.ErrMalformed, "node 0: mls: malformed: node_type is not"},
		{"a node type of 0", mlstest.Vector([]byte{1, 0}), mls.ErrMalformed, "node_type"},
		{"a node type of 3", mlstest.Vector([]byte{1, 3}), mls.ErrMalformed, "node_type"},
		{"unmerged leaves out of order", mlstest.Vector(leaf, parent(1, 0), other), mls.ErrMalformed, "increasing"},
		{"an unmerged leaf twice", mlstest.Vector(leaf, parent(1, 1), other), mls.ErrMalformed, "increasing"},
		{"half an unmerged leaf", mlstest.Vector(leaf, mlstest.Cat([]byte{1, 2}, mlstest.Vector(), mlstest.Vector(), mlstest.Vector([]byte{0, 0}))), mls.ErrMalformed, "32-bit"},
		{"a leaf that is cut short", mlstest.Vector(leaf[:len(leaf)-1]), mls.ErrMalformed, "node 0: mls: malformed: signature of a leaf node is cut short"},
		{"something after the end", mlstest.Cat(good, []byte{0}), mls.ErrMalformed, "1 bytes after the end"},
		{"an unknown source", mlstest.Vector([]byte{1, 1}, mlstest.EncodeLeafNode(badSource)), mls.ErrMalformed, "leaf_node_source"},
		{"an extension twice", mlstest.Vector([]byte{1, 1}, mlstest.EncodeLeafNode(twice)), mls.ErrMalformed, "one type twice"},
		{"too many extensions", mlstest.Vector([]byte{1, 1}, mlstest.EncodeLeafNode(many)), mls.ErrLimit, "extensions of a leaf node"},
		{"too many certificates", mlstest.Vector([]byte{1, 1}, mlstest.EncodeLeafNode(chain)), mls.ErrLimit, "certificates"},
		{"too many leaves", mlstest.Vector(bytes.Repeat([]byte{0}, 2*mls.MaxLeaves-1), leaf), mls.ErrLimit, "nodes of a ratchet tree"},
		{"too many bytes", make([]byte, mls.MaxSize+1), mls.ErrLimit, "bytes, at most"},
	} {
		tree, err := mls.ParseRatchetTree(tt.data)
		if tree != nil || !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// The greatest tree: one leaf at its right end.
func TestGreatestTree(t *testing.T) {
	p := people(t, 1, 1)
	data := mlstest.Vector(bytes.Repeat([]byte{0}, 2*mls.MaxLeaves-2), []byte{1, 1}, mlstest.EncodeLeafNode(p[0].Leaf()))
	tree, err := mls.ParseRatchetTree(data)
	fatalIfErr(t, err)
	if m := tree.Members(); tree.LeafCount() != mls.MaxLeaves || len(m) != 1 || m[0].Index != mls.MaxLeaves-1 {
		t.Errorf("%d leaves, %d members", tree.LeafCount(), len(m))
	}
	hash, err := tree.TreeHash(1)
	fatalIfErr(t, err)
	if !bytes.Equal(hash, naiveTreeHash(1, full(nodesOf(tree)), 0)) {
		t.Error("another hash")
	}
	fatalIfErr(t, tree.Verify(1, nil))
}

func TestUnknownCredential(t *testing.T) {
	p := people(t, 1, 1)
	tree := parseTree(t, mlstest.Tree(p[0].Leaf(func(l *mls.LeafNode) { l.Credential = mls.Credential{Type: 0xf000, Content: []byte("anything")} })))
	fatalIfErr(t, tree.Verify(1, nil))
	if c := tree.Members()[0].Leaf.Credential; c.Type != 0xf000 || string(c.Content) != "anything" || c.Identity != nil {
		t.Errorf("got %+v", c)
	}
}
