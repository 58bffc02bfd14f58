package keyring

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"regexp"
	"unicode"
	"unicode/utf16"
)

// refusePrivate returns an error wrapping ErrPrivateKey if data can be told to hold a
// private key, whatever else is in it and whatever it is wrapped in: PEM of any label,
// armor, base64, UTF-16, JSON. It says which kind of key it is, and nothing of it.
//
// What has no structure cannot be told: the 32 bytes of a private WireGuard, X25519 or
// HPKE key, and what is encrypted.
func refusePrivate(data []byte) error {
	if what := privateIn(data, maxWrappings); what != "" {
		return fmt.Errorf("%w (%s)", ErrPrivateKey, what)
	}
	return nil
}

// maxWrappings is how many layers of PEM, base64 and the like are looked into.
const maxWrappings = 3

// privateIn names the private key in data; empty if there is none to be seen.
func privateIn(data []byte, wrappings int) string {
	text := fromUTF16(data)
	for _, find := range []func([]byte) string{markIn, privateStructure, privateInJSON} {
		if what := find(text); what != "" {
			return what
		}
	}
	if wrappings == 0 {
		return ""
	}
	for _, inner := range unwrap(text) {
		if what := privateIn(inner, wrappings-1); what != "" {
			return what
		}
	}
	return ""
}

// A mark is what stands in the files of private keys and in no other: text that has to be
// there, and a pattern around it. Both are in upper case and matched with text in upper
// case, unless exact is set. The text is there because looking for it is fast.
type mark struct {
	text    string
	pattern *regexp.Regexp
	exact   bool
	what    string
}

// marks count wherever they stand: in a quoted mail, in a file of settings, after public
// keys.
var marks = []mark{
	{"PRIVATE KEY", regexp.MustCompile(`-{4,5} ?(?:BEGIN|END) [^\n]{0,80}PRIVATE KEY`), false, "PEM or OpenPGP armor"},
	{"AGE-SECRET-KEY-", regexp.MustCompile(`AGE-SECRET-KEY-(?:PQ-)?1`), false, "an age identity"},
	{"AGE-PLUGIN-", regexp.MustCompile(`AGE-PLUGIN-[A-Z0-9+._-]{1,80}1`), false, "an identity of an age plugin"},
	{"PUTTY-USER-KEY-FILE-", regexp.MustCompile(`PUTTY-USER-KEY-FILE-[0-9]`), false, "PuTTY"},
	{"openssh-key-v1\x00", regexp.MustCompile(`openssh-key-v1`), true, "OpenSSH"},
	{"PRIVATE-KEY", regexp.MustCompile(`\((?:[0-9]+:)?(?:PROTECTED-|SHADOWED-)?PRIVATE-KEY`), false, "gpg-agent"},
	{"PRIVATEKEY", regexp.MustCompile(`(?m)^\s*PRIVATEKEY\s*=\s*[A-Z0-9+/]{42,43}=?`), false, "a WireGuard configuration"},
	{"PRIVATE-KEY-FORMAT:", regexp.MustCompile(`PRIVATE-KEY-FORMAT: V[0-9]`), false, "DNSSEC"},
	{"== ed25519v1-secret:", regexp.MustCompile(`ed25519v1`), true, "Tor"},
	{"KEYVALUE>", regexp.MustCompile(`(?s)<(?:RSA|DSA)KEYVALUE>.*<[DX]>`), false, "XML"},
	{"RW", regexp.MustCompile(`(?m)^\s*RW(?:RTY0Iy|QAAEIy)[A-Za-z0-9+/]{40}`), true, "minisign"},
	{"RWRCS", regexp.MustCompile(`(?m)^\s*RWRCS[A-Za-z0-9+/]{40}`), true, "signify"},
}

// markIn names the kind of private key whose mark is in text; empty if there is none.
func markIn(text []byte) string {
	upper := bytes.ToUpper(text)
	for _, m := range marks {
		in := upper
		if m.exact {
			in = text
		}
		if bytes.Contains(in, []byte(m.text)) && m.pattern.Match(in) {
			return m.what
		}
	}
	return ""
}

// privateStructure recognises the binary forms that fill a file or a PEM block.
func privateStructure(data []byte) string {
	switch {
	case privateDER(data):
		return "ASN.1"
	case secretPackets(data):
		return "OpenPGP"
	case bytes.HasPrefix(data, []byte("\xfe\xed\xfe\xed")), bytes.HasPrefix(data, []byte("\xce\xce\xce\xce")):
		return "a Java key store"
	case isSeedAndKey(data):
		return "Ed25519, with its seed"
	}
	return ""
}

// isSeedAndKey recognises the private form of Ed25519 in NaCl and many libraries: the
// seed, and the public key that belongs to it.
func isSeedAndKey(data []byte) bool {
	return len(data) == ed25519.PrivateKeySize && bytes.Equal(ed25519.NewKeyFromSeed(data[:ed25519.SeedSize]), data)
}

// secretPackets reports whether OpenPGP packets begin here of which one is a secret key.
func secretPackets(data []byte) bool {
	for len(data) > 0 && data[0]&0x80 != 0 {
		tag, body, rest, ok := splitPacket(data)
		if tag == tagSecretKey || tag == tagSecretSubkey {
			// Not every byte above 0x7f begins a packet: a version and an algorithm follow.
			return len(body) > 5 && 2 <= body[0] && body[0] <= 6 && body[5] != 0 && (body[5] <= 40 || 100 <= body[5] && body[5] <= 110)
		}
		if !ok {
			return false
		}
		data = rest
	}
	return false
}

// splitPacket splits off the first packet, of any framing (RFC 9580, Section 4.2). ok is
// false if it does not end within data; body then is what there is.
func splitPacket(data []byte) (tag byte, body, rest []byte, ok bool) {
	tag = headerTag(data[0])
	padded := append(bytes.Clone(data[1:min(len(data), 6)]), make([]byte, 5)...) // a length that is cut
	size, n := 0, uint64(len(data))                                              // to the end
	switch old := data[0]&0x40 == 0; {
	case old && data[0]&3 == 3:
	case old && data[0]&3 == 2:
		size, n = 4, uint64(binary.BigEndian.Uint32(padded))
	case old && data[0]&3 == 1:
		size, n = 2, uint64(binary.BigEndian.Uint16(padded))
	case old, padded[0] < 192:
		size, n = 1, uint64(padded[0])
	case padded[0] < 224:
		size, n = 2, uint64(padded[0]-192)<<8+uint64(padded[1])+192
	case padded[0] < 255:
		size = 1 // the first part of several
	default:
		size, n = 5, uint64(binary.BigEndian.Uint32(padded[1:]))
	}
	body = data[min(1+size, len(data)):]
	if n > uint64(len(body)) {
		return tag, body, nil, false
	}
	return tag, body[:n], body[n:], true
}

// armorContents returns what is in blocks of OpenPGP armor, which end in a checksum that
// PEM does not have, up to one that is damaged.
func armorContents(text []byte) [][]byte {
	var found [][]byte
	a := &armorReader{sc: newLineScanner(bytes.NewReader(text))}
	for bytes.Contains(text, []byte(armorBegin+"PGP ")) {
		if _, err := a.next(); err != nil {
			break
		}
		var b bytes.Buffer
		_, err := b.ReadFrom(a)
		found = append(found, b.Bytes())
		if err != nil {
			break
		}
	}
	return found
}

// unwrap returns what is in PEM and armor, whose label may lie, in the base64, the
// hexadecimal or the UTF-16 that fills data, and in the base64 of PEM wherever it stands, as in the
// secrets of Kubernetes.
func unwrap(data []byte) [][]byte {
	found := armorContents(data)
	if order := orderOfUTF16(data); order != nil {
		found = append(found, decodeUTF16(order, data))
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		found = append(found, block.Bytes)
	}
	whole := bytes.Join(bytes.Fields(data), nil)
	if n := len(whole) - 5; n > 0 && whole[n] == '=' { // the checksum of armor that lost its first line
		if inner, ok := decodeBase64(whole[:n]); ok {
			found = append(found, inner)
		}
	}
	if inner, ok := decodeBase64(whole); ok {
		found = append(found, inner)
	}
	if inner := make([]byte, len(whole)/2); len(whole)%2 == 0 && len(whole) > 0 {
		if _, err := hex.Decode(inner, whole); err == nil {
			found = append(found, inner)
		}
	}
	for _, m := range wrappedPEM.FindAll(data, maxWrapped) {
		if inner, ok := decodeBase64(m[:len(m)/4*4]); ok {
			found = append(found, inner)
		}
	}
	return found
}

// wrappedPEM is the base64 of "-----BEGIN " and of openssh-key-v1, with what follows.
var wrappedPEM = regexp.MustCompile(`(?:LS0tLS1CRUdJTi|b3BlbnNzaC1rZXktdjEA)[A-Za-z0-9+/]{10,1000}`)

// maxWrapped is how many pieces of base64 in a file are looked into.
const maxWrapped = 1000

// decodeBase64 decodes base64 of either alphabet, padded or not.
func decodeBase64(text []byte) ([]byte, bool) {
	text = bytes.TrimRight(text, "=")
	if len(text) == 0 {
		return nil, false
	}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		out := make([]byte, e.DecodedLen(len(text)))
		if n, err := e.Decode(out, text); err == nil {
			return out[:n], true
		}
	}
	return nil, false
}

// fromUTF16 returns text in UTF-8 if it begins with the byte order mark of UTF-16, which
// is what some shells write, and data as it is if not.
func fromUTF16(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return data
	}
	return decodeUTF16(order, data[2:])
}

// orderOfUTF16 returns the byte order of data that begins as ASCII in UTF-16 without a
// mark; nil if it does not.
func orderOfUTF16(data []byte) binary.ByteOrder {
	const enough = 16 // characters, by which structures of ASN.1 are told apart
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		n := 0
		for n < enough && len(data) >= 2*(n+1) {
			if u := order.Uint16(data[2*n:]); u == 0 || u > unicode.MaxASCII {
				break
			}
			n++
		}
		if n == enough {
			return order
		}
	}
	return nil
}

// decodeUTF16 returns text in UTF-8. What is not UTF-16 becomes U+FFFD.
func decodeUTF16(order binary.ByteOrder, b []byte) []byte {
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	return []byte(string(utf16.Decode(units)))
}
