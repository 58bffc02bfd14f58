package main

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

// prefixTrees has prefix trees and batch proofs of them, as the reference has them.
func prefixTrees() file {
	f := &vectors.File[vectors.PrefixTree]{Notes: []string{
		"The prefix tree. A case with leaves is a tree: its leaves in the order of their search keys, their hashes, and the tree's root, zeros for an empty tree.",
		"A case with tree is a PrefixProof of lookups of keys in the tree of that name. commitments has, for each of the keys, the commitment if the key is in the tree, and null if not. root is the root that the proof leads to.",
		"refused: keys, commitments and proof must be refused, either on their own or because they lead to another root than the tree's, which is given.",
	}}
	for _, t := range []struct {
		name string
		keys [][32]byte
	}{
		{"empty", nil},
		{"one leaf", randomKeys(1)},
		{"two leaves", randomKeys(2)},
		{"twenty leaves", randomKeys(20)},
		{"a deep branch", [][32]byte{{0: 0x80}, {0: 0x80, 3: 1}, {0: 0x80, 6: 1}, {0: 0x40}}},
		{"siblings at the bottom", [][32]byte{{31: 1}, {31: 3}, {0: 0xff}}},
	} {
		tree := makeTree(t.name, t.keys)
		f.Cases = append(f.Cases, tree.vector())
		for i, keys := range tree.lookups() {
			c := tree.proof(fmt.Sprintf("%s: lookup %d", t.name, i), keys)
			f.Cases = append(f.Cases, c)
			if t.name != "siblings at the bottom" || i == 0 { // they are long
				f.Cases = append(f.Cases, tree.wrongProofs(c)...)
			}
		}
	}
	return f
}

func randomKeys(n int) (out [][32]byte) {
	for i := range n {
		out = append(out, [32]byte(sum("key", i)))
	}
	return out
}

// prefixTree is a prefix tree as the reference takes it.
type prefixTree struct {
	name   string
	leaves [][2][32]byte
}

func makeTree(name string, keys [][32]byte) *prefixTree {
	t := &prefixTree{name: name}
	for _, k := range keys {
		t.leaves = append(t.leaves, [2][32]byte{k, [32]byte(sum("commitment", k))})
	}
	slices.SortFunc(t.leaves, func(a, b [2][32]byte) int { return cmp.Compare(string(a[0][:]), string(b[0][:])) })
	return t
}

func (t *prefixTree) vector() vectors.PrefixTree {
	c := vectors.PrefixTree{Name: t.name, Leaves: []vectors.Leaf{}, Root: ptr(vectors.Hash(naive.PrefixRoot(t.leaves)))}
	for _, l := range t.leaves {
		c.Leaves = append(c.Leaves, vectors.Leaf{SearchKey: l[0], Commitment: l[1]})
		c.Hashes = append(c.Hashes, naive.PrefixRoot([][2][32]byte{l}))
	}
	return c
}

// lookups are lists of keys to look up: present, absent, both, and repeated.
func (t *prefixTree) lookups() [][][32]byte {
	absent := [][32]byte{[32]byte(sum("absent")), {31: 0xff}, {0: 0xff, 31: 0xff}}
	out := [][][32]byte{absent[:1], absent}
	if n := len(t.leaves); n > 0 {
		first, last := t.leaves[0][0], t.leaves[n-1][0]
		close := last
		close[31] ^= 0x80
		out = append(out, [][32]byte{last}, [][32]byte{last, first, absent[0]}, [][32]byte{first, first}, [][32]byte{close, last})
	}
	return out
}

// result is a PrefixSearchResult with what it is encoded as.
func encodeResult(r naive.PrefixResult) []byte {
	b := []byte{byte(r.Type)}
	if r.Type == 2 {
		b = slices.Concat(b, r.Leaf[0][:], r.Leaf[1][:])
	}
	return append(b, byte(r.Depth))
}

func encodeProof(results []naive.PrefixResult, elements [][32]byte) []byte {
	b := []byte{byte(len(results))}
	for _, r := range results {
		b = append(b, encodeResult(r)...)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(elements)))
	for _, e := range elements {
		b = append(b, e[:]...)
	}
	return b
}

func (t *prefixTree) proof(name string, keys [][32]byte) vectors.PrefixTree {
	c := vectors.PrefixTree{Name: name, Tree: t.name, Root: ptr(vectors.Hash(naive.PrefixRoot(t.leaves)))}
	var results []naive.PrefixResult
	for _, key := range keys {
		r := naive.PrefixSearch(t.leaves, key)
		results = append(results, r)
		c.Keys = append(c.Keys, key)
		var commitment *vectors.Hash
		for _, l := range t.leaves {
			if l[0] == key {
				commitment = ptr(vectors.Hash(l[1]))
			}
		}
		c.Commitments = append(c.Commitments, commitment)
	}
	c.Proof = encodeProof(results, naive.PrefixElements(t.leaves, keys))
	return c
}

// wrongProofs are like c, which is right.
func (t *prefixTree) wrongProofs(c vectors.PrefixTree) (out []vectors.PrefixTree) {
	var keys [][32]byte
	for _, k := range c.Keys {
		keys = append(keys, k)
	}
	refused := func(name string, change func(results *[]naive.PrefixResult, elements *[][32]byte) bool) {
		var results []naive.PrefixResult
		for _, key := range keys {
			results = append(results, naive.PrefixSearch(t.leaves, key))
		}
		elements := naive.PrefixElements(t.leaves, keys)
		if !change(&results, &elements) {
			return
		}
		wrong := c
		wrong.Name, wrong.Refused, wrong.Proof = c.Name+": "+name, true, encodeProof(results, elements)
		out = append(out, wrong)
	}
	refused("a result missing", func(r *[]naive.PrefixResult, _ *[][32]byte) bool { return dropLast(r) })
	refused("a result too many", func(r *[]naive.PrefixResult, _ *[][32]byte) bool { return add(r, (*r)[0]) })
	refused("another depth", func(r *[]naive.PrefixResult, _ *[][32]byte) bool { (*r)[0].Depth++; return true })
	refused("an element missing", func(_ *[]naive.PrefixResult, e *[][32]byte) bool { return dropLast(e) })
	refused("an element too many", func(_ *[]naive.PrefixResult, e *[][32]byte) bool { return add(e, [32]byte{1}) })
	refused("another element", func(_ *[]naive.PrefixResult, e *[][32]byte) bool {
		if len(*e) == 0 {
			return false
		}
		(*e)[0][0] ^= 1
		return true
	})
	refused("another leaf in the way", func(r *[]naive.PrefixResult, _ *[][32]byte) bool {
		if (*r)[0].Type != 2 {
			return false
		}
		(*r)[0].Leaf[1][0] ^= 1
		return true
	})
	refused("a non-inclusion called an inclusion", func(r *[]naive.PrefixResult, _ *[][32]byte) bool {
		was := (*r)[0].Type
		(*r)[0].Type = 1
		return was != 1
	})
	refused("an inclusion called a non-inclusion", func(r *[]naive.PrefixResult, _ *[][32]byte) bool {
		was := (*r)[0].Type
		(*r)[0].Type = 3
		return was == 1
	})
	return out
}
