package client_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// TestUselessLog serves in the place of the log what proves nothing. Fresh
// entries stay pending, old ones withhold the verdict, and nobody is accused.
func TestUselessLog(t *testing.T) {
	type dir = *clienttest.Directory
	text := func(b []byte) *clienttest.Answer {
		return &clienttest.Answer{Status: http.StatusOK, Type: "text/plain; charset=utf-8", Body: b}
	}
	status := func(n int) func(dir) *clienttest.Answer {
		return func(dir) *clienttest.Answer { return &clienttest.Answer{Status: n} }
	}
	elsewhere := &clienttest.Answer{Status: 307, Header: map[string]string{"Location": "https://other.example/log/checkpoint"}}
	stranger := clienttest.New()
	stranger.Tick(9, time.Minute)
	for name, c := range map[string]struct {
		prefix string
		answer func(dir) *clienttest.Answer
		text   string
	}{
		"404":                {"", status(404), "404"},
		"500":                {"checkpoint", status(500), "500"},
		"no answer":          {"checkpoint", func(dir) *clienttest.Answer { panic(http.ErrAbortHandler) }, "not reached"},
		"empty":              {"checkpoint", func(dir) *clienttest.Answer { return text(nil) }, "malformed note"},
		"garbage":            {"checkpoint", func(dir) *clienttest.Answer { return text([]byte("<html>log in</html>\n")) }, "malformed note"},
		"too large":          {"checkpoint", func(dir) *clienttest.Answer { return text(make([]byte, 512<<10+1)) }, "larger than"},
		"another log's":      {"checkpoint", func(dir) *clienttest.Answer { return text(stranger.Checkpoint()) }, "no log of the policy has signed"},
		"no signature":       {"checkpoint", func(d dir) *clienttest.Answer { return text(withoutLogSignature(d.Checkpoint())) }, "no log of the policy has signed"},
		"flipped signature":  {"checkpoint", func(d dir) *clienttest.Answer { return text(flipSignature(d.Checkpoint())) }, "invalid signature"},
		"redirect elsewhere": {"", func(dir) *clienttest.Answer { return elsewhere }, "another host"},
		"no tiles":           {"tile/", status(404), "404"},
		"empty tiles":        {"tile/", func(dir) *clienttest.Answer { return text(nil) }, "it has 0 bytes"},
		"long tiles":         {"tile/", func(dir) *clienttest.Answer { return text(make([]byte, 8193)) }, "larger than"},
		"older log":          {"checkpoint", func(d dir) *clienttest.Answer { return text(d.SignCheckpoint(3, d.PublicRoot(3))) }, "an older checkpoint, of 3 entries"},
		"empty log":          {"checkpoint", func(d dir) *clienttest.Answer { return text(d.SignCheckpoint(0, d.PublicRoot(0))) }, "an older checkpoint, of 0 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			w := freshWorld(t)
			w.lookup(alice)
			before := w.stored()
			pos := w.insert("ab")
			var better atomic.Bool
			w.onLog(c.prefix, func() *clienttest.Answer {
				if better.Load() {
					return nil
				}
				return c.answer(w.dir)
			})
			r, err := w.c.Watch(bg)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(r.Log.Witness.Pending, pos) || r.Kind() != 0 || !strings.Contains(r.Log.Witness.Reason, c.text) {
				t.Errorf("%+v, kind %v", r.Log.Witness, r.Kind())
			}
			w.outcome(r.Log.Verdict, client.OutcomeMonitored)
			w.witnessed(w.lookup(alice).Witness, r.Log.Witness.CheckpointSize, both, r.Log.Witness.Pending...)
			w.dir.Clock.Add(time.Hour)
			_, err = w.c.Lookup(bg, alice, nil)
			e := wantKind(t, err, client.Undecided, c.text)
			if e.Evidence != "" {
				t.Errorf("evidence of nothing: %s", e.Evidence)
			}
			if entries, _ := os.ReadDir(filepath.Join(w.c.StateDir(), "evidence")); len(entries) > 0 {
				t.Error("evidence of nothing")
			}
			if c.prefix != "tile/" && !bytes.Equal(w.stored().Checkpoint, before.Checkpoint) {
				t.Error("the retained checkpoint changed")
			}
			better.Store(true)
			w.witnessed(w.watch().Log.Witness, w.dir.Size(), both)
		})
	}
}

// withoutLogSignature drops the log's own signature of a checkpoint.
func withoutLogSignature(note []byte) []byte {
	lines := strings.SplitAfter(string(note), "\n")
	return []byte(strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "— "+clienttest.Origin+" ") }), ""))
}

// flipSignature damages the last signature of a note.
func flipSignature(note []byte) []byte {
	out := bytes.Clone(note)
	i := len(out) - 10
	out[i] = map[bool]byte{true: 'B', false: 'A'}[out[i] == 'A']
	return out
}

// TestHangingLog has a log that does not answer.
func TestHangingLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubbleWorld(t).fresh()
		w.insert("ab")
		end := make(chan struct{})
		defer close(end)
		w.onLog("", func() *clienttest.Answer {
			<-end
			panic(http.ErrAbortHandler)
		})
		for _, c := range []struct {
			timeout time.Duration
			retries int
			took    time.Duration
		}{{time.Second, -1, time.Second}, {20 * time.Second, 3, 30 * time.Second}, {time.Hour, -1, 30 * time.Second}} {
			kt := w.with(func(cfg *client.Config) { cfg.Timeout, cfg.Retries = c.timeout, c.retries })
			began := time.Now()
			r, err := kt.Watch(bg)
			if err != nil || r.Kind() != 0 || !strings.Contains(r.Log.Witness.Reason, "in time") {
				t.Errorf("%+v, %v", r, err)
			}
			if took := time.Since(began); took < c.took || took > c.took+time.Second {
				t.Errorf("it took %v, want %v", took, c.took)
			}
		}
	})
}

// TestSlowLog has a log of which files come slowly, or not at all. Others do not wait
// for the state longer than one look at the log may take.
func TestSlowLog(t *testing.T) {
	for name, c := range map[string]struct {
		prefix string
		slow   time.Duration // of each file, longer than the test if there is none
		wait   time.Duration // of the lookup
		kind   client.Kind
		most   time.Duration
	}{
		"no tile":                  {"tile/", time.Hour, 0, 0, 30 * time.Second},
		"slow files":               {"", 20 * time.Second, 0, 0, 30 * time.Second},
		"slow, and somebody waits": {"", 20 * time.Second, 5 * time.Second, client.Undecided, 11 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := bubbleWorld(t).fresh()
				w.lookup(alice)
				w.insert("ab")
				defer time.Sleep(2 * time.Hour) // until no answer is under way
				w.onLog(c.prefix, func() *clienttest.Answer { time.Sleep(c.slow); return nil })
				start := time.Now()
				_, err := w.waiting(c.wait).Lookup(bg, alice, nil)
				if took := time.Since(start); client.KindOf(err) != c.kind || took > c.most {
					t.Errorf("%v after %v", err, took)
				}
			})
		})
	}
}

// TestSilentWhenCaught has a directory that says nothing more once the client asks it
// for a proof against itself: the evidence is written all the same.
func TestSilentWhenCaught(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubbleWorld(t)
		pos := w.insert("a")
		w.lookup(alice) // which keeps no proof
		w.dir.ChangeLeaf(pos)
		defer time.Sleep(2 * time.Hour)
		w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
			if op == "distinguished" {
				time.Sleep(time.Hour)
			}
			return nil
		}
		c := w.with(func(cfg *client.Config) { cfg.Policy = w.dir.Policy("any") })
		start := time.Now()
		_, err := c.Lookup(bg, alice, nil)
		if e := wantKind(t, err, client.Misbehaved, "another log entry 1"); e.Evidence == "" {
			t.Errorf("no evidence: %v", err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestSlowProof has a log that gives the tiles for a proof no more.
func TestSlowProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := bubbleWorld(t).fresh()
		w.lookup(alice)
		defer time.Sleep(2 * time.Hour)
		w.onLog("tile/", func() *clienttest.Answer { time.Sleep(time.Hour); return nil })
		start := time.Now()
		_, err := w.c.Prove(bg, alice, nil)
		wantKind(t, err, client.Undecided, "proving the log entry")
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestDamagedTiles flips a bit in each tile that is read, in turn. If it was read
// to hold the checkpoint against the retained one, that one still serves.
func TestDamagedTiles(t *testing.T) {
	w := witnessedWorld(t, "any")
	for w.dir.Size() < 300 {
		w.dir.Insert()
	}
	w.lookup(alice)
	pos := w.insert("ab")
	before := w.readState()
	for hit, target := true, 0; hit; target++ {
		hit = false
		n := 0
		if err := os.WriteFile(w.stateFile(), []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		w.dir.After = func(op string, a *clienttest.Answer) {
			if !strings.HasPrefix(op, "log/tile") || a.Status != http.StatusOK {
				return
			}
			if n == target {
				hit = true
				a.Body = bytes.Clone(a.Body)
				a.Body[(target*97)%len(a.Body)] ^= 4
			}
			n++
		}
		r, err := w.c.Lookup(bg, alice, nil)
		switch {
		case !hit && err == nil && r.Witness.Settled:
			t.Logf("%d tiles", n)
		case hit && err == nil && slices.Equal(r.Witness.Pending, []uint64{pos}) && strings.Contains(r.Witness.Reason, "do not lead to the root"):
		default:
			wantKind(t, err, client.Undecided, "do not lead to the root")
		}
	}
}

// TestPartialTiles has a log that drops partial tiles when they are full.
func TestPartialTiles(t *testing.T) {
	w := witnessedWorld(t, "any")
	w.insert("ab")
	for w.dir.Size() < 250 {
		w.dir.Insert()
	}
	w.lookup(alice)
	w.dir.ShowLog(250)
	for w.dir.Size() < 260 {
		w.dir.Insert()
	}
	w.dir.DropPartialTiles()
	partial, full := w.dir.Requests("log/tile/0/000.p/250"), w.dir.Requests("log/tile/0/000")
	r, err := w.c.Lookup(bg, alice, ptr[uint32](0)) // a search that goes far back
	if err != nil {
		t.Fatal(err)
	}
	if r.Witness.CheckpointSize != 250 || !slices.Contains(r.Witness.Pending, 255) || r.Witness.Pending[0] < 250 {
		t.Errorf("%+v", r.Witness)
	}
	partial, full = w.dir.Requests("log/tile/0/000.p/250")-partial, w.dir.Requests("log/tile/0/000")-full
	if partial != 1 || full != 1 {
		t.Errorf("%d requests for the partial tile, and %d for the full one", partial, full)
	}
	w.dir.ShowWholeLog()
	w.witnessed(w.watch().Log.Witness, 260, both)
}
