package client

import (
	"context"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// inBatches returns where the versions from first up to, but without, end come from: with
// as few requests as the directory permits. What batches have no value of is looked up
// by itself. The error is of kind Misbehaved.
func (s *session) inBatches(ctx context.Context, label string, first, end uint64) (pastVersions, error) {
	var questions []question
	for version := first; version < end; version++ {
		v := uint32(version)
		questions = append(questions, question{label, &v})
	}
	known := make(map[uint32]past)
	for len(questions) > 1 {
		found, err := s.askBatch(ctx, questions[:min(len(questions), keytrans.MaxBatch)], s.keepContact)
		if KindOf(err) == Misbehaved {
			return nil, err
		}
		for _, o := range found {
			if o.found == nil {
				continue
			}
			p, err := o.found.past()
			if err != nil {
				return nil, fail(Undecided, stepAccount, err)
			}
			known[p.Number] = p
		}
		if err != nil || len(found) == 0 {
			break // one by one
		}
		questions = questions[len(found):]
	}
	return func(ctx context.Context, label string, version uint32) (past, error) {
		if p, ok := known[version]; ok {
			return p, nil
		}
		return s.pastVersion(ctx, label, version)
	}, nil
}
