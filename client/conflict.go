package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

func bytesOf(hashes []merkle.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

// The steps at which misbehaviour is found by means of the witnesses.
const (
	stepCheckpoints = "comparing the checkpoints of the log"
	stepEntry       = "comparing the directory's answers with its public log"
)

// accuseCheckpoints returns the error for a log that signed two histories.
func (s *session) accuseCheckpoints(i *checkpoint.Inconsistency) error {
	policy := s.state.inForce().policy
	if err := i.Verify(policy.Policy); err != nil {
		return fail(Undecided, stepCheckpoints, fmt.Errorf("what looks like a contradiction does not verify: %w", err))
	}
	older, olderErr := checkpoint.Peek(i.Older)
	newer, newerErr := checkpoint.Peek(i.Newer)
	if err := errors.Join(olderErr, newerErr); err != nil {
		return fail(Undecided, stepCheckpoints, err)
	}
	cause := fmt.Errorf("the log %s has signed two histories: its state of %d entries does not continue the one of %d", newer.Origin, newer.Size, older.Size)
	if older.Size == newer.Size {
		cause = fmt.Errorf("the log %s has signed two histories: two states of %s differ", newer.Origin, count.Of(newer.Size, "entry", "entries"))
	}
	e := s.witnessEvidence(evidence.Inconsistency, cause)
	e.Inconsistency = i
	return s.accuse(e, stepCheckpoints, "", cause)
}

// witnessEvidence begins the evidence that no exchange led to.
func (s *session) witnessEvidence(kind evidence.Kind, cause error) *evidence.Evidence {
	policy := s.state.inForce().policy
	e := s.newEvidence(kind, cause.Error(), exchange{})
	e.Policy, e.Log = policy.text, policy.log.VerifierKey
	return e
}

// accuseEntry returns the error for a directory that showed this client another
// log entry than the witnesses have seen.
func (s *session) accuseEntry(ctx context.Context, c *contradiction) error {
	e := c.entry
	if e.head.TreeSize == 0 {
		e = s.proveAgain(ctx, e)
	}
	conflict := &evidence.EntryConflict{
		Index: e.Position, LogEntry: e.Marshal(), TreeSize: e.head.TreeSize, Signature: e.head.Signature, Path: bytesOf(e.path),
		Checkpoint: c.checkpoint.Note, LeafHash: c.leaf[:], Inclusion: bytesOf(c.inclusion),
	}
	key := s.state.inForce().policy.log.VerifierKey
	err := conflict.VerifyCheckpoint(key)
	if err == nil && e.head.TreeSize > 0 {
		err = conflict.Verify(s.verifier.Configuration(), key)
	}
	if err != nil {
		return fail(Undecided, stepEntry, fmt.Errorf("what looks like a contradiction does not verify: %w", err))
	}
	cause := fmt.Errorf("the directory showed this client another log entry %d than is in the log of %s that %s: %s",
		e.Position, count.Of(c.checkpoint.Size, "entry", "entries"), seenBy(c.checkpoint), s.explainEntry(ctx, c.checkpoint))
	if e.head.TreeSize == 0 {
		cause = fmt.Errorf("%w (others cannot check that: this client verified the entry before it had a witness policy, kept no proof of it under the directory's signature, and did not get it again)", cause)
	}
	out := s.witnessEvidence(evidence.LogEntry, cause)
	out.LogEntry = conflict
	return s.accuse(out, stepEntry, "", cause)
}

// explainEntry says what it means that another log entry is under a checkpoint. If
// nothing is known to be in both logs, the one of the policy may be another
// directory's: a mistake in the policy, which its user can find.
func (s *session) explainEntry(ctx context.Context, c *checkpoint.Signed) string {
	if s.isInCommon(ctx, c) {
		return "one of the two is a history for some eyes only"
	}
	return fmt.Sprintf("either the directory shows two histories, or the log line of the witness policy is not this directory's, for no log entry is known to be in both; "+
		"compare the line's key, %s, with what the directory's operator publishes, such as the verifier_key in %s/api/v1/log/publication",
		c.Log.VerifierKey, s.state.directory)
}

// isInCommon reports whether the log under a checkpoint is known to have an entry
// that the directory showed to this client. Entries hold a hash, so two directories
// have none in common.
func (s *session) isInCommon(ctx context.Context, c *checkpoint.Signed) bool {
	tree, err := s.publicLog(s.state.inForce()).tree(ctx, c.Checkpoint)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(s.state.view.Frontier, func(e keytrans.Entry) bool {
		if e.Position >= c.Size {
			return false
		}
		leaf, err := tree.leafHash(e.Position)
		return err == nil && leaf == rfcLeaf(e.LogEntry)
	})
}

// seenBy names the witnesses of a checkpoint.
func seenBy(c *checkpoint.Signed) string {
	var names []string
	for _, s := range c.Cosignatures {
		names = append(names, s.Witness)
	}
	return cosignedText(names)
}

// proveAgain asks the directory for a proof of an entry that was verified before
// proofs were kept. It returns the entry without one if there is none to be had:
// only entries on the frontier of the present log are proven to everybody.
func (s *session) proveAgain(ctx context.Context, e pendingEntry) pendingEntry {
	fresh, err := s.asNewcomer(ctx, s.transport)
	if err != nil {
		s.cfg.Logger.DebugContext(ctx, "proving a log entry again", "err", err)
		return e
	}
	proven, err := provenEntries(&fresh.Verified)
	if err != nil {
		return e
	}
	for _, p := range proven {
		if p.Entry == e.Entry {
			return p
		}
	}
	return e
}
