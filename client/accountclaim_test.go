package client_test

import (
	"crypto"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/roster"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// claimed returns a version of alice's that announces a reset and names an account key
// that has signed nothing in it.
func (w *world) claimed(value []byte, version uint32, named, announced crypto.Signer) []byte {
	w.Helper()
	set := parsed(value)
	set.Extensions = nil
	for _, e := range parsed(signedBy(w, named, nil, 1, [32]byte{1}, keys("any"))).Extensions {
		if e.Type == keyset.ExtensionAccountKey {
			set.Extensions = append(set.Extensions, e)
		}
	}
	previous := [32]byte(w.dir.Commitment(alice, version-1))
	set, err := account.Announce(set, account.Link{Label: alice, Version: version, Previous: &previous}, announced)
	if err != nil {
		w.Fatal(err)
	}
	b, err := set.Marshal()
	if err != nil {
		w.Fatal(err)
	}
	return b
}

// withhold has the directory say that versions from first on, below end, were erased.
func (w *world) withhold(first, end uint32) {
	w.dir.Before = func(op string, body []byte) *clienttest.Answer {
		q, err := keytrans.ParseSearchRequest(body)
		if op == "batch" {
			return clienttest.Problem(http.StatusNotFound, "not-found", "", "")
		}
		if op == "search" && err == nil && q.Version != nil && *q.Version >= first && *q.Version < end {
			return clienttest.Problem(http.StatusGone, "erased", "", "erased")
		}
		return nil
	}
}

// TestCredentialOfClaim has the directory make a version with keys of its own that
// names the owner's account key, and announces another: nothing in it is the owner's.
func TestCredentialOfClaim(t *testing.T) {
	one := accountKey("one")
	w := newWorld(t)
	r := w.another()
	w.sign(keys("a"), one)
	r.lookup(alice)
	sender := w.another()
	sender.lookup(alice)
	w.haunt(w.claimed(keys("x"), 1, one, accountKey("ghost")))
	w.settle()
	if _, err := r.c.Heads(bg, false); err != nil {
		t.Fatal(err)
	}
	ghost := sender.credential(alice, client.CredentialOptions{}).File
	w.own(alice)
	w.sign(keys("ab"), one)
	r.lookup(alice)
	_, err := r.verifyOffline(ghost)
	wantKind(t, err, client.Undecided, "version 1 announces another account key")
	// Asked for by its number, though what was before it is withheld.
	w.withhold(0, 1)
	_, err = r.c.Lookup(bg, alice, ptr(uint32(1)))
	if wantKind(t, err, client.Attention, "version 1 is"); !errors.Is(err, client.ErrUnconnected) {
		t.Error(err)
	}
}

// TestClaimAtFirst shows such a version to somebody new, and withholds all before it:
// it is not said that the account key that it names is the label's.
func TestClaimAtFirst(t *testing.T) {
	one, ghost := accountKey("one"), accountKey("ghost")
	w := newWorld(t)
	w.sign(keys("a"), one)
	w.haunt(w.claimed(keys("x"), 1, one, ghost))
	w.withhold(0, 1)
	check := func(r *client.LookupResult, status account.Status) {
		t.Helper()
		a := r.Account
		if a == nil || a.Status != status || a.Key != nil || a.Announced == nil || *a.Announced != keyOf(t, ghost) {
			t.Errorf("%+v", a)
		}
		if strings.Contains(r.Verdict.Reason, "signed by the label's account key") || !strings.Contains(r.Verdict.Reason, "announces another account key") {
			t.Error(r.Verdict)
		}
	}
	v := w.another()
	check(v.lookup(alice), account.Unchecked)
	w.haunt(w.claimed(keys("x"), 2, one, ghost))
	check(v.lookup(alice), account.Announced)
	check(w.another().lookup(alice), account.Announced)
	// The owner's next version is what shows it.
	w.own(alice)
	w.dir.Before = nil
	last := [32]byte(w.dir.Commitment(alice, 2))
	w.haunt(signedBy(w, one, nil, 3, last, keys("ab")))
	v.accountStatus(v.lookup(alice).Account, account.Signed, one, 1)
}

// TestShortHistoryWithheld lists versions with somebody who knows the account key, and
// from whom those before the list are kept.
func TestShortHistoryWithheld(t *testing.T) {
	one, ghost := accountKey("one"), accountKey("ghost")
	w := newWorld(t)
	v := w.another()
	w.sign(keys("a"), one)
	w.sign(keys("ab"), one)
	w.haunt(signedBy(w, ghost, nil, 2, [32]byte(w.dir.Commitment(alice, 1)), keys("x")))
	w.own(alice)
	w.haunt(signedBy(w, one, nil, 3, [32]byte(w.dir.Commitment(alice, 2)), keys("abc")))
	v.lookup(alice)
	v.withhold(0, 2)
	h, err := v.c.History(bg, alice, 2)
	if err != nil {
		t.Fatal(err)
	}
	if a := h.Versions[1].Account; a == nil || a.Status.Stands() || a.Key == nil || *a.Key != keyOf(t, one) {
		t.Errorf("version 2: %+v", a)
	}
	if a := h.Versions[0].Account; a == nil || !a.Status.Stands() || *a.Key != keyOf(t, one) {
		t.Errorf("version 3: %+v", a)
	}
}

// TestCredentialBeforeRotation gives somebody who has seen a rotation a credential of a
// version before it, which the account key of that time did not sign.
func TestCredentialBeforeRotation(t *testing.T) {
	one, two := accountKey("one"), accountKey("two")
	w := newWorld(t)
	r, sender := w.another(), w.another()
	w.sign(keys("a"), one)
	r.lookup(alice)
	sender.lookup(alice)
	made := func() []byte {
		w.settle()
		if _, err := r.c.Heads(bg, false); err != nil {
			t.Fatal(err)
		}
		return sender.credential(alice, client.CredentialOptions{}).File
	}
	w.haunt(keys("x"))
	ghost := made()
	w.own(alice)
	w.sign(keys("ab"), one)
	old := made()
	if _, err := w.c.RotateAccount(bg, alice, client.PublishOptions{Account: two, PreviousAccount: one}); err != nil {
		t.Fatal(err)
	}
	r.lookup(alice)
	for _, file := range [][]byte{ghost, old} {
		_, err := r.verifyOffline(file)
		wantKind(t, err, client.Undecided, "since version 3 the label has another account key")
	}
	present := made()
	if _, err := r.verifyOffline(present); err != nil {
		t.Error(err)
	}
	// Who does not know more than a later version holds the key of an older one against it.
	w.sign(keys("abc"), two)
	v := w.another()
	v.withhold(0, 4)
	v.lookup(alice)
	if _, err := v.c.VerifyCredential(bg, present); err != nil {
		t.Error(err)
	}
}

// TestRotatedOverGap has a version of bob's be erased, and his account key rotated after
// it: the old key signed that, and so nobody is told of a reset.
func TestRotatedOverGap(t *testing.T) {
	p := newPeople(t)
	p.found(bob)
	p.publishKeys(bob, "b", keyOfLabel(bob))
	opt := client.PublishOptions{Account: accountKey("two"), PreviousAccount: keyOfLabel(bob)}
	if _, err := p.is[bob].c.RotateAccount(bg, bob, opt); err != nil {
		t.Fatal(err)
	}
	p.dir.Before = func(op string, body []byte) *clienttest.Answer {
		q, err := keytrans.ParseSearchRequest(body)
		if op == "batch" {
			return clienttest.Problem(http.StatusNotFound, "not-found", "", "")
		}
		if op == "search" && err == nil && string(q.Label) == bob && q.Version != nil && *q.Version == 1 {
			return clienttest.Problem(http.StatusGone, "erased", "", "erased")
		}
		return nil
	}
	p.members(p.verify(p.another()), "alice bob")
	r := p.another()
	for _, code := range codes(r.check(r.rosterOf(r.member(alice, "a", 0), r.member(bob, "b", 0)), client.RosterOptions{}), bob) {
		if code == string(roster.IdentityReset) {
			t.Error(code)
		}
	}
}

// TestRosterWithheld checks a roster for somebody who has seen that the directory made a
// version, and what its owner made after it; the version before it is withheld now.
func TestRosterWithheld(t *testing.T) {
	one, ghost := accountKey("one"), accountKey("ghost")
	for name, put := range map[string]func(w *world) []byte{
		"another account key": func(w *world) []byte {
			return signedBy(w, ghost, nil, 1, [32]byte(w.dir.Commitment(alice, 0)), keys("x"))
		},
		"a claim": func(w *world) []byte { return w.claimed(keys("x"), 1, one, ghost) },
		"keyless": func(*world) []byte { return keys("x") },
	} {
		w := newWorld(t)
		v := w.another()
		insert(w.dir, bob, keys("b"))
		w.sign(keys("a"), one)
		w.dir.Tick(60, clienttest.Window)
		w.haunt(put(w))
		w.haunt(signedBy(w, one, nil, 2, [32]byte(w.dir.Commitment(alice, 1)), keys("a")))
		v.lookup(alice)
		for _, withheld := range []uint32{0, 1} {
			v.withhold(0, withheld)
			r := v.rosterOf(v.member(alice, "a", 0), v.member(bob, "b", 0))
			got := v.check(r, client.RosterOptions{})
			named := false
			for _, f := range got.Findings {
				if f.Label != alice || f.Code != roster.UnsignedChange && f.Code != roster.CouldNotCheck {
					continue
				}
				named = named || strings.Contains(f.Message, "sign version 1.") || strings.Contains(f.Message, "signed version 1,")
				if strings.Contains(f.Message, "version 2") {
					t.Errorf("%s: %+v", name, f.Message)
				}
			}
			if !named {
				t.Errorf("%s, %d withheld: %v", name, withheld, codes(got, alice))
			}
		}
	}
}

// TestAcceptedKey accepts an account key that does not follow, and then the version that
// has it is withheld, and another made by the directory.
func TestAcceptedKey(t *testing.T) {
	one, two, ghost := accountKey("one"), accountKey("two"), accountKey("ghost")
	w := newWorld(t)
	v := w.another()
	w.sign(keys("a"), one)
	v.lookup(alice)
	w.sign(keys("ab"), one)
	w.haunt(signedBy(w, two, nil, 2, [32]byte(w.dir.Commitment(alice, 1)), keys("abc")))
	v.withhold(0, 2)
	_, err := v.c.Lookup(bg, alice, nil)
	if e := wantKind(t, err, client.Attention, "version 2 is"); !errors.Is(err, client.ErrUnconnected) || !strings.Contains(e.Hint, keyOf(t, two).String()) {
		t.Fatalf("%v, hint %q", err, e.Hint)
	}
	if err := v.c.AcceptAccount(bg, alice, 2); err != nil {
		t.Fatal(err)
	}
	w.haunt(signedBy(w, ghost, nil, 3, [32]byte(w.dir.Commitment(alice, 2)), keys("x")))
	v.withhold(0, 3)
	v.refused("3")
	v.c = reopened(v)
	v.refused("3")
	w.haunt(signedBy(w, two, nil, 4, [32]byte(w.dir.Commitment(alice, 3)), keys("ab")))
	v.accountStatus(v.lookup(alice).Account, account.Signed, two, 2)
}

// TestGateWithheldSince has alice get an account key after somebody has looked her up
// without one; the directory makes a version without it, and withholds hers.
func TestGateWithheldSince(t *testing.T) {
	w := newWorld(t)
	v := w.another()
	w.publish(alice, keys("a"))
	v.lookup(alice)
	w.sign(keys("ab"), accountKey("one"))
	w.haunt(keys("x"))
	v.withhold(1, 2)
	x := v.member(alice, "x", 0).Devices
	pass := func() bool {
		proven, err := v.c.Gate(bg, []client.Recipient{{Label: alice, Keys: x}}, client.GateOptions{})
		if err != nil && !strings.Contains(err.Error(), "look the label up once to trust it") {
			t.Error(err)
		}
		return len(proven) > 0
	}
	if pass() {
		t.Error("the key of the directory is proven")
	}
	// The user is told that the keys changed, and decides.
	if r := v.lookup(alice); r.Kind() != client.Attention {
		t.Errorf("%v", r.Verdict)
	}
	if !pass() {
		t.Error("refused after a lookup")
	}
}
