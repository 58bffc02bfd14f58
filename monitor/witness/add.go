package witness

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// refusal is an answer that is not a cosignature. It is an error.
type refusal struct {
	status int
	text   string // told to whoever asks
	// size is the latest that was cosigned, with StatusConflict.
	size uint64
}

// Error implements error.
func (r *refusal) Error() string { return fmt.Sprintf("%d: %s", r.status, r.text) }

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status: status, text: fmt.Sprintf(format, args...)}
}

// submission is a checkpoint that the log has signed.
type submission struct {
	checkpoint.Checkpoint
	text string
	sigs []note.Signature // of the log's keys, verified
}

// note returns the signed note, without signatures by other keys.
func (s *submission) note() ([]byte, error) {
	return note.Sign(&note.Note{Text: s.text, Sigs: s.sigs})
}

// openSubmission verifies the signatures of the log's keys.
func (l *witnessed) openSubmission(signed []byte) (*submission, *refusal) {
	// SPEC: The witness MUST verify the checkpoint signature against the public key(s)
	// it trusts for the checkpoint origin, and it MUST ignore signatures from unknown
	// keys.
	n, err := openNote(signed, l.verifiers)
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &invalid):
		return nil, refuse(http.StatusForbidden, "a signature by the log's key does not verify")
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "the checkpoint is malformed")
	case len(n.Sigs) == 0:
		return nil, refuse(http.StatusForbidden, "no key that is known for this log has signed the checkpoint")
	}
	c, err := checkpoint.ParseText(n.Text)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the checkpoint is malformed")
	}
	return &submission{c, n.Text, n.Sigs}, nil
}

// add answers a request of add-checkpoint. The error is a *refusal, or says what
// failed on this machine. The checks are in the order of C2SP tlog-witness.
func (w *Witness) add(ctx context.Context, body []byte) (*anchor, error) {
	req, err := checkpoint.ParseAddCheckpoint(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	c, err := checkpoint.Peek(req.Note)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	// SPEC: If the checkpoint origin is unknown, the witness MUST respond with a "404
	// Not Found" HTTP status code.
	l := w.logs[c.Origin]
	if l == nil {
		return nil, refuse(http.StatusNotFound, "this log is not witnessed here")
	}
	s, refused := l.openSubmission(req.Note)
	if refused != nil {
		return nil, refused
	}
	// SPEC: The old size MUST be equal to or lower than the checkpoint size. Otherwise,
	// the witness MUST respond with a "400 Bad Request" HTTP status code.
	if req.Old > s.Size {
		return nil, refuse(http.StatusBadRequest, "the old size is larger than the checkpoint's")
	}
	if err := w.step("verified"); err != nil {
		return nil, err
	}
	a, err := w.update(ctx, l, s, func(latest *anchor) error { return check(latest, s, req.Old, req.Proof) })
	if errors.As(err, &refused) {
		w.keepRefused(ctx, l, s, refused)
	}
	return a, err
}

// check returns nil if a checkpoint continues the latest one that was cosigned.
func check(latest *anchor, s *submission, old uint64, proof []merkle.Hash) error {
	before := checkpoint.Checkpoint{Root: merkle.Hash(rfc6962.DefaultHasher.EmptyRoot())}
	if latest != nil {
		before = latest.Checkpoint
	}
	// SPEC: The witness MUST check that the old size matches the size of the latest
	// checkpoint it cosigned for the checkpoint's origin (or zero if it never cosigned a
	// checkpoint for that origin). If it doesn't match, the witness MUST respond with a
	// "409 Conflict" HTTP status code.
	if old != before.Size {
		return &refusal{http.StatusConflict, "the old size is not that of the latest checkpoint", before.Size}
	}
	// SPEC: If the proof is not empty when the old size is zero, or if a Merkle
	// Consistency Proof doesn't verify, the witness MUST respond with a "422
	// Unprocessable Entity" HTTP status code. (So it must if the size is zero, and the
	// root not that of the empty tree; or if the old size matches, and the roots don't.)
	if err := checkpoint.VerifyConsistency(before, s.Checkpoint, proof); err != nil {
		return refuse(http.StatusUnprocessableEntity, "the checkpoint does not continue the latest one: %v", err)
	}
	return nil
}

// update cosigns a checkpoint if check returns nil for the latest one, and makes it
// the latest one. The error is that of check, a *refusal, or of this machine.
//
// SPEC: Checking the old size against the latest checkpoint and persisting the new
// checkpoint must be performed atomically.
func (w *Witness) update(ctx context.Context, l *witnessed, s *submission, check func(latest *anchor) error) (*anchor, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.damage != nil {
		w.cfg.Logger.WarnContext(ctx, "not cosigned", "origin", l.origin, "err", l.damage)
		return nil, refuse(http.StatusServiceUnavailable, "this witness cannot tell at present what it has cosigned of this log, or is closing")
	}
	if err := check(l.latest); err != nil {
		return nil, err
	}
	// A cosignature has the time to the second: within one, it is the same again.
	now := w.cfg.Now().Unix()
	if l.latest != nil && l.latest.at == now && l.latest.has(s) {
		return l.latest, nil
	}
	a, err := cosign(w.key, now, s.Checkpoint, s.text, s.sigs)
	if err != nil {
		return nil, err
	}
	// SPEC: The witness MUST persist the new checkpoint before responding.
	if err := w.put(l, a); err != nil {
		// It may be stored or not. Only the disk can tell.
		l.damage = fmt.Errorf("storing the checkpoint of %d entries: %w", a.Size, err)
		return nil, l.damage
	}
	l.set(a)
	w.metrics.latest(l)
	w.cfg.Logger.InfoContext(ctx, "cosigned", "origin", l.origin, "tree_size", a.Size)
	return a, nil
}

func (w *Witness) put(l *witnessed, a *anchor) error {
	w.storeMu.RLock()
	defer w.storeMu.RUnlock()
	if w.store == nil {
		return errClosed
	}
	return w.store.put(l.hash, a.note)
}
