package vrf

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"filippo.io/bigmod"
	"filippo.io/nistec"
)

// Sizes in bytes of ECVRF-P256-SHA256-TAI.
const (
	P256PublicKeySize = 33
	P256ProofSize     = 81 // VRF.Np
)

const p256Suite = 0x01 // suite_string

// p256Order is q, the order of the group, which is prime; the cofactor is 1.
var p256Order = newP256Order()

func newP256Order() *bigmod.Modulus {
	m, err := bigmod.NewModulus([]byte{
		0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
		0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
	})
	if err != nil {
		panic(err) // a constant
	}
	return m
}

type p256Private struct {
	scalar [privateKeySize]byte // x
	public [P256PublicKeySize]byte
}

type p256Public struct {
	bytes [P256PublicKeySize]byte
	negY  *nistec.P256Point // -Y
}

var (
	_ PrivateKey = (*p256Private)(nil)
	_ PublicKey  = (*p256Public)(nil)
)

// NewP256PrivateKey returns the key of ECVRF-P256-SHA256-TAI with a given
// scalar, 32 bytes in big-endian order. The scalar must be uniformly random and
// must not be that of a signing key. It returns an error if the scalar is not
// 32 bytes long, is zero, or is not below the order of the group.
func NewP256PrivateKey(scalar []byte) (PrivateKey, error) {
	k, err := newP256PrivateKey(scalar)
	if err != nil {
		return nil, err
	}
	return k, nil
}

// GenerateP256PrivateKey makes a key from rand, which should be
// crypto/rand.Reader. It reads 32 bytes, and in one case of 2^32 more. It
// returns an error if rand does, or if rand gives no usable scalar.
func GenerateP256PrivateKey(rand io.Reader) (PrivateKey, error) {
	var scalar [privateKeySize]byte
	for range 8 { // to run out of tries has a probability of 2^-256
		if _, err := io.ReadFull(rand, scalar[:]); err != nil {
			return nil, fmt.Errorf("vrf: generating a P-256 key: %w", err)
		}
		k, err := newP256PrivateKey(scalar[:])
		if err == nil {
			return k, nil
		}
	}
	return nil, errors.New("vrf: generating a P-256 key: the source is not random")
}

func newP256PrivateKey(scalar []byte) (*p256Private, error) {
	if len(scalar) != privateKeySize {
		return nil, errPrivateKeySize
	}
	x, err := new(bigmod.Nat).SetBytes(scalar, p256Order)
	if err != nil || x.IsZero() == 1 {
		return nil, errPrivateKeyScalar
	}
	y, err := nistec.NewP256Point().ScalarBaseMult(scalar)
	if err != nil {
		panic(err) // the size is right
	}
	k := &p256Private{scalar: [privateKeySize]byte(scalar)}
	copy(k.public[:], y.BytesCompressed())
	return k, nil
}

func (k *p256Private) Public() []byte { return bytes.Clone(k.public[:]) }

func (k *p256Private) Bytes() []byte { return bytes.Clone(k.scalar[:]) }

func (k *p256Private) Evaluate(alpha []byte) Output {
	h := p256EncodeToCurve(k.public[:], alpha)
	if h == nil {
		panic(noCurvePoint)
	}
	return p256ProofToHash(p256ScalarMult(h, k.scalar[:]).BytesCompressed())
}

// Prove is ECVRF_prove of RFC 9381, Section 5.1.
func (k *p256Private) Prove(alpha []byte) (Output, []byte) {
	h := p256EncodeToCurve(k.public[:], alpha)
	if h == nil {
		panic(noCurvePoint)
	}
	hString := h.BytesCompressed()
	gamma := p256ScalarMult(h, k.scalar[:]).BytesCompressed()
	nonce := k.nonce(hString)
	u, err := nistec.NewP256Point().ScalarBaseMult(nonce)
	if err != nil {
		panic(err) // the size is right
	}
	v := p256ScalarMult(h, nonce)

	c := p256Challenge(k.public[:], hString, gamma, u.BytesCompressed(), v.BytesCompressed())
	proof := make([]byte, 0, P256ProofSize)
	proof = append(proof, gamma...)
	proof = append(proof, c[:]...)
	proof = append(proof, k.response(c[:], nonce)...)
	return p256ProofToHash(gamma), proof
}

// response returns s = nonce + c*x mod q.
func (k *p256Private) response(c, nonce []byte) []byte {
	x := p256Nat(k.scalar[:])
	s := p256Nat(p256ChallengeScalar(c)).Mul(x, p256Order)
	return s.Add(p256Nat(nonce), p256Order).Bytes(p256Order)
}

// nonce is ECVRF_nonce_generation_RFC6979 of RFC 9381, Section 5.4.2.1: the
// k of RFC 6979, Section 3.2 with HMAC-SHA256 for the message h.
func (k *p256Private) nonce(h []byte) []byte {
	digest := sha256.Sum256(h)
	reduced, err := new(bigmod.Nat).SetOverflowingBytes(digest[:], p256Order)
	if err != nil {
		panic(err) // the sizes are the same
	}
	seed := append(bytes.Clone(k.scalar[:]), reduced.Bytes(p256Order)...)

	key := make([]byte, sha256.Size)
	v := bytes.Repeat([]byte{0x01}, sha256.Size)
	update := func(separator byte, seed []byte) {
		key = hmacSHA256(key, v, []byte{separator}, seed)
		v = hmacSHA256(key, v)
	}
	update(0x00, seed)
	update(0x01, seed)
	for {
		v = hmacSHA256(key, v)
		nonce, err := new(bigmod.Nat).SetBytes(v, p256Order)
		if err == nil && nonce.IsZero() == 0 {
			return v
		}
		// Tells only that a discarded candidate was out of range.
		update(0x00, nil)
	}
}

func hmacSHA256(key []byte, message ...[]byte) []byte {
	m := hmac.New(sha256.New, key)
	for _, b := range message {
		m.Write(b)
	}
	return m.Sum(nil)
}

// ParseP256PublicKey parses and validates a public key of
// ECVRF-P256-SHA256-TAI, a compressed point as encoded by SEC 1, Section 2.3.3.
// It returns an error if the key is not 33 bytes long or not the encoding of a
// point on the curve. There are no points of small order but the one at
// infinity, which has no encoding of this size.
func ParseP256PublicKey(b []byte) (PublicKey, error) {
	if len(b) != P256PublicKeySize {
		return nil, errPublicKeySize
	}
	y, err := nistec.NewP256Point().SetBytes(b)
	if err != nil {
		return nil, errPublicKeyEncoding
	}
	return &p256Public{bytes: [P256PublicKeySize]byte(b), negY: y.Negate(y)}, nil
}

func (p *p256Public) Bytes() []byte { return bytes.Clone(p.bytes[:]) }

// Verify is ECVRF_verify of RFC 9381, Section 5.3.
func (p *p256Public) Verify(alpha, proof []byte) (Output, error) {
	if len(proof) != P256ProofSize {
		return Output{}, errProofSize
	}
	gammaString := proof[:33]
	cString := proof[33 : 33+challengeSize]
	s := proof[33+challengeSize:]
	gamma, err := nistec.NewP256Point().SetBytes(gammaString)
	if err != nil {
		return Output{}, errProofGamma
	}
	// SPEC: If s >= q, output "INVALID" and stop.
	if _, err := new(bigmod.Nat).SetBytes(s, p256Order); err != nil {
		return Output{}, errProofScalar
	}
	h := p256EncodeToCurve(p.bytes[:], alpha)
	if h == nil {
		return Output{}, errNoPoint
	}

	u, v := p.commitments(h, gamma, p256ChallengeScalar(cString), s)
	c := p256Challenge(p.bytes[:], h.BytesCompressed(), gammaString, u.BytesCompressed(), v.BytesCompressed())
	if !bytes.Equal(c[:], cString) {
		return Output{}, errProof
	}
	return p256ProofToHash(gammaString), nil
}

// commitments returns U = s*B - c*Y and V = s*H - c*Gamma.
func (p *p256Public) commitments(h, gamma *nistec.P256Point, c, s []byte) (u, v *nistec.P256Point) {
	u, err := nistec.NewP256Point().ScalarBaseMult(s)
	if err != nil {
		panic(err) // the size is right
	}
	u.Add(u, p256ScalarMult(p.negY, c))
	v = p256ScalarMult(h, s)
	negGamma := nistec.NewP256Point().Negate(gamma)
	v.Add(v, p256ScalarMult(negGamma, c))
	return u, v
}

// p256EncodeToCurve is ECVRF_encode_to_curve_try_and_increment of RFC 9381,
// Section 5.4.1.1. It returns nil if no counter leads to a point.
func p256EncodeToCurve(salt, alpha []byte) *nistec.P256Point {
	buf := make([]byte, 0, 2+P256PublicKeySize+stackAlpha+2)
	buf = appendEncodeInput(buf, p256Suite, salt, alpha)
	ctr := &buf[len(buf)-2]
	p := nistec.NewP256Point()
	for i := range maxTries {
		*ctr = byte(i)
		digest := sha256.Sum256(buf)
		// SPEC: interpret_hash_value_as_a_point(s) = string_to_point(0x02 || s)
		var encoded [P256PublicKeySize]byte
		encoded[0] = 0x02
		copy(encoded[1:], digest[:])
		if _, err := p.SetBytes(encoded[:]); err == nil {
			return p
		}
	}
	return nil
}

// p256Challenge is ECVRF_challenge_generation of RFC 9381, Section 5.4.3, of
// five encoded points: Y, H, Gamma, U, V.
func p256Challenge(y, h, gamma, u, v []byte) [challengeSize]byte {
	b := make([]byte, 0, 2+5*33+1)
	b = append(b, p256Suite, domainChallenge)
	b = append(b, y...)
	b = append(b, h...)
	b = append(b, gamma...)
	b = append(b, u...)
	b = append(b, v...)
	b = append(b, domainBack)
	digest := sha256.Sum256(b)
	return [challengeSize]byte(digest[:])
}

// p256ChallengeScalar extends a challenge to a scalar in big-endian order.
func p256ChallengeScalar(c []byte) []byte {
	b := make([]byte, scalarSize)
	copy(b[scalarSize-challengeSize:], c)
	return b
}

// p256ProofToHash is ECVRF_proof_to_hash of RFC 9381, Section 5.2, of the
// encoding of Gamma, which is cofactor * Gamma too.
func p256ProofToHash(gamma []byte) Output {
	b := make([]byte, 0, 2+33+1)
	b = append(b, p256Suite, domainProofToHash)
	b = append(b, gamma...)
	b = append(b, domainBack)
	return sha256.Sum256(b)
}

// p256ScalarMult returns scalar * p in constant time. Requires a scalar of 32
// bytes.
func p256ScalarMult(p *nistec.P256Point, scalar []byte) *nistec.P256Point {
	r, err := nistec.NewP256Point().ScalarMult(p, scalar)
	if err != nil {
		panic(err)
	}
	return r
}

// p256Nat requires 32 bytes below the order of the group.
func p256Nat(b []byte) *bigmod.Nat {
	n, err := new(bigmod.Nat).SetBytes(b, p256Order)
	if err != nil {
		panic(err)
	}
	return n
}
