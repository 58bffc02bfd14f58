package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// What a directory does as the Third-Party Manager: KEYTRANS, "Third Parties",
// "Management". It stores what the Service Operator has signed, whoever sent it,
// and signs heads. Who may write is the operator's business, so that the labels
// of a managed log belong to nobody here.

var (
	// ErrManaged says that new versions were to be created which the Service
	// Operator has not signed, or the reverse.
	ErrManaged = errors.New("a log that a third party manages takes new versions from its operator, who signs them, and other logs take no signed ones")

	// ErrUnsigned says that the Service Operator has not signed a value for the
	// label and version.
	ErrUnsigned = errors.New("the operator's signature does not verify")

	// ErrSignedVersion says that the Service Operator signed values for versions
	// that exist already: it has lost count.
	ErrSignedVersion = errors.New("signed_version is not above the label's greatest version; the operator has signed two values for one version, or lost count")

	// ErrSkipped says that the version has no value: the Third-Party Manager
	// skipped it.
	ErrSkipped = errors.New("the version was skipped and has no value")
)

// Signed is what a Service Operator signed: values for the versions from Version
// on, each with a signature. The versions between the label's greatest one and
// Version are skipped.
type Signed struct {
	Version    uint32
	Signatures [][]byte // one for each value
}

// ManagerUpdate answers q as Update does, once the Service Operator's signatures
// have been verified: the error wraps ErrUnsigned if one does not. It creates the
// versions that q says were signed, and skips those before them. The error is
// ErrSignedVersion if they exist already, although q follows the greatest
// version.
//
// The same request can be sent again if its outcome is not known: it is answered
// with what exists.
func (d *Directory) ManagerUpdate(ctx context.Context, q *keytrans.ManagerUpdateRequest) ([]*keytrans.UpdateResponse, error) {
	plain, u, err := d.verifySigned(q)
	if err != nil {
		return nil, err
	}
	created := 0
	if len(q.Values) > 0 {
		switch err := d.createSigned(ctx, plain.Last, u); {
		case err == nil:
			created = len(q.Values)
		case !errors.Is(err, ErrGreatestVersion):
			return nil, err
		}
	}
	return d.tell(plain, created)
}

// verifySigned verifies the signatures in q, and returns the request as the user
// made it and the versions that it asks for.
func (d *Directory) verifySigned(q *keytrans.ManagerUpdateRequest) (*keytrans.UpdateRequest, *NewVersions, error) {
	cfg := d.cfg.Configuration
	if cfg.Mode != keytrans.ThirdPartyManagement {
		return nil, nil, ErrManaged
	}
	if uint64(q.SignedVersion)+uint64(len(q.Values)) > 1<<32 {
		return nil, nil, fmt.Errorf("%w: signed_version: versions above the greatest possible one", keytrans.ErrRequest)
	}
	plain := &keytrans.UpdateRequest{Last: q.Last, Label: q.Label, GreatestVersion: q.GreatestVersion}
	signed := &Signed{Version: q.SignedVersion}
	for i, value := range q.Values {
		version := q.SignedVersion + uint32(i)
		switch err := keytrans.VerifyUpdate(cfg, q.Label, version, value); {
		case errors.Is(err, keytrans.ErrSignature):
			return nil, nil, fmt.Errorf("%w: values: version %d: %w", keytrans.ErrRequest, version, ErrUnsigned)
		case err != nil:
			return nil, nil, err
		}
		plain.Values = append(plain.Values, value.Value)
		signed.Signatures = append(signed.Signatures, value.Signature)
	}
	return plain, &NewVersions{Label: q.Label, Greatest: q.GreatestVersion, Values: plain.Values, Signed: signed}, nil
}

// createSigned adds the versions of u for a user who has seen a log of last
// entries. The error is ErrGreatestVersion if they do not follow the greatest
// version.
func (d *Directory) createSigned(ctx context.Context, last *uint64, u *NewVersions) error {
	follows, err := d.follows(last, u)
	switch {
	case err != nil:
		return err
	case !follows:
		// SPEC: If greatest_version is less than the current greatest version of
		// the label, values is disregarded. Nothing is to be created then, which
		// signed_version could be held against.
		return ErrGreatestVersion
	}
	if err := d.checkSizes(u); err != nil {
		return err
	}
	outcomes, err := d.Insert(ctx, []NewVersions{*u})
	if err != nil {
		return err
	}
	return outcomes[0]
}

// follows reports whether new versions follow the greatest version of their
// label, before anything expensive is done for them.
func (d *Directory) follows(last *uint64, u *NewVersions) (bool, error) {
	s, err := d.acquire()
	if err != nil {
		return false, err
	}
	defer s.release()
	if err := s.checkLast(last); err != nil {
		return false, err
	}
	record, err := s.label(u.Label)
	return record.precedes(u.Greatest), err
}

// next returns the version after u.Greatest, which may be impossible.
func (u *NewVersions) next() uint64 {
	if u.Greatest == nil {
		return 0
	}
	return uint64(*u.Greatest) + 1
}

// skipped returns how many versions before the first of u's are skipped.
func (u *NewVersions) skipped() uint64 {
	if u.Signed == nil {
		return 0
	}
	return uint64(u.Signed.Version) - u.next()
}

// checkSigned verifies that u is signed where it has to be, and for versions that
// can be created.
func (d *Directory) checkSigned(u *NewVersions) error {
	if (u.Signed != nil) != (d.cfg.Configuration.Mode == keytrans.ThirdPartyManagement) {
		return ErrManaged
	}
	switch {
	case u.Signed == nil:
		return nil
	case len(u.Signed.Signatures) != len(u.Values):
		return fmt.Errorf("%w: values: %d for %d signatures", keytrans.ErrRequest, len(u.Values), len(u.Signed.Signatures))
	case uint64(u.Signed.Version) < u.next():
		// SPEC: If signed_version is less than the next greatest version of the
		// label to be created, the request MUST be rejected by the Manager.
		return ErrSignedVersion
	case u.skipped()+uint64(len(u.Values)) > keytrans.MaxNewVersions:
		return fmt.Errorf("%w: signed_version: %d versions would be skipped for %d new ones, and one log entry creates at most %d",
			keytrans.ErrRequest, u.skipped(), len(u.Values), keytrans.MaxNewVersions)
	case uint64(u.Signed.Version)+uint64(len(u.Values)) > 1<<32:
		return fmt.Errorf("%w: signed_version: versions above the greatest possible one", keytrans.ErrRequest)
	}
	return nil
}
