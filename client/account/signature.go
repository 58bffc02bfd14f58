package account

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// sign signs a message with a signer whose key is k.
func sign(signer crypto.Signer, k Key, message []byte) ([]byte, error) {
	if k.Algorithm == Ed25519 {
		return signer.Sign(rand.Reader, message, crypto.Hash(0))
	}
	// A private key in memory signs as RFC 6979 says if there is no randomness;
	// of what a secure element does with nil nothing is known.
	var random io.Reader = rand.Reader
	if _, ok := signer.(*ecdsa.PrivateKey); ok {
		random = nil
	}
	digest := sha256.Sum256(message)
	signature, err := signer.Sign(random, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	r, s, ok := parseECDSA(signature)
	if !ok {
		return nil, fmt.Errorf("%w: what holds the key %v made a signature that is not DER", errUsage, k)
	}
	if s.Cmp(halfOrder) > 0 {
		s.Sub(elliptic.P256().Params().N, s)
	}
	return encodeECDSA(r, s), nil
}

// verify checks a signature over message. There is one signature value of each
// signature: another encoding of it, or for ECDSA the other value of s, does
// not verify.
func (k Key) verify(message, signature []byte) error {
	if err := k.Check(); err != nil {
		return err
	}
	var ok bool
	switch k.Algorithm {
	case Ed25519:
		ok = ed25519.Verify(ed25519.PublicKey(k.Public), message, signature)
	case P256:
		public, err := k.p256()
		if err != nil {
			return err
		}
		digest := sha256.Sum256(message)
		ok = canonicalECDSA(signature) && ecdsa.VerifyASN1(public, digest[:], signature)
	}
	if !ok {
		return ErrSignature
	}
	return nil
}

// halfOrder is the greatest s of a signature that is accepted.
var halfOrder = new(big.Int).Rsh(elliptic.P256().Params().N, 1)

// canonicalECDSA reports whether a signature is the one encoding of two numbers
// in their range, s being in the lower half of its.
func canonicalECDSA(signature []byte) bool {
	r, s, ok := parseECDSA(signature)
	return ok && s.Cmp(halfOrder) <= 0 && string(encodeECDSA(r, s)) == string(signature)
}

// parseECDSA reads an Ecdsa-Sig-Value (RFC 3279, Section 2.2.3) whose numbers
// are in their range.
func parseECDSA(signature []byte) (r, s *big.Int, ok bool) {
	r, s = new(big.Int), new(big.Int)
	in := cryptobyte.String(signature)
	var sequence cryptobyte.String
	if len(signature) > 80 || !in.ReadASN1(&sequence, asn1.SEQUENCE) || !in.Empty() ||
		!sequence.ReadASN1Integer(r) || !sequence.ReadASN1Integer(s) || !sequence.Empty() {
		return nil, nil, false
	}
	n := elliptic.P256().Params().N
	return r, s, r.Sign() > 0 && s.Sign() > 0 && r.Cmp(n) < 0 && s.Cmp(n) < 0
}

func encodeECDSA(r, s *big.Int) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(r)
		b.AddASN1BigInt(s)
	})
	return b.BytesOrPanic()
}
