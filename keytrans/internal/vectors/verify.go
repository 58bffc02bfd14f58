package vectors

import (
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// user verifies one response.
type user struct {
	cfg      *keytrans.Configuration
	verifier *keytrans.Verifier
	state    *State
	view     *keytrans.View
	now      time.Time

	request, response []byte
}

func (u *user) search() (Expect, error) {
	q, err := keytrans.ParseSearchRequest(u.request)
	if err != nil {
		return Expect{}, err
	}
	p, err := keytrans.ParseSearchResponse(u.cfg, q, u.response)
	if err != nil {
		return Expect{}, err
	}
	r, err := u.verifier.Search(u.view, q, p, u.now)
	if err != nil {
		return Expect{}, err
	}
	view, err := NewView(r.View)
	value := Hex(r.Value.Value)
	return Expect{
		View: view, Version: &r.Version, Value: &value, Signature: r.Value.Signature,
		Terminal: &r.Terminal, Monitor: &r.Monitor,
	}, err
}

func (u *user) contactMonitor() (Expect, error) {
	q, err := keytrans.ParseContactMonitorRequest(u.request)
	if err != nil {
		return Expect{}, err
	}
	p, err := keytrans.ParseContactMonitorResponse(u.cfg, u.response)
	if err != nil {
		return Expect{}, err
	}
	r, err := u.verifier.ContactMonitor(u.view, u.state.Contact.Keytrans(), q, p, u.now)
	if err != nil {
		return Expect{}, err
	}
	view, err := NewView(r.View)
	return Expect{View: view, Contact: NewContact(r.Contact)}, err
}

func (u *user) ownerInit() (Expect, error) {
	q, err := keytrans.ParseOwnerInitRequest(u.request)
	if err != nil {
		return Expect{}, err
	}
	p, err := keytrans.ParseOwnerInitResponse(u.cfg, u.response)
	if err != nil {
		return Expect{}, err
	}
	r, err := u.verifier.OwnerInit(u.view, q, p, u.now)
	if err != nil {
		return Expect{}, err
	}
	view, err := NewView(r.View)
	return Expect{View: view, Owner: NewOwner(r.Owner)}, err
}

func (u *user) ownerMonitor() (Expect, error) {
	p, err := keytrans.ParseOwnerMonitorResponse(u.cfg, u.response)
	if err != nil {
		return Expect{}, err
	}
	r, err := u.verifier.OwnerMonitor(u.view, u.state.Owner.Keytrans(), p, u.now)
	if err != nil {
		return Expect{}, err
	}
	view, err := NewView(r.View)
	return Expect{View: view, Owner: NewOwner(r.Owner), Complete: &r.Complete}, err
}

func (u *user) update() (Expect, error) {
	q, err := keytrans.ParseUpdateRequest(u.request)
	if err != nil {
		return Expect{}, err
	}
	ps, err := keytrans.ParseUpdateResponses(u.cfg, u.response)
	if err != nil {
		return Expect{}, err
	}
	var out Expect
	view, owner := u.view, u.state.Owner.Keytrans()
	for _, p := range ps {
		r, err := u.verifier.Update(view, owner, q, p, u.now)
		if err != nil {
			return Expect{}, err
		}
		view, owner, q = r.View, r.Owner, r.Next(q)
		told := Update{Position: r.Position, First: r.First, Skipped: r.Skipped, Requested: r.Requested, Values: []Hex{}}
		for _, value := range r.Values {
			told.Values = append(told.Values, value.Value)
		}
		out.Updates = append(out.Updates, told)
	}
	out.Owner = NewOwner(owner)
	out.View, err = NewView(view)
	return out, err
}

func (u *user) distinguished() (Expect, error) {
	q, err := keytrans.ParseDistinguishedRequest(u.request)
	if err != nil {
		return Expect{}, err
	}
	p, err := keytrans.ParseDistinguishedResponse(u.cfg, u.response)
	if err != nil {
		return Expect{}, err
	}
	r, err := u.verifier.Distinguished(u.view, q, p, u.now)
	if err != nil {
		return Expect{}, err
	}
	view, err := NewView(r.View)
	return Expect{View: view, Positions: r.Positions}, err
}

func (u *user) absence() (Expect, error) {
	q, err := keytrans.ParseAbsenceRequest(u.request)
	if err != nil {
		return Expect{}, err
	}
	p, err := keytrans.ParseAbsenceResponse(u.cfg, u.response)
	if err != nil {
		return Expect{}, err
	}
	r, err := u.verifier.Absence(u.view, q, p, u.now)
	if err != nil {
		return Expect{}, err
	}
	view, err := NewView(r.View)
	return Expect{View: view, Greatest: r.Greatest}, err
}

func (u *user) batch() (Expect, error) {
	q, err := keytrans.ParseBatchRequest(u.request)
	if err != nil {
		return Expect{}, err
	}
	answers, err := keytrans.ParseBatchAnswers(u.cfg, q, u.response)
	if err != nil {
		return Expect{}, err
	}
	results, err := u.verifier.Batch(u.view, q, answers, u.now)
	if err != nil {
		return Expect{}, err
	}
	var out Expect
	view := u.view
	for _, r := range results {
		a := Answer{Kind: uint8(r.Kind)}
		switch {
		case r.Search != nil:
			value := Hex(r.Search.Value.Value)
			a.Version, a.Value, view = &r.Search.Version, &value, r.Search.View
		case r.Absence != nil:
			a.Greatest, view = r.Absence.Greatest, r.Absence.View
		}
		out.Answers = append(out.Answers, a)
	}
	out.View, err = NewView(view)
	return out, err
}
