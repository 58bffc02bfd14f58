package vectors

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Hex is a byte string, hexadecimal in JSON.
type Hex []byte

// MarshalText implements encoding.TextMarshaler.
func (h Hex) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.AppendDecode(Hex{}, text)
	return err
}

// Hash is a merkle.Hash, hexadecimal in JSON.
type Hash merkle.Hash

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err == nil && len(b) != len(h) {
		err = fmt.Errorf("a hash of %d bytes", len(b))
	}
	copy(h[:], b)
	return err
}

// Hashes converts hashes for JSON.
func Hashes(hs []merkle.Hash) []Hash {
	out := make([]Hash, 0, len(hs))
	for _, h := range hs {
		out = append(out, Hash(h))
	}
	return out
}

// MerkleHashes is the reverse of Hashes.
func MerkleHashes(hs []Hash) []merkle.Hash {
	out := make([]merkle.Hash, 0, len(hs))
	for _, h := range hs {
		out = append(out, merkle.Hash(h))
	}
	return out
}

// Edit is a change of a byte string: Remove bytes at Offset are replaced by
// Insert.
type Edit struct {
	Offset int `json:"offset"`
	Remove int `json:"remove"`
	Insert Hex `json:"insert"`
}

// Diff returns edits that turn one byte string into another, ascending by their
// offsets in the first: one, or two if an element was added to the end of a vector,
// or removed from it, so that the vector's count differs as well.
func Diff(from, to []byte) []Edit {
	start := 0
	for start < min(len(from), len(to)) && from[start] == to[start] {
		start++
	}
	end := 0
	for end < min(len(from), len(to))-start && from[len(from)-1-end] == to[len(to)-1-end] {
		end++
	}
	old, changed := from[start:len(from)-end], to[start:len(to)-end]
	same := min(len(old), len(changed)) // up to where both are the same but for a count
	if same < 2 || len(old) == len(changed) || !bytes.Equal(old[1:same], changed[1:same]) {
		return []Edit{{start, len(old), changed}}
	}
	return []Edit{{start, 1, changed[:1]}, {start + same, len(old) - same, changed[same:]}}
}

// Apply returns data after edits as Diff returns them.
func Apply(edits []Edit, data []byte) (Hex, error) {
	out, done := Hex{}, 0
	for _, e := range edits {
		if e.Remove < 0 || e.Offset < done || e.Offset > len(data) || e.Remove > len(data)-e.Offset {
			return nil, fmt.Errorf("edit of bytes %d to %d of %d", e.Offset, e.Offset+e.Remove, len(data))
		}
		out = append(append(out, data[done:e.Offset]...), e.Insert...)
		done = e.Offset + e.Remove
	}
	return append(out, data[done:]...), nil
}
