package checkpoint

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Inconsistency is evidence that a log has shown two histories: two checkpoints
// that it signed, of which neither continues the other.
type Inconsistency struct {
	// Older is the signed checkpoint of fewer entries, or of as many, and Newer
	// the other one.
	Older []byte `json:"older"`
	Newer []byte `json:"newer"`
	// RootAtOlder is the root that the tree of Newer has over the entries that
	// Older has, and Proof the RFC 6962 consistency proof from it to Newer's root.
	// The size being the same, it is Newer's root, and the proof empty.
	RootAtOlder []byte   `json:"root_at_older"`
	Proof       [][]byte `json:"proof"`
}

// NewInconsistency returns the evidence that two checkpoints contradict each
// other. Requires that older has at most as many entries as newer.
func NewInconsistency(older, newer *Signed, rootAtOlder merkle.Hash, consistency []merkle.Hash) *Inconsistency {
	i := &Inconsistency{Older: older.Note, Newer: newer.Note, RootAtOlder: rootAtOlder[:], Proof: [][]byte{}}
	for _, h := range consistency {
		i.Proof = append(i.Proof, bytes.Clone(h[:]))
	}
	return i
}

// ErrNotProven is wrapped by the error for evidence that proves nothing.
var ErrNotProven = errors.New("this does not prove that the log has shown two histories")

// Verify returns nil if i is proof. It trusts nothing but the log's key in the
// policy; the witnesses do not matter. The error is one of Policy.Open or wraps
// ErrNotProven.
func (i *Inconsistency) Verify(policy *Policy) error {
	older, err := policy.Open(i.Older)
	if err != nil {
		return fmt.Errorf("the older checkpoint: %w", err)
	}
	newer, err := policy.Open(i.Newer)
	if err != nil {
		return fmt.Errorf("the newer checkpoint: %w", err)
	}
	switch {
	case older.Log.VerifierKey != newer.Log.VerifierKey:
		return fmt.Errorf("%w: the checkpoints are of two logs, or signed with two keys", ErrNotProven)
	case older.Size == 0 || older.Size > newer.Size:
		return fmt.Errorf("%w: the first checkpoint is not the older one", ErrNotProven)
	case bytes.Equal(i.RootAtOlder, older.Root[:]):
		return fmt.Errorf("%w: the older checkpoint has the very root", ErrNotProven)
	}
	// Pieces of another length could be the same bytes, cut elsewhere.
	for _, h := range append([][]byte{i.RootAtOlder}, i.Proof...) {
		if len(h) != merkle.HashSize {
			return fmt.Errorf("%w: a hash has %d bytes", ErrNotProven, len(h))
		}
	}
	err = proof.VerifyConsistency(rfc6962.DefaultHasher, older.Size, newer.Size, i.Proof, i.RootAtOlder, newer.Root[:])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotProven, readable(err))
	}
	return nil
}
