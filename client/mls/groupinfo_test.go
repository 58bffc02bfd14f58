package mls

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// verifyEncoded parses and verifies a GroupInfo.
func verifyEncoded(data []byte) (*GroupInfo, error) {
	g, err := ParseGroupInfo(data)
	if err != nil {
		return nil, err
	}
	return g, g.Verify()
}

func TestVerifyGroupInfo(t *testing.T) {
	for _, suite := range []CipherSuite{1, 2, 3} {
		p := people(t, suite, 6)
		tree := treeOf(t, p[0].leaf(), nil, p[2].leafIn(SourceUpdate, testGroup, 2), nil, nil, p[5].leafIn(SourceCommit, testGroup, 5))
		g, err := verifyEncoded(groupInfo(t, tree, p[5], 5))
		fatalIfErr(t, err)
		if g.Context.Epoch != 7 || string(g.Context.GroupID) != "group" || g.Signer != 5 || g.Tree.LeafCount() != 8 {
			t.Errorf("%v: got %+v", suite, g.Context)
		}
		var at []uint32
		for _, m := range g.Tree.Members() {
			at = append(at, m.Index)
			if string(m.Leaf.Credential.Identity) != p[m.Index].name || !slices.Equal(m.Leaf.SignatureKey, p[m.Index].public) {
				t.Errorf("%v: leaf %d is %q", suite, m.Index, m.Leaf.Credential.Identity)
			}
		}
		if !slices.Equal(at, []uint32{0, 2, 5}) {
			t.Errorf("%v: members at %v", suite, at)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	p := people(t, 1, 4)
	mallory := newIdentity(t, 1, "mallory@example.org")
	honest := treeOf(t, p[0].leaf(), p[1].leaf(), p[2].leaf())
	sameKey := func(of *LeafNode) func(*LeafNode) {
		return func(l *LeafNode) { l.EncryptionKey = of.EncryptionKey }
	}
	withTree := func(tree *RatchetTree) func(*GroupInfo) {
		return func(g *GroupInfo) { g.Extensions[1].Data = encodeTree(tree) }
	}
	forged := p[1].leaf()
	forged.Credential.Identity = []byte("c@example.org")
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"a leaf added beside a signed GroupInfo",
			groupInfo(t, honest, p[0], 0, withTree(treeOf(t, p[0].leaf(), p[1].leaf(), p[2].leaf(), mallory.leaf()))), "tree_hash is another"},
		{"a leaf left out of the tree",
			groupInfo(t, honest, p[0], 0, withTree(treeOf(t, p[0].leaf(), p[1].leaf()))), "tree_hash is another"},
		{"two leaves that changed places",
			groupInfo(t, honest, p[0], 0, withTree(treeOf(t, p[0].leaf(), p[2].leaf(), p[1].leaf()))), "tree_hash is another"},
		{"signed by another member than it says", groupInfo(t, honest, p[1], 0), "the signature of the GroupInfo, by leaf 0"},
		{"signed by somebody who is no member", groupInfo(t, honest, mallory, 2), "the signature of the GroupInfo, by leaf 2"},
		{"a signer that is a blank leaf", groupInfo(t, treeOf(t, p[0].leaf(), nil, p[2].leaf()), p[0], 1), "leaf 1, is no member"},
		{"a signer outside the tree", groupInfo(t, honest, p[0], 3), "leaf 3, is no member"},
		{"a signer far outside the tree", groupInfo(t, honest, p[0], 1<<31), "leaf 2147483648, is no member"},
		{"a leaf with another identity than it signed", groupInfo(t, treeOf(t, p[0].leaf(), forged), p[0], 0), "leaf 1: mls: does not verify: the signature of its leaf node"},
		{"a leaf signed for another group",
			groupInfo(t, treeOf(t, p[0].leaf(), p[1].leafIn(SourceUpdate, []byte("other"), 1)), p[0], 0), "leaf 1: "},
		{"a leaf signed for another place",
			groupInfo(t, treeOf(t, p[0].leaf(), p[1].leafIn(SourceCommit, testGroup, 0)), p[0], 0), "leaf 1: "},
		{"one signature key twice",
			groupInfo(t, treeOf(t, p[0].leaf(), p[1].leaf(), p[1].leaf(sameKey(p[3].leaf()))), p[0], 0), "leaves 1 and 2 have the same signature key"},
		{"one encryption key twice",
			groupInfo(t, treeOf(t, p[0].leaf(), p[1].leaf(), p[2].leaf(sameKey(p[0].leaf()))), p[0], 0), "nodes 0 and 4 have the same encryption key"},
		{"no tree", groupInfo(t, honest, p[0], 0, func(g *GroupInfo) { g.Extensions = g.Extensions[:1] }), "has no ratchet tree"},
	} {
		g, err := verifyEncoded(tt.data)
		if g == nil || !errors.Is(err, ErrNotVerified) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestVerifyWithTreeFromElsewhere(t *testing.T) {
	p := people(t, 2, 3)
	tree := treeOf(t, p[0].leaf(), p[1].leaf())
	data := groupInfo(t, tree, p[0], 0, func(g *GroupInfo) { g.Extensions = nil })
	g, err := ParseGroupInfo(data)
	fatalIfErr(t, err)
	g.Tree = tree
	fatalIfErr(t, g.Verify())
	g.Tree = treeOf(t, p[0].leaf(), p[1].leaf(), p[2].leaf())
	if err := g.Verify(); !errors.Is(err, ErrNotVerified) {
		t.Errorf("another tree: %v", err)
	}
}

// A key of one algorithm does not pass for one of another.
func TestVerifyUnderAnotherSuite(t *testing.T) {
	p := people(t, 1, 2)
	tree := treeOf(t, p[0].leaf(), p[1].leaf())
	fatalIfErr(t, tree.Verify(1, testGroup))
	for _, suite := range []CipherSuite{2, 4, 5, 6, 7} {
		if err := tree.Verify(suite, testGroup); !errors.Is(err, ErrNotVerified) {
			t.Errorf("%v: %v", suite, err)
		}
	}
	for _, suite := range []CipherSuite{0, 8, 0x0a0a, 0xf007, 0xffff} {
		if err := tree.Verify(suite, testGroup); !errors.Is(err, ErrUnknownCipherSuite) {
			t.Errorf("%v: %v", suite, err)
		}
		if _, err := tree.TreeHash(suite); !errors.Is(err, ErrUnknownCipherSuite) {
			t.Errorf("hash with %v: %v", suite, err)
		}
	}
}

// An unknown suite is read, so that one can say what it is, and does not verify.
func TestUnknownSuite(t *testing.T) {
	p := people(t, 1, 1)
	data := groupInfo(t, treeOf(t, p[0].leaf()), p[0], 0, func(g *GroupInfo) { g.Context.CipherSuite = 0xf007 })
	g, err := verifyEncoded(data)
	if g == nil || !errors.Is(err, ErrUnknownCipherSuite) || !strings.HasSuffix(err.Error(), "0xF007") {
		t.Errorf("%v", err)
	}
}

// Whatever bit of a GroupInfo is changed, it is refused.
func TestEveryBitCounts(t *testing.T) {
	for _, suite := range []CipherSuite{1, 2} {
		p := people(t, suite, 2)
		tree := treeOf(t, p[0].leaf(), p[1].leafIn(SourceUpdate, testGroup, 1))
		for what, data := range map[string][]byte{
			"GroupInfo":  groupInfo(t, tree, p[1], 1),
			"KeyPackage": encodeKeyPackage(p[0].keyPackage()),
		} {
			if err := verifyAny(data); err != nil {
				t.Fatalf("%s of %v: %v", what, suite, err)
			}
			for i := range 8 * len(data) {
				changed := slices.Clone(data)
				changed[i/8] ^= 1 << (i % 8)
				if verifyAny(changed) == nil {
					t.Errorf("%s of %v: bit %d does not matter", what, suite, i)
				}
			}
			for n := range data {
				if verifyAny(data[:n]) == nil {
					t.Errorf("%s of %v: verifies when cut to %d bytes", what, suite, n)
				}
			}
		}
	}
}

// verifyAny parses a GroupInfo or a KeyPackage and verifies it.
func verifyAny(data []byte) error {
	m, err := Parse(data)
	switch {
	case err != nil:
		return err
	case m.GroupInfo != nil:
		return m.GroupInfo.Verify()
	case m.KeyPackage != nil:
		return m.KeyPackage.Verify()
	}
	return errors.New("a tree")
}
