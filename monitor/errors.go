package monitor

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// Kind says what an error means to the user. The zero Kind is no error.
type Kind int

// The kinds of errors.
const (
	// Operational: something on this machine failed, and nothing about the log
	// was found out.
	Operational Kind = iota + 1
	// Usage: the request makes no sense as it was made.
	Usage
	// Undecided: there is no verdict. The log was not reached, or what it served
	// does not verify and proves nothing.
	Undecided
	// Misbehaved: the log has misbehaved. Error.Evidence names a file.
	Misbehaved
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
	case Misbehaved:
		return "misbehaviour"
	}
	return fmt.Sprintf("kind %d", int(k))
}

// Error is the error of every operation on a mirror.
type Error struct {
	Kind Kind
	// Evidence is the path of the evidence file, if one was written.
	Evidence string
	// Hint is what the user can do, if anything is known to help.
	Hint string
	Err  error
}

// Error says what failed.
func (e *Error) Error() string { return e.Err.Error() }

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

var (
	// errNetwork is wrapped by errors of the way to a log: repeating may help.
	errNetwork = errors.New("the log was not reached")
	// errResponse is wrapped by errors for responses that no log gives.
	errResponse = errors.New("the response is not a log's")
	// errContent is wrapped by errors for resources that are not what they should
	// be.
	errContent = errors.New("malformed resource")
	// errOther is returned for a checkpoint of another log.
	errOther = errors.New("the checkpoint is of another log")
)

// isDoubtful reports whether what was read does not verify, without proving
// anything: it may have been damaged on the way.
func isDoubtful(err error) bool {
	return errors.Is(err, errContent) || errors.Is(err, tile.ErrTiles) || errors.Is(err, ErrChanges)
}

// isUndecided reports whether an error is one of reading a log.
func isUndecided(err error) bool {
	for _, e := range []error{errNetwork, errResponse, ErrNotFound, errOther, ErrTwoKeys,
		checkpoint.ErrMalformed, checkpoint.ErrNotSigned, checkpoint.ErrQuorum} {
		if errors.Is(err, e) {
			return true
		}
	}
	var invalid *note.InvalidSignatureError
	return isDoubtful(err) || errors.As(err, &invalid)
}

// classify makes an *Error of the error of a step, which it puts before it.
func classify(step string, err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	e = &Error{Kind: Operational, Err: fmt.Errorf("%s: %w", step, err)}
	switch {
	case errors.Is(err, context.Canceled):
		e.Err = fmt.Errorf("%s: interrupted: %w", step, err)
		e.Hint = "run it again to go on"
	case errors.Is(err, syscall.ENOSPC):
		e.Hint = "free some space and run it again; nothing is lost of what was mirrored"
	case isUndecided(err):
		e.Kind, e.Hint = Undecided, undecidedHint(err)
	}
	return e
}

// undecidedHint says what to do about an error of reading a log.
func undecidedHint(err error) string {
	var invalid *note.InvalidSignatureError
	switch {
	case errors.Is(err, checkpoint.ErrNotSigned), errors.As(err, &invalid):
		return "the policy must name this log's own key; ask for it by another way than from this server"
	case errors.Is(err, checkpoint.ErrQuorum):
		return "this is normal for some seconds after the log has grown; if it stays, the log or the witnesses have a problem"
	case errors.Is(err, ErrPruned):
		return "the log keeps its older entries no longer than its operator says; begin with a copy of a mirror that has them"
	case errors.Is(err, errNetwork):
		return "check the URL and the network, and try again"
	case isDoubtful(err):
		return "it was read more than once; tell the operator, and try from another network: this proves nothing against the log"
	}
	return ""
}

func usage(hint, format string, args ...any) error {
	return &Error{Kind: Usage, Hint: hint, Err: fmt.Errorf(format, args...)}
}
