package monitor

import (
	"bytes"
	"context"
	"math/bits"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// proveTrees returns the evidence that a head is of other log entries than the
// mirror's checkpoint; nil if there would be too many entries in it, or the mirror has
// not come to the head.
func (m *Mirror) proveTrees(ctx context.Context, head *evidence.Head) (*evidence.Evidence, error) {
	lo, t := uint64(0), &evidence.Trees{Head: *head, Checkpoint: m.done.Note}
	if equal := m.heads.Equal; equal != nil && equal.TreeSize < head.TreeSize {
		lo, t.Base = equal.TreeSize, &evidence.Base{Head: *equal}
	}
	if head.TreeSize > m.done.Size || head.TreeSize-lo > evidence.MaxTreesEntries {
		return nil, nil
	}
	var entries bytes.Buffer
	both := newTrees()
	err := m.eachEntry(ctx, func(e keytrans.LogEntry) {
		switch size := both.size(); {
		case size == lo && t.Base != nil:
			t.Base.Subtrees = evidence.Hashes(both.log)
			fallthrough
		case size >= lo && size < head.TreeSize:
			entries.Write(e.Marshal())
		}
		both.append(e)
	})
	if err != nil {
		return nil, err
	}
	t.Entries = entries.Bytes()
	tree, err := tile.NewTree(m.done.Size, m.done.Root, fetchFrom(ctx, m.store))
	if err != nil {
		return nil, err
	}
	first, err := tree.Inclusion(lo)
	if err != nil {
		return nil, err
	}
	last, err := tree.Inclusion(head.TreeSize - 1)
	if err != nil {
		return nil, err
	}
	before, _ := siblings(lo, m.done.Size, first)
	_, after := siblings(head.TreeSize-1, m.done.Size, last)
	t.Before, t.After = evidence.Hashes(before), evidence.Hashes(after)
	return &evidence.Evidence{
		Kind: evidence.TreesDiffer, Configuration: m.cfg.Configuration, Log: m.done.Log.VerifierKey, Trees: t,
	}, nil
}

// provenTrees returns the path of the evidence about a head that is there already, of
// whichever checkpoint; empty if there is none.
func (m *Mirror) provenTrees(head *evidence.Head) string {
	found, _, err := ReadEvidence(m.store.dir, m.cfg.Configuration, nil)
	if err != nil {
		return "" // then it cannot be stored either, which is told
	}
	for _, f := range found {
		if f.Evidence.Kind == evidence.TreesDiffer && f.Evidence.Trees.Head.Root == head.Root {
			return f.File
		}
	}
	return ""
}

// siblings returns which hashes of the RFC 6962 inclusion proof of a leaf are to its
// left, and which to its right, each from left to right.
func siblings(index, size uint64, proof []merkle.Hash) (left, right []merkle.Hash) {
	for a, b := uint64(0), size; b-a > 1; {
		sibling := proof[len(proof)-1]
		proof = proof[:len(proof)-1]
		if middle := a + 1<<(bits.Len64(b-a-1)-1); index < middle {
			right, b = append(right, sibling), middle
		} else {
			left, a = append(left, sibling), middle
		}
	}
	slices.Reverse(right)
	return left, right
}
