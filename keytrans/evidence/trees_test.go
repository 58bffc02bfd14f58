package evidence_test

import (
	"bytes"
	"errors"
	"math/bits"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// rootOf returns the RFC 6962 root of leaves [a, b), and tells what of every whole
// subtree lies outside of [lo, hi).
func rootOf(leaves []merkle.Hash, a, b, lo, hi int, before, after *[]evidence.Hash) merkle.Hash {
	var h merkle.Hash
	inner := [2]*[]evidence.Hash{before, after}
	if b <= lo || a >= hi {
		inner = [2]*[]evidence.Hash{} // only the root of it is told
	}
	if b-a == 1 {
		h = leaves[a]
	} else {
		middle := a + 1<<(bits.Len(uint(b-a-1))-1)
		l := rootOf(leaves, a, middle, lo, hi, inner[0], inner[1])
		r := rootOf(leaves, middle, b, lo, hi, inner[0], inner[1])
		h = merkle.Hash(rfc6962.DefaultHasher.HashChildren(l[:], r[:]))
	}
	switch {
	case b <= lo && before != nil:
		*before = append(*before, evidence.Hash(h))
	case a >= hi && after != nil:
		*after = append(*after, evidence.Hash(h))
	}
	return h
}

func headAt(l *keytranstest.Log, size uint64) evidence.Head {
	return evidence.Head{TreeSize: size, Root: evidence.Hash(l.Root(size)), Signature: bytes.Clone(l.At(size).Head().Signature)}
}

// treesDiffer accuses a log of its head of hi entries, and of a checkpoint of size of
// which some entries are those of another log. The base has lo entries; 0 is none.
func treesDiffer(t testing.TB, l, public *keytranstest.Log, lo, hi, size int) *evidence.Evidence {
	t.Helper()
	p := newPublicLog(t, l)
	var leaves []merkle.Hash
	e := newEvidence(evidence.TreesDiffer, l)
	e.Log = p.VerifierKey()
	trees := &evidence.Trees{Head: headAt(l, uint64(hi)), Before: []evidence.Hash{}, After: []evidence.Hash{}}
	for i, entry := range public.Entries()[:size] {
		leaves = append(leaves, merkle.Hash(rfc6962.DefaultHasher.HashLeaf(entry.Marshal())))
		if i >= lo && i < hi {
			trees.Entries = append(trees.Entries, entry.Marshal()...)
		}
	}
	if lo > 0 {
		nodes := must(l.At(uint64(lo)).LogNodes(logtree.FullSubtrees(uint64(lo))))
		trees.Base = &evidence.Base{Head: headAt(l, uint64(lo)), Subtrees: evidence.Hashes(nodes)}
	}
	trees.Checkpoint = p.sign(uint64(size), rootOf(leaves, 0, size, lo, hi, &trees.Before, &trees.After))
	e.Trees = trees
	return e
}

// TestTreesDiffer accuses logs of every head, base and checkpoint of two small logs that
// are the same up to an entry: it is proof if and only if the difference is in what the
// head adds to the base.
func TestTreesDiffer(t *testing.T) {
	const same, size = 9, 12
	l := newLog(keytranstest.Options{Seed: "evidence"})
	public := grow(l.Fork(same), size, changes{same: {keytranstest.Create(alice, "ghost")}})
	for lo := 0; lo < size; lo++ {
		for hi := lo + 1; hi <= size; hi++ {
			for n := hi; n <= size; n++ {
				e := treesDiffer(t, l, public, lo, hi, n)
				_, err := e.Verify(evidence.Expected{})
				if guilty := hi > same; guilty && err != nil && lo <= same || !guilty && !errors.Is(err, evidence.ErrNotProof) {
					t.Errorf("base %d, head %d, checkpoint %d: %v", lo, hi, n, err)
				}
				if _, err := treesDiffer(t, l, l, lo, hi, n).Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrNotProof) {
					t.Errorf("base %d, head %d, checkpoint %d, of one log: %v", lo, hi, n, err)
				}
			}
		}
	}
}

func TestTreesDifferRefused(t *testing.T) {
	l := newLog(keytranstest.Options{Seed: "evidence"})
	public := grow(l.Fork(9), 12, changes{9: {keytranstest.Create(alice, "ghost")}})
	for _, c := range []struct {
		name, want string
		change     func(e *evidence.Evidence)
	}{
		{"no configuration", "", func(e *evidence.Evidence) { e.Configuration = e.Configuration[1:] }},
		{"no log", "", func(e *evidence.Evidence) { e.Log = "log" }},
		{"no checkpoint", "", func(e *evidence.Evidence) { e.Trees.Checkpoint = e.Trees.Checkpoint[1:] }},
		{"a head of another size", "the head", func(e *evidence.Evidence) { e.Trees.Head.TreeSize-- }},
		{"a base of nothing", "the base has no size", func(e *evidence.Evidence) { e.Trees.Base.TreeSize = 0 }},
		{"a base that is too large", "the base has no size", func(e *evidence.Evidence) { e.Trees.Base.TreeSize = 1 << 63 }},
		{"a base of another size", "the base", func(e *evidence.Evidence) { e.Trees.Base.TreeSize = 8 }},
		{"other subtrees", "do not lead to its root", func(e *evidence.Evidence) { e.Trees.Base.Subtrees[0][0] ^= 1 }},
		{"a base that nobody signed", "the base", func(e *evidence.Evidence) { e.Trees.Base.Signature[0] ^= 1 }},
		{"an entry less", "it does not have the log entries", func(e *evidence.Evidence) { e.Trees.Entries = e.Trees.Entries[40:] }},
		{"a byte more", "it does not have the log entries", func(e *evidence.Evidence) { e.Trees.Entries = append(e.Trees.Entries, 0) }},
		{"a hash more", "more hashes", func(e *evidence.Evidence) { e.Trees.After = append(e.Trees.After, evidence.Hash{}) }},
		{"a hash less before", "lacks a hash", func(e *evidence.Evidence) { e.Trees.Before = e.Trees.Before[1:] }},
		{"a hash less after", "lacks a hash", func(e *evidence.Evidence) { e.Trees.After = nil }},
		{"another entry", "not those of the checkpoint", func(e *evidence.Evidence) { e.Trees.Entries[0] ^= 1 }},
		{"another hash", "not those of the checkpoint", func(e *evidence.Evidence) { e.Trees.Before[0][0] ^= 1 }},
	} {
		e := treesDiffer(t, l, public, 7, 10, 12)
		if _, err := e.Verify(evidence.Expected{}); err != nil {
			t.Fatal(err)
		}
		c.change(e)
		if _, err := e.Verify(evidence.Expected{}); !errors.Is(err, evidence.ErrNotProof) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
