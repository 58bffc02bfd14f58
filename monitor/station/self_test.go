package station

import (
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestSelf sets the clock of a machine, has a role hang, and lets that end.
func TestSelf(t *testing.T) {
	date, ran := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC), time.Duration(0)
	var late []*slot
	s := &self{
		clock: func() (time.Time, time.Duration) { return date, ran }, late: func() []*slot { return late },
		overdue: time.Hour, damaged: []finding.Finding{{Rule: finding.StateDamaged}},
	}
	wants := func(dated, passed time.Duration, want ...finding.Rule) finding.Round {
		t.Helper()
		date, ran = date.Add(dated), ran+passed
		r := s.Round(t.Context())
		want = append([]finding.Rule{finding.StateDamaged}, want...)
		if len(r.Findings) != len(want) {
			t.Fatalf("%+v, want %v", r.Findings, want)
		}
		for i, rule := range want {
			if r.Findings[i].Rule != rule {
				t.Errorf("%+v, want %v", r.Findings[i], rule)
			}
		}
		return r
	}
	const day = 24 * time.Hour
	wants(day, time.Minute) // nothing to compare with yet
	wants(day, day)
	wants(time.Minute, time.Second) // within the tolerance
	jumped := finding.ClockJumped
	wants(day, time.Minute, jumped)
	wants(-day, time.Minute, jumped, jumped)
	late = []*slot{{directory: "example", name: "audit"}}
	r := wants(0, 0, jumped, jumped, finding.Behind)
	if f := r.Findings[3]; !f.Condition || f.After != time.Hour || f.Directory != "example" {
		t.Errorf("%+v", f)
	}
	late = nil
	wants(0, 0, jumped, jumped)
	for range 2 * maxJumps {
		date = date.Add(day)
		r = s.Round(t.Context())
	}
	if len(r.Findings) != 1+maxJumps {
		t.Errorf("%d findings", len(r.Findings))
	}
}
