package keyring

import (
	"bytes"
	"errors"
	"fmt"
)

// maxInValue is more keys than a file for one label has, even if most of them are skipped.
const maxInValue = 16 << 10

// Value returns what is published of a file with keys for a label: the encoding of
// their set. source is what the file is called, and skipped what of it is left out.
// With raw, the value is the bytes of the file, unless they are a private key.
//
// The same file gives the same value, as long as none of its keys expires. The error
// is that of Read, or that there is no key.
func Value(data []byte, source, label string, raw bool) (value []byte, skipped []Skipped, err error) {
	if err := refusePrivate(data); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", source, err)
	}
	result, err := Read(bytes.NewReader(data), source, Options{Label: label, maxItems: maxInValue})
	if raw && !errors.Is(err, ErrPrivateKey) {
		return data, nil, nil // what cannot be withdrawn must not be a secret
	}
	if err != nil {
		return nil, nil, err
	}
	if len(result.Entries) != 1 {
		return nil, result.Skipped, fmt.Errorf("%s has no key that can be published", source)
	}
	value, err = result.Entries[0].Set.Marshal()
	return value, result.Skipped, err
}
