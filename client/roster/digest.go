package roster

import (
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
)

// DigestEntry is what one label contributes to a digest.
type DigestEntry struct {
	Label       string // normalised, at most 65,535 bytes
	Version     uint32
	ValueSHA256 string // hexadecimal
}

// Digits is a digest for people: sixty decimal digits.
type Digits string

const (
	digestContext = "Ghostlight roster digest v1\x00"
	digestGroups  = 12
	digestPrefix  = "GHOSTLIGHT-ROSTER:1:"
)

var errDigest = errors.New("roster: no digest")

// Digest returns the digest of a roster's proven labels, in any order. Members
// who are shown another set of labels, another version of one or another value
// get other digits. There is none without entries, or with a label twice.
//
// It is SHA-512 over the context "Ghostlight roster digest v1" with a zero
// octet and the entries, sorted by the bytes of their labels:
//
//	struct {
//	    opaque label<0..2^16-1>;
//	    uint32 version;
//	    opaque value_sha256[32];
//	} Entry;
//
//	Entry entries<0..2^32-1>; // the length is the number of entries
//
// Each five octets of the hash, from the first on, are a big-endian number of
// which the remainder by 100,000 is a group of five digits. Twelve groups use
// sixty octets.
func Digest(entries []DigestEntry) (Digits, error) {
	if len(entries) == 0 {
		return "", fmt.Errorf("%w: no labels", errDigest)
	}
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b DigestEntry) int { return strings.Compare(a.Label, b.Label) })
	var b cryptobyte.Builder
	b.AddBytes([]byte(digestContext))
	b.AddUint32(uint32(len(sorted)))
	for i, e := range sorted {
		if i > 0 && sorted[i-1].Label == e.Label {
			return "", fmt.Errorf("%w: the label %q is there twice", errDigest, e.Label)
		}
		sum, err := hex.DecodeString(e.ValueSHA256)
		if err != nil || len(sum) != 32 {
			return "", fmt.Errorf("%w: the value of %q is not known: there is a digest only if all labels are proven", errDigest, e.Label)
		}
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(e.Label)) })
		b.AddUint32(e.Version)
		b.AddBytes(sum)
	}
	encoded, err := b.Bytes()
	if err != nil {
		return "", fmt.Errorf("%w: a label of more than 65,535 bytes", errDigest)
	}
	return digits(sha512.Sum512(encoded)), nil
}

func digits(sum [sha512.Size]byte) Digits {
	var out strings.Builder
	for group := range digestGroups {
		n := uint64(0)
		for _, octet := range sum[5*group : 5*group+5] {
			n = n<<8 | uint64(octet)
		}
		fmt.Fprintf(&out, "%05d", n%100_000)
	}
	return Digits(out.String())
}

// String returns twelve groups of five digits, for people to read out.
func (d Digits) String() string {
	return strings.Join(d.groups(), " ")
}

func (d Digits) groups() []string {
	var groups []string
	for group := range slices.Chunk([]byte(d), 5) {
		groups = append(groups, string(group))
	}
	return groups
}

// QRText returns what a QR code of the digest holds: the digits after a word
// that tells what they are, in the characters of a QR code's alphanumeric mode.
func (d Digits) QRText() string { return digestPrefix + string(d) }

// ParseDigits reads a digest that another member shows: a QR code's text, or
// digits with any white space between them.
func ParseDigits(text string) (Digits, error) {
	text = strings.TrimPrefix(strings.TrimSpace(text), digestPrefix)
	d := strings.Join(strings.Fields(text), "")
	if len(d) != 5*digestGroups || strings.Trim(d, "0123456789") != "" {
		return "", errors.New("it is not a digest, which has sixty digits, or the text of a QR code of one")
	}
	return Digits(d), nil
}
