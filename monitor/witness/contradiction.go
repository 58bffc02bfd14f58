package witness

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
)

// Bounds of what is kept of one log.
const (
	maxEvidence = 16
	maxRefused  = 4
)

// keepRefused keeps what a log's key has signed and was not cosigned.
//
// SPEC: If the origin is known, and the signature is valid, the witness MAY log the
// request even if the checkpoint fails one of the consistency checks above (but MUST
// NOT cosign the checkpoint), as it might be proof of log misbehavior.
func (w *Witness) keepRefused(ctx context.Context, l *witnessed, s *submission, why *refusal) {
	note, err := s.note()
	latest := l.published.Load()
	switch {
	case err != nil || latest == nil || s.Size == 0 || s.Checkpoint == latest.Checkpoint:
		return
	case s.Size == latest.Size && s.Root != latest.Root: // whatever it was refused for
		err = w.accuse(ctx, l, latest.note, note)
	case why.status == http.StatusUnprocessableEntity:
		// The log or the proof is wrong, which anybody can have made.
		err = w.storeRefused(l, note)
	}
	if err != nil {
		w.cfg.Logger.ErrorContext(ctx, "a refused checkpoint could not be kept", "origin", l.origin, "err", err)
	}
}

func (w *Witness) storeRefused(l *witnessed, note []byte) error {
	sum := sha256.Sum256(note)
	path := w.path(l, refusedName, fmt.Sprintf("%x", sum[:8]))
	w.keepMu.Lock()
	defer w.keepMu.Unlock()
	names, err := list(w.path(l, refusedName))
	if err != nil || exists(path) || len(names) >= maxRefused {
		return err
	}
	return writeFile(path, note)
}

// path returns a path in the folder of a log.
func (w *Witness) path(l *witnessed, names ...string) string {
	return filepath.Join(append([]string{w.cfg.Dir, logsName, l.hash}, names...)...)
}

// accuse stores two checkpoints of one size as evidence.
func (w *Witness) accuse(ctx context.Context, l *witnessed, first, second []byte) error {
	a, b, err := l.pair(first, second)
	if err != nil {
		return err
	}
	found, err := monitor.CompareCheckpoints(ctx, nil, a, b)
	if err != nil || found == nil {
		return err
	}
	return w.storeEvidence(l, found, b)
}

func (w *Witness) storeEvidence(l *witnessed, found *checkpoint.Inconsistency, newer *checkpoint.Signed) error {
	w.keepMu.Lock()
	defer w.keepMu.Unlock()
	names, err := list(w.path(l, evidenceName))
	if err != nil || len(names) >= maxEvidence {
		return err
	}
	path, err := monitor.StoreInconsistency(w.path(l), found, newer, w.cfg.Now())
	if err == nil {
		w.cfg.Logger.Error("a log has shown two histories", "origin", l.origin, "file", path)
	}
	return err
}

// pair opens two notes with a key that signed both, if there is one: only then can
// they prove anything.
func (l *witnessed) pair(first, second []byte) (a, b *checkpoint.Signed, err error) {
	for _, policy := range l.single {
		a, err = policy.Open(first)
		if err != nil {
			continue
		}
		if b, err = policy.Open(second); err == nil {
			return a, b, nil
		}
	}
	if a, err = l.signed(first); err == nil {
		b, err = l.signed(second)
	}
	return a, b, err
}

// signed opens a note, which can be one that was cosigned when the log had another key
// that is not known any more.
func (l *witnessed) signed(note []byte) (*checkpoint.Signed, error) {
	s, err := l.policy.Open(note)
	if err == nil {
		return s, nil
	}
	c, peeked := checkpoint.Peek(note)
	if peeked != nil {
		return nil, err
	}
	return &checkpoint.Signed{Checkpoint: c, Note: note, Log: &checkpoint.Log{Origin: l.origin, VerifierKey: "a key that is not known any more"}}, nil
}

// compare compares two notes by the tiles of the log. The result is true if they
// contradict each other, which is stored as evidence, and the error is one of
// monitor.CompareCheckpoints.
func (w *Witness) compare(ctx context.Context, l *witnessed, from monitor.Source, first, second []byte) (bool, error) {
	a, b, err := l.pair(first, second)
	if err != nil {
		return false, err
	}
	found, err := monitor.CompareCheckpoints(ctx, from, a, b)
	if err != nil || found == nil {
		return false, err
	}
	if a.Size > b.Size {
		b = a
	}
	return true, w.storeEvidence(l, found, b)
}

// settleRefused compares the refused checkpoints of a log with the latest one, and
// forgets those that prove something, or that the log does continue. It returns how
// many are left: nobody can tell.
func (w *Witness) settleRefused(ctx context.Context, l *witnessed) (left int, err error) {
	names, err := list(w.path(l, refusedName))
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		settled, err := w.settle(ctx, l, name)
		if settled {
			err = os.Remove(name)
		}
		if err != nil {
			return left, err
		}
		if !settled {
			left++
		}
	}
	return left, nil
}

func (w *Witness) settle(ctx context.Context, l *witnessed, name string) (bool, error) {
	note, err := readSmall(name, maxBody)
	if err != nil || note == nil {
		return false, err
	}
	latest := l.published.Load()
	if _, err := l.policy.Open(note); err != nil || latest == nil {
		return true, nil // a damaged file, or of a key that is not trusted any more
	}
	for _, s := range l.sources {
		if _, err = w.compare(ctx, l, s, latest.note, note); err == nil {
			return true, nil
		}
	}
	w.cfg.Logger.InfoContext(ctx, "a refused checkpoint cannot be compared", "origin", l.origin, "err", err)
	return false, nil
}
