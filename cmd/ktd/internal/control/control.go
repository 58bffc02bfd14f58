// Package control carries operators' commands to the process that has a
// directory open: one process at a time can, and 'ktd serve' does.
//
// The server listens on the Unix socket File in the directory's folder, which
// only its owner can connect to (mode 0600). A command is POST /NAME over HTTP,
// with the request, a JSON value, as the body. The response is lines of JSON
// objects, each with one of
//
//	progress   how far the command is; any number of them
//	result     what came of it; the last line
//	error      why it failed, with a code if it is one that callers know; the last line
//
// Labels are in bodies only, and nothing of a body is logged. Who closes the
// connection ends the command.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// File is the name of the socket in the folder of an instance.
const File = "control.sock"

// Func carries out a command. The request is JSON; the result has to be a value
// that can be encoded. progress may be called at any time until the Func returns,
// from one goroutine, and takes such values, too.
type Func func(ctx context.Context, request json.RawMessage, progress func(any)) (result any, err error)

// Errors are the errors that callers tell apart, by codes. Server and caller have
// the same.
type Errors map[string]error

// line is a line of a response.
type line struct {
	Progress json.RawMessage `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    *failure        `json:"error,omitempty"`
}

type failure struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
}

// code returns the code of an error, "" if it has none.
func (e Errors) code(err error) string {
	for code, known := range e {
		if errors.Is(err, known) {
			return code
		}
	}
	return ""
}

// remoteError is an error of a command in another process.
type remoteError struct {
	message string
	known   error // nil if it has no code
}

func (e *remoteError) Error() string { return e.message }
func (e *remoteError) Unwrap() error { return e.known }

// Local carries a command out in this process, as Call does it in another.
func Local(ctx context.Context, f Func, request any, progress func(json.RawMessage), result any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	r, err := f(ctx, body, func(p any) {
		if b, err := json.Marshal(p); err == nil && progress != nil {
			progress(b)
		}
	})
	if err != nil {
		return err
	}
	if body, err = json.Marshal(r); err != nil {
		return err
	}
	return decode(body, result)
}

func decode(body json.RawMessage, v any) error {
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("the answer of the running ktd: %w", err)
	}
	return nil
}
