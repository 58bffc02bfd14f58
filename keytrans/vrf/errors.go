package vrf

import "errors"

// Callers have one thing to do about any of these: not to use the key or the
// output. They differ for the sake of messages and tests.
var (
	errPrivateKeySize   = errors.New("vrf: the private key is not 32 bytes long")
	errPrivateKeyScalar = errors.New("vrf: the private key is not between 1 and the group order")

	errPublicKeySize     = errors.New("vrf: the public key has the wrong size")
	errPublicKeyEncoding = errors.New("vrf: the public key is not the canonical encoding of a point")
	errPublicKeyOrder    = errors.New("vrf: the public key is a point of small order")

	errProofSize   = errors.New("vrf: the proof has the wrong size")
	errProofGamma  = errors.New("vrf: the proof's Gamma is not the canonical encoding of a point")
	errProofScalar = errors.New("vrf: the proof's s is not below the group order")
	errProof       = errors.New("vrf: the proof does not match the key and the input")
	errNoPoint     = errors.New(noCurvePoint)
)
