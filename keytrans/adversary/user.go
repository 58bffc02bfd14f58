package adversary

import (
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// user is a user of the log: it asks, verifies, and retains what was verified.
type user struct {
	verify   *keytrans.Verifier
	now      time.Time
	view     *keytrans.View
	contacts map[string]*keytrans.Contact
	owners   map[string]*keytrans.Owner
	entries  map[uint64]keytrans.LogEntry // verified under some head
}

func newUser(w *World) *user {
	return &user{
		verify: w.Log.Verifier(), view: &keytrans.View{}, contacts: make(map[string]*keytrans.Contact),
		owners: make(map[string]*keytrans.Owner), entries: make(map[uint64]keytrans.LogEntry),
	}
}

// answerer is a directory as a user sees it.
type answerer interface {
	Answer(operation string, request []byte) ([]byte, error)
}

// errNoAnswer says that the directory gave no answer, of which nothing follows.
var errNoAnswer = errors.New("no answer")

func ask[P any](d answerer, operation string, q interface{ Marshal() ([]byte, error) }, parse func([]byte) (P, error)) (p P, err error) {
	request, err := q.Marshal()
	if err != nil {
		return p, err
	}
	data, err := d.Answer(operation, request)
	if err != nil {
		return p, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	return parse(data)
}

// parseWith fits a parser that needs the configuration.
func parseWith[P any](u *user, parse func(*keytrans.Configuration, []byte) (P, error)) func([]byte) (P, error) {
	return func(data []byte) (P, error) { return parse(u.verify.Configuration(), data) }
}

func (u *user) retain(r *keytrans.Verified) {
	u.view = r.View
	for _, e := range append(r.Entries, r.View.Frontier...) {
		u.entries[e.Position] = e.LogEntry
	}
}

// search looks up a label at a version, the greatest one if that is nil.
func (u *user) search(d answerer, label string, version *uint32) (*keytrans.SearchResult, error) {
	q := &keytrans.SearchRequest{Last: u.view.Last(), Label: []byte(label), Version: version}
	p, err := ask(d, keytranstest.Search, q, func(data []byte) (*keytrans.SearchResponse, error) {
		return keytrans.ParseSearchResponse(u.verify.Configuration(), q, data)
	})
	if err != nil {
		return nil, err
	}
	r, err := u.verify.Search(u.view, q, p, u.now)
	if err != nil {
		return nil, err
	}
	if owner := u.owners[label]; owner != nil {
		if err := owner.Check(r); err != nil {
			return nil, err
		}
	}
	contact, err := u.contact(label).Observe(r)
	if err != nil {
		return nil, err
	}
	u.contacts[label] = contact
	u.retain(&r.Verified)
	return r, nil
}

// absent asks for proof that a label does not have a version, or any if that is
// nil.
func (u *user) absent(d answerer, label string, version *uint32) error {
	q := &keytrans.AbsenceRequest{Last: u.view.Last(), Label: []byte(label), Version: version}
	p, err := ask(d, keytranstest.Absence, q, parseWith(u, keytrans.ParseAbsenceResponse))
	if err != nil {
		return err
	}
	r, err := u.verify.Absence(u.view, q, p, u.now)
	if err != nil {
		return err
	}
	if owner := u.owners[label]; owner != nil {
		if err := owner.CheckAbsence(r); err != nil {
			return err
		}
	}
	if err := u.contact(label).CheckAbsence(r); err != nil {
		return err
	}
	u.retain(&r.Verified)
	return nil
}

// batch looks up the greatest versions of labels at once.
func (u *user) batch(d answerer, labels ...string) error {
	q := &keytrans.BatchRequest{Last: u.view.Last()}
	for _, label := range labels {
		q.Queries = append(q.Queries, keytrans.BatchQuery{Label: []byte(label)})
	}
	p, err := ask(d, keytranstest.Batch, q, func(data []byte) ([]*keytrans.BatchAnswer, error) {
		return keytrans.ParseBatchAnswers(u.verify.Configuration(), q, data)
	})
	if err != nil {
		return err
	}
	rs, err := u.verify.Batch(u.view, q, p, u.now)
	if err != nil {
		return err
	}
	for _, r := range rs {
		switch r.Kind {
		case keytrans.AnswerSearch:
			u.retain(&r.Search.Verified)
		case keytrans.AnswerAbsence:
			u.retain(&r.Absence.Verified)
		default:
			return fmt.Errorf("%w: kind %d", errNoAnswer, r.Kind)
		}
	}
	return nil
}

func (u *user) contact(label string) *keytrans.Contact {
	if c := u.contacts[label]; c != nil {
		return c
	}
	return &keytrans.Contact{}
}

func (u *user) monitor(d answerer, label string) error {
	contact := u.contact(label)
	q := &keytrans.ContactMonitorRequest{Last: u.view.Last(), Label: []byte(label), Entries: contact.Map}
	p, err := ask(d, keytranstest.ContactMonitor, q, parseWith(u, keytrans.ParseContactMonitorResponse))
	if err != nil {
		return err
	}
	r, err := u.verify.ContactMonitor(u.view, contact, q, p, u.now)
	if err != nil {
		return err
	}
	u.contacts[label] = r.Contact
	u.retain(&r.Verified)
	return nil
}

func (u *user) distinguished(d answerer) ([]uint64, error) {
	q := &keytrans.DistinguishedRequest{Last: u.view.Last()}
	p, err := ask(d, keytranstest.Distinguished, q, parseWith(u, keytrans.ParseDistinguishedResponse))
	if err != nil {
		return nil, err
	}
	r, err := u.verify.Distinguished(u.view, q, p, u.now)
	if err != nil {
		return nil, err
	}
	u.retain(&r.Verified)
	return r.Positions, nil
}

// own takes a label over at an entry.
func (u *user) own(d answerer, label string, start uint64) error {
	q := &keytrans.OwnerInitRequest{Last: u.view.Last(), Label: []byte(label), Start: start}
	p, err := ask(d, keytranstest.OwnerInit, q, parseWith(u, keytrans.ParseOwnerInitResponse))
	if err != nil {
		return err
	}
	r, err := u.verify.OwnerInit(u.view, q, p, u.now)
	if err != nil {
		return err
	}
	u.owners[label] = r.Owner
	u.retain(&r.Verified)
	return nil
}

// What an owner does not accept, although it verifies.
var (
	errStalled  = errors.New("owner monitoring does not reach the rightmost distinguished entry")
	errStranger = errors.New("a version that the owner did not ask for")
)

// watch is an owner's regular monitoring, which is to find nothing new.
func (u *user) watch(d answerer, label string) error {
	for {
		owner := u.owners[label]
		q := owner.OwnerMonitorRequest(u.view, []byte(label))
		p, err := ask(d, keytranstest.OwnerMonitor, q, parseWith(u, keytrans.ParseOwnerMonitorResponse))
		if err != nil {
			return err
		}
		r, err := u.verify.OwnerMonitor(u.view, owner, p, u.now)
		if err != nil {
			return err
		}
		u.owners[label] = r.Owner
		u.retain(&r.Verified)
		switch {
		case r.Complete:
			return nil
		case r.Owner.Start == owner.Start:
			return errStalled
		}
	}
}

// update asks to create versions with the given values, or whether there are new
// ones if there are none, which is to find none but what the owner asked for.
func (u *user) update(d answerer, label string, values ...string) error {
	q := &keytrans.UpdateRequest{Last: u.view.Last(), Label: []byte(label), GreatestVersion: u.owners[label].Greatest()}
	for _, v := range values {
		q.Values = append(q.Values, []byte(v))
	}
	ps, err := ask(d, keytranstest.Update, q, parseWith(u, keytrans.ParseUpdateResponses))
	if err != nil {
		return err
	}
	requested := true
	for _, p := range ps {
		r, err := u.verify.Update(u.view, u.owners[label], q, p, u.now)
		if err != nil {
			return err
		}
		q = r.Next(q)
		u.owners[label] = r.Owner
		u.retain(&r.Verified)
		requested = requested && r.Requested
	}
	if !requested {
		return errStranger
	}
	return nil
}
