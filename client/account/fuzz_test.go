package account

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// FuzzFollow puts any value after a history: none stands but those that the
// owner signed for that place, and whatever it is, it changes no key.
func FuzzFollow(f *testing.F) {
	one, two := signer(f, Ed25519, "one"), signer(f, P256, "two")
	c := &chain{t: f, label: "alice@example.org"}
	last := c.sign(keys("a"), one, nil)
	c.append(last, Established)
	made := make(map[string]bool)
	for _, set := range []keyset.Set{c.sign(keys("b"), one, nil), c.sign(keys("b"), two, one), c.announce(last, two)} {
		value, err := set.Marshal()
		fatalIfErr(f, err)
		made[string(value)] = true
		f.Add(value)
	}
	bare, err := keys("b").Marshal()
	fatalIfErr(f, err)
	f.Add(bare)
	f.Fuzz(func(t *testing.T, value []byte) {
		v := Foreign(c.label, c.next, Hash{9})
		if set, err := keyset.Parse(value); err == nil {
			v, _ = Read(c.label, c.next, Hash{9}, set)
		}
		state, status := Follow(c.state, v)
		if made[string(value)] {
			return
		}
		if status != Unsigned || *state.Key != *c.state.Key || state.Stood != c.state.Stood || state.Announced != nil {
			t.Errorf("%q, %+v", status, state)
		}
		checkFirstContact(t, v)
	})
}

// checkFirstContact holds what is believed without a history to the least that
// it needs.
func checkFirstContact(t *testing.T, v Version) {
	state, status := Follow(nil, v)
	switch status {
	case None:
		if v.Key != nil || state.Key != nil {
			t.Errorf("no account key, but %v", v.Key)
		}
	case Unchecked:
		if state.Key == nil || state.From != v.Number {
			t.Errorf("%+v", state)
		}
	case Unsigned:
		if state.Key != nil {
			t.Errorf("unsigned, and %v is believed", state.Key)
		}
	default:
		t.Errorf("first contact: %q", status)
	}
}

func FuzzKey(f *testing.F) {
	for _, a := range []Algorithm{Ed25519, P256} {
		k := keyOf(f, signer(f, a, "one"))
		f.Add(k.String(), k.encode())
	}
	f.Add("ed25519:", []byte{1, 1, 0})
	f.Fuzz(func(t *testing.T, text string, encoded []byte) {
		if k, err := ParseKey(text); err == nil && k.String() != text {
			t.Errorf("%q is read as %v", text, k)
		}
		k, err := parseKey(encoded)
		if err == nil && !bytes.Equal(k.encode(), encoded) {
			t.Errorf("%x is read as %v", encoded, k)
		}
		if err != nil && !errors.Is(err, errMalformed) && !errors.Is(err, errKey) && !errors.Is(err, ErrAlgorithm) {
			t.Errorf("%x: %v", encoded, err)
		}
	})
}

// FuzzSignature: the one signature of a message is the only value that verifies.
func FuzzSignature(f *testing.F) {
	private, s := signer(f, P256, "one"), testStatement(KindVersion)
	key := keyOf(f, private)
	good, err := s.Sign(private)
	fatalIfErr(f, err)
	f.Add(good)
	f.Add(append([]byte{0x30, 0x81, good[1]}, good[2:]...))
	f.Fuzz(func(t *testing.T, signature []byte) {
		if err := s.Verify(key, signature); err == nil && !bytes.Equal(signature, good) {
			t.Errorf("%x verifies as well", signature)
		}
		if r, n, ok := parseECDSA(signature); ok && !bytes.Equal(encodeECDSA(r, n), signature) {
			t.Errorf("%x is not the encoding of what it is read as", signature)
		}
	})
}

func FuzzAttestation(f *testing.F) {
	private := signer(f, Ed25519, "one")
	good, err := Attest(private, testAttestation())
	fatalIfErr(f, err)
	f.Add(good)
	f.Fuzz(func(t *testing.T, line string) {
		if a, err := VerifyAttestation("alice@example.org", keyOf(t, private), line); err == nil && line != good {
			t.Errorf("%q verifies: %+v", line, a)
		}
	})
}

func FuzzPrivate(f *testing.F) {
	for _, a := range []Algorithm{Ed25519, P256} {
		file, err := MarshalPrivate(signer(f, a, "one"))
		fatalIfErr(f, err)
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		private, err := ParsePrivate(file)
		if err != nil {
			return
		}
		again, err := MarshalPrivate(private)
		fatalIfErr(t, err)
		back, err := ParsePrivate(again)
		if err != nil || keyOf(t, back) != keyOf(t, private) {
			t.Errorf("%q: written and read again: %v", file, err)
		}
	})
}

// FuzzState: what a client reads from its own file is written back the same.
func FuzzState(f *testing.F) {
	c := &chain{t: f, label: "a"}
	last := c.sign(keys("a"), signer(f, Ed25519, "one"), nil)
	c.append(last, Established)
	c.append(c.announce(last, signer(f, P256, "two")), Announced)
	data, err := json.Marshal(c.state)
	fatalIfErr(f, err)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		var s, back State
		if json.Unmarshal(data, &s) != nil {
			return
		}
		again, err := json.Marshal(s)
		fatalIfErr(t, err)
		fatalIfErr(t, json.Unmarshal(again, &back))
		twice, err := json.Marshal(back)
		fatalIfErr(t, err)
		if !bytes.Equal(again, twice) {
			t.Errorf("%s, then %s", again, twice)
		}
	})
}
