package watch_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/watch"
)

// TestFirstRound takes labels over, and tells what they have, again after a restart.
func TestFirstRound(t *testing.T) {
	w := newWorld(t, append(both, watch.Label{Label: carol, Role: watch.Contact}, watch.Label{Label: "dave@example.org", Role: watch.Owner})...)
	first := w.round()
	if len(first.Findings) != 4 || first.Verdict() != finding.Verified || first.Size != w.dir.Size() {
		t.Fatalf("%+v", first)
	}
	for i, texts := range [][]string{
		{alice, "version 0", fingerprint('a')}, {bob, fingerprint('b')}, {carol, "no version"}, {"dave", "no version"},
	} {
		f := first.Findings[i]
		for _, text := range texts {
			if f.Rule != finding.TakenOver || f.Severity != finding.Info || !strings.Contains(f.Detail, text) {
				t.Errorf("%+v does not have %q", f, text)
			}
		}
	}
	if want := "every version of 2 of 2 owned labels, and the greatest ones of 2 of 2 contacts' labels"; !strings.Contains(first.Checked, want) {
		t.Error(first.Checked)
	}
	w.open()
	again := w.round()
	for i := range first.Findings {
		if again.Findings[i] != first.Findings[i] {
			t.Errorf("%+v, then %+v", first.Findings[i], again.Findings[i])
		}
	}
}

// TestUnexpectedVersion inserts keys into an owned label.
func TestUnexpectedVersion(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	w.insert(alice, "ax")
	r := w.wants(finding.UnexpectedVersion)
	f := w.find(r, finding.UnexpectedVersion, alice, "version 1", "+ inserted ", fingerprint('x'))
	if f.Severity != finding.Critical || f.Class != finding.Report || f.Condition || !strings.HasPrefix(f.Summary, "Alice's keys") {
		t.Errorf("%+v", f)
	}
	if !strings.Contains(f.Hint, "own \"alice@example.org\" --accept 1") || !strings.Contains(f.Hint, "ktmon expect") {
		t.Error(f.Hint)
	}
	w.open()
	if again := w.find(w.round(), finding.UnexpectedVersion); again.Key() != f.Key() {
		t.Error("another finding after a restart")
	}
	w.insert(alice, "a")
	w.wants(finding.UnexpectedVersion, finding.UnexpectedVersion)
	for _, v := range []uint32{1, 2} {
		_, err := w.client.Accept(t.Context(), alice, v)
		fatalIfErr(t, err)
	}
	w.wants()
}

// TestSwappedAndRestored swaps keys between two rounds, and restores them.
func TestSwappedAndRestored(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	for _, label := range []string{alice, bob} {
		w.insert(label, "x")
		w.insert(label, string(label[0]))
	}
	r := w.wants(finding.UnexpectedVersion, finding.UnexpectedVersion, finding.ChangedValue, finding.ChangedValue)
	var details []string
	for _, f := range r.Findings {
		if f.Rule == finding.ChangedValue {
			details = append(details, f.Detail)
		}
	}
	if !strings.Contains(details[0], "version 1 after version 0") || !strings.Contains(details[0], fingerprint('x')) ||
		!strings.Contains(details[1], "version 2 after version 1") || !strings.Contains(details[1], "~ replaced X25519 "+fingerprint('x')) {
		t.Errorf("%q", details)
	}
	w.open()
	w.wants(finding.UnexpectedVersion, finding.UnexpectedVersion, finding.ChangedValue, finding.ChangedValue)
}

// TestChangeIsToldThoughDenied has the directory refuse the versions in between.
func TestChangeIsToldThoughDenied(t *testing.T) {
	w := newWorld(t, both[1], watch.Label{Label: carol, Role: watch.Contact})
	w.wants()
	w.insert(bob, "x")
	w.insert(bob, "b")
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if op == "search" {
			return clienttest.Problem(http.StatusGone, "erased", "", "")
		}
		return nil
	}
	r := w.wants(finding.ChangedValue, finding.ChangedValue)
	var details string
	for _, f := range r.Findings {
		details += f.Detail
	}
	if !strings.Contains(details, "it was not to be had") || !strings.Contains(details, "version 2 after version 1") {
		t.Error(details)
	}
}

// TestManyVersions looks at a bounded number of versions in between.
func TestManyVersions(t *testing.T) {
	w := newWorld(t, both[1])
	w.wants()
	for range 30 {
		w.insert(bob, "x")
	}
	before := w.dir.Requests("search")
	r := w.round()
	if n := w.dir.Requests("search") - before; n != 1+16 {
		t.Errorf("%d searches", n)
	}
	if n := len(rules(r)); n != 18 {
		t.Errorf("%d findings", n)
	}
}

// TestCrashBeforeRecord ends the program after the client has stored what changed, and
// before the watcher has.
func TestCrashBeforeRecord(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	before := w.readFile(w.record())
	w.insert(bob, "x")
	first := w.find(w.wants(finding.ChangedValue), finding.ChangedValue).Key()
	w.writeFile(w.record(), before)
	w.open()
	if w.find(w.wants(finding.ChangedValue), finding.ChangedValue).Key() != first {
		t.Error("another finding")
	}
}

// TestRecordNotStored has the disk be full: what was found is told, and found again.
func TestRecordNotStored(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	fatalIfErr(t, os.Mkdir(w.record()+".new", 0o700))
	w.insert(bob, "x")
	w.wants(finding.Failed, finding.ChangedValue)
	w.wants(finding.Failed, finding.ChangedValue)
	fatalIfErr(t, os.Remove(w.record()+".new"))
	w.wants(finding.ChangedValue)
	w.open()
	w.wants(finding.ChangedValue)
}

// TestRecordDamaged goes on from what the client has seen.
func TestRecordDamaged(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	good := w.readFile(w.record())
	for _, bad := range []string{"", "{}", good[:len(good)-9], strings.Replace(good, bob, "rob@example.org", 1), "null"} {
		w.writeFile(w.record(), bad)
		w.open()
		r := w.wants(finding.StateDamaged)
		w.find(r, finding.StateDamaged, "watched.json.damaged")
		if w.readFile(w.record()+".damaged") != bad {
			t.Error("the damaged record was not kept")
		}
		w.open()
		w.wants(finding.StateDamaged)
	}
	w.insert(alice, "x")
	w.insert(bob, "x")
	w.writeFile(w.record(), "")
	w.open()
	w.wants(finding.StateDamaged, finding.UnexpectedVersion, finding.ChangedValue)
}

// TestStateDamaged damages the client's state.
func TestStateDamaged(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	w.insert(alice, "x")
	w.wants(finding.UnexpectedVersion)
	state := filepath.Join(w.client.StateDir(), "state.json")
	w.writeFile(state, "garbage")
	first := w.find(w.wants(finding.UnexpectedVersion, finding.StateDamaged), finding.StateDamaged, "state.json.damaged").Key()
	w.open()
	if w.find(w.round(), finding.StateDamaged).Key() != first {
		t.Error("another finding after a restart")
	}
	w.writeFile(state, "garbage")
	w.writeFile(state+".previous", "garbage")
	f := w.find(w.round(), finding.Failed, "state.json.previous")
	if !strings.Contains(f.Hint, "backup") {
		t.Errorf("%+v", f)
	}
	if w.readFile(state) != "garbage" {
		t.Error("begun anew")
	}
}

// TestForget no longer watches what was removed from the configuration.
func TestForget(t *testing.T) {
	w := newWorld(t, both...)
	w.round()
	_, err := w.client.Lookup(t.Context(), carol, nil) // not the watcher's
	if client.KindOf(err) != client.Absent {
		t.Fatal(err)
	}
	w.labels = []watch.Label{{Label: alice, Role: watch.Contact}}
	w.open()
	w.round()
	contacts, owned, err := w.client.Contacts(t.Context())
	if err != nil || len(owned) != 0 || len(contacts) != 1 || contacts[0] != alice {
		t.Errorf("%v %v %v", contacts, owned, err)
	}
	if strings.Contains(w.readFile(w.record()), bob) {
		t.Error("the record has it still")
	}
}

// TestConditions tells apart why nothing can be checked.
func TestConditions(t *testing.T) {
	answer := func(a *clienttest.Answer) func(w *world) {
		return func(w *world) { w.dir.Before = func(string, []byte) *clienttest.Answer { return a } }
	}
	for name, c := range map[string]struct {
		spoil func(w *world)
		want  finding.Rule
		after time.Duration
	}{
		"closed":      {func(w *world) { w.server.Close() }, finding.Unreachable, 24 * time.Hour},
		"proxy":       {answer(&clienttest.Answer{Status: 502, Type: "text/html", Body: []byte("<html>")}), finding.Unreachable, 24 * time.Hour},
		"garbage":     {answer(&clienttest.Answer{Status: 200, Type: "application/octet-stream", Body: []byte("garbage")}), finding.Refused, 0},
		"rolled back": {answer(clienttest.Problem(http.StatusConflict, "conflict", "last", "too large")), finding.RolledBack, 0},
		"frozen":      {func(w *world) { w.dir.Clock.Add(48 * time.Hour) }, finding.Stalled, 0},
		"locked": {func(w *world) {
			w.dir.Before = func(string, []byte) *clienttest.Answer { w.dir.Before = nil; w.wants(finding.Failed); return nil }
			_, _ = w.client.Watch(w.Context())
			w.dir.Before = func(string, []byte) *clienttest.Answer { return &clienttest.Answer{Status: 502} }
		}, finding.Unreachable, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, both...)
			w.wants()
			c.spoil(w)
			f := w.find(w.wants(c.want), c.want)
			if !f.Condition || f.After != c.after || f.Class != finding.Report || f.Severity != finding.Warning {
				t.Errorf("%+v", f)
			}
		})
	}
}

// TestConditionEnds has the directory refuse answers about one label, and not be reached
// for a while.
func TestConditionEnds(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	refuse := func(op string, _ []byte) *clienttest.Answer {
		if op == "owner-monitor" {
			return clienttest.Problem(http.StatusInternalServerError, "internal", "", "")
		}
		return nil
	}
	w.dir.Before = refuse
	key := w.find(w.wants(finding.Refused), finding.Refused, alice).Key()
	w.dir.Before = func(string, []byte) *clienttest.Answer { return &clienttest.Answer{Status: 502} }
	r := w.wants(finding.Refused, finding.Unreachable)
	if w.find(r, finding.Refused).Key() != key {
		t.Error("another condition")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := w.w.Round(ctx); len(rules(r)) != 2 {
		t.Errorf("interrupted: %+v", r.Findings)
	}
	w.dir.Before = refuse
	w.wants(finding.Refused)
	w.dir.Before = nil
	w.wants()
}

// TestManyRefused has a condition for each of some labels, and one for the others.
func TestManyRefused(t *testing.T) {
	var labels []watch.Label
	w := newWorld(t)
	for i := range 120 {
		label := string(rune('a'+i%26)) + strings.Repeat("z", i/26) + "@example.com"
		labels = append(labels, watch.Label{Label: label, Role: watch.Contact})
	}
	w.labels = labels
	w.dir.Plain = true // it cannot prove that they do not exist
	w.open()
	if n := len(rules(w.round())); n != 101 {
		t.Errorf("%d findings", n)
	}
}

// TestMisbehaviour has the directory be caught: the evidence is told once, also after it
// is honest again, and after a restart.
func TestMisbehaviour(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	fork := w.dir.Fork()
	w.insert(alice, "ax")
	w.wants(finding.UnexpectedVersion)
	fork.Insert()
	fork.Insert()
	fork.Insert()
	w.server.Config.Handler = fork
	r := w.round()
	f := w.find(r, finding.Rule("fork"))
	if f.Class != finding.Evidence || f.Severity != finding.Critical || r.Verdict() != finding.Misbehaviour {
		t.Errorf("%+v", f)
	}
	if _, err := os.Stat(f.File); err != nil {
		t.Error(err)
	}
	key := f.Key()
	if again := w.find(w.round(), finding.Rule("fork")); again.Key() != key || again.File != f.File {
		t.Errorf("%+v", again)
	}
	w.server.Config.Handler = w.dir
	w.open()
	w.wants(finding.UnexpectedVersion, finding.Rule("fork"))
}

// TestRemoved has the directory take back what it has shown.
func TestRemoved(t *testing.T) {
	w := newWorld(t, both[1])
	w.wants()
	w.dir.Remove(bob)
	w.dir.Tick(3, clienttest.Window)
	if r := w.round(); r.Verdict() == finding.Verified {
		t.Errorf("%+v", r)
	}
}

func TestOpenRefuses(t *testing.T) {
	w := newWorld(t)
	for text, labels := range map[string][]watch.Label{
		"control characters":   {{Label: "a\nb@example.org", Role: watch.Owner}},
		"empty":                {{Role: watch.Owner}},
		"must be written as":   {{Label: "Alice@example.org", Role: watch.Owner}},
		"its role is":          {{Label: alice}},
		"its role is \"boss\"": {{Label: alice, Role: "boss"}},
		"is there twice":       {{Label: alice, Role: watch.Owner}, {Label: alice, Role: watch.Contact}},
	} {
		_, err := watch.Open(watch.Config{Name: "test", Client: w.client, Dir: t.TempDir(), Labels: labels})
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := watch.Open(watch.Config{}); err == nil {
		t.Error("nothing was asked for")
	}
}

// TestOneLie has the directory lie about one contact of many, in each round: what happens
// to others is told nevertheless.
func TestOneLie(t *testing.T) {
	w := newWorld(t, both[1], watch.Label{Label: alice, Role: watch.Contact})
	w.wants()
	liar := w.dir.Fork()
	w.insert(alice, "y")
	liar.Insert(clienttest.Update{Label: bob, Values: [][]byte{keys("x")}})
	lie := true
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if lie && strings.Contains(string(body), bob) {
			liar.ServeHTTP(rw, r)
			return
		}
		w.dir.ServeHTTP(rw, r)
	})
	for range 2 {
		r := w.wants(finding.Refused, finding.ChangedValue)
		w.find(r, finding.Refused, bob)
		w.find(r, finding.ChangedValue, alice, fingerprint('y'))
	}
	lie = false
	w.wants(finding.ChangedValue)
}

// TestEvidenceIsBounded has the directory contradict itself in each round.
func TestEvidenceIsBounded(t *testing.T) {
	w := newWorld(t, both...)
	w.wants()
	fork := w.dir.Fork()
	w.insert(alice, "a")
	w.round()
	for range 3 {
		fork.Insert()
	}
	w.server.Config.Handler = fork
	first := w.find(w.round(), finding.Rule("fork"))
	folder := filepath.Dir(first.File)
	for i := range 100 {
		w.writeFile(filepath.Join(folder, fmt.Sprintf("other-%d.json", i)), "{}")
	}
	for range 3 {
		w.dir.Clock.Add(time.Second)
		if again := w.find(w.round(), finding.Rule("fork")); *again != *first {
			t.Errorf("%+v", again)
		}
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 101 {
		t.Errorf("%d files, %v", len(files), err)
	}
	fatalIfErr(t, os.Remove(first.File)) // then the next one is kept
	last := w.find(w.round(), finding.Rule("fork"))
	if _, err := os.Stat(last.File); err != nil || last.Key() != first.Key() {
		t.Errorf("%+v, %v", last, err)
	}
}
