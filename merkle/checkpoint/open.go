package checkpoint

import (
	"errors"
	"fmt"
	"time"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// Signed is a checkpoint whose signatures a policy has verified.
type Signed struct {
	Checkpoint
	// Note is the signed note.
	Note []byte
	// Log is the log that signed it.
	Log *Log
	// Cosignatures are those of the policy's witnesses, in its order.
	Cosignatures []Cosignature

	policy *Policy
}

// Cosignature tells that a witness has seen a log grow to a checkpoint.
type Cosignature struct {
	// Witness is what the policy calls the witness.
	Witness string
	// Time is when it signed, by its clock, to the second.
	Time time.Time
}

// ErrNotSigned is returned for a checkpoint that no log of the policy signed.
var ErrNotSigned = errors.New("no log of the policy has signed the checkpoint")

// ErrQuorum is wrapped by the error for a checkpoint that too few witnesses have
// cosigned.
var ErrQuorum = errors.New("too few of the policy's witnesses have cosigned the checkpoint")

// Open verifies a checkpoint: that a log of the policy signed it, whose origin is
// the checkpoint's, and every cosignature of the policy's witnesses on it. That
// these are enough is for Signed.Witnessed to say. Signatures by other keys are
// ignored.
//
// The error wraps ErrMalformed or ErrNotSigned, or is a
// *note.InvalidSignatureError of golang.org/x/mod/sumdb/note: a note with a bad
// signature by a known key is refused whole (C2SP signed-note, "Signatures").
func (p *Policy) Open(signed []byte) (*Signed, error) {
	var keys []note.Verifier
	for _, k := range p.keys() {
		keys = append(keys, k.Verifier)
	}
	n, err := openNote(signed, keys)
	if err != nil {
		return nil, err
	}
	c, err := ParseText(n.Text)
	if err != nil {
		return nil, err
	}
	s := &Signed{Checkpoint: c, Note: signed, policy: p}
	for i := range p.Logs {
		if p.Logs[i].Origin == c.Origin && signatureOf(n, p.Logs[i].key) != nil {
			s.Log = &p.Logs[i]
		}
	}
	if s.Log == nil {
		return nil, ErrNotSigned
	}
	for i := range p.Witnesses {
		sig := signatureOf(n, p.Witnesses[i].key)
		if sig == nil {
			continue
		}
		at, err := f_note.CoSigV1Timestamp(*sig)
		if err != nil {
			return nil, fmt.Errorf("%w cosignature: %w", ErrMalformed, err)
		}
		// SPEC: It MUST NOT exceed 2^63 - 1.
		if at.Unix() < 0 {
			return nil, fmt.Errorf("%w cosignature: its time cannot be", ErrMalformed)
		}
		s.Cosignatures = append(s.Cosignatures, Cosignature{Witness: p.Witnesses[i].Name, Time: at})
	}
	return s, nil
}

// signatureOf returns the verified signature of a key, nil if there is none.
func signatureOf(n *note.Note, key verifierKey) *note.Signature {
	for i := range n.Sigs {
		if n.Sigs[i].Name == key.Name() && n.Sigs[i].Hash == key.KeyHash() {
			return &n.Sigs[i]
		}
	}
	return nil
}

// Witnessed returns nil if the cosignatures are a quorum, and an error that
// wraps ErrQuorum if they are not.
func (s *Signed) Witnessed() error {
	var names []string
	for _, c := range s.Cosignatures {
		names = append(names, c.Witness)
	}
	if s.policy.IsQuorum(names) {
		return nil
	}
	return fmt.Errorf("%w: %d of %d, which are not the quorum %q", ErrQuorum, len(names), len(s.policy.Witnesses), s.policy.quorum)
}
