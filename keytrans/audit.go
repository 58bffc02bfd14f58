package keytrans

import (
	"errors"
	"fmt"

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

// ErrUndetermined says that an AuditorUpdate does not reveal what determines
// the new prefix tree root.
var ErrUndetermined = errors.New("the update does not determine the new prefix tree")

// Replay verifies an update against the previous log entry, of which the first
// entry of a log has none (nil), and returns the new entry: steps 1 to 4, 6 and
// 7 of the auditor's algorithm. It does not check that removed leaves were
// published in a distinguished entry (step 5), for which an auditor needs
// history.
//
// The error wraps ErrUndetermined if a removed leaf's sibling is not revealed;
// the entry is then the one that follows if the sibling is a parent, and an
// auditor must not sign it. Any other error comes without an entry.
func (u *AuditorUpdate) Replay(previous *LogEntry) (LogEntry, error) {
	var before merkle.Hash
	if previous != nil {
		if u.Timestamp < previous.Timestamp {
			return LogEntry{}, fmt.Errorf("timestamp %d is before the previous entry's, %d", u.Timestamp, previous.Timestamp)
		}
		before = previous.PrefixTree
	}
	root, after, determined, err := prefixtree.Mutate(u.Proof, u.Added, u.Removed)
	if err != nil {
		return LogEntry{}, err
	}
	if root != before {
		return LogEntry{}, errors.New("the proof does not lead to the previous prefix tree root")
	}
	entry := LogEntry{Timestamp: u.Timestamp, PrefixTree: after}
	if !determined {
		return entry, ErrUndetermined
	}
	return entry, nil
}
