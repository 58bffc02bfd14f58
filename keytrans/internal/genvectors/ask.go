package main

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

// asker asks a log of size entries for a user who has seen the first entries of it.
type asker struct {
	*history
	log  string // name of the deployment
	size uint64
	seen *keytrans.View
}

func (h *history) asker(log string, size, last uint64) *asker {
	return &asker{history: h, log: log, size: size, seen: h.view(last)}
}

// answer is an honest case with what was asked and answered.
type answer struct {
	vectors.Case
	operation string
	label     string
	trace     naive.Trace // what the reference says of it
	parse     func(data []byte) (response, error)
}

// response is a response's structure, or those of an update.
type response interface {
	Marshal(*keytrans.Configuration) ([]byte, error)
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

func parser[T response](parse func(*keytrans.Configuration, []byte) (T, error), c *keytrans.Configuration) func([]byte) (response, error) {
	return func(data []byte) (response, error) { return parse(c, data) }
}

// answered is an answer to a request of the user's.
func (a *asker) answered(operation, name string, q interface{ Marshal() ([]byte, error) }, p response, trace naive.Trace) *answer {
	c := vectors.Case{
		Name: fmt.Sprintf("%s: %s, %s", a.log, name, a.history.saw(a.seen, a.size)), Log: a.log,
		Clock: a.Entries()[a.size-1].Timestamp + 500,
		State: &vectors.State{View: must(vectors.NewView(a.seen))}, Request: must(q.Marshal()),
	}
	if p != nil {
		c.Response = must(p.Marshal(a.Config))
	}
	return &answer{Case: c, operation: operation, trace: trace}
}

func (h *history) saw(view *keytrans.View, size uint64) string {
	switch view.Head.TreeSize {
	case 0:
		return "first contact"
	case size:
		return "same head"
	}
	return fmt.Sprintf("after %d entries", view.Head.TreeSize)
}

func (a *asker) search(label string, version *uint32) *answer {
	q := &keytrans.SearchRequest{Last: a.seen.Last(), Label: []byte(label), Version: version}
	p := must(a.Prover().Search(a.state(a.size), a.Label(label), q))
	name, trace := "greatest version of "+label, a.worldAt(a.size).GreatestVersionSearch(q.Last, label)
	if version != nil {
		name = fmt.Sprintf("version %d of %s", *version, label)
		trace = a.worldAt(a.size).FixedVersionSearch(q.Last, label, *version)
	}
	out := a.answered("search", name, q, p, trace)
	out.label = label
	out.parse = func(data []byte) (response, error) { return keytrans.ParseSearchResponse(a.Config, q, data) }
	return out
}

// contact is the state of a user who searched for the label whenever the log had
// one of the sizes.
func (a *asker) contact(label string, sizes ...uint64) *keytrans.Contact {
	contact := &keytrans.Contact{}
	for _, size := range sizes {
		q := &keytrans.SearchRequest{Label: []byte(label)}
		p := must(a.Prover().Search(a.state(size), a.Label(label), q))
		r := must(a.Verifier().Search(&keytrans.View{}, q, p, a.Now(size)))
		contact = must(contact.Observe(r))
	}
	require(len(contact.Map) > 0, "a contact who monitors nothing of %s", label)
	return contact
}

func naiveMap(entries []keytrans.MonitorMapEntry) (out []naive.MapEntry) {
	for _, e := range entries {
		out = append(out, naive.MapEntry(e))
	}
	return out
}

func (a *asker) contactMonitor(label string, contact *keytrans.Contact) *answer {
	q := &keytrans.ContactMonitorRequest{Last: a.seen.Last(), Label: []byte(label), Entries: contact.Map}
	p := must(a.Prover().ContactMonitor(a.state(a.size), a.Label(label), q))
	trace := a.worldAt(a.size).ContactMonitor(q.Last, label, naiveMap(contact.Map))
	out := a.answered("contact-monitor", fmt.Sprintf("%s, %d map entries", label, len(contact.Map)), q, p, trace)
	out.State.Contact = vectors.NewContact(contact)
	out.parse = parser(keytrans.ParseContactMonitorResponse, a.Config)
	return out
}

// start is the rightmost distinguished entry of the log with size entries.
func (a *asker) start(size uint64) uint64 {
	distinguished := a.worldAt(size).Distinguished()
	return distinguished[len(distinguished)-1]
}

func (a *asker) ownerInit(label string) *answer {
	q := &keytrans.OwnerInitRequest{Last: a.seen.Last(), Label: []byte(label), Start: a.start(a.size)}
	p := must(a.Prover().OwnerInit(a.state(a.size), a.Label(label), q))
	out := a.answered("owner-init", fmt.Sprintf("%s from %d", label, q.Start), q, p, a.worldAt(a.size).OwnerInit(q.Last, label, q.Start))
	out.parse = parser(keytrans.ParseOwnerInitResponse, a.Config)
	out.label = label
	return out
}

// owner is the state of one who took the label over at the position start when the
// log had size entries, and was told of versions until there were as many as
// count.
func (a *asker) owner(label string, size, start uint64, count int) *keytrans.Owner {
	oq := &keytrans.OwnerInitRequest{Label: []byte(label), Start: start}
	op := must(a.Prover().OwnerInit(a.state(size), a.Label(label), oq))
	owner := must(a.Verifier().OwnerInit(&keytrans.View{}, oq, op, a.Now(size))).Owner
	for owner.Greatest() == nil || int(*owner.Greatest()) < count-1 {
		q := &keytrans.UpdateRequest{Label: []byte(label), GreatestVersion: owner.Greatest()}
		ps, err := a.Prover().Update(a.state(size), a.Label(label), q, 0)
		if errors.Is(err, keytrans.ErrRequest) {
			break
		}
		owner = must(a.Verifier().Update(&keytrans.View{}, owner, q, must(ps, err)[0], a.Now(size))).Owner
	}
	return owner
}

// ownerMonitor asks for at most limit entries, 0 for as many as there are.
func (a *asker) ownerMonitor(label string, owner *keytrans.Owner, limit int) *answer {
	prover := a.Prover()
	prover.MaxOwnerEntries = limit
	q := owner.OwnerMonitorRequest(a.seen, []byte(label))
	p := must(prover.OwnerMonitor(a.state(a.size), a.Label(label), q))
	trace := a.worldAt(a.size).OwnerMonitor(q.Last, label,
		naive.OwnerRequest{Entries: naiveMap(q.Entries), Start: q.Start, Greatest: q.GreatestVersion}, limit)
	name := fmt.Sprintf("%s from %d", label, owner.Start)
	if limit > 0 {
		name += fmt.Sprintf(", at most %d", limit)
	}
	out := a.answered("owner-monitor", name, q, p, trace)
	out.State.Owner = vectors.NewOwner(owner)
	out.parse = parser(keytrans.ParseOwnerMonitorResponse, a.Config)
	return out
}

// update has an owner ask to create the last of the label's versions, or be told
// of versions if created is 0.
func (a *asker) update(label string, owner *keytrans.Owner, created int) *answer {
	q := &keytrans.UpdateRequest{Last: a.seen.Last(), Label: []byte(label), GreatestVersion: owner.Greatest()}
	versions := len(a.worldAt(a.size).Inserted[label])
	for v := versions - created; v < versions; v++ {
		q.Values = append(q.Values, []byte(value(label, uint32(v))))
	}
	ps := must(a.Prover().Update(a.state(a.size), a.Label(label), q, created))
	name := fmt.Sprintf("%s, %d created, %d told in %d responses", label, created, versions, len(ps))
	if g := owner.Greatest(); g != nil {
		name = fmt.Sprintf("%s beyond %d, %d created, told in %d responses", label, *g, created, len(ps))
	}
	out := a.answered("update", name, q, updates(ps), naive.Trace{})
	out.State.Owner = vectors.NewOwner(owner)
	out.parse = func(data []byte) (response, error) {
		ps, err := keytrans.ParseUpdateResponses(a.Config, data)
		return updates(ps), err
	}
	out.label = label
	return out
}

func (a *asker) distinguished(stop *uint64) *answer {
	q := &keytrans.DistinguishedRequest{Last: a.seen.Last(), Stop: stop}
	p := must(a.Prover().Distinguished(a.state(a.size), q))
	name := "all recent"
	if stop != nil {
		name = fmt.Sprintf("right of %d", *stop)
	}
	trace := a.worldAt(a.size).DistinguishedWalk(q.Last, stop, keytrans.RecentHeads)
	out := a.answered("distinguished", name, q, p, trace)
	out.parse = parser(keytrans.ParseDistinguishedResponse, a.Config)
	return out
}
