package keyring

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// rawLineFormats are those of which a line of text is "FORMAT BASE64 COMMENT": keys that
// have no file of their own, or none that says what they are.
var rawLineFormats = []keyset.Format{
	keyset.FormatEd25519, keyset.FormatX25519, keyset.FormatP256, keyset.FormatMLKEM768, keyset.FormatMLKEM1024,
	keyset.FormatSignal, keyset.FormatMLSSignature, keyset.FormatMLSKeyPackage,
}

// rawLineFormat returns the format that a line begins with, by its name in any case.
func rawLineFormat(line string) (f keyset.Format, rest string, ok bool) {
	name, rest, ok := strings.Cut(line, " ")
	if !ok {
		return 0, "", false
	}
	i := slices.IndexFunc(rawLineFormats, func(f keyset.Format) bool { return strings.EqualFold(f.String(), name) })
	if i < 0 {
		return 0, "", false
	}
	return rawLineFormats[i], strings.TrimSpace(rest), true
}

// parseRawLine parses what follows the format.
func parseRawLine(f keyset.Format, rest string) (k keyset.Key, comment string, err error) {
	text, comment, _ := strings.Cut(rest, " ")
	data, ok := decodeBase64([]byte(text))
	if !ok {
		return keyset.Key{}, "", fmt.Errorf("%w: no base64 follows the format", errMalformed)
	}
	return keyset.Key{Format: f, Data: data}, strings.TrimSpace(comment), nil
}
