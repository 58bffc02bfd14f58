package account

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// TestStateText is the form in which clients keep a state: it must stay
// readable.
func TestStateText(t *testing.T) {
	c := &chain{t: t, label: "a"}
	last := c.sign(keys("a"), signer(t, Ed25519, "one"), nil)
	c.append(last, Established)
	c.append(c.announce(last, signer(t, P256, "two")), Announced)
	got, err := json.Marshal(c.state)
	fatalIfErr(t, err)
	want := `{"version":1,"commitment":"0101` + strings.Repeat("0", 60) + `","key":"ed25519:` +
		keyOf(t, signer(t, Ed25519, "one")).String()[8:] + `","announced":"p256:` +
		keyOf(t, signer(t, P256, "two")).String()[5:] + `","stood":1,"body":"` + c.state.Body.String() + `"}`
	if string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, bad := range []string{
		`{"key":"ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, // the identity
		`{"key":"rsa:AAAA"}`, `{"key":""}`, `{"commitment":"00"}`, `{"version":-1}`, `{"version":4294967296}`,
	} {
		var s State
		if err := json.Unmarshal([]byte(bad), &s); err == nil {
			t.Errorf("%s is read as %+v", bad, s)
		}
	}
}

// TestMalformed is every form of account extension that makes no sense by
// itself, whatever the keys and signatures are.
func TestMalformed(t *testing.T) {
	one, two := signer(t, Ed25519, "one"), signer(t, P256, "two")
	c := &chain{t: t, label: "a"}
	first := c.sign(keys("a"), one, nil)
	c.append(first, Established)
	signed, announced := c.sign(keys("b"), one, nil), c.announce(first, two)
	key, _ := signed.Extension(1)
	signature, _ := signed.Extension(2)
	announcement, _ := announced.Extension(3)
	zeros := append(make([]byte, 32), signature[32:]...)
	long := string(key) + "\x00"
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	more := func(b []byte) []byte { return append(b[:len(b):len(b)], 0) }
	same := append(append(append([]byte(nil), announcement[:32]...), key...), announcement[32+2+33:]...)
	for name, bad := range map[string]struct {
		number                       uint32
		key, signature, announcement []byte
	}{
		"signature without key":       {1, nil, signature, nil},
		"announcement without key":    {1, nil, nil, announcement},
		"both":                        {1, key, signature, announcement},
		"empty key":                   {1, []byte{}, signature, nil},
		"key cut":                     {1, cut(key), signature, nil},
		"key with more":               {1, []byte(long), signature, nil},
		"algorithm 0":                 {1, append([]byte{0}, key[1:]...), signature, nil},
		"empty signature extension":   {1, key, []byte{}, nil},
		"signature cut":               {1, key, cut(signature), nil},
		"signature with more":         {1, key, more(signature), nil},
		"signature of no bytes":       {1, key, append(append([]byte(nil), signature[:32]...), 0, 0), nil},
		"zeros before version 1":      {1, key, zeros, nil},
		"a commitment before 0":       {0, key, signature, nil},
		"rotation in version 0":       {0, key, append(cut(zeros), 1, 'x'), nil},
		"announcement in version 0":   {0, key, nil, append(make([]byte, 32), announcement[32:]...)},
		"announcement after nothing":  {1, key, nil, append(make([]byte, 32), announcement[32:]...)},
		"announcement cut":            {1, key, nil, cut(announcement)},
		"announcement with more":      {1, key, nil, more(announcement)},
		"announcement of no bytes":    {1, key, nil, []byte{}},
		"announcement of the old key": {1, key, nil, same},
	} {
		set := keys("b")
		for typ, data := range map[uint16][]byte{1: bad.key, 2: bad.signature, 3: bad.announcement} {
			if data != nil {
				set = with(set, typ, data)
			}
		}
		v, err := Read("a", bad.number, [HashSize]byte{9}, set)
		if !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
		if _, status := Follow(nil, v); status != Unsigned {
			t.Errorf("%s, first seen: %q", name, status)
		}
		if state, status := Follow(c.state, v); status != Unsigned || *state.Key != *c.state.Key {
			t.Errorf("%s: %q, %+v", name, status, state)
		}
	}
}

// TestMisuse is what Sign and Announce refuse.
func TestMisuse(t *testing.T) {
	one, two := signer(t, Ed25519, "one"), signer(t, P256, "two")
	at := func(n uint32, previous ...byte) Link {
		l := Link{Label: "a", Version: n}
		if len(previous) > 0 {
			l.Previous = &[HashSize]byte{previous[0]}
		}
		return l
	}
	signed, err := Sign(keys("a"), at(0), one, nil)
	fatalIfErr(t, err)
	for name, f := range map[string]func() error{
		"version 1 without previous": func() error { _, err := Sign(keys("a"), at(1), one, nil); return err },
		"version 1 after zeros":      func() error { _, err := Sign(keys("a"), at(1, 0), one, nil); return err },
		"version 0 with previous":    func() error { _, err := Sign(keys("a"), at(0, 1), one, nil); return err },
		"no label":                   func() error { _, err := Sign(keys("a"), Link{}, one, nil); return err },
		"no signer":                  func() error { _, err := Sign(keys("a"), at(0), nil, nil); return err },
		"rotation in version 0":      func() error { _, err := Sign(keys("a"), at(0), one, two); return err },
		"rotation to the same key":   func() error { _, err := Sign(keys("a"), at(1, 1), one, one); return err },
		"announced in version 0":     func() error { _, err := Announce(signed, at(0), two); return err },
		"announced without a key":    func() error { _, err := Announce(keys("a"), at(1, 1), two); return err },
		"announced as it is":         func() error { _, err := Announce(signed, at(1, 1), one); return err },
		"announced without previous": func() error { _, err := Announce(signed, at(1), two); return err },
		"announced by nobody":        func() error { _, err := Announce(signed, at(1, 1), nil); return err },
	} {
		if err := f(); !errors.Is(err, errUsage) && !errors.Is(err, errKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Sign and Announce leave what they are given as it was.
	before, err := signed.Marshal()
	fatalIfErr(t, err)
	_, err = Sign(signed, at(1, 1), two, one)
	fatalIfErr(t, err)
	_, err = Announce(signed, at(1, 1), two)
	fatalIfErr(t, err)
	if after, _ := signed.Marshal(); string(after) != string(before) {
		t.Error("the set that was given is changed")
	}
}
