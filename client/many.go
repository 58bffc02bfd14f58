package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// ManyResult is what LookupMany found out about one label.
type ManyResult struct {
	Label string
	// Lookup is the verified value, nil if Err is not.
	Lookup *LookupResult
	// Err is why there is none: an *Error, of kind Absent if that is proven.
	Err error
}

// Kind returns what the result asks of the user.
func (r *ManyResult) Kind() Kind {
	if r.Err != nil {
		return KindOf(r.Err)
	}
	return r.Lookup.Kind()
}

// beginMany begins a session about many labels, in which the state is stored now and
// then: see deferStoring.
func (c *Client) beginMany(ctx context.Context, labels []string) (*session, error) {
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return nil, err
		}
	}
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	s.deferStoring()
	return s, nil
}

// LookupMany looks up the greatest versions of labels, as Lookup does one by one,
// with as few requests as the directory permits (docs/extensions.md). A label that
// cannot be looked up does not keep others from being looked up: there is a result
// for each label, in order. The error is what concerns them all.
func (c *Client) LookupMany(ctx context.Context, labels []string) ([]ManyResult, error) {
	s, err := c.beginMany(ctx, labels)
	if err != nil {
		return nil, err
	}
	defer s.end()
	found, err := s.lookupMany(ctx, labels)
	if err == nil {
		err = s.checkAccounts(ctx, found)
	}
	if saveErr := s.saveDeferred(); err == nil {
		err = saveErr
	}
	w, err := s.concludeWaiting(ctx, err)
	if err != nil {
		return nil, err
	}
	var lookups []*LookupResult
	for i := range found {
		if found[i].lookup != nil {
			lookups = append(lookups, found[i].lookup)
		}
	}
	if err := s.handOut(ctx, w, lookups...); err != nil {
		return nil, err
	}
	out := make([]ManyResult, len(labels))
	for i, one := range found {
		switch {
		case one.absence != nil:
			one.err = one.absence.handOut(w)
		case one.lookup != nil && one.lookup.found.refused != nil:
			one = outcome{err: one.lookup.found.refused}
		}
		out[i] = ManyResult{labels[i], one.lookup, one.err}
	}
	return out, nil
}

// outcome is what became of one of many lookups. One field is set.
type outcome struct {
	lookup  *LookupResult
	absence *AbsenceResult
	err     error
}

// lookupMany looks labels up, in batches if the directory has them. The error is
// of kind Misbehaved; others belong to labels.
func (s *session) lookupMany(ctx context.Context, labels []string) ([]outcome, error) {
	out := make([]outcome, 0, len(labels))
	batches := len(labels) > 1
	for len(out) < len(labels) {
		rest := labels[len(out):]
		var more []outcome
		var err error
		if batches {
			more, err = s.lookupBatch(ctx, rest[:min(len(rest), keytrans.MaxBatch)])
		} else {
			more, err = s.lookupOne(ctx, rest[0])
		}
		var p *Problem
		switch {
		case KindOf(err) == Misbehaved:
			return nil, err
		case batches && errors.As(err, &p) && p.lacksOperation():
			batches = false
			continue
		case err != nil: // the rest would fare no better
			more = make([]outcome, len(rest))
			for i := range more {
				more[i].err = err
			}
		}
		out = append(out, more...)
	}
	return out, nil
}

// lookupOne looks one of many labels up. The error is one that concerns the
// others, too.
func (s *session) lookupOne(ctx context.Context, label string) ([]outcome, error) {
	var one outcome
	if one.lookup, one.err = s.lookup(ctx, label, nil); one.err != nil {
		one.absence, one.err = s.proveAbsent(ctx, label, nil, one.err)
	}
	if err := one.err; KindOf(err) == Misbehaved || lost(err) != nil {
		return nil, err
	}
	return []outcome{one}, nil
}

// lookupBatch looks labels up with one request. The directory may answer the first
// of them only. The error is that nothing of the answer was believed.
func (s *session) lookupBatch(ctx context.Context, labels []string) ([]outcome, error) {
	q := &keytrans.BatchRequest{Last: s.state.view.Last()}
	for _, label := range labels {
		q.Queries = append(q.Queries, keytrans.BatchQuery{Label: []byte(label)})
	}
	const operation = "batch"
	var (
		out  []outcome
		kept []*found
	)
	err := s.do(ctx, query{operation: operation, request: q, verify: func(response []byte, next *state) error {
		answers, err := keytrans.ParseBatchAnswers(s.verifier.Configuration(), q, response)
		if err != nil {
			return err
		}
		now := s.cfg.Now()
		results, err := s.verifier.Batch(next.view, q, answers, now)
		if err != nil {
			return err
		}
		for i := range results {
			one, err := s.singleExchange(next, labels[i], answers[i])
			if err != nil {
				return err
			}
			o, err := s.takeAnswer(next, one, answers[i], &results[i], now)
			var m *keytrans.Misbehaviour
			switch {
			case errors.As(err, &m):
				return s.contradiction(ctx, one, m) // with what is retained of this label
			case KindOf(err) == Attention:
				o = outcome{err: err}
			case err != nil:
				return fmt.Errorf("answer %d: %w", i, err)
			}
			if out = append(out, o); o.lookup != nil {
				kept = append(kept, o.lookup.found)
			}
		}
		return nil
	}})
	if err == nil {
		for _, f := range kept {
			s.keepFound(ctx, f)
		}
	}
	return out, err
}

// singleExchange returns what the exchange for one answer of a batch would have been
// if it had been asked for by itself, with the view that the answers before it lead
// to (docs/extensions.md). For an answer that proves nothing, there is none.
func (s *session) singleExchange(next *state, label string, a *keytrans.BatchAnswer) (exchange, error) {
	x := exchange{label: label, view: next.view, proofs: next.proofs}
	cfg, last := s.verifier.Configuration(), next.view.Last()
	var requestErr, err error
	switch {
	case a.Search != nil:
		x.operation = operationSearch
		x.request, requestErr = (&keytrans.SearchRequest{Last: last, Label: []byte(label)}).Marshal()
		x.response, err = a.Search.Marshal(cfg)
	case a.Absence != nil:
		x.operation = operationAbsence
		x.request, requestErr = (&keytrans.AbsenceRequest{Last: last, Label: []byte(label)}).Marshal()
		x.response, err = a.Absence.Marshal(cfg)
	}
	return x, errors.Join(requestErr, err)
}

// takeAnswer makes the changes to next that follow from a verified answer to one
// query, which x is about.
func (s *session) takeAnswer(next *state, x exchange, a *keytrans.BatchAnswer, r *keytrans.BatchResult, now time.Time) (outcome, error) {
	before := next.view
	switch r.Kind {
	case keytrans.AnswerSearch:
		f := &found{label: x.label, greatest: true, before: before, response: a.Search, exchange: x, at: now, SearchResult: r.Search}
		if err := s.take(next, f, s.keepContact); err != nil {
			return outcome{}, err
		}
		return outcome{lookup: f.describe(s)}, nil
	case keytrans.AnswerAbsence:
		absence, err := s.takeAbsence(next, x.label, nil, before, a.Absence, r.Absence, now)
		return outcome{absence: absence}, err
	}
	return outcome{err: claimed(r.Kind)}, nil
}

// claimed returns the error for an answer that is the directory's word only.
func claimed(kind keytrans.AnswerKind) *Error {
	what := map[keytrans.AnswerKind]string{
		keytrans.AnswerErased: "the value was erased", keytrans.AnswerExpired: "the version has expired",
	}[kind]
	if what == "" {
		what = "it cannot answer for this label"
	}
	return fail(Undecided, "asking for batch", fmt.Errorf("the directory says that %s; that is not proven", what))
}
