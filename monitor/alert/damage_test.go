package alert

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// newDamaged returns a ledger, closed, with a story that was told, and with what has
// to be the same after it was damaged.
func newDamaged(t *testing.T) (*world, *story, *recorder) {
	t.Helper()
	r := newRecorder("r")
	w := newWorld(t, r)
	w.open()
	s := newStory(t)
	fatalIfErr(t, s.run(w))
	fatalIfErr(t, w.ack(r.got[0], "bob", ""))
	w.close()
	return w, s, r
}

// files returns the paths of all files below a folder.
func files(t testing.TB, dir string) (out []string) {
	t.Helper()
	fatalIfErr(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	}))
	return out
}

// damages are ways in which a file is not what it was.
var damages = map[string]func(path string) error{
	"removed": os.Remove,
	"empty":   func(path string) error { return os.Truncate(path, 0) },
	"flipped": func(path string) error { return rewrite(path, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }) },
	"halved":  func(path string) error { return rewrite(path, func(b []byte) []byte { return b[:len(b)/2] }) },
	"longer":  func(path string) error { return rewrite(path, func(b []byte) []byte { return append(b, 'x') }) },
	"garbage": func(path string) error {
		return os.WriteFile(path, []byte(strings.Repeat("\xff{garbage}\x00", 500)), 0o600)
	},
	"folder": func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
}

func rewrite(path string, change func([]byte) []byte) error {
	data, err := os.ReadFile(path)
	if err != nil || len(data) == 0 {
		return err
	}
	return os.WriteFile(path, change(data), 0o600)
}

// TestDamage damages each file of a ledger in each way. Nothing that is known is told
// again under another ID, nothing is lost, and unless the file did not matter it is
// said.
func TestDamage(t *testing.T) {
	base, s, told := newDamaged(t)
	want := slices.Clone(told.got)
	said := make(map[string]int)
	for _, path := range files(t, base.cfg.Dir) {
		name, err := filepath.Rel(base.cfg.Dir, path)
		fatalIfErr(t, err)
		for how, damage := range damages {
			if strings.HasSuffix(name, "LOCK") {
				continue
			}
			what := filepath.ToSlash(name) + " " + how
			r := newRecorder("r")
			w := newWorld(t, r)
			fatalIfErr(t, os.CopyFS(w.cfg.Dir, os.DirFS(base.cfg.Dir)))
			fatalIfErr(t, damage(w.path(name)))
			l, found, err := Open(w.cfg)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			w.l = l
			if len(found) > 0 {
				said[filepath.Dir(name)]++
			} else if !strings.HasPrefix(what, "ledger/") && !isHarmless(what) {
				t.Errorf("%s: nothing is said", what)
			}
			checkDamaged(t, w, s, what, want)
			if again := w.reopen(); len(again) > 0 && filepath.Dir(name) != "evidence" {
				t.Errorf("%s: it is still not in order: %+v", what, again)
			}
			w.close()
		}
	}
	for _, dir := range []string{"ledger", "alerts", "evidence", "delivered", "."} {
		if said[dir] < 3 {
			t.Errorf("of %s, %d damages are said", dir, said[dir])
		}
	}
}

// isHarmless names damages that take away nothing and cannot be told from what people
// do.
func isHarmless(what string) bool {
	return strings.HasPrefix(what, "acks/") || // logged, and not a finding
		strings.HasPrefix(what, "delivered/") && (strings.HasSuffix(what, " removed") || strings.HasSuffix(what, " flipped"))
}

func checkDamaged(t *testing.T, w *world, s *story, what string, want []string) {
	t.Helper()
	last := finding.Round{Findings: s.rounds[len(s.rounds)-1]}
	fatalIfErr(t, w.l.Record(context.Background(), "example/audit", last))
	fatalIfErr(t, w.l.Flush(context.Background()))
	var got []string
	for _, a := range w.list(Filter{}) {
		got = append(got, a.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: the alerts are now %v, they were %v", what, got, want)
	}
	for _, id := range w.l.cfg.Sinks[0].(*recorder).got {
		if !slices.Contains(want, id) {
			t.Errorf("%s: %s was told, which is new", what, id)
		}
	}
	if first, err := w.l.Get(want[0]); err != nil || first.Ack == nil && !strings.HasPrefix(what, "acks/") {
		t.Errorf("%s: the acknowledgement is lost: %v", what, err)
	}
	open := w.list(Filter{Open: true})
	if n := len(open); n != 3 && (n != 2 || strings.HasPrefix(what, "acks/")) {
		t.Errorf("%s: %d alerts are open: %v", what, n, open)
	}
}

// TestDamagedEvidence says so at each start until somebody mends it.
func TestDamagedEvidence(t *testing.T) {
	w, _, r := newDamaged(t)
	evidence := w.path(evidenceName(r.got[0]))
	fatalIfErr(t, damages["flipped"](evidence))
	for range 2 {
		if found := w.reopen(); len(found) != 1 || found[0].Rule != finding.StateDamaged {
			t.Fatalf("%+v", found)
		}
	}
	fatalIfErr(t, damages["flipped"](evidence))
	w.open()
}

// TestLedgerLost takes the whole folder of the database away, and what says how far
// sinks are: everything is delivered again, by the same IDs.
func TestLedgerLost(t *testing.T) {
	for _, marks := range []bool{true, false} {
		w, s, r := newDamaged(t)
		fatalIfErr(t, os.RemoveAll(w.path("ledger")))
		if !marks {
			fatalIfErr(t, os.RemoveAll(w.path("delivered")))
		}
		if found := w.reopen(); len(found) != 1 || found[0].Rule != finding.StateDamaged {
			t.Fatalf("%+v", found)
		}
		checkDamaged(t, w, s, "ledger", r.got)
		if wantTwice := map[bool]int{true: 0, false: len(r.got)}[marks]; r.twice != wantTwice {
			t.Errorf("%d alerts were delivered again, want %d", r.twice, wantTwice)
		}
	}
}

// TestRolledBack puts an older ledger back. The files of alerts tell.
func TestRolledBack(t *testing.T) {
	r := newRecorder("r")
	w := newWorld(t, r)
	w.open()
	w.record("a", event("1"))
	fatalIfErr(t, w.l.Flush(t.Context()))
	w.close()
	old := t.TempDir()
	fatalIfErr(t, os.CopyFS(old, os.DirFS(w.path("ledger"))))
	w.open()
	w.record("a", event("1"), event("2"))
	fatalIfErr(t, w.l.Flush(t.Context()))
	w.close()
	fatalIfErr(t, os.RemoveAll(w.path("ledger")))
	fatalIfErr(t, os.CopyFS(w.path("ledger"), os.DirFS(old)))
	if found := w.reopen(); len(found) != 1 || !strings.HasPrefix(found[0].Subject, "ledger.damaged") {
		t.Fatalf("%+v", found)
	}
	w.record("a", event("1"), event("2"), event("3"))
	fatalIfErr(t, w.l.Flush(t.Context()))
	if r.count() != 3 || r.twice != 0 {
		t.Errorf("%d alerts, %d repeated", r.count(), r.twice)
	}
}

// TestSinksChange adds a sink, and removes one.
func TestSinksChange(t *testing.T) {
	a, b := newRecorder("a"), newRecorder("b")
	a.err = fmt.Errorf("no")
	w := newWorld(t, a)
	w.open()
	w.record("x", event("1"))
	w.cfg.Sinks = []Sink{a, b}
	w.open()
	w.record("x", event("2"))
	fatalIfErr(t, b.flush(w))
	if b.count() != 1 {
		t.Errorf("the new sink has %d alerts", b.count())
	}
	w.cfg.Sinks = []Sink{b}
	w.open()
	w.record("x", event("3"))
	w.cfg.Sinks = []Sink{a, b}
	a.fail(nil)
	w.open()
	w.record("x", event("4"))
	fatalIfErr(t, w.l.Flush(t.Context()))
	if a.count() != 1 || b.count() != 3 {
		t.Errorf("the sinks have %d and %d alerts", a.count(), b.count())
	}
}

// flush delivers what waits for one sink, and does not mind the others.
func (r *recorder) flush(w *world) error {
	if err := w.l.Flush(context.Background()); err != nil && w.l.Waiting()[r.name] > 0 {
		return err
	}
	return nil
}
