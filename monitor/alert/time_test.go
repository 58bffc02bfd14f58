package alert

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestLasting measures how long a condition lasts.
func TestLasting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.open()
		c := condition(finding.Unreachable, 24*time.Hour)
		rounds := func(n int) {
			for range n {
				time.Sleep(time.Hour)
				w.record("example/audit", c)
			}
		}
		w.record("example/audit", c)
		rounds(23)
		w.wantShape("")
		rounds(1)
		w.wantShape("raised unreachable")
		a := w.list(Filter{})[0]
		if d := a.RaisedAt.Sub(a.FoundAt); d != 24*time.Hour {
			t.Errorf("it lasted %v", d)
		}
		w.record("example/audit")
		// One round without it begins anew, and what nobody was told of is not resolved.
		w.record("example/audit", c)
		rounds(23)
		w.record("example/audit")
		w.record("example/audit", c)
		rounds(23)
		w.wantShape("raised unreachable, resolved unreachable")
		w.close()
	})
}

// TestClockJumps sets the clock by a day, back and forth, with and without restarts,
// and switches the monitor off for a week.
func TestClockJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var jump time.Duration
		w.cfg.Now = func() time.Time { return time.Now().Add(jump).Round(0) }
		w.open()
		c := condition(finding.Unreachable, 24*time.Hour)
		w.record("example/audit", c)
		for _, restart := range []bool{false, true} {
			for _, by := range []time.Duration{25 * time.Hour, -50 * time.Hour, 25 * time.Hour, 400 * 24 * time.Hour, -1e6 * time.Hour} {
				jump += by
				if restart {
					w.open()
				}
				w.record("example/audit", c)
			}
		}
		w.wantShape("") // at most an hour for each start
		w.close()
		time.Sleep(7 * 24 * time.Hour)
		w.open()
		w.record("example/audit", c)
		time.Sleep(7 * 24 * time.Hour) // it hung
		w.record("example/audit", c)
		w.wantShape("")
		for range 24 {
			time.Sleep(time.Hour)
			w.record("example/audit", c)
		}
		w.wantShape("raised unreachable")
		w.close()
	})
}

// TestOneByOne runs one process for each round: time passes for it too.
func TestOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := condition(finding.Unreachable, 3*time.Hour)
		for i := range 13 {
			w.open()
			w.record("example/audit", c)
			if got := w.shape() != ""; got != (i == 12) {
				t.Fatalf("round %d: alerts %v", i, got)
			}
			w.close()
			time.Sleep(15 * time.Minute)
		}
	})
}

// TestNextDay tells what was too much for one day.
func TestNextDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.cfg.MaxPerDay = 3
		w.open()
		var all []finding.Finding
		for i := range 8 {
			all = append(all, event(fmt.Sprint(i)))
		}
		for day, want := range []int{4, 8, 10} {
			for range 24 {
				w.record("example/watch", all...)
				time.Sleep(time.Hour)
			}
			if got := len(w.list(Filter{})); got != want {
				t.Errorf("on day %d there are %d alerts, want %d", day, got, want)
			}
		}
		for i := range 8 {
			f := event(fmt.Sprint(i))
			if n, _ := w.l.store.number("q" + w.l.secret.scope("example/watch", &f)); n != 1 {
				t.Errorf("%d was told %d times", i, n)
			}
		}
		w.close()
	})
}

// TestDeadSink lets one of two sinks fail for a week. The other one gets everything at
// once, and the dead one in the end, in order.
func TestDeadSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead, alive := newRecorder("dead"), newRecorder("alive")
		dead.err = errors.New("connection refused")
		w := newWorld(t, dead, alive)
		l := w.open()
		stop := w.run()
		for i := range 20 {
			w.record("example/watch", event(fmt.Sprint(i)))
			synctest.Wait()
			if alive.count() != i+1 {
				t.Fatalf("the sink that is alive has %d of %d", alive.count(), i+1)
			}
		}
		time.Sleep(7 * 24 * time.Hour)
		synctest.Wait()
		wantBackoff(t, dead.calls)
		if n := l.Waiting()["dead"]; n != 20 {
			t.Errorf("%d wait", n)
		}
		dead.fail(nil)
		time.Sleep(time.Hour)
		synctest.Wait()
		if fmt.Sprint(dead.got) != fmt.Sprint(alive.got) || dead.twice+alive.twice != 0 {
			t.Errorf("the dead sink got %v, the other %v", dead.got, alive.got)
		}
		if n := l.Waiting()["dead"]; n != 0 {
			t.Errorf("%d wait", n)
		}
		stop()
		w.close()
	})
}

// wantBackoff checks that attempts come at longer and longer intervals, up to an hour,
// which are not all the same.
func wantBackoff(t *testing.T, calls []time.Time) {
	t.Helper()
	different := make(map[time.Duration]bool)
	for i := 1; i < len(calls); i++ {
		got, full := calls[i].Sub(calls[i-1]), min(time.Hour, time.Second<<min(i-1, 20))
		if got > full || got < full*3/4 {
			t.Errorf("attempt %d came after %v", i, got)
		}
		different[got] = true
	}
	if len(calls) < 7*24 || len(calls) > 300 || len(different) < 100 {
		t.Errorf("%d attempts, %d intervals", len(calls), len(different))
	}
}

// run runs deliveries until the result is called.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- w.l.Run(ctx) }()
	return func() {
		cancel()
		fatalIfErr(w.t, <-done)
	}
}
