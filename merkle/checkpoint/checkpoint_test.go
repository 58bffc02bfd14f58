package checkpoint

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// The example of C2SP tlog-checkpoint.
const (
	specRoot = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
	specText = "example.com/behind-the-sofa\n20852163\n" + specRoot + "\n"
	specNote = specText + "\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)

func specCheckpoint(t testing.TB) Checkpoint {
	t.Helper()
	root, err := base64.StdEncoding.DecodeString(specRoot)
	fatalIfErr(t, err)
	return Checkpoint{Origin: "example.com/behind-the-sofa", Size: 20852163, Root: merkle.Hash(root)}
}

func TestTextSpec(t *testing.T) {
	want := specCheckpoint(t)
	if want.Text() != specText {
		t.Errorf("%q", want.Text())
	}
	got, err := ParseText(specText)
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	// The cosigned one is of C2SP tlog-cosignature.
	const cosignature = "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
	for _, signed := range []string{specNote, specNote + cosignature, specText + "\n" + cosignature} {
		got, err := Peek([]byte(signed))
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", signed, got, err)
		}
	}
}

func TestParseText(t *testing.T) {
	zero := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for text, want := range map[string]Checkpoint{
		"o\n0\n" + zero + "\n":                   {Origin: "o", Size: 0},
		"o\n1\n" + zero + "\n":                   {Origin: "o", Size: 1},
		"o\n1152921504606846976\n" + zero + "\n": {Origin: "o", Size: MaxSize},
		" \n7\n" + zero + "\n":                   {Origin: " ", Size: 7},
		"a b+c\u00a0ü\n7\n" + zero + "\n":        {Origin: "a b+c\u00a0ü", Size: 7},
		// Extension lines are ignored.
		"o\n1\n" + zero + "\nextension\n":                 {Origin: "o", Size: 1},
		"o\n1\n" + zero + "\n2\n" + zero + "\n":           {Origin: "o", Size: 1},
		"o\n1\n" + zero + "\n \n— \n":                     {Origin: "o", Size: 1},
		"o\n1\n" + zero + "\n\u2028\n\u0085\nü\n":         {Origin: "o", Size: 1},
		strings.Repeat("o", 5000) + "\n1\n" + zero + "\n": {Origin: strings.Repeat("o", 5000), Size: 1},
	} {
		got, err := ParseText(text)
		if err != nil || got != want {
			t.Errorf("%.80q: %+v, %v; want %+v", text, got, err, want)
		}
		if !strings.HasPrefix(text, got.Text()) {
			t.Errorf("%.80q re-encodes to %.80q", text, got.Text())
		}
	}
}

func TestParseTextRefused(t *testing.T) {
	enc := base64.StdEncoding.EncodeToString
	root := bytes.Repeat([]byte{0xff}, 32)
	r := enc(root) + "\n" // ends in 8=
	for name, test := range map[string]struct{ text, want string }{
		"empty":                   {"", "too few newlines"},
		"a newline":               {"\n", "too few newlines"},
		"three newlines":          {"\n\n\n", "empty origin"},
		"an origin":               {"o\n", "too few newlines"},
		"no root":                 {"o\n1\n", "too few newlines"},
		"an empty root":           {"o\n1\n\n", "size or root"},
		"no final newline":        {"o\n1\n" + enc(root), "too few newlines"},
		"no origin":               {"1\n" + r, "too few newlines"},
		"an empty origin":         {"\n1\n" + r, "empty origin"},
		"an empty size":           {"o\n\n" + r, "size invalid"},
		"a size with a zero":      {"o\n01\n" + r, "checkpoint"},
		"a size of zeros":         {"o\n00\n" + r, "checkpoint"},
		"a size with a plus":      {"o\n+1\n" + r, "size invalid"},
		"a size with a minus":     {"o\n-1\n" + r, "size invalid"},
		"minus zero":              {"o\n-0\n" + r, "size invalid"},
		"a space before the size": {"o\n 1\n" + r, "size invalid"},
		"a space after the size":  {"o\n1 \n" + r, "size invalid"},
		"a hexadecimal size":      {"o\n0x1\n" + r, "size invalid"},
		"a size with _":           {"o\n1_0\n" + r, "size invalid"},
		"a fraction":              {"o\n1.0\n" + r, "size invalid"},
		"an exponent":             {"o\n1e3\n" + r, "size invalid"},
		"digits of another kind":  {"o\n١\n" + r, "size invalid"},
		"a carriage return":       {"o\n1\r\n" + r, "size invalid"},
		"a size above MaxSize":    {"o\n1152921504606846977\n" + r, "size or root"},
		"a size of 2^63":          {"o\n9223372036854775808\n" + r, "size or root"},
		"a size of 2^64 - 1":      {"o\n18446744073709551615\n" + r, "size or root"},
		"a size of 2^64":          {"o\n18446744073709551616\n" + r, "size invalid"},
		"a size of 2^64 + 1":      {"o\n18446744073709551617\n" + r, "size invalid"},
		"a size of many digits":   {"o\n" + strings.Repeat("9", 10000) + "\n" + r, "size invalid"},
		"a root of 31 bytes":      {"o\n1\n" + enc(root[1:]) + "\n", "size or root"},
		"a root of 33 bytes":      {"o\n1\n" + enc(append(root[:32:32], 1)) + "\n", "size or root"},
		"a root of 64 bytes":      {"o\n1\n" + enc(append(root[:32:32], root...)) + "\n", "size or root"},
		"no padding":              {"o\n1\n" + strings.TrimSuffix(enc(root), "=") + "\n", "invalid hash"},
		"more padding":            {"o\n1\n" + enc(root) + "=\n", "invalid hash"},
		"other last bits":         {"o\n1\n" + strings.Replace(enc(root), "8=", "9=", 1) + "\n", "checkpoint"},
		"other last bits, both":   {"o\n1\n" + strings.Replace(enc(root), "8=", "/=", 1) + "\n", "checkpoint"},
		"the URL alphabet":        {"o\n1\n" + base64.URLEncoding.EncodeToString(root) + "\n", "invalid hash"},
		"a hexadecimal root":      {"o\n1\n" + strings.Repeat("ff", 32) + "\n", "size or root"},
		"a space before the root": {"o\n1\n " + r, "invalid hash"},
		"a space after the root":  {"o\n1\n" + enc(root) + " \n", "invalid hash"},
		"a return in the root":    {"o\n1\n" + enc(root)[:9] + "\r" + enc(root)[9:] + "\n", "checkpoint"},
		"a return after the root": {"o\n1\n" + enc(root) + "\r\n", "checkpoint"},
		"a newline in the root":   {"o\n1\n" + enc(root)[:9] + "\n" + enc(root)[9:] + "\n", "invalid hash"},
		"an empty extension":      {"o\n1\n" + r + "\n", "checkpoint"},
		"an empty first one":      {"o\n1\n" + r + "\nx\n", "checkpoint"},
		"an empty last one":       {"o\n1\n" + r + "x\n\n", "checkpoint"},
		"an empty middle one":     {"o\n1\n" + r + "x\n\ny\n", "checkpoint"},
		"an open extension":       {"o\n1\n" + r + "x", "checkpoint"},
		"an open second one":      {"o\n1\n" + r + "x\ny", "checkpoint"},
		"a newline before":        {"\no\n1\n" + r, "empty origin"},
	} {
		got, err := ParseText(test.text)
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), test.want) || got != (Checkpoint{}) {
			t.Errorf("%s: %+v, %v; want an error that mentions %q", name, got, err, test.want)
		}
	}
	for i := range specText {
		if _, err := ParseText(specText[:i]); !errors.Is(err, ErrMalformed) {
			t.Errorf("the first %d bytes: %v", i, err)
		}
	}
}

func FuzzParseText(f *testing.F) {
	f.Add(specText)
	f.Add(specText + "extension\n")
	f.Add("o\n01\n" + specRoot + "\n")
	f.Add("o\n1152921504606846977\n" + specRoot + "\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseText(text)
		if err != nil {
			wantErr(t, err, ErrMalformed, "checkpoint")
			if c != (Checkpoint{}) {
				t.Fatalf("%+v with an error", c)
			}
			return
		}
		extensions, ok := strings.CutPrefix(text, c.Text())
		if !ok || c.Size > MaxSize || c.Origin == "" {
			t.Fatalf("%q is read as %+v", text, c)
		}
		for l := range strings.Lines(extensions) {
			if l == "\n" || !strings.HasSuffix(l, "\n") {
				t.Fatalf("%q has the extension line %q", text, l)
			}
		}
	})
}

func TestPeekRefused(t *testing.T) {
	const sig = "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
	for name, signed := range map[string]string{
		"empty":                  "",
		"no signature":           specText,
		"no signature but a gap": specText + "\n",
		"no gap":                 specText + sig,
		"no text":                "\n" + sig,
		"no text but a gap":      "\n\n" + sig,
		"no final newline":       strings.TrimSuffix(specNote, "\n"),
		"another dash":           specText + "\n" + strings.Replace(sig, "—", "-", 1),
		"no name":                specText + "\n—  AAAAAAAA\n",
		"no signature's bytes":   specText + "\n— name\n",
		"only a key ID":          specText + "\n— name AAAAAA==\n",
		"not base64":             specText + "\n— name ????????\n",
		"a plus in the name":     specText + "\n— na+me AAAAAAAA\n",
		"a space at the end":     specText + "\n— name AAAAAAAA \n",
		"a return":               strings.Replace(specNote, "\n", "\r\n", 1),
		"a tab":                  strings.Replace(specNote, "sofa", "so\tfa", 1),
		"a NUL":                  strings.Replace(specNote, "sofa", "so\x00fa", 1),
		"invalid UTF-8":          strings.Replace(specNote, "sofa", "so\xfffa", 1),
		"a newline after it":     specNote + "\n",
		"another text after it":  specNote + "text\n",
		"another size":           strings.Replace(specNote, "\n2", "\n02", 1),
		"another note":           "This is an example message.\n\n" + sig,
		"too long":               specText + strings.Repeat("x", MaxNoteSize) + "\n\n" + sig,
		"too many signatures":    specText + "\n" + strings.Repeat("— name AAAAAAAA\n", 101),
	} {
		got, err := Peek([]byte(signed))
		if !errors.Is(err, ErrMalformed) || got != (Checkpoint{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestOrigins(t *testing.T) {
	good := []string{"a", "keys.example.org/log", "example.com/behind-the-sofa", "ü", "日本.example/ログ", "-", "—", "#", "none", "a/../b", "%20", "\u200b", strings.Repeat("a", 255), strings.Repeat("ü", 127) + "a", "\u0080"}
	for _, origin := range good {
		checkOrigin(t, origin)
	}
	for name, origin := range map[string]string{
		"empty":                  "",
		"a space":                " ",
		"a space within":         "a b",
		"a space before":         " a",
		"a space after":          "a ",
		"a tab":                  "a\tb",
		"a newline":              "a\nb",
		"a newline at the end":   "a\n",
		"a return":               "a\rb",
		"a vertical tab":         "a\vb",
		"NUL":                    "a\x00b",
		"escape":                 "a\x1bb",
		"delete":                 "a\x7fb",
		"a plus":                 "a+b",
		"a no-break space":       "a\u00a0b",
		"next line":              "a\u0085b",
		"an em space":            "a\u2003b",
		"a line separator":       "a\u2028b",
		"an ideographic space":   "a\u3000b",
		"an Ogham space":         "a\u1680b",
		"invalid UTF-8":          "a\xffb",
		"half a character":       "a\xc3",
		"a surrogate":            "a\xed\xa0\x80",
		"an overlong slash":      "a\xc0\xaf",
		"256 bytes":              strings.Repeat("a", 256),
		"fewer characters":       strings.Repeat("ü", 128),
		"a megabyte":             strings.Repeat("a", 1<<20),
		"a verifier key":         newSigner(t, "a").VerifierKey(),
		"a note's text in there": "a\n1\n" + specRoot,
	} {
		if err := CheckOrigin(origin); err == nil || !strings.Contains(err.Error(), "origin: ") {
			t.Errorf("%s: %v", name, err)
		}
		if s, err := NewSigner(origin, make([]byte, 32)); s != nil || err == nil || !strings.Contains(err.Error(), "origin: ") {
			t.Errorf("a signer: %s: %v, %v", name, s, err)
		}
	}
}

// TestOriginCharacters verifies for each character below U+3100 that it can be in
// an origin exactly if it can be in the name of a key, a note and a policy.
func TestOriginCharacters(t *testing.T) {
	for r := rune(0); r < 0x3100; r++ {
		origin := "log" + string(r)
		want := r >= 0x20 && r != 0x7f && r != '+' && !unicode.IsSpace(r)
		if err := CheckOrigin(origin); (err == nil) != want {
			t.Errorf("%U: %v", r, err)
		}
		if want && (r < 0x100 || r%64 == 0) {
			checkOrigin(t, origin)
		}
	}
}

// checkOrigin verifies that an origin works.
func checkOrigin(t *testing.T, origin string) {
	t.Helper()
	fatalIfErr(t, CheckOrigin(origin))
	s := newSigner(t, origin)
	c := Checkpoint{Origin: origin, Size: 12, Root: merkle.Hash{1}}
	signed, err := s.Sign(c)
	fatalIfErr(t, err)
	v, err := note.NewVerifier(s.VerifierKey())
	fatalIfErr(t, err)
	n, err := note.Open(signed, note.VerifierList(v))
	fatalIfErr(t, err)
	if n.Text != c.Text() || len(n.Sigs) != 1 || n.Sigs[0].Name != origin || n.Sigs[0].Hash != v.KeyHash() {
		t.Errorf("%q: %+v", origin, n)
	}
	got, err := mustParse(t, "log "+s.VerifierKey()+"\nquorum none").Open(signed)
	fatalIfErr(t, err)
	if got.Checkpoint != c || got.Log.Origin != origin || got.Log.VerifierKey != s.VerifierKey() {
		t.Errorf("%q: %+v", origin, got)
	}
	if peeked, err := Peek(signed); err != nil || peeked != c {
		t.Errorf("%q: %+v, %v", origin, peeked, err)
	}
}

// TestSigner has many keys, of which the encodings have pluses and slashes.
func TestSigner(t *testing.T) {
	pluses := 0
	for i := range 100 {
		s, err := NewSigner(testOrigin, seedOf(fmt.Sprint(i)))
		fatalIfErr(t, err)
		pluses += strings.Count(s.VerifierKey(), "+") - 2
		c := Checkpoint{Origin: testOrigin, Size: uint64(i), Root: merkle.Hash{byte(i)}}
		signed, err := s.Sign(c)
		fatalIfErr(t, err)
		again, err := s.Sign(c)
		fatalIfErr(t, err)
		if !bytes.Equal(signed, again) {
			t.Fatalf("%q is not %q", again, signed)
		}
		v, err := note.NewVerifier(s.VerifierKey())
		fatalIfErr(t, err)
		_, err = note.Open(signed, note.VerifierList(v))
		fatalIfErr(t, err)
		if _, err := parseLogKey(s.VerifierKey()); err != nil {
			t.Fatal(err)
		}
	}
	if pluses == 0 {
		t.Error("no key has a plus")
	}
}

func TestSignerRefuses(t *testing.T) {
	for _, n := range []int{0, 1, 31, 33, 64} {
		if s, err := NewSigner(testOrigin, make([]byte, n)); s != nil || err == nil || !strings.Contains(err.Error(), fmt.Sprintf("has %d bytes", n)) {
			t.Errorf("a seed of %d bytes: %v", n, err)
		}
	}
	s := newSigner(t, testOrigin)
	for _, origin := range []string{"", "other.example/log", testOrigin + "/", strings.ToUpper(testOrigin), testOrigin + "\n1"} {
		signed, err := s.Sign(Checkpoint{Origin: origin, Size: 1})
		if signed != nil || err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q for the key of %q", origin, testOrigin)) {
			t.Errorf("%q: %q, %v", origin, signed, err)
		}
	}
	if MaxSize != 1<<60 || MaxSize > math.MaxInt64 {
		t.Error("another MaxSize")
	}
}
