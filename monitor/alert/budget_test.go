package alert

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestBudgetOfSeverity uses up what is told of a rule in a day with what matters little.
// What matters is told at once all the same, and so is evidence by the same rule.
func TestBudgetOfSeverity(t *testing.T) {
	w := newWorld(t)
	w.cfg.MaxPerDay = 3
	w.open()
	var all []finding.Finding
	for i := range 10 {
		f := condition(finding.Refused, 0)
		f.Subject = fmt.Sprint(i)
		all = append(all, f)
	}
	w.record("example/watch", all...)
	if n := len(w.list(Filter{})); n != 4 {
		t.Fatalf("%d alerts", n)
	}
	shown := condition(finding.Refused, 0)
	shown.Subject, shown.Severity = "what was shown is gone", finding.Critical
	w.record("example/watch", append(all, shown)...)
	if list := w.list(Filter{}); len(list) != 5 || list[4].Severity != finding.Critical {
		t.Errorf("what is critical was not told: %d alerts", len(list))
	}
	proven := proof(t, "x", "{}")
	proven.Rule = finding.Refused
	w.record("example/watch", append(all, shown, proven)...)
	if list := w.list(Filter{}); len(list) != 6 || list[5].Class != finding.Evidence {
		t.Errorf("what is proven was not told: %d alerts", len(list))
	}
}

// TestBudgetOfOthers has so much happen to one label that not all of it is told. The
// first thing of another label is told at once, and what more happens to that when a day
// is over.
func TestBudgetOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.cfg.MaxPerDay = 3
		w.open()
		of := func(label string, n int) (out []finding.Finding) {
			for i := range n {
				f := event(fmt.Sprint(label, i))
				f.About = label
				out = append(out, f)
			}
			return out
		}
		noise := of("noise", 10)
		w.record("example/watch", noise...)
		if n := len(w.list(Filter{})); n != 4 {
			t.Fatalf("%d alerts", n)
		}
		all := append(noise, of("victim", 2)...)
		for range 3 {
			w.record("example/watch", all...)
			if list := w.list(Filter{}); len(list) != 5 || list[4].Detail != "of victim0" {
				t.Fatalf("%d alerts, the last one %q", len(list), list[len(list)-1].Detail)
			}
		}
		w.reopen()
		w.record("example/watch", append(all, of("third", 1)...)...)
		if n := len(w.list(Filter{})); n != 6 {
			t.Errorf("%d alerts after a restart", n)
		}
		for range 25 {
			time.Sleep(time.Hour)
			w.record("example/watch", all...)
		}
		told := false
		for _, a := range w.list(Filter{}) {
			told = told || a.Detail == "of victim1"
		}
		if !told {
			t.Error("what more happened is not told on the next day")
		}
		w.close()
	})
}
