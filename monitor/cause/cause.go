// Package cause says what the errors of a client mean in the findings of a monitor.
package cause

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// Whole returns the condition that an error of kind client.Undecided stands for, if
// it is about a directory as a whole, and false if it is about one answer, which
// does not verify or is a refusal. unreachable is how long a directory may be so, and
// overdue how long its auditor and its witnesses may be, before anybody is told.
func Whole(err error, unreachable, overdue time.Duration) (finding.Finding, bool) {
	f := finding.Finding{Class: finding.Report, Severity: finding.Warning, Condition: true}
	switch {
	case client.Unreached(err):
		f.Rule, f.After = finding.Unreachable, unreachable
		f.Summary = "the directory was not reached, or what answered is not a directory"
	case errors.Is(err, client.ErrRolledBack):
		f.Rule = finding.RolledBack
		f.Summary = "the directory says that its log is smaller than what it showed before"
	case errors.Is(err, keytrans.ErrBehind):
		f.Rule = finding.Stalled
		f.Summary = "the newest log entry that the directory shows is older than its Configuration permits"
	case errors.Is(err, keytrans.ErrAuditor):
		f.Rule, f.After = finding.AuditorOverdue, overdue
		f.Summary = "the auditor does not vouch for what the directory shows"
	case errors.Is(err, client.ErrOverdue), errors.Is(err, checkpoint.ErrQuorum):
		f.Rule, f.After = finding.QuorumOverdue, overdue
		f.Summary = "the witnesses have not seen what the directory shows, for too long"
	default:
		return f, false
	}
	return f, true
}

// Hint returns what an error of package client or monitor says to do, empty if it says
// nothing.
func Hint(err error) string {
	var c *client.Error
	var m *monitor.Error
	switch {
	case errors.As(err, &c):
		return c.Hint
	case errors.As(err, &m):
		return m.Hint
	}
	return ""
}

// EvidenceKind returns the kind of an evidence file that this monitor's client wrote,
// which is one of its first fields. The file is not verified again.
func EvidenceKind(path string) (evidence.Kind, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	d := json.NewDecoder(io.LimitReader(f, evidence.MaxSize))
	if _, err := d.Token(); err != nil {
		return "", err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return "", err
		}
		if name == "kind" {
			var kind evidence.Kind
			err := d.Decode(&kind)
			return kind, err
		}
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return "", err
		}
	}
	return "", errors.New("it names no kind of evidence")
}
