package roster

import (
	"crypto/sha512"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"
)

func entries() []DigestEntry {
	return []DigestEntry{
		{"bob@example.org", 7, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"alice@example.org", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	}
}

// TestDigestVector holds the vector of docs/roster.md against the code, and its
// digits against its octets.
func TestDigestVector(t *testing.T) {
	doc, err := os.ReadFile("../../docs/roster.md")
	fatalIfErr(t, err)
	m := regexp.MustCompile(`(?s)hashed ([0-9a-f\s]+)digits ([0-9 ]+)\n`).FindSubmatch(doc)
	if m == nil {
		t.Fatal("no vector in docs/roster.md")
	}
	hashed, err := hex.DecodeString(strings.Join(strings.Fields(string(m[1])), ""))
	fatalIfErr(t, err)
	want := strings.TrimSpace(string(m[2]))
	if got := digits(sha512.Sum512(hashed)).String(); got != want {
		t.Errorf("the octets of the vector give %s, not %s", got, want)
	}
	d, err := Digest(entries())
	fatalIfErr(t, err)
	if d.String() != want {
		t.Errorf("got %s, want %s", d, want)
	}
	if text := d.QRText(); text != "GHOSTLIGHT-ROSTER:1:"+strings.ReplaceAll(want, " ", "") {
		t.Error(text)
	}
}

// TestDigestDiffers checks that whatever a member is shown otherwise changes the
// digits, and the order does not.
func TestDigestDiffers(t *testing.T) {
	first, err := Digest(entries())
	fatalIfErr(t, err)
	for name, change := range map[string]func(e []DigestEntry) []DigestEntry{
		"a version": func(e []DigestEntry) []DigestEntry { e[0].Version++; return e },
		"a value":   func(e []DigestEntry) []DigestEntry { e[0].ValueSHA256 = e[1].ValueSHA256; return e },
		"a label":   func(e []DigestEntry) []DigestEntry { e[0].Label = "bob@example.com"; return e },
		"values exchanged": func(e []DigestEntry) []DigestEntry {
			e[0].ValueSHA256, e[1].ValueSHA256 = e[1].ValueSHA256, e[0].ValueSHA256
			return e
		},
		"one less": func(e []DigestEntry) []DigestEntry { return e[:1] },
		"one more": func(e []DigestEntry) []DigestEntry {
			return append(e, DigestEntry{"mallory@example.org", 0, e[0].ValueSHA256})
		},
	} {
		if d, err := Digest(change(entries())); err != nil || d == first {
			t.Errorf("%s: %s, %v", name, d, err)
		}
	}
	e := entries()
	e[0], e[1] = e[1], e[0]
	if d, err := Digest(e); err != nil || d != first || e[0].Label != "alice@example.org" {
		t.Errorf("in another order %s, %v", d, err)
	}
}

func TestNoDigest(t *testing.T) {
	for want, e := range map[string][]DigestEntry{
		"no labels":              nil,
		"is there twice":         append(entries(), entries()[0]),
		"the value of \"x\" is":  {{"x", 0, ""}},
		"the value of \"y\" is":  {{"y", 0, "zz"}},
		"the value of \"z\" is":  {{"z", 0, strings.Repeat("a", 62)}},
		"more than 65,535 bytes": {{strings.Repeat("x", 1<<16), 0, strings.Repeat("a", 64)}},
	} {
		if d, err := Digest(e); err == nil || !strings.Contains(err.Error(), want) || d != "" {
			t.Errorf("%s, %v, want %s", d, err, want)
		}
	}
}

func TestParseDigits(t *testing.T) {
	d, err := Digest(entries())
	fatalIfErr(t, err)
	for _, text := range []string{d.String(), d.QRText(), string(d), " " + strings.ReplaceAll(d.String(), " ", "\n") + "\n"} {
		if got, err := ParseDigits(text); err != nil || got != d {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", d.String()[1:], d.String() + "0", strings.Replace(d.String(), "0", "O", 1), "GHOSTLIGHT-ROSTER:2:" + string(d), "x" + string(d)[1:]} {
		if got, err := ParseDigits(text); err == nil || got != "" {
			t.Errorf("%q: %s", text, got)
		}
	}
}
