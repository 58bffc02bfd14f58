package client_test

import (
	"crypto"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// signers are those whose signatures can be repeated, and those whose cannot.
func signers(t *testing.T) map[string]crypto.Signer {
	return map[string]crypto.Signer{"deterministic": accountKey("one"), "secure element": newElementKey(t, "one")}
}

// TestLostAnswerOfSigned loses the answer to an update that was carried out.
func TestLostAnswerOfSigned(t *testing.T) {
	for name, one := range signers(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sign(keys("a"), one)
			w.dir.After = func(op string, a *clienttest.Answer) {
				if op == "update" {
					*a = clienttest.Answer{Status: http.StatusBadGateway, Type: "text/plain"}
				}
			}
			opt := client.PublishOptions{Account: one}
			_, err := w.c.Publish(bg, alice, keys("ab"), opt)
			wantKind(t, err, client.Undecided, "")
			w.dir.After = nil
			w.c = reopened(w)
			// Another value meanwhile does not settle it, but learns of it.
			r, err := w.c.Publish(bg, alice, keys("ab"), opt)
			if err != nil || !r.Published || *r.Version != 1 || r.Kind() != 0 || !strings.Contains(r.Verdict.Reason, "an earlier attempt") {
				t.Fatalf("%v, %+v", err, r)
			}
			w.accountStatus(r.Account, account.Signed, one, 0)
			if r, err = w.c.Publish(bg, alice, keys("ab"), opt); err != nil || r.Published || *r.Version != 1 {
				t.Fatalf("again: %v, %+v", err, r)
			}
			if o := w.own(alice); o.Kind() != 0 || len(o.Ledger) != 2 || o.Ledger[1].How != client.HowPublished {
				t.Errorf("%+v", o)
			}
		})
	}
}

// TestLostRequestOfSigned loses an update before it was carried out.
func TestLostRequestOfSigned(t *testing.T) {
	for name, one := range signers(t) {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sign(keys("a"), one)
			w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
				if op == "update" {
					return &clienttest.Answer{Status: http.StatusBadGateway, Type: "text/plain"}
				}
				return nil
			}
			opt := client.PublishOptions{Account: one}
			_, err := w.c.Publish(bg, alice, keys("ab"), opt)
			wantKind(t, err, client.Undecided, "")
			w.dir.Before = nil
			// Now somebody else has the place that it was signed for.
			w.haunt(keys("abx"))
			r, err := w.c.Publish(bg, alice, keys("ab"), opt)
			if err != nil || !r.Published || *r.Version != 2 || len(r.Answered) != 1 || r.Answered[0].Account.Status != account.Unsigned {
				t.Fatalf("%v, %+v", err, r)
			}
			v := w.another()
			v.accountStatus(v.lookup(alice).Account, account.Signed, one, 0)
		})
	}
}

// TestNotMineByBody has somebody publish the keys that were sent, without a signature
// for that place: it is not what was sent.
func TestNotMineByBody(t *testing.T) {
	one := accountKey("one")
	for name, ghost := range map[string][]byte{
		"another account key":        signedBy(t, accountKey("ghost"), nil, 1, [32]byte{1}, keys("ab")),
		"a signature from elsewhere": signedBy(t, one, nil, 1, [32]byte{1}, keys("ab")),
		"the bytes without one":      keys("ab"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sign(keys("a"), one)
			w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
				if op == "update" {
					return &clienttest.Answer{Status: http.StatusBadGateway, Type: "text/plain"}
				}
				return nil
			}
			_, err := w.c.Publish(bg, alice, keys("ab"), client.PublishOptions{Account: one})
			wantKind(t, err, client.Undecided, "")
			w.dir.Before = nil
			w.haunt(ghost)
			o := w.own(alice)
			if len(o.Unexpected) != 1 || o.Unexpected[0].Account.Status != account.Unsigned {
				t.Fatalf("%+v", o.Unexpected)
			}
		})
	}
}

func TestUnexpectedBySignature(t *testing.T) {
	w := newWorld(t)
	v := w.another() // another device of the owner
	one := accountKey("one")
	w.sign(keys("a"), one)
	v.own(alice)
	v.sign(keys("ab"), one)
	r := w.report(alice, client.RoleOwner)
	if len(r.Unexpected) != 1 || r.Unexpected[0].Account.Status != account.Signed || !strings.Contains(r.Unexpected[0].String(), ", signed by your account key") {
		t.Fatalf("%+v", r.Unexpected)
	}
	// A version that the account key did sign is for its owner to accept.
	p, err := w.c.Publish(bg, alice, keys("abc"), client.PublishOptions{Account: one})
	if err != nil || p.Published || p.Kind() != client.Attention {
		t.Fatalf("%v, %+v", err, p)
	}
	if _, err := w.c.Accept(bg, alice, 1); err != nil {
		t.Fatal(err)
	}
	w.haunt(keys("x"))
	r = w.report(alice, client.RoleOwner)
	if len(r.Unexpected) != 1 || r.Unexpected[0].Account.Status != account.Unsigned || !strings.Contains(r.Unexpected[0].String(), "NOT signed by your account key") {
		t.Fatalf("%+v", r.Unexpected)
	}
	// Without the account key, and with another one, it is no answer.
	for _, opt := range []client.PublishOptions{{}, {Account: accountKey("two")}} {
		p, err := w.c.Publish(bg, alice, keys("abc"), opt)
		if err != nil || p.Published || p.Kind() != client.Attention {
			t.Fatalf("%v, %+v", err, p)
		}
	}
	if w.sign(keys("ab"), one).Account.Status != account.Signed {
		t.Error("not signed")
	}
	if r = w.report(alice, client.RoleOwner); r.Kind() != 0 {
		t.Errorf("%+v", r)
	}
}

// TestAnnouncedByAnother has somebody announce a reset, and the owner cancel it.
func TestAnnouncedByAnother(t *testing.T) {
	w := newWorld(t)
	ghost := w.another()
	one, two := accountKey("one"), accountKey("ghost")
	w.sign(keys("a"), one)
	if _, err := ghost.c.ResetAccount(bg, alice, client.PublishOptions{Account: two}); err != nil {
		t.Fatal(err)
	}
	r := w.report(alice, client.RoleOwner)
	if len(r.Unexpected) != 1 || r.Unexpected[0].Account.Status != account.Announced || r.Unexpected[0].EntryTime.IsZero() {
		t.Fatalf("%+v", r.Unexpected)
	}
	// The keys are as they were, but that they are published again is the answer.
	p := w.sign(keys("a"), one)
	if *p.Version != 2 || len(p.Answered) != 1 || p.Account.Announced != nil {
		t.Errorf("%+v", p)
	}
	w.dir.Tick(1, time.Hour)
	g, err := ghost.c.ResetAccount(bg, alice, client.PublishOptions{Account: two})
	if err != nil || g.Published || g.Completed || g.Kind() != client.Attention {
		t.Errorf("%v, %+v", err, g)
	}
	v := w.another()
	v.accountStatus(v.lookup(alice).Account, account.Signed, one, 0)
}

func TestResetRefusedByPolicy(t *testing.T) {
	w := newWorld(t)
	one, two := accountKey("one"), accountKey("two")
	w.sign(keys("a"), one)
	opt := client.PublishOptions{Account: two}
	if _, err := w.c.ResetAccount(bg, alice, opt); err != nil {
		t.Fatal(err)
	}
	for detail, hint := range map[string]string{
		"":                    "from 2026-11-27T12:00:00Z on",
		"try again in 2 days": "run the same command when the directory says",
	} {
		w.dir.Before = func(op string, body []byte) *clienttest.Answer {
			if op == "update" && len(body) > 200 {
				return clienttest.Problem(http.StatusForbidden, "policy", "", detail)
			}
			return nil
		}
		_, err := w.c.ResetAccount(bg, alice, opt)
		e := wantKind(t, err, client.Operational, detail)
		if !strings.Contains(e.Hint, "version 1, in the log by 2026-11-24T12:00:00Z") || !strings.Contains(e.Hint, hint) || detail != "" && strings.Contains(e.Hint, "hours") {
			t.Errorf("hint %q", e.Hint)
		}
	}
	w.dir.Before = nil
	if r, err := w.c.ResetAccount(bg, alice, opt); err != nil || !r.Completed {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestSigningNeedsAKeySet(t *testing.T) {
	w := newWorld(t)
	_, err := w.c.Publish(bg, alice, []byte("no key set"), client.PublishOptions{Account: accountKey("one")})
	wantKind(t, err, client.Usage, "an account key signs key sets only")
	_, err = w.c.Publish(bg, alice, keys("a"), client.PublishOptions{Account: accountKey("one"), PreviousAccount: accountKey("two")})
	wantKind(t, err, client.Usage, "no account key that could sign its successor")
	w.publish(alice, keys("a"))
	for _, f := range []func() error{
		func() error {
			_, err := w.c.RotateAccount(bg, alice, client.PublishOptions{Account: accountKey("two"), PreviousAccount: accountKey("one")})
			return err
		},
		func() error {
			_, err := w.c.ResetAccount(bg, alice, client.PublishOptions{Account: accountKey("two")})
			return err
		},
		func() error {
			_, err := w.c.Attest(bg, alice, accountKey("two"))
			return err
		},
	} {
		e := wantKind(t, f(), client.Usage, "the label has no account key")
		if !strings.Contains(e.Hint, "--account-key") || strings.Contains(e.Hint, "publish") && !strings.Contains(e.Hint, "--token-file") {
			t.Errorf("hint %q", e.Hint)
		}
	}
}

// TestAdoption gives a label that had none an account key.
func TestAdoption(t *testing.T) {
	w := newWorld(t)
	v := w.another()
	one := accountKey("one")
	w.publish(alice, keys("a"))
	if r := v.lookup(alice); r.Account != nil {
		t.Fatalf("%+v", r.Account)
	}
	w.publish(alice, keys("ab"))
	w.sign(keys("ab"), one)
	r := v.lookup(alice)
	v.accountStatus(r.Account, account.Established, one, 2)
	w.haunt(keys("abx"))
	v.refused("3")
	// The same keys as before the label had an account key are refused, too.
	w.haunt(keys("ab"))
	v.refused("4")
}

func TestAttest(t *testing.T) {
	w := newWorld(t)
	one := accountKey("one")
	w.sign(keys("a"), one)
	_, err := w.c.Attest(bg, alice, accountKey("two"))
	if e := wantKind(t, err, client.Usage, "the label's account key is"); !strings.Contains(e.Hint, "kt account show FILE") {
		t.Errorf("hint %q", e.Hint)
	}
	a, err := w.c.Attest(bg, alice, one)
	if err != nil {
		t.Fatal(err)
	}
	got, err := account.VerifyAttestation(alice, keyOf(t, one), a.Line)
	if err != nil || got.Version != 0 || got.TreeSize != w.dir.Size() || !got.Time.Equal(w.dir.Clock.Now()) {
		t.Errorf("%v, %+v", err, got)
	}
	if r := w.lookup(alice); r.Head.Root != got.Root.String() {
		t.Errorf("root %s, want %s", got.Root, r.Head.Root)
	}
	w.haunt(keys("x"))
	_, err = w.c.Attest(bg, alice, one)
	wantKind(t, err, client.Attention, "version 1 is not one that you published")
}

// TestOwnAgain has an owner begin anew, with nothing but the account key.
func TestOwnAgain(t *testing.T) {
	w := newWorld(t)
	one := accountKey("one")
	w.sign(keys("a"), one)
	w.sign(keys("ab"), one)
	w.settle()
	v := w.another()
	_, err := v.c.Publish(bg, alice, keys("abc"), client.PublishOptions{})
	wantKind(t, err, client.Usage, "the label has an account key")
	r := v.sign(keys("abc"), one)
	v.accountStatus(r.Account, account.Signed, one, 0)
	got := w.another().lookup(alice)
	w.accountStatus(got.Account, account.Signed, one, 0)
}

// TestManyInOneEntry has several versions come in one log entry: signed ones, by who
// knows their commitments beforehand, and others. Each is held against the one before.
func TestManyInOneEntry(t *testing.T) {
	one, two := accountKey("one"), accountKey("two")
	signed, rotated, unsigned := account.Signed, account.Rotated, account.Unsigned
	for name, want := range map[string][]account.Status{
		"by another device": {signed, signed, signed, signed, signed, signed},
		"one of another":    {signed},
		"by the operator":   {unsigned, unsigned, unsigned, unsigned, unsigned},
		"by both":           {signed, unsigned, unsigned, signed, unsigned, signed, signed},
		"with a rotation":   {signed, signed, rotated, signed, unsigned, signed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.sign(keys("a"), one)
			by, values, previous := one, [][]byte(nil), [32]byte(w.dir.Commitment(alice, 0))
			for i, status := range want {
				version, value := uint32(i+1), keys(string(rune('b'+i)))
				switch status {
				case signed:
					value = signedBy(t, by, nil, version, previous, value)
				case rotated:
					value = signedBy(t, two, one, version, previous, value)
					by = two
				}
				values = append(values, value)
				previous = w.dir.CommitmentTo(alice, version, value)
			}
			w.dir.Insert(clienttest.Update{Label: alice, Values: values})
			o := w.own(alice)
			if len(o.Unexpected) != len(want) {
				t.Fatalf("%+v", o.Unexpected)
			}
			for i, u := range o.Unexpected {
				if u.Account.Status != want[i] {
					t.Errorf("version %d: %q, want %q", u.Version, u.Account.Status, want[i])
				}
				if want[i] != unsigned {
					if _, err := w.c.Accept(bg, alice, u.Version); err != nil {
						t.Fatal(err)
					}
				}
			}
			// The owner and contacts agree on what comes after, and on all of them.
			w.sign(keys("z"), by)
			v := w.another()
			h, err := v.c.History(bg, alice, 0)
			if err != nil || h.Kind() != 0 {
				t.Fatalf("%v, %v", err, h.Verdict)
			}
			for i, status := range want {
				if a := h.Versions[len(want)-i].Account; a.Status != status {
					t.Errorf("history: version %d: %q, want %q", i+1, a.Status, status)
				}
			}
		})
	}
}
