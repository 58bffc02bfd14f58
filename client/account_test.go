package client_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// accountKey returns an account key that depends on its name only.
func accountKey(name string) crypto.Signer {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// elementKey is a key of a secure element: no two of its signatures are the same.
type elementKey struct{ *ecdsa.PrivateKey }

func newElementKey(t *testing.T, name string) crypto.Signer {
	seed := sha256.Sum256([]byte(name))
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return elementKey{private}
}

func keyOf(t testing.TB, s crypto.Signer) account.Key {
	t.Helper()
	k, err := account.KeyOf(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// sign publishes a key set that is signed by an account key.
func (w *world) sign(value []byte, by crypto.Signer) *client.PublishResult {
	w.Helper()
	r, err := w.c.Publish(bg, alice, value, client.PublishOptions{Account: by})
	if err != nil {
		w.Fatal(err)
	}
	if !r.Published {
		w.Fatalf("not published: %v", r.Verdict)
	}
	return r
}

// haunt makes the directory have a version of alice's that she did not make.
func (w *world) haunt(value []byte) {
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{value}})
}

// accountStatus checks what a lookup says of the account key.
func (w *world) accountStatus(a *client.AccountStatus, status account.Status, key crypto.Signer, since uint32) {
	w.Helper()
	if a == nil || a.Status != status || a.Key == nil || *a.Key != keyOf(w, key) || a.Since != since {
		w.Errorf("account %+v, want %q since %d", a, status, since)
	}
}

// refused checks that the label is refused, and that nothing of it counts as seen.
func (w *world) refused(version string) {
	w.Helper()
	_, err := w.c.Lookup(bg, alice, nil)
	e := wantKind(w, err, client.Attention, "version "+version+" is not signed by the label's account key")
	if !errors.Is(err, client.ErrUnsigned) || !strings.Contains(e.Hint, "by other means") {
		w.Errorf("%v, hint %q", err, e.Hint)
	}
}

func TestSignedLookups(t *testing.T) {
	w := newWorld(t)
	v := w.another()
	one := accountKey("one")
	w.sign(keys("a"), one)
	v.accountStatus(v.lookup(alice).Account, account.Established, one, 0)
	w.sign(keys("ab"), one)
	r := v.lookup(alice)
	v.accountStatus(r.Account, account.Signed, one, 0)
	v.outcome(r.Verdict, client.OutcomeChanged)
	if !strings.Contains(r.Verdict.Reason, "signed by the label's account key") || len(r.Account.Events) > 0 {
		t.Errorf("%v, %+v", r.Verdict, r.Account.Events)
	}
	r = v.lookup(alice)
	v.accountStatus(r.Account, account.Signed, one, 0)
	if r.Kind() != 0 {
		t.Errorf("told twice: %v", r.Verdict)
	}
	// Somebody who comes later follows the label from its first version.
	r = w.another().lookup(alice)
	w.accountStatus(r.Account, account.Signed, one, 0)
	if len(r.Account.Events) != 1 || r.Account.Events[0].Status != account.Established || r.Account.From != 0 {
		t.Errorf("%+v", r.Account)
	}
}

func TestUnsignedIsRefused(t *testing.T) {
	for name, ghost := range map[string]func(w *world, last []byte) []byte{
		"bare":           func(*world, []byte) []byte { return keys("ax") },
		"not a key set":  func(*world, []byte) []byte { return []byte("ghost") },
		"as it was once": func(_ *world, last []byte) []byte { return last },
		"another key": func(v *world, _ []byte) []byte {
			return signedBy(v, accountKey("ghost"), nil, 1, v.seenCommitment(), keys("ax"))
		},
		"another key, and by_previous by it": func(v *world, _ []byte) []byte {
			return signedBy(v, accountKey("ghost"), accountKey("ghost 2"), 1, v.seenCommitment(), keys("ax"))
		},
		"for another version": func(v *world, _ []byte) []byte {
			return signedBy(v, accountKey("one"), nil, 2, v.seenCommitment(), keys("ax"))
		},
		"after another version": func(v *world, _ []byte) []byte {
			return signedBy(v, accountKey("one"), nil, 1, sha256.Sum256(nil), keys("ax"))
		},
		"a broken extension": func(v *world, _ []byte) []byte {
			set, err := keyset.Parse(keys("ax"))
			if err != nil {
				t.Fatal(err)
			}
			set.Extensions = []keyset.Extension{{Type: keyset.ExtensionAccountKey, Data: []byte{1, 2, 3}}}
			b, err := set.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			v := w.another()
			one := accountKey("one")
			w.sign(keys("a"), one)
			first := v.lookup(alice)
			w.haunt(ghost(v, first.Bytes))
			for range 3 {
				v.refused("1")
				v.c = reopened(v) // as after a restart
			}
			// Nobody is served the keys in another way either.
			if _, err := v.c.Lookup(bg, alice, ptr(uint32(1))); !errors.Is(err, client.ErrUnsigned) {
				t.Errorf("by its number: %v", err)
			}
			many, err := v.c.LookupMany(bg, []string{alice, alice})
			if err != nil || !errors.Is(many[0].Err, client.ErrUnsigned) || many[0].Lookup != nil || many[1].Kind() != client.Attention {
				t.Errorf("among many: %v, %+v", err, many)
			}
			if _, err := w.another().c.Lookup(bg, alice, nil); name != "bare" && name != "not a key set" && !errors.Is(err, client.ErrUnsigned) {
				t.Errorf("a newcomer: %v", err)
			}
			if r := v.report(alice, client.RoleContact); !strings.Contains(r.Verdict.Reason, "version 1 is refused") || *r.Version != 0 {
				t.Errorf("watching: %+v", r)
			}
			w.settle()
			v.refused("1")
		})
	}
}

// reopened returns the client of one who starts anew.
func reopened(w *world) *client.Client {
	w.Helper()
	c, err := client.Open(w.root, w.server.URL, w.config())
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// seenCommitment returns the commitment to the only version that was seen.
func (w *world) seenCommitment() (out [32]byte) {
	w.Helper()
	m := regexp.MustCompile(`"seen":\{"version":\d+,"commitment":"([0-9a-f]{64})"`).FindStringSubmatch(w.readState())
	if m == nil {
		w.Fatal("nothing was seen")
	}
	if err := (*hexBytes)(&out).UnmarshalText([]byte(m[1])); err != nil {
		w.Fatal(err)
	}
	return out
}

// signedBy returns a value for a place after one with the given commitment.
func signedBy(t testing.TB, by, previous crypto.Signer, version uint32, commitment [32]byte, value []byte) []byte {
	t.Helper()
	set, err := keyset.Parse(value)
	if err != nil {
		t.Fatal(err)
	}
	if set, err = account.Sign(set, account.Link{Label: alice, Version: version, Previous: &commitment}, by, previous); err != nil {
		t.Fatal(err)
	}
	b, err := set.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSignedByHand checks that the ghosts of the next test fail for the reason that
// they say.
func TestSignedByHand(t *testing.T) {
	w := newWorld(t)
	v := w.another()
	w.sign(keys("a"), accountKey("one"))
	v.lookup(alice)
	w.haunt(signedBy(t, accountKey("one"), nil, 1, v.seenCommitment(), keys("ax")))
	v.accountStatus(v.lookup(alice).Account, account.Signed, accountKey("one"), 0)
}

func TestSignedVersionHeals(t *testing.T) {
	w := newWorld(t)
	v := w.another()
	one := accountKey("one")
	w.sign(keys("a"), one)
	v.lookup(alice)
	w.haunt(keys("ax"))
	w.haunt(keys("x"))
	v.refused("2")
	r, err := w.c.Publish(bg, alice, keys("ab"), client.PublishOptions{Account: one})
	if err != nil || !r.Published || *r.Version != 3 || r.Kind() != client.Attention || len(r.Answered) != 2 || len(r.Unexpected) != 0 {
		t.Fatalf("%v, %+v", err, r)
	}
	if got := w.own(alice); got.Kind() != 0 || len(got.Ledger) != 4 || got.Ledger[1].How != client.HowAnswered || got.Ledger[3].How != client.HowPublished {
		t.Errorf("%+v", got.Ledger)
	}
	got := v.lookup(alice)
	v.accountStatus(got.Account, account.Signed, one, 0)
	if got.Version != 3 || got.Before == nil || got.Before.Version != 0 || len(got.Changes.Added) != 1 {
		t.Errorf("%+v", got)
	}
	// The refused versions were followed already: only what came after them is asked for.
	if len(got.Account.Events) != 0 {
		t.Errorf("%+v", got.Account.Events)
	}
	h, err := v.c.History(bg, alice, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []account.Status{account.Signed, account.Unsigned, account.Unsigned, account.Established} {
		if a := h.Versions[i].Account; a == nil || a.Status != want {
			t.Errorf("version %d: %+v, want %q", h.Versions[i].Version, a, want)
		}
	}
}

func TestUnsignedInBetween(t *testing.T) {
	w := newWorld(t)
	v := w.another()
	one := accountKey("one")
	w.sign(keys("a"), one)
	w.sign(keys("ab"), one)
	w.sign(keys("abc"), one)
	w.sign(keys("abcd"), one)
	v.lookup(alice) // version 3
	w.haunt(keys("x"))
	w.haunt(keys("y"))
	w.sign(keys("abc"), one)
	w.sign(keys("ab"), one)
	r := v.lookup(alice)
	v.accountStatus(r.Account, account.Signed, one, 0)
	if r.Version != 7 || r.Kind() != client.Attention || len(r.Account.Events) != 2 || r.Account.Events[0].Version != 4 || r.Account.Events[1].Status != account.Unsigned {
		t.Errorf("version %d: %+v", r.Version, r.Account)
	}
	if !strings.Contains(r.Verdict.Reason, "version 5 (in the log by 2026-") {
		t.Errorf("%v", r.Verdict)
	}
}

func TestHistoryOfUnsigned(t *testing.T) {
	w := newWorld(t)
	v := w.another()
	w.sign(keys("a"), accountKey("one"))
	v.lookup(alice)
	w.haunt(keys("ax"))
	h, err := v.c.History(bg, alice, 0)
	if err != nil || h.Kind() != client.Attention || !strings.Contains(h.Verdict.Reason, "version 1 is not signed") {
		t.Fatalf("%v, %+v", err, h)
	}
	v.refused("1")
}

func TestRotation(t *testing.T) {
	w := newWorld(t)
	v := w.another()
	one, two := accountKey("one"), newElementKey(t, "two")
	w.sign(keys("a"), one)
	v.lookup(alice)
	opt := client.PublishOptions{Account: two, PreviousAccount: one}
	r, err := w.c.RotateAccount(bg, alice, opt)
	if err != nil || !r.Published || *r.Version != 1 {
		t.Fatalf("%v, %+v", err, r)
	}
	w.accountStatus(r.Account, account.Rotated, two, 1)
	got := v.lookup(alice)
	v.accountStatus(got.Account, account.Rotated, two, 1)
	if !strings.Contains(got.Verdict.Reason, "version 1 (in the log by 2026-11-24T12:00:00Z) changed the account key, signed by the old one") || !got.Changes.Same() {
		t.Errorf("%v, %+v", got.Verdict, got.Changes)
	}
	if again, err := w.c.RotateAccount(bg, alice, opt); err != nil || again.Published {
		t.Errorf("again: %v, %+v", err, again)
	}
	w.sign(keys("b"), two)
	v.accountStatus(v.lookup(alice).Account, account.Signed, two, 1)
	for text, opt := range map[string]client.PublishOptions{
		"the label has an account key":            {},
		"since version 1, and this is ed25519":    {Account: one},
		"and the old one that was given is":       {Account: one, PreviousAccount: accountKey("three")},
		"this is the label's account key already": {Account: two, PreviousAccount: one},
	} {
		before := w.dir.Size()
		_, err := w.c.Publish(bg, alice, keys("c"), opt)
		wantKind(t, err, client.Usage, text)
		if w.dir.Size() != before {
			t.Errorf("%s: published", text)
		}
	}
}

func TestReset(t *testing.T) {
	w := newWorld(t)
	v := w.another()
	one, two := accountKey("one"), accountKey("two")
	w.sign(keys("a"), one)
	w.sign(keys("ab"), one)
	v.lookup(alice)
	r, err := w.c.ResetAccount(bg, alice, client.PublishOptions{Account: two})
	if err != nil || r.Completed || !r.Published || r.Announced != 2 || r.Earliest.Sub(w.dir.Clock.Now()) != client.ResetWait {
		t.Fatalf("%v, %+v", err, r)
	}
	got := v.lookup(alice)
	v.accountStatus(got.Account, account.Announced, one, 0)
	if got.Account.Announced == nil || *got.Account.Announced != keyOf(t, two) || !strings.Contains(got.Verdict.Reason, "announces another account key") || !got.Changes.Same() {
		t.Errorf("%v, %+v", got.Verdict, got.Account)
	}
	w.dir.Tick(1, client.ResetWait)
	r, err = w.c.ResetAccount(bg, alice, client.PublishOptions{Account: two})
	if err != nil || !r.Completed || *r.Version != 3 {
		t.Fatalf("%v, %+v", err, r)
	}
	got = v.lookup(alice)
	v.accountStatus(got.Account, account.Reset, two, 3)
	v.outcome(got.Verdict, client.OutcomeChanged)
	if got.Kind() != client.Attention || !strings.Contains(got.Verdict.Reason, "IDENTITY RESET: version 3 (in the log by 2026-11-27T12:00:00Z)") {
		t.Errorf("%v", got.Verdict)
	}
	if got = v.lookup(alice); got.Kind() != 0 || strings.Contains(got.Verdict.Reason, "RESET") {
		t.Errorf("told twice: %v", got.Verdict)
	}
	// One who did not look meanwhile, and a newcomer, are told of both.
	got = w.another().lookup(alice)
	if !strings.Contains(got.Verdict.Reason, "version 2 (in the log by 2026-11-24T12:00:00Z) announced it") || got.Kind() != 0 {
		t.Errorf("%v", got.Verdict)
	}
	_, err = w.c.ResetAccount(bg, alice, client.PublishOptions{Account: two})
	wantKind(t, err, client.Usage, "the reset is complete: version 3")
	w.sign(keys("abc"), two)
	v.accountStatus(v.lookup(alice).Account, account.Signed, two, 3)
}

// TestResetSinceLastSeen has a contact look before the announcement and after the reset.
func TestResetSinceLastSeen(t *testing.T) {
	w := newWorld(t)
	v := w.another()
	one, two := accountKey("one"), accountKey("two")
	w.sign(keys("a"), one)
	v.lookup(alice)
	for range 2 {
		if _, err := w.c.ResetAccount(bg, alice, client.PublishOptions{Account: two}); err != nil {
			t.Fatal(err)
		}
		w.dir.Tick(1, time.Hour)
	}
	w.sign(keys("ab"), two)
	got, err := v.c.Lookup(bg, alice, nil)
	if err != nil || got.Kind() != client.Attention || !strings.Contains(got.Verdict.Reason, "IDENTITY RESET: version 2") {
		t.Fatalf("%v, %+v", err, got)
	}
	v.accountStatus(got.Account, account.Signed, two, 2)
}
