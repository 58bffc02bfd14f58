package mls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"fmt"

	"github.com/cloudflare/circl/sign/ed448"
)

// CipherSuite is a value of the registry of RFC 9420, Section 17.1.
type CipherSuite uint16

// suite has what this package uses of a cipher suite.
type suite struct {
	name      string
	signature string // algorithm, for people
	hash      crypto.Hash
	keySize   int // bytes of a SignaturePublicKey
	// verify requires a key of keySize bytes.
	verify func(key, message, signature []byte) bool
}

var suites = map[CipherSuite]suite{
	1: {"MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519", "Ed25519", crypto.SHA256, 32, verifyEd25519},
	2: {"MLS_128_DHKEMP256_AES128GCM_SHA256_P256", "P-256", crypto.SHA256, 65, verifyECDSA(elliptic.P256(), crypto.SHA256)},
	3: {"MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519", "Ed25519", crypto.SHA256, 32, verifyEd25519},
	4: {"MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448", "Ed448", crypto.SHA512, 57, verifyEd448},
	5: {"MLS_256_DHKEMP521_AES256GCM_SHA512_P521", "P-521", crypto.SHA512, 133, verifyECDSA(elliptic.P521(), crypto.SHA512)},
	6: {"MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448", "Ed448", crypto.SHA512, 57, verifyEd448},
	7: {"MLS_256_DHKEMP384_AES256GCM_SHA384_P384", "P-384", crypto.SHA384, 97, verifyECDSA(elliptic.P384(), crypto.SHA384)},
}

// String returns the suite's name, or its number for one that is not known.
func (c CipherSuite) String() string {
	if s, ok := suites[c]; ok {
		return s.name
	}
	return fmt.Sprintf("cipher suite 0x%04X", uint16(c))
}

// SignatureKey returns the name of the suite's signature algorithm, as "Ed25519" or
// "P-256", and how many bytes its SignaturePublicKey has. known is false for a suite
// that is not one of those of RFC 9420.
func (c CipherSuite) SignatureKey() (algorithm string, size int, known bool) {
	s, known := suites[c]
	return s.signature, s.keySize, known
}

func (c CipherSuite) lookup() (suite, error) {
	s, ok := suites[c]
	if !ok {
		return suite{}, fmt.Errorf("%w: 0x%04X", ErrUnknownCipherSuite, uint16(c))
	}
	return s, nil
}

func verifyEd25519(key, message, signature []byte) bool {
	return ed25519.Verify(key, message, signature)
}

func verifyEd448(key, message, signature []byte) bool {
	return len(signature) == ed448.SignatureSize && ed448.Verify(key, message, signature, "")
}

// verifyECDSA verifies as TLS does (RFC 8446, Section 4.2.3): the key is an
// uncompressed point, the signature DER.
func verifyECDSA(curve elliptic.Curve, hash crypto.Hash) func(key, message, signature []byte) bool {
	return func(key, message, signature []byte) bool {
		public, err := ecdsa.ParseUncompressedPublicKey(curve, key)
		if err != nil {
			return false
		}
		h := hash.New()
		h.Write(message)
		return ecdsa.VerifyASN1(public, h.Sum(nil), signature)
	}
}

// checkKey checks the size of a signature key.
//
// SPEC: For cipher suites using the Elliptic Curve Digital Signature Algorithm
// (ECDSA) with the NIST curves, the public key is represented as an encoded
// UncompressedPointRepresentation struct.
//
// A compressed point is refused, although some implementations make them: one key
// in two encodings would be two keys to the directory.
func (s suite) checkKey(key []byte) error {
	if len(key) != s.keySize {
		return fmt.Errorf("%w: a signature key of %d bytes where %s has %d", ErrNotVerified, len(key), s.name, s.keySize)
	}
	return nil
}

// verifyWithLabel is VerifyWithLabel of RFC 9420, Section 5.1.2.
func (s suite) verifyWithLabel(key []byte, label string, content, signature []byte) bool {
	signed := appendVector(nil, []byte("MLS 1.0 "+label))
	return len(key) == s.keySize && s.verify(key, appendVector(signed, content), signature)
}

// refHash is RefHash of RFC 9420, Section 5.2.
func (s suite) refHash(label string, value []byte) []byte {
	h := s.hash.New()
	h.Write(appendVector(appendVector(nil, []byte(label)), value))
	return h.Sum(nil)
}
