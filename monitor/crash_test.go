package monitor

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

var errCrash = errors.New("the machine has stopped")

// stopAt returns a hook with which nothing happens any more from step n on, step
// n itself being done or not. The other result is how many steps there were.
func stopAt(n int64, applied bool) (func(op, path string, step func() error) error, *atomic.Int64) {
	var mu sync.Mutex
	steps := new(atomic.Int64)
	return func(_, _ string, step func() error) error {
		mu.Lock()
		defer mu.Unlock()
		switch i := steps.Add(1) - 1; {
		case i < n:
			return step()
		case i == n && applied:
			return errors.Join(step(), errCrash)
		}
		return errCrash
	}, steps
}

// TestCrashes stops an update at every single step. The mirror then has what it
// had, or all of the new, and the next update completes it.
func TestCrashes(t *testing.T) {
	base := newWorld(t, 254, 1)
	base.mustUpdate(254)
	base.log.Grow(t, 4, 1)
	for _, applied := range []bool{false, true} {
		last := false
		for n := int64(0); !last; n++ {
			w := *base
			w.t, w.dir = t, filepath.Join(t.TempDir(), "mirror")
			fatalIfErr(t, os.CopyFS(w.dir, os.DirFS(base.dir)))
			hook, steps := stopAt(n, applied)
			w.cfg.hook, w.cfg.Logger = hook, nil
			_, err := w.update()
			last = steps.Load() <= n
			if !last {
				wantKind(t, err, Operational, errCrash)
			}
			w.cfg.hook = nil
			status, err := VerifyMirror(t.Context(), w.dir, w.cfg)
			fatalIfErr(t, err)
			if size := status.Checkpoint.Size; size != 254 && size != 258 || last && size != 258 {
				t.Fatalf("stopped at step %d: the mirror is one of %d entries", n, size)
			}
			w.mustUpdate(258)
			if last && n < 20 {
				t.Errorf("there are only %d steps", n)
			}
		}
	}
}

// TestCrashesFirst stops the making of a mirror at every step.
func TestCrashesFirst(t *testing.T) {
	base := newWorld(t, 10, 1)
	for last, n := false, int64(0); !last; n++ {
		w := *base
		w.t, w.dir = t, filepath.Join(t.TempDir(), "mirror")
		hook, steps := stopAt(n, true)
		w.cfg.hook, w.cfg.Logger = hook, nil
		_, err := w.update()
		if last = steps.Load() <= n; !last {
			wantKind(t, err, Operational, errCrash)
		}
		w.cfg.hook = nil
		w.mustUpdate(10)
	}
}

// TestDiskFull lets each kind of step fail for lack of space. The process then
// refuses to go on, and the next one does.
func TestDiskFull(t *testing.T) {
	for _, op := range []string{"create", "write", "sync", "mkdir", "rename", "syncdir", "remove"} {
		t.Run(op, func(t *testing.T) {
			w := newWorld(t, 300, 1)
			w.mustUpdate(300)
			w.log.Grow(t, 300, 1)
			var full atomic.Bool
			full.Store(true)
			w.cfg.hook = func(o, _ string, step func() error) error {
				if o == op && full.Load() {
					return syscall.ENOSPC
				}
				return step()
			}
			m := w.open()
			wantKind(t, m.Update(t.Context()), Operational, syscall.ENOSPC)
			full.Store(false)
			// What is in memory and what is in the folder may differ now.
			wantKind(t, m.Update(t.Context()), Operational, syscall.ENOSPC)
			fatalIfErr(t, m.Close())
			status, err := VerifyMirror(t.Context(), w.dir, MirrorConfig{})
			fatalIfErr(t, err)
			if size := status.Checkpoint.Size; size != 300 && op != "remove" && op != "syncdir" {
				t.Errorf("the mirror is one of %d entries", size)
			}
			w.mustUpdate(600)
		})
	}
}

// TestResume interrupts a first mirror again and again. No bundle is read twice
// that was stored before.
func TestResume(t *testing.T) {
	w := newWorld(t, 3000, 1)
	var mu sync.Mutex
	read := make(map[string]int)
	limit := 3
	w.log.Intercept(func(rw http.ResponseWriter, _ *http.Request, path string, _ []byte) bool {
		mu.Lock()
		defer mu.Unlock()
		if tl, err := tile.ParsePath(path); err == nil && tl.Kind == tile.Changes {
			if int(tl.Index) >= limit {
				rw.WriteHeader(404)
				return true
			}
			read[path]++
		}
		return false
	})
	for ; limit < 12; limit += 3 {
		_, err := w.update()
		wantKind(t, err, Undecided, ErrNotFound)
		_, err = VerifyMirror(t.Context(), w.dir, w.cfg)
		wantKind(t, err, Undecided, nil, "not complete")
		w.log.Grow(t, 10, 1) // the target moves on
	}
	w.log.Intercept(nil)
	w.mustUpdate(3030)
	for path, n := range read {
		if n != 1 {
			t.Errorf("%s was read %d times", path, n)
		}
	}
	if len(read) != 9 {
		t.Errorf("%d bundles were read before the end", len(read))
	}
}

// TestResumeDamaged damages a bundle that an interrupted mirror has stored beyond
// its checkpoint: it is read from the log again.
func TestResumeDamaged(t *testing.T) {
	for _, path := range []string{"tile/0/001", "tile/entries/001", "changes/001"} {
		for at := range 3 {
			w := newWorld(t, 1000, 1)
			w.onPath("changes/002", status(404))
			_, err := w.update()
			wantKind(t, err, Undecided, ErrNotFound)
			file := filepath.Join(w.dir, path)
			data, err := os.ReadFile(file)
			fatalIfErr(t, err)
			data[at*(len(data)-1)/2] ^= 1
			fatalIfErr(t, os.WriteFile(file, data, 0o600))
			w.log.Intercept(nil)
			w.mustUpdate(1000)
		}
	}
}

// TestLargeBundles mirrors bundles that are too large to be read ahead, over a
// connection that breaks in the middle of them, and goes on in the middle of a
// bundle.
func TestLargeBundles(t *testing.T) {
	w := newWorld(t, 200, 300)
	var broken, requests atomic.Int64
	w.log.Intercept(func(rw http.ResponseWriter, _ *http.Request, path string, data []byte) bool {
		if !strings.HasPrefix(path, "changes/") {
			return false
		}
		if requests.Add(1)%3 != 2 { // the first is the one that reads ahead
			return false
		}
		broken.Add(1)
		rw.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = rw.Write(data[:len(data)*4/5])
		panic(http.ErrAbortHandler)
	})
	if data, _ := w.log.Resource("changes/000.p/200"); len(data) < aheadBytes*3/2 {
		t.Fatalf("a bundle of %d bytes is not large", len(data))
	}
	w.mustUpdate(200)
	w.log.Grow(t, 100, 300)
	m := w.open()
	w.onPath("changes/000", altered(func(data []byte) []byte { return data[:len(data)-200] }))
	wantKind(t, m.Update(t.Context()), Undecided, errContent)
	w.log.Intercept(nil)
	w.log.Grow(t, 3, 1)
	fatalIfErr(t, m.Update(t.Context()))
	fatalIfErr(t, m.Close())
	w.verifies(303)
	if broken.Load() < 1 {
		t.Error("nothing was broken")
	}
}
