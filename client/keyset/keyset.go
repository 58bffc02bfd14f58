// Package keyset is the value of a label: a set of public keys of any kind,
// in one typed, versioned, deterministic container.
//
// The container is TLS presentation language (RFC 8446, Section 3):
//
//	struct {
//	    opaque magic[4] = "GLKS";
//	    uint16 version = 1;
//	    Key keys<0..2^24-1>;             // sorted, at most 1,024
//	    Extension extensions<0..2^24-1>; // sorted, at most 64
//	} KeySet;
//
//	struct {
//	    uint16 format;                   // see Format
//	    opaque data<1..2^24-1>;
//	    opaque name<0..2^8-1>;           // UTF-8
//	    Extension attributes<0..2^16-1>; // sorted, at most 64
//	} Key;
//
//	struct {
//	    uint16 type;
//	    opaque data<0..2^16-1>;
//	} Extension;
//
// There is exactly one encoding of a set: keys are sorted by (format, data) as
// unsigned numbers and bytes, no two have the same format and data, extensions
// are sorted by type, no type appears twice. What Parse accepts, Marshal
// re-encodes to the same bytes.
//
// Formats, attributes and extensions that this package does not know survive
// a round trip, so that newer writers can add to a set without a new version,
// and older readers do not destroy what they add. The document docs/keyset.md
// describes the format for other implementations, with test vectors.
//
// The container says nothing about the keys in it. Key.Check looks into one, and
// Key.Summary says what becomes of it when: whether it expires, is revoked, or is
// weak. Both judge by what the key says of itself and nobody else: whether it
// belongs to the label is what the directory is for. The sibling package keyring
// reads keys from files and decides which go into a set.
//
// The package does no I/O and reads no clock. What it does takes a time and memory
// that are bounded by the size of a set, whatever is in it.
package keyset

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
)

// Limits of a set. Marshal and Parse enforce all of them.
const (
	MaxSize       = 1 << 20   // bytes of an encoded set
	MaxKeys       = 1024      // keys in a set
	MaxKeySize    = 256 << 10 // bytes of one key's Data
	MaxNameSize   = 255       // bytes of one key's Name
	MaxExtensions = 64        // extensions of a set, and attributes of a key
	// MaxExtensionSize is the size of one extension's Data, and of all
	// encoded attributes of one key together.
	MaxExtensionSize = 1<<16 - 1
)

const (
	magic   = "GLKS"
	version = 1
)

// ErrVersion is wrapped by the error of Parse if the input is a key set of a
// version this package does not know: not damaged, but newer.
var ErrVersion = errors.New("keyset: unknown key set version")

var (
	errMalformed = errors.New("keyset: malformed key set")
	errNotSorted = fmt.Errorf("%w: not in canonical order", errMalformed)
	errDuplicate = errors.New("keyset: duplicate")
	errLimit     = errors.New("keyset: over the limit")
	errKey       = errors.New("keyset: invalid key")
)

// A Key is one public key. Data is not interpreted by the container; its shape
// is given by Format. Name is what a user calls the device that holds the key:
// UTF-8 without control characters, at most MaxNameSize bytes, often empty. It
// is public, like everything in a set.
type Key struct {
	Format     Format
	Data       []byte
	Name       string
	Attributes []Extension
}

// An Extension is typed data this version of the container does not define. As
// an extension of a set it is about the set (a signature by the label's
// account key), as an attribute of a key about that key (its purpose).
type Extension struct {
	Type uint16
	Data []byte
}

// A Set is the decoded value of a label. The zero Set is valid and holds no
// keys, which says that the label has none at present. A Set has no methods
// that change it and is safe for concurrent use while nobody changes it.
type Set struct {
	Keys       []Key
	Extensions []Extension
}

// Compare orders keys as the encoding does: by format, then data. Two keys of
// one set never compare equal.
func Compare(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Format, b.Format), bytes.Compare(a.Data, b.Data))
}

func compareExtensions(a, b Extension) int { return cmp.Compare(a.Type, b.Type) }

// Marshal encodes s. It sorts a copy, so the order of s.Keys and s.Extensions
// does not matter. It fails if two keys have the same format and data, two
// extensions the same type, a name is not acceptable, or a limit is exceeded.
func (s Set) Marshal() ([]byte, error) {
	if len(s.Keys) > MaxKeys {
		return nil, fmt.Errorf("%w: %d keys, at most %d", errLimit, len(s.Keys), MaxKeys)
	}
	size := 0
	for _, k := range s.Keys {
		size += len(k.Data) + len(k.Name)
	}
	if size > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes of keys, at most %d", errLimit, size, MaxSize)
	}
	keys := slices.Clone(s.Keys)
	slices.SortFunc(keys, Compare)
	var b cryptobyte.Builder
	b.AddBytes([]byte(magic))
	b.AddUint16(version)
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
		for i, k := range keys {
			if i > 0 && Compare(keys[i-1], k) == 0 {
				b.SetError(fmt.Errorf("%w key of format %v", errDuplicate, k.Format))
				return
			}
			addKey(b, k)
		}
	})
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { addExtensions(b, s.Extensions) })
	out, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	if len(out) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", errLimit, len(out), MaxSize)
	}
	return out, nil
}

func addKey(b *cryptobyte.Builder, k Key) {
	if err := k.checkShape(); err != nil {
		b.SetError(err)
		return
	}
	b.AddUint16(uint16(k.Format))
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(k.Data) })
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(k.Name)) })
	size := 0
	for _, a := range k.Attributes {
		size += 4 + len(a.Data)
	}
	if size > MaxExtensionSize {
		b.SetError(fmt.Errorf("%w: attributes of %d bytes, at most %d", errLimit, size, MaxExtensionSize))
		return
	}
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addExtensions(b, k.Attributes) })
}

func addExtensions(b *cryptobyte.Builder, exts []Extension) {
	if len(exts) > MaxExtensions {
		b.SetError(fmt.Errorf("%w: %d extensions, at most %d", errLimit, len(exts), MaxExtensions))
		return
	}
	sorted := slices.Clone(exts)
	slices.SortFunc(sorted, compareExtensions)
	for i, e := range sorted {
		if i > 0 && sorted[i-1].Type == e.Type {
			b.SetError(fmt.Errorf("%w extension %d", errDuplicate, e.Type))
			return
		}
		if len(e.Data) > MaxExtensionSize {
			b.SetError(fmt.Errorf("%w: extension of %d bytes, at most %d", errLimit, len(e.Data), MaxExtensionSize))
			return
		}
		b.AddUint16(e.Type)
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(e.Data) })
	}
}

// checkShape checks what the container requires of every key.
func (k Key) checkShape() error {
	if k.Format == 0 {
		return fmt.Errorf("%w: format 0 is reserved", errKey)
	}
	if len(k.Data) == 0 {
		return fmt.Errorf("%w: no data", errKey)
	}
	if len(k.Data) > MaxKeySize {
		return fmt.Errorf("%w: a key of %d bytes, at most %d", errLimit, len(k.Data), MaxKeySize)
	}
	return CheckName(k.Name)
}

// CheckName reports why name cannot be a key's Name: longer than MaxNameSize
// bytes, not UTF-8, or with characters that could make a line of output lie:
// control characters, line separators and bidirectional overrides.
func CheckName(name string) error {
	if len(name) > MaxNameSize {
		return fmt.Errorf("%w: name of %d bytes, at most %d", errLimit, len(name), MaxNameSize)
	}
	if !utf8.ValidString(name) {
		return fmt.Errorf("%w: name is not UTF-8", errKey)
	}
	for _, r := range name {
		if deceptive(r) {
			return fmt.Errorf("%w: name contains %U", errKey, r)
		}
	}
	return nil
}

// deceptive names its ranges rather than a Unicode table, so that what
// decodes does not change with the Unicode version.
func deceptive(r rune) bool {
	switch {
	case r < 0x20, 0x7f <= r && r <= 0x9f: // C0, DEL, C1
	case r == 0x061c, r == 0x200e, r == 0x200f: // ALM, LRM, RLM
	case 0x2028 <= r && r <= 0x202e: // separators, embeddings, overrides
	case 0x2066 <= r && r <= 0x2069: // isolates
	default:
		return false
	}
	return true
}
