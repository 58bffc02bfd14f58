package mls

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
)

func TestKeyPackage(t *testing.T) {
	for _, suite := range []CipherSuite{1, 2} {
		id := newIdentity(t, suite, "a@example.org")
		data := encodeKeyPackage(id.keyPackage(func(k *KeyPackage) { k.Extensions = []Extension{{0x2a2a, []byte{1, 2, 3}}} }))
		k, err := ParseKeyPackage(data)
		fatalIfErr(t, err)
		fatalIfErr(t, k.Verify())
		ref, err := k.Ref()
		fatalIfErr(t, err)
		want := sha256.Sum256(cat(vec([]byte("MLS 1.0 KeyPackage Reference")), vec(data)))
		if !bytes.Equal(ref, want[:]) {
			t.Errorf("%v: reference %x, want %x", suite, ref, want)
		}
	}
}

func TestKeyPackageRefuses(t *testing.T) {
	id, mallory := newIdentity(t, 1, "a@example.org"), newIdentity(t, 1, "m@example.org")
	resigned := mallory.keyPackage(func(k *KeyPackage) { k.Leaf = id.leaf() })
	otherLeaf := id.keyPackage(func(k *KeyPackage) { k.Leaf.Credential.Identity = []byte("b@example.org") })
	for _, tt := range []struct {
		name string
		k    *KeyPackage
		want string
	}{
		{"the leaf of another, in a KeyPackage of one's own", resigned, "the signature of the KeyPackage"},
		{"a leaf that was changed", otherLeaf, "the signature of its leaf node"},
		{"a leaf of an update", id.keyPackage(func(k *KeyPackage) { k.Leaf = id.leafIn(SourceUpdate, nil, 0) }), "not one of a KeyPackage"},
		{"one key for two ends", id.keyPackage(func(k *KeyPackage) { k.InitKey = k.Leaf.EncryptionKey }), "init_key and encryption_key"},
	} {
		k, err := ParseKeyPackage(encodeKeyPackage(tt.k))
		fatalIfErr(t, err)
		if err := k.Verify(); !errors.Is(err, ErrNotVerified) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	k, err := ParseKeyPackage(encodeKeyPackage(id.keyPackage(func(k *KeyPackage) { k.CipherSuite = 0x0a0a })))
	fatalIfErr(t, err)
	if err := k.Verify(); !errors.Is(err, ErrUnknownCipherSuite) {
		t.Errorf("unknown suite: %v", err)
	}
	if _, err := k.Ref(); !errors.Is(err, ErrUnknownCipherSuite) {
		t.Errorf("reference with an unknown suite: %v", err)
	}
}
