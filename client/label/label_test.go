package label

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		" Alice@Example.ORG ":          "alice@example.org",
		"Alice":                        "Alice",
		"Alice@laptop":                 "Alice@laptop",
		"+49 30 123456":                "+49 30 123456",
		"Zoe\u0308":                    "Zo\u00eb",
		"ZOE\u0308@example.org":        "zo\u00eb@example.org",
		"\u212alaus@example.org":       "klaus@example.org", // the Kelvin sign is canonically a K
		"ADM\u0130N@example.org":       "admi\u0307n@example.org",
		"ΣΊΣΥΦΟΣ@example.org":          "σίσυφοσ@example.org",
		"x@MÜNCHEN.example":            "x@münchen.example",
		"x@mu\u0308nchen.example":      "x@münchen.example",
		"x@xn--mnchen-3ya.example":     "x@münchen.example",
		"x@XN--MNCHEN-3YA.example":     "x@münchen.example",
		"x@straße.example":             "x@straße.example",
		"x@xn--strae-oqa.example":      "x@straße.example",
		"x@strasse.example":            "x@strasse.example",
		"x@ｅｘａｍｐｌｅ.org":                "x@example.org",
		"x@a_b.example.org":            "x@a_b.example.org",
		"x@例え.テスト":                     "x@例え.テスト",
		"Bücher xn--bcher-kva.x":       "Bücher xn--bcher-kva.x", // no address
		strings.Repeat("x", MaxSize):   strings.Repeat("x", MaxSize),
		strings.Repeat(" ", 300) + "x": "x",
	} {
		got, err := Normalize(in)
		if err != nil || got != want {
			t.Errorf("%q becomes %q, %v, want %q", in, got, err, want)
		}
		if again, err := Normalize(got); err != nil || again != got {
			t.Errorf("%q, normalized again, becomes %q, %v", got, again, err)
		}
	}
}

func TestMalformed(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "empty",
		" \t ":                         "empty",
		strings.Repeat("x", MaxSize+1): "256 bytes, at most 255",
		strings.Repeat("x", 1<<20):     "1048576 bytes, at most 255",
		strings.Repeat("é", 128):       "256 bytes, at most 255",
		"a\xff":                        "not UTF-8",
		"a\x00b":                       "control characters",
		"a\u202eb":                     "control characters",
		"al\nice":                      "control characters",
		"x@xn--.example":               "IDNA",
		"x@xn--a.example":              "IDNA",
		"x@xn--999999999.example":      "IDNA",
		"x@xn--example-.org":           "IDNA",
		"x@\u0378.example":             "IDNA", // not assigned
		"x@a\u200db.example":           "IDNA", // a joiner without context
		"x@-ü.example":                 "IDNA",
		"x@ü\u0301" + strings.Repeat("ü", 70) + ".example": "IDNA",
		"x@אa.example":              "IDNA", // no bidirectional label
		"x@xn--mnchen-3ya-.example": "IDNA",
	} {
		got, err := Normalize(in)
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) || got != "" {
			t.Errorf("%.40q becomes %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"Bob@Example.org":          "bob@example.org",
		"o'neil+kt@example.org":    "o'neil+kt@example.org",
		"x@xn--mnchen-3ya.example": "x@münchen.example",
	} {
		if got, ok := Address(in); !ok || got != want {
			t.Errorf("%q is %q, %v", in, got, ok)
		}
	}
	for _, in := range []string{
		"", "@", "a@", "@b.c", "a@b", "a@b@c.d", "a@.b", "a@b.", "a@b..c", "a b@c.d", "<a@b.c>", "a@b.c ",
		"a@[1.2.3.4]", "\"a\"@b.c", "a@b.c\x00", "a@b.c\u202e", "\xff@b.c", "a,b@c.d", "a\u00a0b@c.d", "x@xn--a.example", "x@b。c",
	} {
		if got, ok := Address(in); ok || got != "" {
			t.Errorf("%q is %q", in, got)
		}
	}
}

// FuzzNormalize checks that there is one spelling: what is normalized stays as it is, and
// is within the limits.
func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"Alice@Example.org", "ADM\u0130N@x.y", "x@XN--MNCHEN-3YA.example", "Zoe\u0308", "\u1e9e@a.b", "x@a.\u3002b", "\u0345\u0301", "a@b.c\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Normalize(s)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || n != "" {
				t.Fatalf("%q, %v", n, err)
			}
			return
		}
		if again, err := Normalize(n); err != nil || again != n {
			t.Fatalf("%q, normalized again, becomes %q, %v", n, again, err)
		}
		if n == "" || len(n) > MaxSize || !utf8.ValidString(n) {
			t.Fatalf("%q is no label", n)
		}
		for _, w := range Warnings(n) {
			if !utf8.ValidString(w.Text) || strings.ContainsFunc(w.Text, func(r rune) bool { return r < ' ' }) {
				t.Fatalf("%q warns with %q", n, w.Text)
			}
		}
		if s := Skeleton(n); Skeleton(s) != s {
			t.Fatalf("the skeleton %q has another skeleton", s)
		}
	})
}
