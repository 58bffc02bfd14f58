package keyset

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/mlkem"
	"fmt"
	"slices"

	"filippo.io/edwards25519"
	"github.com/cloudflare/circl/dh/x448"
	"github.com/cloudflare/circl/ecc/goldilocks"
)

func checkSize(b []byte, want int) error {
	if len(b) != want {
		return fmt.Errorf("%w: %d bytes, not %d", errKey, len(b), want)
	}
	return nil
}

// checkEd25519 checks for the canonical encoding of a point that is not of
// small order: under one of those, anybody's signature verifies.
func checkEd25519(b []byte) error {
	if len(b) == ed25519.PrivateKeySize && bytes.Equal(ed25519.NewKeyFromSeed(b[:32]), b) {
		return fmt.Errorf("%w, with its seed", ErrPrivateKey)
	}
	if err := checkSize(b, ed25519.PublicKeySize); err != nil {
		return err
	}
	// SPEC: RFC 8032, Section 5.1.3: if the resulting value is >= p, decoding
	// fails; if x = 0, and x_0 = 1, decoding fails.
	p, err := new(edwards25519.Point).SetBytes(b)
	if err != nil || !bytes.Equal(p.Bytes(), b) {
		return fmt.Errorf("%w: not the encoding of a point of Ed25519", errKey)
	}
	if new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return fmt.Errorf("%w: a point of small order", errKey)
	}
	return nil
}

// x25519Prime is 2^255 - 19, big-endian.
var x25519Prime = append(append([]byte{0x7f}, bytes.Repeat([]byte{0xff}, 30)...), 0xed)

// probe is any scalar: of a point of small order, it makes zero.
var probe, _ = ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{8}, 32))

// checkX25519 checks for a reduced coordinate of a point that is not of small
// order. Receivers take others too (RFC 7748, Section 5); no generator makes
// them, and they would be second names of the same key.
func checkX25519(b []byte) error {
	if err := checkSize(b, 32); err != nil {
		return err
	}
	big := slices.Clone(b)
	slices.Reverse(big)
	if bytes.Compare(big, x25519Prime) >= 0 {
		return fmt.Errorf("%w: a coordinate that is not reduced", errKey)
	}
	p, err := ecdh.X25519().NewPublicKey(b)
	if err == nil {
		_, err = probe.ECDH(p)
	}
	if err != nil {
		return fmt.Errorf("%w: a point of small order", errKey)
	}
	return nil
}

func checkP256(b []byte) error { return checkPoint(ecdh.P256(), b, 65) }

// checkPoint checks for an uncompressed point (SEC 1, Section 2.3.3) on curve.
func checkPoint(curve ecdh.Curve, b []byte, size int) error {
	if len(b) != size || b[0] != 4 {
		return fmt.Errorf("%w: not an uncompressed point of %d bytes", errKey, size)
	}
	if _, err := curve.NewPublicKey(b); err != nil {
		return fmt.Errorf("%w: not a point of its curve", errKey)
	}
	return nil
}

// checkEd448 checks for the canonical encoding of a point that is not of small
// order (RFC 8032, Section 5.2.3).
func checkEd448(b []byte) error {
	if err := checkSize(b, 57); err != nil {
		return err
	}
	p, err := goldilocks.FromBytes(b)
	if err != nil {
		return fmt.Errorf("%w: not the encoding of a point of Ed448", errKey)
	}
	var again [57]byte
	if err := p.ToBytes(again[:]); err != nil || !bytes.Equal(again[:], b) {
		return fmt.Errorf("%w: not the encoding of a point of Ed448", errKey)
	}
	p.Double()
	p.Double()
	if p.IsIdentity() {
		return fmt.Errorf("%w: a point of small order", errKey)
	}
	return nil
}

// checkX448 checks for a point that is not of small order.
func checkX448(b []byte) error {
	if err := checkSize(b, x448.Size); err != nil {
		return err
	}
	point, scalar := x448.Key(b), x448.Key{0: 4, 55: 0x80}
	if !x448.Shared(new(x448.Key), &scalar, &point) {
		return fmt.Errorf("%w: a point of small order", errKey)
	}
	return nil
}

// checkMLKEM768 and checkMLKEM1024 do the check that FIPS 203, Section 7.2,
// requires of an encapsulation key: its length, and reduced coefficients.
func checkMLKEM768(b []byte) error {
	if err := checkSize(b, mlkem.EncapsulationKeySize768); err != nil {
		return err
	}
	if _, err := mlkem.NewEncapsulationKey768(b); err != nil {
		return fmt.Errorf("%w: a coefficient that is not reduced", errKey)
	}
	return nil
}

func checkMLKEM1024(b []byte) error {
	if err := checkSize(b, mlkem.EncapsulationKeySize1024); err != nil {
		return err
	}
	if _, err := mlkem.NewEncapsulationKey1024(b); err != nil {
		return fmt.Errorf("%w: a coefficient that is not reduced", errKey)
	}
	return nil
}

// checkSignal checks an identity key as Signal serialises it: one octet that
// says which curve, and there is only the one, and an X25519 key.
func checkSignal(b []byte) error {
	if err := checkSize(b, 33); err != nil {
		return err
	}
	if b[0] != 5 {
		return fmt.Errorf("%w: key type %d, not 5", errKey, b[0])
	}
	return checkX25519(b[1:])
}
