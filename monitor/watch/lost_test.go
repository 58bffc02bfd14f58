package watch_test

import (
	"os"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// lose removes all that the client keeps, and pins the directory again.
func (w *world) lose() {
	w.Helper()
	fatalIfErr(w, os.RemoveAll(w.root()))
	cfg := client.Config{Now: w.dir.Clock.Now, HTTP: w.server.Client(), Retries: -1}
	_, err := client.Trust(w.Context(), w.root(), w.server.URL, "", cfg)
	fatalIfErr(w, err)
	w.client, err = client.Open(w.root(), w.server.URL, cfg)
	fatalIfErr(w, err)
	w.open()
}

// TestClientLost goes on watching after all that the client had is gone.
func TestClientLost(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	w.lose()
	w.find(w.wants(finding.StateDamaged), finding.StateDamaged, w.client.StateDir())
	w.open()
	r := w.wants(finding.StateDamaged)
	if !strings.HasPrefix(r.Checked, "every version of 1 of 1 owned labels, and the greatest ones of 1 of 1 contacts'") {
		t.Errorf("checked: %s", r.Checked)
	}
	w.insert(alice, "x")
	w.wants(finding.StateDamaged, finding.UnexpectedVersion)
}

// TestClientLostWithVersions tells of what came while nobody looked, once.
func TestClientLostWithVersions(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	w.insert(alice, "x")
	w.insert(alice, "y")
	w.insert(bob, "z")
	w.lose()
	f := w.find(w.wants(finding.StateDamaged, finding.UnexpectedVersion, finding.ChangedValue), finding.UnexpectedVersion,
		"version 2, after version 0", fingerprint('y'))
	if f.Severity != finding.Critical {
		t.Errorf("%+v", f)
	}
	w.open()
	again := w.find(w.wants(finding.StateDamaged, finding.UnexpectedVersion, finding.ChangedValue), finding.UnexpectedVersion)
	if again.Key() != f.Key() {
		t.Errorf("another finding: %+v", again)
	}
}

// TestCrashAfterClientLost has the monitor end after the client took the labels over
// again, and before anything was told.
func TestCrashAfterClientLost(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	w.insert(alice, "x")
	before := w.readFile(w.record())
	w.lose()
	w.wants(finding.StateDamaged, finding.UnexpectedVersion)
	w.writeFile(w.record(), before)
	w.open()
	w.find(w.wants(finding.UnexpectedVersion), finding.UnexpectedVersion, "version 1, after version 0")
}

// TestClientLostAndLessShown has the directory show less than what was told of.
func TestClientLostAndLessShown(t *testing.T) {
	w := newWorld(t, both...)
	w.insert(alice, "x")
	w.wants()
	told := w.readFile(w.record())
	old := newWorld(t, both...)
	old.wants()
	old.writeFile(old.record(), told)
	old.lose()
	f := old.find(old.wants(finding.StateDamaged, finding.Refused), finding.Refused, "to have version 1 ", "and now has version 0 ")
	if f.Severity != finding.Critical || f.Class != finding.Report {
		t.Errorf("%+v", f)
	}
	old.open()
	old.wants(finding.StateDamaged, finding.Refused)
}

// TestExpectedIsTold holds that a version that was announced or accepted is told of, and
// no surprise when the client is lost after it.
func TestExpectedIsTold(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	w.expect(alice, "x")
	w.insert(alice, "x")
	w.wants(finding.ExpectedVersion)
	w.insert(alice, "y")
	w.wants(finding.ExpectedVersion, finding.UnexpectedVersion)
	_, err := w.client.Accept(t.Context(), alice, 2)
	fatalIfErr(t, err)
	w.wants(finding.ExpectedVersion)
	w.lose()
	w.wants(finding.ExpectedVersion, finding.StateDamaged)
	w.dir.Tick(1, clienttest.Window)
	w.wants(finding.ExpectedVersion, finding.StateDamaged)
}

// TestAllLost tells of a label that is taken over again as another one than before.
func TestAllLost(t *testing.T) {
	w := newWorld(t, both...)
	first := w.round()
	w.insert(alice, "x")
	fatalIfErr(t, os.Remove(w.record()))
	w.lose()
	keys := make(map[string]bool)
	for _, f := range first.Findings {
		keys[f.Key()] = true
	}
	fresh := 0
	for _, f := range w.round().Findings {
		if f.Rule != finding.TakenOver {
			t.Errorf("%+v", f)
		} else if !keys[f.Key()] {
			fresh++
		}
	}
	if fresh != 1 {
		t.Errorf("%d labels are told to be taken over, want the one that changed", fresh)
	}
}
