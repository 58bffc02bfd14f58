package keyring

import (
	"bytes"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// mlsKeyPackage is how an MLSMessage begins that is a KeyPackage: protocol version 1 and
// wire format mls_key_package (RFC 9420, Section 6).
var mlsKeyPackage = []byte{0, 1, 0, 5}

const reasonKeyPackageExpired = "the KeyPackage is expired"

// readMLS reads a KeyPackage, bare or as an MLSMessage. It has no label but the one that
// the caller gives: who its credential names, only an application knows.
func (s *source) readMLS() error {
	data, err := s.readAll()
	if err != nil {
		return err
	}
	candidates := [][]byte{data}
	if inner, ok := bytes.CutPrefix(data, mlsKeyPackage); ok {
		candidates = [][]byte{inner, data} // also how a bare one of cipher suite 5 begins
	}
	var failed error
	for _, c := range candidates {
		if len(c) == 0 || len(c) > keyset.MaxKeySize {
			continue
		}
		k := keyset.Key{Format: keyset.FormatMLSKeyPackage, Data: c}
		if err := k.Check(); err != nil {
			if failed == nil {
				failed = err
			}
			continue
		}
		s.res.Items++
		return s.addKey("the KeyPackage", k, "", "")
	}
	if failed == nil {
		return fmt.Errorf("%w: an MLS message of %d bytes that is no KeyPackage", ErrUnrecognized, len(data))
	}
	return fmt.Errorf("%w: it begins as an MLS message, but is no KeyPackage: %w", ErrUnrecognized, failed)
}
