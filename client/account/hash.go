package account

import (
	"encoding/hex"
	"fmt"
)

// HashSize is the size in bytes of a commitment and of a body's hash.
const HashSize = 32

// A Hash is a commitment, or the SHA-256 of something. In text it is
// lower-case hex. The zero Hash stands for none, or for one that is not known.
type Hash [HashSize]byte

// String returns h in lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns h in lower-case hex.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 digits of lower-case hex.
func (h *Hash) UnmarshalText(text []byte) error {
	var got Hash
	if len(text) != hex.EncodedLen(HashSize) {
		return fmt.Errorf("%w: a hash of %d characters, not %d", errMalformed, len(text), hex.EncodedLen(HashSize))
	}
	if _, err := hex.Decode(got[:], text); err != nil || got.String() != string(text) {
		return fmt.Errorf("%w: a hash that is not lower-case hex", errMalformed)
	}
	*h = got
	return nil
}
