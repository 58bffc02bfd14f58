package client

import (
	"context"
	"errors"
	"fmt"
)

// Kind says what an error means to the user. The zero Kind is no error.
type Kind int

// The kinds of errors.
const (
	// Operational: nothing about the directory was found out, because of
	// this machine or because the directory does not let this user do that.
	Operational Kind = iota + 1
	// Usage: the request makes no sense as it was made.
	Usage
	// Undecided: there is no verdict. The directory was not reached, did not
	// answer, or its answer does not verify and proves nothing.
	Undecided
	// Attention: the user has to look at something: an unexpected version, a
	// changed configuration.
	Attention
	// Misbehaved: the directory has misbehaved. Error.Evidence names a file.
	Misbehaved
	// Absent: what was asked for is proven not to exist. Error.Absence has more.
	Absent
)

// String returns a stable name.
func (k Kind) String() string {
	switch k {
	case 0:
		return "none"
	case Operational:
		return "operational"
	case Usage:
		return "usage"
	case Undecided:
		return "undecided"
	case Attention:
		return "attention"
	case Misbehaved:
		return "misbehaviour"
	case Absent:
		return "absent"
	}
	return fmt.Sprintf("kind %d", int(k))
}

// severity orders kinds by how much they matter.
var severity = map[Kind]int{0: 0, Absent: 1, Usage: 2, Undecided: 3, Operational: 4, Attention: 5, Misbehaved: 6}

// Worse returns the one of two kinds that matters more.
func Worse(a, b Kind) Kind {
	if severity[b] > severity[a] {
		return b
	}
	return a
}

// Error is the error of every operation of a Client.
type Error struct {
	Kind Kind
	// Step is what the client was doing.
	Step string
	// Evidence is the path of the evidence file, if one was written.
	Evidence string
	// Known tells that the file was there already, as evidence of the same.
	Known bool
	// Report tells that the file proves nothing to others: see keytrans/evidence.
	Report bool
	// Hint is what the user can do, if anything is known to help.
	Hint string
	// Absence is what was proven, for kind Absent.
	Absence *AbsenceResult
	Err     error
}

// Error says what failed, at which step.
func (e *Error) Error() string {
	if e.Step == "" {
		return e.Err.Error()
	}
	return e.Step + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of an error: 0 for nil, Operational for one that this
// package did not make.
func KindOf(err error) Kind {
	if err == nil {
		return 0
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Operational
}

func fail(kind Kind, step string, err error) *Error { return &Error{Kind: kind, Step: step, Err: err} }

func usage(format string, args ...any) *Error {
	return &Error{Kind: Usage, Err: fmt.Errorf(format, args...)}
}

// Outcome is what a verification came to.
type Outcome string

// The outcomes. Their texts are stable.
const (
	// Verified: proven to be in the log, in a part of it where the monitoring
	// of the label's owner meets it.
	OutcomeVerified Outcome = "verified"
	// Monitored: proven, but so recently that only later monitoring completes
	// the proof. Until Watch has done that, the operator could still take back
	// what it showed.
	OutcomeMonitored Outcome = "verified, still being monitored"
	// Changed: proven, and different from what was seen or expected.
	OutcomeChanged Outcome = "changed"
	// Findings: proven, and not what a conversation should be: see CheckRoster.
	OutcomeFindings Outcome = "findings"
	// Absent: proven not to exist.
	OutcomeAbsent Outcome = "proven absent"
	// Unchecked: no verdict.
	OutcomeUnchecked Outcome = "could not check"
	// Misbehaviour: the directory contradicted itself under its signature.
	OutcomeMisbehaviour Outcome = "misbehaviour proven"
)

// Checker is who checks everything in this package.
const Checker = "this client"

// Verdict is an outcome, who came to it, and why. A zero Verdict is none.
type Verdict struct {
	Outcome   Outcome `json:"outcome"`
	CheckedBy string  `json:"checked_by"`
	Reason    string  `json:"reason,omitempty"`
}

// String returns the verdict as a line of text.
func (v Verdict) String() string {
	s := string(v.Outcome) + ", checked by " + v.CheckedBy
	if v.Reason != "" {
		s += ": " + v.Reason
	}
	return s
}

func verdict(o Outcome, format string, args ...any) Verdict {
	return Verdict{Outcome: o, CheckedBy: Checker, Reason: fmt.Sprintf(format, args...)}
}

// VerdictOf returns the verdict that an error stands for.
func VerdictOf(err error) Verdict {
	switch KindOf(err) {
	case 0:
		return Verdict{}
	case Misbehaved:
		return verdict(OutcomeMisbehaviour, "%v", err)
	case Attention:
		return verdict(OutcomeChanged, "%v", err)
	case Absent:
		return verdict(OutcomeAbsent, "%v", err)
	}
	return verdict(OutcomeUnchecked, "%v", err)
}

func isCanceled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
