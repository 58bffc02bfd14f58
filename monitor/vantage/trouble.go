package vantage

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/cause"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// The rules of the evidence that comparisons come to.
const (
	ruleFork          = finding.Rule(evidence.Fork)
	ruleInconsistency = finding.Rule(evidence.Inconsistency)
)

// trouble takes note of why something could not be compared. err may be nil.
func (r *round) trouble(at place, err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	if client.KindOf(err) == client.Misbehaved {
		r.misbehaved(at, err)
		return
	}
	if errors.Is(err, client.ErrOwnWay) {
		r.reached[at.id] = true
		if r.down {
			return // which is told
		}
		at = place{}
	}
	f := r.describe(at, err)
	if f.After == 0 {
		r.reached[at.id] = true
	}
	f.Detail, f.Hint = err.Error(), cause.Hint(err)
	r.report(at, f)
}

// describe returns the rule and the summary for an error. Errors are only in details:
// they can quote what a server sent.
func (r *round) describe(at place, err error) finding.Finding {
	f, whole := cause.Whole(err, r.cfg.Unreachable, r.cfg.Overdue)
	var refusal *client.Problem
	switch {
	case client.Unreached(err), monitor.NotReached(err):
		return finding.Finding{Rule: finding.Unreachable, After: r.cfg.Unreachable, Summary: unreached(at)}
	case errors.Is(err, monitor.ErrNotFound):
		return finding.Finding{Rule: finding.Refused, Summary: fmt.Sprintf("no checkpoint of the log is seen %s", at.seen())}
	case whole:
		return f
	case errors.Is(err, client.ErrNotContinued):
		return finding.Finding{Rule: finding.Refused, Summary: fmt.Sprintf("it is not proven that the logs seen by this monitor and %s are one", at.seen())}
	case errors.Is(err, errPeer):
		return finding.Finding{Rule: finding.Refused, After: r.cfg.Unreachable, Summary: fmt.Sprintf("what %s answers is no gossip about this directory", at.name)}
	case client.KindOf(err) == client.Undecided, monitor.KindOf(err) == monitor.Undecided, errors.Is(err, errOtherLog), errors.As(err, &refusal):
		return finding.Finding{Rule: finding.Refused, Summary: fmt.Sprintf("an answer seen %s is a refusal, or does not verify, and proves nothing", at.seen())}
	}
	return finding.Finding{Rule: finding.Failed, Summary: "something on this machine failed, so that not everything was compared"}
}

func unreached(at place) string {
	switch at {
	case place{}:
		return "the directory was not reached, or what answered is not a directory"
	case ownLog:
		return "the directory's public log was not reached, or what answered is not a log"
	}
	return at.name + " was not reached, or what answered is something else"
}

// report adds a condition that proves nothing.
func (r *round) report(at place, f finding.Finding) {
	f.Class, f.Severity, f.Directory, f.Condition, f.About = finding.Report, finding.Warning, r.cfg.Name, true, finding.Subject("seen", at.id)
	if at.id != "" {
		f.Subject = finding.Subject(at.id)
	}
	if at.detail != "" {
		f.Detail = at.detail + ": " + f.Detail
	}
	f.Detail, f.Hint = cut(f.Detail), cut(f.Hint)
	r.add(condition{Finding: f, at: at.id})
}

// misbehaved keeps what the client has found.
func (r *round) misbehaved(at place, err error) {
	r.reached[at.id] = true
	h := finding.Happened{
		Rule: ruleFork, Class: finding.Evidence, Severity: finding.Critical, Subject: at.id,
		Summary: fmt.Sprintf("the directory has signed two logs: the one seen by this monitor and the one seen %s contradict each other", at.seen()),
		Detail:  err.Error(), Hint: cause.Hint(err),
	}
	if at.detail != "" {
		h.Detail = at.detail + ": " + h.Detail
	}
	if at.id == "" {
		h.Summary = "the directory contradicts what it has signed before"
	}
	var e *client.Error
	if errors.As(err, &e) {
		h.File = e.Evidence
	}
	kind, readErr := cause.EvidenceKind(h.File)
	switch {
	case readErr != nil:
		r.unstored(&h, readErr)
	case e.Report:
		r.misbehaviourReport(&h, e.Known)
	default:
		h.Rule = finding.Rule(kind)
	}
	r.memory.note(h)
}

// misbehaviourReport makes a report of what proves nothing to others. It is found again
// in each round, perhaps with the evidence; of the reports, the first one is kept. A file
// that was known before is not this round's to remove.
func (r *round) misbehaviourReport(h *finding.Happened, known bool) {
	h.Subject = finding.Subject("report", string(h.Rule), h.Subject)
	h.Rule, h.Class = finding.Refused, finding.Report
	h.Summary += ", which this monitor cannot prove to others"
	if !known && r.memory.proven(h.Rule, place{id: h.Subject}) {
		if err := os.Remove(h.File); err != nil {
			r.cfg.Logger.Warn("removing a report that is there already", "err", err)
		}
	}
}

// aboutOwnWay reports whether an error of comparing what a peer answered is about what
// the directory answered.
func aboutOwnWay(err error) bool {
	return errors.Is(err, client.ErrOwnWay) || errors.Is(err, client.ErrNotContinued)
}
