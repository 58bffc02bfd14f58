package evidence

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// logPolicy returns a policy that knows one log, by its key, and requires no witness.
func logPolicy(key string) (*checkpoint.Policy, error) {
	p, err := checkpoint.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum %s\n", key, checkpoint.QuorumNone))
	if err != nil {
		return nil, err
	}
	if len(p.Logs) != 1 || p.Logs[0].VerifierKey != key || len(p.Witnesses) > 0 {
		return nil, errors.New("it is not the key of one log")
	}
	return p, nil
}

func (e *Evidence) verifyInconsistency() (*Proof, error) {
	policy, err := logPolicy(e.Log)
	if err != nil {
		return nil, err
	}
	if err := e.Inconsistency.Verify(policy); err != nil {
		return nil, err
	}
	older, olderErr := checkpoint.Peek(e.Inconsistency.Older)
	newer, newerErr := checkpoint.Peek(e.Inconsistency.Newer)
	if err := errors.Join(olderErr, newerErr); err != nil {
		return nil, err
	}
	return &Proof{Rule: ruleCheckpoint, Found: fmt.Sprintf("the log %s signed a state of %d entries and one of %d that does not continue it",
		newer.Origin, older.Size, newer.Size)}, nil
}

func (e *Evidence) verifyTimestamps() (*Proof, error) {
	policy, err := logPolicy(e.Log)
	if err != nil {
		return nil, err
	}
	before, err := openEntry(policy, e.Entries[0])
	if err != nil {
		return nil, fmt.Errorf("the first entry: %w", err)
	}
	after, err := openEntry(policy, e.Entries[1])
	if err != nil {
		return nil, fmt.Errorf("the second entry: %w", err)
	}
	switch {
	case before.signed.Checkpoint != after.signed.Checkpoint:
		return nil, errors.New("the entries are in two checkpoints")
	case after.index != before.index+1:
		return nil, fmt.Errorf("entry %d does not follow entry %d", after.index, before.index)
	case before.Timestamp <= after.Timestamp:
		return nil, errors.New("the second entry is not older")
	}
	return &Proof{Rule: ruleMonotonic, Found: fmt.Sprintf("in the log of %d entries, entry %d has the time %d ms, and entry %d before it %d ms",
		after.signed.Size, after.index, after.Timestamp, before.index, before.Timestamp)}, nil
}

// provenEntry is a log entry of which it was verified that it is in the public log.
type provenEntry struct {
	keytrans.LogEntry
	index  uint64
	signed *checkpoint.Signed
}

func openEntry(policy *checkpoint.Policy, text string) (*provenEntry, error) {
	proof, err := checkpoint.ParseProof([]byte(text))
	if err != nil {
		return nil, err
	}
	signed, err := proof.Verify(policy, proof.Extra)
	if err != nil {
		return nil, err
	}
	entry, err := keytrans.ParseLogEntry(proof.Extra)
	if err != nil {
		return nil, err
	}
	return &provenEntry{entry, proof.Index, signed}, nil
}

// sameInconsistency reports whether b is evidence that the same checkpoint as in a
// is contradicted by the same history, be it longer or shorter.
func sameInconsistency(a, b *checkpoint.Inconsistency, policy *checkpoint.Policy) bool {
	if !bytes.Equal(a.RootAtOlder, b.RootAtOlder) || b.Verify(policy) != nil {
		return false
	}
	older, err := checkpoint.Peek(a.Older)
	other, otherErr := checkpoint.Peek(b.Older)
	return err == nil && otherErr == nil && older == other
}
