package client_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// TestSeizedLongAgo checks that an account key which was replaced without a signature is
// found however long ago that was, and whatever signs since.
func TestSeizedLongAgo(t *testing.T) {
	for _, known := range []bool{false, true} {
		w := oldConversation(t)
		chain := w.chain(carol)
		chain.sign("k", w.signer(), nil)
		w.dir.Tick(60, time.Hour)
		if known {
			if _, err := w.c.Lookup(bg, carol, nil); err != nil {
				t.Fatal(err)
			}
		}
		ghost := w.signer()
		for range 3 {
			chain.sign("kx", ghost, nil)
			w.dir.Tick(60, time.Hour)
		}
		for _, oneByOne := range []bool{false, true} {
			r := w.check(w.rosterOf(w.member(carol, "kx", time.Hour)), client.RosterOptions{OneByOne: oneByOne})
			w.found(r, carol, "unsigned-change")
		}
		proven, err := w.c.Gate(bg, []client.Recipient{w.recipient(carol, "kx")}, client.GateOptions{})
		var refused *client.GateError
		if !errors.As(err, &refused) || refused.Refused[0].Code != roster.UnsignedChange || len(proven) != 0 {
			t.Errorf("%v, %v", proven, err)
		}
	}
}

// TestInsertedAfterVerification checks that a key is found that came after the member was
// verified, and long before they are first seen in another conversation.
func TestInsertedAfterVerification(t *testing.T) {
	w := oldConversation(t)
	insert(w.dir, bob, keys("bx"))
	w.dir.Tick(60, time.Hour)
	m := w.member(bob, "bx", time.Hour)
	m.VerifiedAt = w.dir.Clock.Now().Add(-61 * time.Hour)
	w.found(w.check(w.rosterOf(m), client.RosterOptions{}), bob, "just-in-time-insertion")
}

// TestResetAfterVerification does so for an account key.
func TestResetAfterVerification(t *testing.T) {
	w := oldConversation(t)
	chain := w.chain(carol)
	chain.sign("k", w.signer(), nil)
	w.dir.Tick(60, time.Hour)
	ghost := w.signer()
	chain.announce(ghost)
	w.dir.Tick(2, time.Hour)
	chain.sign("k", ghost, nil)
	w.dir.Tick(60, time.Hour)
	m := w.member(carol, "k", time.Hour)
	m.VerifiedAt = w.dir.Clock.Now().Add(-70 * time.Hour)
	w.found(w.check(w.rosterOf(m), client.RosterOptions{}), carol, "identity-reset")
}

// TestOwnLabelBeforeSession checks that one's own label is proven as far back as it is
// judged.
func TestOwnLabelBeforeSession(t *testing.T) {
	w := newWorld(t)
	insert(w.dir, bob, keys("b"))
	chain := w.chain(alice)
	by := w.signer()
	chain.sign("a", by, nil)
	w.dir.Tick(60, time.Hour)
	chain.sign("ac", by, nil)
	w.dir.Tick(2, time.Hour)
	if _, err := w.c.Lookup(bg, alice, nil); err != nil {
		t.Fatal(err)
	}
	r := w.rosterOf(w.member(bob, "b", time.Hour))
	r.Started = w.dir.Clock.Now().Add(-time.Hour)
	w.found(w.check(r, client.RosterOptions{}), alice)
}

// TestKeptBack checks that a value which is kept back does not hide the account key of a
// label that this client has never looked up.
func TestKeptBack(t *testing.T) {
	for _, signed := range []bool{false, true} {
		w := oldConversation(t)
		chain := w.chain(carol)
		chain.sign("k", w.signer(), nil)
		w.dir.Tick(60, time.Hour)
		if signed {
			chain.sign("kx", w.signer(), nil)
		} else {
			insert(w.dir, carol, keys("kx"))
		}
		w.dir.Tick(60, time.Hour)
		w.lose(0, http.StatusGone, "erased")
		proven, err := w.c.Gate(bg, []client.Recipient{w.recipient(carol, "x")}, client.GateOptions{})
		var refused *client.GateError
		if !errors.As(err, &refused) || refused.Refused[0].Code != roster.CouldNotCheck || len(proven) != 0 {
			t.Errorf("%v, %v", proven, err)
		}
		// The user decides to believe it.
		if _, err := w.c.Lookup(bg, carol, nil); err != nil {
			t.Fatal(err)
		}
		if proven, err = w.c.Gate(bg, []client.Recipient{w.recipient(carol, "x")}, client.GateOptions{}); err != nil {
			t.Errorf("%v, %v", proven, err)
		}
	}
}

// TestLapsedPast checks that nobody is blamed for what the log has given up.
func TestLapsedPast(t *testing.T) {
	w := mortalWorld(t, 100*time.Hour)
	insert(w.dir, alice, keys("a"))
	insert(w.dir, bob, keys("b"))
	w.dir.Tick(60, time.Hour)
	insert(w.dir, bob, keys("bc"))
	w.dir.Tick(90, time.Hour)
	m := w.member(bob, "bc", 140*time.Hour)
	for _, oneByOne := range []bool{false, true} {
		r := w.check(w.rosterOf(m), client.RosterOptions{OneByOne: oneByOne})
		w.found(r, bob)
		w.found(r, alice)
	}
	if _, err := w.c.Gate(bg, []client.Recipient{w.recipient(bob, "bc")}, client.GateOptions{}); err != nil {
		t.Error(err)
	}
}

// TestLapsedClaimed checks that a directory cannot keep open when a key came by saying
// that everything has expired, and that this is about the labels it says it of.
func TestLapsedClaimed(t *testing.T) {
	w := mortalWorld(t, 1000*time.Hour)
	insert(w.dir, alice, keys("a"))
	insert(w.dir, bob, keys("b"))
	w.dir.Tick(60, time.Hour)
	insert(w.dir, bob, keys("bx"))
	w.dir.Tick(90, time.Hour)
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if op == "owner-init" {
			return clienttest.Problem(http.StatusBadRequest, "invalid-request", "", "start has expired")
		}
		return nil
	}
	r := w.check(w.rosterOf(w.member(bob, "bx", 90*time.Hour)), client.RosterOptions{})
	w.found(r, bob, "could-not-check")
	w.found(r, alice)
	w.dir.Before = nil
	w.found(w.check(w.rosterOf(w.member(bob, "bx", 90*time.Hour)), client.RosterOptions{}), bob, "just-in-time-insertion")
}

// TestNobodysRoster checks the roster of who has no label, or does not say which.
func TestNobodysRoster(t *testing.T) {
	w := oldConversation(t)
	r := w.rosterOf(w.member(bob, "b", time.Hour))
	r.Me = ""
	got := w.check(r, client.RosterOptions{})
	w.found(got, bob)
	w.found(got, "")
	if got.Exit() != roster.ExitFine || got.Digest == "" {
		t.Errorf("%+v", got.Verdict)
	}
}
