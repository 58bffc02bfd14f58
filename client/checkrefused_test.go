package client_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// TestCheckRefusedBefore checks a label whose newest version a lookup has refused
// already, and of which nothing else matters: the account key is not in what has to be
// looked at.
func TestCheckRefusedBefore(t *testing.T) {
	w := newWorld(t)
	c := w.chain(bob)
	one := w.signer()
	c.sign("b", one, nil)
	w.dir.Tick(60, time.Hour)
	if _, err := w.c.Lookup(bg, bob, nil); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		insert(w.dir, bob, keys("bx"))
		w.dir.Tick(60, time.Hour)
	}
	if _, err := w.c.Lookup(bg, bob, nil); !errors.Is(err, client.ErrUnsigned) {
		t.Fatalf("got %v, want ErrUnsigned", err)
	}
	for _, history := range []int{1, 2, 0} {
		r := w.check(w.rosterOf(w.member(bob, "bx", time.Hour)), client.RosterOptions{History: history})
		w.found(r, bob, "unsigned-change")
		_, err := w.c.Gate(bg, []client.Recipient{w.recipient(bob, "x")}, client.GateOptions{History: history})
		var refused *client.GateError
		if !errors.As(err, &refused) || len(refused.Refused) != 1 || refused.Refused[0].Code != roster.UnsignedChange {
			t.Errorf("with %d versions: got %v, want unsigned-change", history, err)
		}
	}
}

// TestGateFormats has a recipient's key in another format than the directory lists it
// in: it is the listed one that is to be encrypted to, as CheckRoster sees it.
func TestGateFormats(t *testing.T) {
	w := newWorld(t)
	raw := validKey("b")
	signal := keyset.Key{Format: keyset.FormatSignal, Data: append([]byte{5}, raw.Data...)}
	value, err := keyset.Set{Keys: []keyset.Key{signal}}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	insert(w.dir, bob, value)
	proven, err := w.c.Gate(bg, []client.Recipient{w.recipient(bob, "b")}, client.GateOptions{})
	if err != nil || len(proven) != 1 || len(proven[0].Keys) != 1 {
		t.Fatalf("%v, %v", proven, err)
	}
	if got := proven[0].Keys[0]; got.Format != signal.Format || got.Fingerprint != signal.Fingerprint() || !bytes.Equal(got.Data, signal.Data) {
		t.Errorf("encrypts to %+v, want the listed key", got)
	}
}

// TestCheckRosterHeld bounds the bytes of values that a check holds. A label that is
// asked for again, because the log grew, counts once.
func TestCheckRosterHeld(t *testing.T) {
	w := oldConversation(t)
	w.dir.MaxBatchBytes = 1 // one answer
	r := w.rosterOf(w.member(bob, "b", time.Hour), w.member(alice, "a", time.Hour))
	grown := 0
	w.dir.After = func(operation string, _ *clienttest.Answer) {
		if operation == "batch" && grown < 2 {
			grown++
			w.dir.Insert()
		}
	}
	both := len(keys("a")) + len(keys("b"))
	w.c.HoldAtMost(both - 1)
	once := w.check(r, client.RosterOptions{})
	w.found(once, alice)
	w.found(once, bob)
	if grown == 0 {
		t.Error("the log did not grow")
	}
	w.c.HoldAtMost(both / 4)
	got := w.check(r, client.RosterOptions{})
	if got.Exit() != roster.ExitCouldNotCheck || !strings.Contains(got.Findings[0].Message, "check the conversation in parts") {
		t.Errorf("%+v", got.Findings)
	}
}

// TestCheckRosterTakenBack has a version go while a roster is checked, of a label of
// which nothing was known before.
func TestCheckRosterTakenBack(t *testing.T) {
	for _, versions := range []int{1, 2} {
		w := oldConversation(t)
		insert(w.dir, carol, keys("k"))
		if versions == 2 {
			insert(w.dir, bob, keys("bc"))
		}
		w.dir.Tick(60, time.Hour)
		w.dir.MaxBatchBytes = 1 // one answer
		batches := 0
		w.dir.After = func(operation string, _ *clienttest.Answer) {
			if operation != "batch" {
				return
			}
			if batches++; batches == 2 { // it was Bob's
				w.dir.Remove(bob)
				w.dir.Tick(8, clienttest.Window/2)
			}
		}
		r := w.rosterOf(w.member(bob, "b", time.Hour), w.member(carol, "k", time.Hour))
		got := w.check(r, client.RosterOptions{})
		w.found(got, bob, "misbehaviour")
		w.found(got, carol)
		if batches < 2 || got.Exit() != roster.ExitMisbehaviour {
			t.Errorf("%d batches, %v", batches, got.Verdict)
		}
	}
}

// TestOldUnsigned asks for an old version by its number that the account key, which is
// known, did not sign. It is further from the one that brought the key than lookups of
// old versions look back.
func TestOldUnsigned(t *testing.T) {
	w := newWorld(t)
	c := w.chain(bob)
	one := w.signer()
	c.sign("b", one, nil)
	if _, err := w.c.Lookup(bg, bob, nil); err != nil {
		t.Fatal(err)
	}
	for range 70 {
		insert(w.dir, bob, keys("x"))
		c.version++
	}
	commitment := [32]byte(w.dir.Commitment(bob, c.version-1))
	c.previous = &commitment
	c.sign("bc", one, nil)
	if _, err := w.c.Lookup(bg, bob, nil); err != nil {
		t.Fatal(err)
	}
	for _, version := range []uint32{1, 66, 70} {
		if _, err := w.c.Lookup(bg, bob, &version); !errors.Is(err, client.ErrUnsigned) {
			t.Errorf("version %d: got %v, want ErrUnsigned", version, err)
		}
	}
	for _, version := range []uint32{0, 71} {
		if _, err := w.c.Lookup(bg, bob, &version); err != nil {
			t.Errorf("version %d: %v", version, err)
		}
	}
}
