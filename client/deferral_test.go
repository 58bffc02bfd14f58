package client_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// labelNames returns the names of n labels, in order.
func labelNames(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("user%04d@example.org", i))
	}
	return out
}

// crowd is a world with labels that have a version each.
func crowd(t *testing.T, labels []string) *world {
	w := newWorld(t)
	w.settle()
	for _, l := range labels {
		w.dir.Insert(clienttest.Update{Label: l, Values: [][]byte{keys("a")}})
	}
	return w
}

// TestOwnMany owns labels at once, of which one cannot be.
func TestOwnMany(t *testing.T) {
	labels := labelNames(3)
	w := crowd(t, labels)
	one := w.own(labels[0])
	results, err := w.c.OwnMany(bg, append(labels, "new@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil || r.Kind() != 0 || r.Own.Label != r.Label || r.Own.TakenOver != (i > 0) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if r := results[0].Own; r.Value.SHA256 != one.Value.SHA256 {
		t.Errorf("%+v", r)
	}
	if _, err := w.c.OwnMany(bg, []string{""}); client.KindOf(err) != client.Usage {
		t.Error(err)
	}
	w.server.Close()
	results, err = w.c.OwnMany(bg, labels)
	if err != nil || len(results) != 3 || !client.Unreached(results[2].Err) {
		t.Errorf("%+v, %v", results, err)
	}
}

// TestDeferral stores the state once in a round, whole, and tells nothing if that fails.
func TestDeferral(t *testing.T) {
	labels := labelNames(4)
	w := crowd(t, labels)
	if _, err := w.c.OwnMany(bg, labels); err != nil {
		t.Fatal(err)
	}
	w.dir.Insert(clienttest.Update{Label: labels[3], Values: [][]byte{keys("x")}})
	var states []string
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if now := w.readState(); len(states) == 0 || states[len(states)-1] != now {
			states = append(states, now)
		}
		return nil
	}
	w.watch()
	if len(states) != 2 { // before and after the head was verified
		t.Errorf("the state was stored %d times in the round", len(states)-1)
	}
	if states[len(states)-1] == w.readState() {
		t.Error("the state was not stored at the end")
	}
	w.dir.Before = nil

	w.dir.Insert(clienttest.Update{Label: labels[2], Values: [][]byte{keys("x")}})
	w.dir.After = func(op string, _ *clienttest.Answer) {
		if op == "search" { // the last operation on a label
			_ = os.Mkdir(w.stateFile()+".new", 0o700)
		}
	}
	r := w.watch()
	for _, report := range r.Reports {
		if client.KindOf(report.Err) != client.Operational || report.Verdict.Outcome != client.OutcomeUnchecked {
			t.Errorf("%+v", report)
		}
	}
	w.dir.After = nil
	if err := os.Remove(w.stateFile() + ".new"); err != nil {
		t.Fatal(err)
	}
	again := w.report(labels[2], client.RoleOwner)
	if again.New != 1 || again.Kind() != client.Attention {
		t.Errorf("what was not stored is not found again: %+v", again)
	}
}

// TestDeferralEnds stores in between if an operation lasts.
func TestDeferralEnds(t *testing.T) {
	labels := labelNames(4)
	w := crowd(t, labels)
	w.c.SaveEvery(1)
	seen := make(map[string]bool)
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		seen[w.readState()] = true
		return nil
	}
	if _, err := w.c.OwnMany(bg, labels); err != nil {
		t.Fatal(err)
	}
	if len(seen) < len(labels) {
		t.Errorf("%d states", len(seen))
	}
}

func TestForget(t *testing.T) {
	w := fullState(t)
	before := w.readState()
	for _, role := range []string{"", "auditor"} {
		if err := w.c.Forget(bg, role, alice); client.KindOf(err) != client.Usage {
			t.Errorf("%q: %v", role, err)
		}
	}
	if err := w.c.Forget(bg, client.RoleContact, alice, "nobody@example.org"); err != nil {
		t.Fatal(err)
	}
	if w.readState() != before {
		t.Error("it forgot something else")
	}
	if err := w.c.Forget(bg, client.RoleOwner, alice); err != nil {
		t.Fatal(err)
	}
	contacts, owned, err := w.c.Contacts(bg)
	if err != nil || len(owned) != 0 || len(contacts) != 1 {
		t.Errorf("%v %v %v", contacts, owned, err)
	}
	if r := w.own(alice); !r.TakenOver {
		t.Error("not taken over anew")
	}
}
