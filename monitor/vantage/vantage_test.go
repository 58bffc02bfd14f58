package vantage

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestHonest has two ways, and two monitors that are each other's peers.
func TestHonest(t *testing.T) {
	w := newWorld(t)
	w.cfg.Routes = []Route{{URL: newHost(t, w.dir).URL}, {}}
	base, other := w.peerOf(w.dir)
	w.cfg.Peers = []string{base, newHost(t, http.NotFoundHandler()).URL}
	for range 3 {
		r := w.round()
		w.want(r)
		if r.Verdict() != finding.Verified || r.Size != w.dir.Size() || r.Total != r.Size {
			t.Errorf("%+v", r)
		}
		for _, text := range []string{"heads by 2 of 2 routes and of 1 of 2 peers", "checkpoints by 2 and of 1"} {
			if !strings.Contains(r.Checked, text) {
				t.Errorf("%q lacks %q", r.Checked, text)
			}
		}
		w.dir.Tick(2, clienttest.Window)
		other.want(other.round())
		w.dir.Insert()
	}
}

// TestNewDirectory has a log without a distinguished entry, and then a first one.
func TestNewDirectory(t *testing.T) {
	w := worldOf(t, clienttest.New())
	w.cfg.Routes = []Route{{}}
	w.want(w.round())
	w.dir.Tick(4, clienttest.Window)
	w.want(w.round())
	if w.v.published.Load() == nil {
		t.Error("nothing is published")
	}
}

// TestForkByRoute: a split view that distinguished heads alone show, because there is no
// policy.
func TestForkByRoute(t *testing.T) {
	w := newWorld(t)
	w.cfg.Policy = nil
	second := newHost(t, w.dir)
	w.cfg.Routes = []Route{{URL: second.URL}}
	w.want(w.round())
	second.become(w.fork())
	r := w.round()
	w.want(r, "fork")
	if r.Verdict() != finding.Misbehaviour || r.Findings[0].Class != finding.Evidence {
		t.Errorf("%+v", r)
	}
	// It stays, is stored once, and does not grow with the logs.
	folder := w.cfg.Client.StateDir() + "/evidence"
	n := files(t, folder)
	for range 3 {
		w.dir.Tick(1, clienttest.Window)
		w.want(w.round(), "fork")
	}
	w.open()
	r = w.round()
	w.want(r, "fork")
	if files(t, folder) != n || !strings.Contains(r.Checked, "not compared any more") {
		t.Errorf("%d files, then %d; %s", n, files(t, folder), r.Checked)
	}
}

// TestNotContinued has a route to a log that forked, of which no head contradicts this
// monitor's.
func TestNotContinued(t *testing.T) {
	for name, c := range map[string]struct {
		own, other int // entries after the fork
	}{"the route's is longer": {1, 2}, "the route's is shorter": {2, 1}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for w.dir.Size() != 14 {
				w.dir.Insert()
			}
			w.cfg.Policy = nil
			second := newHost(t, w.dir)
			w.cfg.Routes = []Route{{URL: second.URL}}
			w.want(w.round())
			other := w.dir.Fork()
			second.become(other)
			for range c.own {
				w.dir.Insert()
			}
			for range c.other {
				other.Insert()
			}
			r := w.round()
			f := w.named(r, finding.Refused, "route 1")
			if f.Class != finding.Report || !f.Condition || !strings.Contains(f.Summary, "not proven") {
				t.Errorf("%+v", f)
			}
			w.cfg.Policy = w.dir.Policy("any")
			w.open()
			w.named(w.round(), finding.Rule("inconsistency"), "route 1")
		})
	}
}

// TestForkByCheckpoint: the heads of the second way are this monitor's, and its public
// log another one.
func TestForkByCheckpoint(t *testing.T) {
	w := newWorld(t)
	other := w.dir.Fork()
	other.Insert()
	w.dir.Insert()
	liar := w.dir.Fork()
	liar.ShowLogOf(other)
	w.cfg.Routes = []Route{{URL: newHost(t, liar).URL}}
	r := w.round()
	w.want(r, "inconsistency")
	n := files(t, w.cfg.Dir+"/evidence")
	for range 2 {
		other.Insert()
		w.dir.Insert()
		liar.Insert()
	}
	w.open()
	r = w.round()
	w.named(r, finding.Rule("inconsistency"), "route 1")
	if files(t, w.cfg.Dir+"/evidence") != n {
		t.Error("more evidence of the same")
	}
}

// TestNewcomerIsShownAnother: the directory continues this monitor's log to those who
// know it, and shows all others another one.
func TestNewcomerIsShownAnother(t *testing.T) {
	w := newWorld(t)
	w.cfg.Policy = nil
	w.want(w.round())
	other := newHost(t, w.fork())
	w.dir.Before = func(op string, body []byte) *clienttest.Answer {
		if op != "distinguished" || string(body) != "\x00\x00" {
			return nil
		}
		return post(t, other.URL, body)
	}
	for range 2 {
		r := w.round()
		w.named(r, finding.Rule("fork"), "a newcomer")
		w.dir.Tick(1, clienttest.Window)
	}
}

// TestGossipOnly: a split view between two monitors with one way each.
func TestGossipOnly(t *testing.T) {
	for name, policy := range map[string]bool{"distinguished heads": false, "and checkpoints": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			other := w.fork()
			base, _ := w.peerOf(other)
			w.cfg.Peers = []string{base}
			want := []string{"fork", "inconsistency"}
			if !policy {
				w.cfg.Policy = nil
				want = want[:1]
			}
			// A checkpoint that is larger than any on this monitor's way cannot be compared
			// before there are tiles for it; the peer's monitor could.
			w.want(w.round(), "fork")
			w.dir.Tick(5, time.Second)
			w.want(w.round(), want...)
			w.want(w.round(), want...)
		})
	}
}

// TestOwnWayDown compares what is retained with others, though the directory gives this
// monitor nothing any more.
func TestOwnWayDown(t *testing.T) {
	w := newWorld(t)
	w.cfg.Policy = nil
	second := newHost(t, w.dir)
	base, peer := w.peerOf(w.dir)
	w.cfg.Routes, w.cfg.Peers = []Route{{URL: second.URL}}, []string{base}
	w.want(w.round())
	other := w.fork()
	w.round()
	w.server.Close()
	r := w.round()
	w.want(r, "unreachable")
	if f := r.Findings[0]; f.After != 24*time.Hour || !f.Condition || r.Verdict() != finding.Unchecked {
		t.Errorf("%+v", f)
	}
	second.become(other)
	peer.server.become(other)
	r = w.round()
	w.named(r, finding.Rule("fork"), "route 1")
	w.named(r, finding.Unreachable, "the directory was not reached")
}

// TestOlderWay: one of the ways leads to an older log, and later does not.
func TestOlderWay(t *testing.T) {
	w := newWorld(t)
	second := newHost(t, w.dir)
	base, peer := w.peerOf(w.dir)
	w.cfg.Routes, w.cfg.Peers = []Route{{URL: second.URL}}, []string{base}
	w.want(w.round())
	frozen := w.dir.Fork()
	w.dir.Tick(3, time.Minute)
	peer.want(peer.round())
	w.server.become(frozen)
	r := w.round()
	for _, f := range r.Findings {
		if f.Rule != finding.RolledBack || !f.Condition || f.After != time.Hour || f.Class != finding.Report {
			t.Errorf("%+v", f)
		}
	}
	w.named(r, finding.RolledBack, "by this monitor than by route 1")
	w.named(r, finding.RolledBack, "by this monitor than by peer 1")
	w.server.become(w.dir)
	w.want(w.round())
	// The other way round, distinguished heads are told of when they are too old.
	second.become(frozen)
	r = w.round()
	w.want(r, "rolled-back")
	w.named(r, finding.RolledBack, "by route 1 than by this monitor")
	w.dir.Tick(26, clienttest.Window)
	r = w.round()
	w.named(r, finding.NotCompared, "route 1")
	w.named(r, finding.NotCompared, "peer 1")
}

// TestOverdue: nothing is proven against a directory that stands still, or that its
// witnesses do not follow; the auditor's and the witnesses' delays are waited for.
func TestOverdue(t *testing.T) {
	w := newWorld(t)
	w.cfg.Unreachable = 3 * time.Hour
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

// TestReportOnly: of reports of what cannot be proven to others, the first one is kept.
func TestReportOnly(t *testing.T) {
	w := newWorld(t)
	w.cfg.Policy = nil
	w.cfg.Routes = []Route{{URL: newHost(t, w.fork()).URL}}
	r := w.round()
	data, err := os.ReadFile(w.named(r, finding.Rule("fork"), "route 1").File)
	fatalIfErr(t, err)
	w.cfg.Dir, w.cfg.Routes = t.TempDir(), nil
	w.open()
	var paths []string
	for i := range 3 {
		path := fmt.Sprintf("%s/report-%d.json", t.TempDir(), i)
		fatalIfErr(t, os.WriteFile(path, data, 0o600))
		paths = append(paths, path)
		round := &round{Vantage: w.v, reached: make(map[string]bool)}
		round.misbehaved(place{name: "route 1", id: "r"}, &client.Error{Kind: client.Misbehaved, Report: true, Evidence: path, Err: errors.New("two logs")})
	}
	r = w.round()
	w.want(r, "refused")
	if f := r.Findings[0]; f.Class != finding.Report || f.Severity != finding.Critical || f.File != paths[0] || !strings.Contains(f.Summary, "cannot prove") {
		t.Errorf("%+v", f)
	}
	for i, path := range paths {
		if _, err := os.Stat(path); (err == nil) != (i == 0) {
			t.Errorf("report %d: %v", i, err)
		}
	}
}
