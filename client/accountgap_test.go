package client_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// lose has the directory answer searches for a version with a problem.
func (w *world) lose(version uint32, status int, problem string) {
	w.dir.Before = func(op string, body []byte) *clienttest.Answer {
		q, err := keytrans.ParseSearchRequest(body)
		if op == "batch" {
			return clienttest.Problem(http.StatusNotFound, "not-found", "", "")
		}
		if op == "search" && err == nil && q.Version != nil && *q.Version == version {
			return clienttest.Problem(status, problem, "", problem)
		}
		return nil
	}
}

// TestErasedInBetween has a version go that a contact did not see.
func TestErasedInBetween(t *testing.T) {
	one := accountKey("one")
	for _, problem := range []string{"erased", "version-expired"} {
		w := newWorld(t)
		v := w.another()
		w.sign(keys("a"), one)
		v.lookup(alice)
		w.sign(keys("ab"), one)
		w.sign(keys("abc"), one)
		w.lose(1, http.StatusGone, problem)
		r := v.lookup(alice)
		v.accountStatus(r.Account, account.Unchecked, one, 0)
		if r.Account.From != 2 || !strings.Contains(r.Verdict.Reason, "versions before version 2 are not to be had") {
			t.Errorf("%s: %v, %+v", problem, r.Verdict, r.Account)
		}
		// An unsigned one is no better for what is missing.
		w.haunt(keys("x"))
		v.refused("3")

	}
}

// TestRotationErased has the version go in which a contact would have seen another
// account key.
func TestRotationErased(t *testing.T) {
	one, two := accountKey("one"), accountKey("two")
	w := newWorld(t)
	v := w.another()
	w.sign(keys("a"), one)
	v.lookup(alice)
	if _, err := w.c.RotateAccount(bg, alice, client.PublishOptions{Account: two, PreviousAccount: one}); err != nil {
		t.Fatal(err)
	}
	w.sign(keys("abc"), two)
	w.lose(1, http.StatusGone, "erased")
	for range 2 {
		_, err := v.c.Lookup(bg, alice, nil)
		e := wantKind(t, err, client.Attention, "version 2 is signed by an account key that does not follow")
		if !errors.Is(err, client.ErrUnconnected) || errors.Is(err, client.ErrUnsigned) || !strings.Contains(e.Hint, "kt account accept LABEL 2") {
			t.Errorf("%v, hint %q", err, e.Hint)
		}
	}
	if r := v.report(alice, client.RoleContact); !strings.Contains(r.Verdict.Reason, "version 2 is refused") {
		t.Errorf("%v", r.Verdict)
	}
	for _, version := range []uint32{0, 1, 3} {
		wantKind(t, v.c.AcceptAccount(bg, alice, version), client.Usage, "is not one that waits")
	}
	wantKind(t, v.c.AcceptAccount(bg, "bob", 2), client.Usage, "is not one that waits")
	if err := v.c.AcceptAccount(bg, alice, 2); err != nil {
		t.Fatal(err)
	}
	r := v.lookup(alice)
	v.accountStatus(r.Account, account.Unchecked, two, 2)
	if r.Before == nil || r.Before.Version != 0 {
		t.Errorf("%+v", r.Before)
	}
	w.sign(keys("ab"), two)
	v.accountStatus(v.lookup(alice).Account, account.Signed, two, 2)
	w.haunt(keys("x"))
	v.refused("4")
	wantKind(t, v.c.AcceptAccount(bg, alice, 4), client.Usage, "is not one that waits")
}

// TestInBetweenNotAnswered has versions in between that the directory does not answer
// for: it is not known whether the label can be used, and nothing counts as seen.
func TestInBetweenNotAnswered(t *testing.T) {
	one := accountKey("one")
	for problem, status := range map[string]int{"internal": 500, "no-such-version": 404, "unknown-label": 404, "overloaded": 503, "not-found": 404} {
		t.Run(problem, func(t *testing.T) {
			w := newWorld(t)
			v := w.another()
			w.sign(keys("a"), one)
			v.lookup(alice)
			w.sign(keys("ab"), one)
			w.sign(keys("abc"), one)
			w.lose(1, status, problem)
			_, err := v.c.Lookup(bg, alice, nil)
			wantKind(t, err, client.Undecided, "")
			many, err := v.c.LookupMany(bg, []string{alice, "nobody"})
			if err != nil || many[0].Kind() != client.Undecided || many[1].Kind() != client.Absent {
				t.Errorf("%v, %+v", err, many)
			}
			w.dir.Before = nil
			r := v.lookup(alice)
			v.accountStatus(r.Account, account.Signed, one, 0)
			if r.Before == nil || r.Before.Version != 0 {
				t.Errorf("%+v", r.Before)
			}
		})
	}
}

// TestMoreThanFollowed has more versions in between than one lookup asks for.
func TestMoreThanFollowed(t *testing.T) {
	one := accountKey("one")
	w := newWorld(t)
	v := w.another()
	w.sign(keys("a"), one)
	v.lookup(alice)
	var values [][]byte
	for i := range 299 {
		values = append(values, keys(string(rune('!'+i%90))))
	}
	w.dir.Insert(clienttest.Update{Label: alice, Values: values})
	w.dir.Plain = true // one by one
	_, err := v.c.Lookup(bg, alice, nil)
	e := wantKind(t, err, client.Undecided, "versions up to 256 were held against the label's account key, and there are 43 more up to version 299")
	if !strings.Contains(e.Hint, "goes on from there") {
		t.Errorf("hint %q", e.Hint)
	}
	before := w.dir.Requests("search")
	v.refused("299")
	if n := w.dir.Requests("search") - before; n != 43 {
		t.Errorf("%d searches", n)
	}
	before = w.dir.Requests("search")
	v.refused("299")
	if n := w.dir.Requests("search") - before; n != 1 {
		t.Errorf("%d searches", n)
	}
	// A newcomer looks at the first and the last ones only.
	before = w.dir.Requests("search")
	w.another().refused("299")
	if n := w.dir.Requests("search") - before; n != 3 {
		t.Errorf("%d searches", n)
	}
}

// TestLookedBack has a newcomer meet a label with many versions.
func TestLookedBack(t *testing.T) {
	one := accountKey("one")
	w := newWorld(t)
	for i := range 70 {
		w.sign(keys(string(rune('!'+i))), one)
	}
	before := w.dir.Requests("search")
	r := w.another().lookup(alice)
	w.accountStatus(r.Account, account.Signed, one, 5)
	if r.Account.From != 5 || len(r.Account.Events) != 1 || r.Account.Events[0].Status != account.Unchecked || !strings.Contains(r.Verdict.Reason, "followed from version 5 on") {
		t.Errorf("%v, %+v", r.Verdict, r.Account)
	}
	if n := w.dir.Requests("search") - before; n != 1 || w.dir.Requests("batch") != 1 {
		t.Errorf("%d searches and %d batches", n, w.dir.Requests("batch"))
	}
}

// TestOldVersions looks versions up by their number.
func TestOldVersions(t *testing.T) {
	one, two := accountKey("one"), accountKey("two")
	w := newWorld(t)
	v := w.another()
	w.publish(alice, keys("a"))
	w.sign(keys("ab"), one)
	w.haunt(keys("x"))
	w.sign(keys("abc"), one)
	if _, err := w.c.RotateAccount(bg, alice, client.PublishOptions{Account: two, PreviousAccount: one}); err != nil {
		t.Fatal(err)
	}
	check := func(v *world) {
		for version, want := range []account.Status{account.None, account.Established, account.Unsigned, account.Signed, account.Rotated} {
			r, err := v.c.Lookup(bg, alice, ptr(uint32(version)))
			switch {
			case want == account.Unsigned:
				if !errors.Is(err, client.ErrUnsigned) {
					t.Errorf("version %d: %v", version, err)
				}
			case err != nil:
				t.Errorf("version %d: %v", version, err)
			case want == account.None && (r.Account != nil && r.Account.Status != want) || want != account.None && (r.Account == nil || r.Account.Status != want):
				t.Errorf("version %d: %+v, want %q", version, r.Account, want)
			}
		}
	}
	v.lookup(alice)
	check(v)
	v.accountStatus(v.lookup(alice).Account, account.Rotated, two, 4)
}

// TestRefusedIsRemembered has the log take a refused version back.
func TestRefusedIsRemembered(t *testing.T) {
	w := newWorld(t)
	v := w.another()
	w.sign(keys("a"), accountKey("one"))
	v.lookup(alice)
	w.haunt(keys("x"))
	v.refused("1")
	w.settle()
	v.watch()
	w.dir.Remove(alice)
	w.settle()
	_, err := v.c.Lookup(bg, alice, nil)
	wantKind(t, err, client.Misbehaved, "the log proved that version 1 exists, and now that version 0 is the greatest")
}

// TestUnsignedUnderPolicy refuses a version, but only once the witnesses have seen it:
// until then it is not known whether anybody else is shown it.
func TestUnsignedUnderPolicy(t *testing.T) {
	one := accountKey("one")
	w := newWorld(t)
	v := w.another()
	v.trustPolicy(w.dir.Policy("any"))
	w.sign(keys("a"), one)
	v.accountStatus(v.lookup(alice).Account, account.Established, one, 0)
	w.dir.Sleep(clienttest.Witness1, clienttest.Witness2)
	w.haunt(keys("x"))
	w.dir.Clock.Add(time.Hour)
	before := v.readState()
	_, err := v.c.Lookup(bg, alice, nil)
	if wantKind(t, err, client.Undecided, ""); !errors.Is(err, client.ErrOverdue) {
		t.Errorf("%v", err)
	}
	for _, part := range []string{`"account":`, `"seen":`} {
		_, was, _ := strings.Cut(before, part)
		_, is, _ := strings.Cut(v.readState(), part)
		if was[:200] != is[:200] {
			t.Errorf("%s was %.200s\nis %.200s", part, was, is)
		}
	}
	w.dir.Sleep()
	v.refused("1")
	v.refused("1")
	w.sign(keys("ab"), one)
	r := v.lookup(alice)
	v.accountStatus(r.Account, account.Signed, one, 0)
	if r.Witness == nil || r.Before == nil || r.Before.Version != 0 {
		t.Errorf("%+v", r)
	}
}

// TestManyAccounts looks up labels of which one is refused.
func TestManyAccounts(t *testing.T) {
	one := accountKey("one")
	w := newWorld(t)
	v := w.another()
	w.sign(keys("a"), one)
	w.publish("bob", keys("b"))
	if _, err := v.c.LookupMany(bg, []string{alice, "bob"}); err != nil {
		t.Fatal(err)
	}
	w.haunt(keys("x"))
	w.publish("bob", keys("bc"))
	for _, want := range []client.Kind{client.Attention, 0} { // bob's change is told once, alice's each time
		r, err := v.c.LookupMany(bg, []string{"bob", alice, "bob"})
		if err != nil {
			t.Fatal(err)
		}
		if r[0].Kind() != want || !errors.Is(r[1].Err, client.ErrUnsigned) || r[2].Lookup == nil {
			t.Errorf("%v, %v, %v", r[0].Kind(), r[1].Err, r[2])
		}
	}
	v.refused("1")
}

// TestCredentialsOfAccounts receives credentials of a contact with an account key.
func TestCredentialsOfAccounts(t *testing.T) {
	one := accountKey("one")
	w := newWorld(t)
	r := w.another()
	made := func() []byte {
		w.settle()
		if _, err := r.c.Heads(bg, false); err != nil {
			t.Fatal(err)
		}
		return w.credential(alice, client.CredentialOptions{}).File
	}
	w.sign(keys("a"), one)
	w.lookup(alice)
	r.lookup(alice)
	w.sign(keys("ab"), one)
	good := made()
	if _, err := r.verifyOffline(good); err != nil {
		t.Error(err)
	}
	w.haunt(keys("x"))
	ghost := made()
	refused := func() {
		t.Helper()
		_, err := r.verifyOffline(ghost)
		if wantKind(t, err, client.Attention, "version 2 is not signed"); !errors.Is(err, client.ErrUnsigned) {
			t.Error(err)
		}
	}
	refused() // nothing is known of version 1
	r.refused("2")
	refused() // this very version was refused
	w.sign(keys("abc"), one)
	r.lookup(alice)
	refused() // the account key was the same before and after it
	if _, err := r.verifyOffline(good); err != nil {
		t.Error(err)
	}
}

// TestStateBeforeAccounts reads the state of a program that knew no account keys.
func TestStateBeforeAccounts(t *testing.T) {
	one := accountKey("one")
	w := newWorld(t)
	v := w.another()
	w.publish(alice, keys("a"))
	v.lookup(alice)
	for _, x := range []*world{w, v} {
		if err := os.WriteFile(x.stateFile(), reseal(t, x.readState(), 4), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.sign(keys("ab"), one)
	v.accountStatus(v.lookup(alice).Account, account.Established, one, 1)
	for _, x := range []*world{w, v} {
		x.removePrevious()
		good := x.readState()
		if err := os.WriteFile(x.stateFile(), reseal(t, good, 4), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := x.c.Lookup(bg, alice, nil)
		wantKind(t, err, client.Operational, "a part that its version does not have")
		if err := os.WriteFile(x.stateFile(), []byte(good), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.haunt(keys("x"))
	v.refused("2")
}

// TestRefusedMeanwhile has another process see an unsigned version while this one waits
// for the witnesses to see the signed one before it.
func TestRefusedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := accountKey("one")
		w := bubbleWorld(t)
		v := w.another()
		w.sign(keys("a"), one)
		v.trustPolicy(w.dir.Policy("any"))
		v.lookup(alice)
		w.dir.ShowLog(w.dir.Size())
		w.sign(keys("ab"), one)
		refused := make(chan error, 1)
		v.meanwhile(func() {
			w.haunt(keys("x"))
			w.dir.ShowWholeLog()
			_, err := v.c.Lookup(bg, alice, nil)
			refused <- err
		})
		r, err := v.waiting(time.Minute).Lookup(bg, alice, nil)
		if err != nil || r.Version != 1 || r.Changes == nil {
			t.Fatalf("%+v, %v", r, err)
		}
		v.accountStatus(r.Account, account.Signed, one, 0)
		if err := <-refused; !errors.Is(err, client.ErrUnsigned) {
			t.Errorf("the other one: %v", err)
		}
		v.refused("2")
		w.sign(keys("abc"), one)
		if r := v.lookup(alice); r.Version != 3 || r.Before == nil || r.Before.Version != 1 {
			t.Errorf("%+v", r)
		}
	})
}
