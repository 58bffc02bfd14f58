package client_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// fullState returns a world whose state has something of everything.
func fullState(t *testing.T) *world {
	w := newWorld(t)
	w.settle()
	w.dir.Insert(clienttest.Update{Label: "bob@example.org", Values: [][]byte{keys("a"), []byte("no key set")}})
	w.dir.Insert()
	w.lookup("bob@example.org")
	w.publish(alice, keys("a"))
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("ax")}})
	w.watch()
	return w
}

func TestStateIsPrivate(t *testing.T) {
	w := fullState(t)
	err := filepath.WalkDir(w.root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if path != w.root && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if strings.Contains(path, "alice") || strings.Contains(path, "example") {
			t.Errorf("%s tells a label", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDamagedState damages each byte of the state file in turn: the state is
// refused, or reads as what it was. There is no previous one here.
func TestDamagedState(t *testing.T) {
	w := fullState(t)
	w.removePrevious()
	good := w.readState()
	w.dir.Before = func(string, []byte) *clienttest.Answer {
		t.Fatal("a request was made with damaged state")
		return nil
	}
	step := 7
	for i := 0; i < len(good)-1; i += step {
		bad := []byte(good)
		bad[i] ^= 1
		if err := os.WriteFile(w.stateFile(), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := client.Open(w.root, "", w.config())
		wantKind(t, err, client.Operational, "")
		_, err = w.c.Lookup(bg, alice, nil)
		wantKind(t, err, client.Operational, "state.json")
		if w.readState() != string(bad) {
			t.Fatal("damaged state was overwritten")
		}
	}
}

func TestStateRefused(t *testing.T) {
	w := fullState(t)
	w.removePrevious()
	good := w.readState()
	for name, bad := range map[string]string{
		"not a state file":                 strings.Replace(good, "ghostlight-state", "other-state", 1),
		"version that this program":        strings.Replace(good, `"version":5`, `"version":6`, 1),
		"version that this program does":   strings.Replace(good, `"version":5`, `"version":0`, 1),
		"version that this program does n": strings.Replace(good, `"version":5,`, `"version":6,"more":true,`, 1),
		"unknown field":                    strings.Replace(good, `"version":5,`, `"version":5,"more":true,`, 1),
		"checksum":                         strings.Replace(good, `"owners":[`, `"more":0,"owners":[`, 1),
		"end of JSON":                      good[:len(good)/2],
		"end":                              "",
		"after top-level":                  good + "{}",
	} {
		if bad == good {
			t.Fatalf("%s: nothing was replaced", name)
		}
		if err := os.WriteFile(w.stateFile(), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := w.c.Lookup(bg, alice, nil)
		e := wantKind(t, err, client.Operational, name)
		if !strings.Contains(e.Hint, "backup") && !strings.Contains(e.Hint, "newer kt") {
			t.Errorf("%s: hint %q", name, e.Hint)
		}
	}
}

func TestLock(t *testing.T) {
	w := newWorld(t)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
	entered, leave := make(chan struct{}), make(chan struct{})
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if op == "search" {
			close(entered)
			<-leave
		}
		return nil
	}
	done := make(chan error)
	go func() {
		_, err := w.c.Lookup(bg, alice, nil)
		done <- err
	}()
	<-entered
	_, err := w.c.Watch(bg)
	if e := wantKind(t, err, client.Operational, "process "); e.Hint == "" {
		t.Error("no hint")
	}
	ctx, cancel := context.WithCancel(bg)
	cancel()
	_, err = w.c.Watch(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() { close(leave) })
	if _, err := w.c.Watch(bg); err != nil {
		t.Errorf("did not wait: %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestDiskErrors lets the new state not be written, in ways that work for root
// too.
func TestDiskErrors(t *testing.T) {
	for name, breakIt := range map[string]func(temporary string) error{
		"not a file": func(temporary string) error { return os.Mkdir(temporary, 0o700) },
		"disk full": func(temporary string) error {
			if _, err := os.Stat("/dev/full"); err != nil {
				return os.Mkdir(temporary, 0o700)
			}
			return os.Symlink("/dev/full", temporary)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.own(alice)
			w.dir.Insert(clienttest.Update{Label: "bob@example.org", Values: [][]byte{keys("a")}})
			before := w.readState()
			if err := breakIt(w.stateFile() + ".new"); err != nil {
				t.Fatal(err)
			}
			_, err := w.c.Lookup(bg, "bob@example.org", nil)
			wantKind(t, err, client.Operational, "storing the state")
			size := w.dir.Size()
			_, err = w.c.Publish(bg, alice, keys("a"), client.PublishOptions{})
			wantKind(t, err, client.Operational, "storing the state")
			if w.dir.Size() != size {
				t.Error("published what could not be remembered")
			}
			if w.readState() != before {
				t.Error("the state changed")
			}
		})
	}
}

// TestStateRoundTrip reads and writes the state without a change.
func TestStateRoundTrip(t *testing.T) {
	w := fullState(t)
	before := w.readState()
	for _, part := range []string{`"contacts":[{`, `"owners":[{`, `"unexpected":[{`, `"created":[{`, `"ledger":[{`, `"seen":{`, `"last":{`, `"map":[{`} {
		if !strings.Contains(before, part) {
			t.Errorf("the state has no %s", part)
		}
	}
	if err := os.Remove(w.stateFile() + ".new"); err == nil {
		t.Error("a temporary file was left behind")
	}
	// Nothing is new: the same state is stored.
	again, err := client.RecodeState([]byte(before))
	if err != nil || string(again) != before {
		t.Errorf("%v\n%s\n%s", err, before, again)
	}
}
