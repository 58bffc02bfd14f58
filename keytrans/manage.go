package keytrans

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// ManagerUpdateRequest is an UpdateRequest as a Service Operator forwards it to a
// Third-Party Manager: KEYTRANS, "Third Parties", "Management". Each value has
// the operator's signature. SignedVersion is the version that the first value was
// signed for, 0 without values; the others follow it.
type ManagerUpdateRequest struct {
	Last            *uint64
	Label           []byte
	GreatestVersion *uint32
	Values          []UpdateValue // at most 255
	SignedVersion   uint32
}

// Marshal returns the encoding of q.
func (q *ManagerUpdateRequest) Marshal() ([]byte, error) {
	var b builder
	b.optional64(q.Last)
	b.opaque8(q.Label)
	b.optional32(q.GreatestVersion)
	b.count8(len(q.Values))
	for i := range q.Values {
		q.Values[i].add(&b, ThirdPartyManagement)
	}
	b.AddUint32(q.SignedVersion)
	return b.Bytes()
}

// ParseManagerUpdateRequest decodes a ManagerUpdateRequest. The error wraps
// ErrMalformed.
func ParseManagerUpdateRequest(data []byte) (*ManagerUpdateRequest, error) {
	const minValue = 4 + 2 // the lengths of an empty value and signature
	r := reader{s: data}
	q := &ManagerUpdateRequest{
		Last:            r.optional64("last"),
		Label:           r.opaque8("label"),
		GreatestVersion: r.optional32("greatest_version"),
		Values:          vector8(&r, minValue, "values", func() UpdateValue { return r.updateValue(ThirdPartyManagement) }),
		SignedVersion:   r.u32("signed_version"),
	}
	// SPEC: If values is empty, the signed_version field is always zero.
	if len(q.Values) == 0 && q.SignedVersion != 0 {
		r.fail("signed_version")
	}
	return orError(q, &r)
}

// SignUpdate returns a value with the Service Operator's signature for a label's
// version: KEYTRANS, "Update Format". The key is that of c.LeafPublicKey. An
// operator never signs two values for one version.
func SignUpdate(c *Configuration, key SigningKey, label []byte, version uint32, value []byte) (UpdateValue, error) {
	tbs, err := UpdateTBS(c, label, version, value)
	if err != nil {
		return UpdateValue{}, err
	}
	sig, err := key.Sign(tbs)
	if err != nil {
		return UpdateValue{}, fmt.Errorf("signing version %d: %w", version, err)
	}
	return UpdateValue{Value: value, Signature: sig}, nil
}

// VerifyUpdate checks the Service Operator's signature of a value; outside
// ThirdPartyManagement there is none to check. The error wraps ErrSignature if it
// does not verify.
func VerifyUpdate(c *Configuration, label []byte, version uint32, u UpdateValue) error {
	if c.Mode != ThirdPartyManagement {
		return nil
	}
	tbs, err := UpdateTBS(c, label, version, u.Value)
	if err != nil {
		return err
	}
	if err := c.Suite.verify(c.LeafPublicKey, tbs, u.Signature); err != nil {
		return fmt.Errorf("the operator's signature of version %d: %w", version, err)
	}
	return nil
}

// SkippedCommitment is the commitment to a version that a Third-Party Manager
// skipped, which has no value. Nothing opens it.
var SkippedCommitment merkle.Hash

// verifyValue verifies the operator's signature of a version's value, whose
// commitment has been looked up if the algorithm at hand does that. That a log
// holds a value without one is evidence; that a response claims one is not.
func (s *session) verifyValue(label []byte, version uint32, u UpdateValue) error {
	err := VerifyUpdate(s.cfg, label, version, u)
	switch {
	case err == nil:
	case !errors.Is(err, ErrSignature):
		return err
	case s.consumer.keys[version].Proven:
		s.contradict("%w", err)
	default:
		s.reject(fmt.Errorf("%w: %w", ErrProof, err))
	}
	return nil
}
