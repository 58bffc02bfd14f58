package vantage

import (
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestOverdue: nothing is proven against a directory that stands still, or that its
// witnesses do not follow; the auditor's and the witnesses' delays are waited for.
func TestOverdue(t *testing.T) {
	w := newWorld(t)
	w.cfg.Unreachable, w.cfg.Overdue = 2*time.Hour, 3*time.Hour
	w.want(w.round())
	w.dir.Sleep(clienttest.Witness1, clienttest.Witness2)
	w.dir.Tick(1, time.Minute)
	r := w.round()
	w.want(r, "quorum-overdue")
	if f := r.Findings[0]; f.Class != finding.Report || f.After != 3*time.Hour || !f.Condition {
		t.Errorf("%+v", f)
	}
	if w.v.believed.Size != w.dir.Size()-1 {
		t.Error("a checkpoint without a quorum was believed")
	}
	w.dir.Sleep()
	w.want(w.round())
	w.dir.Clock.Add(25 * time.Hour)
	r = w.round()
	w.want(r, "stalled")
	if f := r.Findings[0]; f.Class != finding.Report || f.After != 0 {
		t.Errorf("%+v", f)
	}
}

// TestCheckpointWithoutQuorum: whatever witnesses have signed it, the log's own signature
// is what is compared.
func TestCheckpointWithoutQuorum(t *testing.T) {
	w := newWorld(t)
	other := w.dir.Fork()
	other.Insert()
	other.Sleep(clienttest.Witness1, clienttest.Witness2)
	w.dir.Insert()
	second := w.dir.Fork()
	second.ShowLogOf(other)
	w.cfg.Routes = []Route{{URL: newHost(t, second).URL}}
	w.want(w.round(), "inconsistency")
}

// TestSmallerIsNotBelieved: a smaller checkpoint does not take the place of a larger one,
// though a second way proves that it is of the same log.
func TestSmallerIsNotBelieved(t *testing.T) {
	w := newWorld(t)
	frozen := w.dir.Fork()
	w.dir.Tick(3, time.Minute)
	w.cfg.Routes = []Route{{URL: newHost(t, w.dir).URL}}
	w.want(w.round())
	w.server.become(frozen)
	for range 2 {
		r := w.round()
		w.named(r, finding.RolledBack, "the public log is smaller than it was")
		if w.v.believed.Size != w.dir.Size() {
			t.Errorf("believed %d entries, not %d", w.v.believed.Size, w.dir.Size())
		}
	}
}
