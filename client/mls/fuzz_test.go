package mls

import (
	"bytes"
	"testing"
)

// What is parsed encodes to the same bytes, whatever it holds, and can be asked to
// verify.

func FuzzParseGroupInfo(f *testing.F) {
	for _, suite := range []CipherSuite{1, 2} {
		p := people(f, suite, 3)
		f.Add(groupInfo(f, treeOf(f, p[0].leaf(), nil, p[2].leafIn(SourceCommit, testGroup, 2)), p[0], 0))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := ParseGroupInfo(data)
		if err != nil {
			return
		}
		if !bytes.Equal(encodeGroupInfo(g), data) {
			t.Fatal("encodes to other bytes")
		}
		if g.Tree != nil {
			if tree, _ := findExtension(g.Extensions, ExtensionRatchetTree); !bytes.Equal(encodeTree(g.Tree), tree) {
				t.Fatal("the tree encodes to other bytes")
			}
		}
		_ = g.Verify()
	})
}

func FuzzParseRatchetTree(f *testing.F) {
	p := people(f, 1, 3)
	f.Add(encodeTree(treeOf(f, p[0].leaf(), p[1].leafIn(SourceUpdate, testGroup, 1), p[2].leaf())))
	f.Add(vec(cat([]byte{1, 1}, encodeLeaf(p[0].leaf())), []byte{1, 2}, parentOf("key", 1, 2).encoded))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := ParseRatchetTree(data)
		if err != nil {
			return
		}
		if !bytes.Equal(encodeTree(tree), data) {
			t.Fatal("encodes to other bytes")
		}
		hash, err := tree.TreeHash(1)
		fatalIfErr(t, err)
		if !bytes.Equal(hash, naiveTreeHash(suites[1], full(tree), 0)) {
			t.Fatal("another hash than by recursion")
		}
		_ = tree.Verify(2, testGroup)
	})
}

func FuzzParseKeyPackage(f *testing.F) {
	f.Add(encodeKeyPackage(newIdentity(f, 1, "a@example.org").keyPackage()))
	f.Add(encodeKeyPackage(newIdentity(f, 2, "b@example.org").keyPackage()))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := ParseKeyPackage(data)
		if err != nil {
			return
		}
		if !bytes.Equal(encodeKeyPackage(k), data) {
			t.Fatal("encodes to other bytes")
		}
		_ = k.Verify()
	})
}

// FuzzParse parses anything, in binary and as text, and finds the same in what it
// was told apart as.
func FuzzParse(f *testing.F) {
	id := newIdentity(f, 1, "a@example.org")
	info := groupInfo(f, treeOf(f, id.leaf()), id, 0)
	f.Add(cat(u16(1), u16(4), info))
	f.Add(cat(u16(1), u16(5), encodeKeyPackage(id.keyPackage())))
	f.Add([]byte("AAEABAAB"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		var again []byte
		switch kind(m) {
		case "GroupInfo":
			again = encodeGroupInfo(m.GroupInfo)
		case "KeyPackage":
			again = encodeKeyPackage(m.KeyPackage)
		default:
			again = encodeTree(m.Tree)
		}
		twice, err := Parse(again)
		fatalIfErr(t, err)
		if kind(twice) != kind(m) {
			t.Fatalf("a %s alone is a %s", kind(m), kind(twice))
		}
	})
}
