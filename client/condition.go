package client

import (
	"errors"
	"strings"
)

// What errors of kind Undecided are about, for those who watch over days: see also
// keytrans.ErrBehind, of a log that stands still, and keytrans.ErrAuditor.
var (
	// ErrRolledBack is wrapped by the error if the directory says that its log is
	// smaller than what it showed before. That is its word only: if a head is shown
	// that proves it, the error is of kind Misbehaved.
	ErrRolledBack = errors.New("the directory shows fewer log entries than before")
	// ErrOverdue is wrapped by the error if log entries are pending for too long:
	// see Witnessed.
	ErrOverdue = errors.New("log entries are pending for too long")
	// ErrLog is wrapped by the error of labels that were verified, but against a log
	// that cannot be relied on: see LogReport.
	ErrLog = errors.New("this rests on a log that cannot be relied on")
)

// overdueError is an ErrOverdue that says itself what is pending.
type overdueError struct{ error }

func (overdueError) Is(target error) bool { return target == ErrOverdue }

// Unreached reports whether an error says that nothing was answered, or nothing that
// a directory answers: an error of the network, or a message of a proxy.
func Unreached(err error) bool {
	var p *Problem
	if errors.As(err, &p) {
		return !strings.HasPrefix(p.Type, ProblemPrefix)
	}
	return errors.Is(err, errNetwork) || errors.Is(err, errResponse)
}

// lost returns an error if it means that what follows would fare no better, and nil
// if not.
func lost(err error) error {
	if errors.Is(err, errNetwork) || isCanceled(err) {
		return err
	}
	return nil
}
