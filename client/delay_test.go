package client_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// TestFutureEntries has a directory that may date entries far ahead do so, and
// show the witnesses none of it: they are overdue by the client's own clock.
func TestFutureEntries(t *testing.T) {
	w := newWorld(t)
	const years = 365 * 24 * time.Hour
	w.dir.Configuration().MaxAhead = uint64((100 * years).Milliseconds())
	w.dir.Insert()
	w.root = t.TempDir()
	r, err := client.Trust(bg, w.root, w.server.URL, "", w.config())
	if err != nil || r.MaxAhead != 100*years {
		t.Fatalf("%+v, %v", r, err)
	}
	w.c = w.with(func(*client.Config) {})
	w.insert("a")
	w.trustPolicy(w.dir.Policy("all"))
	w.dir.ShowLog(w.dir.Size())
	now := w.dir.Clock.Now()
	at := func(later time.Duration) *client.Client {
		return w.with(func(c *client.Config) { c.Now = func() time.Time { return now.Add(later) } })
	}
	w.dir.Clock.Add(50 * years)
	w.insert("evil")
	first, err := at(10*years).Lookup(bg, alice, nil)
	if err != nil || first.Witness.Settled {
		t.Fatalf("the first contact: %v", err)
	}
	if again, err := at(10*years+9*time.Minute).Lookup(bg, alice, nil); err != nil || again.Witness.Settled {
		t.Errorf("some minutes later: %+v, %v", again, err)
	}
	_, err = at(10*years+11*time.Minute).Lookup(bg, alice, nil)
	wantKind(t, err, client.Undecided, "newer than what the witnesses have seen")
}

// TestMaxAhead checks that only an unreasonable max_ahead is told of.
func TestMaxAhead(t *testing.T) {
	w := newWorld(t)
	if r, err := client.Trust(bg, w.root, w.server.URL, "", w.config()); err != nil || r.MaxAhead != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestOnePolicyAtATime gives a policy to each operation and stores it never. What
// was pending under it is held against the witnesses all the same, also once it
// has left the frontier.
func TestOnePolicyAtATime(t *testing.T) {
	w := newWorld(t)
	w.insert("a")
	w.dir.Insert(clienttest.Update{Label: "bob@example.org", Values: [][]byte{keys("b")}})
	w.dir.Insert()
	c := w.with(func(c *client.Config) { c.Policy = w.dir.Policy("all") })
	w.dir.ShowLog(4)
	pos := w.insert("evil")
	r, err := c.Lookup(bg, alice, nil)
	if err != nil || r.Witness.Settled {
		t.Fatalf("%+v, %v", r, err)
	}
	w.dir.ChangeLeaf(pos)
	w.dir.Tick(4, time.Second)
	for _, label := range []string{"bob@example.org", "bob@example.org"} {
		if r, err = c.Lookup(bg, label, nil); err != nil || r.Witness.Settled {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	// Without a policy nobody is asked, and nothing is forgotten.
	if r := w.lookup("bob@example.org"); r.Witness != nil {
		t.Errorf("%+v", r.Witness)
	}
	w.dir.ShowWholeLog()
	_, err = c.Lookup(bg, "bob@example.org", nil)
	w.checkEntry(wantKind(t, err, client.Misbehaved, "another log entry 4").Evidence, pos)
}

// TestPolicyStoredLater stores a policy that was given to an operation before.
func TestPolicyStoredLater(t *testing.T) {
	w := newWorld(t)
	w.insert("a")
	c := w.with(func(c *client.Config) { c.Policy = w.dir.Policy("all") })
	if _, err := c.Lookup(bg, alice, nil); err != nil {
		t.Fatal(err)
	}
	r := w.trustPolicy(w.dir.Policy("all"))
	if !r.PolicyStored || r.PolicyReplaced || r.Policy == nil {
		t.Errorf("%+v", r)
	}
	if s := w.stored(); s == nil || s.Once {
		t.Errorf("stored as %+v", s)
	}
}

// TestFutureEntriesOnceOnly has a directory show a new future entry at each contact:
// the oldest one counts.
func TestFutureEntriesOnceOnly(t *testing.T) {
	w := newWorld(t)
	w.dir.Configuration().MaxAhead = uint64((1000 * time.Hour).Milliseconds())
	w.dir.Insert()
	w.root = t.TempDir()
	w.c = w.trust()
	w.insert("a")
	w.trustPolicy(w.dir.Policy("all"))
	w.dir.ShowLog(w.dir.Size())
	now := w.dir.Clock.Now()
	w.dir.Clock.Add(500 * time.Hour)
	for later := time.Duration(0); ; later += 4 * time.Minute {
		w.insert("evil")
		c := w.with(func(c *client.Config) { c.Now = func() time.Time { return now.Add(later) } })
		_, err := c.Lookup(bg, alice, nil)
		if later > 10*time.Minute {
			wantKind(t, err, client.Undecided, "more than 10m0s ago")
			return
		}
		if client.KindOf(err) != 0 {
			t.Fatalf("after %v: %v", later, err)
		}
	}
}

// TestAnotherPolicyEachTime has what one policy left pending settled under another.
func TestAnotherPolicyEachTime(t *testing.T) {
	w := newWorld(t)
	w.insert("a")
	w.dir.Insert(clienttest.Update{Label: "bob@example.org", Values: [][]byte{keys("b")}})
	w.dir.Insert()
	under := func(quorum string) *client.Client {
		return w.with(func(c *client.Config) { c.Policy = w.dir.Policy(quorum) })
	}
	w.dir.ShowLog(4)
	pos := w.insert("evil")
	if _, err := under("all").Lookup(bg, alice, nil); err != nil {
		t.Fatal(err)
	}
	kept := w.stored().Checkpoint
	w.dir.Tick(4, time.Second)
	if _, err := under("any").Lookup(bg, "bob@example.org", nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(w.stored().positions(), pos) || !bytes.Equal(w.stored().Checkpoint, kept) {
		t.Errorf("%+v", w.stored())
	}
	before := w.readState()
	if again, err := client.RecodeState([]byte(before)); err != nil || string(again) != before {
		t.Errorf("%v\n%s\n%s", err, before, again)
	}
	w.dir.ChangeLeaf(pos)
	w.dir.ShowWholeLog()
	_, err := under("any").Lookup(bg, "bob@example.org", nil)
	w.checkEntry(wantKind(t, err, client.Misbehaved, "another log entry 4").Evidence, pos)
}
