package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"
)

// ErrNoServer says that no process takes commands for a directory: most likely
// none has it open.
var ErrNoServer = errors.New("no ktd serves this directory")

// errUnknown says that the running program is another one.
var errUnknown = errors.New("the running ktd does not know this command; is it of an older version?")

// Call has the process that has the directory in dir open carry out a command. It
// decodes the result into result, and calls progress, if not nil, with what the
// command says meanwhile. The error is ErrNoServer if there is no such process;
// those of the command wrap the one of known that they are. The end of ctx ends
// the command.
func Call(ctx context.Context, dir, command string, request any, known Errors, progress func(json.RawMessage), result any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (c net.Conn, err error) {
		err = withShortPath(dir, File, func(path string) error {
			c, err = (&net.Dialer{}).DialContext(ctx, "unix", path)
			return err
		})
		return c, err
	}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://ktd/"+command, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: transport}).Do(r)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return ErrNoServer
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("asking the running ktd: %w", err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return errUnknown
	default:
		return fmt.Errorf("the running ktd answers %s", resp.Status)
	}
	if err := readLines(resp.Body, known, progress, result); ctx.Err() == nil {
		return err
	}
	return ctx.Err()
}

// readLines reads a response.
func readLines(r io.Reader, known Errors, progress func(json.RawMessage), result any) error {
	for dec := json.NewDecoder(r); ; {
		var l line
		if err := dec.Decode(&l); err != nil {
			return fmt.Errorf("the running ktd ended before it said what came of it: %w", err)
		}
		switch {
		case l.Error != nil:
			return &remoteError{l.Error.Message, known[l.Error.Code]}
		case l.Result != nil:
			return decode(l.Result, result)
		case progress != nil:
			progress(l.Progress)
		}
	}
}
