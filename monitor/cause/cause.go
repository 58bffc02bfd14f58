// Package cause says what the errors of a client mean in the findings of a monitor.
package cause

import (
	"errors"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// Whole returns the condition that an error of kind client.Undecided stands for, if
// it is about a directory as a whole, and false if it is about one answer, which
// does not verify or is a refusal. delay is how long a directory may be unreachable,
// and its auditor and its witnesses overdue, before anybody is told.
func Whole(err error, delay time.Duration) (finding.Finding, bool) {
	f := finding.Finding{Class: finding.Report, Severity: finding.Warning, Condition: true}
	switch {
	case client.Unreached(err):
		f.Rule, f.After = finding.Unreachable, delay
		f.Summary = "the directory was not reached, or what answered is not a directory"
	case errors.Is(err, client.ErrRolledBack):
		f.Rule = finding.RolledBack
		f.Summary = "the directory says that its log is smaller than what it showed before"
	case errors.Is(err, keytrans.ErrBehind):
		f.Rule = finding.Stalled
		f.Summary = "the newest log entry that the directory shows is older than its Configuration permits"
	case errors.Is(err, keytrans.ErrAuditor):
		f.Rule, f.After = finding.AuditorOverdue, delay
		f.Summary = "the auditor does not vouch for what the directory shows"
	case errors.Is(err, client.ErrOverdue), errors.Is(err, checkpoint.ErrQuorum):
		f.Rule, f.After = finding.QuorumOverdue, delay
		f.Summary = "the witnesses have not seen what the directory shows, for too long"
	default:
		return f, false
	}
	return f, true
}
