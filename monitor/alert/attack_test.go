package alert

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestReportBecomesEvidence proves later what was a report at first: it is told again,
// with the evidence.
func TestReportBecomesEvidence(t *testing.T) {
	w := newWorld(t)
	w.open()
	proven := proof(t, "alice", `{"schema":"ghostlight/evidence/v1"}`)
	report := proven
	report.Class = finding.Report
	for range 2 {
		w.record("example/watch", report)
	}
	for range 2 {
		w.record("example/watch", proven)
		w.open()
	}
	w.record("example/watch", proven, report)
	list := w.list(Filter{})
	if len(list) != 2 || list[0].Class != finding.Report || list[1].Class != finding.Evidence || list[1].Evidence == "" {
		t.Errorf("the alerts are %+v", list)
	}
}

// TestProvenIsNotReported has a role lose its evidence: that there is a report now, too,
// is nothing new.
func TestProvenIsNotReported(t *testing.T) {
	w := newWorld(t)
	w.open()
	proven := proof(t, "alice", `{"schema":"ghostlight/evidence/v1"}`)
	w.record("example/watch", proven)
	proven.Class = finding.Report
	w.record("example/watch", proven)
	w.wantShape("raised fork")
}

// TestFloodBeforeAttack uses up the budget of a rule by what is harmless. What is worse,
// or proven, is told all the same.
func TestFloodBeforeAttack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.cfg.MaxPerDay = 5
		w.open()
		flap := condition("fork", 0)
		for range 20 {
			w.record("example/watch", flap)
			w.record("example/watch")
		}
		attack := condition("fork", 0)
		attack.Severity, attack.Subject = finding.Critical, "alice"
		w.record("example/watch", attack)
		for i := range 20 {
			attack.Subject = fmt.Sprint("other ", i)
			w.record("example/watch", attack)
		}
		w.record("example/watch", attack, proof(t, "bob", "{}"))
		told := map[string]int{}
		for _, a := range w.list(Filter{State: Raised}) {
			told[fmt.Sprint(a.Class, " ", a.Severity)]++
		}
		if want := "map[evidence critical:1 report critical:6 report warning:6]"; fmt.Sprint(told) != want {
			t.Errorf("told are %v, want %s", told, want)
		}
		w.close()
	})
}
