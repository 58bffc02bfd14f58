package keyring

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// NormalizeLabel returns the label under which a directory knows name: an
// e-mail address is lower-cased, local part and domain, anything else is taken
// as it is. Space around it is dropped. It fails if the label is empty, over
// MaxLabel bytes, not UTF-8, or contains control characters.
func NormalizeLabel(name string) (string, error) {
	label := strings.TrimSpace(name)
	if address, ok := address(label); ok {
		label = address
	}
	switch {
	case label == "":
		return "", fmt.Errorf("%w label: empty", errMalformed)
	case len(label) > MaxLabel:
		return "", fmt.Errorf("%w label: %d bytes, at most %d", errMalformed, len(label), MaxLabel)
	case keyset.CheckName(label) != nil: // the same characters are no good in either
		return "", fmt.Errorf("%w label: not UTF-8, or with control characters", errMalformed)
	}
	return label, nil
}

// address reports whether s is a bare e-mail address, and returns it in lower
// case. It is narrower than RFC 5322: no quoting, no comments, no address
// literals, and a dot in the domain, so that the user@host which ssh-keygen
// writes by itself is not taken for one.
func address(s string) (string, bool) {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || !utf8.ValidString(s) || keyset.CheckName(domain) != nil {
		return "", false
	}
	if strings.ContainsAny(s, " \t\r\n\u00a0\u3000<>()[]\\,;:\"") || strings.Contains(domain, "@") {
		return "", false
	}
	if !strings.Contains(domain, ".") || strings.HasPrefix(domain, ".") ||
		strings.HasSuffix(domain, ".") || strings.Contains(domain, "..") {
		return "", false
	}
	return strings.ToLower(s), true
}

// userIDAddress returns the address of an OpenPGP user id, by convention
// "Name (comment) <address>" or the bare address (RFC 9580, Section 5.11).
// Where it is not plain which address is meant there is none: readers could
// disagree about whose key it is.
func userIDAddress(id string) (label, reason string) {
	inner := strings.TrimSpace(id)
	if strings.ContainsAny(id, "<>") {
		if strings.Count(id, "<") != 1 || strings.Count(id, ">") != 1 {
			return "", "the user id has more than one address, or unbalanced brackets"
		}
		_, after, _ := strings.Cut(id, "<")
		var rest string
		inner, rest, _ = strings.Cut(after, ">")
		if strings.ContainsRune(rest, '@') {
			return "", "the user id has more than one address, or unbalanced brackets"
		}
		inner = strings.TrimSpace(inner)
	}
	label, ok := address(inner)
	if !ok {
		return "", "the user id has no e-mail address"
	}
	label, err := NormalizeLabel(label)
	if err != nil {
		return "", err.Error()
	}
	return label, ""
}

// cleanName makes a comment a key's name: cut to the limit between two
// characters, and empty if it cannot be shown.
func cleanName(s string) string {
	s = strings.TrimSpace(s)
	for len(s) > keyset.MaxNameSize {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	if keyset.CheckName(s) != nil {
		return ""
	}
	return s
}
