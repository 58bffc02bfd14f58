package account

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"filippo.io/edwards25519"
	"filippo.io/nistec"
	"golang.org/x/crypto/cryptobyte"
)

// An Algorithm is a signature algorithm. The values are a registry: they never
// change, new ones are added. 0 is reserved.
type Algorithm uint8

// The registry of algorithms.
const (
	// Ed25519 (RFC 8032): public keys are 32 bytes, signatures 64. Verified with
	// the equation that does not multiply by the cofactor.
	Ed25519 Algorithm = 1
	// P256 is ECDSA on P-256 with SHA-256 (FIPS 186-5), for the secure elements
	// of phones: public keys are compressed points, 33 bytes (SEC 1), signatures
	// are in DER, with the smaller of the two possible values of s.
	P256 Algorithm = 2
)

var algorithmNames = map[Algorithm]string{Ed25519: "ed25519", P256: "p256"}

// String returns the name that stands before the colon in a key's text form.
func (a Algorithm) String() string {
	if name, ok := algorithmNames[a]; ok {
		return name
	}
	return fmt.Sprintf("algorithm-%d", uint8(a))
}

// ParseAlgorithm returns the algorithm of this name. The error wraps
// ErrAlgorithm if there is none.
func ParseAlgorithm(name string) (Algorithm, error) {
	for a, n := range algorithmNames {
		if n == name {
			return a, nil
		}
	}
	return 0, fmt.Errorf("%w: %q; ed25519 and p256 are known", ErrAlgorithm, name)
}

// A Key is a public account key. Public is raw bytes in a string, so that keys
// can be compared and be map keys. In text, and so in JSON, a key is as String
// writes it. The zero Key is none.
type Key struct {
	Algorithm Algorithm
	Public    string
}

// KeyOf returns the public key of a signer. The error says why it cannot be an
// account key, if it cannot.
func KeyOf(signer crypto.Signer) (Key, error) {
	if signer == nil {
		return Key{}, fmt.Errorf("%w: there is none", errKey)
	}
	var k Key
	switch public := signer.Public().(type) {
	case ed25519.PublicKey:
		k = Key{Ed25519, string(public)}
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return Key{}, fmt.Errorf("%w: an ECDSA key on another curve than P-256", errKey)
		}
		point, err := public.Bytes()
		if err != nil {
			return Key{}, fmt.Errorf("%w: %v", errKey, err)
		}
		k = Key{P256, string(compress(point))}
	default:
		return Key{}, fmt.Errorf("%w: %s; Ed25519 and ECDSA on P-256 are", errKey, kindOf(public))
	}
	return k, k.Check()
}

// kindOf names the kind of a public key that is no account key.
func kindOf(public crypto.PublicKey) string {
	if _, ok := public.(*rsa.PublicKey); ok {
		return "an RSA key"
	}
	return "a key of another kind"
}

// compress returns the compressed form of an uncompressed point of P-256.
func compress(point []byte) []byte {
	size := (len(point) - 1) / 2
	return append([]byte{2 | point[2*size]&1}, point[1:1+size]...)
}

// Check reports why k cannot be an account key: a public key that is not in its
// one canonical encoding, not on the curve, or, for Ed25519, not in the group of
// prime order, where verifiers disagree on what verifies. The error wraps
// ErrAlgorithm if the algorithm is not known.
func (k Key) Check() error {
	switch k.Algorithm {
	case Ed25519:
		return checkEd25519([]byte(k.Public))
	case P256:
		_, err := k.p256()
		return err
	}
	return fmt.Errorf("%w: %v", ErrAlgorithm, k.Algorithm)
}

func checkEd25519(public []byte) error {
	p, err := new(edwards25519.Point).SetBytes(public)
	if err != nil {
		return fmt.Errorf("%w: not an Ed25519 public key", errKey)
	}
	if string(p.Bytes()) != string(public) {
		return fmt.Errorf("%w: an Ed25519 public key that is not in canonical form", errKey)
	}
	if p.Equal(edwards25519.NewIdentityPoint()) == 1 || !primeOrder(p) {
		return fmt.Errorf("%w: an Ed25519 public key of small or mixed order", errKey)
	}
	return nil
}

// primeOrder reports whether the order of p divides that of the base point, l:
// whether (l-1)p = -p.
func primeOrder(p *edwards25519.Point) bool {
	one := make([]byte, 32)
	one[0] = 1
	s, err := edwards25519.NewScalar().SetCanonicalBytes(one)
	if err != nil {
		panic("account: one is not a scalar")
	}
	q := new(edwards25519.Point).ScalarMult(s.Negate(s), p)
	return q.Equal(new(edwards25519.Point).Negate(p)) == 1
}

// p256 returns the key of a P256 Key.
func (k Key) p256() (*ecdsa.PublicKey, error) {
	if len(k.Public) != 33 {
		return nil, fmt.Errorf("%w: a P-256 public key of %d bytes, not 33", errKey, len(k.Public))
	}
	point, err := nistec.NewP256Point().SetBytes([]byte(k.Public))
	if err != nil {
		return nil, fmt.Errorf("%w: not a compressed point of P-256", errKey)
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point.Bytes())
}

// String returns the key for people and files: the algorithm's name, a colon,
// and the public key in base64url (RFC 4648, Section 5) without padding.
func (k Key) String() string {
	return k.Algorithm.String() + ":" + base64.RawURLEncoding.EncodeToString([]byte(k.Public))
}

// ParseKey reads what String writes, and nothing else. The key is usable: Check
// is called.
func ParseKey(text string) (Key, error) {
	name, encoded, ok := strings.Cut(text, ":")
	if !ok || len(text) > 512 {
		return Key{}, fmt.Errorf("%w: an account key is written with ed25519: or p256: before it", errMalformed)
	}
	algorithm, err := ParseAlgorithm(name)
	if err != nil {
		return Key{}, err
	}
	public, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	k := Key{algorithm, string(public)}
	if err != nil || k.String() != text { // the decoder skips line breaks
		return Key{}, fmt.Errorf("%w: an account key that is not base64url", errMalformed)
	}
	return k, k.Check()
}

// MarshalText returns what String does.
func (k Key) MarshalText() ([]byte, error) {
	if err := k.Check(); err != nil {
		return nil, err
	}
	return []byte(k.String()), nil
}

// UnmarshalText is ParseKey.
func (k *Key) UnmarshalText(text []byte) error {
	got, err := ParseKey(string(text))
	if err != nil {
		return err
	}
	*k = got
	return nil
}

// Fingerprint returns the SHA-256 of the encoded AccountKey in lower-case hex.
func (k Key) Fingerprint() string {
	sum := sha256.Sum256(k.encode())
	return hex.EncodeToString(sum[:])
}

func (k Key) encode() []byte {
	var b cryptobyte.Builder
	k.add(&b)
	return b.BytesOrPanic()
}

func (k Key) add(b *cryptobyte.Builder) {
	b.AddUint8(uint8(k.Algorithm))
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(k.Public)) })
}

// readKey reads an AccountKey. The error wraps ErrAlgorithm if it is well
// formed but of an algorithm that is not known.
func readKey(s *cryptobyte.String) (Key, error) {
	var algorithm uint8
	var public cryptobyte.String
	if !s.ReadUint8(&algorithm) || !s.ReadUint8LengthPrefixed(&public) || algorithm == 0 || public.Empty() {
		return Key{}, fmt.Errorf("%w account key", errMalformed)
	}
	k := Key{Algorithm(algorithm), string(public)}
	return k, k.Check()
}
