package trillianlog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/trillian"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TestAdvance: from every size to every size, with a signer of every speed,
// every entry is sent once and in whole batches.
func TestAdvance(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		for from := range uint64(24) {
			for to := from; to < 24; to++ {
				w.fake.reset()
				w.signer = int64(1 + (from+to)%7)
				w.open()
				w.reach(from)
				w.adds = nil
				w.reach(to)
				var want []string
				for lo := from; lo < to; lo += 10 {
					want = append(want, fmt.Sprintf("[%d,%d)", lo, min(lo+10, to)))
				}
				if !slices.Equal(w.adds, want) || w.ranges != 0 {
					t.Fatalf("from %d to %d: sent %v, read back %d times", from, to, w.adds, w.ranges)
				}
			}
		}
	})
}

// reset empties the tree.
func (f *fake) reset() {
	f.lose(0)
	f.adds, f.roots, f.ranges = nil, 0, 0
}

// TestEarlierProcess: a process that was killed left any number of leaves, of
// which any number were integrated.
func TestEarlierProcess(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		const size = 27
		for there := range uint64(size + 1) {
			for integrated := int64(0); integrated <= int64(there); integrated += 3 {
				w.fake.reset()
				w.own(0, there)
				w.integrated, w.signer = integrated, 0
				w.open()
				w.signer = 4
				w.reach(size)
				if integrated == int64(there) && w.ranges != 0 {
					t.Fatalf("read back what the root vouches for: %d of %d integrated", integrated, there)
				}
			}
		}
	})
}

// TestGap: what an earlier process left need not be without gaps.
func TestGap(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		random := rand.New(rand.NewPCG(3, 4))
		for range 100 {
			w.fake.reset()
			for i := range uint64(40) {
				if random.IntN(2) == 0 {
					w.own(i, i+1)
				}
			}
			w.signer = random.Int64N(5) + 1
			w.open()
			w.reach(40)
		}
	})
}

// TestAhead: Trillian has more entries than are asked for.
func TestAhead(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		w.own(0, 30)
		w.open()
		for _, size := range []uint64{0, 1, 12, 30} {
			n, root, err := w.advance(size)
			if n != 30 || root != wantRoot(30) || err != nil || len(w.adds) != 0 {
				t.Errorf("Advance(%d): %d %v %v, sent %v", size, n, root, err, w.adds)
			}
		}
	})
}

// TestEmpty: an empty log has a root, too.
func TestEmpty(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		w.open()
		w.reach(0)
		if _, _, err := w.advance(1<<62 + 1); err == nil || !strings.Contains(err.Error(), "too large") {
			t.Errorf("Advance(2^62+1): %v", err)
		}
	})
}

// TestFailedCalls: every call in turn fails, having had its effect or not. The
// caller tries again, in the same process or another.
func TestFailedCalls(t *testing.T) {
	for _, applied := range []bool{false, true} {
		for _, restart := range []bool{false, true} {
			for failing := range 12 {
				t.Run(fmt.Sprint("applied ", applied, " restart ", restart, " call ", failing), func(t *testing.T) {
					run(t, func(t *testing.T, w *world) { w.failCall(failing, applied, restart) })
				})
			}
		}
	}
}

func (w *world) failCall(failing int, applied, restart bool) {
	w.signer = 7
	w.own(12, 15) // something to read back
	w.open()
	calls := 0
	fail := func() error {
		if calls++; calls-1 == failing {
			return status.Error(codes.Unavailable, "the network is on fire")
		}
		return nil
	}
	w.onRoot = func(*trillian.GetLatestSignedLogRootResponse) error { return fail() }
	w.onRange = func(*trillian.GetLeavesByRangeResponse) error { return fail() }
	if applied {
		w.afterAdd = func(*trillian.AddSequencedLeavesResponse) error { return fail() }
	} else {
		w.beforeAdd = func(*trillian.AddSequencedLeavesRequest) error { return fail() }
	}
	_, _, err := w.advance(35)
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "on fire") {
		w.t.Fatalf("a call that failed: %v", err)
	}
	if restart {
		w.open()
	}
	w.reach(35)
}

// TestEveryAnswerLost: Trillian does everything, and no answer about leaves that
// it added ever arrives.
func TestEveryAnswerLost(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		w.afterAdd = func(r *trillian.AddSequencedLeavesResponse) error {
			if r.Results[0].Status.Code == int32(codes.OK) {
				return status.Error(codes.Unavailable, "lost")
			}
			return nil
		}
		w.signer = 3
		w.open()
		for tries := 0; ; tries++ {
			if _, _, err := w.advance(40); err == nil {
				break
			} else if tries > 10 || status.Code(err) != codes.Unavailable {
				t.Fatalf("try %d: %v", tries, err)
			}
		}
		w.reach(40)
	})
}

// TestNotSentAgain: a batch that was accepted is not sent again while the signer
// is slow, whoever is impatient.
func TestNotSentAgain(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		w.signer = 0
		w.open()
		for i := range 50 {
			// The context ends while it waits, or just when the root is read.
			limit := time.Second + time.Duration(i%2)*50*time.Millisecond
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			_, _, err := w.log.Advance(ctx, 20, entries)
			cancel()
			waiting := err != nil && strings.Contains(err.Error(), "until Trillian has integrated 20 entries (it has 0; does its log signer run?)")
			if !errors.Is(err, context.DeadlineExceeded) || i%2 == 1 && !waiting {
				t.Fatalf("Advance %d: %v", i, err)
			}
		}
		if !slices.Equal(w.adds, []string{"[0,10)", "[10,20)"}) {
			t.Errorf("sent %v", w.adds)
		}
		w.signer = 20
		w.reach(20)
	})
}

// TestPoll: while it waits it asks as often as it was told to.
func TestPoll(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		w.signer = 0
		w.cfg.Poll = 2 * time.Second
		w.open()
		w.roots = 0
		ctx, cancel := context.WithTimeout(t.Context(), 39*time.Second)
		defer cancel()
		_, _, err := w.log.Advance(ctx, 10, entries)
		if !errors.Is(err, context.DeadlineExceeded) || w.roots != 21 { // one before the batch
			t.Errorf("read the root %d times: %v", w.roots, err)
		}
	})
}

// TestLost: the leaves that Trillian had accepted are gone, although its tree did
// not shrink. They are sent again, but not soon.
func TestLost(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		w.open()
		w.reach(5)
		w.signer = 0
		w.onRoot = func(*trillian.GetLatestSignedLogRootResponse) error {
			if len(w.adds) == 4 { // [0,5) [5,15) [15,25) [25,30)
				w.lose(17)
				w.signer = 3
			}
			return nil
		}
		began := time.Now()
		w.reach(30)
		if took := time.Since(began); took < stalled || took > 3*stalled {
			t.Errorf("took %v", took)
		}
		if !strings.Contains(w.logged.String(), `level=WARN msg="Trillian's tree does not grow`) {
			t.Errorf("logged %s", w.logged)
		}
	})
}

// TestRestored: Trillian's database was restored from a backup, to every earlier
// size, with and without leaves that were not integrated.
func TestRestored(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		for size := range int64(25) {
			for _, pending := range []int64{0, 4} {
				w.fake.reset()
				w.signer = 1000
				w.open()
				w.reach(25)
				w.lose(min(size+pending, 25))
				w.integrated, w.signer = size, 0
				w.onRoot = func(*trillian.GetLatestSignedLogRootResponse) error { w.signer = 6; return nil }
				w.logged.Reset()
				w.reach(32)
				if !strings.Contains(w.logged.String(), `level=WARN msg="Trillian's tree has shrunk`) {
					t.Fatalf("logged %s", w.logged)
				}
			}
		}
	})
}

// TestShrinksInDoubt: the tree shrinks while a batch waits to be read back.
func TestShrinksInDoubt(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		w.own(0, 8)
		w.integrated, w.signer = 3, 0
		w.open()
		w.onRoot = func(*trillian.GetLatestSignedLogRootResponse) error {
			if len(w.adds) == 1 {
				w.lose(2)
				w.signer = 5
			}
			return nil
		}
		w.reach(20)
	})
}

// TestHang: a call that is not answered ends after Config.Timeout, and Advance
// with it.
func TestHang(t *testing.T) {
	for _, method := range []string{"GetLatestSignedLogRoot", "AddSequencedLeaves", "GetLeavesByRange"} {
		t.Run(method, func(t *testing.T) {
			run(t, func(t *testing.T, w *world) {
				w.cfg.Timeout = 3 * time.Second
				w.own(2, 3)
				w.open()
				w.setHang(method)
				began := time.Now()
				_, _, err := w.advance(10)
				if status.Code(err) != codes.DeadlineExceeded || !strings.Contains(err.Error(), "no answer for 3s") || time.Since(began) > 4*time.Second {
					t.Errorf("after %v: %v", time.Since(began), err)
				}
				// The caller's own end is told apart.
				ctx, cancel := context.WithCancelCause(t.Context())
				why := errors.New("the operator wants to go home")
				time.AfterFunc(time.Second, func() { cancel(why) })
				if _, _, err := w.log.Advance(ctx, 10, entries); !errors.Is(err, why) {
					t.Errorf("Advance with a context that ended: %v", err)
				}
				w.setHang("")
				w.reach(10)
			})
		})
	}
}

// TestServerRestarts: the log server goes away and comes back.
func TestServerRestarts(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		w.open()
		w.reach(10)
		w.server.Stop()
		if _, _, err := w.advance(20); status.Code(err) != codes.Unavailable {
			t.Fatalf("without a server: %v", err)
		}
		w.serve()
		time.Sleep(time.Minute) // until the connection is tried again
		w.reach(20)
	})
}

func TestRead(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		w.open()
		disk := errors.New("the disk is on fire")
		for want, read := range map[string]func(lo, hi uint64) ([][]byte, error){
			"entries 0 to 9: the disk":                 func(lo, hi uint64) ([][]byte, error) { return nil, disk },
			"entries [0, 10), the directory gave 0":    func(lo, hi uint64) ([][]byte, error) { return nil, nil },
			"entries [0, 10), the directory gave 9":    func(lo, hi uint64) ([][]byte, error) { return entries(lo, hi-1) },
			"entries [0, 10), the directory gave 1000": func(lo, hi uint64) ([][]byte, error) { return entries(lo, 1000) },
		} {
			_, _, err := w.log.Advance(t.Context(), 20, read)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(want, "disk") != errors.Is(err, disk) {
				t.Errorf("want %s: %v", want, err)
			}
		}
		w.reach(20)
	})
}
