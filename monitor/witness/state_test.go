package witness

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// anchorFile is the path of the file of the log's latest checkpoint.
func (w *world) anchorFile() string {
	return filepath.Join(w.cfg.Dir, logsName, originHash, checkpointName)
}

// setRecord changes the database's record of the log; nil deletes it.
func (w *world) setRecord(data []byte) {
	w.t.Helper()
	db, err := pebble.Open(filepath.Join(w.cfg.Dir, dbName), &pebble.Options{})
	fatalIfErr(w.t, err)
	if data == nil {
		err = db.Delete([]byte(originHash), pebble.Sync)
	} else {
		err = db.Set([]byte(originHash), data, pebble.Sync)
	}
	fatalIfErr(w.t, errors.Join(err, db.Close()))
}

// damageDB writes over the files of the database.
func (w *world) damageDB() {
	w.t.Helper()
	names, err := filepath.Glob(filepath.Join(w.cfg.Dir, dbName, "*"))
	fatalIfErr(w.t, err)
	for _, name := range names {
		if filepath.Base(name) != "LOCK" {
			fatalIfErr(w.t, os.WriteFile(name, bytes.Repeat([]byte("damage"), 500), 0o600))
		}
	}
}

// TestDamaged damages the copies of what was cosigned last, of 200 entries, in every
// combination. The witness goes on with what is left, or refuses; it never signs what
// it may have signed otherwise.
func TestDamaged(t *testing.T) {
	setup := newWorld(t, 300)
	setup.cosigns(setup.request(setup.log, 0, 100))
	old := []byte(setup.latest())
	other := newWorld(t, 300) // another witness
	other.cosigns(other.request(other.log, 0, 300))
	foreign := []byte(other.latest())
	logOnly := setup.log.SignAt(t, 300)

	kinds := map[string]func(good []byte) []byte{
		"good":       func(good []byte) []byte { return good },
		"older":      func([]byte) []byte { return old },
		"missing":    func([]byte) []byte { return nil },
		"empty":      func([]byte) []byte { return []byte{} },
		"flipped":    func(good []byte) []byte { out := bytes.Clone(good); out[len(out)-10] ^= 1; return out },
		"cut":        func(good []byte) []byte { return good[:len(good)-1] },
		"log only":   func([]byte) []byte { return logOnly },
		"foreign":    func([]byte) []byte { return foreign },
		"other text": func(good []byte) []byte { return bytes.Replace(good, []byte("\n200\n"), []byte("\n201\n"), 1) },
	}
	for db, inDB := range kinds {
		for file, inFile := range kinds {
			t.Run(db+" and "+file, func(t *testing.T) {
				w := newWorld(t, 300)
				fatalIfErr(t, w.w.Close())
				copyKey(t, setup.cfg.KeyFile, w.cfg.KeyFile)
				w.vkey = setup.vkey
				w.open()
				w.cosigns(w.request(w.log, 0, 200))
				good := []byte(w.latest())
				w.restart(func() {
					w.setRecord(inDB(good))
					fatalIfErr(t, os.Remove(w.anchorFile()))
					if data := inFile(good); data != nil {
						fatalIfErr(t, os.WriteFile(w.anchorFile(), data, 0o600))
					}
				})
				w.served.Store(w.log)
				size := uint64(0)
				switch {
				case db == "good" || file == "good":
					size = 200
				case db == "older" || file == "older":
					size = 100
				}
				if size > 0 {
					w.refuses(w.request(w.log, size-1, 300), http.StatusConflict)
					if w.size() != size {
						t.Errorf("size %d, want %d", w.size(), size)
					}
					w.cosigns(w.request(w.log, size, 300))
					return
				}
				w.refuses(w.request(w.log, 0, 300), http.StatusServiceUnavailable)
				w.refuses(w.request(w.log, 200, 300), http.StatusServiceUnavailable)
				f := w.round(finding.StateDamaged)[0]
				if !f.Condition || f.Severity != finding.Critical || !strings.Contains(f.Hint, w.anchorFile()) || f.Directory != "example" {
					t.Errorf("%+v", f)
				}
				w.refuses(w.request(w.log, 0, 300), http.StatusServiceUnavailable)
				// Somebody has a backup.
				fatalIfErr(t, os.WriteFile(w.anchorFile(), good, 0o600))
				w.w.Round(t.Context())
				w.cosigns(w.request(w.log, 300, 300)) // which the round has cosigned
			})
		}
	}
}

func copyKey(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	fatalIfErr(t, err)
	fatalIfErr(t, os.WriteFile(to, data, 0o600))
}

// TestRepaired says once that a copy was damaged, and that a crash between writing the
// two is no damage.
func TestRepaired(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world, old []byte)
		rules  []finding.Rule
	}{
		"the file is missing":      {func(w *world, _ []byte) { fatalIfErr(t, os.Remove(w.anchorFile())) }, []finding.Rule{finding.StateDamaged}},
		"the file is damaged":      {func(w *world, _ []byte) { fatalIfErr(t, os.WriteFile(w.anchorFile(), []byte("?"), 0o600)) }, []finding.Rule{finding.StateDamaged}},
		"the file is older":        {func(w *world, old []byte) { fatalIfErr(t, os.WriteFile(w.anchorFile(), old, 0o600)) }, nil},
		"the record is missing":    {func(w *world, _ []byte) { w.setRecord(nil) }, []finding.Rule{finding.StateDamaged}},
		"the record is damaged":    {func(w *world, _ []byte) { w.setRecord([]byte("?")) }, []finding.Rule{finding.StateDamaged}},
		"the record is older":      {func(w *world, old []byte) { w.setRecord(old) }, []finding.Rule{finding.StateDamaged}},
		"the record is of nothing": {func(w *world, old []byte) { w.setRecord([]byte(nothingYet)) }, []finding.Rule{finding.StateDamaged}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 300)
			w.cosigns(w.request(w.log, 0, 100))
			old := []byte(w.latest())
			w.cosigns(w.request(w.log, 100, 300))
			good := w.latest()
			w.restart(func() { c.change(w, old) })
			w.round(c.rules...)
			if w.latest() != good {
				t.Errorf("became\n%s", w.latest())
			}
			w.restart(func() {})
			w.round()
			file, err := os.ReadFile(w.anchorFile())
			fatalIfErr(t, err)
			record, err := w.w.store.get([]byte(originHash))
			if err != nil || string(file) != good || string(record) != good {
				t.Errorf("not repaired: %q, %q, %v", file, record, err)
			}
		})
	}
}

// TestLost damages or removes the whole database.
func TestLost(t *testing.T) {
	for name, lose := range map[string]func(w *world){
		"damaged": (*world).damageDB,
		"removed": func(w *world) { fatalIfErr(w.t, os.RemoveAll(filepath.Join(w.cfg.Dir, dbName))) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 300)
			w.cosigns(w.request(w.log, 0, 200))
			good := w.latest()
			w.restart(func() { lose(w) })
			if w.latest() != good {
				t.Fatalf("became\n%s", w.latest())
			}
			w.round(finding.StateDamaged, finding.StateDamaged) // of the database, and of the record
			w.cosigns(w.request(w.log, 300, 300))
			// The file is gone too, or its whole folder: never from the beginning.
			w.restart(func() { lose(w); fatalIfErr(t, os.Remove(w.anchorFile())) })
			w.refuses(w.request(w.log, 0, 300), http.StatusServiceUnavailable)
			w.restart(func() { fatalIfErr(t, os.RemoveAll(filepath.Dir(w.anchorFile()))) })
			w.refuses(w.request(w.log, 0, 300), http.StatusServiceUnavailable)
			w.restart(func() {})
			w.refuses(w.request(w.log, 0, 300), http.StatusServiceUnavailable)
			w.round(finding.StateDamaged)
			// Its operator knows better.
			fatalIfErr(t, os.MkdirAll(filepath.Dir(w.anchorFile()), 0o700))
			fatalIfErr(t, os.WriteFile(w.anchorFile(), []byte(nothingYet), 0o600))
			w.round(finding.StateDamaged)
			w.cosigns(w.request(w.log, 300, 300))
		})
	}
}

// TestNothingYet loses one copy of a log of which nothing was cosigned.
func TestNothingYet(t *testing.T) {
	w := newWorld(t, 30)
	w.restart(func() { fatalIfErr(t, os.Remove(w.anchorFile())) })
	w.cosigns(w.request(w.log, 0, 30))
	w = newWorld(t, 30)
	w.restart(func() { w.damageDB() })
	w.cosigns(w.request(w.log, 0, 30))
	w = newWorld(t, 30)
	w.restart(func() { w.damageDB(); fatalIfErr(t, os.Remove(w.anchorFile())) })
	w.refuses(w.request(w.log, 0, 30), http.StatusServiceUnavailable)
}

// TestTwice gives one folder to two witnesses.
func TestTwice(t *testing.T) {
	w := newWorld(t, 30)
	w.cosigns(w.request(w.log, 0, 30))
	if _, err := Open(w.cfg); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("opened twice: %v", err)
	}
	w.cosigns(w.request(w.log, 30, 30))
}

// TestWriteFails has the disk fail between the copies, and after both.
func TestWriteFails(t *testing.T) {
	for _, step := range []string{"between", "stored"} {
		w := newWorld(t, 300)
		w.cosigns(w.request(w.log, 0, 100))
		w.w.store.hook = func(s string) error {
			if s == step {
				return syscall.ENOSPC
			}
			return nil
		}
		w.refuses(w.request(w.log, 100, 200), http.StatusInternalServerError)
		w.refuses(w.request(w.log, 100, 200), http.StatusServiceUnavailable)
		w.w.store.hook = nil
		w.w.Round(t.Context()) // reads what is stored, and polls
		if w.size() != 300 {
			t.Errorf("size %d", w.size())
		}
		w.round()
	}
}

// TestStopped has Pebble stop at a failed write.
func TestStopped(t *testing.T) {
	w := newWorld(t, 300)
	w.cosigns(w.request(w.log, 0, 100))
	w.w.store.guard.Stop(syscall.ENOSPC)
	w.refuses(w.request(w.log, 100, 200), http.StatusInternalServerError)
	w.refuses(w.request(w.log, 0, 200), http.StatusServiceUnavailable)
	w.round()
	w.refuses(w.request(w.log, 100, 200), http.StatusConflict)
	w.cosigns(w.request(w.log, 300, 300))
	w.restart(func() {})
	w.cosigns(w.request(w.log, 300, 300))
}
