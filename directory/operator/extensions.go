package operator

import (
	"context"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// The methods below forward the requests of docs/extensions.md and
// docs/credentials.md as those of KEYTRANS are forwarded.

// Absence forwards an AbsenceRequest.
func (o *Operator) Absence(ctx context.Context, body []byte) ([]byte, error) {
	q, err := keytrans.ParseAbsenceRequest(body)
	if err != nil {
		return nil, err
	}
	return o.forward(ctx, "absence", body, q.Last, func(data []byte) (*keytrans.FullTreeHead, error) {
		p, err := keytrans.ParseAbsenceResponse(o.cfg.Configuration, data)
		if err != nil {
			return nil, err
		}
		return &p.FullTreeHead, nil
	})
}

// Batch forwards a BatchRequest. The operator must have signed the values in the
// answers.
func (o *Operator) Batch(ctx context.Context, body []byte) ([]byte, error) {
	q, err := keytrans.ParseBatchRequest(body)
	if err != nil {
		return nil, err
	}
	if err := o.log.trusted(); err != nil {
		return nil, err
	}
	return o.exchange(ctx, "batch", body, func(ctx context.Context, floor uint64, data []byte) error {
		answers, err := keytrans.ParseBatchAnswers(o.cfg.Configuration, q, data)
		if err != nil {
			return err
		}
		var heads []*keytrans.FullTreeHead
		for i, a := range answers { // those without a head are the manager's claims
			switch query := &q.Queries[i]; {
			case a.Search != nil:
				head, err := o.checkSearch(query.Label, query.Version, a.Search)
				if err != nil {
					return err
				}
				heads = append(heads, head)
			case a.Absence != nil:
				heads = append(heads, &a.Absence.FullTreeHead)
			}
		}
		return o.checkHeads(ctx, heads, q.Last, floor)
	})
}

// CredentialUpdate forwards a CredentialUpdateRequest. The answer has no head.
func (o *Operator) CredentialUpdate(ctx context.Context, body []byte) ([]byte, error) {
	if _, err := keytrans.ParseCredentialUpdateRequest(body); err != nil {
		return nil, err
	}
	if err := o.log.trusted(); err != nil {
		return nil, err
	}
	return o.exchange(ctx, "credential-update", body, func(_ context.Context, _ uint64, data []byte) error {
		_, err := keytrans.ParseCredentialUpdate(data)
		return err
	})
}
