package mls

import (
	"bytes"
	"fmt"
)

// A KeyPackage is what a client publishes to be added to groups (RFC 9420,
// Section 10).
type KeyPackage struct {
	CipherSuite CipherSuite
	InitKey     []byte
	Leaf        *LeafNode
	Extensions  []Extension
	Signature   []byte

	encoded []byte
	signed  []byte
}

// ParseKeyPackage parses a KeyPackage that is in no MLSMessage; Parse takes
// either. It does not verify it.
func ParseKeyPackage(data []byte) (*KeyPackage, error) {
	r, err := newReader(data)
	if err != nil {
		return nil, err
	}
	k := readKeyPackage(r)
	if err := r.end(); err != nil {
		return nil, err
	}
	return k, nil
}

func readKeyPackage(r *reader) *KeyPackage {
	start := r.rest
	readVersion(r)
	k := &KeyPackage{
		CipherSuite: CipherSuite(r.uint16("cipher_suite")),
		InitKey:     r.vector("init_key"),
		Leaf:        readLeafNode(r),
		Extensions:  readExtensions(r, "extensions of a KeyPackage"),
	}
	k.signed = r.since(start)
	k.Signature = r.vector("signature of a KeyPackage")
	k.encoded = r.since(start)
	return k
}

// Verify checks the KeyPackage as RFC 9420, Section 10.1 has it, except for its
// credential, capabilities and lifetime. The error wraps ErrNotVerified or
// ErrUnknownCipherSuite.
func (k *KeyPackage) Verify() error {
	s, err := k.CipherSuite.lookup()
	if err != nil {
		return err
	}
	// SPEC: The field leaf_node.leaf_node_source of the LeafNode in a KeyPackage
	// MUST be set to key_package.
	if k.Leaf.Source != SourceKeyPackage {
		return fmt.Errorf("%w: the KeyPackage's leaf is not one of a KeyPackage", ErrNotVerified)
	}
	if bytes.Equal(k.InitKey, k.Leaf.EncryptionKey) {
		return fmt.Errorf("%w: the KeyPackage has one key as init_key and encryption_key", ErrNotVerified)
	}
	if err := k.Leaf.verify(s, nil, 0); err != nil {
		return err
	}
	if !s.verifyWithLabel(k.Leaf.SignatureKey, "KeyPackageTBS", k.signed, k.Signature) {
		return fmt.Errorf("%w: the signature of the KeyPackage", ErrNotVerified)
	}
	return nil
}

// Ref returns the KeyPackageRef (RFC 9420, Section 5.2), which Welcome messages
// name the KeyPackage by. It fails only for an unknown cipher suite.
func (k *KeyPackage) Ref() ([]byte, error) {
	s, err := k.CipherSuite.lookup()
	if err != nil {
		return nil, err
	}
	return s.refHash("MLS 1.0 KeyPackage Reference", k.encoded), nil
}
