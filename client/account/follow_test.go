package account

import (
	"crypto"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// chain makes versions of one label and follows them.
type chain struct {
	t     testing.TB
	label string
	next  uint32
	last  [HashSize]byte
	state *State
}

func (c *chain) link() Link {
	if c.next == 0 {
		return Link{Label: c.label}
	}
	previous := c.last
	return Link{c.label, c.next, &previous}
}

func (c *chain) sign(set keyset.Set, by, previous crypto.Signer) keyset.Set {
	c.t.Helper()
	set, err := Sign(set, c.link(), by, previous)
	fatalIfErr(c.t, err)
	return set
}

func (c *chain) announce(set keyset.Set, key crypto.Signer) keyset.Set {
	c.t.Helper()
	set, err := Announce(set, c.link(), key)
	fatalIfErr(c.t, err)
	return set
}

// append follows one more version and checks its status.
func (c *chain) append(set keyset.Set, want Status) {
	c.t.Helper()
	commitment := [HashSize]byte{1, byte(c.next), byte(c.next >> 8)}
	v, _ := Read(c.label, c.next, commitment, set)
	state, status := Follow(c.state, v)
	if status != want {
		c.t.Fatalf("version %d is %q, want %q", c.next, status, want)
	}
	c.state, c.last, c.next = &state, commitment, c.next+1
}

func TestLife(t *testing.T) {
	for _, a := range []Algorithm{Ed25519, P256} {
		c := &chain{t: t, label: "alice@example.org"}
		one, two, three := signer(t, a, "one"), signer(t, P256, "two"), signer(t, Ed25519, "three")
		c.append(c.sign(keys("phone"), one, nil), Established)
		c.append(c.sign(keys("new phone"), one, nil), Signed)
		c.append(keys("ghost"), Unsigned)
		c.append(c.sign(keys("laptop"), one, nil), Signed)
		c.append(c.sign(keys("laptop"), two, one), Rotated)
		last := c.sign(keys("desk"), two, nil)
		c.append(last, Signed)
		c.append(c.announce(last, three), Announced)
		c.append(c.sign(keys("other"), three, nil), Reset)
		c.append(c.sign(keys("more"), three, nil), Signed)
	}
}
