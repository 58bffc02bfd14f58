package mls_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/mls/mlstest"
)

// verifyEncoded parses and verifies a GroupInfo.
func verifyEncoded(data []byte) (*mls.GroupInfo, error) {
	g, err := mls.ParseGroupInfo(data)
	if err != nil {
		return nil, err
	}
	return g, g.Verify()
}

func TestVerifyGroupInfo(t *testing.T) {
	for _, suite := range []mls.CipherSuite{1, 2, 3} {
		p := people(t, suite, 6)
		tree := mlstest.Tree(p[0].Leaf(), nil, p[2].LeafIn(mls.SourceUpdate, testGroup, 2), nil, nil, p[5].LeafIn(mls.SourceCommit, testGroup, 5))
		g, err := verifyEncoded(p[5].GroupInfo(t, tree, 5))
		fatalIfErr(t, err)
		if g.Context.Epoch != 7 || string(g.Context.GroupID) != "group" || g.Signer != 5 || g.Tree.LeafCount() != 8 {
			t.Errorf("%v: got %+v", suite, g.Context)
		}
		var at []uint32
		for _, m := range g.Tree.Members() {
			at = append(at, m.Index)
			if string(m.Leaf.Credential.Identity) != p[m.Index].Name || !slices.Equal(m.Leaf.SignatureKey, p[m.Index].Public) {
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
	mallory := mlstest.New(t, 1, "mallory@example.org")
	honest := mlstest.Tree(p[0].Leaf(), p[1].Leaf(), p[2].Leaf())
	sameKey := func(of *mls.LeafNode) func(*mls.LeafNode) {
		return func(l *mls.LeafNode) { l.EncryptionKey = of.EncryptionKey }
	}
	withTree := func(tree []byte) func(*mls.GroupInfo) {
		return func(g *mls.GroupInfo) { g.Extensions[1].Data = tree }
	}
	forged := p[1].Leaf()
	forged.Credential.Identity = []byte("c@example.org")
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"a leaf added beside a signed GroupInfo",
			p[0].GroupInfo(t, honest, 0, withTree(mlstest.Tree(p[0].Leaf(), p[1].Leaf(), p[2].Leaf(), mallory.Leaf()))), "tree_hash is another"},
		{"a leaf left out of the tree",
			p[0].GroupInfo(t, honest, 0, withTree(mlstest.Tree(p[0].Leaf(), p[1].Leaf()))), "tree_hash is another"},
		{"two leaves that changed places",
			p[0].GroupInfo(t, honest, 0, withTree(mlstest.Tree(p[0].Leaf(), p[2].Leaf(), p[1].Leaf()))), "tree_hash is another"},
		{"signed by another member than it says", p[1].GroupInfo(t, honest, 0), "the signature of the GroupInfo, by leaf 0"},
		{"signed by somebody who is no member", mallory.GroupInfo(t, honest, 2), "the signature of the GroupInfo, by leaf 2"},
		{"a signer that is a blank leaf", p[0].GroupInfo(t, mlstest.Tree(p[0].Leaf(), nil, p[2].Leaf()), 1), "leaf 1, is no member"},
		{"a signer outside the tree", p[0].GroupInfo(t, honest, 3), "leaf 3, is no member"},
		{"a signer far outside the tree", p[0].GroupInfo(t, honest, 1<<31), "leaf 2147483648, is no member"},
		{"a signer beside a tree that ends in a parent",
			p[0].GroupInfo(t, mlstest.EncodeTree(mlstest.Node{Leaf: p[0].Leaf()}, mlstest.Node{Parent: mlstest.EncodeParentNode("key")}), 1), "leaf 1, is no member"},
		{"a leaf with another identity than it signed", p[0].GroupInfo(t, mlstest.Tree(p[0].Leaf(), forged), 0), "leaf 1: mls: does not verify: the signature of its leaf node"},
		{"a leaf signed for another group",
			p[0].GroupInfo(t, mlstest.Tree(p[0].Leaf(), p[1].LeafIn(mls.SourceUpdate, []byte("other"), 1)), 0), "leaf 1: "},
		{"a leaf signed for another place",
			p[0].GroupInfo(t, mlstest.Tree(p[0].Leaf(), p[1].LeafIn(mls.SourceCommit, testGroup, 0)), 0), "leaf 1: "},
		{"one signature key twice",
			p[0].GroupInfo(t, mlstest.Tree(p[0].Leaf(), p[1].Leaf(), p[1].Leaf(sameKey(p[3].Leaf()))), 0), "leaves 1 and 2 have the same signature key"},
		{"one encryption key twice",
			p[0].GroupInfo(t, mlstest.Tree(p[0].Leaf(), p[1].Leaf(), p[2].Leaf(sameKey(p[0].Leaf()))), 0), "nodes 0 and 4 have the same encryption key"},
		{"no tree", p[0].GroupInfo(t, honest, 0, func(g *mls.GroupInfo) { g.Extensions = g.Extensions[:1] }), "has no ratchet tree"},
	} {
		g, err := verifyEncoded(tt.data)
		if g == nil || !errors.Is(err, mls.ErrNotVerified) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestVerifyWithTreeFromElsewhere(t *testing.T) {
	p := people(t, 2, 3)
	tree := mlstest.Tree(p[0].Leaf(), p[1].Leaf())
	data := p[0].GroupInfo(t, tree, 0, func(g *mls.GroupInfo) { g.Extensions = nil })
	g, err := mls.ParseGroupInfo(data)
	fatalIfErr(t, err)
	g.Tree = parseTree(t, tree)
	fatalIfErr(t, g.Verify())
	g.Tree = parseTree(t, mlstest.Tree(p[0].Leaf(), p[1].Leaf(), p[2].Leaf()))
	if err := g.Verify(); !errors.Is(err, mls.ErrNotVerified) {
		t.Errorf("another tree: %v", err)
	}
}

// A key of one algorithm does not pass for one of another.
func TestVerifyUnderAnotherSuite(t *testing.T) {
	p := people(t, 1, 2)
	tree := parseTree(t, mlstest.Tree(p[0].Leaf(), p[1].Leaf()))
	fatalIfErr(t, tree.Verify(1, testGroup))
	for _, suite := range []mls.CipherSuite{2, 4, 5, 6, 7} {
		if err := tree.Verify(suite, testGroup); !errors.Is(err, mls.ErrNotVerified) {
			t.Errorf("%v: %v", suite, err)
		}
	}
	for _, suite := range []mls.CipherSuite{0, 8, 0x0a0a, 0xf007, 0xffff} {
		if err := tree.Verify(suite, testGroup); !errors.Is(err, mls.ErrUnknownCipherSuite) {
			t.Errorf("%v: %v", suite, err)
		}
		if _, err := tree.TreeHash(suite); !errors.Is(err, mls.ErrUnknownCipherSuite) {
			t.Errorf("hash with %v: %v", suite, err)
		}
	}
}

// An unknown suite is read, so that one can say what it is, and does not verify.
func TestUnknownSuite(t *testing.T) {
	p := people(t, 1, 1)
	data := p[0].GroupInfo(t, mlstest.Tree(p[0].Leaf()), 0, func(g *mls.GroupInfo) { g.Context.CipherSuite = 0xf007 })
	g, err := verifyEncoded(data)
	if g == nil || !errors.Is(err, mls.ErrUnknownCipherSuite) || !strings.HasSuffix(err.Error(), "0xF007") {
		t.Errorf("%v", err)
	}
}

// Whatever bit of a GroupInfo is changed, it is refused.
func TestEveryBitCounts(t *testing.T) {
	for _, suite := range []mls.CipherSuite{1, 2} {
		p := people(t, suite, 2)
		tree := mlstest.Tree(p[0].Leaf(), p[1].LeafIn(mls.SourceUpdate, testGroup, 1))
		for what, data := range map[string][]byte{
			"GroupInfo":  p[1].GroupInfo(t, tree, 1),
			"KeyPackage": mlstest.EncodeKeyPackage(p[0].KeyPackage()),
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
	m, err := mls.Parse(data)
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
