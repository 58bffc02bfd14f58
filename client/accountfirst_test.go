package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// requests returns how many requests of a kind, and of all, something makes.
func (w *world) requests(f func()) (searches, batches int) {
	w.Helper()
	searches, batches = w.dir.Requests("search"), w.dir.Requests("batch")
	f()
	return w.dir.Requests("search") - searches, w.dir.Requests("batch") - batches
}

// wantRequests checks how many requests something makes.
func (w *world) wantRequests(searches, batches int, f func()) {
	w.Helper()
	if s, b := w.requests(f); s != searches || b != batches {
		w.Errorf("%d searches and %d batches, want %d and %d", s, b, searches, batches)
	}
}

// TestNewcomers has the directory add versions without a signature to labels with an
// account key, and asks it for them in every way for the first time.
func TestNewcomers(t *testing.T) {
	one := accountKey("one")
	for _, c := range []struct {
		name    string
		keyless int // versions before the one that brings the account key
		ghosts  int
		plain   bool
	}{
		{"from the first version on", 0, 1, false},
		{"from the first version on, many", 0, 3, false},
		{"since later", 1, 1, false},
		{"since later, many", 2, 3, false},
		{"from the first version on, one by one", 0, 3, true},
		{"since later, one by one", 1, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.dir.Plain = c.plain
			for range c.keyless {
				w.haunt(keys("k"))
			}
			w.own(alice)
			w.sign(keys("a"), one)
			w.settle()
			for i := range c.ghosts {
				w.haunt([][]byte{keys("x"), []byte("no key set")}[i%2])
			}
			greatest := uint32(c.keyless + c.ghosts)
			refused := func(how string, err error) {
				t.Helper()
				wantKind(t, err, client.Attention, fmt.Sprintf("version %d is not signed by the label's account key", greatest))
				if !errors.Is(err, client.ErrUnsigned) {
					t.Errorf("%s: %v", how, err)
				}
			}
			v := w.another()
			_, err := v.c.Lookup(bg, alice, nil)
			refused("lookup", err)
			_, err = w.another().c.Lookup(bg, alice, &greatest)
			refused("by its number", err)
			many, err := w.another().c.LookupMany(bg, []string{alice, "bob", alice})
			if err != nil || many[2].Lookup != nil {
				t.Fatalf("%v, %+v", err, many)
			}
			refused("many", many[0].Err)
			refused("many", many[2].Err)
			h, err := w.another().c.History(bg, alice, 1)
			if err != nil || h.Kind() != client.Attention || h.Versions[0].Account.Status != account.Unsigned {
				t.Errorf("history: %v, %+v", err, h)
			}
			p := w.another()
			p.trustPolicy(w.dir.Policy("any"))
			_, err = p.c.Prove(bg, alice, nil)
			refused("prove", err)
			o, err := w.another().c.Own(bg, alice)
			if err != nil || o.Kind() != client.Attention || o.Account.Status != account.Unsigned || !strings.Contains(o.Verdict.Reason, "is not signed by the label's account key") {
				t.Errorf("own: %v, %+v", err, o)
			}
			_, err = w.another().c.Publish(bg, alice, keys("z"), client.PublishOptions{})
			wantKind(t, err, client.Usage, "the label has an account key")
			// It is refused again, without asking for what was looked at, and until its
			// owner publishes again.
			v.c = reopened(v)
			v.wantRequests(1, 0, func() { v.refused(fmt.Sprint(greatest)) })
			w.own(alice)
			w.sign(keys("abc"), one)
			v.wantRequests(1, 0, func() { v.accountStatus(v.lookup(alice).Account, account.Signed, one, uint32(c.keyless)) })
		})
	}
}

// TestLookedAtOnce looks labels up that have no account key.
func TestLookedAtOnce(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.haunt(keys(string(rune('a' + i))))
	}
	v := w.another()
	v.wantRequests(1, 1, func() {
		if r := v.lookup(alice); r.Account != nil || r.Verdict.Outcome != client.OutcomeMonitored {
			t.Errorf("%+v", r)
		}
	})
	v.c = reopened(v)
	v.wantRequests(1, 0, func() { v.lookup(alice) })
	v.wantRequests(1, 0, func() {
		if _, err := v.c.Lookup(bg, alice, ptr(uint32(2))); err != nil {
			t.Error(err)
		}
	})
	w.haunt(keys("x"))
	v.wantRequests(1, 0, func() { v.lookup(alice) })
	// Only those that are new are looked at.
	w.haunt(keys("y"))
	w.haunt(keys("z"))
	v.wantRequests(2, 0, func() { v.lookup(alice) })
	// What is established among them counts, and so does what follows.
	w.own(alice)
	w.sign(keys("a"), accountKey("one"))
	w.haunt(keys("x"))
	v.wantRequests(2, 0, func() { v.refused("9") })
	w.another().wantRequests(1, 0, func() { w.another().lookupVersion(0) })
}

// lookupVersion looks up a version of alice's by its number.
func (w *world) lookupVersion(version uint32) *client.LookupResult {
	w.Helper()
	r, err := w.c.Lookup(bg, alice, &version)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// TestLookedAtMany looks up many labels for the first time with few requests.
func TestLookedAtMany(t *testing.T) {
	one := accountKey("one")
	w := newWorld(t)
	w.sign(keys("a"), one)
	w.haunt(keys("x"))
	var labels []string
	for i := range 40 {
		labels = append(labels, fmt.Sprint("label ", i))
		w.dir.Insert(clienttest.Update{Label: labels[i], Values: slices.Repeat([][]byte{keys("b")}, 1+i%10)})
	}
	labels = append(labels, alice)
	v := w.another()
	// 4 times (0 + 1 + ... + 9) older versions, and one of alice's.
	v.wantRequests(0, 2, func() {
		r, err := v.c.LookupMany(bg, labels)
		if err != nil || !errors.Is(r[40].Err, client.ErrUnsigned) {
			t.Fatal(err)
		}
		for i := range 40 {
			if r[i].Err != nil || r[i].Lookup.Account != nil {
				t.Errorf("%s: %v", labels[i], r[i].Err)
			}
		}
	})
	v.wantRequests(0, 1, func() {
		if r, err := v.c.LookupMany(bg, labels); err != nil || !errors.Is(r[40].Err, client.ErrUnsigned) {
			t.Error(err)
		}
	})
}

// TestLookedBackFar has a label with more versions than are looked at.
func TestLookedBackFar(t *testing.T) {
	one := accountKey("one")
	for name, c := range map[string]struct {
		keyless, ghosts int
		refused         bool
		searches        int
	}{
		"the key is in version 0":                 {0, 100, true, 1},
		"the key is the last that is looked at":   {10, 63, true, 2}, // and the one before it
		"the key is older than what is looked at": {10, 64, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for range c.keyless {
				w.haunt(keys("k"))
			}
			w.own(alice)
			w.sign(keys("a"), one)
			w.dir.Insert(clienttest.Update{Label: alice, Values: slices.Repeat([][]byte{keys("x")}, c.ghosts)})
			v := w.another()
			v.wantRequests(c.searches, 1, func() {
				if _, err := v.c.Lookup(bg, alice, nil); errors.Is(err, client.ErrUnsigned) != c.refused || err != nil && !c.refused {
					t.Error(err)
				}
			})
			v.wantRequests(1, 0, func() {
				if _, err := v.c.Lookup(bg, alice, nil); errors.Is(err, client.ErrUnsigned) != c.refused {
					t.Error(err)
				}
			})
		})
	}
}

// TestRotatedInGap has a newcomer not mind that the account key of version 0 is not the
// one of the last versions.
func TestRotatedInGap(t *testing.T) {
	one, two := accountKey("one"), accountKey("two")
	w := newWorld(t)
	w.sign(keys("a"), one)
	if _, err := w.c.RotateAccount(bg, alice, client.PublishOptions{Account: two, PreviousAccount: one}); err != nil {
		t.Fatal(err)
	}
	for i := range 70 {
		w.sign(keys(string(rune('!'+i))), two)
	}
	w.haunt(keys("x"))
	v := w.another()
	v.refused("72")
	w.sign(keys("ab"), two)
	r := v.lookup(alice)
	v.accountStatus(r.Account, account.Signed, two, 72-64)
}

// TestFewAnswers has a directory answer a part of what it is asked for: what is looked at
// in any case is asked for by itself.
func TestFewAnswers(t *testing.T) {
	w := newWorld(t)
	w.sign(keys("a"), accountKey("one"))
	for range 5 {
		w.haunt(keys("x"))
	}
	w.dir.MaxBatchBytes = 1 // one answer at a time
	v := w.another()
	v.wantRequests(3, 3, func() { v.refused("5") }) // all of them, as there is an account key
	for range 6 {
		w.dir.Insert(clienttest.Update{Label: "bob", Values: [][]byte{keys("b")}})
	}
	v.wantRequests(2, 1, func() { v.lookup("bob") })
	v.wantRequests(1, 0, func() { v.lookup("bob") })
}

// TestFirstNotAnswered does not take a version for one without an account key because
// older ones cannot be asked for, but does if there is none any more.
func TestFirstNotAnswered(t *testing.T) {
	for problem, want := range map[string]client.Kind{
		"internal": client.Undecided, "no-such-version": client.Undecided, "unknown-label": client.Undecided,
		"erased": 0, "version-expired": 0,
	} {
		for version := range uint32(2) {
			t.Run(fmt.Sprint(problem, version), func(t *testing.T) {
				w := newWorld(t)
				w.haunt(keys("a"))
				w.haunt(keys("ab"))
				w.haunt(keys("abc"))
				w.lose(version, http.StatusGone, problem)
				v := w.another()
				_, err := v.c.Lookup(bg, alice, nil)
				if client.KindOf(err) != want {
					t.Fatal(err)
				}
				seen := strings.Contains(v.readState(), `"seen":{"version":2`)
				if seen != (want == 0) {
					t.Errorf("seen: %v", seen)
				}
				many, err := w.another().c.LookupMany(bg, []string{alice, "nobody"})
				if err != nil || many[0].Kind() != want || many[1].Kind() != client.Absent {
					t.Errorf("%v, %+v", err, many)
				}
				w.dir.Before = nil
				v.lookup(alice)
			})
		}
	}
}

// TestSeenBeforeAccounts reads the state of a program that knew no account keys and saw
// what it should have refused.
func TestSeenBeforeAccounts(t *testing.T) {
	one := accountKey("one")
	w := newWorld(t)
	w.haunt(keys("a"))
	v := w.another()
	v.lookup(alice)
	w.own(alice)
	w.sign(keys("ab"), one)
	w.haunt(keys("abx"))
	v.removePrevious()
	state := cut(v.readState(), `,"account":{`, `"status":""}`, "")
	if strings.Contains(state, `"account"`) {
		t.Fatalf("%s", state)
	}
	if err := os.WriteFile(v.stateFile(), reseal(t, state, 4), 0o600); err != nil {
		t.Fatal(err)
	}
	v.refused("2")
	w.sign(keys("abc"), one)
	if r := v.lookup(alice); r.Before == nil || r.Before.Version != 0 {
		t.Errorf("%+v", r.Before)
	}
}

// TestFirstUnderPolicy retains what was looked at only once the witnesses have seen it.
func TestFirstUnderPolicy(t *testing.T) {
	w := newWorld(t)
	w.haunt(keys("a"))
	w.haunt(keys("ab"))
	v := w.another()
	v.trustPolicy(w.dir.Policy("any"))
	v.wantRequests(2, 0, func() { v.lookup(alice) })
	v.wantRequests(1, 0, func() { v.lookup(alice) })
	w.haunt(keys("abc"))
	v.wantRequests(1, 0, func() { v.lookup(alice) })
	v.wantRequests(1, 0, func() { v.lookup(alice) })
}
