package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// EntryConflict is evidence that a directory has shown two histories: a log entry
// under its signed tree head (KEYTRANS), and another one in its place under a
// checkpoint of its public log.
type EntryConflict struct {
	// Index is the position of the log entry.
	Index uint64 `json:"index"`
	// LogEntry is what the directory showed to this client, the encoding of a
	// keytrans.LogEntry.
	LogEntry []byte `json:"log_entry"`
	// TreeSize and Signature are a tree head of the directory, and Path is what
	// proves LogEntry to be covered by it: the elements of logtree.Proof for this
	// entry alone. TreeSize is 0 if the client does not have that proof.
	TreeSize  uint64   `json:"tree_size"`
	Signature []byte   `json:"signature"`
	Path      [][]byte `json:"path"`
	// Checkpoint is the signed checkpoint, LeafHash the hash of the leaf with
	// the same index in its tree, and Inclusion the RFC 6962 inclusion proof of
	// that.
	Checkpoint []byte   `json:"checkpoint"`
	LeafHash   []byte   `json:"leaf_hash"`
	Inclusion  [][]byte `json:"inclusion"`
}

// Verify returns nil if c is proof. cfg is the directory's Configuration, and
// logKey the verifier key of its log: whoever accuses a directory must know from
// elsewhere that they belong together. The witnesses do not matter. The error
// wraps checkpoint.ErrNotProven.
func (c *EntryConflict) Verify(cfg *keytrans.Configuration, logKey string) error {
	if err := c.verifyCheckpoint(logKey); err != nil {
		return fmt.Errorf("%w: %w", checkpoint.ErrNotProven, err)
	}
	if err := c.verifyHead(cfg); err != nil {
		return fmt.Errorf("%w: %w", checkpoint.ErrNotProven, err)
	}
	return nil
}

// verifyCheckpoint verifies that the log has another leaf than LogEntry.
func (c *EntryConflict) verifyCheckpoint(logKey string) error {
	policy, err := checkpoint.ParsePolicy(fmt.Appendf(nil, "log %s\nquorum %s\n", logKey, checkpoint.QuorumNone))
	if err != nil {
		return err
	}
	signed, err := policy.Open(c.Checkpoint)
	if err != nil {
		return err
	}
	hashes, err := hashesFrom(append([][]byte{c.LeafHash}, c.Inclusion...))
	switch {
	case err != nil:
		return err
	case c.Index >= signed.Size:
		return fmt.Errorf("the checkpoint has %d entries, and not entry %d", signed.Size, c.Index)
	case hashes[0] == merkle.Hash(rfc6962.DefaultHasher.HashLeaf(c.LogEntry)):
		return errors.New("the log has the very entry")
	}
	return proof.VerifyInclusion(rfc6962.DefaultHasher, c.Index, signed.Size, c.LeafHash, c.Inclusion, signed.Root[:])
}

// verifyHead verifies that the directory's head covers LogEntry.
func (c *EntryConflict) verifyHead(cfg *keytrans.Configuration) error {
	entry, err := keytrans.ParseLogEntry(c.LogEntry)
	if err != nil {
		return err
	}
	path, err := hashesFrom(c.Path)
	switch {
	case err != nil:
		return err
	case c.TreeSize == 0:
		return errors.New("there is no signed head of the directory over the entry")
	}
	leaf := logtree.Leaf{Pos: c.Index, Value: entry.Hash()}
	r, err := logtree.Evaluate(c.TreeSize, 0, nil, []logtree.Leaf{leaf}, path)
	if err != nil {
		return err
	}
	return keytrans.VerifyTreeHead(cfg, &keytrans.TreeHead{TreeSize: c.TreeSize, Signature: c.Signature}, r.Root)
}

// same reports whether other is evidence that the log has, in the place of the same
// log entry, the same other leaf, be it under another checkpoint, and proves it to
// as many. The arguments are those of Verify.
func (c *EntryConflict) same(other *EntryConflict, cfg *keytrans.Configuration, logKey string) bool {
	switch {
	case other == nil || c.Index != other.Index || !bytes.Equal(c.LogEntry, other.LogEntry) || !bytes.Equal(c.LeafHash, other.LeafHash):
		return false
	case c.TreeSize == 0 || other.TreeSize == 0:
		return c.TreeSize == other.TreeSize && other.verifyCheckpoint(logKey) == nil
	}
	return other.Verify(cfg, logKey) == nil
}

// sameInconsistency reports whether b is evidence that the same checkpoint as in a
// is contradicted by the same history, be it longer or shorter.
func sameInconsistency(a, b *checkpoint.Inconsistency, policy *checkpoint.Policy) bool {
	if b == nil || !bytes.Equal(a.RootAtOlder, b.RootAtOlder) || b.Verify(policy) != nil {
		return false
	}
	older, err := checkpoint.Peek(a.Older)
	other, otherErr := checkpoint.Peek(b.Older)
	return err == nil && otherErr == nil && older == other
}

func hashesFrom(list [][]byte) ([]merkle.Hash, error) {
	out := make([]merkle.Hash, len(list))
	for i, b := range list {
		// Pieces of another length could be the same bytes, cut elsewhere.
		if len(b) != merkle.HashSize {
			return nil, fmt.Errorf("a hash has %d bytes", len(b))
		}
		out[i] = merkle.Hash(b)
	}
	return out, nil
}

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
		cause = fmt.Errorf("the log %s has signed two histories: two states of %d entries differ", newer.Origin, newer.Size)
	}
	e := s.witnessEvidence(EvidenceInconsistency, cause)
	e.Inconsistency = i
	return s.accuse(e, stepCheckpoints, cause)
}

// witnessEvidence begins the evidence that no exchange led to.
func (s *session) witnessEvidence(kind string, cause error) *evidence {
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
	conflict := &EntryConflict{
		Index: e.Position, LogEntry: e.Marshal(), TreeSize: e.head.TreeSize, Signature: e.head.Signature, Path: bytesOf(e.path),
		Checkpoint: c.checkpoint.Note, LeafHash: c.leaf[:], Inclusion: bytesOf(c.inclusion),
	}
	key := s.state.inForce().policy.log.VerifierKey
	err := conflict.verifyCheckpoint(key)
	if err == nil && e.head.TreeSize > 0 {
		err = conflict.verifyHead(s.verifier.Configuration())
	}
	if err != nil {
		return fail(Undecided, stepEntry, fmt.Errorf("what looks like a contradiction does not verify: %w", err))
	}
	cause := fmt.Errorf("the directory showed this client another log entry %d than is in the log of %d entries that %s: %s",
		e.Position, c.checkpoint.Size, seenBy(c.checkpoint), s.explainEntry(ctx, c.checkpoint))
	if e.head.TreeSize == 0 {
		cause = fmt.Errorf("%w (others cannot check that: this client verified the entry before it had a witness policy, kept no proof of it under the directory's signature, and did not get it again)", cause)
	}
	out := s.witnessEvidence(EvidenceEntry, cause)
	out.Entry = conflict
	return s.accuse(out, stepEntry, cause)
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
