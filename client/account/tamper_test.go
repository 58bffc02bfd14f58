package account

import (
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// TestEveryByte changes every byte of every version of a history, in three
// ways. No version stands with any change: either the value is no key set any
// more, or it is Unsigned.
func TestEveryByte(t *testing.T) {
	one, two, three := signer(t, Ed25519, "one"), signer(t, P256, "two"), signer(t, Ed25519, "three")
	c := &chain{t: t, label: "alice@example.org"}
	last := with(keys("d"), 0xff00, []byte("kept"))
	for _, step := range []struct {
		make func() keyset.Set
		want Status
	}{
		{func() keyset.Set { return c.sign(keys("a"), one, nil) }, Established},
		{func() keyset.Set { return c.sign(keys("b"), one, nil) }, Signed},
		{func() keyset.Set { return c.sign(keys("c"), two, one) }, Rotated},
		{func() keyset.Set { last = c.sign(last, two, nil); return last }, Signed},
		{func() keyset.Set { return c.announce(last, three) }, Announced},
		{func() keyset.Set { return c.sign(keys("e"), three, nil) }, Reset},
	} {
		set := step.make()
		c.tamper(set, step.want)
		c.append(set, step.want)
	}
}

func (c *chain) tamper(set keyset.Set, want Status) {
	c.t.Helper()
	value, err := set.Marshal()
	fatalIfErr(c.t, err)
	parsed := 0
	for i := range value {
		for _, mask := range []byte{1, 0x80, 0xff} {
			changed := append([]byte(nil), value...)
			changed[i] ^= mask
			other, err := keyset.Parse(changed)
			if err != nil {
				continue
			}
			parsed++
			v, _ := Read(c.label, c.next, [HashSize]byte{9}, other)
			state, got := Follow(c.state, v)
			if got != Unsigned {
				c.t.Errorf("version %d (%s), byte %d with %#x: %q", c.next, want, i, mask, got)
			}
			if c.state != nil && (*state.Key != *c.state.Key || state.Body != c.state.Body || state.Announced != nil) {
				c.t.Errorf("version %d (%s), byte %d with %#x changes the state", c.next, want, i, mask)
			}
		}
	}
	if parsed < 200 {
		c.t.Errorf("version %d: only %d changes give a key set", c.next, parsed)
	}
}

// TestEveryByteOfAttestation does so with an attestation.
func TestEveryByteOfAttestation(t *testing.T) {
	for _, a := range []Algorithm{Ed25519, P256} {
		private := signer(t, a, "one")
		key := keyOf(t, private)
		line, err := Attest(private, testAttestation())
		fatalIfErr(t, err)
		for i := range line {
			for _, other := range []byte{'A', 'B', '/', '=', '\n', ' ', line[i] ^ 1} {
				changed := []byte(line)
				changed[i] = other
				if string(changed) == line {
					continue
				}
				if got, err := VerifyAttestation("alice@example.org", key, string(changed)); err == nil {
					t.Errorf("%v: with %q at %d: %+v", a, other, i, got)
				}
			}
		}
	}
}
