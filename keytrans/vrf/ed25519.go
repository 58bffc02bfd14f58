package vrf

import (
	"bytes"
	"crypto/sha512"
	"fmt"
	"io"

	"filippo.io/edwards25519"
)

// Sizes in bytes of ECVRF-EDWARDS25519-SHA512-TAI.
const (
	Ed25519PublicKeySize = 32
	Ed25519ProofSize     = 80 // VRF.Np
)

const ed25519Suite = 0x03 // suite_string

var ed25519Identity = edwards25519.NewIdentityPoint()

type ed25519Private struct {
	seed     [privateKeySize]byte
	public   [Ed25519PublicKeySize]byte
	x        *edwards25519.Scalar
	x8       *edwards25519.Scalar // 8x mod q, which maps H to cofactor * Gamma
	nonceKey [32]byte             // the second half of the hashed seed
}

type ed25519Public struct {
	bytes [Ed25519PublicKeySize]byte
	negY  *edwards25519.Point // -Y
}

var (
	_ PrivateKey = (*ed25519Private)(nil)
	_ PublicKey  = (*ed25519Public)(nil)
)

// NewEd25519PrivateKey returns the key of ECVRF-EDWARDS25519-SHA512-TAI that
// belongs to a seed, which RFC 9381 calls SK and expands as Ed25519 does. The
// seed must be 32 uniformly random bytes and must not be that of a signing key.
// It returns an error if the seed is not 32 bytes long.
func NewEd25519PrivateKey(seed []byte) (PrivateKey, error) {
	k, err := newEd25519PrivateKey(seed)
	if err != nil {
		return nil, err // not an interface around a nil pointer
	}
	return k, nil
}

// GenerateEd25519PrivateKey makes a key from 32 bytes of rand, which should be
// crypto/rand.Reader. It returns an error if rand does.
func GenerateEd25519PrivateKey(rand io.Reader) (PrivateKey, error) {
	var seed [privateKeySize]byte
	if _, err := io.ReadFull(rand, seed[:]); err != nil {
		return nil, fmt.Errorf("vrf: generating an Ed25519 key: %w", err)
	}
	return newEd25519PrivateKey(seed[:])
}

func newEd25519PrivateKey(seed []byte) (*ed25519Private, error) {
	if len(seed) != privateKeySize {
		return nil, errPrivateKeySize
	}
	hashed := sha512.Sum512(seed)
	x, err := new(edwards25519.Scalar).SetBytesWithClamping(hashed[:32])
	if err != nil {
		panic(err) // the size is right
	}
	// Reducing the clamped scalar modulo q, as Scalar does, changes no result:
	// x only ever multiplies points of order q.
	k := &ed25519Private{x: x}
	k.x8 = new(edwards25519.Scalar).Add(x, x)
	k.x8.Add(k.x8, k.x8)
	k.x8.Add(k.x8, k.x8)
	copy(k.seed[:], seed)
	copy(k.nonceKey[:], hashed[32:])
	copy(k.public[:], new(edwards25519.Point).ScalarBaseMult(x).Bytes())
	return k, nil
}

func (k *ed25519Private) Public() []byte { return bytes.Clone(k.public[:]) }

func (k *ed25519Private) Bytes() []byte { return bytes.Clone(k.seed[:]) }

func (k *ed25519Private) Evaluate(alpha []byte) Output {
	h := ed25519EncodeToCurve(k.public[:], alpha)
	if h == nil {
		panic(noCurvePoint)
	}
	// The output needs cofactor * Gamma = 8 * x * H only, which one scalar
	// multiplication and one inversion (in Bytes) give.
	beta := ed25519ProofToHash(h.ScalarMult(k.x8, h).Bytes())
	return Output(beta[:OutputSize])
}

func (k *ed25519Private) Prove(alpha []byte) (Output, []byte) {
	beta, proof := k.prove(alpha)
	return Output(beta[:OutputSize]), proof
}

// prove is ECVRF_prove of RFC 9381, Section 5.1, with the whole beta_string.
func (k *ed25519Private) prove(alpha []byte) ([sha512.Size]byte, []byte) {
	h := ed25519EncodeToCurve(k.public[:], alpha)
	if h == nil {
		panic(noCurvePoint)
	}
	gamma := new(edwards25519.Point).ScalarMult(k.x, h)
	gamma8 := new(edwards25519.Point).MultByCofactor(gamma)
	var first [3][32]byte
	ed25519Encode(first[:], h, gamma, gamma8)

	nonce := k.nonce(first[0][:])
	u := new(edwards25519.Point).ScalarBaseMult(nonce)
	v := h.ScalarMult(nonce, h)
	var second [2][32]byte
	ed25519Encode(second[:], u, v)

	c := ed25519Challenge(k.public[:], first[0][:], first[1][:], second[0][:], second[1][:])
	s := new(edwards25519.Scalar).MultiplyAdd(ed25519ChallengeScalar(c[:]), k.x, nonce)

	proof := make([]byte, 0, Ed25519ProofSize)
	proof = append(proof, first[1][:]...)
	proof = append(proof, c[:]...)
	proof = append(proof, s.Bytes()...)
	return ed25519ProofToHash(first[2][:]), proof
}

// nonce is ECVRF_nonce_generation_RFC8032 of RFC 9381, Section 5.4.2.2.
func (k *ed25519Private) nonce(h []byte) *edwards25519.Scalar {
	b := make([]byte, 0, 64)
	b = append(b, k.nonceKey[:]...)
	b = append(b, h...)
	digest := sha512.Sum512(b)
	nonce, err := new(edwards25519.Scalar).SetUniformBytes(digest[:])
	if err != nil {
		panic(err) // the size is right
	}
	return nonce
}

// ParseEd25519PublicKey parses and validates a public key of
// ECVRF-EDWARDS25519-SHA512-TAI, a point as encoded by RFC 8032. It returns an
// error if the key is not 32 bytes long, not the canonical encoding of a point
// on the curve, or a point of small order (RFC 9381, Section 5.4.5).
func ParseEd25519PublicKey(b []byte) (PublicKey, error) {
	if len(b) != Ed25519PublicKeySize {
		return nil, errPublicKeySize
	}
	y, ok := ed25519Decode(b)
	if !ok {
		return nil, errPublicKeyEncoding
	}
	// SPEC: If Y* = cofactor*Y is the identity, output "INVALID".
	cleared := new(edwards25519.Point).MultByCofactor(y)
	if cleared.Equal(ed25519Identity) == 1 {
		return nil, errPublicKeyOrder
	}
	return &ed25519Public{bytes: [Ed25519PublicKeySize]byte(b), negY: y.Negate(y)}, nil
}

func (p *ed25519Public) Bytes() []byte { return bytes.Clone(p.bytes[:]) }

func (p *ed25519Public) Verify(alpha, proof []byte) (Output, error) {
	beta, err := p.verify(alpha, proof)
	if err != nil {
		return Output{}, err
	}
	return Output(beta[:OutputSize]), nil
}

// verify is ECVRF_verify of RFC 9381, Section 5.3, with the whole beta_string.
func (p *ed25519Public) verify(alpha, proof []byte) ([sha512.Size]byte, error) {
	var none [sha512.Size]byte
	if len(proof) != Ed25519ProofSize {
		return none, errProofSize
	}
	gammaString := proof[:32]
	cString := proof[32 : 32+challengeSize]
	gamma, ok := ed25519Decode(gammaString)
	if !ok {
		return none, errProofGamma
	}
	// SPEC: If s >= q, output "INVALID" and stop.
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(proof[32+challengeSize:])
	if err != nil {
		return none, errProofScalar
	}
	h := ed25519EncodeToCurve(p.bytes[:], alpha)
	if h == nil {
		return none, errNoPoint
	}

	u, v := p.commitments(h, gamma, ed25519ChallengeScalar(cString), s)
	gamma8 := gamma.MultByCofactor(gamma)
	var enc [4][32]byte
	ed25519Encode(enc[:], h, u, v, gamma8)
	c := ed25519Challenge(p.bytes[:], enc[0][:], gammaString, enc[1][:], enc[2][:])
	if !bytes.Equal(c[:], cString) {
		return none, errProof
	}
	return ed25519ProofToHash(enc[3][:]), nil
}

// commitments returns U = s*B - c*Y and V = s*H - c*Gamma. It negates the
// points, not c, because c is half the size of -c mod q and so costs half the
// additions.
func (p *ed25519Public) commitments(h, gamma *edwards25519.Point, c, s *edwards25519.Scalar) (u, v *edwards25519.Point) {
	u = new(edwards25519.Point).VarTimeDoubleScalarBaseMult(c, p.negY, s)
	negGamma := new(edwards25519.Point).Negate(gamma)
	v = new(edwards25519.Point).VarTimeMultiScalarMult(
		[]*edwards25519.Scalar{s, c}, []*edwards25519.Point{h, negGamma})
	return u, v
}

// ed25519EncodeToCurve is ECVRF_encode_to_curve_try_and_increment of RFC 9381,
// Section 5.4.1.1. It returns nil if no counter leads to a point.
func ed25519EncodeToCurve(salt, alpha []byte) *edwards25519.Point {
	buf := make([]byte, 0, 2+Ed25519PublicKeySize+stackAlpha+2)
	buf = appendEncodeInput(buf, ed25519Suite, salt, alpha)
	ctr := &buf[len(buf)-2]
	for i := range maxTries {
		*ctr = byte(i)
		digest := sha512.Sum512(buf)
		p, ok := ed25519Decode(digest[:32])
		if !ok {
			continue
		}
		p.MultByCofactor(p)
		// SPEC: While H is "INVALID" or H is the identity element, try again.
		if p.Equal(ed25519Identity) == 1 {
			continue
		}
		return p
	}
	return nil
}

// ed25519Challenge is ECVRF_challenge_generation of RFC 9381, Section 5.4.3, of
// five encoded points: Y, H, Gamma, U, V.
func ed25519Challenge(y, h, gamma, u, v []byte) [challengeSize]byte {
	b := make([]byte, 0, 2+5*32+1)
	b = append(b, ed25519Suite, domainChallenge)
	b = append(b, y...)
	b = append(b, h...)
	b = append(b, gamma...)
	b = append(b, u...)
	b = append(b, v...)
	b = append(b, domainBack)
	digest := sha512.Sum512(b)
	return [challengeSize]byte(digest[:])
}

func ed25519ChallengeScalar(c []byte) *edwards25519.Scalar {
	var b [scalarSize]byte
	copy(b[:challengeSize], c)
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(b[:])
	if err != nil {
		panic(err) // c is below 2^128
	}
	return s
}

// ed25519ProofToHash is ECVRF_proof_to_hash of RFC 9381, Section 5.2, of the
// encoding of cofactor * Gamma. It returns the whole beta_string.
func ed25519ProofToHash(gamma8 []byte) [sha512.Size]byte {
	b := make([]byte, 0, 2+32+1)
	b = append(b, ed25519Suite, domainProofToHash)
	b = append(b, gamma8...)
	b = append(b, domainBack)
	return sha512.Sum512(b)
}
