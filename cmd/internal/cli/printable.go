package cli

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns s with everything escaped that a terminal might obey or that
// makes text look like other text: control characters, invalid UTF-8, line and
// paragraph separators, and what changes the direction of writing. Text from the
// network and from files is printed through it.
func Printable(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case Harmless(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
		s = s[n:]
	}
	return b.String()
}

// Harmless reports whether a character shows as itself. Format characters (Cf),
// to which those for bidirectional text belong, do not.
func Harmless(r rune) bool { return r == ' ' || unicode.IsPrint(r) }
