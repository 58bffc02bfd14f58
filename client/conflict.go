package client

import (
	"context"
	"errors"
	"fmt"

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
	stepEntry       = "comparing the log with what the witnesses have seen"
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
	e := s.witnessEvidence(EvidenceCheckpoints, cause)
	e.Checkpoints = i
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
	cause := fmt.Errorf("the directory showed this client another log entry %d than is in the log of %d entries that %s: one of the two is a history for some eyes only",
		e.Position, c.checkpoint.Size, seenBy(c.checkpoint))
	if e.head.TreeSize == 0 {
		cause = fmt.Errorf("%w (others cannot check that: this client verified the entry before it had a witness policy, kept no proof of it under the directory's signature, and did not get it again)", cause)
	}
	out := s.witnessEvidence(EvidenceEntry, cause)
	out.Entry = conflict
	return s.accuse(out, stepEntry, cause)
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
	fresh, err := s.asNewcomer(ctx)
	if err != nil {
		s.cfg.Logger.DebugContext(ctx, "proving a log entry again", "err", err)
		return e
	}
	proven, err := provenEntries(&keytrans.View{}, fresh.Verified, fresh.proof.Inclusion)
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
