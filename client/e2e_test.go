package client_test

import (
	"bytes"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

func TestTrust(t *testing.T) {
	w := newWorld(t)
	r, err := client.Trust(bg, w.root, w.server.URL+"/", "", w.config())
	if err != nil || !r.AlreadyTrusted || r.Head.TreeSize != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	w.outcome(r.Verdict, client.OutcomeVerified)
	if c, err := client.Open(w.root, "", w.config()); err != nil || c.Directory() != w.server.URL {
		t.Errorf("the only trusted directory: %v", err)
	}
	_, err = client.Open(w.root, "https://other.example", w.config())
	wantKind(t, err, client.Usage, "not trusted")
	_, err = client.Trust(bg, t.TempDir(), w.server.URL, strings.Repeat("0", 64), w.config())
	wantKind(t, err, client.Attention, "not the one you gave")
	if _, err := client.Trust(bg, t.TempDir(), w.server.URL, r.ConfigurationSHA256, w.config()); err != nil {
		t.Error(err)
	}

	before := w.readState()
	w.become(clienttest.New())
	_, err = client.Trust(bg, w.root, w.server.URL, "", w.config())
	wantKind(t, err, client.Attention, "another configuration")
	if w.readState() != before {
		t.Error("another configuration changed the state")
	}
}

func TestLookup(t *testing.T) {
	w := newWorld(t)
	w.settle()
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
	r := w.lookup(alice)
	if r.Version != 0 || !bytes.Equal(r.Bytes, keys("a")) || len(r.Value.Keys) != 1 {
		t.Errorf("%+v", r)
	}
	w.outcome(r.Verdict, client.OutcomeMonitored)
	w.outcome(w.report(alice, client.RoleContact).Verdict, client.OutcomeMonitored)
	w.settle()
	w.outcome(w.report(alice, client.RoleContact).Verdict, client.OutcomeVerified)
	w.outcome(w.lookup(alice).Verdict, client.OutcomeVerified)

	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("ab"), keys("bc")}})
	r = w.lookup(alice)
	w.outcome(r.Verdict, client.OutcomeChanged)
	if r.Kind() != client.Attention || r.Before.Version != 0 || r.Version != 2 {
		t.Errorf("%+v", r)
	}
	if c := r.Changes; len(c.Added) != 2 || len(c.Removed) != 1 || c.Removed[0].Fingerprint != fingerprint("a") {
		t.Errorf("changes: %+v", c)
	}
	if r = w.lookup(alice); r.Kind() != 0 {
		t.Errorf("reported again: %v", r.Verdict)
	}
	old, err := w.c.Lookup(bg, alice, ptr[uint32](1))
	if err != nil || old.Greatest || !bytes.Equal(old.Bytes, keys("ab")) {
		t.Errorf("version 1: %+v, %v", old, err)
	}
	for _, steps := range [][]client.Step{r.Steps, old.Steps} {
		names := make(map[string]bool)
		for _, s := range steps {
			names[s.Name] = true
		}
		for _, want := range []string{"request", "search-keys", "commitment", "search", "lookups", "result", "log-root", "signature", "time", "monitoring"} {
			if !names[want] {
				t.Errorf("no step %q in %+v", want, steps)
			}
		}
	}
	w.dir.Plain = true
	_, err = w.c.Lookup(bg, alice, ptr[uint32](3))
	wantKind(t, err, client.Undecided, "not proven")
	_, err = w.c.Lookup(bg, "bob@example.org", nil)
	wantKind(t, err, client.Undecided, "the directory says it does not know this label; that is not proven")
	for _, label := range []string{"", strings.Repeat("x", 256), "\xff"} {
		_, err = w.c.Lookup(bg, label, nil)
		wantKind(t, err, client.Usage, "label")
	}
}

func TestHistory(t *testing.T) {
	w := newWorld(t)
	for _, set := range []string{"a", "ab", "b"} {
		w.settle()
		w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys(set)}})
	}
	h, err := w.c.History(bg, alice, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.outcome(h.Verdict, client.OutcomeVerified) // the last entry happens to be distinguished
	if len(h.Versions) != 3 || h.More {
		t.Fatalf("%+v", h)
	}
	for i, v := range h.Versions {
		if v.Version != uint32(2-i) || v.Changes == nil || v.EntryTime.IsZero() {
			t.Errorf("%+v", v)
		}
	}
	if c := h.Versions[0].Changes; len(c.Added) != 0 || len(c.Removed) != 1 {
		t.Errorf("version 2: %+v", c)
	}
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("c")}})
	if h, err = w.c.History(bg, alice, 0); err != nil || h.Kind() != client.Attention || h.Before.Version != 2 {
		t.Fatalf("%+v, %v", h, err)
	}
	w.settle()
	w.dir.Before = func(op string, request []byte) *clienttest.Answer {
		if op == "search" && bytes.HasSuffix(request, []byte{1, 0, 0, 0, 0}) {
			return clienttest.Problem(http.StatusGone, "erased", "version", "")
		}
		return nil
	}
	if h, err = w.c.History(bg, alice, 0); err != nil || h.Versions[3].Missing != "erased" {
		t.Fatalf("%+v, %v", h, err)
	}
	w.outcome(h.Verdict, client.OutcomeUnchecked)
	if h, err = w.c.History(bg, alice, 1); err != nil || !h.More || len(h.Versions) != 1 {
		t.Fatalf("%+v, %v", h, err)
	}
}

func TestOwnAndWatch(t *testing.T) {
	w := newWorld(t)
	w.settle()
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
	w.settle()
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("ab")}})
	o := w.own(alice)
	if !o.TakenOver || *o.Greatest != 1 || len(o.Value.Keys) != 2 || len(o.Unexpected) != 0 {
		t.Fatalf("%+v", o)
	}
	w.outcome(o.Verdict, client.OutcomeMonitored)
	w.outcome(w.report(alice, client.RoleOwner).Verdict, client.OutcomeMonitored)
	w.settle()
	w.outcome(w.report(alice, client.RoleOwner).Verdict, client.OutcomeVerified)

	pos := w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("abx")}})
	r := w.report(alice, client.RoleOwner)
	w.outcome(r.Verdict, client.OutcomeChanged)
	if r.Kind() != client.Attention || r.New != 1 || len(r.Unexpected) != 1 {
		t.Fatalf("%+v", r)
	}
	u := r.Unexpected[0]
	if u.Version != 2 || u.Position != pos || u.EntryTime != w.dir.Clock.Now() {
		t.Errorf("%+v", u)
	}
	if len(u.Changes.Added) != 1 || u.Changes.Added[0].Fingerprint != fingerprint("x") || len(u.Changes.Removed) != 0 {
		t.Errorf("changes: %+v", u.Changes)
	}
	w.settle()
	if r = w.report(alice, client.RoleOwner); r.Kind() != client.Attention || r.New != 0 {
		t.Errorf("not reported again: %+v", r)
	}
	_, err := w.c.Accept(bg, alice, 7)
	wantKind(t, err, client.Usage, "version 7")
	if o, err = w.c.Accept(bg, alice, 2); err != nil || len(o.Unexpected) != 0 {
		t.Fatalf("%+v, %v", o, err)
	}
	w.outcome(w.report(alice, client.RoleOwner).Verdict, client.OutcomeVerified)
}

// TestLateOwner lets many versions and distinguished entries pass between two
// rounds.
func TestLateOwner(t *testing.T) {
	w := newWorld(t)
	w.own(alice)
	for _, set := range []string{"a", "b", "c", "d", "e"} {
		w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys(set), keys(set + "z")}})
		w.settle()
	}
	r := w.report(alice, client.RoleOwner)
	if r.Err != nil || len(r.Unexpected) != 10 {
		t.Fatalf("%d unexpected versions, %v", len(r.Unexpected), r.Err)
	}
	for i, u := range r.Unexpected {
		if u.Version != uint32(i) || u.EntryTime.IsZero() || u.Changes == nil {
			t.Errorf("%+v", u)
		}
	}
}

// TestDeniedVersion has a directory that inserts a version and does not tell the
// owner.
func TestDeniedVersion(t *testing.T) {
	w := newWorld(t)
	w.publish(alice, keys("a"))
	w.settle()
	w.outcome(w.report(alice, client.RoleOwner).Verdict, client.OutcomeVerified)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("ax")}})
	w.settle()
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if op == "update" {
			return clienttest.Problem(http.StatusConflict, "conflict", "greatest_version", "")
		}
		return nil
	}
	r := w.report(alice, client.RoleOwner)
	wantKind(t, r.Err, client.Undecided, "tells of none")
	w.outcome(r.Verdict, client.OutcomeUnchecked)
}

func TestPublish(t *testing.T) {
	w := newWorld(t)
	w.dir.Token = "secret"
	_, err := w.c.Publish(bg, alice, keys("a"), client.PublishOptions{})
	wantKind(t, err, client.Operational, "401")
	p := w.publish(alice, keys("a"))
	if !p.Published || *p.Version != 0 || p.Kind() != 0 {
		t.Fatalf("%+v", p)
	}
	w.outcome(p.Verdict, client.OutcomeVerified)
	if p = w.publish(alice, keys("a")); p.Published || *p.Version != 0 {
		t.Errorf("published twice: %+v", p)
	}
	p, err = w.c.Publish(bg, alice, keys("a"), client.PublishOptions{Token: "secret", Force: true})
	if err != nil || !p.Published || *p.Version != 1 {
		t.Errorf("forced: %+v, %v", p, err)
	}
	p = w.publish(alice, keys("ab"))
	if *p.Version != 2 || len(p.Changes.Added) != 1 {
		t.Errorf("%+v", p)
	}
	w.settle()
	r := w.report(alice, client.RoleOwner)
	w.outcome(r.Verdict, client.OutcomeVerified)
	if len(r.Unexpected) != 0 {
		t.Errorf("own versions are unexpected: %+v", r)
	}
}

func TestPublishAfterOthers(t *testing.T) {
	w := newWorld(t)
	w.publish(alice, keys("a"))
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("x")}})
	p := w.publish(alice, keys("b"))
	if p.Published || p.Kind() != client.Attention || len(p.Unexpected) != 1 || p.Unexpected[0].Version != 1 {
		t.Fatalf("%+v", p)
	}
	if w.lookup(alice).Version != 1 {
		t.Error("something was published")
	}
	// Asking again does not help; the owner first has to answer for it.
	if p = w.publish(alice, keys("b")); p.Published || p.Kind() != client.Attention {
		t.Errorf("%+v", p)
	}
	if _, err := w.c.Accept(bg, alice, 1); err != nil {
		t.Fatal(err)
	}
	p = w.publish(alice, keys("b"))
	if !p.Published || *p.Version != 2 || p.Kind() != 0 {
		t.Errorf("%+v", p)
	}
}

// TestLostAnswer loses the answer to an update that was carried out.
func TestLostAnswer(t *testing.T) {
	for _, again := range []string{"a", "b"} {
		w := newWorld(t)
		w.own(alice)
		var lost atomic.Bool
		w.dir.After = func(op string, _ *clienttest.Answer) {
			if op == "update" && !lost.Swap(true) {
				panic(http.ErrAbortHandler)
			}
		}
		_, err := w.c.Publish(bg, alice, keys("a"), client.PublishOptions{})
		e := wantKind(t, err, client.Undecided, "not reached")
		if !strings.Contains(e.Hint, "not known whether") || w.dir.Requests("update") != 2 { // one of own
			t.Errorf("hint %q, %d requests", e.Hint, w.dir.Requests("update"))
		}
		p, err := w.c.Publish(bg, alice, keys(again), client.PublishOptions{Force: true})
		if err != nil || !p.Published || p.Kind() != 0 {
			t.Fatalf("%+v, %v", p, err)
		}
		if want := map[string]uint32{"a": 0, "b": 1}[again]; *p.Version != want {
			t.Errorf("version %d, want %d", *p.Version, want)
		}
	}
}

func TestStaleHead(t *testing.T) {
	w := newWorld(t)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
	before := w.readState()
	w.dir.Clock.Add(25 * time.Hour)
	_, err := w.c.Lookup(bg, alice, nil)
	if e := wantKind(t, err, client.Undecided, "behind this clock"); !strings.Contains(e.Hint, "clock") {
		t.Errorf("hint %q", e.Hint)
	}
	_, err = w.c.Watch(bg)
	wantKind(t, err, client.Undecided, "behind this clock")
	if w.readState() != before {
		t.Error("a stale head changed the state")
	}
}
