package keyset

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite testdata/keyset.txt")

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	fatalIfErr(t, err)
	return b
}

// count returns n bytes from, from+1, ...
func count(from byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = from + byte(i)
	}
	return b
}

// example is the set of the test vector in docs/keyset.md.
func example() Set {
	return Set{
		Keys: []Key{
			{Format: FormatEd25519, Data: count(0, 32), Name: "Zoë's phone", Attributes: []Extension{{Type: 0x1234, Data: []byte{1}}}},
			{Format: FormatSSH, Data: append([]byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"), count(0x40, 32)...), Name: "laptop"},
			{Format: FormatPrivateUse + 7, Data: []byte("later")},
			{Format: FormatEd25519, Data: count(0x20, 32)},
		},
		Extensions: []Extension{{Type: 2, Data: []byte{}}, {Type: 1, Data: []byte("signature")}},
	}
}

var wordHex = regexp.MustCompile(`^[0-9a-f]+$`)

// vector reads the lines of hex digits of a text file's first ```hex block, or
// of the whole file if there is none.
func vector(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	fatalIfErr(t, err)
	body := string(text)
	if _, after, ok := strings.Cut(body, "```hex\n"); ok {
		body, _, _ = strings.Cut(after, "```")
	}
	var digits strings.Builder
	for line := range strings.Lines(body) {
		line, _, _ = strings.Cut(line, "#")
		for _, w := range strings.Fields(line) {
			if !wordHex.MatchString(w) {
				t.Fatalf("%s: %q is not hex", file, w)
			}
			digits.WriteString(w)
		}
	}
	return unhex(t, digits.String())
}

// TestVector holds the example against testdata and against the document.
func TestVector(t *testing.T) {
	enc, err := example().Marshal()
	fatalIfErr(t, err)
	if *update {
		text := "# A key set, see docs/keyset.md. Written by go test -run TestVector -update.\n" + hex.EncodeToString(enc) + "\n"
		fatalIfErr(t, os.WriteFile("testdata/keyset.txt", []byte(text), 0o644))
	}
	for _, file := range []string{"testdata/keyset.txt", "../../docs/keyset.md"} {
		want := vector(t, file)
		if !bytes.Equal(enc, want) {
			t.Errorf("%s: the example encodes to\n%x\nthe vector is\n%x", file, enc, want)
		}
		set, err := Parse(want)
		fatalIfErr(t, err)
		if got := set.Keys[1].Name; got != "Zoë's phone" {
			t.Errorf("%s: second key's name is %q", file, got)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 500 {
		want := randomSet(rnd)
		enc, err := want.Marshal()
		fatalIfErr(t, err)
		got, err := Parse(enc)
		fatalIfErr(t, err)
		again, err := got.Marshal()
		fatalIfErr(t, err)
		if !bytes.Equal(enc, again) {
			t.Fatalf("set %d: %x re-encodes to %x", i, enc, again)
		}
		if d := Diff(want.Summary(), got.Summary()); len(d.Unchanged) != len(want.Keys) || len(d.Removed) != 0 {
			t.Fatalf("set %d: changed by a round trip: %+v", i, d)
		}
	}
}

func randomSet(rnd *rand.Rand) Set {
	var s Set
	for i := range rnd.IntN(20) {
		data := []byte{byte(i)} // no duplicates
		for range rnd.IntN(40) {
			data = append(data, byte(rnd.Uint32()))
		}
		s.Keys = append(s.Keys, Key{
			Format: Format(1 + rnd.IntN(15)), Data: data,
			Name:       strings.Repeat("é", rnd.IntN(5)),
			Attributes: randomExtensions(rnd),
		})
	}
	s.Extensions = randomExtensions(rnd)
	return s
}

func randomExtensions(rnd *rand.Rand) []Extension {
	var exts []Extension
	for i := range rnd.IntN(4) {
		exts = append(exts, Extension{Type: uint16(i * i * 1000), Data: count(9, rnd.IntN(30))})
	}
	return exts
}

func TestParseDoesNotAlias(t *testing.T) {
	enc, err := example().Marshal()
	fatalIfErr(t, err)
	set, err := Parse(enc)
	fatalIfErr(t, err)
	clear(enc)
	want, err := example().Marshal()
	fatalIfErr(t, err)
	got, err := set.Marshal()
	fatalIfErr(t, err)
	if !bytes.Equal(got, want) {
		t.Error("the set changed with the input")
	}
}

// rawKey, rawSet and ext encode without any check. Each character of a string
// stands for one byte.
func rawKey(format uint16, data, name, attrs string) string {
	return uint16String(int(format)) + "\x00" + uint16String(utf8.RuneCountInString(data)) + data +
		string(rune(utf8.RuneCountInString(name))) + name + uint16String(utf8.RuneCountInString(attrs)) + attrs
}

func uint16String(n int) string { return string([]rune{rune(n >> 8), rune(n & 0xff)}) }

func latin1(s string) []byte {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return b
}

func rawSet(keys, exts string) []byte {
	k, e := latin1(keys), latin1(exts)
	b := []byte("GLKS\x00\x01")
	b = append(append(b, byte(len(k)>>16), byte(len(k)>>8), byte(len(k))), k...)
	return append(append(b, byte(len(e)>>16), byte(len(e)>>8), byte(len(e))), e...)
}

func ext(typ byte, data string) string {
	return uint16String(int(typ)) + uint16String(len(data)) + data
}

func TestParseErrors(t *testing.T) {
	k := func(format uint16, data string) string { return rawKey(format, data, "", "") }
	many := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i))
		}
		return b.String()
	}
	good, err := example().Marshal()
	fatalIfErr(t, err)
	tests := map[string]struct {
		in   []byte
		want error
	}{
		"empty":                {nil, errMalformed},
		"magic only":           {[]byte("GLKS"), errMalformed},
		"wrong magic":          {[]byte("GLKT\x00\x01\x00\x00\x00\x00\x00\x00"), errMalformed},
		"version 0":            {[]byte("GLKS\x00\x00\x00\x00\x00\x00\x00\x00"), ErrVersion},
		"version 2":            {[]byte("GLKS\x00\x02 whatever comes"), ErrVersion},
		"no extensions":        {[]byte("GLKS\x00\x01\x00\x00\x00"), errMalformed},
		"trailing":             {append(bytes.Clone(good), 0), errMalformed},
		"truncated":            {good[:len(good)-1], errMalformed},
		"key too long":         {longKey(), errLimit},
		"huge length":          {[]byte("GLKS\x00\x01\xff\xff\xff\x00"), errMalformed},
		"too large":            {make([]byte, MaxSize+1), errLimit},
		"format 0":             {rawSet(k(0, "x"), ""), errKey},
		"no data":              {rawSet(k(1, ""), ""), errKey},
		"key truncated":        {rawSet(k(1, "x")[:5], ""), errMalformed},
		"unsorted formats":     {rawSet(k(2, "a")+k(1, "a"), ""), errNotSorted},
		"unsorted data":        {rawSet(k(1, "b")+k(1, "a"), ""), errNotSorted},
		"longer before prefix": {rawSet(k(1, "aa")+k(1, "a"), ""), errNotSorted},
		"duplicate":            {rawSet(k(1, "a")+k(1, "a"), ""), errDuplicate},
		"duplicate, two names": {rawSet(k(1, "a")+rawKey(1, "a", "n", ""), ""), errDuplicate},
		"name not UTF-8":       {rawSet(rawKey(1, "a", string(rune(0xff)), ""), ""), errKey},
		"name with newline":    {rawSet(rawKey(1, "a", "a\nb", ""), ""), errKey},
		"name with escape":     {rawSet(rawKey(1, "a", "\x1b[2J", ""), ""), errKey},
		"attributes truncated": {rawSet(rawKey(1, "a", "", "\x00\x01\x00"), ""), errMalformed},
		"attributes unsorted":  {rawSet(rawKey(1, "a", "", ext(2, "")+ext(1, "")), ""), errNotSorted},
		"attributes twice":     {rawSet(rawKey(1, "a", "", ext(2, "")+ext(2, "x")), ""), errDuplicate},
		"extensions truncated": {rawSet("", ext(1, "abc")[:5]), errMalformed},
		"extensions unsorted":  {rawSet("", ext(2, "")+ext(1, "")), errNotSorted},
		"extensions twice":     {rawSet("", ext(1, "")+ext(1, "")), errDuplicate},
		"too many extensions":  {rawSet("", many(65, func(i int) string { return ext(byte(i), "") })), errLimit},
		"too many keys": {rawSet(many(MaxKeys+1, func(i int) string {
			return k(1, uint16String(i))
		}), ""), errLimit},
	}
	for name, tt := range tests {
		set, err := Parse(tt.in)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", name, err, tt.want)
		}
		if !reflect.DeepEqual(set, Set{}) {
			t.Errorf("%s: a set came back with the error", name)
		}
	}
}

// TestParseTruncated cuts and flips a good encoding everywhere.
func TestParseTruncated(t *testing.T) {
	good, err := example().Marshal()
	fatalIfErr(t, err)
	for i := range good {
		if _, err := Parse(good[:i]); !errors.Is(err, errMalformed) {
			t.Errorf("cut at %d: %v", i, err)
		}
		bad := bytes.Clone(good)
		bad[i] ^= 1
		set, err := Parse(bad)
		if err != nil {
			continue
		}
		if again, err := set.Marshal(); err != nil || !bytes.Equal(again, bad) {
			t.Errorf("flip at %d: accepted, but re-encodes to %x, %v", i, again, err)
		}
	}
}

func TestMarshalErrors(t *testing.T) {
	ok := []byte("data")
	key := func(k Key) Set { return Set{Keys: []Key{k}} }
	tests := map[string]struct {
		set  Set
		want error
	}{
		"format 0":       {key(Key{Data: ok}), errKey},
		"no data":        {key(Key{Format: 1}), errKey},
		"data too long":  {key(Key{Format: 1, Data: make([]byte, MaxKeySize+1)}), errLimit},
		"name too long":  {key(Key{Format: 1, Data: ok, Name: strings.Repeat("n", 256)}), errLimit},
		"name not UTF-8": {key(Key{Format: 1, Data: ok, Name: "\xff"}), errKey},
		"name bidi":      {key(Key{Format: 1, Data: ok, Name: "a\u202eb"}), errKey},
		"name C1":        {key(Key{Format: 1, Data: ok, Name: "a\u0085b"}), errKey},
		"duplicate":      {Set{Keys: []Key{{Format: 1, Data: ok}, {Format: 2, Data: ok}, {Format: 1, Data: ok, Name: "b"}}}, errDuplicate},
		"too many keys":  {Set{Keys: make([]Key, MaxKeys+1)}, errLimit},
		"attribute size": {key(Key{Format: 1, Data: ok, Attributes: []Extension{{Data: make([]byte, MaxExtensionSize)}}}), errLimit},
		"extension size": {Set{Extensions: []Extension{{Data: make([]byte, MaxExtensionSize+1)}}}, errLimit},
		"extensions":     {Set{Extensions: make([]Extension, MaxExtensions+1)}, errLimit},
		"extension type": {Set{Extensions: make([]Extension, 2)}, errDuplicate},
		"size":           {Set{Keys: bigKeys(5)}, errLimit},
		"far over size":  {Set{Keys: bigKeys(MaxKeys)}, errLimit},
	}
	for name, tt := range tests {
		out, err := tt.set.Marshal()
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", name, err, tt.want)
		}
		if out != nil {
			t.Errorf("%s: bytes came back with the error", name)
		}
	}
}

// longKey is a set of one key that is a byte too long.
func longKey() []byte {
	const n = MaxKeySize + 1
	b := []byte{'G', 'L', 'K', 'S', 0, 1, byte((n + 8) >> 16), byte((n + 8) >> 8 & 0xff), byte((n + 8) & 0xff), 0, 1, byte(n >> 16), byte(n >> 8 & 0xff), byte(n & 0xff)}
	return append(b, make([]byte, n+3+3)...)
}

func bigKeys(n int) []Key {
	keys := make([]Key, n)
	for i := range keys {
		keys[i] = Key{Format: Format(i + 1), Data: make([]byte, MaxKeySize)}
	}
	return keys
}

// TestLimits encodes sets that just fit.
func TestLimits(t *testing.T) {
	many := make([]Key, MaxKeys)
	for i := range many {
		many[i] = Key{Format: 1, Data: []byte{byte(i >> 8), byte(i)}, Name: strings.Repeat("n", MaxNameSize)}
	}
	for _, set := range []Set{{}, {Keys: many}, {Keys: bigKeys(3)}} {
		enc, err := set.Marshal()
		fatalIfErr(t, err)
		_, err = Parse(enc)
		fatalIfErr(t, err)
	}
}

func FuzzParse(f *testing.F) {
	enc, err := example().Marshal()
	fatalIfErr(f, err)
	f.Add(enc)
	empty, err := Set{}.Marshal()
	fatalIfErr(f, err)
	f.Add(empty)
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := Parse(data)
		if err != nil {
			return
		}
		again, err := set.Marshal()
		fatalIfErr(t, err)
		if !bytes.Equal(again, data) {
			t.Fatalf("%x re-encodes to %x", data, again)
		}
		if d := Diff(set.Summary(), set.Summary()); len(d.Unchanged) != len(set.Keys) || len(d.Removed) != 0 {
			t.Fatal("a set differs from itself")
		}
		for _, k := range set.Keys {
			_, _ = k.Describe(), k.Check()
		}
	})
}
