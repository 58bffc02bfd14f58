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
	out := s.describeMany(labels, found)
	if err == nil {
		err = s.checkAccounts(ctx, out)
	}
	if saveErr := s.saveDeferred(); err == nil {
		err = saveErr
	}
	w, err := s.concludeWaiting(ctx, err)
	if err != nil {
		return nil, err
	}
	var lookups []*LookupResult
	for i, one := range found {
		switch r := &out[i]; {
		case r.Lookup != nil:
			lookups = append(lookups, r.Lookup)
		case one.absence != nil:
			r.Err = one.absence.handOut(w)
		}
	}
	if err := s.handOut(ctx, w, lookups...); err != nil {
		return nil, err
	}
	for i := range out {
		if r := &out[i]; r.Lookup != nil && r.Lookup.found.refused != nil {
			r.Lookup, r.Err = nil, r.Lookup.found.refused
		}
	}
	return out, nil
}

// describeMany describes what became of many lookups.
func (s *session) describeMany(labels []string, found []outcome) []ManyResult {
	out := make([]ManyResult, len(found))
	for i, one := range found {
		out[i] = ManyResult{Label: labels[i], Err: one.err}
		if one.found != nil {
			out[i].Lookup = one.found.describe(s)
		}
	}
	return out
}

// question asks for a version of a label, the greatest if version is nil.
type question struct {
	label   string
	version *uint32
}

// keeping makes the changes to the next state that follow from what a search found,
// besides the view.
type keeping func(next *state, f *found) error

// outcome is what became of one of many questions. One of found, absence and err is
// set.
type outcome struct {
	found   *found
	absence *AbsenceResult
	err     error
	// claim is what the directory claims instead of proving anything, with err.
	claim keytrans.AnswerKind
}

// lookupMany looks labels up, in batches if the directory has them. The error is
// of kind Misbehaved; others belong to labels.
func (s *session) lookupMany(ctx context.Context, labels []string) ([]outcome, error) {
	questions := make([]question, len(labels))
	for i, label := range labels {
		questions[i].label = label
	}
	out := make([]outcome, 0, len(labels))
	batches := len(labels) > 1
	for len(out) < len(labels) {
		rest := questions[len(out):]
		more, err := s.askSome(ctx, rest, batches, s.keepContact)
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

// askSome asks the first of some questions: as many as fit in a batch, or one. It
// returns what became of at least one of them. The error is one that concerns others,
// too, and says that nothing was believed.
func (s *session) askSome(ctx context.Context, questions []question, batch bool, keep keeping) ([]outcome, error) {
	if batch {
		return s.askBatch(ctx, questions[:min(len(questions), keytrans.MaxBatch)], keep)
	}
	return s.askOne(ctx, questions[0], keep)
}

// askOne asks one of many questions by itself.
func (s *session) askOne(ctx context.Context, q question, keep keeping) ([]outcome, error) {
	var one outcome
	if one.found, one.err = s.search(ctx, q.label, q.version, keep); one.err != nil {
		one.found = nil
		one.absence, one.err = s.proveAbsent(ctx, q.label, q.version, one.err)
	}
	if err := one.err; KindOf(err) == Misbehaved || lost(err) != nil {
		return nil, err
	}
	return []outcome{one}, nil
}

// askBatch asks questions with one request. The directory may answer the first of
// them only.
func (s *session) askBatch(ctx context.Context, questions []question, keep keeping) ([]outcome, error) {
	q := &keytrans.BatchRequest{Last: s.state.view.Last()}
	for _, one := range questions {
		q.Queries = append(q.Queries, keytrans.BatchQuery{Label: []byte(one.label), Version: one.version})
	}
	const operation = "batch"
	var out []outcome
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
			one, err := s.singleExchange(next, questions[i], answers[i])
			if err != nil {
				return err
			}
			o, err := s.takeAnswer(next, questions[i], one, answers[i], &results[i], now, keep)
			var m *keytrans.Misbehaviour
			switch {
			case errors.As(err, &m):
				return s.contradiction(ctx, one, m) // with what is retained of this label
			case KindOf(err) == Attention:
				o = outcome{err: err}
			case err != nil:
				return fmt.Errorf("answer %d: %w", i, err)
			}
			out = append(out, o)
		}
		return nil
	}})
	if err == nil {
		for _, o := range out {
			if o.found != nil {
				s.keepFound(ctx, o.found)
			}
		}
	}
	return out, err
}

// singleExchange returns what the exchange for one answer of a batch would have been
// if it had been asked for by itself, with the view that the answers before it lead
// to (docs/extensions.md). For an answer that proves nothing, there is none.
func (s *session) singleExchange(next *state, q question, a *keytrans.BatchAnswer) (exchange, error) {
	x := exchange{label: q.label, view: next.view, proofs: next.proofs}
	cfg, last := s.verifier.Configuration(), next.view.Last()
	var requestErr, err error
	switch {
	case a.Search != nil:
		x.operation = operationSearch
		x.request, requestErr = (&keytrans.SearchRequest{Last: last, Label: []byte(q.label), Version: q.version}).Marshal()
		x.response, err = a.Search.Marshal(cfg)
	case a.Absence != nil:
		x.operation = operationAbsence
		x.request, requestErr = (&keytrans.AbsenceRequest{Last: last, Label: []byte(q.label), Version: q.version}).Marshal()
		x.response, err = a.Absence.Marshal(cfg)
	}
	return x, errors.Join(requestErr, err)
}

// takeAnswer makes the changes to next that follow from a verified answer to one
// question. x is the exchange about that.
func (s *session) takeAnswer(next *state, q question, x exchange, a *keytrans.BatchAnswer, r *keytrans.BatchResult, now time.Time, keep keeping) (outcome, error) {
	before := next.view
	switch r.Kind {
	case keytrans.AnswerSearch:
		f := &found{label: q.label, greatest: q.version == nil, before: before, response: a.Search, exchange: x, at: now, SearchResult: r.Search}
		return outcome{found: f}, s.take(next, f, keep)
	case keytrans.AnswerAbsence:
		absence, err := s.takeAbsence(next, q.label, q.version, before, a.Absence, r.Absence, now)
		return outcome{absence: absence}, err
	}
	return outcome{err: claimed(r.Kind), claim: r.Kind}, nil
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
