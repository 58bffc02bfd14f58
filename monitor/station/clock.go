package station

import (
	"context"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// tolerance is how much a clock may be set without a word.
const tolerance = time.Minute

// self is the role in which the monitor watches itself: its clock, on which depends
// whether it believes a head to be new, and what was damaged of its state.
type self struct {
	now     func() time.Time // with a monotonic reading
	last    time.Time
	damaged []finding.Finding // found when the monitor was opened
	jumps   []finding.Finding // of the clock
}

// maxJumps bounds how many jumps of the clock are remembered.
const maxJumps = 10

const selfName = "self"

func (s *self) Name() string { return selfName }
func (s *self) Close() error { return nil }

func (s *self) Round(context.Context) finding.Round {
	now := s.now()
	if !s.last.IsZero() {
		s.compare(now)
	}
	s.last = now
	r := finding.Round{Checked: "the clock and the state of this monitor"}
	r.Findings = append(append(r.Findings, s.damaged...), s.jumps...)
	return r
}

// compare holds the time that passed by the clock against the time that passed.
func (s *self) compare(now time.Time) {
	passed := now.Sub(s.last) // monotonic
	jump := now.Round(0).Sub(s.last.Round(0)) - passed
	if jump.Abs() <= tolerance {
		return
	}
	s.jumps = append(s.jumps, finding.Finding{
		Rule: finding.ClockJumped, Class: finding.Report, Severity: finding.Warning,
		Subject: now.UTC().Format(time.RFC3339),
		Summary: fmt.Sprintf("this machine's clock was set by %v", jump.Round(time.Second)),
		Hint:    "heads that seemed new may be old, or the other way round: look at the clock; directories are not to blame",
	})
	if len(s.jumps) > maxJumps {
		s.jumps = s.jumps[1:]
	}
}
