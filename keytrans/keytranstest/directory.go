package keytranstest

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// The user operations, by their names in the HTTP binding.
const (
	Search         = "search"
	ContactMonitor = "contact-monitor"
	OwnerInit      = "owner-init"
	OwnerMonitor   = "owner-monitor"
	Update         = "update"
	Distinguished  = "distinguished"

	// These are extensions: docs/extensions.md and docs/credentials.md.
	Absence          = "absence"
	Batch            = "batch"
	CredentialUpdate = "credential-update"
)

// Directory answers encoded requests out of one state of a log. It creates
// nothing. The fields are for those to change who lie.
type Directory struct {
	Prover *keytrans.Prover
	State  keytrans.Log
	// Label returns what the directory says of a label.
	Label func(name string) keytrans.Label
	// Created is how many versions an UpdateRequest with values has created.
	Created int
	// EditRequest, if not nil, changes a request before it is answered: a pointer
	// to the structure of its operation.
	EditRequest func(request any)
	// EditResponse, if not nil, changes a response before it is encoded: a pointer
	// to the structure of its operation, for an update or a batch to one after the
	// other.
	EditResponse func(response any)
}

// Directory returns a directory that answers out of the state with size entries.
func (l *Log) Directory(size uint64) *Directory {
	return &Directory{
		Prover: l.Prover(), State: l.At(size),
		Label: func(name string) keytrans.Label { return l.Label(name) },
	}
}

type response interface {
	Marshal(*keytrans.Configuration) ([]byte, error)
}

// Answer returns the encoded response to an encoded request.
func (d *Directory) Answer(operation string, request []byte) ([]byte, error) {
	p := d.Prover
	switch operation {
	case Search:
		return answer(d, request, keytrans.ParseSearchRequest, func(q *keytrans.SearchRequest) ([]response, error) {
			return one(p.Search(d.State, d.Label(string(q.Label)), q))
		})
	case ContactMonitor:
		return answer(d, request, keytrans.ParseContactMonitorRequest, func(q *keytrans.ContactMonitorRequest) ([]response, error) {
			return one(p.ContactMonitor(d.State, d.Label(string(q.Label)), q))
		})
	case OwnerInit:
		return answer(d, request, keytrans.ParseOwnerInitRequest, func(q *keytrans.OwnerInitRequest) ([]response, error) {
			return one(p.OwnerInit(d.State, d.Label(string(q.Label)), q))
		})
	case OwnerMonitor:
		return answer(d, request, keytrans.ParseOwnerMonitorRequest, func(q *keytrans.OwnerMonitorRequest) ([]response, error) {
			return one(p.OwnerMonitor(d.State, d.Label(string(q.Label)), q))
		})
	case Update:
		return answer(d, request, keytrans.ParseUpdateRequest, d.update)
	case Distinguished:
		return answer(d, request, keytrans.ParseDistinguishedRequest, func(q *keytrans.DistinguishedRequest) ([]response, error) {
			return one(p.Distinguished(d.State, q))
		})
	case Absence:
		return answer(d, request, keytrans.ParseAbsenceRequest, func(q *keytrans.AbsenceRequest) ([]response, error) {
			return one(p.Absence(d.State, d.Label(string(q.Label)), q))
		})
	case Batch:
		return answer(d, request, keytrans.ParseBatchRequest, d.batch)
	case CredentialUpdate:
		return answer(d, request, keytrans.ParseCredentialUpdateRequest, func(q *keytrans.CredentialUpdateRequest) ([]response, error) {
			return one(p.CredentialUpdate(d.State, d.Label(string(q.Label)), q))
		})
	}
	return nil, fmt.Errorf("unknown operation %q", operation)
}

func (d *Directory) update(q *keytrans.UpdateRequest) (out []response, err error) {
	created := 0
	if len(q.Values) > 0 {
		created = d.Created
	}
	ps, err := d.Prover.Update(d.State, d.Label(string(q.Label)), q, created)
	for _, p := range ps {
		out = append(out, p)
	}
	return out, err
}

func (d *Directory) batch(q *keytrans.BatchRequest) (out []response, err error) {
	label := func(name []byte) (keytrans.Label, error) { return d.Label(string(name)), nil }
	answers, err := d.Prover.Batch(d.State, label, q)
	for _, a := range answers {
		out = append(out, a)
	}
	return out, err
}

func one(p response, err error) ([]response, error) { return []response{p}, err }

func answer[Q any](d *Directory, request []byte, parse func([]byte) (*Q, error), prove func(*Q) ([]response, error)) ([]byte, error) {
	q, err := parse(request)
	if err != nil {
		return nil, err
	}
	if d.EditRequest != nil {
		d.EditRequest(q)
	}
	ps, err := prove(q)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, p := range ps {
		if d.EditResponse != nil {
			d.EditResponse(p)
		}
		b, err := p.Marshal(d.Prover.Config)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}
