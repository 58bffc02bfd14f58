package client

import (
	"context"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// older is where older versions of a label come from: the directory, but for those
// that were looked up already.
type older struct {
	*session
	label string
	had   map[uint32]past
}

func (s *session) olderOf(label string) *older {
	return &older{s, label, make(map[uint32]past)}
}

// get returns an older version.
func (o *older) get(ctx context.Context, version uint32) (past, error) {
	if p, ok := o.had[version]; ok {
		return p, nil
	}
	p, err := o.pastVersion(ctx, o.label, version)
	if err == nil {
		o.had[version] = p
	}
	return p, err
}

// fetch looks up the versions from first up to, but without, end that it can with as
// few requests as the directory permits. What batches have no value of is left to get.
// The error is of kind Misbehaved, or that what was proven makes no sense.
func (o *older) fetch(ctx context.Context, first, end uint64) error {
	var questions []question
	for version := first; version < end; version++ {
		if _, ok := o.had[uint32(version)]; !ok {
			questions = append(questions, question{o.label, new(uint32(version))})
		}
	}
	for len(questions) > 1 {
		answered, err := o.askOlder(ctx, questions, map[string]*older{o.label: o})
		if err != nil {
			return err
		}
		if answered == 0 {
			return nil // one by one
		}
		questions = questions[answered:]
	}
	return nil
}

// askOlder asks for the first of some older versions, with one request, and adds those
// that have a value to what was had of their labels. It returns how many questions the
// directory answered, none if it does not answer many at once. The error is as that of
// fetch.
func (s *session) askOlder(ctx context.Context, questions []question, sources map[string]*older) (int, error) {
	found, err := s.askBatch(ctx, questions[:min(len(questions), keytrans.MaxBatch)], s.keepContact)
	if KindOf(err) == Misbehaved {
		return 0, err
	}
	for _, o := range found {
		if o.found == nil {
			continue
		}
		p, err := o.found.past()
		if err != nil {
			return 0, fail(Undecided, stepAccount, err)
		}
		sources[p.Label].had[p.Number] = p
	}
	if err != nil {
		return 0, nil
	}
	return len(found), nil
}
