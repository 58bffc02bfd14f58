// Package vrf implements the verifiable random functions of the two KEYTRANS
// cipher suites: ECVRF-EDWARDS25519-SHA512-TAI and ECVRF-P256-SHA256-TAI of
// RFC 9381, Section 5.5.
//
// A VRF is a keyed hash whose owner can prove its outputs. A log evaluates it
// on the encoded VrfInput of a label-version pair (the VRF's alpha) and uses
// the output as the search key in the prefix tree, so that search keys tell
// nothing about labels to those who were not given a proof.
//
// The suites, with sizes in bytes:
//
//	                     private key  public key  proof  output
//	Edwards25519-SHA512  32           32          80     32, of RFC 9381's 64
//	P256-SHA256          32           33          81     32
//
// For Edwards25519 the output is beta_string truncated to its first 32 bytes,
// as KEYTRANS, "KT Cipher Suites" asks; a peer that implements only RFC 9381
// compares its own first 32 bytes.
//
// # What is promised
//
// Public keys are validated as in RFC 9381, Section 5.4.5, so uniqueness holds
// even for a key that was chosen maliciously: nobody can make two proofs for
// one alpha under one key that verify to different outputs. Proofs themselves
// are not unique: the owner of a key can make many for the same output.
// Every point and scalar has to be in its one canonical encoding.
//
// Pseudorandomness holds only while the private key is secret and was
// generated honestly. Outputs of a log that chose its key to that end may be
// predictable, or biased.
//
// # Timing
//
// Evaluate and Prove take time independent of the private key and of the
// nonce: all arithmetic on them is constant time. They do depend on alpha:
// both suites hash to the curve by try-and-increment, where the number of
// tries, two on average, follows from alpha and the public key. RFC 9381,
// Section 5.4.1.1 advises against that where alpha must remain secret. Here
// alpha is a label and a version, and the suites are KEYTRANS's choice: one who
// can time single evaluations learns about as much as the number of tries
// tells, and can sort out guesses at a label with it. Verify treats all of its
// input as public.
package vrf

// OutputSize is the size in bytes of an Output: VRF.Nh.
const OutputSize = 32

// Output is the output of the VRF, the search key of a label-version pair.
type Output [OutputSize]byte

// PrivateKey evaluates the VRF of either suite. All methods are safe for
// concurrent use.
type PrivateKey interface {
	// Public returns the public key in the encoding that a Configuration
	// carries, and which the suite's Parse function accepts.
	Public() []byte

	// Bytes returns the secret that the key was made from. To keep it secret
	// is up to the caller.
	Bytes() []byte

	// Evaluate returns the output for alpha without a proof, for about half
	// the time that Prove takes.
	Evaluate(alpha []byte) Output

	// Prove returns the output for alpha and a proof of it. Both are a
	// function of the key and of alpha only.
	Prove(alpha []byte) (output Output, proof []byte)
}

// PublicKey verifies proofs of either suite. All methods are safe for
// concurrent use.
type PublicKey interface {
	// Bytes returns the encoding that the key was parsed from.
	Bytes() []byte

	// Verify checks that the proof shows the output for alpha under this key,
	// and returns that output. If it returns an error, the proof is malformed
	// or does not match, the output is zero and must not be used.
	Verify(alpha, proof []byte) (Output, error)
}

// Domain separators of RFC 9381, Sections 5.4.1.1, 5.4.3 and 5.2. All strings
// that a suite hashes begin with suite_string and one of these, and end in
// domainBack.
const (
	domainEncodeToCurve = 0x01
	domainChallenge     = 0x02
	domainProofToHash   = 0x03
	domainBack          = 0x00
)

const (
	privateKeySize = 32 // of a seed or a scalar
	challengeSize  = 16 // cLen of both suites
	scalarSize     = 32 // qLen of both suites
)

// maxTries is how many counters encode_to_curve has: it is a single byte.
// That none of them leads to a point has a probability of about 2^-256.
const maxTries = 256

const noCurvePoint = "vrf: broken hash function: no counter leads to a point"

// stackAlpha is a size of alpha up to which hashing it does not allocate. A
// VrfInput has at most 1+255+4 bytes.
const stackAlpha = 260

// appendEncodeInput appends what encode_to_curve hashes, with a zero counter.
// The counter is the byte before the last.
func appendEncodeInput(b []byte, suite byte, salt, alpha []byte) []byte {
	b = append(b, suite, domainEncodeToCurve)
	b = append(b, salt...)
	b = append(b, alpha...)
	return append(b, 0, domainBack)
}
