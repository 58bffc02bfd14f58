package client_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
)

func (w *world) writeFile(path, content string) {
	w.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.Fatal(err)
	}
}

func (w *world) damage() *client.Damage {
	w.Helper()
	d, err := w.c.Damage()
	if err != nil {
		w.Fatal(err)
	}
	return d
}

// TestGoBack damages the state in many ways: the previous one is used, what was found
// is kept, and what the directory has done since is found again.
func TestGoBack(t *testing.T) {
	w := fullState(t)
	good, previous := w.readState(), w.readFile(w.stateFile()+".previous")
	if good == previous {
		t.Fatal("the previous state is the present one")
	}
	for name, bad := range map[string]string{
		"empty":        "",
		"cut short":    good[:len(good)/2],
		"flipped bit":  strings.Replace(good, `"unexpected":[{"version":1`, `"unexpected":[{"version":5`, 1),
		"other file":   "{}",
		"zeros":        strings.Repeat("\x00", len(good)),
		"with garbage": good + "x",
	} {
		t.Run(name, func(t *testing.T) {
			w.writeFile(w.stateFile(), bad)
			w.writeFile(w.stateFile()+".previous", previous)
			if _, err := client.Open(w.root, w.server.URL, w.config()); err != nil {
				t.Fatal(err)
			}
			if w.readState() != bad {
				t.Error("opening it changed the file without the lock")
			}
			if r := w.report(alice, client.RoleOwner); r.Kind() != client.Attention || len(r.Unexpected) != 1 || r.Unexpected[0].Version != 1 {
				t.Errorf("%+v", r)
			}
			d := w.damage()
			if d == nil || w.readFile(d.File) != bad {
				t.Fatalf("%+v", d)
			}
			if err := os.Remove(d.File); err != nil {
				t.Fatal(err)
			}
			if d := w.damage(); d != nil {
				t.Errorf("told of again: %v", d)
			}
		})
	}
}

// TestGoBackMissing has the state file gone, and the program end in the midst of going
// back.
func TestGoBackMissing(t *testing.T) {
	w := fullState(t)
	if err := os.Remove(w.stateFile()); err != nil {
		t.Fatal(err)
	}
	w.watch()
	if d := w.damage(); d == nil || !strings.Contains(w.readFile(d.File), "missing") {
		t.Errorf("%+v", d)
	}
	w.writeFile(w.stateFile()+".damaged", "put aside")
	if err := os.Remove(w.stateFile()); err != nil {
		t.Fatal(err)
	}
	w.watch()
	if d := w.damage(); d == nil || w.readFile(d.File) != "put aside" {
		t.Errorf("%+v", d)
	}
}

// TestBothDamaged has no good state left: nothing begins anew.
func TestBothDamaged(t *testing.T) {
	w := fullState(t)
	previous := w.stateFile() + ".previous"
	w.writeFile(previous, "{}")
	for name, damage := range map[string]func(){
		"damaged": func() { w.writeFile(w.stateFile(), "{}") },
		"missing": func() {
			if err := os.Remove(w.stateFile()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.writeFile(w.stateFile(), "{}")
			damage()
			for _, try := range []func() error{
				func() error { _, err := w.c.Watch(bg); return err },
				func() error { _, err := client.Open(w.root, "", w.config()); return err },
				func() error { _, err := client.Trust(bg, w.root, w.server.URL, "", w.config()); return err },
			} {
				e := wantKind(t, try(), client.Operational, "state.json.previous")
				if !strings.Contains(e.Hint, "backup") {
					t.Errorf("hint %q", e.Hint)
				}
			}
			if w.readFile(previous) != "{}" {
				t.Error("something was overwritten")
			}
			if _, err := os.Stat(w.stateFile() + ".damaged"); !errors.Is(err, fs.ErrNotExist) {
				t.Error("something was put aside")
			}
		})
	}
}

// TestNewerStateIsNotDamage leaves the state of a newer program alone.
func TestNewerStateIsNotDamage(t *testing.T) {
	w := fullState(t)
	newer := strings.Replace(w.readState(), `"version":5,`, `"version":6,`, 1)
	w.writeFile(w.stateFile(), newer)
	_, err := w.c.Watch(bg)
	if e := wantKind(t, err, client.Operational, "version"); !strings.Contains(e.Hint, "newer kt") {
		t.Errorf("hint %q", e.Hint)
	}
	if w.readState() != newer || w.damage() != nil {
		t.Error("it was put aside")
	}
}

// TestPreviousIsNoLink damages the state in its place: the previous one is another
// file, also after going back.
func TestPreviousIsNoLink(t *testing.T) {
	w := fullState(t)
	for range 3 {
		w.writeFile(w.stateFile(), "damaged in place")
		if _, _, err := w.c.Contacts(bg); err != nil { // which stores nothing
			t.Fatal(err)
		}
	}
	w.writeFile(w.stateFile(), "damaged in place")
	w.watch()
}
