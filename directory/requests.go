package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// answerLabel runs f on the current state's view of a label.
func answerLabel[R any](d *Directory, label []byte, f func(log keytrans.Log, view *labelView) (R, error)) (R, error) {
	var none R
	if err := checkLabelSize(label); err != nil {
		return none, err
	}
	s, err := d.acquire()
	if err != nil {
		return none, err
	}
	defer s.release()
	view, err := s.view(label, d.keys)
	if err != nil {
		return none, err
	}
	return f(s, view)
}

func checkLabelSize(label []byte) error {
	if len(label) == 0 || len(label) > keytrans.MaxLabelSize {
		return fmt.Errorf("%w: label: it must have 1 to %d bytes", keytrans.ErrRequest, keytrans.MaxLabelSize)
	}
	return nil
}

// prunedField names the field of a request because of which an answer would need
// what was pruned: that it advertises too old a state was checked before.
func prunedField(field string, err error) error {
	if errors.Is(err, ErrPruned) {
		return fmt.Errorf("%s: %w", field, err)
	}
	return err
}

// The methods below answer the requests of KEYTRANS, "User Operations". Errors
// wrap keytrans.ErrRequest, ErrPruned as well if the answer needs what has
// expired and is gone, or say that the label or version is unknown
// (ErrUnknownLabel, keytrans.ErrNoVersion), expired (keytrans.ErrVersionExpired)
// or erased (ErrErased), or that the log's auditor is overdue (keytrans.ErrAuditor);
// any other error is the directory's own trouble.

// Search answers q. The error is ErrUnknownLabel if the label has no versions.
func (d *Directory) Search(_ context.Context, q *keytrans.SearchRequest) (*keytrans.SearchResponse, error) {
	return answerLabel(d, q.Label, func(log keytrans.Log, view *labelView) (*keytrans.SearchResponse, error) {
		if err := view.known(q.Last); err != nil {
			return nil, err
		}
		return d.prover.Search(log, view, q)
	})
}

// ContactMonitor answers q. The error is ErrUnknownLabel if the label has no
// versions.
func (d *Directory) ContactMonitor(_ context.Context, q *keytrans.ContactMonitorRequest) (*keytrans.ContactMonitorResponse, error) {
	return answerLabel(d, q.Label, func(log keytrans.Log, view *labelView) (*keytrans.ContactMonitorResponse, error) {
		if err := view.known(q.Last); err != nil {
			return nil, err
		}
		r, err := d.prover.ContactMonitor(log, view, q)
		return r, prunedField("entries", err)
	})
}

// OwnerInit answers q. The label need not exist.
func (d *Directory) OwnerInit(_ context.Context, q *keytrans.OwnerInitRequest) (*keytrans.OwnerInitResponse, error) {
	return answerLabel(d, q.Label, func(log keytrans.Log, view *labelView) (*keytrans.OwnerInitResponse, error) {
		if err := view.checkLast(q.Last); err != nil {
			return nil, err
		}
		r, err := d.prover.OwnerInit(log, view, q)
		return r, prunedField("start", err)
	})
}

// OwnerMonitor answers q. The label need not exist.
func (d *Directory) OwnerMonitor(_ context.Context, q *keytrans.OwnerMonitorRequest) (*keytrans.OwnerMonitorResponse, error) {
	return answerLabel(d, q.Label, func(log keytrans.Log, view *labelView) (*keytrans.OwnerMonitorResponse, error) {
		if err := view.checkLast(q.Last); err != nil {
			return nil, err
		}
		r, err := d.prover.OwnerMonitor(log, view, q)
		return r, prunedField("start", err)
	})
}

// CredentialUpdate answers q, which is of no operation of KEYTRANS. The error is
// ErrUnknownLabel if the label has no versions.
func (d *Directory) CredentialUpdate(_ context.Context, q *keytrans.CredentialUpdateRequest) (*keytrans.CredentialUpdate, error) {
	return answerLabel(d, q.Label, func(log keytrans.Log, view *labelView) (*keytrans.CredentialUpdate, error) {
		if err := view.known(nil); err != nil {
			return nil, err
		}
		return d.prover.CredentialUpdate(log, view, q)
	})
}

// Distinguished answers q.
func (d *Directory) Distinguished(_ context.Context, q *keytrans.DistinguishedRequest) (*keytrans.DistinguishedResponse, error) {
	s, err := d.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	if err := s.checkLast(q.Last); err != nil {
		return nil, err
	}
	return d.prover.Distinguished(s, q)
}

// Update answers q. If q has values and follows the greatest version, it
// creates new versions, for which the credential must be good: the error is
// ErrUnauthenticated or ErrForbidden if it is not. Otherwise it tells of
// versions that exist, as to anyone who searches. The error wraps ErrPolicy if the
// Policy does not admit one of the values; then there is no new version. Under ThirdPartyManagement
// nothing can be created in this way: the error is ErrManaged if q has values.
func (d *Directory) Update(ctx context.Context, credential Credential, q *keytrans.UpdateRequest) ([]*keytrans.UpdateResponse, error) {
	created := 0
	if len(q.Values) > 0 {
		err := d.create(ctx, credential, q)
		switch {
		case err == nil:
			created = len(q.Values)
		case !errors.Is(err, ErrGreatestVersion):
			return nil, err
		}
	}
	return d.tell(q, created)
}

// tell answers q with the versions after its greatest version, of which it has
// created the first so many.
func (d *Directory) tell(q *keytrans.UpdateRequest, created int) ([]*keytrans.UpdateResponse, error) {
	answers, err := answerLabel(d, q.Label, func(log keytrans.Log, view *labelView) ([]*keytrans.UpdateResponse, error) {
		if view.greatest == nil && q.GreatestVersion == nil {
			return nil, ErrUnknownLabel
		}
		if view.greatest == nil || q.GreatestVersion != nil && *q.GreatestVersion >= *view.greatest {
			return nil, ErrGreatestVersion
		}
		if err := view.checkLast(q.Last); err != nil {
			return nil, err
		}
		list, err := d.prover.Update(log, view, q, created)
		if errors.Is(err, ErrErased) {
			// What comes before the erased version can be told.
			one := *d.prover
			one.MaxUpdates = 1
			list, err = one.Update(log, view, q, created)
		}
		return list, prunedField("greatest_version", err)
	})
	if err != nil && created > 0 {
		// Not wrapped: whatever the reason, this is no refusal of the update.
		return nil, fmt.Errorf("the new versions were written, but not proven: %v", err)
	}
	return answers, err
}

// create adds the versions of q. The error is ErrGreatestVersion if q does not
// follow the greatest version.
func (d *Directory) create(ctx context.Context, credential Credential, q *keytrans.UpdateRequest) error {
	if d.cfg.Configuration.Mode == keytrans.ThirdPartyManagement {
		return ErrManaged
	}
	u := NewVersions{Label: q.Label, Greatest: q.GreatestVersion, Values: q.Values}
	if err := d.checkSizes(&u); err != nil {
		return err
	}
	if err := d.admit(ctx, credential, q, &u); err != nil {
		return err
	}
	if err := d.checkOverdue(); err != nil {
		return err
	}
	outcomes, err := d.Insert(ctx, []NewVersions{u})
	if err != nil {
		return err
	}
	return outcomes[0]
}

// admit authorizes an update and verifies that it follows the greatest version,
// before anything expensive is done for it.
func (d *Directory) admit(ctx context.Context, credential Credential, q *keytrans.UpdateRequest, u *NewVersions) error {
	s, err := d.acquire()
	if err != nil {
		return err
	}
	defer s.release()
	record, err := s.label(q.Label)
	if err != nil {
		return err
	}
	if u.Identity, err = d.authorize(ctx, credential, u, record); err != nil {
		return err
	}
	if err := s.checkLast(q.Last); err != nil {
		return err
	}
	if !record.precedes(q.GreatestVersion) {
		return ErrGreatestVersion
	}
	return nil
}

// Greatest returns the greatest version of a label and its value, as the
// operator sees them. The error is ErrUnknownLabel if there is none, ErrErased
// if the value was deleted.
func (d *Directory) Greatest(_ context.Context, label []byte) (version uint32, value []byte, err error) {
	s, err := d.acquire()
	if err != nil {
		return 0, nil, err
	}
	defer s.release()
	view, err := s.view(label, d.keys)
	if err != nil {
		return 0, nil, err
	}
	if view.greatest == nil {
		return 0, nil, ErrUnknownLabel
	}
	_, update, err := view.Open(*view.greatest)
	return *view.greatest, update.Value, err
}
