package keyring

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

func TestKeyPackageRefused(t *testing.T) {
	var kp keyset.Key
	for _, k := range vectors(t) {
		if k.Format == keyset.FormatMLSKeyPackage {
			kp = k
		}
	}
	tampered := bytes.Clone(kp.Data)
	tampered[len(tampered)/2] ^= 1
	for name, data := range map[string][]byte{
		"cut":      kp.Data[:len(kp.Data)-1],
		"more":     append(bytes.Clone(kp.Data), 0),
		"tampered": tampered,
		"welcome":  append([]byte{0, 1, 0, 3}, kp.Data...),
		"twice":    append(bytes.Clone(mlsKeyPackage), append(bytes.Clone(mlsKeyPackage), kp.Data...)...),
		"nothing":  {0, 1, 0, 5},
		"large":    append([]byte{0, 1, 0, 1}, make([]byte, keyset.MaxKeySize)...),
	} {
		checkFails(t, name, data, Options{Label: "x"}, ErrUnrecognized, "KeyPackage")
	}
	checkSkipped(t, "no label", mustRead(t, kp.Data, Options{}), "no label")
}

// vector appends data with its length, as MLS does below 2^14 bytes.
func vector(b, data []byte) []byte {
	if len(data) < 64 {
		return append(append(b, byte(len(data))), data...)
	}
	return append(append(b, byte(len(data)>>8)|0x40, byte(len(data))), data...)
}

// newKeyPackage makes a KeyPackage of cipher suite 1 that is valid until the end.
func newKeyPackage(t testing.TB, end time.Time) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	fatalIfErr(t, err)
	hpke := func() []byte {
		k, err := ecdh.X25519().GenerateKey(rand.Reader)
		fatalIfErr(t, err)
		return k.PublicKey().Bytes()
	}
	sign := func(label string, content []byte) []byte {
		return vector(content, ed25519.Sign(private, vector(vector(nil, []byte("MLS 1.0 "+label)), content)))
	}
	leaf := vector(vector(nil, hpke()), public)
	leaf = vector(append(leaf, 0, 1), []byte("alice")) // a basic credential
	leaf = append(leaf, 2, 0, 1, 2, 0, 1, 0, 0, 2, 0, 1, 1)
	leaf = binary.BigEndian.AppendUint64(leaf, uint64(birth.Unix()))
	leaf = binary.BigEndian.AppendUint64(leaf, uint64(end.Unix()))
	leaf = sign("LeafNodeTBS", append(leaf, 0))
	kp := vector([]byte{0, 1, 0, 1}, hpke())
	return sign("KeyPackageTBS", append(append(kp, leaf...), 0))
}

// TestKeyPackageExpired: an expired one would be of no use to anybody.
func TestKeyPackageExpired(t *testing.T) {
	valid, ended := newKeyPackage(t, now), newKeyPackage(t, now.Add(-time.Second))
	checkLabels(t, "valid", mustRead(t, valid, Options{Label: "x"}), "x=1")
	checkSkipped(t, "expired", mustRead(t, ended, Options{Label: "x"}), reasonKeyPackageExpired)
	checkLabels(t, "expired, asked for", mustRead(t, ended, Options{Label: "x", Expired: true}), "x=1")
}
