package directory

import (
	"context"
	"errors"
)

// Identity names whoever holds a credential. A label belongs to the identity
// that created its first version.
type Identity [16]byte

// Credential is what a request carries to prove who sent it. The zero
// Credential proves nothing.
type Credential struct {
	// Token is a bearer token.
	Token string
}

// Authorizer decides who may write. Implementations are safe for concurrent
// use.
type Authorizer interface {
	// Authorize returns the identity in whose name the credential makes an
	// update, whose Identity is not set. The error is ErrUnauthenticated, without
	// more detail, if the credential does not permit it whoever owns the label;
	// that the label belongs to the identity is checked by the Directory.
	Authorize(ctx context.Context, credential Credential, update *NewVersions) (Identity, error)
}

var (
	// ErrUnauthenticated says that a write needs a valid credential.
	ErrUnauthenticated = errors.New("a valid credential is required to write")

	// ErrForbidden says that the label belongs to another identity.
	ErrForbidden = errors.New("the label belongs to someone else")
)

// authorize returns the identity that makes an update of a label whose record is
// given, nil if the label does not exist yet.
func (d *Directory) authorize(ctx context.Context, credential Credential, update *NewVersions, record *labelRecord) (Identity, error) {
	id, err := d.cfg.Authorizer.Authorize(ctx, credential, update)
	if err != nil {
		return Identity{}, err
	}
	if record != nil && record.identity != id {
		return Identity{}, ErrForbidden
	}
	return id, nil
}
