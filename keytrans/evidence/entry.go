package evidence

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// EntryConflict is evidence that a directory has shown two histories: a log entry
// under its signed tree head (KEYTRANS), and another one in its place under a
// checkpoint of its public log.
type EntryConflict struct {
	// Index is the position of the log entry.
	Index uint64 `json:"index"`
	// LogEntry is what the directory showed to the finder, the encoding of a
	// keytrans.LogEntry.
	LogEntry []byte `json:"log_entry"`
	// TreeSize and Signature are a tree head of the directory, and Path is what
	// proves LogEntry to be covered by it: the elements of logtree.Proof for this
	// entry alone. TreeSize is 0 if the finder does not have that proof.
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

func (e *Evidence) verifyLogEntry() (*Proof, error) {
	l, err := openLog(e.Configuration)
	if err != nil {
		return nil, err
	}
	c := e.LogEntry
	if err := c.VerifyCheckpoint(e.Log); err != nil {
		return nil, err
	}
	if c.TreeSize == 0 {
		return nil, fmt.Errorf("%w: it has no signed head of the directory over the entry", ErrReport)
	}
	if err := c.verifyHead(l.cfg); err != nil {
		return nil, err
	}
	return &Proof{Rule: ruleOneHistory, Found: fmt.Sprintf("log entry %d is one in the log of %d entries that the directory signed, and another in its public log", c.Index, c.TreeSize)}, nil
}

// Verify returns nil if c is proof. cfg is the directory's Configuration, and
// logKey the verifier key of its log: whoever accuses a directory must know from
// elsewhere that they belong together. The witnesses do not matter. The error
// wraps ErrNotProof.
func (c *EntryConflict) Verify(cfg *keytrans.Configuration, logKey string) error {
	if err := c.VerifyCheckpoint(logKey); err != nil {
		return err
	}
	if err := c.verifyHead(cfg); err != nil {
		return fmt.Errorf("%w: %w", ErrNotProof, err)
	}
	return nil
}

// VerifyCheckpoint verifies one half of c: that the log has another leaf than
// LogEntry. The error wraps ErrNotProof.
func (c *EntryConflict) VerifyCheckpoint(logKey string) error {
	if err := c.verifyCheckpoint(logKey); err != nil {
		return fmt.Errorf("%w: %w", ErrNotProof, err)
	}
	return nil
}

func (c *EntryConflict) verifyCheckpoint(logKey string) error {
	policy, err := logPolicy(logKey)
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
	p := &EntryProof{TreeSize: c.TreeSize, Path: Hashes(path)}
	root, err := p.root(keytrans.Entry{Position: c.Index, LogEntry: entry})
	if err != nil {
		return err
	}
	return keytrans.VerifyTreeHead(cfg, &keytrans.TreeHead{TreeSize: c.TreeSize, Signature: c.Signature}, root)
}

// same reports whether other is evidence that the log has, in the place of the same
// log entry, the same other leaf, be it under another checkpoint, and proves it to
// as many. The arguments are those of Verify.
func (c *EntryConflict) same(other *EntryConflict, cfg *keytrans.Configuration, logKey string) bool {
	switch {
	case c.Index != other.Index || !bytes.Equal(c.LogEntry, other.LogEntry) || !bytes.Equal(c.LeafHash, other.LeafHash):
		return false
	case c.TreeSize == 0 || other.TreeSize == 0:
		return c.TreeSize == other.TreeSize && other.VerifyCheckpoint(logKey) == nil
	}
	return other.Verify(cfg, logKey) == nil
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
