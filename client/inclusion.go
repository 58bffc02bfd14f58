package client

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// provenEntries returns the entries that a verified response proved, each with a
// proof of its own under the signed head. old is the view that the response was
// verified against, and elements are the inclusion part of its proof.
//
// A response proves all of its entries together, and only to one who has old.
// What it took to verify that gives every node that a proof of one entry, for
// anybody, consists of.
func provenEntries(old *keytrans.View, v keytrans.Verified, elements []merkle.Hash) ([]pendingEntry, error) {
	size := v.View.Head.TreeSize
	var positions []uint64
	known := make(nodes)
	for i, n := range logtree.FullSubtrees(old.Head.TreeSize) {
		known[n] = old.Subtrees[i]
	}
	for _, e := range v.Entries {
		positions = append(positions, e.Position)
		known[logtree.Node{Index: e.Position}] = e.Hash()
	}
	given := logtree.Proof(size, old.Head.TreeSize, positions)
	if len(given) != len(elements) {
		return nil, fmt.Errorf("%w: %d elements instead of %d", keytrans.ErrProof, len(elements), len(given))
	}
	for i, n := range given {
		known[n] = elements[i]
	}
	out := make([]pendingEntry, len(v.Entries))
	for i, e := range v.Entries {
		out[i] = pendingEntry{Entry: e, head: v.View.Head}
		for _, n := range logtree.Proof(size, 0, []uint64{e.Position}) {
			h, err := known.value(n)
			if err != nil {
				return nil, err
			}
			out[i].path = append(out[i].path, h)
		}
	}
	return out, nil
}

// nodes are known nodes of a log tree.
type nodes map[logtree.Node]merkle.Hash

// value returns the value of a node, computing it from those below.
func (k nodes) value(n logtree.Node) (merkle.Hash, error) {
	if h, ok := k[n]; ok {
		return h, nil
	}
	if n.Level == 0 {
		return merkle.Hash{}, fmt.Errorf("%w: it does not give leaf %d", keytrans.ErrProof, n.Index)
	}
	left, err := k.value(logtree.Node{Level: n.Level - 1, Index: 2 * n.Index})
	if err != nil {
		return merkle.Hash{}, err
	}
	right, err := k.value(logtree.Node{Level: n.Level - 1, Index: 2*n.Index + 1})
	if err != nil {
		return merkle.Hash{}, err
	}
	h := logtree.ParentHash(left, n.Level == 1, right, n.Level == 1)
	k[n] = h
	return h, nil
}
