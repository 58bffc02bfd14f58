package keyset

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/mls"
)

// keyPackageRef is KeyPackageRef of RFC 9420, Section 5.2, in hexadecimal.
func keyPackageRef(data []byte) (string, error) {
	k, err := parseKeyPackage(data)
	if err != nil {
		return "", err
	}
	ref, err := k.Ref()
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUnsupported, err)
	}
	return hex.EncodeToString(ref), nil
}

// parseKeyPackage parses a KeyPackage of the kinds of credentials that are known.
func parseKeyPackage(data []byte) (*mls.KeyPackage, error) {
	k, err := mls.ParseKeyPackage(data)
	switch {
	case errors.Is(err, mls.ErrVersion):
		return nil, fmt.Errorf("%w: %w", errUnsupported, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errKey, err)
	}
	if t := k.Leaf.Credential.Type; t != mls.CredentialBasic && t != mls.CredentialX509 {
		return nil, fmt.Errorf("%w: MLS credential of type %d", errUnsupported, t)
	}
	return k, nil
}

// inspectKeyPackage does what RFC 9420, Sections 7.3 and 10.1, asks of whoever
// uses a KeyPackage, as far as no group and no clock is needed.
func inspectKeyPackage(data []byte, b *budget) (facts, error) {
	k, err := parseKeyPackage(data)
	if err != nil {
		return facts{}, err
	}
	f := facts{words: []string{suiteName(k.CipherSuite)}}
	f.expires = time.Unix(int64(min(k.Leaf.Lifetime.NotAfter, forever)), 0)
	if err := checkOffer(k); err != nil {
		return f, err
	}
	suite, ok := mlsSuites[k.CipherSuite]
	if !ok {
		return f, nil
	}
	return f, verifyKeyPackage(k, suite, b)
}

// checkOffer checks what holds for every cipher suite.
func checkOffer(k *mls.KeyPackage) error {
	l := k.Leaf
	switch {
	case l.Source != mls.SourceKeyPackage:
		return fmt.Errorf("%w: a leaf node of source %d in a KeyPackage", errKey, l.Source)
	case l.Lifetime.NotBefore > l.Lifetime.NotAfter:
		return fmt.Errorf("%w: a lifetime that ends before it begins", errKey)
	// SPEC: Verify that the value of leaf_node.encryption_key is different
	// from the value of the init_key field.
	case bytes.Equal(k.InitKey, l.EncryptionKey):
		return fmt.Errorf("%w: the init key is the encryption key", errKey)
	case !slices.Contains(l.Capabilities.Credentials, uint16(l.Credential.Type)):
		return fmt.Errorf("%w: its own type of credential is not among its capabilities", errKey)
	}
	for _, e := range l.Extensions {
		// Types 1 to 5 are those that everybody knows (RFC 9420, Section 7.2).
		if e.Type > 5 && !slices.Contains(l.Capabilities.Extensions, uint16(e.Type)) {
			return fmt.Errorf("%w: extension %d is not among its capabilities", errKey, e.Type)
		}
	}
	return nil
}

// verifyKeyPackage checks the keys and both signatures.
func verifyKeyPackage(k *mls.KeyPackage, suite mlsSuite, b *budget) error {
	if err := suite.checkKEM(k.InitKey); err != nil {
		return fmt.Errorf("init key: %w", err)
	}
	if err := suite.checkKEM(k.Leaf.EncryptionKey); err != nil {
		return fmt.Errorf("encryption key: %w", err)
	}
	if err := suite.checkSig(k.Leaf.SignatureKey); err != nil {
		return fmt.Errorf("signature key: %w", err)
	}
	if !b.spend(2 * suite.cost) {
		return nil
	}
	if err := k.Verify(); err != nil {
		return fmt.Errorf("%w: %w", errKey, err)
	}
	return nil
}
