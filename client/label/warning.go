package label

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Kind says in which way a label may deceive.
type Kind string

// The kinds of warnings, in the order in which Warnings returns them.
const (
	// Invisible: a character that shows nothing, a space that is not U+0020, one that
	// changes the direction of the text, or one that Unicode has not assigned.
	Invisible Kind = "invisible"
	// LooksASCII: what is not ASCII and can pass for it.
	LooksASCII Kind = "looks-ascii"
	// MixedScripts: letters of scripts that are not written together.
	MixedScripts Kind = "mixed-scripts"
	// MixedDigits: digits of several systems, some of which look alike.
	MixedDigits Kind = "mixed-digits"
)

// A Warning says one thing about a label that its reader should know. Text is for
// people, quotes the place with its code points, and is ASCII but for letters and
// digits of the label.
type Warning struct {
	Kind Kind   `json:"kind"`
	Text string `json:"text"`
}

// Warnings returns what about a label may deceive the eye, nil if nothing does. A label
// in ASCII never has any. Script by script the parts between @ . - _ + / and spaces are
// judged: an address with a Cyrillic name at a Latin domain is nothing strange.
func Warnings(s string) []Warning {
	if isASCII(s) {
		return nil
	}
	var all []Warning
	if w := invisible(s); w != nil {
		all = append(all, *w)
	}
	for _, check := range []func(string) *Warning{looksASCII, mixedScripts, mixedDigits} {
		for _, part := range parts(s) {
			if w := check(part); w != nil {
				all = append(all, *w)
			}
		}
	}
	return all
}

func parts(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// invisible names the characters of the label that cannot be seen or recognised.
func invisible(s string) *Warning {
	var found []string
	for _, r := range s {
		c, assigned := spanOf(r)
		strange := !assigned || c.ignorable || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) || r != ' ' && unicode.IsSpace(r) || r == brailleBlank
		if name := fmt.Sprintf("%U", r); strange && (len(found) == 0 || found[len(found)-1] != name) {
			found = append(found, name)
		}
	}
	if found == nil {
		return nil
	}
	return &Warning{Invisible, "it has characters that cannot be seen or are not known: " + strings.Join(limit(found), ", ")}
}

// brailleBlank is a letter's cell without a dot, which is no space to Unicode.
const brailleBlank = '\u2800'

// looksASCII tells of a part that is ASCII to the eye. Compatibility characters, such as
// full-width letters, count by what they are compatible with.
func looksASCII(part string) *Warning {
	if isASCII(part) {
		return nil
	}
	like := Skeleton(norm.NFKC.String(part))
	if like == "" { // nothing but what cannot be seen
		return nil
	}
	if isASCII(like) {
		return &Warning{LooksASCII, fmt.Sprintf("%s is not ASCII, but looks like it: it can be taken for another label", quote(part))}
	}
	for _, r := range part { // a separator that is none
		like := Skeleton(norm.NFKC.String(string(r)))
		if r >= 0x80 && like != "" && isASCII(like) && strings.Trim(like, "@.-_+/\\:,;'\"` ") == "" {
			return &Warning{LooksASCII, fmt.Sprintf("%U in %s looks like %q, and is not", r, quote(part), like)}
		}
	}
	return nil
}

// mixedDigits tells of decimal digits of more than one system (UTS 39, Section 5.3).
func mixedDigits(part string) *Warning {
	var zero rune = -1
	for _, r := range part {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		z := zeroOf(r)
		if zero >= 0 && z != zero {
			return &Warning{MixedDigits, fmt.Sprintf("%s has digits of several systems, which may be taken for each other", quote(part))}
		}
		zero = z
	}
	return nil
}

// zeroOf returns the first of the ten digits that r is among: Unicode assigns them in a
// row, and the rows of one range one after the other.
func zeroOf(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return r - (r-rune(t.Lo))%10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return r - (r-rune(t.Lo))%10
		}
	}
	return r
}

// quote shows a part with the code points of what is not ASCII in it. Of a label's
// letters and digits it shows the signs, too.
func quote(part string) string {
	var points []string
	for _, r := range part {
		if r >= 0x80 {
			points = append(points, fmt.Sprintf("%U", r))
		}
	}
	shown := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || 0x20 <= r && r < 0x7f {
			return r
		}
		return -1
	}, part)
	return fmt.Sprintf("%q (%s)", shown, strings.Join(limit(points), " "))
}

// maxQuoted is how many characters a warning names.
const maxQuoted = 8

func limit(names []string) []string {
	if len(names) > maxQuoted {
		return append(names[:maxQuoted:maxQuoted], "...")
	}
	return names
}
