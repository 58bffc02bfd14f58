package keytrans

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// OpeningSize is the size in bytes of a commitment opening: Nc.
const OpeningSize = 16

// MaxLabelSize is the size in bytes of the longest label.
const MaxLabelSize = 255

// commitmentKey is Kc of both registered cipher suites.
var commitmentKey = [...]byte{
	0xd8, 0x21, 0xf8, 0x79, 0x0d, 0x97, 0x70, 0x97,
	0x96, 0xb4, 0xd7, 0x90, 0x33, 0x57, 0xc3, 0xf5,
}

// Opening is the random value that hides what a commitment commits to. Once it
// is deleted, the commitment can no longer be opened.
type Opening [OpeningSize]byte

// UpdateValue is the value of a label-version pair as it is committed to.
// Signature is present under ThirdPartyManagement only.
type UpdateValue struct {
	Value     []byte
	Signature []byte
}

func (u *UpdateValue) add(b *builder, mode DeploymentMode) {
	b.opaque32(u.Value)
	if mode == ThirdPartyManagement {
		b.opaque16(u.Signature)
	}
}

func (r *reader) updateValue(mode DeploymentMode) UpdateValue {
	u := UpdateValue{Value: r.opaque32("value")}
	if mode == ThirdPartyManagement {
		u.Signature = r.opaque16("value signature")
	}
	return u
}

func commitmentValue(mode DeploymentMode, opening Opening, label []byte, version uint32, u UpdateValue) ([]byte, error) {
	var b builder
	b.AddBytes(opening[:])
	b.opaque8(label)
	b.AddUint32(version)
	u.add(&b, mode)
	return b.Bytes()
}

// Commit returns the commitment to a label's value at a version: KEYTRANS,
// "Commitment". The label has at most MaxLabelSize bytes.
func Commit(mode DeploymentMode, opening Opening, label []byte, version uint32, u UpdateValue) (merkle.Hash, error) {
	value, err := commitmentValue(mode, opening, label, version, u)
	if err != nil {
		return merkle.Hash{}, err
	}
	mac := hmac.New(sha256.New, commitmentKey[:])
	mac.Write(value)
	var h merkle.Hash
	mac.Sum(h[:0])
	return h, nil
}

// ErrCommitment is returned for an opening that does not open a commitment.
var ErrCommitment = errors.New("opening does not match the commitment")

// VerifyCommitment checks that the opening and value open the commitment. The
// error wraps ErrCommitment if they do not.
func VerifyCommitment(mode DeploymentMode, commitment merkle.Hash, opening Opening, label []byte, version uint32, u UpdateValue) error {
	got, err := Commit(mode, opening, label, version, u)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(got[:], commitment[:]) != 1 {
		return fmt.Errorf("version %d: %w", version, ErrCommitment)
	}
	return nil
}

// UpdateTBS returns the bytes that a Service Operator signs for a new version
// under ThirdPartyManagement: KEYTRANS, "Update Format".
func UpdateTBS(c *Configuration, label []byte, version uint32, value []byte) ([]byte, error) {
	var b builder
	c.add(&b)
	b.opaque8(label)
	b.AddUint32(version)
	b.opaque32(value)
	return b.Bytes()
}

// VRFInput returns the VRF's input for a label-version pair: the encoding of
// VrfInput.
func VRFInput(label []byte, version uint32) ([]byte, error) {
	var b builder
	b.opaque8(label)
	b.AddUint32(version)
	return b.Bytes()
}
