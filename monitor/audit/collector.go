package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// collector collects what a round finds.
type collector struct {
	role *Role
	now  time.Time
	out  finding.Round
	seen map[string]bool // keys of findings
}

// add adds a finding about the directory, unless the same is there.
func (c *collector) add(f finding.Finding) {
	f.Directory = c.role.cfg.Name
	if key := f.Key(); !c.seen[key] {
		c.seen[key] = true
		c.out.Findings = append(c.out.Findings, f)
	}
}

// report adds a condition that is no evidence.
func (c *collector) report(rule finding.Rule, subject string, after time.Duration, hint, format string, args ...any) {
	c.add(finding.Finding{
		Rule: rule, Class: finding.Report, Severity: finding.Warning, Subject: subject, Condition: true, After: after,
		Summary: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// failure adds the finding that an error of a step stands for. What ctx ended is
// none, and what there is evidence of is found with that.
func (c *collector) failure(ctx context.Context, step string, err error) {
	var e *monitor.Error
	switch {
	case err == nil, ctx.Err() != nil:
		return
	case !errors.As(err, &e):
		e = &monitor.Error{Kind: monitor.Operational, Err: err}
	}
	rule, after, text := ruleOf(e), time.Duration(0), "%s, in "+step
	f := finding.Finding{Class: finding.Report, Severity: finding.Warning, Subject: step, Condition: true, Detail: err.Error(), Hint: e.Hint}
	switch rule {
	case finding.Unreachable:
		f.Subject, after = c.role.place(step), c.role.cfg.Unreachable
	case finding.QuorumOverdue:
		f.Subject, after = "", c.role.cfg.Overdue
	case finding.TreesDiffer:
		f.Subject, f.Severity, f.Condition = "", finding.Critical, false
	}
	if e.Kind == monitor.Misbehaved {
		if e.Evidence != "" {
			return
		}
		f.Severity = finding.Critical // the evidence could not be stored
	}
	f.Rule, f.After, f.Summary = rule, after, fmt.Sprintf(text, summaries[rule])
	c.add(f)
}

// summaries say what the rules mean here. Errors are only in Detail: they can quote
// what a server sent.
var summaries = map[finding.Rule]string{
	finding.Unreachable:   "the directory was not reached",
	finding.Refused:       "an answer of the directory does not verify, which proves nothing",
	finding.WrongChanges:  "the changes that the directory tells of do not lead to what it has signed",
	finding.RolledBack:    "the log is smaller than it was",
	finding.TreesDiffer:   "the directory's head and its checkpoint are of other log entries than each other",
	finding.QuorumOverdue: "the log's newer state has no quorum of witnesses",
	finding.Failed:        "something on this machine failed",
}

// ruleOf returns the rule of an error.
func ruleOf(e *monitor.Error) finding.Rule {
	var update *keytrans.AuditError
	switch {
	case errors.Is(e, monitor.ErrTreesDiffer):
		return finding.TreesDiffer
	case errors.Is(e, monitor.ErrRolledBack):
		return finding.RolledBack
	case errors.Is(e, monitor.ErrChanges), errors.As(e, &update):
		return finding.WrongChanges
	case errors.Is(e, checkpoint.ErrQuorum):
		return finding.QuorumOverdue
	case monitor.NotReached(e):
		return finding.Unreachable
	case e.Kind == monitor.Undecided, e.Kind == monitor.Misbehaved:
		return finding.Refused
	}
	return finding.Failed
}

// The steps of a round.
const (
	stepConfiguration = "reading its configuration"
	stepHead          = "reading its head"
	stepLog           = "reading its public log"
	stepAudit         = "auditing its changes"
	stepLeaves        = "looking for leaves that went"
	stepCompare       = "comparing both trees"
)

// place tells apart the directory and a public log that is elsewhere.
func (r *Role) place(step string) string {
	if step == stepLog && r.cfg.LogURL != (Config{URL: r.cfg.URL}).withDefaults().LogURL {
		return "log"
	}
	return ""
}

// configuration compares the Configuration that the directory serves with the pinned
// one. It reports whether the directory was reached.
func (c *collector) configuration(ctx context.Context) bool {
	const most = 64 << 10
	var served []byte
	err := c.role.source.Read(ctx, "v1/configuration", func(r io.Reader) (err error) {
		served, err = io.ReadAll(io.LimitReader(r, most))
		return err
	})
	switch {
	case monitor.NotReached(err):
		c.failure(ctx, stepConfiguration, &monitor.Error{Kind: monitor.Undecided, Err: err, Hint: "check the URL and the network; the directory may be down"})
		return false
	case err == nil && !bytes.Equal(served, c.role.cfg.Configuration):
		_, err = keytrans.ParseConfiguration(served)
	}
	switch {
	case err != nil:
		c.failure(ctx, stepConfiguration, &monitor.Error{Kind: monitor.Undecided, Err: err})
	case !bytes.Equal(served, c.role.cfg.Configuration):
		c.add(finding.Finding{
			Rule: finding.ConfigurationChanged, Class: finding.Report, Severity: finding.Warning, Condition: true,
			Summary: "the directory serves another Configuration than the pinned one",
			Detail:  fmt.Sprintf("SHA-256 %x, pinned %x", sha256.Sum256(served), sha256.Sum256(c.role.cfg.Configuration)),
			Hint:    "compare it with what the operator published elsewhere before you pin it; until then the old one counts",
		})
	}
	return true
}

// cadence looks at the newest entry's time. It is only as good as this machine's clock.
func (c *collector) cadence(timestamp uint64) {
	const hint = "compare this machine's clock first; then ask the operator"
	now, cfg := uint64(max(c.now.UnixMilli(), 0)), c.role.config
	newest := time.UnixMilli(int64(min(timestamp, 1<<62))).UTC().Format(time.RFC3339)
	switch {
	case timestamp < now && now-timestamp > cfg.MaxBehind:
		c.report(finding.Stalled, "", 0, hint, "the log's newest entry, of %s, is older than the %v that are permitted", newest, millis(cfg.MaxBehind))
	case timestamp > now && timestamp-now > cfg.MaxAhead:
		c.report(finding.Refused, "ahead", 0, hint, "the log's newest entry, of %s, is further ahead of this clock than the %v that are permitted", newest, millis(cfg.MaxAhead))
	}
}

// millis returns a time in milliseconds, at most some hundred years.
func millis(n uint64) time.Duration { return time.Duration(min(n, 1<<43)) * time.Millisecond }

// clockJump reports whether this machine's clock was set since the last round, by
// more than a minute beside the time that passed: then nothing is concluded from it.
func (c *collector) clockJump() bool {
	last := c.role.clock
	c.role.clock = c.now
	if last.IsZero() {
		return false
	}
	jump := c.now.Round(0).Sub(last.Round(0)) - c.now.Sub(last)
	return jump.Abs() > time.Minute
}

// auditor looks at the head of the directory's auditor.
func (c *collector) auditor(p progress) {
	r, cfg := c.role, c.role.config
	if cfg.Mode != keytrans.ThirdPartyAuditing || r.cfg.KeyDir != "" || p.answer.Size() <= cfg.AuditorStartPos {
		return
	}
	const hint = "the auditor may be down; users refuse the directory until it signs again"
	a := p.answer.Auditor
	if a == nil {
		c.report(finding.AuditorOverdue, "", r.cfg.Overdue, hint, "the directory's auditor has not signed its log")
		return
	}
	if root, known := r.roots[a.TreeSize]; known {
		if err := a.Verify(cfg, root); err != nil {
			c.add(finding.Finding{
				Rule: finding.Refused, Class: finding.Report, Severity: finding.Warning, Condition: true, Subject: "auditor",
				Summary: "what the directory says that its auditor signed does not verify", Detail: err.Error(), Hint: "tell the operator and the auditor",
			})
			return
		}
	}
	if p.size >= p.answer.Size() && p.timestamp > a.TimestampMS && p.timestamp-a.TimestampMS > cfg.MaxAuditorLag {
		c.report(finding.AuditorOverdue, fmt.Sprint(a.TreeSize), r.cfg.Overdue, hint, "the auditor's head, of %d entries, is older than the %v that are permitted",
			a.TreeSize, millis(cfg.MaxAuditorLag))
	}
}

// damage tells of files that were damaged.
func (c *collector) damage(d damageFile) {
	for _, one := range d.Damage {
		c.add(finding.Finding{
			Rule: finding.StateDamaged, Class: finding.Report, Severity: finding.Warning, Subject: one.FoundAt.Format(time.RFC3339Nano) + one.What,
			Summary: "a file of what was audited was damaged; what was believed is verified again", Detail: one.What,
			Hint: "check this machine's disk and memory",
		})
	}
}

// evidence tells of the evidence in the folder, whenever it was found.
func (c *collector) evidence() {
	found, useless, err := monitor.ReadEvidence(c.role.folder(), c.role.cfg.Configuration, c.role.cfg.Policy)
	c.failure(context.Background(), "reading the evidence", err)
	for _, e := range found {
		c.add(finding.Finding{
			Rule: finding.Rule(e.Evidence.Kind), Class: finding.Evidence, Severity: finding.Critical, Subject: filepath.Base(e.File),
			Summary: e.Evidence.Summary, File: e.File, Hint: "keep this file and show it to others: everybody can check it",
		})
	}
	for path, err := range useless {
		c.add(finding.Finding{
			Rule: finding.StateDamaged, Class: finding.Report, Severity: finding.Warning, Subject: path,
			Summary: "an evidence file does not verify any more", Detail: fmt.Sprintf("%s: %v", path, err), Hint: "take it from a copy, such as those of alerts",
		})
	}
}
