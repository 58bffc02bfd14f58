package station

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/cause"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// A Role is one of the things that a monitor does, again and again.
type Role interface {
	// Name is "audit", "watch", "vantage", "witness" or "self".
	Name() string
	// Round does it once. It is not called again before it has returned.
	Round(ctx context.Context) finding.Round
	// Close ends the role.
	Close() error
}

// slot has the rounds of one role. A role that cannot be opened, because the
// directory is not reached, is opened in a later round.
type slot struct {
	directory, name string // directory is empty for the monitor's own roles
	open            func(ctx context.Context) (Role, error)
	health          Health
	// patience is how long a round may take; 0 is as long as it takes.
	patience time.Duration
	logger   *slog.Logger

	role Role // nil until it is opened

	mu     sync.Mutex
	status RoleStatus
	ended  time.Time // when the last round ended, or the slot was made; with a monotonic reading
	told   time.Time // when the log was told of the progress
}

// tellProgress is how often the log is told of the progress of a long round.
const tellProgress = 10 * time.Second

// progress takes note of how far a long round has come.
func (s *slot) progress(p monitor.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.UpTo, s.status.Total = p.Entries, p.Total
	if now := time.Now(); s.told.IsZero() {
		s.told = now // short rounds are not worth a word
	} else if now.Sub(s.told) > tellProgress {
		s.told = now
		s.logger.Info("progress", "role", s.id(), "step", p.Step, "up_to", p.Entries, "total", p.Total)
	}
}

// RoleStatus is what the last round of a role came to. It is public.
type RoleStatus struct {
	Directory string          `json:"directory,omitempty"`
	Role      string          `json:"role"`
	Verdict   finding.Verdict `json:"verdict"`
	CheckedBy string          `json:"checked_by"`
	// Checked says what was checked, and by which rules.
	Checked string `json:"checked,omitempty"`
	// UpTo is how many log entries were checked, of Total; 0 if the role does not
	// count them, or the log's size is not known.
	UpTo  uint64 `json:"up_to,omitempty"`
	Total uint64 `json:"total,omitempty"`
	// Rounds is how many rounds were completed since the start; FinishedAt is when
	// the last of them was, and Took how long it took.
	Rounds     uint64        `json:"rounds"`
	FinishedAt time.Time     `json:"finished_at,omitzero"`
	Took       time.Duration `json:"took_ns"`
	// VerifiedAt is when a round last found that everything is as it should be.
	VerifiedAt time.Time `json:"verified_at,omitzero"`
	// Reasons say why the verdict is not "verified".
	Reasons []Reason `json:"reasons,omitempty"`
}

// Reason is the public part of a finding.
type Reason struct {
	Rule     finding.Rule     `json:"rule"`
	Class    finding.Class    `json:"class"`
	Severity finding.Severity `json:"severity"`
	Summary  string           `json:"summary"`
}

// checkedBy is who checks everything here.
const checkedBy = "this monitor"

// maxReasons bounds what a status says of one role.
const maxReasons = 100

// id names the slot in the ledger, in logs and in metrics.
func (s *slot) id() string {
	if s.directory == "" {
		return s.name
	}
	return s.directory + "/" + s.name
}

// round does one round.
func (s *slot) round(ctx context.Context) finding.Round {
	start := time.Now()
	limited, cancel := ctx, func() {}
	if s.patience > 0 {
		limited, cancel = context.WithTimeout(ctx, s.patience)
	}
	defer cancel()
	r := s.do(limited)
	if ctx.Err() == nil {
		s.note(&r, start)
	}
	return r
}

func (s *slot) do(ctx context.Context) finding.Round {
	if s.role == nil {
		role, err := s.open(ctx)
		if err != nil {
			return finding.Round{Findings: []finding.Finding{s.openFinding(err)}}
		}
		s.role = role
	}
	return s.role.Round(ctx)
}

// note makes the result of a round the status.
func (s *slot) note(r *finding.Round, start time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.status
	st.Directory, st.Role, st.CheckedBy = s.directory, s.name, checkedBy
	st.Verdict, st.Checked, st.UpTo, st.Total = r.Verdict(), r.Checked, r.Size, r.Total
	st.Rounds++
	s.told = time.Time{}
	s.ended = time.Now()
	st.FinishedAt, st.Took = s.ended.UTC(), time.Since(start)
	if st.Verdict == finding.Verified {
		st.VerifiedAt = st.FinishedAt
	}
	st.Reasons = nil
	for _, f := range r.Findings[:min(len(r.Findings), maxReasons)] {
		st.Reasons = append(st.Reasons, Reason{f.Rule, f.Class, f.Severity, f.Summary})
	}
}

// atWork returns how long the last round has ended, or the first one has not.
func (s *slot) atWork() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.ended)
}

// current returns the status.
func (s *slot) current() RoleStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	if st.Rounds == 0 {
		st.Directory, st.Role, st.CheckedBy, st.Verdict = s.directory, s.name, checkedBy, finding.Unchecked
		st.Reasons = []Reason{{finding.Behind, finding.Report, finding.Info, "the first round is not complete"}}
	}
	return st
}

// misbehaved is the finding for a contradiction. Without a file that proves it to others
// there is no evidence.
func misbehaved(err error) finding.Finding {
	f := finding.Finding{
		Rule: finding.Rule(evidence.Contradiction), Class: finding.Evidence, Severity: finding.Critical,
		Summary: "the directory's misbehaviour is proven",
	}
	var c *client.Error
	if !errors.As(err, &c) || c.Evidence == "" || c.Report {
		f.Rule, f.Class = finding.Refused, finding.Report
		f.Summary = "the directory's misbehaviour was proven to this monitor, which cannot prove it to others"
	}
	return f
}

// openFinding is the finding for a role that could not be opened.
func (s *slot) openFinding(err error) finding.Finding {
	f := finding.Finding{Rule: finding.Failed, Class: finding.Report, Severity: finding.Warning, Condition: true}
	f.Summary = "something on this machine failed"
	switch client.KindOf(err) {
	case client.Undecided:
		whole := false
		if f, whole = cause.Whole(err, s.health.Unreachable, s.health.Overdue); !whole {
			f.Rule, f.Summary = finding.Refused, "the directory's answer does not verify, and proves nothing"
		}
	case client.Misbehaved:
		f = misbehaved(err)
	case client.Attention:
		f.Rule, f.Summary = finding.ConfigurationChanged, "the directory serves another Configuration than the pinned one"
	}
	f.Directory, f.Subject, f.Detail = s.directory, s.name, err.Error()
	f.Summary = "the role " + s.name + " could not begin: " + f.Summary
	f.Hint = cause.Hint(err)
	var c *client.Error
	if errors.As(err, &c) {
		f.File = c.Evidence
	}
	return f
}

// run does rounds until ctx ends, about every interval, and tells of each.
func (s *slot) run(ctx context.Context, interval time.Duration, tell func(finding.Round)) {
	for {
		r := s.round(ctx)
		if ctx.Err() != nil {
			return
		}
		tell(r)
		// A tenth more or less keeps monitors from asking all at once.
		pause := interval - interval/10 + rand.N(interval/5+1)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// close closes the role.
func (s *slot) close() error {
	if s.role == nil {
		return nil
	}
	return s.role.Close()
}
