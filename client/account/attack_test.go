package account

import (
	"crypto"
	"errors"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// established returns a chain whose version 0 has key one.
func established(t *testing.T) *chain {
	c := &chain{t: t, label: "alice@example.org"}
	c.append(c.sign(keys("phone"), signer(t, Ed25519, "one"), nil), Established)
	return c
}

// elsewhere follows set in place of the next version, at another place.
func (c *chain) elsewhere(set keyset.Set, label string, number uint32, want Status) {
	c.t.Helper()
	v, _ := Read(label, number, [HashSize]byte{9}, set)
	if _, status := Follow(c.state, v); status != want {
		c.t.Errorf("%s version %d is %q, want %q", label, number, status, want)
	}
}

// TestReplayed puts a signed version where it was not signed for.
func TestReplayed(t *testing.T) {
	one := signer(t, Ed25519, "one")
	c := established(t)
	first := c.sign(keys("old phone"), one, nil)
	c.append(first, Signed)
	c.append(first, Unsigned)
	c.append(c.sign(keys("new phone"), one, nil), Signed)
	c.append(first, Unsigned)
	c.append(keyset.Set{}, Unsigned)
	c.append(c.sign(keys("newer phone"), one, nil), Signed)

	next := c.sign(keys("next"), one, nil)
	c.elsewhere(next, c.label, c.next, Signed)
	c.elsewhere(next, "bob@example.org", c.next, Unsigned)
	c.elsewhere(next, "", c.next, Unsigned)
	c.elsewhere(next, c.label, c.next-1, Unsigned) // out of order
	c.elsewhere(next, c.label, c.next+1, Unsigned)

	// Signed for this number, but after another version before it.
	link := c.link()
	other := [HashSize]byte{7}
	link.Previous = &other
	forked, err := Sign(keys("next"), link, one, nil)
	fatalIfErr(t, err)
	c.elsewhere(forked, c.label, c.next, Unsigned)
}

// TestOrderChanged: of versions that the owner signed, none stands in another
// order, and none when one before it is left out.
func TestOrderChanged(t *testing.T) {
	one := signer(t, Ed25519, "one")
	c := established(t)
	start := *c
	second := c.sign(keys("b"), one, nil)
	c.append(second, Signed)
	third := c.sign(keys("c"), one, nil)
	c.append(third, Signed)

	start.append(third, Unsigned)
	start.append(second, Unsigned)
}

// TestKeyRemoved: an account key cannot be dropped, exchanged for a key that
// signs by itself, or kept by name only.
func TestKeyRemoved(t *testing.T) {
	one, two := signer(t, Ed25519, "one"), signer(t, P256, "two")
	c := established(t)
	signed := c.sign(keys("a"), one, nil)
	v := Foreign(c.label, c.next, [HashSize]byte{9})
	if _, status := Follow(c.state, v); status != Unsigned {
		t.Errorf("a value that is no key set: %q", status)
	}
	c.elsewhere(keys("a"), c.label, c.next, Unsigned)
	c.elsewhere(unsigned(signed), c.label, c.next, Unsigned)
	c.elsewhere(c.sign(keys("a"), two, nil), c.label, c.next, Unsigned)
	c.append(keys("a"), Unsigned)
	// Whoever removed it cannot establish another one.
	c.append(c.sign(keys("a"), two, nil), Unsigned)
	c.append(c.sign(keys("a"), two, nil), Unsigned)
	c.append(c.sign(keys("b"), one, nil), Signed)
}

// splice returns set with the account signature of other.
func splice(set, other keyset.Set) keyset.Set {
	data, _ := other.Extension(keyset.ExtensionAccountSignature)
	return with(unsigned(set), keyset.ExtensionAccountSignature, data)
}

// respell returns set with parts of its account signature changed.
func respell(t *testing.T, set keyset.Set, change func(v *Version)) keyset.Set {
	t.Helper()
	v, err := Read("alice@example.org", 1, [HashSize]byte{}, set)
	fatalIfErr(t, err)
	change(&v)
	data := append([]byte(nil), v.previous[:]...)
	data = append(append(data, byte(len(v.signature))), v.signature...)
	data = append(append(data, byte(len(v.byPrevious))), v.byPrevious...)
	return with(set, keyset.ExtensionAccountSignature, data)
}

func TestRotationSpliced(t *testing.T) {
	one, two, three := signer(t, Ed25519, "one"), signer(t, P256, "two"), signer(t, Ed25519, "three")
	c := established(t)
	good := c.sign(keys("a"), two, one)
	byThree := c.sign(keys("a"), three, one)
	plain := c.sign(keys("a"), one, nil)
	for name, bad := range map[string]keyset.Set{
		"another rotation's signatures": splice(good, byThree),
		"a signed version's":            splice(good, plain),
		"by the wrong old key":          c.sign(keys("a"), two, three),
		"the old key's removed":         respell(t, good, func(v *Version) { v.byPrevious = nil }),
		"the new key's twice":           respell(t, good, func(v *Version) { v.byPrevious = v.signature }),
		"the old key's twice":           respell(t, good, func(v *Version) { v.signature = v.byPrevious }),
		"exchanged":                     respell(t, good, func(v *Version) { v.signature, v.byPrevious = v.byPrevious, v.signature }),
		"old key kept, signed twice":    respell(t, plain, func(v *Version) { v.byPrevious = v.signature }),
		"to a key without its consent":  withKey(t, good, three),
	} {
		c.elsewhere(bad, c.label, c.next, Unsigned)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	c.elsewhere(good, c.label, c.next, Rotated)
	c.append(good, Rotated)
	c.append(c.sign(keys("b"), one, nil), Unsigned) // the old key has no say any more
	c.append(c.sign(keys("b"), one, two), Rotated)  // unless it is rotated back to
}

func withKey(t *testing.T, set keyset.Set, s crypto.Signer) keyset.Set {
	return with(set, keyset.ExtensionAccountKey, keyOf(t, s).encode())
}

// TestRotationIsNoReset: a rotation to the announced key does not become a reset
// when the old key's signature is taken from it, nor a reset a rotation.
func TestRotationIsNoReset(t *testing.T) {
	one, two := signer(t, Ed25519, "one"), signer(t, Ed25519, "two")
	c := established(t)
	last := c.sign(keys("a"), one, nil)
	c.append(last, Signed)
	c.append(c.announce(last, two), Announced)
	rotation, reset := c.sign(keys("b"), two, one), c.sign(keys("b"), two, nil)
	c.elsewhere(rotation, c.label, c.next, Rotated)
	c.elsewhere(reset, c.label, c.next, Reset)
	c.elsewhere(respell(t, rotation, func(v *Version) { v.byPrevious = nil }), c.label, c.next, Unsigned)
	c.elsewhere(respell(t, reset, func(v *Version) { v.byPrevious = v.signature }), c.label, c.next, Unsigned)
}

func TestAnnouncements(t *testing.T) {
	one, two, three := signer(t, Ed25519, "one"), signer(t, P256, "two"), signer(t, Ed25519, "three")
	c := established(t)
	last := c.sign(keys("a"), one, nil)
	c.append(last, Signed)
	more := last
	more.Keys = append(append([]keyset.Key(nil), last.Keys...), keys("ghost").Keys...)
	renamed := last
	renamed.Keys = []keyset.Key{last.Keys[0]}
	renamed.Keys[0].Name = "other"
	extended := with(last, 0xff00, []byte("x"))
	for _, bad := range []keyset.Set{
		c.announce(more, two), c.announce(renamed, two), c.announce(extended, two),
		c.announce(withKey(t, last, three), two),
	} {
		c.elsewhere(bad, c.label, c.next, Unsigned)
	}
	announcement := c.announce(last, two)
	data, _ := announcement.Extension(keyset.ExtensionResetAnnouncement)
	signature, _ := last.Extension(keyset.ExtensionAccountSignature)
	c.elsewhere(with(announcement, keyset.ExtensionAccountSignature, signature), c.label, c.next, Unsigned)
	c.elsewhere(with(with(keys("ghost"), keyset.ExtensionAccountKey, keyOf(t, one).encode()), keyset.ExtensionResetAnnouncement, data), c.label, c.next, Unsigned)

	c.append(announcement, Announced)
	c.append(announcement, Unsigned)                  // replayed
	c.append(c.sign(keys("b"), two, nil), Unsigned)   // not right after it any more
	c.append(c.announce(last, two), Announced)        // again
	c.append(c.sign(keys("b"), three, nil), Unsigned) // to another key
	c.append(c.announce(last, two), Announced)        // again
	c.append(c.announce(last, three), Announced)      // of another key: counts instead
	c.elsewhere(c.sign(keys("b"), two, nil), c.label, c.next, Unsigned)
	c.append(c.sign(keys("c"), one, nil), Signed) // cancelled
	c.append(c.sign(keys("b"), three, nil), Unsigned)
	c.append(c.announce(c.sign(keys("c"), one, nil), three), Announced)
	c.append(c.sign(keys("d"), three, nil), Reset)
	c.append(c.sign(keys("e"), one, nil), Unsigned) // the old key is of no use any more
	c.append(c.sign(keys("e"), three, nil), Signed)
}

// TestUnsignedKeysAnnounced: an announcement does not make the keys of an
// unsigned version stand, which is what the directory would want of it.
func TestUnsignedKeysAnnounced(t *testing.T) {
	c := established(t)
	ghost := withKey(t, keys("ghost"), signer(t, Ed25519, "one"))
	c.append(ghost, Unsigned)
	c.append(c.announce(ghost, signer(t, Ed25519, "two")), Unsigned)
	c.append(c.announce(withKey(t, keys("phone"), signer(t, Ed25519, "one")), signer(t, Ed25519, "two")), Announced)
}

// TestKeptBack: a directory says that a version is erased, to put its own key
// in place of the account key, or to go back to one that was rotated away.
func TestKeptBack(t *testing.T) {
	one, two := signer(t, Ed25519, "one"), signer(t, Ed25519, "two")
	gap := func() *chain {
		c := established(t)
		c.last = [HashSize]byte{5}
		state, status := Follow(c.state, Missing(c.label, c.next, c.last))
		if status != Unknown || !state.Incomplete {
			t.Fatalf("%q, %+v", status, state)
		}
		c.state, c.next = &state, c.next+1
		return c
	}
	c := gap()
	c.append(c.sign(keys("a"), two, nil), Unconnected)
	c.append(c.sign(keys("a"), two, nil), Unconnected)
	c.append(c.announce(withKey(t, keys("ghost"), one), two), Unconnected)
	c.append(keys("a"), Unsigned)
	c.append(c.sign(keys("a"), one, nil), Unchecked)
	c.append(c.sign(keys("b"), one, nil), Signed)
	c = gap()
	c.append(c.sign(keys("a"), two, one), Unchecked)
	c.append(c.sign(keys("b"), two, nil), Signed)
	c = gap()
	c.append(c.announce(withKey(t, keys("phone"), one), two), Unchecked)
	c.append(c.sign(keys("b"), two, nil), Reset)

	// Left out without a word.
	c = established(t)
	c.next, c.last = 7, [HashSize]byte{}
	v, err := Read(c.label, 7, [HashSize]byte{5}, respell(t, c.signAt(7, keys("a")), func(*Version) {}))
	fatalIfErr(t, err)
	if state, status := Follow(c.state, v); status != Unchecked || state.From != 7 || state.Since != 0 {
		t.Errorf("after a gap: %q, %+v", status, state)
	}
}

func (c *chain) signAt(number uint32, set keyset.Set) keyset.Set {
	set, err := Sign(set, Link{c.label, number, &[HashSize]byte{3}}, signer(c.t, Ed25519, "one"), nil)
	fatalIfErr(c.t, err)
	return set
}

// TestFirstContact begins in the middle of a history.
func TestFirstContact(t *testing.T) {
	one := signer(t, Ed25519, "one")
	c := &chain{t: t, label: "alice@example.org", next: 3, last: [HashSize]byte{3}}
	c.append(withKey(t, keys("a"), one), Unsigned)
	c.append(c.sign(keys("a"), one, nil), Unchecked)
	if c.state.From != 4 || c.state.Since != 4 || c.state.Incomplete {
		t.Errorf("%+v", c.state)
	}
	c.append(c.sign(keys("a"), one, nil), Signed)

	c = &chain{t: t, label: "alice@example.org", next: 3, last: [HashSize]byte{3}}
	c.append(keys("a"), None)
	c.append(c.sign(keys("a"), one, nil), Established)
	if c.state.From != 3 || c.state.Since != 4 {
		t.Errorf("%+v", c.state)
	}
}

func TestUnknownAlgorithm(t *testing.T) {
	c := established(t)
	set := with(c.sign(keys("a"), signer(t, Ed25519, "one"), nil), keyset.ExtensionAccountKey, []byte{9, 1, 'x'})
	if _, err := Read(c.label, c.next, [HashSize]byte{9}, set); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("error %v", err)
	}
	c.append(set, Unsigned)
}
