package account

import (
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// TestSecondSignature: a second signature is of a rotation, by the key before.
// These are made by who holds the keys that sign, not spliced.
func TestSecondSignature(t *testing.T) {
	one, two, three := signer(t, Ed25519, "one"), signer(t, P256, "two"), signer(t, Ed25519, "three")
	c := established(t)
	// Signed twice by the same key, over a rotation.
	set := withKey(t, keys("a"), one)
	body, err := Body(set)
	fatalIfErr(t, err)
	s := Statement{Kind: KindRotation, Label: c.label, Version: c.next, Previous: c.last, Body: body}
	signature, err := s.Sign(one)
	fatalIfErr(t, err)
	twice := slices.Concat(c.last[:], []byte{64}, signature, []byte{64}, signature)
	c.elsewhere(with(set, keyset.ExtensionAccountSignature, twice), c.label, c.next, Unsigned)

	// To the announced key, but from a key that was never the label's.
	c.append(c.announce(c.sign(keys("phone"), one, nil), two), Announced)
	c.elsewhere(c.sign(keys("b"), two, three), c.label, c.next, Unsigned)
	c.elsewhere(c.sign(keys("b"), two, nil), c.label, c.next, Reset)

	// The first key of a label has no key before it.
	c = &chain{t: t, label: "alice@example.org"}
	c.append(keys("a"), None)
	c.elsewhere(c.sign(keys("a"), one, two), c.label, c.next, Unsigned)
	c.elsewhere(c.sign(keys("a"), one, nil), c.label, c.next, Established)
}

// TestAnnouncementMisplaced announces after another version than the one before.
func TestAnnouncementMisplaced(t *testing.T) {
	c := established(t)
	last := c.sign(keys("phone"), signer(t, Ed25519, "one"), nil)
	good := c.announce(last, signer(t, P256, "two"))
	c.elsewhere(good, c.label, c.next, Announced)
	c.last[31]++
	c.elsewhere(c.announce(last, signer(t, P256, "two")), c.label, c.next, Unsigned)
}

// TestSignedAgain signs a set that has account extensions already.
func TestSignedAgain(t *testing.T) {
	c := established(t)
	announced := c.announce(c.sign(keys("phone"), signer(t, Ed25519, "one"), nil), signer(t, P256, "two"))
	c.append(c.sign(announced, signer(t, Ed25519, "one"), nil), Signed)
}

// TestOutOfOrder: what is not after a state does not change it.
func TestOutOfOrder(t *testing.T) {
	c := established(t)
	c.append(c.sign(keys("a"), signer(t, Ed25519, "one"), nil), Signed)
	for _, v := range []Version{
		Missing(c.label, 1, Hash{8}), Foreign(c.label, 0, Hash{8}), Missing(c.label, 0, Hash{}),
	} {
		if state, status := Follow(c.state, v); status != Unsigned || state != *c.state {
			t.Errorf("version %d again: %q, %+v", v.Number, status, state)
		}
	}
}

// TestCommitmentForgotten: a caller that does not give a commitment gets no
// version to stand after it.
func TestCommitmentForgotten(t *testing.T) {
	one := signer(t, Ed25519, "one")
	set, err := Sign(keys("a"), Link{Label: "a"}, one, nil)
	fatalIfErr(t, err)
	v, err := Read("a", 0, Hash{}, set)
	fatalIfErr(t, err)
	state, status := Follow(nil, v)
	if status != Established {
		t.Fatalf("%q", status)
	}
	if set, err = Sign(keys("b"), Link{"a", 1, &[HashSize]byte{1}}, one, nil); err != nil {
		t.Fatal(err)
	}
	v, err = Read("a", 1, Hash{2}, set)
	fatalIfErr(t, err)
	if _, status := Follow(&state, v); status != Unsigned {
		t.Errorf("%q", status)
	}
}

// TestNotCanonicalY is every y that has two encodings in 255 bits, with both
// signs, in the encoding that is not canonical.
func TestNotCanonicalY(t *testing.T) {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	for y := range int64(19) {
		encoded := new(big.Int).Add(p, big.NewInt(y)).FillBytes(make([]byte, 32))
		slices.Reverse(encoded)
		for _, sign := range []byte{0, 0x80} {
			encoded[31] = encoded[31]&0x7f | sign
			if err := (Key{Ed25519, string(encoded)}).Check(); !errors.Is(err, errKey) {
				t.Errorf("%x: %v", encoded, err)
			}
		}
	}
}
