package account

import (
	"crypto"
	"fmt"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// claim is a version as the reference knows it: who made it with which keys, in
// numbers, without any cryptography. 0 is no key.
type claim struct {
	key       int // named as account key
	announced int
	by        int // whose signature is on it
	byBefore  int // whose second signature is on it
	body      int
	misplaced bool // signed for another place
	missing   bool
	set       keyset.Set
}

// reference decides what each version of a history is, from the whole history
// before it and from the rules as docs/account.md lists them.
func reference(history []claim) []Status {
	var statuses []Status
	for i, now := range history {
		statuses = append(statuses, referenceOne(history[:i], statuses, now))
	}
	return statuses
}

func referenceOne(history []claim, statuses []Status, now claim) Status {
	stood, gap := -1, false
	for i, s := range statuses {
		switch s {
		case Unknown:
			gap = true
		case None, Established, Signed, Rotated, Announced, Reset, Unchecked:
			stood, gap = i, false
		}
	}
	var last claim
	if stood >= 0 {
		last = history[stood]
	}
	var announced int
	if stood >= 0 && stood == len(history)-1 {
		announced = last.announced
	}
	if now.missing {
		return Unknown
	}
	if now.key == 0 && last.key == 0 {
		return None
	}
	if now.key == 0 || now.by == 0 || now.misplaced {
		return Unsigned
	}
	follows := Unsigned
	switch {
	case now.announced != 0:
		if now.key == last.key && now.body == last.body {
			follows = Announced
		}
	case now.byBefore != 0:
		if now.byBefore == last.key && now.key != last.key {
			follows = Rotated
		}
	case last.key == 0:
		follows = Established
	case now.key == last.key:
		follows = Signed
	case now.key == announced:
		follows = Reset
	}
	switch {
	case !gap:
		return follows
	case follows == Unsigned && last.key != 0:
		return Unconnected
	}
	return Unchecked
}

// world makes every history of some moves, up to a length, and holds Follow
// against the reference after every version.
type world struct {
	t       *testing.T
	signers []crypto.Signer // by their number
	reached map[Status]int
}

// A move makes the next version of a history.
type move func(w *world, history []claim, link Link) claim

func (w *world) run(moves map[string]move, depth int, history []claim, state *State, path string) {
	if depth == 0 {
		return
	}
	link := Link{Label: "a", Version: uint32(len(history))}
	if state != nil {
		previous := commitmentOf(len(history) - 1)
		link.Previous = &previous
	}
	for name, m := range moves {
		now := m(w, history, link)
		longer := append(history[:len(history):len(history)], now)
		v := Missing("a", link.Version, commitmentOf(len(history)))
		if !now.missing {
			v, _ = Read("a", link.Version, commitmentOf(len(history)), now.set)
		}
		next, got := Follow(state, v)
		want := reference(longer)[len(history)]
		if path := path + " " + name; got != want {
			w.t.Fatalf("%s: %q, the rules say %q", path, got, want)
		}
		w.reached[got]++
		w.checkState(longer, next, path+" "+name)
		w.run(moves, depth-1, longer, &next, path+" "+name)
	}
}

// checkState holds what a state says of the past against the reference.
func (w *world) checkState(history []claim, s State, path string) {
	key := current(history)
	if (s.Key == nil) != (key == 0) || key != 0 && *s.Key != keyOf(w.t, w.signers[key]) {
		w.t.Fatalf("%s: the account key is %v, want number %d", path, s.Key, key)
	}
	if s.Key != nil && history[s.Since].key != key {
		w.t.Fatalf("%s: the account key is not that of version %d", path, s.Since)
	}
	if int(s.Version) != len(history)-1 || s.Commitment != commitmentOf(len(history)-1) {
		w.t.Fatalf("%s: the state is about version %d, commitment %v", path, s.Version, s.Commitment)
	}
}

func commitmentOf(n int) [HashSize]byte { return [HashSize]byte{1, byte(n)} }

// stood returns the last version that stood, if any.
func stood(history []claim) (claim, bool) {
	statuses := reference(history)
	for i := len(history) - 1; i >= 0; i-- {
		if statuses[i].Stands() {
			return history[i], true
		}
	}
	return claim{}, false
}

func current(history []claim) int {
	g, _ := stood(history)
	return g.key
}

// fresh is the number of a key that is used in no other version.
func fresh(history []claim, which int) int { return 1 + 2*len(history) + which }

func bodyOf(history []claim) (int, keyset.Set) {
	n := 100 + len(history)
	return n, keys(fmt.Sprint(n))
}

// signed makes a version with key's signature.
func (w *world) signed(history []claim, link Link, key, before int) claim {
	body, set := bodyOf(history)
	var previous crypto.Signer
	if before != 0 {
		previous = w.signers[before]
	}
	set, err := Sign(set, link, w.signers[key], previous)
	fatalIfErr(w.t, err)
	return claim{key: key, by: key, byBefore: before, body: body, set: set}
}

func orElse(n, other int) int {
	if n == 0 {
		return other
	}
	return n
}

func keyless(_ *world, history []claim, _ Link) claim {
	body, set := bodyOf(history)
	return claim{body: body, set: set}
}

func signedByCurrent(w *world, history []claim, link Link) claim {
	return w.signed(history, link, orElse(current(history), fresh(history, 0)), 0)
}

func unsignedMove(w *world, history []claim, link Link) claim {
	g := signedByCurrent(w, history, link)
	g.by, g.set = 0, unsigned(g.set)
	return g
}

func rotated(w *world, history []claim, link Link) claim {
	if link.Version == 0 {
		return keyless(w, history, link) // nothing to rotate from can be made
	}
	return w.signed(history, link, fresh(history, 0), orElse(current(history), fresh(history, 1)))
}

func reset(w *world, history []claim, link Link) claim {
	key := 0
	for _, g := range history {
		key = orElse(g.announced, key)
	}
	return w.signed(history, link, orElse(key, fresh(history, 0)), 0)
}

func announce(w *world, history []claim, link Link) claim {
	g, _ := stood(history)
	return w.announced(history, link, g)
}

// laundered announces over the keys of the version right before, whatever it is.
func laundered(w *world, history []claim, link Link) claim {
	var g claim
	if len(history) > 0 {
		g = history[len(history)-1]
	}
	return w.announced(history, link, g)
}

func (w *world) announced(history []claim, link Link, like claim) claim {
	if link.Version == 0 {
		return keyless(w, history, link)
	}
	if like.key == 0 {
		like.body, like.set = bodyOf(history)
		like.key = orElse(current(history), fresh(history, 1))
		like.set = with(like.set, keyset.ExtensionAccountKey, keyOf(w.t, w.signers[like.key]).encode())
	}
	key := fresh(history, 0)
	set, err := Announce(like.set, link, w.signers[key])
	fatalIfErr(w.t, err)
	return claim{key: like.key, announced: key, by: key, body: like.body, set: set}
}

func stolen(w *world, history []claim, link Link) claim {
	return w.signed(history, link, fresh(history, 0), 0)
}

// replayed signs for another place.
func replayed(w *world, history []claim, link Link) claim {
	if link.Version == 0 {
		link.Label = "b"
	} else {
		previous := commitmentOf(99)
		link.Previous = &previous
	}
	g := signedByCurrent(w, history, link)
	g.misplaced = true
	return g
}

func missing(*world, []claim, Link) claim { return claim{missing: true} }

// TestEveryHistory takes the six ordinary moves to a length of five, and all
// that an attacker has in addition to a length of four.
func TestEveryHistory(t *testing.T) {
	ordinary := map[string]move{
		"keyless": keyless, "signed": signedByCurrent, "unsigned": unsignedMove,
		"rotated": rotated, "announce": announce, "reset": reset,
	}
	all := map[string]move{"stolen": stolen, "replayed": replayed, "missing": missing, "laundered": laundered}
	for name, m := range ordinary {
		all[name] = m
	}
	shorter := 0
	if testing.Short() {
		shorter = 1
	}
	w := &world{t: t, reached: make(map[Status]int)}
	for i := range 16 {
		w.signers = append(w.signers, signer(t, Ed25519, fmt.Sprint(i)))
	}
	w.run(ordinary, 5-shorter, nil, nil, "")
	w.run(all, 4-shorter, nil, nil, "")
	for _, s := range []Status{None, Established, Signed, Rotated, Announced, Reset, Unsigned, Unchecked, Unconnected, Unknown} {
		if w.reached[s] == 0 {
			t.Errorf("no history has a version that is %q", s)
		}
	}
	t.Log(w.reached)
}
