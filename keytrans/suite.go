package keytrans

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"

	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
)

// CipherSuite is a registered cipher suite: KEYTRANS, "KT Cipher Suites". Both
// suites hash with SHA-256 and have 16-byte openings.
type CipherSuite uint16

// The registered cipher suites.
const (
	KT_128_SHA256_P256    CipherSuite = 0x0001
	KT_128_SHA256_Ed25519 CipherSuite = 0x0002
)

// String returns the registered name.
func (s CipherSuite) String() string {
	switch s {
	case KT_128_SHA256_P256:
		return "KT_128_SHA256_P256"
	case KT_128_SHA256_Ed25519:
		return "KT_128_SHA256_Ed25519"
	}
	return fmt.Sprintf("cipher suite 0x%04x", uint16(s))
}

type suiteParams struct {
	proofSize int // VRF.Np
	parseVRF  func([]byte) (vrf.PublicKey, error)
	verify    func(publicKey, message, signature []byte) error
}

func (s CipherSuite) params() (suiteParams, error) {
	switch s {
	case KT_128_SHA256_P256:
		return suiteParams{proofSize: 81, parseVRF: vrf.ParseP256PublicKey, verify: verifyP256}, nil
	case KT_128_SHA256_Ed25519:
		return suiteParams{proofSize: 80, parseVRF: vrf.ParseEd25519PublicKey, verify: verifyEd25519}, nil
	}
	return suiteParams{}, fmt.Errorf("%v is not supported", s)
}

func (s CipherSuite) verify(publicKey, message, signature []byte) error {
	p, err := s.params()
	if err != nil {
		return err
	}
	return p.verify(publicKey, message, signature)
}

func verifyEd25519(publicKey, message, signature []byte) error {
	if len(publicKey) != ed25519.PublicKeySize {
		return errors.New("the Ed25519 public key is not 32 bytes long")
	}
	if !ed25519.Verify(publicKey, message, signature) {
		return ErrSignature
	}
	return nil
}

const p256Scalar = 32 // size in bytes of r and of s

func verifyP256(publicKey, message, signature []byte) error {
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), publicKey)
	if err != nil {
		return fmt.Errorf("the P-256 public key: %w", err)
	}
	if len(signature) != 2*p256Scalar {
		return ErrSignature
	}
	r := new(big.Int).SetBytes(signature[:p256Scalar])
	s := new(big.Int).SetBytes(signature[p256Scalar:])
	digest := sha256.Sum256(message)
	if !ecdsa.Verify(pub, digest[:], r, s) {
		return ErrSignature
	}
	return nil
}

// SigningKey signs tree heads. Implementations are safe for concurrent use.
type SigningKey interface {
	// Public returns the key in the encoding that a Configuration carries.
	Public() []byte
	// Sign returns the signature of the message in the encoding that a
	// TreeHead carries.
	Sign(message []byte) ([]byte, error)
}

// NewEd25519SigningKey returns the signing key of KT_128_SHA256_Ed25519 that
// belongs to a 32-byte seed (RFC 8032).
func NewEd25519SigningKey(seed []byte) (SigningKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, errors.New("an Ed25519 seed is 32 bytes long")
	}
	return ed25519Key(ed25519.NewKeyFromSeed(seed)), nil
}

type ed25519Key ed25519.PrivateKey

func (k ed25519Key) Public() []byte { return ed25519.PrivateKey(k).Public().(ed25519.PublicKey) }

func (k ed25519Key) Sign(message []byte) ([]byte, error) {
	return ed25519.Sign(ed25519.PrivateKey(k), message), nil
}

// NewP256SigningKey returns the signing key of KT_128_SHA256_P256 that belongs
// to a 32-byte big-endian scalar.
func NewP256SigningKey(scalar []byte) (SigningKey, error) {
	priv, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	if err != nil {
		return nil, fmt.Errorf("the P-256 private key: %w", err)
	}
	return &p256Key{priv}, nil
}

type p256Key struct{ priv *ecdsa.PrivateKey }

func (k *p256Key) Public() []byte {
	pub, err := k.priv.PublicKey.Bytes()
	if err != nil {
		panic("keytrans: a parsed P-256 key has no encoding: " + err.Error())
	}
	return pub
}

func (k *p256Key) Sign(message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, k.priv, digest[:])
	if err != nil {
		return nil, err
	}
	sig := make([]byte, 2*p256Scalar)
	r.FillBytes(sig[:p256Scalar])
	s.FillBytes(sig[p256Scalar:])
	return sig, nil
}
