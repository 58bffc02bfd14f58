package client_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

const (
	bob    = "bob@example.org"
	nobody = "nobody@example.org"
)

// absent checks that a lookup proves absence, and returns it.
func (w *world) absent(label string, version *uint32) *client.AbsenceResult {
	w.Helper()
	_, err := w.c.Lookup(w.Context(), label, version)
	a := client.AbsenceOf(wantKind(w, err, client.Absent, ""))
	if a == nil || a.Label != label || a.Head.TreeSize != w.dir.Size() {
		w.Fatalf("%+v", a)
	}
	w.outcome(a.Verdict, client.OutcomeAbsent)
	w.outcome(client.VerdictOf(err), client.OutcomeAbsent)
	return a
}

func TestAbsent(t *testing.T) {
	w := newWorld(t)
	if a := w.absent(nobody, nil); a.Greatest != nil || a.Witness != nil {
		t.Errorf("%+v", a)
	}
	w.settle()
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a"), keys("b")}})
	w.settle()
	a := w.absent(alice, ptr[uint32](2))
	if *a.Greatest != 1 || !strings.Contains(a.Verdict.Reason, "no version above 1 is in the last of the log's") {
		t.Errorf("%+v", a)
	}
	w.dir.Tick(3, time.Minute)
	a = w.absent(nobody, ptr[uint32](5))
	names := make(map[string]int)
	for _, s := range a.Steps {
		names[s.Name]++
	}
	for _, want := range []string{"request", "search-keys", "search", "lookups", "result", "log-root", "signature", "time"} {
		if names[want] == 0 {
			t.Errorf("no step %q in %+v", want, a.Steps)
		}
	}
	if names["monitoring"] != 0 || names["lookups"] < 2 {
		t.Errorf("%+v", a.Steps)
	}
	if strings.Contains(w.readState(), nobody) {
		t.Error("what does not exist became a contact")
	}
	// Asking for what exists needs no proof of anything.
	before := w.dir.Requests("absence")
	w.lookup(alice)
	if _, err := w.c.History(bg, nobody, 0); client.KindOf(err) != client.Absent {
		t.Errorf("history: %v", err)
	}
	if n := w.dir.Requests("absence"); n != before+1 {
		t.Errorf("%d requests", n-before)
	}
	// Nothing keeps a label from being published later.
	w.dir.Insert(clienttest.Update{Label: nobody, Values: [][]byte{keys("n")}})
	w.lookup(nobody)
}

// TestDenied has the directory deny what exists, and fail to prove it in different
// ways.
func TestDenied(t *testing.T) {
	for name, c := range map[string]struct {
		answer *clienttest.Answer
		text   string
	}{
		"no extension":       {clienttest.Problem(404, "not-found", "", ""), "it does not know this label; that is not proven: "},
		"no such method":     {clienttest.Problem(405, "method-not-allowed", "", ""), "that is not proven: "},
		"a proxy":            {&clienttest.Answer{Status: 404, Type: "text/html"}, "that is not proven: "},
		"the truth":          {nil, "nor did it prove it: asking for absence: the server answered 400"},
		"another denial":     {clienttest.Problem(404, "unknown-label", "", ""), "nor did it prove it: "},
		"trouble":            {clienttest.Problem(500, "internal", "", ""), "nor did it prove it: "},
		"something":          {&clienttest.Answer{Status: 200, Type: "application/octet-stream", Body: []byte("x")}, "nor did it prove it: verifying the response to absence: malformed"},
		"not for this label": {&clienttest.Answer{Status: 299}, "nor did it prove it: verifying the response to absence: proof does not verify"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
			var other []byte
			w.dir.After = func(op string, a *clienttest.Answer) {
				if op == "absence" {
					other = a.Body
				}
			}
			w.absent(nobody, nil)
			w.dir.After = nil
			before := w.readState()
			w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
				switch {
				case op == "search":
					return clienttest.Problem(404, "unknown-label", "label", "")
				case op == "absence" && c.answer != nil && c.answer.Status == 299:
					return &clienttest.Answer{Status: http.StatusOK, Type: "application/octet-stream", Body: other}
				case op == "absence":
					return c.answer
				}
				return nil
			}
			_, err := w.c.Lookup(bg, alice, nil)
			wantKind(t, err, client.Undecided, c.text)
			if w.readState() != before {
				t.Error("the state changed")
			}
		})
	}
}

// TestAbsenceTampering flips bytes of a proof of absence.
func TestAbsenceTampering(t *testing.T) {
	w := newWorld(t)
	w.settle()
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a"), keys("b")}})
	before := w.readState()
	for _, version := range []*uint32{nil, ptr[uint32](7)} {
		label := alice
		if version == nil {
			label = nobody
		}
		w.tamper("absence", before, func(w *world) error { _, err := w.c.Lookup(bg, label, version); return err }, nil)
	}
}

// TestVanished has a directory prove the absence of what it has proven before.
func TestVanished(t *testing.T) {
	for name, know := range map[string]func(w *world){
		"a contact, seen":      func(w *world) { w.lookup(alice) },
		"a contact, monitored": func(w *world) { _, err := w.c.Lookup(bg, alice, ptr[uint32](0)); must(w.T, err) },
		"an owner":             func(w *world) { w.own(alice) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.settle()
			w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
			know(w)
			before := w.readState()
			w.dir.Remove(alice)
			w.dir.Tick(3, time.Minute)
			_, err := w.c.Lookup(bg, alice, nil)
			e := wantKind(t, err, client.Misbehaved, "vanished")
			checkVanished(t, e.Evidence)
			if w.readState() != before {
				t.Error("misbehaviour changed the state")
			}
			// So it does in a batch.
			_, err = w.c.LookupMany(bg, []string{nobody, alice})
			checkVanished(t, wantKind(t, err, client.Misbehaved, "vanished").Evidence)
			// Whoever knows nothing cannot tell, which docs/extensions.md says.
			w.root = t.TempDir()
			w.c = w.trust()
			w.absent(alice, nil)
		})
	}
}

// TestVanishedForAge does the same where versions may go: after the maximum
// lifetime, that is no misbehaviour.
func TestVanishedForAge(t *testing.T) {
	const lifetime = 48 * time.Hour
	for name, c := range map[string]struct {
		know  func(w *world) error
		after time.Duration
		want  client.Kind
	}{
		"seen, in time":     {func(w *world) error { w.lookup(alice); return nil }, 23 * time.Hour, client.Misbehaved},
		"seen, too late":    {func(w *world) error { w.lookup(alice); return nil }, 24 * time.Hour, client.Attention},
		"not known since":   {func(w *world) error { _, err := w.c.Lookup(bg, alice, ptr[uint32](0)); return err }, time.Hour, client.Attention},
		"known to its user": {func(w *world) error { w.own(alice); return nil }, time.Hour, client.Attention},
	} {
		t.Run(name, func(t *testing.T) {
			w := mortalWorld(t, lifetime)
			w.settle()
			w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
			must(t, c.know(w))
			before := w.readState()
			w.dir.Remove(alice)
			w.dir.Tick(1, c.after)
			_, err := w.c.Lookup(bg, alice, nil)
			e := wantKind(t, err, c.want, "")
			if (e.Evidence != "") != (c.want == client.Misbehaved) || w.readState() != before {
				t.Errorf("evidence %q", e.Evidence)
			}
			r := w.manyOrMisbehaved(c.want, nobody, alice)
			if c.want == client.Attention && (r[0].Kind() != client.Absent || r[1].Kind() != client.Attention) {
				t.Errorf("%v, %v", r[0].Err, r[1].Err)
			}
		})
	}
}

func (w *world) manyOrMisbehaved(want client.Kind, labels ...string) []client.ManyResult {
	w.Helper()
	if want != client.Misbehaved {
		return w.many(labels...)
	}
	_, err := w.c.LookupMany(bg, labels)
	wantKind(w, err, client.Misbehaved, "vanished")
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkVanished verifies an evidence file as somebody else would: one answer proves
// the version, and a later one its absence.
func checkVanished(t *testing.T, path string) {
	t.Helper()
	e := readEvidence(t, path)
	if e.Kind != evidence.Contradiction || e.Operation != "absence" || e.Earlier == nil || e.RetainedContact != nil || e.RetainedOwner != nil || !e.Private() {
		t.Errorf("%+v", e)
	}
	if p := checkProof(t, path, e.Configuration); !strings.Contains(p.Found, "has version 0 of a label, and the log of") || !strings.Contains(p.Found, "no version of it") {
		t.Errorf("%+v", p)
	}
	q, err := keytrans.ParseAbsenceRequest(e.Request)
	must(t, err)
	if string(q.Label) != alice {
		t.Errorf("the request is another one: %+v", q)
	}
}

// TestAbsenceWitnessed asks for absence under a policy, while the witnesses see
// the log, lag behind, and stand still.
func TestAbsenceWitnessed(t *testing.T) {
	w := witnessedWorld(t, "any")
	a := w.absent(nobody, nil)
	w.witnessed(a.Witness, w.dir.Size(), both)
	if last := a.Steps[len(a.Steps)-1]; last.Name != "witness" {
		t.Errorf("%+v", last)
	}
	seen := w.dir.Size()
	w.dir.ShowLog(seen)
	pos := w.insert("ab")
	a = w.absent(nobody, nil)
	w.witnessed(a.Witness, seen, both, pos)
	if !strings.Contains(a.Verdict.Reason, "is newer than what the witnesses have seen") {
		t.Errorf("%v", a.Verdict)
	}
	w.dir.Clock.Add(11 * time.Minute)
	_, err := w.c.Lookup(bg, nobody, nil)
	wantKind(t, err, client.Undecided, "more than 10m0s ago")
	_, err = w.c.LookupMany(bg, []string{nobody, alice})
	wantKind(t, err, client.Undecided, "more than 10m0s ago")
	w.dir.ShowWholeLog()
	w.witnessed(w.absent(nobody, nil).Witness, w.dir.Size(), both)

	// Another log than the witnesses have seen denies it.
	other := w.dir.Fork()
	w.dir.Insert(clienttest.Update{Label: bob, Values: [][]byte{keys("b")}})
	other.Insert()
	other.ShowLogOf(w.dir)
	w.become(other)
	_, err = w.c.Lookup(bg, bob, nil)
	wantKind(t, err, client.Misbehaved, "another log entry")
}

// TestOwnerOfNothing watches a label that does not exist yet.
func TestOwnerOfNothing(t *testing.T) {
	w := newWorld(t)
	w.settle()
	w.own(nobody)
	before := w.dir.Requests("absence")
	w.outcome(w.report(nobody, client.RoleOwner).Verdict, client.OutcomeVerified)
	if w.dir.Requests("absence") != before+1 {
		t.Error("the directory was taken at its word")
	}
	w.dir.Insert(clienttest.Update{Label: nobody, Values: [][]byte{keys("x")}})
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if op == "update" || op == "search" {
			return clienttest.Problem(404, "unknown-label", "label", "")
		}
		return nil
	}
	r := w.report(nobody, client.RoleOwner)
	wantKind(t, r.Err, client.Undecided, "nor did it prove it")
	w.dir.Before = nil
	w.dir.Plain = true
	if r := w.report(nobody, client.RoleOwner); r.Kind() != client.Attention || len(r.Unexpected) != 1 {
		t.Errorf("%+v", r)
	}
}
