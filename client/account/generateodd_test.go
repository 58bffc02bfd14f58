package account

import (
	"bytes"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha512"
	"encoding/hex"
	"math/big"
	"testing"

	"filippo.io/edwards25519"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// generateMixedKeys returns points of Ed25519 that are in no group of prime order.
func generateMixedKeys(t *testing.T) []vectorKey {
	point, err := new(edwards25519.Point).SetBytes([]byte(keyOf(t, signer(t, Ed25519, "one")).Public))
	fatalIfErr(t, err)
	var list []vectorKey
	for _, s := range smallOrder[1:8] {
		torsion, err := new(edwards25519.Point).SetBytes(unhex(t, s))
		fatalIfErr(t, err)
		mixed := new(edwards25519.Point).Add(point, torsion).Bytes()
		list = append(list, vectorKey{Name: "Ed25519, mixed order", Encoded: hex.EncodeToString(Key{Ed25519, string(mixed)}.encode())})
	}
	return list
}

// generateOddSignatures returns signatures that lenient verifiers accept.
func generateOddSignatures(t *testing.T) []vectorStatement {
	message, err := testStatement(KindVersion).encode()
	fatalIfErr(t, err)
	var list []vectorStatement
	add := func(name string, key Key, signature []byte) {
		list = append(list, vectorStatement{key.Algorithm.String() + ": " + name, key.String(), hex.EncodeToString(message), hex.EncodeToString(signature), false})
	}
	ed := signer(t, Ed25519, "one").(ed25519.PrivateKey)
	add("valid with the cofactor only", keyOf(t, ed), mixedR(t, ed, message))
	good := ed25519.Sign(ed, message)
	add("64 zeros", keyOf(t, ed), make([]byte, 64))
	add("63 bytes", keyOf(t, ed), good[:63])

	private := signer(t, P256, "one")
	key := keyOf(t, private)
	good, err = testStatement(KindVersion).Sign(private)
	fatalIfErr(t, err)
	r, s, _ := parseECDSA(good)
	n := elliptic.P256().Params().N
	add("r plus n", key, encodeECDSA(new(big.Int).Add(r, n), s))
	add("negative r", key, encodeECDSA(new(big.Int).Sub(r, n), s))
	add("zero s", key, encodeECDSA(r, new(big.Int)))
	add("zero r", key, encodeECDSA(new(big.Int), s))
	add("a zero before r", key, padR(r, s))
	add("r and s in 64 bytes", key, append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	add("something in the sequence", key, append([]byte{0x30, good[1] + 2}, append(bytes.Clone(good[2:]), 5, 0)...))
	add("empty", key, nil)
	return list
}

// mixedR signs with a point R of mixed order. The signature verifies after a
// multiplication by the cofactor, and only then.
func mixedR(t *testing.T, private ed25519.PrivateKey, message []byte) []byte {
	t.Helper()
	h := sha512.Sum512(private.Seed())
	secret, err := edwards25519.NewScalar().SetBytesWithClamping(h[:32])
	fatalIfErr(t, err)
	nonce := edwards25519.NewScalar().Add(secret, secret) // any number will do
	torsion, err := new(edwards25519.Point).SetBytes(unhex(t, smallOrder[4]))
	fatalIfErr(t, err)
	r := new(edwards25519.Point).Add(new(edwards25519.Point).ScalarBaseMult(nonce), torsion).Bytes()
	digest := sha512.Sum512(bytes.Join([][]byte{r, private.Public().(ed25519.PublicKey), message}, nil))
	k, err := edwards25519.NewScalar().SetUniformBytes(digest[:])
	fatalIfErr(t, err)
	return append(r, edwards25519.NewScalar().MultiplyAdd(k, secret, nonce).Bytes()...)
}

// generateOddHistories returns histories in which versions are missing, malformed
// or for another place.
func generateOddHistories(t *testing.T) []vectorHistory {
	one, two, three := signer(t, Ed25519, "one"), signer(t, P256, "two"), signer(t, Ed25519, "three")

	claimed := record(t, "begun at an announcement")
	claimed.next, claimed.last = 7, [HashSize]byte{0xc0, 6}
	claimed.set(claimed.announce(withKey(t, keys("phone"), one), two))
	claimed.set(claimed.announce(withKey(t, keys("phone"), one), three)).by("laptop", two, nil).by("laptop", three, nil).by("laptop", one, nil)

	gap := record(t, "rotated after versions that are left out").by("phone", one, nil)
	gap.next, gap.last = 4, [HashSize]byte{0xc0, 3}
	gap.by("laptop", two, one).value(nil).by("laptop", three, two).value(nil)
	gap.set(gap.announce(withKey(t, keys("laptop"), three), one)).by("desk", one, nil)

	first := record(t, "version 0 as another one")
	second := first.sign(keys("phone"), one, nil)
	first.set(afterAnother(second))
	first.set(second).by("phone", one, nil).by("laptop", two, one)

	malformed := record(t, "malformed").by("phone", one, nil)
	good := malformed.sign(keys("phone"), one, nil)
	announced := malformed.announce(good, two)
	signature, _ := good.Extension(keyset.ExtensionAccountSignature)
	announcement, _ := announced.Extension(keyset.ExtensionResetAnnouncement)
	for _, set := range []keyset.Set{
		with(announced, keyset.ExtensionAccountSignature, signature),
		with(keys("phone"), keyset.ExtensionAccountSignature, signature),
		with(keys("phone"), keyset.ExtensionResetAnnouncement, announcement),
		with(good, keyset.ExtensionAccountSignature, append(bytes.Clone(signature), 0)),
		with(good, keyset.ExtensionAccountSignature, signature[:len(signature)-1]),
		with(good, keyset.ExtensionAccountSignature, append(make([]byte, HashSize), 0, 0)),
		with(good, keyset.ExtensionAccountKey, Key{9, "later"}.encode()),
		with(good, keyset.ExtensionAccountKey, append(keyOf(t, one).encode(), 0)),
		with(announced, keyset.ExtensionResetAnnouncement, append(bytes.Clone(announcement), 0)),
		with(announced, keyset.ExtensionAccountKey, keyOf(t, two).encode()),
		respell(t, good, func(v *Version) { v.previous = Hash{} }),
	} {
		malformed.set(set)
	}
	malformed.by("phone", one, nil)

	var list []vectorHistory
	for _, r := range []*recorder{claimed, gap, first, malformed} {
		list = append(list, r.history)
	}
	return list
}

// afterAnother has a signed set of version 0 name a version before it.
func afterAnother(set keyset.Set) keyset.Set {
	data, _ := set.Extension(keyset.ExtensionAccountSignature)
	changed := bytes.Clone(data)
	changed[0] = 1
	return with(set, keyset.ExtensionAccountSignature, changed)
}
