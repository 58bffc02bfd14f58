package client_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

func (w *world) many(labels ...string) []client.ManyResult {
	w.Helper()
	r, err := w.c.LookupMany(w.Context(), labels)
	if err != nil {
		w.Fatal(err)
	}
	if len(r) != len(labels) {
		w.Fatalf("%d results for %d labels", len(r), len(labels))
	}
	for i := range r {
		if r[i].Label != labels[i] || (r[i].Err == nil) != (r[i].Lookup != nil) {
			w.Fatalf("%+v", r[i])
		}
	}
	return r
}

// TestLookupMany holds many lookups against single ones, with a directory that
// knows batches, and with one that does not.
func TestLookupMany(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := newWorld(t)
		w.dir.Plain = plain
		w.settle()
		w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}}, clienttest.Update{Label: bob, Values: [][]byte{keys("b"), keys("bc")}})
		w.dir.Insert()
		r := w.many(alice, nobody, bob, alice)
		if r[0].Lookup.Version != 0 || r[2].Lookup.Version != 1 || r[3].Lookup.Version != 0 {
			t.Errorf("%+v", r)
		}
		w.outcome(r[0].Lookup.Verdict, client.OutcomeMonitored)
		want := map[bool]client.Kind{false: client.Absent, true: client.Undecided}[plain]
		if r[1].Kind() != want || (client.AbsenceOf(r[1].Err) != nil) == plain || r[0].Kind() != 0 {
			t.Errorf("nobody: %v", r[1].Err)
		}
		searches, batches := w.dir.Requests("search"), w.dir.Requests("batch")
		if plain && searches != 5 || !plain && searches != 1 || batches != 1 { // one is for bob's version 0
			t.Errorf("plain %v: %d searches, %d batches", plain, searches, batches)
		}
		// Each answer counts as a lookup's does.
		reports := w.watch().Reports
		if len(reports) != 2 || reports[0].Label != alice || reports[1].Label != bob || *reports[1].Version != 1 {
			t.Errorf("%+v", reports)
		}
		w.outcome(reports[1].Verdict, client.OutcomeMonitored)
		w.dir.Insert(clienttest.Update{Label: bob, Values: [][]byte{keys("x")}})
		r = w.many(alice, bob)
		w.outcome(r[1].Lookup.Verdict, client.OutcomeChanged)
		if r[1].Kind() != client.Attention || r[1].Lookup.Before.Version != 1 || len(r[1].Lookup.Steps) == 0 {
			t.Errorf("%+v", r[1].Lookup)
		}
		if n := w.dir.Requests("search") - searches; plain && n != 2 || !plain && n != 0 {
			t.Errorf("plain %v: %d more searches", plain, n)
		}
		if r = w.many(bob, alice); r[0].Kind() != 0 {
			t.Error("reported again")
		}
		if r := w.lookup(bob); r.Kind() != 0 {
			t.Error("reported again")
		}
	}
}

func TestLookupManyFew(t *testing.T) {
	w := newWorld(t)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
	if r := w.many(); len(r) != 0 {
		t.Errorf("%+v", r)
	}
	if r := w.many(alice); r[0].Lookup == nil || w.dir.Requests("batch") != 0 {
		t.Errorf("%+v", r)
	}
	for _, labels := range [][]string{{alice, ""}, {"\xff", alice}, {strings.Repeat("x", 256), alice}} {
		_, err := w.c.LookupMany(bg, labels)
		wantKind(t, err, client.Usage, "label")
	}
}

// TestLookupManyPieces asks for more than one request, or one answer, holds.
func TestLookupManyPieces(t *testing.T) {
	w := newWorld(t)
	var labels []string
	var updates []clienttest.Update
	for i := range keytrans.MaxBatch + 5 {
		labels = append(labels, fmt.Sprint("label", i))
		if i%9 == 0 {
			updates = append(updates, clienttest.Update{Label: labels[i], Values: [][]byte{fmt.Append(nil, "value", i)}})
		}
	}
	w.dir.Insert(updates...)
	check := func(n int) {
		t.Helper()
		for i, r := range w.many(labels[:n]...) {
			if exists := i%9 == 0; exists && string(r.Lookup.Bytes) != fmt.Sprint("value", i) || !exists && r.Kind() != client.Absent {
				t.Fatalf("%s: %+v", r.Label, r)
			}
		}
	}
	check(len(labels))
	if n := w.dir.Requests("batch"); n != 2 {
		t.Errorf("%d requests", n)
	}
	w.dir.MaxBatchBytes = 1 // one answer at a time
	check(12)
	if n := w.dir.Requests("batch"); n != 2+12 {
		t.Errorf("%d requests", n)
	}
}

// TestBadBatch has batches refused and damaged: nothing is kept of them.
func TestBadBatch(t *testing.T) {
	w := newWorld(t)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}}, clienttest.Update{Label: bob, Values: [][]byte{keys("b")}})
	before := w.readState()
	for name, c := range map[string]struct {
		change func(a *clienttest.Answer)
		text   string
	}{
		"overloaded": {func(a *clienttest.Answer) { *a = *clienttest.Problem(503, "overloaded", "", "too many") }, "503"},
		"nothing":    {func(a *clienttest.Answer) { a.Body = nil }, "malformed"},
		"cut off":    {func(a *clienttest.Answer) { a.Body = a.Body[:len(a.Body)-1] }, "malformed"},
		"damaged":    {func(a *clienttest.Answer) { a.Body[90] ^= 1 }, "does not verify"}, // in the first opening
		"a kind":     {func(a *clienttest.Answer) { a.Body[0] = 9 }, "kind"},
	} {
		w.dir.After = func(op string, a *clienttest.Answer) {
			if op == "batch" {
				c.change(a)
			}
		}
		for _, r := range w.many(alice, nobody, bob) {
			t.Log(name)
			wantKind(t, r.Err, client.Undecided, c.text)
		}
		if w.readState() != before {
			t.Errorf("%s: the state changed", name)
		}
	}
	w.dir.After = nil
	// Claims are told as such.
	for kind, text := range map[keytrans.AnswerKind]string{
		keytrans.AnswerErased: "erased; that is not proven", keytrans.AnswerExpired: "expired; that is not proven", keytrans.AnswerRefused: "cannot answer",
	} {
		w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
			return &clienttest.Answer{Status: http.StatusOK, Type: "application/octet-stream", Body: []byte{byte(kind), byte(kind)}}
		}
		for _, r := range w.many(alice, bob) {
			wantKind(t, r.Err, client.Undecided, text)
		}
	}
	w.dir.Before = nil
	if r := w.many(alice, bob); r[0].Err != nil || r[1].Err != nil {
		t.Errorf("%+v", r)
	}
}

// TestManyLost loses the directory, one that knows batches and one that does not.
func TestManyLost(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := newWorld(t)
		w.dir.Plain = plain
		w.dir.Before = func(string, []byte) *clienttest.Answer { panic(http.ErrAbortHandler) }
		for _, r := range w.many(alice, bob) {
			wantKind(t, r.Err, client.Undecided, "not reached")
		}
	}
}

// TestManyWitnessed has a change seen once, not before the witnesses have seen it.
func TestManyWitnessed(t *testing.T) {
	w := witnessedWorld(t, "any")
	w.many(alice, nobody)
	seen := w.dir.Size()
	w.dir.ShowLog(seen)
	pos := w.insert("ab")
	r := w.many(alice, nobody)
	w.witnessed(r[0].Lookup.Witness, seen, both, pos)
	w.witnessed(client.AbsenceOf(r[1].Err).Witness, seen, both, pos)
	if r[0].Kind() != client.Attention {
		t.Errorf("%+v", r[0].Lookup.Verdict)
	}
	if r := w.many(alice, nobody); r[0].Kind() != 0 {
		t.Errorf("reported again: %+v", r[0].Lookup.Verdict)
	}
}
