package agree

import (
	"bytes"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// question is a request with what its user retains, nil if there is nothing to ask.
type question struct {
	operation string
	vectors.Case
}

type request interface{ Marshal() ([]byte, error) }

// ask is a question of a user who saw the log with seen entries.
func (w *world) ask(operation string, seen uint64) *question {
	q := &question{operation: operation}
	view := w.view(seen)
	q.State = &vectors.State{View: must(vectors.NewView(view))}
	r := w.request(q, view)
	if r == nil {
		return nil
	}
	q.Request = must(r.Marshal())
	return q
}

func (w *world) request(q *question, view *keytrans.View) request {
	label := []byte(append(labels, "nobody")[w.IntN(len(labels)+1)])
	last := view.Last()
	switch q.operation {
	case keytranstest.Search:
		return &keytrans.SearchRequest{Last: last, Label: label, Version: w.version()}
	case keytranstest.Distinguished:
		return &keytrans.DistinguishedRequest{Last: last}
	case keytranstest.Absence:
		return &keytrans.AbsenceRequest{Last: last, Label: label, Version: w.version()}
	case keytranstest.Batch:
		var queries []keytrans.BatchQuery
		for range 1 + w.IntN(3) {
			name := append(labels, "nobody")[w.IntN(len(labels)+1)]
			queries = append(queries, keytrans.BatchQuery{Label: []byte(name), Version: w.version()})
		}
		return &keytrans.BatchRequest{Last: last, Queries: queries}
	case keytranstest.ContactMonitor:
		if contact := w.contact(label); contact != nil {
			q.State.Contact = vectors.NewContact(contact)
			return &keytrans.ContactMonitorRequest{Last: last, Label: label, Entries: contact.Map}
		}
	case keytranstest.OwnerInit:
		if start := w.start(w.honest); start != nil {
			return &keytrans.OwnerInitRequest{Last: last, Label: label, Start: *start}
		}
	case keytranstest.OwnerMonitor:
		if owner := w.owner(label); owner != nil {
			q.State.Owner = vectors.NewOwner(owner)
			return owner.OwnerMonitorRequest(view, label)
		}
	case keytranstest.Update:
		if owner := w.owner(label); owner != nil {
			q.State.Owner = vectors.NewOwner(owner)
			return &keytrans.UpdateRequest{Last: last, Label: label, GreatestVersion: owner.Greatest()}
		}
	}
	return nil
}

func (w *world) version() *uint32 {
	if w.IntN(2) == 0 {
		return nil
	}
	v := uint32(w.IntN(10))
	return &v
}

// contact is what a user retains who searched for the label once or twice, nil if
// there is nothing to monitor.
func (w *world) contact(label []byte) *keytrans.Contact {
	contact := &keytrans.Contact{}
	for range 1 + w.IntN(2) {
		size := w.size(1, w.honest)
		q := &keytrans.SearchRequest{Label: label}
		p, err := w.log.Prover().Search(w.log.At(size), w.log.Label(string(label)), q)
		if err != nil {
			continue
		}
		r, err := w.log.Verifier().Search(&keytrans.View{}, q, p, w.log.Now(size))
		if err != nil {
			continue // the log lies
		}
		if c, err := contact.Observe(r); err == nil {
			contact = c
		}
	}
	if len(contact.Map) == 0 {
		return nil
	}
	return contact
}

// start is the rightmost distinguished entry of the log with size entries.
func (w *world) start(size uint64) *uint64 {
	q := &keytrans.DistinguishedRequest{}
	p := must(w.log.Prover().Distinguished(w.log.At(size), q))
	r := must(w.log.Verifier().Distinguished(&keytrans.View{}, q, p, w.log.Now(size)))
	if len(r.Positions) == 0 {
		return nil
	}
	position := slices.Max(r.Positions)
	return &position
}

// owner is what the owner of a label retains who took it over some time ago, and was
// told of some of its versions since, nil if there was nowhere to begin.
func (w *world) owner(label []byte) *keytrans.Owner {
	size := w.size(1, w.honest)
	start := w.start(size)
	if start == nil {
		return nil
	}
	log, state, prover := w.log.Label(string(label)), w.log.At(size), w.log.Prover()
	q := &keytrans.OwnerInitRequest{Label: label, Start: *start}
	p, err := prover.OwnerInit(state, log, q)
	if err != nil {
		return nil
	}
	r, err := w.log.Verifier().OwnerInit(&keytrans.View{}, q, p, w.log.Now(size))
	if err != nil {
		return nil
	}
	owner := r.Owner
	for range w.IntN(3) {
		u := &keytrans.UpdateRequest{Label: label, GreatestVersion: owner.Greatest()}
		ps, err := prover.Update(state, log, u, 0)
		if err != nil {
			break
		}
		r, err := w.log.Verifier().Update(&keytrans.View{}, owner, u, ps[0], w.log.Now(size))
		if err != nil {
			break // the log lies
		}
		owner = r.Owner
	}
	return owner
}

// mutate returns data with one to three changes, most of which keep the length.
func (w *world) mutate(data []byte) []byte {
	out := bytes.Clone(data)
	for range 1 + w.IntN(2)*w.IntN(3) {
		if len(out) == 0 {
			return out
		}
		at := w.IntN(len(out))
		switch w.IntN(12) {
		case 0, 1, 2, 3, 4, 5:
			out[at] ^= 1 << w.IntN(8)
		case 6, 7:
			out[at] = byte(w.IntN(4))
		case 8: // a hash, or a part of one, from elsewhere
			n := min(32, len(out)-at)
			copy(out[at:at+n], data[w.IntN(len(data)):])
		case 9:
			out = slices.Delete(out, at, min(at+1+w.IntN(65), len(out)))
		case 10:
			out = slices.Insert(out, at, bytes.Repeat([]byte{byte(w.IntN(256))}, 1+w.IntN(33))...)
		case 11: // some bytes again
			out = slices.Insert(out, at, bytes.Clone(out[at:min(at+w.IntN(64), len(out))])...)
		}
	}
	return out
}
