package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
)

// AbsenceResult is a verified proof that a label, or a version of it, does not
// exist: docs/extensions.md says what that proves.
type AbsenceResult struct {
	Label string `json:"label"`
	// Version is what was asked for, nil for the greatest version.
	Version *uint32 `json:"version"`
	// Greatest is the label's greatest version, nil if it has none.
	Greatest *uint32 `json:"greatest_version"`
	Head     Head    `json:"head"`
	Verdict  Verdict `json:"verdict"`
	// Witness is nil without a witness policy.
	Witness *Witnessed `json:"witness,omitempty"`
	// Steps tells how the answer was verified.
	Steps []Step `json:"steps,omitempty"`
}

// AbsenceOf returns the absence that an error of kind Absent stands for, and nil
// for other errors.
func AbsenceOf(err error) *AbsenceResult {
	var e *Error
	if errors.As(err, &e) {
		return e.Absence
	}
	return nil
}

const stepAbsence = "proving what the directory denies"

// proveAbsent is called with the error of a lookup. If that is the directory's
// denial, it has the directory prove it: the result is not nil then, and the error
// nil. If the directory does not know how to, the error is the given one.
func (s *session) proveAbsent(ctx context.Context, label string, version *uint32, denied error) (*AbsenceResult, error) {
	var p *Problem
	if !errors.As(denied, &p) || !p.denial() {
		return nil, denied
	}
	a, err := s.absence(ctx, label, version)
	switch kind := KindOf(err); {
	case err == nil:
		return a, nil
	case kind == Misbehaved || kind == Attention || isCanceled(err):
		return nil, err
	case errors.As(err, &p) && p.lacksOperation():
		return nil, denied
	}
	e := fail(Undecided, stepAbsence, fmt.Errorf("%w; nor did it prove it: %w", denied, err))
	e.Hint = "if the label was published at this very moment, that is why: try again"
	return nil, e
}

// absence asks for proof that a label, or a version of it, does not exist.
func (s *session) absence(ctx context.Context, label string, version *uint32) (*AbsenceResult, error) {
	q := &keytrans.AbsenceRequest{Last: s.state.view.Last(), Label: []byte(label), Version: version}
	before := s.state.view
	var a *AbsenceResult
	err := s.do(ctx, query{operation: "absence", label: label, request: q, verify: func(response []byte, next *state) error {
		p, err := keytrans.ParseAbsenceResponse(s.verifier.Configuration(), response)
		if err != nil {
			return err
		}
		now := s.cfg.Now()
		r, err := s.verifier.Absence(next.view, q, p, now)
		if err != nil {
			return err
		}
		a, err = s.takeAbsence(next, label, version, before, p, r, now)
		return err
	}})
	return a, err
}

// takeAbsence makes the changes to next that follow from a verified absence, and
// describes it. before is the view that it was verified against.
func (s *session) takeAbsence(next *state, label string, version *uint32, before *keytrans.View, p *keytrans.AbsenceResponse, r *keytrans.AbsenceResult, now time.Time) (*AbsenceResult, error) {
	if err := next.proceed(r.Verified, now); err != nil {
		return nil, err
	}
	if err := s.checkAbsence(next, label, r); err != nil {
		return nil, err
	}
	a := &AbsenceResult{Label: label, Version: version, Greatest: r.Greatest, Head: headOf(r.View)}
	a.Verdict = verdict(OutcomeAbsent, "%s", a.reason())
	a.Steps = s.explainAbsence(a, before, p, r, now)
	return a, nil
}

func (a *AbsenceResult) reason() string {
	where := fmt.Sprintf("in the last of the log's %s, nor in those where its owner's monitoring would meet one", count.Of(a.Head.TreeSize, "entry", "entries"))
	if a.Greatest == nil {
		return "no version of the label is " + where
	}
	return fmt.Sprintf("no version above %d is %s", *a.Greatest, where)
}

// handOut returns the error that stands for a, of kind Absent, or that the
// witnesses have not seen in time what it rests on.
func (a *AbsenceResult) handOut(w *Witnessed) error {
	if w.Kind() != 0 {
		return w.err
	}
	a.Witness, a.Verdict = w, w.qualify(a.Verdict)
	a.Steps = append(a.Steps, w.steps()...)
	return &Error{Kind: Absent, Err: errors.New(a.Verdict.Reason), Absence: a}
}

// checkAbsence holds an absence against what is known of the label. The error is
// a *keytrans.Misbehaviour if the log has proven before that the label has what is
// absent, and of kind Attention if that may have been removed for its age.
func (s *session) checkAbsence(next *state, label string, r *keytrans.AbsenceResult) error {
	err := func() error {
		if o := next.owners[label]; o != nil {
			if err := o.monitor.CheckAbsence(r); err != nil {
				return err
			}
		}
		c := next.contacts[label]
		if c == nil {
			return nil
		}
		if c.seen != nil && int64(c.seen.version) > versionOf(r.Greatest) {
			return &keytrans.Misbehaviour{Err: fmt.Errorf("%w: the log proved on %s that version %d exists, and now that it does not",
				keytrans.ErrVanished, c.seen.at.Format(time.DateOnly), c.seen.version)}
		}
		if c.account != nil && int64(c.account.Version) > versionOf(r.Greatest) {
			return &keytrans.Misbehaviour{Err: fmt.Errorf("%w: the log proved before that version %d exists, and now that it does not",
				keytrans.ErrVanished, c.account.Version)}
		}
		return c.monitor.CheckAbsence(r)
	}()
	if errors.Is(err, keytrans.ErrVanished) && s.mayHaveExpired(next.contacts[label], r) {
		// Not wrapped: a log that forgets what is old enough does not misbehave.
		e := fail(Attention, stepAbsence, fmt.Errorf("what this client has seen is no longer in the log: %s", errors.Unwrap(err)))
		e.Hint = "this directory has a maximum lifetime, after which a version may go; ask the label's owner whether it went with their knowledge"
		return e
	}
	return err
}

// mayHaveExpired reports whether a label's versions may have passed the log's
// maximum lifetime since c saw them.
func (s *session) mayHaveExpired(c *contact, r *keytrans.AbsenceResult) bool {
	cfg := s.verifier.Configuration()
	if cfg.MaximumLifetime == nil {
		return false
	}
	if c == nil || c.seen == nil {
		return true // nobody knows when
	}
	// The log entry that had the version then was this much older at most.
	oldest := c.seen.at.Add(-milliseconds(cfg.MaxBehind))
	return entryTime(r.View.Rightmost().Timestamp).Sub(oldest) >= milliseconds(*cfg.MaximumLifetime)
}

// explainAbsence tells how an absence was verified, as explain does.
func (s *session) explainAbsence(a *AbsenceResult, before *keytrans.View, p *keytrans.AbsenceResponse, r *keytrans.AbsenceResult, now time.Time) []Step {
	target := uint32(max(versionOf(r.Greatest), 0))
	f := &found{
		label: a.Label, before: before, at: now,
		response:     &keytrans.SearchResponse{FullTreeHead: p.FullTreeHead, BinaryLadder: p.BinaryLadder, Search: p.Absence},
		SearchResult: &keytrans.SearchResult{Verified: r.Verified, Version: target},
	}
	e := s.explanation(f)
	what := "that the label has no version"
	if a.Version != nil {
		what = fmt.Sprintf("that the label has no version %d", *a.Version)
	}
	e.say("request", "Asked for proof %s, telling the directory that this client has verified %s.", what, treeSize(before.Head.TreeSize))
	e.say("search-keys", "The %d VRF proofs (RFC 9381) verify under the pinned VRF key. They give the places in the prefix tree where versions %s of exactly this label would be; the directory cannot choose others.",
		len(p.BinaryLadder), list(ladder.Base(target)))
	if e.frontier() {
		e.say("result", "%s.", capitalised(a.Verdict.Reason))
	}
	e.conclusion()
	return e.steps
}
