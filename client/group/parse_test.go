package group

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
)

func encoded(t testing.TB) []byte {
	t.Helper()
	g, err := Create(name, labelOf("alice"), signer(t, "alice"), person(t, "bob"), person(t, "peter"))
	fatalIfErr(t, err)
	data, err := g.Marshal()
	fatalIfErr(t, err)
	return data
}

// The vector: version 0 by alice with bob and peter, who has a key on P-256, and
// version 1 in which peter adds carol and has another key.
func TestVector(t *testing.T) {
	file, err := os.ReadFile("testdata/group.txt")
	fatalIfErr(t, err)
	var values [][]byte
	for line := range strings.Lines(string(file)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			b, err := hex.DecodeString(line)
			fatalIfErr(t, err)
			values = append(values, b)
		}
	}
	if !bytes.Equal(values[0], encoded(t)) {
		t.Fatalf("version 0 is\n%x", encoded(t))
	}
	s := team(t)
	g, err := s.Next(name, labelOf("peter"), signer(t, "peter"), Changes{Add: []Person{person(t, "carol")}, NewKey: signer(t, "p peter's tablet")})
	fatalIfErr(t, err)
	second, err := g.Marshal()
	fatalIfErr(t, err)
	if !bytes.Equal(values[1], second) {
		t.Fatalf("version 1 is\n%x", second)
	}
}

// Whatever bit is changed, the version does not stand.
func TestEveryBitCounts(t *testing.T) {
	data := encoded(t)
	for i := range 8 * len(data) {
		changed := bytes.Clone(data)
		changed[i/8] ^= 1 << (i % 8)
		g, err := Parse(changed)
		if err != nil {
			continue
		}
		if _, _, err := Follow(nil, Version{Label: name, Commitment: commitment(0), Group: &g}); !errors.Is(err, ErrUnsigned) {
			t.Errorf("bit %d does not matter: %v", i, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	data := encoded(t)
	if !Is(data) || Is([]byte("GLKS")) || Is(nil) {
		t.Error("Is does not tell groups from others")
	}
	for n := range data {
		if _, err := Parse(data[:n]); !errors.Is(err, errMalformed) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
	members := func(change func(*Group)) []byte {
		g, err := Parse(data)
		fatalIfErr(t, err)
		change(&g)
		out, err := g.build(true)
		fatalIfErr(t, err)
		return out
	}
	for _, tt := range []struct {
		name string
		data []byte
		err  error
		want string
	}{
		{"something after the end", append(bytes.Clone(data), 0), errMalformed, "after the end"},
		{"a key set", []byte("GLKS\x00\x01"), errMalformed, "does not begin"},
		{"a newer format", append([]byte("GLGR\x00\x02"), data[6:]...), ErrVersion, "2"},
		{"too much", append([]byte("GLGR\x00\x01"), make([]byte, MaxSize)...), errMalformed, "at most"},
		{"nobody", members(func(g *Group) { g.Members = nil }), errMalformed, "0 members"},
		{"a member twice", members(func(g *Group) { g.Members[1] = g.Members[0] }), errMalformed, "not in order"},
		{"members out of order", members(func(g *Group) { g.Members[1], g.Members[0] = g.Members[0], g.Members[1] }), errMalformed, "not in order"},
		{"an empty label", members(func(g *Group) { g.Members[0].Label = "" }), errMalformed, "label"},
		{"a label in capitals", members(func(g *Group) { g.Members[0].Label = "Alice@example.org" }), errMalformed, "not normalised"},
		{"an adder in capitals", members(func(g *Group) { g.Members[0].AddedBy = "Alice@example.org" }), errMalformed, "not normalised"},
		{"an actor in capitals", members(func(g *Group) { g.Actor = "Alice@example.org" }), errMalformed, "not normalised"},
		{"no actor", members(func(g *Group) { g.Actor = "" }), errMalformed, "label"},
		{"no addition", members(func(g *Group) { g.Members[0].Addition = nil }), errMalformed, "without a signature"},
		{"no signature", members(func(g *Group) { g.Signature = nil }), errMalformed, "no signature"},
		{"a key that is none", members(func(g *Group) { g.Members[0].Key.Public = "short" }), nil, "not an Ed25519 public key"},
		{"an unknown algorithm", members(func(g *Group) { g.Members[2].AdderKey.Algorithm = 9 }), nil, "algorithm-9"},
	} {
		_, err := Parse(tt.data)
		if err == nil || tt.err != nil && !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// FuzzParse: what is parsed encodes to the same bytes, and can be followed.
func FuzzParse(f *testing.F) {
	f.Add(encoded(f))
	s := team(f)
	g, err := s.Next(name, labelOf("peter"), signer(f, "peter"), Changes{NewKey: signer(f, "p 2")})
	fatalIfErr(f, err)
	data, err := g.Marshal()
	fatalIfErr(f, err)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := Parse(data)
		if err != nil {
			return
		}
		again, err := g.Marshal()
		fatalIfErr(t, err)
		if !bytes.Equal(again, data) {
			t.Fatal("encodes to other bytes")
		}
		v := Version{Label: name, Number: 1, Commitment: commitment(1), Group: &g}
		after, _, err := Follow(&s, v)
		if (err == nil) != (after.Stood == 1) {
			t.Fatalf("%v, and stood: %d", err, after.Stood)
		}
		_, _ = Begin(v)
	})
}
