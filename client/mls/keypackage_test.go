package mls_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/mls/mlstest"
)

func TestKeyPackage(t *testing.T) {
	for _, suite := range []mls.CipherSuite{1, 2} {
		id := mlstest.New(t, suite, "a@example.org")
		data := mlstest.EncodeKeyPackage(id.KeyPackage(func(k *mls.KeyPackage) { k.Extensions = []mls.Extension{{0x2a2a, []byte{1, 2, 3}}} }))
		k, err := mls.ParseKeyPackage(data)
		fatalIfErr(t, err)
		fatalIfErr(t, k.Verify())
		ref, err := k.Ref()
		fatalIfErr(t, err)
		want := sha256.Sum256(mlstest.Cat(mlstest.Vector([]byte("MLS 1.0 KeyPackage Reference")), mlstest.Vector(data)))
		if !bytes.Equal(ref, want[:]) {
			t.Errorf("%v: reference %x, want %x", suite, ref, want)
		}
	}
}

func TestKeyPackageRefuses(t *testing.T) {
	id, mallory := mlstest.New(t, 1, "a@example.org"), mlstest.New(t, 1, "m@example.org")
	resigned := mallory.KeyPackage(func(k *mls.KeyPackage) { k.Leaf = id.Leaf() })
	otherLeaf := id.KeyPackage(func(k *mls.KeyPackage) { k.Leaf.Credential.Identity = []byte("b@example.org") })
	for _, tt := range []struct {
		name string
		k    *mls.KeyPackage
		want string
	}{
		{"the leaf of another, in a KeyPackage of one's own", resigned, "the signature of the KeyPackage"},
		{"a leaf that was changed", otherLeaf, "the signature of its leaf node"},
		{"a leaf of an update", id.KeyPackage(func(k *mls.KeyPackage) { k.Leaf = id.LeafIn(mls.SourceUpdate, nil, 0) }), "not one of a KeyPackage"},
		{"one key for two ends", id.KeyPackage(func(k *mls.KeyPackage) { k.InitKey = k.Leaf.EncryptionKey }), "init_key and encryption_key"},
	} {
		k, err := mls.ParseKeyPackage(mlstest.EncodeKeyPackage(tt.k))
		fatalIfErr(t, err)
		if err := k.Verify(); !errors.Is(err, mls.ErrNotVerified) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	k, err := mls.ParseKeyPackage(mlstest.EncodeKeyPackage(id.KeyPackage(func(k *mls.KeyPackage) { k.CipherSuite = 0x0a0a })))
	fatalIfErr(t, err)
	if err := k.Verify(); !errors.Is(err, mls.ErrUnknownCipherSuite) {
		t.Errorf("unknown suite: %v", err)
	}
	if _, err := k.Ref(); !errors.Is(err, mls.ErrUnknownCipherSuite) {
		t.Errorf("reference with an unknown suite: %v", err)
	}
}
