package account

import (
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// TestClaimed begins with an announcement of which nothing before is known: the account
// key that it names is claimed until it has signed a version.
func TestClaimed(t *testing.T) {
	one, two := signer(t, Ed25519, "one"), signer(t, P256, "two")
	for _, next := range []struct {
		name    string
		version func(c *chain) Version
		want    Status
		claimed bool
	}{
		{"announced again", func(c *chain) Version { return c.read(c.announce(withKey(t, keys("a"), one), two)) }, Announced, true},
		{"signed by it", func(c *chain) Version { return c.read(c.sign(keys("b"), one, nil)) }, Signed, false},
		{"rotated", func(c *chain) Version { return c.read(c.sign(keys("b"), two, one)) }, Rotated, false},
		{"reset", func(c *chain) Version { return c.read(c.sign(keys("b"), two, nil)) }, Reset, false},
		{"keyless", func(c *chain) Version { return c.read(keys("b")) }, Unsigned, true},
	} {
		state, _ := Follow(nil, Missing("a", 6, commitmentOf(6)))
		c := &chain{t: t, label: "a", next: 7, last: commitmentOf(6), state: &state}
		c.append(c.announce(withKey(t, keys("a"), one), two), Unchecked)
		if !c.state.Claimed || *c.state.Key != keyOf(t, one) {
			t.Fatalf("%+v", c.state)
		}
		v := next.version(c)
		if state, status := Follow(c.state, v); status != next.want || state.Claimed != next.claimed {
			t.Errorf("%s: %q, %+v", next.name, status, state)
		}
		if got := v.RotatedFrom(keyOf(t, one)); got != (next.want == Rotated) {
			t.Errorf("%s: rotated %v", next.name, got)
		}
	}
}

// read returns what a set would be as the next version.
func (c *chain) read(set keyset.Set) Version {
	v, err := Read(c.label, c.link().Version, commitmentOf(int(c.link().Version)), set)
	fatalIfErr(c.t, err)
	return v
}
