package client_test

import (
	"crypto"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

const carol = "carol@example.org"

// validKey returns a made-up X25519 key that is on the curve.
func validKey(name string) keyset.Key {
	return keyset.Key{Format: keyset.FormatX25519, Data: []byte(strings.Repeat(name, 32)), Name: "device " + name}
}

// member returns a member with the devices of keys.
func (w *world) member(label string, names string, ago time.Duration) roster.Member {
	m := roster.Member{Label: label, FirstSeen: w.dir.Clock.Now().Add(-ago)}
	for _, n := range names {
		key := validKey(string(n))
		m.Devices = append(m.Devices, roster.Device{Format: key.Format, Data: key.Data, Fingerprint: key.Fingerprint(), Name: key.Name})
	}
	return m
}

// rosterOf returns a roster of alice and others.
func (w *world) rosterOf(members ...roster.Member) *roster.Roster {
	return &roster.Roster{Conversation: "c", Me: alice, Started: w.dir.Clock.Now(), Members: members}
}

func (w *world) check(r *roster.Roster, opt client.RosterOptions) *client.RosterResult {
	w.Helper()
	out, err := w.c.CheckRoster(w.Context(), r, opt)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// codes returns the errors and warnings about a label, in order.
func codes(r *client.RosterResult, label string) []string {
	var out []string
	for _, f := range r.Findings {
		if f.Label == label && f.Severity != roster.Note {
			out = append(out, string(f.Code))
		}
	}
	slices.Sort(out)
	return out
}

func (w *world) found(r *client.RosterResult, label string, want ...string) {
	w.Helper()
	slices.Sort(want)
	if got := codes(r, label); !slices.Equal(got, want) {
		w.Errorf("%s: found %v, want %v", label, got, want)
		for _, f := range r.Findings {
			if f.Label != label || f.Severity == roster.Note {
				continue
			}
			w.Logf("%s %s %s: %s", f.Severity, f.Code, f.Label, f.Message)
		}
	}
}

func insert(d *clienttest.Directory, label string, values ...[]byte) {
	d.Insert(clienttest.Update{Label: label, Values: values})
}

// oldConversation is a world in which alice and bob published long ago.
func oldConversation(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	insert(w.dir, alice, keys("a"))
	insert(w.dir, bob, keys("b"))
	w.dir.Tick(60, time.Hour)
	return w
}

func TestCheckRosterFine(t *testing.T) {
	w := oldConversation(t)
	r := w.rosterOf(w.member(alice, "a", time.Hour), w.member(bob, "b", time.Hour))
	got := w.check(r, client.RosterOptions{})
	w.found(got, alice)
	w.found(got, bob)
	if got.Exit() != roster.ExitFine || got.Kind() != 0 || got.Verdict.Outcome != client.OutcomeVerified {
		t.Errorf("%+v", got.Verdict)
	}
	if got.Head.TreeSize != w.dir.Size() || got.Stats.Requests == 0 || got.Stats.BytesReceived == 0 || got.Stats.BytesSent == 0 {
		t.Errorf("%+v, %+v", got.Head, got.Stats)
	}
	if len(got.Digest) != 60 || got.NoDigest != "" {
		t.Errorf("digest %q, %s", got.Digest, got.NoDigest)
	}
	contacts, owned, err := w.c.Contacts(bg)
	if err != nil || len(contacts) != 0 || len(owned) != 0 {
		t.Errorf("contacts %v, owned %v, %v", contacts, owned, err)
	}
	if one := w.check(r, client.RosterOptions{OneByOne: true}); one.Digest != got.Digest || one.Exit() != 0 || one.Stats.Requests <= got.Stats.Requests {
		t.Errorf("one by one: %+v", one)
	}
	// Who is shown another version has another digest.
	insert(w.dir, bob, keys("bx"))
	if other := w.check(r, client.RosterOptions{}); other.Digest == got.Digest {
		t.Error("the same digest")
	}
}

// findingTests trigger each finding that rests on the directory, and none else.
var findingTests = []struct {
	name    string
	prepare func(w *world) *roster.Roster
	want    []string // about bob
	exit    int
}{
	{"ghost user, absent", func(w *world) *roster.Roster { return w.rosterOf(w.member("bob@example.org", "b", time.Hour)) }, []string{"ghost-user"}, roster.ExitAbsent},
	{"ghost user, not agreed", func(w *world) *roster.Roster {
		insert(w.dir, bob, keys("b"))
		w.dir.Tick(60, time.Hour)
		r := w.rosterOf(w.member(bob, "b", time.Hour))
		r.Agreed = []string{alice}
		return r
	}, []string{"ghost-user"}, roster.ExitFindings},
	{"ghost device", func(w *world) *roster.Roster {
		insert(w.dir, bob, keys("b"))
		w.dir.Tick(60, time.Hour)
		return w.rosterOf(w.member(bob, "bx", time.Hour))
	}, []string{"ghost-device"}, roster.ExitFindings},
	{"dormant insertion", func(w *world) *roster.Roster {
		insert(w.dir, bob, keys("b"))
		w.dir.Tick(60, time.Hour)
		insert(w.dir, bob, keys("bx"))
		return w.rosterOf(w.member(bob, "b", 2*time.Hour))
	}, []string{"dormant-insertion"}, roster.ExitFindings},
	{"stale key", func(w *world) *roster.Roster {
		insert(w.dir, bob, keys("by"))
		w.dir.Tick(60, time.Hour)
		insert(w.dir, bob, keys("b"))
		w.dir.Tick(60, time.Hour)
		return w.rosterOf(w.member(bob, "by", 100*time.Hour))
	}, []string{"stale-key"}, roster.ExitFindings},
	{"rolled-back key", func(w *world) *roster.Roster {
		insert(w.dir, bob, keys("by"))
		w.dir.Tick(60, time.Hour)
		insert(w.dir, bob, keys("b"))
		w.dir.Tick(60, time.Hour)
		insert(w.dir, bob, keys("by"))
		w.dir.Tick(60, time.Hour)
		return w.rosterOf(w.member(bob, "by", 100*time.Hour))
	}, []string{"rolled-back-key"}, roster.ExitFindings},
	{"transient key", func(w *world) *roster.Roster {
		insert(w.dir, bob, keys("b"))
		w.dir.Tick(60, time.Hour)
		insert(w.dir, bob, keys("bx"))
		w.dir.Tick(3, time.Hour)
		insert(w.dir, bob, keys("b"))
		w.dir.Tick(60, time.Hour)
		return w.rosterOf(w.member(bob, "b", 62*time.Hour))
	}, []string{"transient-key"}, roster.ExitFindings},
	{"just-in-time insertion", func(w *world) *roster.Roster {
		insert(w.dir, bob, keys("b"))
		w.dir.Tick(60, time.Hour)
		insert(w.dir, bob, keys("bx"))
		w.dir.Tick(3, time.Hour)
		return w.rosterOf(w.member(bob, "bx", 2*time.Hour))
	}, []string{"just-in-time-insertion"}, roster.ExitFindings},
	{"identity reset", func(w *world) *roster.Roster {
		a, b := w.signer(), w.signer()
		chain := w.chain(bob)
		chain.sign("b", a, nil)
		w.dir.Tick(60, time.Hour)
		chain.announce(b)
		w.dir.Tick(2, time.Hour)
		chain.sign("b", b, nil)
		w.dir.Tick(60, time.Hour)
		m := w.member(bob, "b", 50*time.Hour)
		m.VerifiedAt = w.dir.Clock.Now().Add(-61 * time.Hour)
		return w.rosterOf(m)
	}, []string{"identity-reset"}, roster.ExitFindings},
	{"unsigned change", func(w *world) *roster.Roster {
		chain := w.chain(bob)
		chain.sign("b", w.signer(), nil)
		w.dir.Tick(60, time.Hour)
		insert(w.dir, bob, keys("b"))
		w.dir.Tick(60, time.Hour)
		return w.rosterOf(w.member(bob, "b", time.Hour))
	}, []string{"unsigned-change"}, roster.ExitFindings},
	{"no key set", func(w *world) *roster.Roster {
		insert(w.dir, bob, []byte("bytes"))
		w.dir.Tick(60, time.Hour)
		return w.rosterOf(w.member(bob, "b", time.Hour))
	}, []string{"could-not-check"}, roster.ExitCouldNotCheck},
}

func TestCheckRosterFindings(t *testing.T) {
	for _, test := range findingTests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			insert(w.dir, alice, keys("a"))
			w.dir.Tick(60, time.Hour)
			r := test.prepare(w)
			for _, plain := range []bool{false, true} {
				w.dir.Plain = plain && test.exit != roster.ExitAbsent
				got := w.check(r, client.RosterOptions{})
				w.found(got, bob, test.want...)
				w.found(got, alice)
				if got.Exit() != test.exit {
					t.Errorf("exit code %d, want %d: %v", got.Exit(), test.exit, got.Verdict)
				}
			}
		})
	}
}

func (w *world) signer() crypto.Signer {
	w.Helper()
	s, err := account.NewSigner(account.Ed25519)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// chain makes signed versions of a label.
type chain struct {
	*world
	label    string
	version  uint32
	previous *[32]byte
	last     keyset.Set
}

func (w *world) chain(label string) *chain { return &chain{world: w, label: label} }

func (c *chain) link() account.Link {
	return account.Link{Label: c.label, Version: c.version, Previous: c.previous}
}

func (c *chain) put(set keyset.Set, err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
	value, err := set.Marshal()
	if err != nil {
		c.Fatal(err)
	}
	insert(c.dir, c.label, value)
	c.version, c.last = c.version+1, set
	commitment := [32]byte(c.dir.Commitment(c.label, c.version-1))
	c.previous = &commitment
}

func (c *chain) sign(names string, by, previous crypto.Signer) {
	c.Helper()
	c.put(account.Sign(parsed(keys(names)), c.link(), by, previous))
}

func (c *chain) announce(newKey crypto.Signer) {
	c.Helper()
	c.put(account.Announce(c.last, c.link(), newKey))
}

func parsed(value []byte) keyset.Set {
	set, err := keyset.Parse(value)
	if err != nil {
		panic(fmt.Sprint("a made-up key set: ", err))
	}
	return set
}
