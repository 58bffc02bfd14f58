package station

import (
	"context"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// self is the role in which the monitor watches itself: its clock, on which depends
// whether it believes a head to be new, what was damaged of its state, and whether its
// other roles come round.
type self struct {
	// clock returns the date, and how long this process has run by a clock that nobody
	// sets.
	clock   func() (date time.Time, ran time.Duration)
	late    func() []*slot    // roles whose round takes long
	overdue time.Duration     // how long it must, before anybody is told
	damaged []finding.Finding // found when the monitor was opened

	rounds int
	date   time.Time // of the last round
	ran    time.Duration
	jumps  []finding.Finding // of the clock
}

const (
	selfName = "self"
	// tolerance is how much a clock may be set without a word.
	tolerance = time.Minute
	// maxJumps bounds how many jumps of the clock are remembered.
	maxJumps = 10
)

// newClock returns the clock of this machine.
func newClock() func() (time.Time, time.Duration) {
	start := time.Now()
	return func() (time.Time, time.Duration) {
		now := time.Now()
		return now.Round(0), now.Sub(start)
	}
}

// Name implements Role.
func (s *self) Name() string { return selfName }

// Close implements Role.
func (s *self) Close() error { return nil }

// Round implements Role.
func (s *self) Round(context.Context) finding.Round {
	date, ran := s.clock()
	if s.rounds > 0 {
		s.compare(date, date.Sub(s.date)-(ran-s.ran))
	}
	s.rounds, s.date, s.ran = s.rounds+1, date, ran
	r := finding.Round{Checked: "the clock and the state of this monitor, and that its roles come round"}
	r.Findings = append(append(r.Findings, s.damaged...), s.jumps...)
	for _, slot := range s.late() {
		r.Findings = append(r.Findings, finding.Finding{
			Rule: finding.Behind, Class: finding.Report, Severity: finding.Warning, Directory: slot.directory,
			Subject: finding.Subject("round", slot.id()), Condition: true, After: s.overdue,
			Summary: "the role " + slot.name + " has been at one round for long",
			Hint:    "the log of the monitor tells of its progress; a faster disk or network, or more memory, may help",
		})
	}
	return r
}

// compare tells if the date has moved by more than the time that passed.
func (s *self) compare(date time.Time, jump time.Duration) {
	if jump.Abs() <= tolerance {
		return
	}
	s.jumps = append(s.jumps, finding.Finding{
		Rule: finding.ClockJumped, Class: finding.Report, Severity: finding.Warning,
		Subject: date.UTC().Format(time.RFC3339),
		Summary: fmt.Sprintf("this machine's clock was set by %v, or the machine slept", jump.Round(time.Second)),
		Hint:    "heads that seemed new may be old, or the other way round: look at the clock; directories are not to blame",
	})
	if len(s.jumps) > maxJumps {
		s.jumps = s.jumps[1:]
	}
}
