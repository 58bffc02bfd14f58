package account

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"math"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// maxAttestation is the size in bytes of the longest attestation.
const maxAttestation = 1 + 1 + MaxLabelSize + 4 + HashSize + 8 + HashSize + 8 + 1 + 255

const attestationVersion = 1

// An Attestation is an owner's word of what he was shown of his own label: its
// greatest version, and the log in which that was. He signs one each time he
// has monitored his label and found nothing amiss, and gives it to his
// contacts, who are told that somebody looks, and can compare.
type Attestation struct {
	Label      string
	Version    uint32 // the greatest version
	Commitment Hash   // that version's
	TreeSize   uint64 // entries of the log
	Root       Hash   // of the log
	Time       time.Time
}

func (a Attestation) statement() Statement {
	var b cryptobyte.Builder
	b.AddUint64(a.TreeSize)
	b.AddBytes(a.Root[:])
	b.AddUint64(uint64(a.Time.UnixMilli()))
	return Statement{
		Kind: KindAttestation, Label: a.Label, Version: a.Version, Body: a.Commitment, Detail: b.BytesOrPanic(),
	}
}

// Attest returns a signed by the label's account key, on one line of base64
// without a line break. Time is cut to milliseconds.
func Attest(signer crypto.Signer, a Attestation) (string, error) {
	if a.Time.UnixMilli() < 0 {
		return "", fmt.Errorf("%w: an attestation of before 1970", errUsage)
	}
	signature, err := a.statement().Sign(signer)
	if err != nil {
		return "", err
	}
	var b cryptobyte.Builder
	b.AddUint8(attestationVersion)
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(a.Label)) })
	b.AddUint32(a.Version)
	b.AddBytes(a.Commitment[:])
	b.AddBytes(a.statement().Detail)
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(signature) })
	data, err := b.Bytes()
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(data), nil
}

// VerifyAttestation reads an attestation and checks that it is about label and
// signed by key, which is the account key of the version that it names. The
// error wraps ErrSignature if it is another label's or another key's. How old
// it is, the caller decides; the time is the owner's.
func VerifyAttestation(label string, key Key, line string) (Attestation, error) {
	if len(line) > base64.StdEncoding.EncodedLen(maxAttestation) {
		return Attestation{}, fmt.Errorf("%w: an attestation of %d characters", errMalformed, len(line))
	}
	data, err := base64.StdEncoding.Strict().DecodeString(line)
	if err != nil || base64.StdEncoding.EncodeToString(data) != line {
		return Attestation{}, fmt.Errorf("%w: an attestation that is not base64", errMalformed)
	}
	a, signature, err := parseAttestation(data)
	if err != nil {
		return Attestation{}, err
	}
	if a.Label != label {
		return Attestation{}, fmt.Errorf("%w: the attestation is about another label", ErrSignature)
	}
	if err := a.statement().Verify(key, signature); err != nil {
		return Attestation{}, err
	}
	return a, nil
}

func parseAttestation(data []byte) (a Attestation, signature []byte, err error) {
	s := cryptobyte.String(data)
	var version uint8
	var label, sig cryptobyte.String
	var ms uint64
	if !s.ReadUint8(&version) || version != attestationVersion || !s.ReadUint8LengthPrefixed(&label) || label.Empty() ||
		!s.ReadUint32(&a.Version) || !s.CopyBytes(a.Commitment[:]) || !s.ReadUint64(&a.TreeSize) ||
		!s.CopyBytes(a.Root[:]) || !s.ReadUint64(&ms) || !s.ReadUint8LengthPrefixed(&sig) || !s.Empty() || ms > math.MaxInt64 {
		return Attestation{}, nil, fmt.Errorf("%w attestation", errMalformed)
	}
	a.Label, a.Time = string(label), time.UnixMilli(int64(ms)).UTC()
	return a, sig, nil
}
