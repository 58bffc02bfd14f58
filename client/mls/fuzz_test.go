package mls_test

import (
	"bytes"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/mls/mlstest"
)

// What is parsed encodes to the same bytes, whatever it holds, and can be asked to
// verify.

func FuzzParseGroupInfo(f *testing.F) {
	for _, suite := range []mls.CipherSuite{1, 2} {
		p := people(f, suite, 3)
		f.Add(p[0].GroupInfo(f, mlstest.Tree(p[0].Leaf(), nil, p[2].LeafIn(mls.SourceCommit, testGroup, 2)), 0))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := mls.ParseGroupInfo(data)
		if err != nil {
			return
		}
		if !bytes.Equal(mlstest.EncodeGroupInfo(g), data) {
			t.Fatal("encodes to other bytes")
		}
		if g.Tree != nil && !bytes.Equal(mlstest.EncodeTree(nodesOf(g.Tree)...), mls.RatchetTreeOf(g.Extensions)) {
			t.Fatal("the tree encodes to other bytes")
		}
		_ = g.Verify()
	})
}

func FuzzParseRatchetTree(f *testing.F) {
	p := people(f, 1, 3)
	f.Add(mlstest.Tree(p[0].Leaf(), p[1].LeafIn(mls.SourceUpdate, testGroup, 1), p[2].Leaf()))
	f.Add(mlstest.Vector(mlstest.Cat([]byte{1, 1}, mlstest.EncodeLeafNode(p[0].Leaf())), []byte{1, 2}, mlstest.EncodeParentNode("key", 1, 2)))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := mls.ParseRatchetTree(data)
		if err != nil {
			return
		}
		if !bytes.Equal(mlstest.EncodeTree(nodesOf(tree)...), data) {
			t.Fatal("encodes to other bytes")
		}
		hash, err := tree.TreeHash(1)
		fatalIfErr(t, err)
		if !bytes.Equal(hash, naiveTreeHash(1, full(nodesOf(tree)), 0)) {
			t.Fatal("another hash than by recursion")
		}
		_ = tree.Verify(2, testGroup)
	})
}

func FuzzParseKeyPackage(f *testing.F) {
	f.Add(mlstest.EncodeKeyPackage(mlstest.New(f, 1, "a@example.org").KeyPackage()))
	f.Add(mlstest.EncodeKeyPackage(mlstest.New(f, 2, "b@example.org").KeyPackage()))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := mls.ParseKeyPackage(data)
		if err != nil {
			return
		}
		if !bytes.Equal(mlstest.EncodeKeyPackage(k), data) {
			t.Fatal("encodes to other bytes")
		}
		_ = k.Verify()
	})
}

// FuzzParse parses anything, in binary and as text, and finds the same in what it
// was told apart as.
func FuzzParse(f *testing.F) {
	id := mlstest.New(f, 1, "a@example.org")
	info := id.GroupInfo(f, mlstest.Tree(id.Leaf()), 0)
	f.Add(mlstest.Cat(mlstest.Uint16(1), mlstest.Uint16(4), info))
	f.Add(mlstest.Cat(mlstest.Uint16(1), mlstest.Uint16(5), mlstest.EncodeKeyPackage(id.KeyPackage())))
	f.Add([]byte("AAEABAAB"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := mls.Parse(data)
		if err != nil {
			return
		}
		var again []byte
		switch kind(m) {
		case "GroupInfo":
			again = mlstest.EncodeGroupInfo(m.GroupInfo)
		case "KeyPackage":
			again = mlstest.EncodeKeyPackage(m.KeyPackage)
		default:
			again = mlstest.EncodeTree(nodesOf(m.Tree)...)
		}
		twice, err := mls.Parse(again)
		fatalIfErr(t, err)
		if kind(twice) != kind(m) {
			t.Fatalf("a %s alone is a %s", kind(m), kind(twice))
		}
	})
}
