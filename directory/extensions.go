package directory

import (
	"context"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// The methods below answer the requests of docs/extensions.md, with the errors
// of those of KEYTRANS.

// Absence answers q. The label need not exist; the error wraps
// keytrans.ErrRequest if what is said to be absent does.
func (d *Directory) Absence(_ context.Context, q *keytrans.AbsenceRequest) (*keytrans.AbsenceResponse, error) {
	return answerLabel(d, q.Label, func(log keytrans.Log, view *labelView) (*keytrans.AbsenceResponse, error) {
		if err := view.checkLast(q.Last); err != nil {
			return nil, err
		}
		return d.prover.Absence(log, view, q)
	})
}

// Batch answers q, or its first queries, all from one state. The error is that
// of ctx if it ends before they are answered.
func (d *Directory) Batch(ctx context.Context, q *keytrans.BatchRequest) ([]*keytrans.BatchAnswer, error) {
	s, err := d.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	if err := s.checkLast(q.Last); err != nil {
		return nil, err
	}
	return d.prover.Batch(s, func(name []byte) (keytrans.Label, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := checkLabelSize(name); err != nil {
			return nil, err
		}
		return s.view(name, d.keys)
	}, q)
}
