package keytrans

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// AuditorUpdate tells an auditor what one log entry changed: KEYTRANS, "Third
// Parties", "Auditing". Proof is a batch lookup in the previous entry's prefix
// tree for the search keys of Added, then of Removed. Timestamp is in
// milliseconds.
type AuditorUpdate struct {
	Timestamp uint64
	Added     []prefixtree.Leaf // ascending by search key, at most 65535
	Removed   []prefixtree.Leaf // ascending by search key, at most 65535
	Proof     prefixtree.Proof
}

// Marshal returns the encoding of u.
func (u *AuditorUpdate) Marshal() ([]byte, error) {
	var b builder
	b.AddUint64(u.Timestamp)
	for _, leaves := range [][]prefixtree.Leaf{u.Added, u.Removed} {
		b.count16(len(leaves))
		for _, l := range leaves {
			addPrefixLeaf(&b, l)
		}
	}
	addPrefixProof(&b, &u.Proof)
	return b.Bytes()
}

// ParseAuditorUpdate decodes an AuditorUpdate. The error wraps ErrMalformed.
func ParseAuditorUpdate(data []byte) (*AuditorUpdate, error) {
	const leafSize = 2 * merkle.HashSize
	r := reader{s: data}
	u := &AuditorUpdate{
		Timestamp: r.u64("timestamp"),
		Added:     vector16(&r, leafSize, "added", r.prefixLeaf),
		Removed:   vector16(&r, leafSize, "removed", r.prefixLeaf),
		Proof:     r.prefixProof(),
	}
	return orError(u, &r)
}

// MaxAuditorUpdateSize is the size in bytes of the largest encoding of an
// AuditorUpdate that can verify: its proof has a result for every change, of which
// there are at most MaxChanges.
const MaxAuditorUpdateSize = 8 + 2*2 + // timestamp, counts of the lists
	MaxChanges*2*merkle.HashSize + // the leaves
	1 + MaxChanges*(2+2*merkle.HashSize) + // results
	2 + maxUint16Count*merkle.HashSize // elements

// MaxChanges is how many leaves one log entry can add and remove together in
// ThirdPartyAuditing: its proof has no room for more results.
const MaxChanges = maxUint8Count

// NewAuditorUpdate returns the update for a log entry that adds and removes
// leaves, in any order. previous is the root of the previous entry's prefix tree,
// nil if that is empty. An update that an auditor has to refuse is not made: the
// error says what is wrong with the changes, and wraps ErrUndetermined for
// removals of which no update can show what they lead to.
func NewAuditorUpdate(previous prefixtree.Node, timestamp uint64, added, removed []prefixtree.Leaf) (*AuditorUpdate, error) {
	n := len(added) + len(removed)
	if n == 0 || n > MaxChanges {
		return nil, fmt.Errorf("an auditor's update has 1 to %d changes, not %d", MaxChanges, n)
	}
	u := &AuditorUpdate{Timestamp: timestamp, Added: sortedLeaves(added), Removed: sortedLeaves(removed)}
	keys := make([]prefixtree.Key, 0, n)
	for _, leaves := range [][]prefixtree.Leaf{u.Added, u.Removed} {
		for _, l := range leaves {
			keys = append(keys, l.Key)
		}
	}
	var before LogEntry
	if previous != nil {
		before.PrefixTree = previous.Hash()
	}
	var err error
	if u.Proof, _, err = prefixtree.Prove(previous, keys); err != nil {
		return nil, err
	}
	if _, err := u.Replay(&before); err != nil {
		return nil, err
	}
	return u, nil
}

func sortedLeaves(leaves []prefixtree.Leaf) []prefixtree.Leaf {
	leaves = slices.Clone(leaves)
	slices.SortFunc(leaves, func(a, b prefixtree.Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return leaves
}

// AuditError says which step of the auditor's algorithm (KEYTRANS, "Third
// Parties", "Auditing") refuses an AuditorUpdate. Nothing signs updates: by itself,
// a wrong one proves nothing against anybody.
type AuditError struct {
	Step int
	Err  error
}

// Error names the step.
func (e *AuditError) Error() string { return fmt.Sprintf("auditing, step %d: %v", e.Step, e.Err) }

// Unwrap returns the cause.
func (e *AuditError) Unwrap() error { return e.Err }

// ErrUndetermined says that an AuditorUpdate does not reveal what determines
// the new prefix tree root.
var ErrUndetermined = errors.New("the update does not determine the new prefix tree")

// Replay verifies an update against the previous log entry, of which the first
// entry of a log has none (nil), and returns the new entry: steps 1 to 4, 6 and
// 7 of the auditor's algorithm, but for the log tree. It does not check that
// removed leaves were published in a distinguished entry (step 5), for which an
// Auditor has the history.
//
// The error is an *AuditError. It wraps ErrUndetermined if a removed leaf's sibling
// is not revealed; the entry is then the one that follows if the sibling is a
// parent, and an auditor must not sign it. Any other error comes without an entry.
func (u *AuditorUpdate) Replay(previous *LogEntry) (LogEntry, error) {
	var before merkle.Hash
	if previous != nil {
		if u.Timestamp < previous.Timestamp {
			return LogEntry{}, &AuditError{1, fmt.Errorf("timestamp %d is before the previous entry's, %d", u.Timestamp, previous.Timestamp)}
		}
		before = previous.PrefixTree
	}
	root, after, determined, err := prefixtree.Mutate(u.Proof, u.Added, u.Removed)
	if err != nil {
		return LogEntry{}, &AuditError{mutationStep(err), err}
	}
	if root != before {
		return LogEntry{}, &AuditError{6, errors.New("the proof does not lead to the previous prefix tree root")}
	}
	entry := LogEntry{Timestamp: u.Timestamp, PrefixTree: after}
	if !determined {
		return entry, &AuditError{7, ErrUndetermined}
	}
	return entry, nil
}

// mutationStep returns the step that an error of prefixtree.Mutate belongs to.
func mutationStep(err error) int {
	switch {
	case errors.Is(err, prefixtree.ErrUnsorted):
		return 2
	case errors.Is(err, prefixtree.ErrAdded):
		return 3
	case errors.Is(err, prefixtree.ErrRemoved):
		return 4
	}
	return 6 // the proof leads to no root
}
