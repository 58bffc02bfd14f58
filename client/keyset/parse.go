package keyset

import (
	"bytes"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// Parse decodes a key set. It accepts only the canonical encoding: in order,
// without duplicates, within the limits, and with nothing after it. The
// returned set does not alias data.
//
// An error wraps ErrVersion if data is a key set of an unknown version. A key
// of an unknown format is no error; whether Data has its format's shape is a
// question for Key.Check, so that one bad key does not hide the others.
func Parse(data []byte) (Set, error) {
	if len(data) > MaxSize {
		return Set{}, fmt.Errorf("%w: %d bytes, at most %d", errLimit, len(data), MaxSize)
	}
	s := cryptobyte.String(bytes.Clone(data))
	var head []byte
	var v uint16
	if !s.ReadBytes(&head, len(magic)) || string(head) != magic || !s.ReadUint16(&v) {
		return Set{}, fmt.Errorf("%w: does not begin with %q and a version", errMalformed, magic)
	}
	if v != version {
		return Set{}, fmt.Errorf("%w: %d", ErrVersion, v)
	}
	var keys, exts cryptobyte.String
	if !s.ReadUint24LengthPrefixed(&keys) || !s.ReadUint24LengthPrefixed(&exts) {
		return Set{}, fmt.Errorf("%w: truncated", errMalformed)
	}
	if !s.Empty() {
		return Set{}, fmt.Errorf("%w: %d bytes after the end", errMalformed, len(s))
	}
	var set Set
	var err error
	if set.Keys, err = parseKeys(keys); err != nil {
		return Set{}, err
	}
	if set.Extensions, err = parseExtensions(exts); err != nil {
		return Set{}, err
	}
	return set, nil
}

func parseKeys(s cryptobyte.String) ([]Key, error) {
	var keys []Key
	for !s.Empty() {
		if len(keys) == MaxKeys {
			return nil, fmt.Errorf("%w: more than %d keys", errLimit, MaxKeys)
		}
		k, err := parseKey(&s)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", len(keys), err)
		}
		if n := len(keys); n > 0 {
			switch c := Compare(keys[n-1], k); {
			case c == 0:
				return nil, fmt.Errorf("key %d: %w key", n, errDuplicate)
			case c > 0:
				return nil, fmt.Errorf("key %d: %w", n, errNotSorted)
			}
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func parseKey(s *cryptobyte.String) (Key, error) {
	var format uint16
	var data, name, attrs cryptobyte.String
	if !s.ReadUint16(&format) || !s.ReadUint24LengthPrefixed(&data) ||
		!s.ReadUint8LengthPrefixed(&name) || !s.ReadUint16LengthPrefixed(&attrs) {
		return Key{}, fmt.Errorf("%w: truncated", errMalformed)
	}
	k := Key{Format: Format(format), Data: data, Name: string(name)}
	if err := k.checkShape(); err != nil {
		return Key{}, err
	}
	var err error
	k.Attributes, err = parseExtensions(attrs)
	return k, err
}

func parseExtensions(s cryptobyte.String) ([]Extension, error) {
	var exts []Extension
	for !s.Empty() {
		if len(exts) == MaxExtensions {
			return nil, fmt.Errorf("%w: more than %d extensions", errLimit, MaxExtensions)
		}
		var e Extension
		var data cryptobyte.String
		if !s.ReadUint16(&e.Type) || !s.ReadUint16LengthPrefixed(&data) {
			return nil, fmt.Errorf("extension %d: %w: truncated", len(exts), errMalformed)
		}
		e.Data = data
		if n := len(exts); n > 0 {
			switch last := exts[n-1].Type; {
			case last == e.Type:
				return nil, fmt.Errorf("%w extension %d", errDuplicate, e.Type)
			case last > e.Type:
				return nil, fmt.Errorf("extension %d: %w", e.Type, errNotSorted)
			}
		}
		exts = append(exts, e)
	}
	return exts, nil
}
