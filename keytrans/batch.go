package keytrans

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// This file is not part of the draft: it is the extension "ghostlight batch,
// version 1" of docs/extensions.md.

// MaxBatch is how many queries one BatchRequest can hold.
const MaxBatch = maxUint8Count

// ErrErased says that a version exists, but its value was deleted and can no
// longer be told.
var ErrErased = errors.New("the value was erased")

// BatchRequest asks for the values of several labels, all from one state of the
// log.
type BatchRequest struct {
	Last    *uint64
	Queries []BatchQuery // 1 to MaxBatch
}

// BatchQuery asks for a label's value: at Version, or the greatest version if
// that is nil.
type BatchQuery struct {
	Label   []byte
	Version *uint32
}

// AnswerKind says how a BatchQuery was answered.
type AnswerKind uint8

// The kinds of answers. The last three are the directory's claims, with nothing
// to verify.
const (
	AnswerSearch  AnswerKind = 1 // the value, as to a SearchRequest
	AnswerAbsence AnswerKind = 2 // there is none, as to an AbsenceRequest
	AnswerErased  AnswerKind = 3 // the value was deleted
	AnswerExpired AnswerKind = 4 // the version is older than the maximum lifetime
	AnswerRefused AnswerKind = 5 // the query makes no sense, or there is no value to tell
)

// BatchAnswer answers one BatchQuery. Search or Absence is set if Kind says so.
//
// The answers to one request are made one after the other: each is what it would
// be if it had been requested by a user who has verified the answers before it.
type BatchAnswer struct {
	Kind    AnswerKind
	Search  *SearchResponse
	Absence *AbsenceResponse
}

// BatchResult is the verified answer to one BatchQuery. Search or Absence is set
// if Kind says so.
type BatchResult struct {
	Kind    AnswerKind
	Search  *SearchResult
	Absence *AbsenceResult
}

// search and absence are the requests that q stands for, from a user whose last
// head has the given size.
func (q *BatchQuery) search(last *uint64) *SearchRequest {
	return &SearchRequest{Last: last, Label: q.Label, Version: q.Version}
}

func (q *BatchQuery) absence(last *uint64) *AbsenceRequest {
	return &AbsenceRequest{Last: last, Label: q.Label, Version: q.Version}
}

// Marshal returns the encoding of q.
func (q *BatchRequest) Marshal() ([]byte, error) {
	var b builder
	b.optional64(q.Last)
	b.count8(len(q.Queries))
	for _, one := range q.Queries {
		b.opaque8(one.Label)
		b.optional32(one.Version)
	}
	return b.Bytes()
}

// ParseBatchRequest decodes a BatchRequest. The error wraps ErrMalformed.
func ParseBatchRequest(data []byte) (*BatchRequest, error) {
	const minSize = 2 // of a query
	r := reader{s: data}
	q := &BatchRequest{Last: r.optional64("last")}
	q.Queries = vector8(&r, minSize, "queries", func() BatchQuery {
		return BatchQuery{Label: r.opaque8("label"), Version: r.optional32("version")}
	})
	return orError(q, &r)
}

// Marshal returns the encoding of a.
func (a *BatchAnswer) Marshal(c *Configuration) ([]byte, error) {
	var b builder
	b.AddUint8(uint8(a.Kind))
	switch {
	case a.Kind == AnswerSearch && a.Search != nil:
		a.Search.add(&b, c)
	case a.Kind == AnswerAbsence && a.Absence != nil:
		a.Absence.add(&b, c)
	case a.Kind < AnswerErased || a.Kind > AnswerRefused:
		b.SetError(fmt.Errorf("keytrans: a batch answer of kind %d without content", a.Kind))
	}
	return b.Bytes()
}

// MarshalBatchAnswers returns the encoding of the answers to one BatchRequest:
// back to back.
func MarshalBatchAnswers(c *Configuration, answers []*BatchAnswer) ([]byte, error) {
	var out []byte
	for _, a := range answers {
		b, err := a.Marshal(c)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// ParseBatchAnswers decodes the answers to q, of which there is at least one and
// at most one for each query. The error wraps ErrMalformed.
func ParseBatchAnswers(c *Configuration, q *BatchRequest, data []byte) ([]*BatchAnswer, error) {
	r := reader{s: data}
	var out []*BatchAnswer
	for _, query := range q.Queries {
		if len(out) > 0 && (r.err != nil || r.s.Empty()) {
			break
		}
		out = append(out, r.batchAnswer(c, &query))
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: an answer to no query", ErrMalformed)
	}
	return out, nil
}

func (r *reader) batchAnswer(c *Configuration, q *BatchQuery) *BatchAnswer {
	a := &BatchAnswer{Kind: AnswerKind(r.u8("kind"))}
	switch a.Kind {
	case AnswerSearch:
		a.Search = r.searchResponse(c, q.search(nil))
	case AnswerAbsence:
		a.Absence = r.absenceResponse(c)
	case AnswerErased, AnswerExpired, AnswerRefused:
	default:
		r.fail("kind")
	}
	return a
}

// defaultMaxBatchBytes is that of Prover.MaxBatchBytes.
const defaultMaxBatchBytes = 1 << 20

// Batch answers q, or as many of its queries, from the first on, as
// Prover.MaxBatchBytes permits. labels gives the labels of log; its error is
// Batch's own, unless it wraps ErrRequest.
func (p *Prover) Batch(log Log, labels func(name []byte) (Label, error), q *BatchRequest) ([]*BatchAnswer, error) {
	if len(q.Queries) == 0 {
		return nil, fmt.Errorf("%w: queries: there are none", ErrRequest)
	}
	var (
		out   []*BatchAnswer
		bytes int
		last  = q.Last
		size  = log.Head().TreeSize
	)
	for _, query := range q.Queries {
		a, err := p.batchAnswer(log, labels, &query, last)
		if err != nil {
			return nil, err
		}
		encoded, err := a.Marshal(p.Config)
		if err != nil {
			return nil, err
		}
		bytes += len(encoded)
		if len(out) > 0 && bytes > cmp.Or(p.MaxBatchBytes, defaultMaxBatchBytes) {
			break
		}
		if a.Search != nil || a.Absence != nil {
			last = &size
		}
		out = append(out, a)
	}
	return out, nil
}

func (p *Prover) batchAnswer(log Log, labels func([]byte) (Label, error), q *BatchQuery, last *uint64) (*BatchAnswer, error) {
	label, err := labels(q.Label)
	a := &BatchAnswer{Kind: AnswerSearch}
	if err == nil {
		a.Search, err = p.Search(log, label, q.search(last))
	}
	if errors.Is(err, ErrNoVersion) {
		a = &BatchAnswer{Kind: AnswerAbsence}
		a.Absence, err = p.Absence(log, label, q.absence(last))
	}
	switch {
	case err == nil:
		return a, nil
	case errors.Is(err, ErrLast):
		return nil, err
	case errors.Is(err, ErrErased):
		return &BatchAnswer{Kind: AnswerErased}, nil
	case errors.Is(err, ErrVersionExpired):
		return &BatchAnswer{Kind: AnswerExpired}, nil
	case errors.Is(err, ErrRequest) || label != nil && p.skipped(label, q.Version):
		return &BatchAnswer{Kind: AnswerRefused}, nil
	}
	return nil, err
}

// skipped reports whether a Third-Party Manager skipped a version that exists:
// it has no value.
func (p *Prover) skipped(label Label, version *uint32) bool {
	if p.Config.Mode != ThirdPartyManagement || version == nil {
		return false
	}
	c, err := label.Commitment(*version)
	return err == nil && c == SkippedCommitment
}

// Batch verifies the answers to the first queries of q, which must have been
// sent with view.Last(), at the time now. There is a result for each answer, and
// the View of the last that has one is what to retain. If one answer does not
// verify, there is no result.
func (v *Verifier) Batch(view *View, q *BatchRequest, answers []*BatchAnswer, now time.Time) ([]BatchResult, error) {
	if len(answers) == 0 || len(answers) > len(q.Queries) {
		return nil, fmt.Errorf("%w: %d answers to %d queries", ErrProof, len(answers), len(q.Queries))
	}
	var out []BatchResult
	proven := false
	for i, a := range answers {
		if head := a.head(); proven && head != nil && head.TreeHead != nil {
			return nil, fmt.Errorf("%w: answer %d is from another state of the log", ErrProof, i)
		}
		r, verified, err := v.batchAnswer(view, &q.Queries[i], a, now)
		if err != nil {
			return nil, fmt.Errorf("answer %d: %w", i, err)
		}
		if verified != nil {
			view, proven = verified.View, true
		}
		out = append(out, r)
	}
	return out, nil
}

// head returns the head in an answer, nil if it has none.
func (a *BatchAnswer) head() *FullTreeHead {
	switch {
	case a.Search != nil:
		return &a.Search.FullTreeHead
	case a.Absence != nil:
		return &a.Absence.FullTreeHead
	}
	return nil
}

func (v *Verifier) batchAnswer(view *View, q *BatchQuery, a *BatchAnswer, now time.Time) (BatchResult, *Verified, error) {
	r := BatchResult{Kind: a.Kind}
	var err error
	switch a.Kind {
	case AnswerSearch:
		if r.Search, err = v.Search(view, q.search(view.Last()), a.Search, now); err == nil {
			return r, &r.Search.Verified, nil
		}
	case AnswerAbsence:
		if r.Absence, err = v.Absence(view, q.absence(view.Last()), a.Absence, now); err == nil {
			return r, &r.Absence.Verified, nil
		}
	}
	return r, nil, err
}
