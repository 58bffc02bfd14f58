package mls

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// parentOf encodes a ParentNode.
func parentOf(key string, unmerged ...uint32) *parentNode {
	var list []byte
	for _, u := range unmerged {
		list = append(list, u32(u)...)
	}
	return &parentNode{encryptionKey: []byte(key), encoded: cat(vec([]byte(key)), vec([]byte("parent hash")), vec(list))}
}

// naiveTreeHash is the hash by recursion, as RFC 9420, Sections 7.8 and 12.4.3.3
// describe trees.
func naiveTreeHash(s suite, nodes []node, firstLeaf uint32) []byte {
	if len(nodes) == 1 {
		b := cat([]byte{1}, u32(firstLeaf), []byte{0})
		if l := nodes[0].leaf; l != nil {
			b = cat([]byte{1}, u32(firstLeaf), []byte{1}, encodeLeaf(l))
		}
		return s.sum(b)
	}
	root := len(nodes) / 2
	left := naiveTreeHash(s, nodes[:root], firstLeaf)
	right := naiveTreeHash(s, nodes[root+1:], firstLeaf+uint32(root+1)/2)
	b := []byte{2, 0}
	if p := nodes[root].parent; p != nil {
		b = cat([]byte{2, 1}, p.encoded)
	}
	return s.sum(cat(b, vec(left), vec(right)))
}

// full extends a tree to the right, as a receiver of a ratchet_tree does.
func full(t *RatchetTree) []node {
	nodes := append([]node(nil), t.nodes...)
	size := 1
	for size < len(nodes) {
		size = 2*size + 1
	}
	return append(nodes, make([]node, size-len(nodes))...)
}

// Every shape of up to nine leaves, blank or not, with and without parents.
func TestTreeHashAgainstNaive(t *testing.T) {
	p := people(t, 1, 9)
	s := suites[1]
	for shape := 1; shape < 1<<9; shape++ {
		for _, parents := range []bool{false, true} {
			tree := &RatchetTree{}
			for i := 0; shape>>i != 0; i++ {
				if i > 0 {
					n := node{}
					if parents && i%3 != 0 {
						n.parent = parentOf(p[i].name, uint32(i))
					}
					tree.nodes = append(tree.nodes, n)
				}
				n := node{}
				if shape>>i&1 == 1 {
					n.leaf = p[i].leaf()
				}
				tree.nodes = append(tree.nodes, n)
			}
			tree = reparse(t, tree)
			hash, err := tree.TreeHash(1)
			fatalIfErr(t, err)
			if !bytes.Equal(hash, naiveTreeHash(s, full(tree), 0)) {
				t.Fatalf("shape %b, parents %v: another hash", shape, parents)
			}
			if want := (len(full(tree)) + 1) / 2; tree.LeafCount() != want {
				t.Fatalf("shape %b: %d leaves, want %d", shape, tree.LeafCount(), want)
			}
		}
	}
}

func TestParseRatchetTreeRefuses(t *testing.T) {
	p := people(t, 1, 3)
	leaf := cat([]byte{1, 1}, encodeLeaf(p[0].leaf()))
	other := cat([]byte{1, 1}, encodeLeaf(p[1].leaf()))
	parent := func(unmerged ...uint32) []byte { return cat([]byte{1, 2}, parentOf("k", unmerged...).encoded) }
	good := vec(leaf, parent(0, 1), other)
	if _, err := ParseRatchetTree(good); err != nil {
		t.Fatal(err)
	}
	twice := p[0].leaf(func(l *LeafNode) { l.Extensions = []Extension{{1, nil}, {1, nil}} })
	badSource := p[0].leaf(func(l *LeafNode) { l.Source = 4 })
	many := p[0].leaf(func(l *LeafNode) {
		for i := range ExtensionType(MaxExtensions + 1) {
			l.Extensions = append(l.Extensions, Extension{Type: i})
		}
	})
	chain := p[0].leaf(func(l *LeafNode) {
		l.Credential = Credential{Type: CredentialX509, Certificates: make([][]byte, MaxCertificates+1)}
	})
	for _, tt := range []struct {
		name string
		data []byte
		err  error
		want string
	}{
		{"nothing", nil, errMalformed, "ratchet_tree is cut short"},
		{"no nodes", vec(), errMalformed, "does not end in a node"},
		{"one blank node", vec([]byte{0}), errMalformed, "does not end in a node"},
		{"blank nodes at the end", vec(leaf, []byte{0, 0}), errMalformed, "does not end in a node"},
		{"a presence of 2", vec(leaf, []byte{2}), errMalformed, "node 1: mls: malformed: node has a presence octet"},
		{"a leaf where a parent belongs", vec(leaf, leaf), errMalformed, "node 1: mls: malformed: node_type is not"},
		{"a parent where a leaf belongs", vec(parent()), errMalformed, "node 0: mls: malformed: node_type is not"},
		{"a node type of 0", vec([]byte{1, 0}), errMalformed, "node_type"},
		{"a node type of 3", vec([]byte{1, 3}), errMalformed, "node_type"},
		{"unmerged leaves out of order", vec(leaf, parent(1, 0), other), errMalformed, "increasing"},
		{"an unmerged leaf twice", vec(leaf, parent(1, 1), other), errMalformed, "increasing"},
		{"half an unmerged leaf", vec(leaf, cat([]byte{1, 2}, vec(), vec(), vec([]byte{0, 0}))), errMalformed, "32-bit"},
		{"a leaf that is cut short", vec(leaf[:len(leaf)-1]), errMalformed, "node 0: mls: malformed: signature of a leaf node is cut short"},
		{"something after the end", cat(good, []byte{0}), errMalformed, "1 bytes after the end"},
		{"an unknown source", vec([]byte{1, 1}, encodeLeaf(badSource)), errMalformed, "leaf_node_source"},
		{"an extension twice", vec([]byte{1, 1}, encodeLeaf(twice)), errMalformed, "one type twice"},
		{"too many extensions", vec([]byte{1, 1}, encodeLeaf(many)), errLimit, "extensions of a leaf node"},
		{"too many certificates", vec([]byte{1, 1}, encodeLeaf(chain)), errLimit, "certificates"},
		{"too many leaves", vec(bytes.Repeat([]byte{0}, 2*MaxLeaves-1), leaf), errLimit, "nodes of a ratchet tree"},
		{"too many bytes", make([]byte, MaxSize+1), errLimit, "bytes, at most"},
	} {
		tree, err := ParseRatchetTree(tt.data)
		if tree != nil || !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// The greatest tree: one leaf at its right end.
func TestGreatestTree(t *testing.T) {
	p := people(t, 1, 1)
	data := vec(bytes.Repeat([]byte{0}, 2*MaxLeaves-2), []byte{1, 1}, encodeLeaf(p[0].leaf()))
	tree, err := ParseRatchetTree(data)
	fatalIfErr(t, err)
	if m := tree.Members(); tree.LeafCount() != MaxLeaves || len(m) != 1 || m[0].Index != MaxLeaves-1 {
		t.Errorf("%d leaves, %d members", tree.LeafCount(), len(m))
	}
	hash, err := tree.TreeHash(1)
	fatalIfErr(t, err)
	if !bytes.Equal(hash, naiveTreeHash(suites[1], full(tree), 0)) {
		t.Error("another hash")
	}
	fatalIfErr(t, tree.Verify(1, nil))
}

func TestUnknownCredential(t *testing.T) {
	p := people(t, 1, 1)
	tree := treeOf(t, p[0].leaf(func(l *LeafNode) { l.Credential = Credential{Type: 0xf000, Content: []byte("anything")} }))
	fatalIfErr(t, tree.Verify(1, nil))
	if c := tree.Members()[0].Leaf.Credential; c.Type != 0xf000 || string(c.Content) != "anything" || c.Identity != nil {
		t.Errorf("got %+v", c)
	}
}
