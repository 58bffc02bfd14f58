package client_test

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// waiting returns a client that waits for the witnesses.
func (w *world) waiting(d time.Duration) *client.Client {
	return w.with(func(cfg *client.Config) { cfg.WaitWitnessed = d })
}

// TestWaitWitnessed waits while the witnesses catch up, and others use the state.
func TestWaitWitnessed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubbleWorld(t).fresh()
		w.own(alice)
		w.dir.ShowLog(w.dir.Size())
		looked := make(chan error, 1)
		other := w.with(func(cfg *client.Config) { cfg.LockWait = time.Minute })
		var reads atomic.Int32
		w.onLog("checkpoint", func() *clienttest.Answer {
			switch reads.Add(1) {
			case 1:
				go func() {
					_, err := other.Lookup(bg, alice, nil)
					looked <- err
				}()
			case 3:
				w.dir.ShowWholeLog()
			}
			return nil
		})
		p, err := w.waiting(time.Minute).Publish(bg, alice, keys("ab"), client.PublishOptions{})
		if err != nil || !p.Published || p.Kind() != 0 {
			t.Fatalf("%+v, %v", p, err)
		}
		w.witnessed(p.Witness, w.dir.Size(), both)
		if err := <-looked; err != nil {
			t.Errorf("the state was locked for others: %v", err)
		}
		before := reads.Load()
		if before < 3 {
			t.Errorf("%d checkpoints were read", before)
		}
		// With nothing to wait for, there is no second look.
		if _, err := w.waiting(time.Minute).Lookup(bg, alice, nil); err != nil || reads.Load() > before+1 {
			t.Errorf("%d checkpoints were read: %v", reads.Load()-before, err)
		}
	})
}

// TestWaitInVain waits for witnesses that stand still. A publication stands.
func TestWaitInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubbleWorld(t).fresh()
		w.own(alice)
		w.dir.ShowLog(w.dir.Size())
		pos := w.dir.Size()
		c := w.waiting(700 * time.Millisecond)
		p, err := c.Publish(bg, alice, keys("ab"), client.PublishOptions{})
		if err != nil || !p.Published || p.Kind() != client.Undecided {
			t.Fatalf("%+v, %v", p, err)
		}
		w.witnessed(p.Witness, pos, both, pos)
		w.outcome(p.Verdict, client.OutcomeUnchecked)
		if r := p.Verdict.Reason; !strings.HasPrefix(r, "version 1 is published, but ") || !strings.Contains(r, "after waiting for 700ms") {
			t.Errorf("%q", r)
		}
		_, err = c.Lookup(bg, alice, nil)
		wantKind(t, err, client.Undecided, "after waiting for 700ms")
		_, err = c.Prove(bg, alice, nil)
		wantKind(t, err, client.Undecided, "after waiting for 700ms")
		if w.lookup(alice).Version != 1 {
			t.Error("the publication does not stand")
		}

		ctx, cancel := context.WithCancel(bg)
		w.onLog("checkpoint", func() *clienttest.Answer { cancel(); return nil })
		_, err = w.waiting(time.Minute).Lookup(ctx, alice, nil)
		wantKind(t, err, client.Undecided, "waiting was interrupted")
	})
}

// TestWaitForMisbehaviour finds, while it waits, that the witnesses see another
// log.
func TestWaitForMisbehaviour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubbleWorld(t).fresh()
		w.own(alice)
		w.dir.ShowLog(w.dir.Size())
		pos := w.dir.Size()
		var reads atomic.Int32
		w.onLog("checkpoint", func() *clienttest.Answer {
			if reads.Add(1) == 2 {
				w.dir.ChangeLeaf(pos)
				w.dir.ShowWholeLog()
			}
			return nil
		})
		_, err := w.waiting(time.Minute).Publish(bg, alice, keys("ab"), client.PublishOptions{})
		e := wantKind(t, err, client.Misbehaved, "version 1 was published, but: the directory showed this client another log entry")
		w.checkEntry(e.Evidence, pos)
	})
}

// TestWaitUnderAnotherPolicy has another process replace the policy meanwhile.
func TestWaitUnderAnotherPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubbleWorld(t).fresh()
		w.dir.ShowLog(w.dir.Size())
		w.insert("ab")
		trusted := make(chan error, 1)
		var reads atomic.Int32
		w.onLog("checkpoint", func() *clienttest.Answer {
			if reads.Add(1) == 1 {
				go func() {
					cfg := w.config()
					cfg.Policy, cfg.LockWait = w.dir.Policy("all"), time.Minute
					_, err := client.Trust(bg, w.root, w.server.URL, "", cfg)
					trusted <- err
				}()
			}
			return nil
		})
		_, err := w.waiting(time.Minute).Lookup(bg, alice, nil)
		wantKind(t, err, client.Undecided, "the witness policy was replaced meanwhile")
		if err := <-trusted; err != nil {
			t.Error(err)
		}
	})
}

// TestWaitLocked has another process hold the state for longer than one waits for
// it, and settle the same entries.
func TestWaitLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubbleWorld(t).fresh()
		w.dir.ShowLog(w.dir.Size())
		w.insert("ab")
		other := w.with(func(cfg *client.Config) { cfg.LockWait = time.Minute })
		looked := make(chan error, 1)
		var reads, searches atomic.Int32
		w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
			switch {
			case op == "log/checkpoint" && reads.Add(1) == 1:
				go func() {
					_, err := other.Lookup(bg, alice, nil)
					looked <- err
				}()
			case op == "search" && searches.Add(1) == 3: // after two for two versions
				w.dir.ShowWholeLog()
				time.Sleep(10 * time.Second) // longer than the pause and LockWait
			}
			return nil
		}
		r, err := w.waiting(time.Minute).Lookup(bg, alice, nil)
		if err != nil {
			t.Fatal(err)
		}
		w.witnessed(r.Witness, w.dir.Size(), both)
		if err := <-looked; err != nil {
			t.Error(err)
		}
		if n := reads.Load(); n != 2 {
			t.Errorf("%d checkpoints were read", n)
		}
	})
}

// TestWaitTakesNothingBack has another process see a newer version meanwhile: the
// one that waited must not forget it.
func TestWaitTakesNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubbleWorld(t).fresh()
		w.lookup(alice)
		w.dir.ShowLog(w.dir.Size())
		w.insert("ab")
		looked := make(chan error, 1)
		w.meanwhile(func() {
			w.insert("abc")
			w.dir.ShowWholeLog()
			r, err := w.c.Lookup(bg, alice, nil)
			if err == nil && (r.Version != 2 || r.Changes == nil) {
				t.Errorf("the other one: %+v", r)
			}
			looked <- err
		})
		r, err := w.waiting(time.Minute).Lookup(bg, alice, nil)
		if err != nil || r.Version != 1 || r.Changes == nil {
			t.Fatalf("%+v, %v", r, err)
		}
		if err := <-looked; err != nil {
			t.Fatal(err)
		}
		if r := w.lookup(alice); r.Version != 2 || r.Changes != nil {
			t.Errorf("what was seen was forgotten: %v", r.Verdict)
		}
		// An older version that was asked for is not what was seen last, either.
		if _, err := w.c.Lookup(bg, alice, ptr[uint32](1)); err != nil {
			t.Fatal(err)
		}
		if r := w.lookup(alice); r.Changes != nil {
			t.Errorf("%v", r.Verdict)
		}
	})
}

// meanwhile calls f while one who waits has given the state up, after the next
// checkpoint is read.
func (w *world) meanwhile(f func()) {
	var reads atomic.Int32
	w.onLog("checkpoint", func() *clienttest.Answer {
		if reads.Add(1) == 1 {
			time.AfterFunc(100*time.Millisecond, f) // which is less than the pause
		}
		return nil
	})
}

// TestWaitStateReplaced has an old copy of the state come back meanwhile.
func TestWaitStateReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubbleWorld(t).fresh()
		old := w.readState()
		w.dir.ShowLog(w.dir.Size())
		w.insert("ab")
		w.meanwhile(func() {
			if err := os.WriteFile(w.stateFile(), []byte(old), 0o600); err != nil {
				t.Error(err)
			}
		})
		_, err := w.waiting(time.Minute).Lookup(bg, alice, nil)
		wantKind(t, err, client.Operational, "waiting for pending log entries: the state was replaced by an older one meanwhile")
		if w.readState() != old {
			t.Error("the state changed")
		}
	})
}

// TestWaitAndSwap has the directory put another value in the place of the version
// that one found, who waits, and show that to another process.
func TestWaitAndSwap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubbleWorld(t)
		w.settle()
		w.insert("a")
		w.settle()
		w.trustPolicy(w.dir.Policy("any"))
		w.dir.ShowLog(w.dir.Size())
		w.dir.Insert()
		looked := make(chan error, 1)
		w.meanwhile(func() {
			w.dir.Remove(alice)
			w.insert("x")
			w.settle()
			w.dir.ShowWholeLog()
			_, err := w.c.Lookup(bg, alice, nil)
			looked <- err
		})
		_, err := w.waiting(time.Minute).Lookup(bg, alice, nil)
		if err := <-looked; err != nil {
			t.Fatal(err)
		}
		e := wantKind(t, err, client.Misbehaved, "the log committed to another value of version 0")
		if p := checkProof(t, e.Evidence, nil); p.Kind != evidence.Contradiction || !strings.Contains(p.Found, "one value of version 0") {
			t.Errorf("%+v", p)
		}
	})
}
