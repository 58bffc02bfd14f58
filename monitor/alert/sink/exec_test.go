//go:build unix

package sink

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func newExec(t testing.TB, timeout time.Duration, script string) (*Exec, string) {
	t.Helper()
	dir := t.TempDir()
	e, err := NewExec("e", ExecConfig{Argv: []string{"/bin/sh", "-c", "cd " + dir + "; " + script}, Dir: "/var/lib/ktmon", Timeout: timeout})
	fatalIfErr(t, err)
	return e, dir
}

// TestExec looks at what the program gets.
func TestExec(t *testing.T) {
	t.Setenv("SECRET", "of the monitor")
	e, dir := newExec(t, 0, "cat > stdin; env -0 > env; echo noise; echo noise >&2")
	fatalIfErr(t, e.Deliver(t.Context(), example()))
	stdin, err := os.ReadFile(filepath.Join(dir, "stdin"))
	fatalIfErr(t, err)
	if string(stdin) != string(example().Line())+"\n" {
		t.Errorf("the input is %s", stdin)
	}
	env := readEnv(t, dir)
	for name, want := range map[string]string{
		"ALERT_ID": example().ID, "NUMBER": "7", "STATE": "raised", "RESOLVES": "", "RULE": "unexpected-version", "CLASS": "report",
		"SEVERITY": "critical", "DIRECTORY": "example", "ROLE": "example/watch", "DETAIL": "label alice@example.org version 3",
		"HINT": "ask the directory", "EVIDENCE": "/var/lib/ktmon/evidence/93f1c2a07be4d518-1.json",
		"FOUND_AT": "2026-11-26T08:30:00Z", "RAISED_AT": "2026-11-26T08:30:00Z",
	} {
		if got, ok := env["GHOSTLIGHT_"+name]; !ok || got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if _, ok := env["SECRET"]; ok || env["PATH"] == "" {
		t.Errorf("the environment is %v", env)
	}
}

func readEnv(t testing.TB, dir string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "env"))
	fatalIfErr(t, err)
	out := make(map[string]string)
	for _, v := range bytes.Split(data, []byte{0}) {
		name, value, _ := strings.Cut(string(v), "=")
		out[name] = value
	}
	return out
}

func TestExecEvil(t *testing.T) {
	e, dir := newExec(t, 0, "env -0 > env")
	fatalIfErr(t, e.Deliver(t.Context(), evil()))
	env := readEnv(t, dir)
	if _, ok := env["LD_PRELOAD"]; ok {
		t.Error("a text became a variable")
	}
	for name, value := range env {
		if strings.HasPrefix(name, "GHOSTLIGHT_") && strings.ContainsAny(value, "\r\n\x1b\u202e") {
			t.Errorf("%s is %q", name, value)
		}
	}
}

func TestExecFails(t *testing.T) {
	e, _ := newExec(t, 0, "exit 3")
	wantErr(t, e.Deliver(t.Context(), example()), "exit status 3")
	e, _ = newExec(t, 0, "kill -9 $$")
	wantErr(t, e.Deliver(t.Context(), example()), "killed")
	for _, argv := range [][]string{nil, {""}, {"/nowhere/at-all"}, {t.TempDir()}} {
		if _, err := NewExec("e", ExecConfig{Argv: argv}); err == nil {
			t.Errorf("%q was accepted", argv)
		}
	}
}

// TestExecTimeout runs a program that does not end, and neither does its child.
func TestExecTimeout(t *testing.T) {
	e, dir := newExec(t, 300*time.Millisecond, "(trap '' TERM; echo $BASHPID; sleep 1000) > /dev/null & echo $! > pid; wait")
	err := e.Deliver(t.Context(), example())
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the error is %v", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "pid"))
	fatalIfErr(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	fatalIfErr(t, err)
	for range 1000 {
		if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil && strings.Contains(string(stat), ") Z ") {
			return // killed, and nobody has asked for its status
		}
		if syscall.Kill(pid, 0) != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the program's child lives")
}
