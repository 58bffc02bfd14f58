package label

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

func TestSkeleton(t *testing.T) {
	for _, group := range [][]string{
		{"alice@example.org", "аlice@example.org", "a\u200blice@example.org", "αlice@example.org", "alicе@ехаmple.org"},
		{"modem", "modern", "mоdеm"},
		{"paypal", "раураl", "paypa1", "paypaI"},
		{"zoë", "zoe\u0308", "zо\u0451"},
		{"O", "0", "О"},
	} {
		for _, s := range group[1:] {
			if Skeleton(s) != Skeleton(group[0]) {
				t.Errorf("%q (%q) and %q (%q) do not look alike", s, Skeleton(s), group[0], Skeleton(group[0]))
			}
		}
	}
	for _, pair := range [][2]string{
		{"alice", "alicia"}, {"alice", "álice"}, {"bob", "bob2"}, {"иван", "ivan"}, {"zoe", "zoë"},
		{"alice@example.org", "alice@example.com"}, {"alice", "ALICE"}, {"田", "由"},
	} {
		if Skeleton(pair[0]) == Skeleton(pair[1]) {
			t.Errorf("%q and %q look alike", pair[0], pair[1])
		}
	}
}

func kinds(s string) string {
	var all []string
	for _, w := range Warnings(s) {
		all = append(all, string(w.Kind))
	}
	return strings.Join(all, " ")
}

func TestWarnings(t *testing.T) {
	for s, want := range map[string]string{
		"\u0430lice@example.org":       "looks-ascii mixed-scripts", // Cyrillic a
		"ali\u0441e@example.org":       "looks-ascii mixed-scripts",
		"\u0440\u0430\u0443@x.org":     "looks-ascii", // Cyrillic as a whole
		"alice@ex\u0430mple.org":       "looks-ascii mixed-scripts",
		"alice@exampl\u00e9\u0430.org": "mixed-scripts",
		"\u03b1lice\u00e9@example.org": "mixed-scripts", // Greek alpha
		"a\u200blice@example.org":      "invisible looks-ascii",
		"a\u00adlice@example.org":      "invisible looks-ascii",
		"al\u00a0ice":                  "invisible looks-ascii",
		"a\u202elice":                  "invisible looks-ascii",
		"\u3164":                       "invisible", // Hangul filler
		"\u2800":                       "invisible looks-ascii",
		"a\U000e0061":                  "invisible looks-ascii", // tag
		"a\ue000":                      "invisible",             // private use
		"\u0378":                       "invisible",             // not assigned
		"alice\uff20example.org":       "looks-ascii",           // full-width @
		"ｄａｖｅ@example.org":             "looks-ascii",
		"zo\u00eb\u2010m@example.org":  "looks-ascii", // a hyphen that is none
		"\U0001d5baice@example.org":    "looks-ascii",
		"b\u0131ll@example.org":        "looks-ascii", // without its dot
		"\u0663\u0669\u06f4":           "mixed-digits",
		"a\u0967\u09e7":                "mixed-scripts mixed-digits",
		"ivan\u0438v@example.org":      "mixed-scripts",
		"\u05d0\u0627@example.org":     "mixed-scripts", // Hebrew and Arabic
	} {
		if got := kinds(s); got != want {
			t.Errorf("%q (%+q): %q, want %q", s, s, got, want)
		}
	}
}

// TestNoWarnings has innocent labels: false alarms teach people to ignore them all.
func TestNoWarnings(t *testing.T) {
	for _, s := range []string{
		"alice@example.org", "paypa1@example.org", "O'Neil, rn & m", "\x00",
		"zoë@example.org", "zoe\u0308@example.org", "josé.muñoz@example.org", "søren@example.dk", "łukasz@example.pl", "straße@example.de", "ğüşiöç@example.com",
		"иван@example.org", "иван.петров@почта.рф", "νίκος@example.gr", "дело-42@example.org",
		"田中@例え.テスト", "東京タワー", "ひらがなカタカナ漢字abc", "김철수@example.kr", "ㄅㄆㄇ漢字", "3日目",
		"محمد@example.org", "שלום@example.co.il", "देवनागरी@example.in", "ไทย@example.th", "تجربه۱۲۳",
		"নাম১২", "አማርኛ", "Հայերեն", "ქართული", "தமிழ்", "việt@example.vn", "m. 😀",
	} {
		if w := Warnings(s); w != nil {
			t.Errorf("%q: %v", s, w)
		}
	}
}

// TestWarningText checks that a warning's text does not itself deceive.
func TestWarningText(t *testing.T) {
	w := Warnings("\u0430lice\u202e\u200b@example.org")
	if len(w) != 3 || !strings.Contains(w[0].Text, "U+202E, U+200B") ||
		!strings.Contains(w[1].Text, "(U+0430 U+202E U+200B)") || !strings.Contains(w[2].Text, "Cyrillic and Latin") {
		t.Errorf("%v", w)
	}
	for _, s := range []string{"\u0430lice\u202e\u200b\x1b[2J", strings.Repeat("\u0430b\u200b\u200c", 60), "a\xff\u0430\u202e"} {
		for _, w := range Warnings(s) {
			if len(w.Text) > 1000 || strings.ContainsFunc(w.Text, func(r rune) bool { return unicode.In(r, unicode.C) }) {
				t.Errorf("%+q", w.Text)
			}
		}
	}
}

// TestTables checks what the code takes for granted of the generated tables.
func TestTables(t *testing.T) {
	if n := len(prototypes()); n < 6000 {
		t.Errorf("%d prototypes", n)
	}
	for r, p := range prototypes() {
		if p == "" || p == string(r) || Skeleton(p) != norm.NFD.String(p) {
			t.Errorf("the prototype of %U is %+q, whose skeleton is %+q", r, p, Skeleton(p))
		}
	}
	last := rune(-1)
	for _, s := range spans() {
		if s.first <= last || s.last < s.first || s.ignorable != (len(s.scripts) == 0) {
			t.Errorf("%U to %U after %U", s.first, s.last, last)
		}
		last = s.last
	}
	if slices.ContainsFunc([]rune{0x378, 0xd800, 0xe000, 0x10ffff, -1, 0x110000}, func(r rune) bool { _, ok := spanOf(r); return ok }) {
		t.Error("what is not assigned is in the table")
	}
	for _, scripts := range together {
		for _, name := range scripts {
			if !strings.Contains(characterLines, " "+name) {
				t.Errorf("no character is of the script %s", name)
			}
		}
	}
	for _, x := range unicode.Nd.R16 {
		if (x.Hi-x.Lo+1)%10 != 0 || x.Stride != 1 {
			t.Errorf("%U to %U are not rows of ten digits", x.Lo, x.Hi)
		}
	}
	for _, x := range unicode.Nd.R32 {
		if (x.Hi-x.Lo+1)%10 != 0 || x.Stride != 1 {
			t.Errorf("%U to %U are not rows of ten digits", x.Lo, x.Hi)
		}
	}
}
