// Package label is what the name of a person or a thing is to a directory: the one
// spelling that it is stored under, and what about it may deceive the eye.
//
// Normalize gives the spelling. A directory compares labels as bytes: whoever asks for
// another spelling gets another label, or none. docs/labels.md states the rules for
// other implementations.
//
// Skeleton and Warnings are about look-alikes, by Unicode Technical Standard 39 (UTS
// 39). They inform people. Nothing is refused for them, because which labels deceive
// depends on which other ones there are: the Cyrillic name that imitates a Latin one is
// somebody's name. And they know characters, not words: support-of-alice@example.net
// imitates nobody to them.
//
// The package does no I/O, reads no clock, and is safe for concurrent use.
package label

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// MaxSize is the size of the longest label in bytes.
const MaxSize = 255

// ErrMalformed is wrapped by the error for what cannot be a label.
var ErrMalformed = errors.New("malformed label")

// Normalize returns the label under which a directory knows name: in Normalization Form
// C (Unicode Standard Annex 15), without space around it. An e-mail address is in lower
// case, local part and domain, and its domain in Unicode where it is an
// internationalised one. Anything else keeps its case.
//
// It fails, with an error that wraps ErrMalformed, if the label is empty, over MaxSize
// bytes, not UTF-8, has control characters, or is an address whose domain IDNA forbids.
// Normalizing what it returned changes nothing.
func Normalize(name string) (string, error) {
	if len(name) > 4*MaxSize { // space, and what becomes shorter
		return "", fmt.Errorf("%w: %d bytes, at most %d", ErrMalformed, len(name), MaxSize)
	}
	label := strings.TrimSpace(norm.NFC.String(name))
	if isAddress(label) {
		var err error
		if label, err = lowerAddress(label); err != nil {
			return "", err
		}
	}
	switch {
	case label == "":
		return "", fmt.Errorf("%w: empty", ErrMalformed)
	case len(label) > MaxSize:
		return "", fmt.Errorf("%w: %d bytes, at most %d", ErrMalformed, len(label), MaxSize)
	case keyset.CheckName(label) != nil: // the same characters are no good in either
		return "", fmt.Errorf("%w: not UTF-8, or with control characters", ErrMalformed)
	}
	return label, nil
}

// Address reports whether text is a bare e-mail address, and returns it as Normalize
// does, save that it may be too long for a label. It is narrower than RFC 5322: no
// quoting, no comments, no address literals, and a dot in the domain, so that the
// user@host which ssh-keygen writes by itself is not taken for one.
func Address(text string) (address string, ok bool) {
	text = norm.NFC.String(text)
	if !isAddress(text) {
		return "", false
	}
	address, err := lowerAddress(text)
	return address, err == nil
}

func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || !utf8.ValidString(s) || keyset.CheckName(domain) != nil {
		return false
	}
	if strings.ContainsAny(s, " \t\r\n\u00a0\u3000<>()[]\\,;:\"") || strings.Contains(domain, "@") {
		return false
	}
	return strings.Contains(domain, ".") && !strings.HasPrefix(domain, ".") &&
		!strings.HasSuffix(domain, ".") && !strings.Contains(domain, "..")
}

// lowerAddress returns an address in lower case.
func lowerAddress(s string) (string, error) {
	local, domain, _ := strings.Cut(s, "@")
	domain = lower(domain)
	if !isASCII(domain) || strings.HasPrefix(domain, "xn--") || strings.Contains(domain, ".xn--") {
		var err error
		if domain, err = unicodeDomain(domain); err != nil {
			return "", err
		}
	}
	return lower(local) + "@" + domain, nil
}

// lower is Unicode's lower case, which is that of every single character but one: U+0130,
// the capital I with a dot, does not become the letter i that anybody may have.
func lower(s string) string {
	return norm.NFC.String(strings.ToLower(strings.ReplaceAll(s, "\u0130", "i\u0307")))
}

// domains maps as browsers do before a look-up (UTS 46, non-transitional), and checks.
var domains = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.CheckHyphens(true), idna.VerifyDNSLength(true))

// unicodeDomain returns the one Unicode form of an internationalised domain. The form
// has to survive the way to the DNS and back: else two domains could share it.
func unicodeDomain(domain string) (string, error) {
	ascii, err := domains.ToASCII(domain)
	if err != nil {
		return "", fmt.Errorf("%w: the domain is not permitted by IDNA", ErrMalformed)
	}
	form, err := domains.ToUnicode(ascii)
	if err != nil {
		return "", fmt.Errorf("%w: the domain is not permitted by IDNA", ErrMalformed)
	}
	again, err := domains.ToASCII(form)
	if err != nil || again != ascii || !isAddress("x@"+form) {
		return "", fmt.Errorf("%w: the domain has no form of its own in IDNA", ErrMalformed)
	}
	return form, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
