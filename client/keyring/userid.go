package keyring

import (
	"strings"
	"unicode/utf8"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	labels "github.com/ghostlight-kt/ghostlight/client/label"
)

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
	label, ok := labels.Address(inner)
	if !ok {
		return "", "the user id has no e-mail address"
	}
	label, err := labels.Normalize(label)
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
