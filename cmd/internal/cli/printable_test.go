package cli

import "testing"

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain text, größer": "plain text, größer",
		"a\x1b[31mb":         `a\x1b[31mb`,
		"a\nb":               `a\nb`,
		"a\xffb":             `a\xffb`,
		"a\u202eb":           `a\u202eb`,
		"a\u2028b\x7f":       `a\u2028b\x7f`,
		"":                   "",
	} {
		if got := Printable(in); got != want {
			t.Errorf("Printable(%q) = %s, want %s", in, got, want)
		}
	}
}
