package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// TestTampering flips each byte of each kind of response in turn. Nobody can be
// blamed for that, and nothing may be retained.
func TestTampering(t *testing.T) {
	const bob = "bob@example.org"
	type operation struct {
		name string
		run  func(w *world) error
	}
	// A commitment that the proof does not look up is a claim which nothing
	// rests on: an answer with another one is accepted, for what it proves.
	harmless := errors.New("accepted")
	lookup := func(label string, version *uint32) func(*world) error {
		return func(w *world) error {
			r, err := w.c.Lookup(bg, label, version)
			if err == nil && version != nil && r.Version == *version && bytes.Equal(r.Bytes, keys("b")) {
				return harmless
			}
			return err
		}
	}
	watch := func(w *world) error {
		r, err := w.c.Watch(bg)
		if err != nil {
			return err
		}
		for _, report := range r.Reports {
			if report.Err != nil {
				return report.Err
			}
		}
		return nil
	}
	for _, op := range []operation{
		{"search", lookup(alice, nil)},
		{"search", lookup(alice, ptr[uint32](1))},
		{"distinguished", watch},
		{"contact-monitor", watch},
		{"owner-monitor", watch},
		{"update", watch},
		{"owner-init", func(w *world) error { _, err := w.c.Own(bg, alice); return err }},
	} {
		t.Run(op.name, func(t *testing.T) {
			w := newWorld(t)
			w.settle()
			for range 3 {
				w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a"), keys("b")}})
			}
			if op.name != "owner-init" {
				if op.name == "search" || op.name == "contact-monitor" {
					w.lookup(alice)
				}
				w.own(bob)
				w.dir.Tick(2, clienttest.Window)
				w.dir.Insert(clienttest.Update{Label: bob, Values: [][]byte{keys("c")}})
			}
			before := w.readState()
			w.tamper(op.name, before, op.run, harmless)
		})
	}
}

func (w *world) tamper(name, before string, run func(*world) error, harmless error) {
	target, size, hit := 0, 1, false
	w.c.SaveEvery(1) // what verified is stored before what does not verify
	w.dir.After = func(op string, a *clienttest.Answer) {
		if op != name || hit || a.Status != http.StatusOK {
			return
		}
		hit, size = true, len(a.Body)
		a.Body = bytes.Clone(a.Body)
		a.Body[target] ^= 1 << (target % 8)
	}
	// The tests of keytrans flip every byte; this is about what becomes of it.
	step := 5
	if testing.Short() {
		step = 37
	}
	accepted := 0
	for ; target < size; target += step {
		hit = false
		if err := os.WriteFile(w.stateFile(), []byte(before), 0o600); err != nil {
			w.Fatal(err)
		}
		changed := before
		w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
			if op == name && !hit {
				changed = w.readState() // what verified answers changed until here
			}
			return nil
		}
		err := run(w)
		if !hit {
			w.Fatalf("no %s in this operation", name)
		}
		if err == harmless {
			accepted++
			continue
		}
		if kind := client.KindOf(err); kind != client.Undecided {
			w.Fatalf("byte %d of %d: kind %v: %v", target, size, kind, err)
		}
		if w.readState() != changed {
			w.Fatalf("byte %d of %d: the state changed", target, size)
		}
	}
	if accepted*step > 2*merkle.HashSize {
		w.Errorf("%d flipped bytes were accepted", accepted)
	}
	w.Logf("%d bytes, %d flipped ones accepted", size, accepted)
}

func TestFork(t *testing.T) {
	type fork struct {
		name    string
		entries int
		kind    client.Kind
	}
	for _, f := range []fork{
		{"of the same size", 3, client.Misbehaved},
		{"that is larger", 4, client.Misbehaved},
		{"that is smaller", 1, client.Undecided},
	} {
		t.Run(f.name, func(t *testing.T) {
			w := newWorld(t)
			w.dir.Tick(4, clienttest.Window) // 5 entries
			other := w.dir.Fork()
			for range 3 { // 8 entries
				w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
			}
			for range f.entries {
				other.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("x")}})
			}
			w.lookup(alice)
			before := w.readState()
			w.become(other)
			_, err := w.c.Lookup(bg, alice, nil)
			e := wantKind(t, err, f.kind, "")
			if w.readState() != before {
				t.Error("a fork changed the state")
			}
			if f.kind == client.Misbehaved {
				checkForkEvidence(t, e.Evidence)
				w.outcome(client.VerdictOf(err), client.OutcomeMisbehaviour)
			} else if e.Evidence != "" {
				t.Errorf("evidence of nothing: %s", e.Evidence)
			}
		})
	}
}

type evidenceView struct {
	TreeSize  uint64   `json:"tree_size"`
	Signature []byte   `json:"signature"`
	Subtrees  []string `json:"full_subtrees"`
}

// checkForkEvidence verifies an evidence file as somebody else would.
func checkForkEvidence(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		Schema        string        `json:"schema"`
		Kind          evidence.Kind `json:"kind"`
		Summary       string        `json:"summary"`
		Configuration []byte        `json:"configuration"`
		RetainedView  evidenceView  `json:"retained_view"`
		Request       []byte        `json:"request"`
		Response      []byte        `json:"response"`
		Fork          struct {
			View     evidenceView `json:"view"`
			Response []byte       `json:"response"`
		} `json:"fork"`
	}
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	if e.Schema != evidence.Schema || e.Kind != evidence.Fork || e.Summary == "" || e.Request != nil || e.Response != nil || e.Fork.Response == nil {
		t.Errorf("%s", data)
	}
	cfg, err := keytrans.ParseConfiguration(e.Configuration)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []evidenceView{e.RetainedView, e.Fork.View} {
		view := &keytrans.View{Head: keytrans.TreeHead{TreeSize: v.TreeSize, Signature: v.Signature}}
		for _, s := range v.Subtrees {
			view.Subtrees = append(view.Subtrees, parseHash(t, s))
		}
		root, err := view.Root()
		if err != nil {
			t.Fatal(err)
		}
		if err := keytrans.VerifyTreeHead(cfg, &view.Head, root); err != nil {
			t.Error(err)
		}
	}
	if e.RetainedView.Subtrees[0] == e.Fork.View.Subtrees[0] {
		t.Error("the views agree")
	}
	if p := checkProof(t, path, e.Configuration); p.Kind != evidence.Fork {
		t.Errorf("%+v", p)
	}
}

func parseHash(t *testing.T, s string) (h merkle.Hash) {
	t.Helper()
	if err := json.Unmarshal([]byte(`"`+s+`"`), (*hexBytes)(&h)); err != nil {
		t.Fatal(err)
	}
	return h
}

// TestOldCopy has a directory come back from a backup: that proves nothing.
func TestOldCopy(t *testing.T) {
	w := newWorld(t)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
	backup := w.dir.Fork()
	w.dir.Tick(3, 1)
	w.lookup(alice)
	w.become(backup)
	_, err := w.c.Lookup(bg, alice, nil)
	wantKind(t, err, client.Undecided, "not the size of an earlier state")
	if entries, _ := os.ReadDir(filepath.Join(w.c.StateDir(), "evidence")); len(entries) > 0 {
		t.Error("evidence of nothing")
	}
}

// TestRollback has a directory that truly removes a version from its latest
// prefix trees, under honest signatures.
func TestRollback(t *testing.T) {
	w := newWorld(t)
	w.settle()
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("ab")}})
	w.lookup(alice)
	before := w.readState()
	w.dir.Remove(alice)
	w.dir.Insert()
	_, err := w.c.Lookup(bg, alice, nil)
	e := wantKind(t, err, client.Misbehaved, "proved that version 1 exists")
	if p := checkProof(t, e.Evidence, nil); p.Kind != evidence.Contradiction || e.Report {
		t.Errorf("%+v", p)
	}
	if w.readState() != before {
		t.Error("misbehaviour changed the state")
	}
}
