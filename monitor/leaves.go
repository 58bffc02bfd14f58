package monitor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// ErrLeaves is wrapped by the error for a log in which a leaf of the prefix tree was
// removed, or got another commitment.
var ErrLeaves = errors.New("leaves of the prefix tree were removed or replaced")

// leaves notices leaves that a log may not remove or replace.
type leaves struct {
	// none tells that nothing is known of what the log may do, and lifetime that
	// leaves may go for their age, but no other one may take the place of one.
	none, lifetime bool
	count          uint64       // of leaves
	kept           []leafChange // the first ones, of one search key each
}

// mostLeafChanges is how many changes of leaves are proven.
const mostLeafChanges = 4

// leafChange is a leaf that a log entry has removed or replaced.
type leafChange struct {
	entry         uint64 // its position
	key           prefixtree.Key
	before, after leafSearch
}

// leafSearch is a search for the leaf. The zero value is none.
type leafSearch struct {
	commitment *merkle.Hash // nil if there is no leaf
	proof      prefixtree.Proof
}

// leavesOf returns what the log of a directory may not do; cfg is nil if it is not
// known which directory that is.
func leavesOf(cfg *keytrans.Configuration) leaves {
	return leaves{none: cfg == nil, lifetime: cfg != nil && cfg.MaximumLifetime != nil}
}

// wrong returns how many leaves a change may not remove or replace, and the search
// keys of those that are to be proven.
func (l *leaves) wrong(c tile.Change) (n uint64, prove []prefixtree.Key) {
	if l.none {
		return 0, nil
	}
	for i := range c.Removed {
		key := c.Removed[i].Key
		if l.lifetime && !has(c.Added, key) {
			continue
		}
		n++
		known := slices.ContainsFunc(l.kept, func(k leafChange) bool { return k.key == key })
		if !known && len(l.kept)+len(prove) < mostLeafChanges {
			prove = append(prove, key)
		}
	}
	return n, prove
}

// has reports whether leaves, which ascend, have one with the search key.
func has(leaves []prefixtree.Leaf, key prefixtree.Key) bool {
	_, found := slices.BinarySearchFunc(leaves, key, func(l prefixtree.Leaf, k prefixtree.Key) int { return bytes.Compare(l.Key[:], k[:]) })
	return found
}

// searches searches the tree for each of some keys.
func searches(tree *prefixtree.Memory, keys []prefixtree.Key) ([]leafSearch, error) {
	var out []leafSearch
	for _, key := range keys {
		proof, commitments, err := tree.Prove([]prefixtree.Key{key})
		if err != nil {
			return nil, err
		}
		out = append(out, leafSearch{commitments[0], proof})
	}
	return out, nil
}

// evidence returns the search as it is in evidence, with the log entry in whose prefix
// tree it was done.
func (s *leafSearch) evidence(ctx context.Context, source Source, signed *checkpoint.Signed, entry uint64) (evidence.LeafSearch, error) {
	proof, err := keytrans.MarshalPrefixProof(&s.proof)
	if err != nil {
		return evidence.LeafSearch{}, err
	}
	in, err := proveEntry(ctx, source, signed, entry)
	if err != nil {
		return evidence.LeafSearch{}, err
	}
	return evidence.LeafSearch{Entry: string(in.Marshal()), Commitment: (*evidence.Hash)(s.commitment), Proof: proof}, nil
}

// leaves accuses a log of the leaves that were removed or replaced, and returns the
// error that names the first evidence; nil if there are none. They are in log entries
// of a checkpoint, in source.
func (a accuser) leaves(ctx context.Context, source Source, signed *checkpoint.Signed, l *leaves) error {
	var first *Error
	for i := range l.kept {
		e := a.leaf(ctx, source, signed, &l.kept[i])
		if first == nil || first.Evidence == "" {
			first = e
		}
	}
	if first == nil {
		return nil
	}
	first.Err = fmt.Errorf("%w; changes of this kind in all: %d", first.Err, l.count)
	return first
}

// leaf accuses a log of one leaf, unless there is evidence of that.
func (a accuser) leaf(ctx context.Context, source Source, signed *checkpoint.Signed, c *leafChange) *Error {
	what := "removed"
	if c.after.commitment != nil {
		what = "replaced"
	}
	finding := fmt.Errorf("%w: log entry %d %s the leaf with the search key %x", ErrLeaves, c.entry, what, c.key)
	if path := a.provenLeaf(c.key); path != "" {
		return &Error{Kind: Misbehaved, Err: finding, Evidence: path, Hint: "keep this file and show it to others"}
	}
	change := &evidence.LeafChange{SearchKey: evidence.Hash(c.key)}
	var before, after error
	change.Before, before = c.before.evidence(ctx, source, signed, c.entry-1)
	change.After, after = c.after.evidence(ctx, source, signed, c.entry)
	e := &evidence.Evidence{Kind: evidence.PrefixTree, Configuration: a.cfg.Configuration, Log: signed.Log.VerifierKey, PrefixTree: change}
	return a.accuse(e, errors.Join(before, after), finding)
}

// provenLeaf returns the path of the evidence about a leaf that is there already,
// whichever entries it is about; empty if there is none.
func (a accuser) provenLeaf(key prefixtree.Key) string {
	found, _, err := ReadEvidence(a.files.dir, a.cfg.Configuration, nil)
	if err != nil {
		return "" // then it cannot be stored either, which is told
	}
	for _, f := range found {
		if f.Evidence.Kind == evidence.PrefixTree && f.Evidence.PrefixTree.SearchKey == evidence.Hash(key) {
			return f.File
		}
	}
	return ""
}

// Leaves returns nil, or the *Error of kind Misbehaved, which wraps ErrLeaves, if log
// entries removed leaves of the prefix tree, or replaced them, that may not be removed
// or replaced. It makes the evidence, a file for each of the first four search keys.
// Requires MirrorConfig.Configuration; without it nothing is judged. The mirror goes on
// all the same, and Update says nothing of it: what is copied is what the log is.
func (m *Mirror) Leaves(ctx context.Context) error {
	// What was replayed is in the latest checkpoint, though the folder may not be a copy
	// of that yet.
	return m.accuser().leaves(ctx, union{m.store, m.source}, m.latest(), &m.replay.leaves)
}
