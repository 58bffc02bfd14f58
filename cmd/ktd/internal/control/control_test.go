package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	errKnown = errors.New("this is known")
	known    = Errors{"known": errKnown}
)

type message struct{ Text string }

// commands answers, fails, tells of progress, or waits for the end.
func commands(ended chan<- error) map[string]Func {
	return map[string]Func{
		"echo": func(_ context.Context, request json.RawMessage, progress func(any)) (any, error) {
			var m message
			if err := json.Unmarshal(request, &m); err != nil {
				return nil, err
			}
			progress(message{"half of " + m.Text})
			return m, nil
		},
		"known": func(context.Context, json.RawMessage, func(any)) (any, error) {
			return nil, errors.Join(errKnown, errors.New("more"))
		},
		"unknown": func(context.Context, json.RawMessage, func(any)) (any, error) { return nil, errors.New("no code") },
		"strange": func(context.Context, json.RawMessage, func(any)) (any, error) { return func() {}, nil },
		"wait": func(ctx context.Context, _ json.RawMessage, progress func(any)) (any, error) {
			progress(message{"waiting"})
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, ctx.Err()
		},
	}
}

// start serves commands for a folder; stop ends that.
func start(t *testing.T, dir string, ended chan<- error) (stop func()) {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	s, err := Listen(dir, commands(ended), known, logger)
	fatalIfErr(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	return func() {
		t.Helper()
		cancel()
		fatalIfErr(t, <-done)
	}
}

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func call(t *testing.T, dir, command, text string) (string, string, error) {
	t.Helper()
	var heard, m message
	err := Call(t.Context(), dir, command, message{text}, known, func(p json.RawMessage) { fatalIfErr(t, json.Unmarshal(p, &heard)) }, &m)
	return m.Text, heard.Text, err
}

func TestCall(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("long/", 40))
	fatalIfErr(t, os.MkdirAll(long, 0o700))
	for _, dir := range []string{t.TempDir(), long} {
		if _, _, err := call(t, dir, "echo", "x"); !errors.Is(err, ErrNoServer) {
			t.Fatalf("without a server: %v", err)
		}
		stop := start(t, dir, nil)
		info, err := os.Stat(filepath.Join(dir, File))
		fatalIfErr(t, err)
		if info.Mode().Perm() != 0o600 || info.Mode().Type() != os.ModeSocket {
			t.Errorf("the socket has mode %v", info.Mode())
		}
		got, heard, err := call(t, dir, "echo", "hello")
		if err != nil || got != "hello" || heard != "half of hello" {
			t.Errorf("%q, %q, %v", got, heard, err)
		}
		if _, _, err := call(t, dir, "known", ""); !errors.Is(err, errKnown) || !strings.Contains(err.Error(), "more") {
			t.Errorf("a known error: %v", err)
		}
		for command, want := range map[string]string{"unknown": "no code", "strange": "encoding", "absent": "does not know this command"} {
			if _, _, err := call(t, dir, command, ""); err == nil || errors.Is(err, errKnown) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", command, err)
			}
		}
		if _, _, err := call(t, dir, "echo", strings.Repeat("x", maxRequest)); err == nil || !strings.Contains(err.Error(), "400") {
			t.Errorf("a request that is too large: %v", err)
		}
		stop()
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("left are %v, %v", left, err)
		}
		if _, _, err := call(t, dir, "echo", "x"); !errors.Is(err, ErrNoServer) {
			t.Errorf("after the server: %v", err)
		}
	}
}

// TestStale: a socket that a process left that was killed says that there is no
// server, and is replaced.
func TestStale(t *testing.T) {
	dir := t.TempDir()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, File), Net: "unix"})
	fatalIfErr(t, err)
	l.SetUnlinkOnClose(false)
	fatalIfErr(t, l.Close())
	if _, _, err := call(t, dir, "echo", "x"); !errors.Is(err, ErrNoServer) {
		t.Errorf("a stale socket: %v", err)
	}
	stop := start(t, dir, nil)
	if got, _, err := call(t, dir, "echo", "x"); err != nil || got != "x" {
		t.Errorf("%q, %v", got, err)
	}
	stop()
}

// TestEnds: a command ends with its caller, and with the server.
func TestEnds(t *testing.T) {
	dir, ended := t.TempDir(), make(chan error, 1)
	stop := start(t, dir, ended)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	waits := func(ctx context.Context, heard func()) error {
		return Call(ctx, dir, "wait", message{}, known, func(json.RawMessage) { heard() }, &message{})
	}
	if err := waits(ctx, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("the caller went away: %v", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the command ended with %v", err)
	}
	stopped := make(chan struct{})
	err := waits(t.Context(), func() { go func() { stop(); close(stopped) }() })
	if err == nil || errors.Is(err, context.Canceled) && t.Context().Err() != nil {
		t.Errorf("the server ended: %v", err)
	}
	<-ended
	<-stopped
}

func TestTooLong(t *testing.T) {
	temp := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	fatalIfErr(t, os.Mkdir(temp, 0o700))
	t.Setenv("TMPDIR", temp)
	_, err := Listen(temp, nil, nil, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("without any short path: %v", err)
	}
}

func TestLocal(t *testing.T) {
	c := commands(nil)
	var heard, m message
	err := Local(t.Context(), c["echo"], message{"hello"}, func(p json.RawMessage) { fatalIfErr(t, json.Unmarshal(p, &heard)) }, &m)
	if err != nil || m.Text != "hello" || heard.Text != "half of hello" {
		t.Errorf("%q, %q, %v", m.Text, heard.Text, err)
	}
	if err := Local(t.Context(), c["known"], message{}, nil, &m); !errors.Is(err, errKnown) {
		t.Errorf("a known error: %v", err)
	}
	if err := Local(t.Context(), c["strange"], message{}, nil, &m); err == nil {
		t.Error("a result without an encoding")
	}
}
