package keyset

import (
	"bytes"
	"fmt"
	"strings"

	"filippo.io/age"
)

// maxAgeFingerprint is the longest age recipient that is its own fingerprint:
// the X25519 ones are 62 characters, the post-quantum ones about 2,000.
const maxAgeFingerprint = 128

// maxAge is the longest recipient that is read, in characters.
const maxAge = 16 << 10

func ageFingerprint(data []byte) (string, error) {
	if err := checkAgeShape(data); err != nil {
		return "", err
	}
	if len(data) <= maxAgeFingerprint {
		return string(data), nil
	}
	return hashFingerprint(data)
}

// inspectAge checks a recipient with its checksum: in full if it is X25519 or
// the post-quantum hybrid of ML-KEM-768 and X25519. What a plugin's recipient
// holds, only the plugin knows.
func inspectAge(data []byte, _ *budget) (facts, error) {
	if err := checkAgeShape(data); err != nil {
		return facts{}, err
	}
	prefix, key, err := decodeBech32(string(data))
	if err != nil {
		return facts{}, err
	}
	switch prefix {
	case "age":
		return facts{}, checkX25519(key)
	case "age1pq":
		f := facts{words: []string{"ML-KEM-768+X25519"}}
		if _, err := age.ParseHybridRecipient(string(data)); err != nil {
			return f, fmt.Errorf("%w: %w", errKey, err)
		}
		return f, checkX25519(key[len(key)-32:])
	}
	return facts{words: []string{strings.TrimPrefix(prefix, "age1")}}, nil
}

// checkAgeShape checks for "age1" and Bech32's characters, in lower case, the
// only one in which a recipient is written.
func checkAgeShape(data []byte) error {
	if !bytes.HasPrefix(data, []byte("age1")) || len(data) < 20 || len(data) > maxAge {
		return fmt.Errorf("%w: not an age recipient", errKey)
	}
	for _, c := range data {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("%w: not a lower-case age recipient", errKey)
		}
	}
	return nil
}

const bech32Digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// decodeBech32 decodes lower-case Bech32 (BIP 173) of any length, as age uses
// it, and verifies its checksum.
func decodeBech32(s string) (prefix string, data []byte, err error) {
	at := strings.LastIndexByte(s, '1')
	if at < 1 || len(s)-at-1 < 6 {
		return "", nil, fmt.Errorf("%w: not Bech32", errKey)
	}
	prefix = s[:at]
	sum := uint32(1)
	for _, c := range []byte(prefix) {
		sum = bech32Step(sum, c>>5)
	}
	sum = bech32Step(sum, 0)
	for _, c := range []byte(prefix) {
		sum = bech32Step(sum, c&31)
	}
	bits, have := uint32(0), 0
	for i, c := range []byte(s[at+1:]) {
		v := strings.IndexByte(bech32Digits, c)
		if v < 0 {
			return "", nil, fmt.Errorf("%w: not a Bech32 character", errKey)
		}
		sum = bech32Step(sum, byte(v))
		if i >= len(s)-at-1-6 {
			continue // the checksum
		}
		bits, have = bits<<5|uint32(v), have+5
		if have >= 8 {
			have -= 8
			data = append(data, byte(bits>>have))
		}
	}
	if sum != 1 {
		return "", nil, fmt.Errorf("%w: the checksum is wrong", errKey)
	}
	if have >= 5 || bits&(1<<have-1) != 0 {
		return "", nil, fmt.Errorf("%w: padding that is not zero", errKey)
	}
	return prefix, data, nil
}

// bech32Step takes the next five bits into the checksum.
func bech32Step(sum uint32, v byte) uint32 {
	top := sum >> 25
	sum = (sum&0x1ffffff)<<5 ^ uint32(v)
	for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 == 1 {
			sum ^= g
		}
	}
	return sum
}
