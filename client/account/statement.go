package account

import (
	"crypto"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// context begins everything that an account key signs.
const context = "Ghostlight account v1\x00"

// Limits of a Statement, in bytes.
const (
	MaxLabelSize  = 255
	MaxDetailSize = 1<<16 - 1
)

// A Kind says what a statement means. The values are a registry. A signature
// over a statement of one kind is none over any other.
type Kind uint8

// The registry of kinds.
const (
	KindVersion      Kind = 1 // a version of a label's key set
	KindAnnouncement Kind = 2 // a version that announces a reset, by the key that is to be
	KindAttestation  Kind = 3 // what the owner was shown of the label
	KindAddition     Kind = 4 // the addition of a member to a group
	KindGroup        Kind = 5 // a version of a group
	KindRotation     Kind = 6 // a version of a label's key set with a new account key, by old and new
)

// A Statement is what an account key signs:
//
//	struct {
//	    opaque context[22] = "Ghostlight account v1\0";
//	    uint8 kind;
//	    opaque label<1..255>;
//	    uint32 version;
//	    opaque previous[32];
//	    opaque body[32];
//	    opaque detail<0..2^16-1>;
//	} Statement;
//
// Kinds 1, 2, 3 and 6 are made by this package's own functions. Packages of
// other values (groups) make statements of kinds 4 and 5.
type Statement struct {
	Kind Kind
	// Label is that whose value the statement is about, exactly as in the
	// directory.
	Label string
	// Version is the version of the label that the statement is about.
	Version uint32
	// Previous is the commitment of the version before. It is zero for version 0,
	// and in attestations and additions.
	Previous Hash
	// Body is the SHA-256 of what is stated.
	Body Hash
	// Detail is what else is stated; its encoding is the kind's.
	Detail []byte
}

// encode returns the bytes that are signed.
func (s Statement) encode() ([]byte, error) {
	switch {
	case s.Kind == 0:
		return nil, fmt.Errorf("%w: a statement without a kind", errUsage)
	case s.Label == "" || len(s.Label) > MaxLabelSize:
		return nil, fmt.Errorf("%w: a label of %d bytes, not 1 to %d", errUsage, len(s.Label), MaxLabelSize)
	case len(s.Detail) > MaxDetailSize:
		return nil, fmt.Errorf("%w: a statement with %d bytes of detail, at most %d", errUsage, len(s.Detail), MaxDetailSize)
	}
	var b cryptobyte.Builder
	b.AddBytes([]byte(context))
	b.AddUint8(uint8(s.Kind))
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(s.Label)) })
	b.AddUint32(s.Version)
	b.AddBytes(s.Previous[:])
	b.AddBytes(s.Body[:])
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(s.Detail) })
	return b.Bytes()
}

// Sign returns the signer's signature over s. It is verified before it is
// returned: a device that answers wrongly is found out here. Signatures by
// private keys in memory are deterministic.
func (s Statement) Sign(signer crypto.Signer) ([]byte, error) {
	key, err := KeyOf(signer)
	if err != nil {
		return nil, err
	}
	message, err := s.encode()
	if err != nil {
		return nil, err
	}
	signature, err := sign(signer, key, message)
	if err != nil {
		return nil, err
	}
	if err := key.verify(message, signature); err != nil {
		return nil, fmt.Errorf("%w: what holds the key %v made a signature that does not verify", errUsage, key)
	}
	return signature, nil
}

// Verify checks a signature by key over s. The error wraps ErrSignature if it
// does not verify, ErrAlgorithm if the key's algorithm is not known.
func (s Statement) Verify(key Key, signature []byte) error {
	message, err := s.encode()
	if err != nil {
		return err
	}
	return key.verify(message, signature)
}
