package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// answerWith answers operations with a problem, 410, until it is called again.
func (w *world) answerWith(name, field string, operations ...string) {
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		for _, o := range operations {
			if o == op {
				return clienttest.Problem(http.StatusGone, name, field, "")
			}
		}
		return nil
	}
}

// lifetime is that of the log entries in TestPruned.
const lifetime = 12 * time.Hour

// expectHint requires an error of a kind that tells what to do.
func (w *world) expectHint(err error, kind client.Kind, hint string) {
	w.Helper()
	var e *client.Error
	if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(e.Hint, hint) {
		w.Errorf("%v, hint %q; want %v and a hint of %q", err, e, kind, hint)
	}
}

// TestPruned: whoever was away for too long is told what happened and what to do,
// and nothing that was known is lost.
func TestPruned(t *testing.T) {
	w := mortalWorld(t, lifetime)
	w.own(alice)
	w.publish(alice, []byte("one"))
	w.settle()
	const bob = "bob@example.org"
	w.dir.Insert()
	w.dir.Insert(clienttest.Update{Label: bob, Values: [][]byte{[]byte("uno")}})
	w.outcome(w.lookup(bob).Verdict, client.OutcomeMonitored)
	before := w.readState()

	w.answerWith("pruned", "last", "search")
	_, err := w.c.Lookup(t.Context(), alice, nil)
	w.expectHint(err, client.Undecided, "do not give up") // nothing has expired yet
	w.dir.Clock.Add(lifetime)
	w.answerWith("pruned", "last", "search", "distinguished")
	_, err = w.c.Lookup(t.Context(), alice, nil)
	w.expectHint(err, client.Undecided, "kt trust")
	_, err = w.c.Watch(t.Context())
	w.expectHint(err, client.Undecided, w.c.StateDir())
	if w.readState() != before {
		t.Error("a refusal changed the state")
	}
	w.dir.Clock.Add(-lifetime)

	w.answerWith("pruned", "entries", "contact-monitor")
	r := w.report(bob, client.RoleContact)
	w.expectHint(r.Err, client.Undecided, "kt lookup")
	w.answerWith("pruned", "start", "owner-monitor")
	r = w.report(alice, client.RoleOwner)
	w.expectHint(r.Err, client.Undecided, "--anew")
	w.answerWith("pruned", "greatest_version", "update")
	r = w.report(alice, client.RoleOwner)
	w.expectHint(r.Err, client.Undecided, "--anew")
	w.answerWith("pruned", "", "search")
	_, err = w.c.Lookup(t.Context(), alice, nil)
	w.expectHint(err, client.Undecided, "maximum lifetime")
}

// TestPrunedForNoReason: where nothing expires, nobody is told to give up what was
// seen because the directory, or somebody on the way, says that it has expired.
func TestPrunedForNoReason(t *testing.T) {
	w := newWorld(t)
	w.own(alice)
	for operation, field := range map[string]string{"distinguished": "last", "owner-monitor": "start", "update": "greatest_version"} {
		w.answerWith("pruned", field, operation)
		r, err := w.c.Watch(t.Context())
		if err == nil {
			err = r.Reports[0].Err
		}
		w.expectHint(err, client.Undecided, "do not give up")
	}
}

// TestOwnAnew: the label is taken over from the present state, the ledger stays,
// and if that fails everything is as it was.
func TestOwnAnew(t *testing.T) {
	w := newWorld(t)
	_, err := w.c.OwnAnew(t.Context(), alice)
	w.expectHint(err, client.Usage, "kt own")
	w.own(alice)
	w.publish(alice, []byte("one"))
	w.settle()
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{[]byte("ghost")}})
	w.settle()
	if r := w.own(alice); len(r.Unexpected) != 1 {
		t.Fatalf("unexpected: %v", r.Unexpected)
	}
	before := w.readState()
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if w.readState() != before {
			t.Error("a take-over that was interrupted at " + op + " would lose what was known")
		}
		if op != "owner-monitor" {
			return nil
		}
		return clienttest.Problem(http.StatusServiceUnavailable, "overloaded", "", "")
	}
	if _, err := w.c.OwnAnew(t.Context(), alice); err == nil {
		t.Fatal("taken over without monitoring")
	}
	w.dir.Before = nil
	if r := w.own(alice); len(r.Unexpected) != 1 {
		t.Fatalf("unexpected after a take-over that failed: %v", r.Unexpected)
	}
	r, err := w.c.OwnAnew(t.Context(), alice)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Unexpected) != 0 || !r.TakenOver || *r.Greatest != 1 || len(r.Ledger) != 2 {
		t.Errorf("taken over anew: %+v", r)
	}
	if r.Ledger[0].How != client.HowPublished || r.Ledger[1].How != client.HowTakenOver {
		t.Errorf("the ledger: %+v", r.Ledger)
	}
	w.outcome(w.own(alice).Verdict, client.OutcomeVerified)
}

// TestOwnAnewGoesBack: whoever takes a label over anew does not give up that its
// versions exist.
func TestOwnAnewGoesBack(t *testing.T) {
	w := newWorld(t)
	w.own(alice)
	w.publish(alice, []byte("one"))
	w.settle()
	w.own(alice)
	w.dir.Remove(alice)
	w.settle()
	_, err := w.c.OwnAnew(t.Context(), alice)
	w.expectHint(err, client.Attention, "kt watch")
	if !strings.Contains(err.Error(), "version 0 was proven before") {
		t.Error(err)
	}
	if r := w.report(alice, client.RoleOwner); client.KindOf(r.Err) != client.Misbehaved {
		t.Errorf("what was known is no longer monitored: %v, %v", r.Verdict, r.Err)
	}
}

// TestErasedUnseen: a version that was erased before its owner was told of it is
// reported. Owner monitoring goes on up to it.
func TestErasedUnseen(t *testing.T) {
	w := newWorld(t)
	w.own(alice)
	w.publish(alice, []byte("one"))
	w.settle()
	w.answerWith("erased", "version", "update")
	monitored := w.dir.Requests("owner-monitor")
	r := w.report(alice, client.RoleOwner)
	w.expectHint(r.Err, client.Attention, "--anew")
	if w.dir.Requests("owner-monitor") == monitored {
		t.Error("nothing was monitored")
	}
	if r.Version == nil || *r.Version != 0 {
		t.Errorf("the greatest version known is %v", r.Version)
	}
	// An owner whose own greatest version was erased goes on monitoring.
	w.answerWith("erased", "version", "search")
	r = w.report(alice, client.RoleOwner)
	w.outcome(r.Verdict, client.OutcomeVerified)
	if w.dir.Requests("absence") == 0 {
		t.Error("that no other version follows was not proven")
	}
	// Whoever looks it up is told.
	_, err := w.c.Lookup(t.Context(), alice, nil)
	if client.KindOf(err) != client.Undecided || !strings.Contains(err.Error(), "says that the value was erased") {
		t.Errorf("looking up what was erased: %v", err)
	}

	// An operator cannot pass a version off as erased that it denies.
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{[]byte("ghost")}})
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		switch op {
		case "update":
			return clienttest.Problem(http.StatusConflict, "conflict", "greatest_version", "")
		case "search":
			return clienttest.Problem(http.StatusGone, "erased", "version", "")
		}
		return nil
	}
	if r = w.report(alice, client.RoleOwner); client.KindOf(r.Err) != client.Undecided || r.Verdict.Outcome == client.OutcomeVerified {
		t.Errorf("a version that is denied: %v, %v", r.Verdict, r.Err)
	}
}
