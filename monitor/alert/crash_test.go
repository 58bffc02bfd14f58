package alert

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"testing"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// story is what a role finds, round for round, and an acknowledgement.
type story struct {
	rounds [][]finding.Finding
	at     int // the next round
}

func newStory(t testing.TB) *story {
	e, c, p := event("alice"), condition(finding.Refused, 0), proof(t, "x", `{"proof":1}`)
	return &story{rounds: [][]finding.Finding{{e, c, p}, {e, p}, {e, p, event("bob"), c}}}
}

// run goes on with the story until it ends or something fails. A round that failed is
// told again.
func (s *story) run(w *world) error {
	for ; s.at < len(s.rounds); s.at++ {
		if err := w.l.Record(context.Background(), "example/audit", finding.Round{Findings: s.rounds[s.at]}); err != nil {
			return err
		}
		if err := w.l.Flush(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

// wantTold checks that the story was told whole, and each alert once.
func (s *story) wantTold(w *world, r *recorder) {
	w.t.Helper()
	var want, states []string
	for _, a := range w.list(Filter{}) {
		want = append(want, a.ID)
		states = append(states, fmt.Sprintf("%s %s", a.State, a.Rule))
	}
	if !slices.Equal(r.got, want) {
		w.t.Fatalf("delivered were %v, the ledger has %v", r.got, want)
	}
	if got := fmt.Sprint(states); got != "[raised fork raised unexpected-version raised refused resolved refused raised unexpected-version raised refused]" {
		w.t.Fatalf("the alerts are %s", got)
	}
}

// TestCrashes stops a ledger at every single step of a story. Nothing is lost, and
// nothing is told twice but what was on its way.
func TestCrashes(t *testing.T) {
	for _, applied := range []bool{false, true} {
		last, repeated := false, 0
		n := 0
		for ; !last; n++ {
			r := newRecorder("r")
			w := newWorld(t, r)
			h := new(hooks)
			h.install(&w.cfg)
			s := newStory(t)
			steps := h.stopAt(n, applied)
			var err error
			if w.l, _, err = Open(w.cfg); err == nil {
				err = s.run(w)
			}
			h.mu.Lock()
			last = *steps <= n
			h.mu.Unlock()
			if !last {
				wantErr(t, err, errCrash)
			}
			if w.l != nil {
				_ = w.l.Close()
				w.l = nil
			}
			h.set(nil)
			if found := w.reopen(); len(found) > 0 {
				t.Fatalf("stopped at step %d: %+v", n, found)
			}
			fatalIfErr(t, s.run(w))
			fatalIfErr(t, w.l.Flush(t.Context()))
			s.wantTold(w, r)
			if r.twice > 1 {
				t.Fatalf("stopped at step %d: %d alerts were repeated", n, r.twice)
			}
			repeated += r.twice
			w.close()
		}
		if n < 100 || repeated == 0 {
			t.Errorf("there are only %d steps, and %d repetitions", n, repeated)
		}
	}
}

// TestDiskFull lets each kind of step fail for lack of space, for a while. The process
// goes on when there is space again.
func TestDiskFull(t *testing.T) {
	for _, op := range []string{"create", "write", "sync", "rename", "syncdir", "db-write", "db-sync"} {
		t.Run(op, func(t *testing.T) {
			r := newRecorder("r")
			w := newWorld(t, r)
			h := new(hooks)
			h.install(&w.cfg)
			s := newStory(t)
			w.open()
			for range s.rounds {
				h.set(func(o, _ string, do func() error) error {
					if o == op {
						return syscall.ENOSPC
					}
					return do()
				})
				for range 3 {
					before := len(r.got)
					wantErr(t, s.run(w), syscall.ENOSPC)
					if len(r.got) > before {
						t.Fatal("an alert was told without being kept")
					}
				}
				h.set(nil)
				fatalIfErr(t, s.round(w))
			}
			s.wantTold(w, r)
			w.open()
			s.wantTold(w, r)
		})
	}
}

// round goes on with the story for one round.
func (s *story) round(w *world) error {
	one := &story{rounds: s.rounds[:s.at+1], at: s.at}
	err := one.run(w)
	s.at = one.at
	return err
}
