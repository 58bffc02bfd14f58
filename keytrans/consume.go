package keytrans

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// ErrProof is wrapped by the error for a proof that does not have the parts its
// algorithms require, or whose parts do not fit together. Nothing follows from
// such a proof, neither about the label nor about the log's honesty.
var ErrProof = errors.New("proof does not verify")

// VersionKey is what a user knows of one version of a label: its search key
// and, if the version exists, the commitment to its value. Proven tells that a
// proof has shown the commitment in the log; until then it is the log's claim,
// which later lookups prove or refute: if one was false, a later proof is
// refused, and a new search brings the commitment again.
type VersionKey struct {
	SearchKey  merkle.Hash
	Commitment *merkle.Hash
	Proven     bool
}

// consumer is the source of a user: it takes elements out of a proof.
type consumer struct {
	proof CombinedTreeProof     // what has not been consumed
	keys  map[uint32]VersionKey // of the label; those looked up become proven

	retained map[uint64]LogEntry
	given    map[uint64]uint64 // timestamps taken from the proof
	roots    map[uint64]merkle.Hash
}

func newConsumer(view *View, proof CombinedTreeProof, keys map[uint32]VersionKey) *consumer {
	c := &consumer{
		proof: proof, keys: maps.Clone(keys),
		retained: make(map[uint64]LogEntry),
		given:    make(map[uint64]uint64),
		roots:    make(map[uint64]merkle.Hash),
	}
	for _, e := range view.Frontier {
		c.retained[e.Position] = e.LogEntry
	}
	return c
}

func (c *consumer) timestamp(pos uint64) (uint64, error) {
	if len(c.proof.Timestamps) == 0 {
		return 0, fmt.Errorf("%w: too few timestamps", ErrProof)
	}
	ts := c.proof.Timestamps[0]
	c.proof.Timestamps = c.proof.Timestamps[1:]
	c.given[pos] = ts
	return ts, nil
}

func (c *consumer) lookup(pos uint64, versions []uint32, last func(uint32, bool) bool) ([]bool, error) {
	if len(c.proof.PrefixProofs) == 0 {
		return nil, fmt.Errorf("%w: too few prefix proofs", ErrProof)
	}
	proof := c.proof.PrefixProofs[0]
	c.proof.PrefixProofs = c.proof.PrefixProofs[1:]

	var (
		results     []bool
		keys        []prefixtree.Key
		commitments []*merkle.Hash
	)
	for i, v := range versions {
		if i == len(proof.Results) {
			return nil, fmt.Errorf("%w: too few lookups", ErrProof)
		}
		key, ok := c.keys[v]
		if !ok {
			return nil, fmt.Errorf("%w: the search key of version %d is not known", ErrProof, v)
		}
		included := proof.Results[i].Type == prefixtree.Inclusion
		if included && key.Commitment == nil {
			return nil, fmt.Errorf("%w: the commitment to version %d is not known", ErrProof, v)
		}
		results = append(results, included)
		var commitment *merkle.Hash
		if included {
			commitment, key.Proven = key.Commitment, true
			c.keys[v] = key
		}
		keys = append(keys, prefixtree.Key(key.SearchKey))
		commitments = append(commitments, commitment)
		if last(v, included) {
			break
		}
	}
	if len(results) != len(proof.Results) {
		return nil, fmt.Errorf("%w: %d lookups too many", ErrProof, len(proof.Results)-len(results))
	}
	root, err := proof.Root(keys, commitments)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	return results, c.setRoot(pos, root)
}

// setRoot records the prefix tree root that a proof for the entry leads to.
func (c *consumer) setRoot(pos uint64, root merkle.Hash) error {
	want, ok := c.roots[pos]
	if e, retained := c.retained[pos]; retained {
		want, ok = e.PrefixTree, true
	}
	if ok && root != want {
		return fmt.Errorf("%w: two prefix tree roots for one log entry", ErrProof)
	}
	c.roots[pos] = root
	return nil
}

// exhausted reports whether every prefix proof has been consumed.
func (c *consumer) exhausted() bool { return len(c.proof.PrefixProofs) == 0 }

// finish consumes the rest of the proof. It returns the candidate for the root
// of the log of size entries, its subtrees, also those of earlier sizes, and the
// entries that the proof speaks of, ascending.
func (c *consumer) finish(view *View, size uint64, earlier ...uint64) (logtree.Result, []Entry, error) {
	if len(c.proof.Timestamps) != 0 {
		return logtree.Result{}, nil, fmt.Errorf("%w: %d timestamps too many", ErrProof, len(c.proof.Timestamps))
	}
	if len(c.proof.PrefixProofs) != 0 {
		return logtree.Result{}, nil, fmt.Errorf("%w: %d prefix proofs too many", ErrProof, len(c.proof.PrefixProofs))
	}
	entries, err := c.entries()
	if err != nil {
		return logtree.Result{}, nil, err
	}
	leaves := make([]logtree.Leaf, len(entries))
	for i, e := range entries {
		leaves[i] = logtree.Leaf{Pos: e.Position, Value: e.Hash()}
	}
	result, err := logtree.Evaluate(size, view.Head.TreeSize, view.Subtrees, leaves, c.proof.Inclusion, earlier...)
	if err != nil {
		return logtree.Result{}, nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	return result, entries, nil
}

// entries returns the log entries whose timestamps came with the proof,
// ascending, taking the prefix tree roots that are still open from
// prefix_roots.
func (c *consumer) entries() ([]Entry, error) {
	var out []Entry
	for pos, ts := range c.given {
		out = append(out, Entry{Position: pos, LogEntry: LogEntry{Timestamp: ts}})
	}
	slices.SortFunc(out, func(a, b Entry) int {
		if a.Position < b.Position {
			return -1
		}
		return 1
	})
	for i := range out {
		root, ok := c.roots[out[i].Position]
		if !ok {
			if len(c.proof.PrefixRoots) == 0 {
				return nil, fmt.Errorf("%w: too few prefix tree roots", ErrProof)
			}
			root = c.proof.PrefixRoots[0]
			c.proof.PrefixRoots = c.proof.PrefixRoots[1:]
		}
		out[i].PrefixTree = root
	}
	if len(c.proof.PrefixRoots) != 0 {
		return nil, fmt.Errorf("%w: %d prefix tree roots too many", ErrProof, len(c.proof.PrefixRoots))
	}
	return out, nil
}

// frontier returns the frontier of the log of size entries out of what the user
// retained and what the proof proved.
func (c *consumer) frontier(size uint64, proven []Entry) ([]Entry, error) {
	known := make(map[uint64]LogEntry, len(c.retained)+len(proven))
	for pos, e := range c.retained {
		known[pos] = e
	}
	for _, e := range proven {
		known[e.Position] = e.LogEntry
	}
	var out []Entry
	for _, pos := range ibst.Frontier(size) {
		e, ok := known[pos]
		if !ok {
			return nil, fmt.Errorf("frontier entry %d was not proven", pos)
		}
		out = append(out, Entry{Position: pos, LogEntry: e})
	}
	return out, nil
}
