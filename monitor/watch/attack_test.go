package watch_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// deny has the directory tell the owner's monitor of no new versions.
func (w *world) deny() {
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if op == "update" {
			return clienttest.Problem(http.StatusConflict, "conflict", "greatest_version", "nothing new")
		}
		return nil
	}
}

// TestDeniedAgain denies a version to its owner, and tells of it after all. That the next
// one is denied, too, is another finding: otherwise nobody would ever be told of it.
func TestDeniedAgain(t *testing.T) {
	w := newWorld(t, both[0])
	w.dir.Tick(1, clienttest.Window) // what follows is not distinguished yet
	w.wants()
	w.expect(alice, "n")
	w.insert(alice, "n")
	w.deny()
	first := w.find(w.wants(finding.UnexpectedVersion), finding.UnexpectedVersion)
	if again := w.find(w.wants(finding.UnexpectedVersion), finding.UnexpectedVersion); again.Key() != first.Key() {
		t.Error("the same is another finding in the next round")
	}
	w.dir.Before = nil
	w.wants(finding.ExpectedVersion) // a mistake, it seems
	w.insert(alice, "x")
	w.deny()
	second := w.find(w.wants(finding.UnexpectedVersion, finding.ExpectedVersion), finding.UnexpectedVersion)
	if second.Key() == first.Key() {
		t.Error("that another version is denied is no new finding")
	}
}

// TestEarlierExpectationLapses announces keys, and others instead. When these have come,
// the first ones are excused no more: they may have been given up for a reason.
func TestEarlierExpectationLapses(t *testing.T) {
	for label, rule := range map[string]finding.Rule{alice: finding.UnexpectedVersion, bob: finding.ChangedValue} {
		t.Run(label, func(t *testing.T) {
			w := newWorld(t, both...)
			w.wants()
			w.expect(label, "n")
			w.dir.Clock.Add(time.Minute)
			w.expect(label, "m")
			w.dir.Clock.Add(time.Minute)
			w.insert(label, "m")
			w.wants(finding.ExpectedVersion, finding.ExpectedVersion)
			if n := w.expectations(); n != 0 {
				t.Errorf("%d expectations are left", n)
			}
			w.insert(label, "n")
			w.wants(finding.ExpectedVersion, finding.ExpectedVersion, rule)
		})
	}
}

// TestAbout has findings about a label say so: what is told of one label in a day does not
// keep others from being told of.
func TestAbout(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	w.insert(alice, "x")
	w.insert(bob, "x")
	r := w.wants(finding.UnexpectedVersion, finding.ChangedValue)
	for rule, label := range map[finding.Rule]string{finding.UnexpectedVersion: alice, finding.ChangedValue: bob} {
		if f := w.find(r, rule); f.About != label {
			t.Errorf("%s is about %q", rule, f.About)
		}
	}
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if op == "owner-monitor" {
			return clienttest.Problem(http.StatusInternalServerError, "internal", "", "")
		}
		return nil
	}
	if f := w.find(w.round(), finding.Refused); f.About != alice {
		t.Errorf("%+v", f)
	}
}

// TestExpectedThoughNotChecked has the directory tell of an announced version, and then
// refuse to prove that there is no other one. What was announced is no surprise.
func TestExpectedThoughNotChecked(t *testing.T) {
	for name, c := range map[string]struct {
		inserted string
		want     []finding.Rule
	}{
		"as announced": {"n", []finding.Rule{finding.ExpectedVersion}},
		"otherwise":    {"x", []finding.Rule{finding.ExpectedVersion, finding.UnexpectedVersion}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, both[0])
			w.dir.Tick(1, clienttest.Window)
			w.wants()
			w.expect(alice, "n")
			w.insert(alice, c.inserted)
			w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
				if op == "search" {
					return clienttest.Problem(http.StatusInternalServerError, "internal", "", "")
				}
				return nil
			}
			w.wants(append([]finding.Rule{finding.Refused}, c.want...)...)
			w.wants(append([]finding.Rule{finding.Refused}, c.want...)...)
			w.dir.Before = nil
			w.wants(c.want...)
		})
	}
}
