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
)

// Directory answers encoded requests out of one state of a log. It creates
// nothing. The fields are for those to change who lie.
type Directory struct {
	Prover *keytrans.Prover
	State  keytrans.Log
	// Label returns what the directory says of a label.
	Label func(name string) keytrans.Label
	// Created is how many versions the request that is answered next created, if
	// it is an UpdateRequest with values.
	Created int
	// Edit, if not nil, changes a response before it is encoded, which is a
	// pointer to the structure of its operation; a []*keytrans.UpdateResponse for
	// an update.
	Edit func(response any)
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
	switch operation {
	case Search:
		return answer(d, request, keytrans.ParseSearchRequest, func(q *keytrans.SearchRequest) (response, error) {
			return d.Prover.Search(d.State, d.Label(string(q.Label)), q)
		})
	case ContactMonitor:
		return answer(d, request, keytrans.ParseContactMonitorRequest, func(q *keytrans.ContactMonitorRequest) (response, error) {
			return d.Prover.ContactMonitor(d.State, d.Label(string(q.Label)), q)
		})
	case OwnerInit:
		return answer(d, request, keytrans.ParseOwnerInitRequest, func(q *keytrans.OwnerInitRequest) (response, error) {
			return d.Prover.OwnerInit(d.State, d.Label(string(q.Label)), q)
		})
	case OwnerMonitor:
		return answer(d, request, keytrans.ParseOwnerMonitorRequest, func(q *keytrans.OwnerMonitorRequest) (response, error) {
			return d.Prover.OwnerMonitor(d.State, d.Label(string(q.Label)), q)
		})
	case Update:
		return answer(d, request, keytrans.ParseUpdateRequest, func(q *keytrans.UpdateRequest) (response, error) {
			ps, err := d.Prover.Update(d.State, d.Label(string(q.Label)), q, d.Created)
			return updates(ps), err
		})
	case Distinguished:
		return answer(d, request, keytrans.ParseDistinguishedRequest, func(q *keytrans.DistinguishedRequest) (response, error) {
			return d.Prover.Distinguished(d.State, q)
		})
	}
	return nil, fmt.Errorf("unknown operation %q", operation)
}

func answer[Q any](d *Directory, request []byte, parse func([]byte) (*Q, error), prove func(*Q) (response, error)) ([]byte, error) {
	q, err := parse(request)
	if err != nil {
		return nil, err
	}
	p, err := prove(q)
	if err != nil {
		return nil, err
	}
	if d.Edit != nil {
		if list, ok := p.(updates); ok {
			d.Edit([]*keytrans.UpdateResponse(list))
		} else {
			d.Edit(p)
		}
	}
	return p.Marshal(d.Prover.Config)
}

// updates are the structures that answer one UpdateRequest.
type updates []*keytrans.UpdateResponse

func (u updates) Marshal(c *keytrans.Configuration) (out []byte, err error) {
	for _, p := range u {
		b, err := p.Marshal(c)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}
