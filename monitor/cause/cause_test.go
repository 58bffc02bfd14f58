package cause

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

func TestWhole(t *testing.T) {
	const unreachable, overdue = time.Hour, 2 * time.Hour
	for _, c := range []struct {
		err   error
		rule  finding.Rule
		after time.Duration
	}{
		{&client.Problem{Type: "about:blank"}, finding.Unreachable, unreachable},
		{client.ErrRolledBack, finding.RolledBack, 0},
		{keytrans.ErrBehind, finding.Stalled, 0},
		{keytrans.ErrAuditor, finding.AuditorOverdue, overdue},
		{client.ErrOverdue, finding.QuorumOverdue, overdue},
		{checkpoint.ErrQuorum, finding.QuorumOverdue, overdue},
		{client.ErrNotContinued, "", 0},
		{&client.Problem{Type: client.ProblemPrefix + "erased"}, "", 0},
	} {
		f, whole := Whole(fmt.Errorf("a step: %w", c.err), unreachable, overdue)
		if whole != (c.rule != "") || f.Rule != c.rule || f.After != c.after || f.Class != finding.Report {
			t.Errorf("%v: %v, %+v", c.err, whole, f)
		}
	}
}

func TestHint(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("a step: %w", &client.Error{Err: errors.New("x"), Hint: "one"}), "one"},
		{fmt.Errorf("a step: %w", &monitor.Error{Err: errors.New("x"), Hint: "two"}), "two"},
		{errors.New("x"), ""},
		{nil, ""},
	} {
		if got := Hint(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}

func TestEvidenceKind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for text, want := range map[string]evidence.Kind{
		`{"format": "f", "configuration": {"kind": "inner"}, "kind": "fork", "rest": `: evidence.Fork,
		`{"format": "f"}`: "",
		`{"kind": 7}`:     "",
		``:                "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := EvidenceKind(path); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
	if _, err := EvidenceKind(""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
