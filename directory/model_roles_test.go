package directory_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
)

// away is when a user was online last. After more than the maximum lifetime the
// directory need no longer know what the user knows.
type away struct{ since time.Time }

// tooLong reports whether a user may be refused after having been away.
func (a *away) tooLong(m *model) bool {
	lifetime := m.cfg.Configuration.MaximumLifetime
	return lifetime != nil && time.Since(a.since) > time.Duration(*lifetime)*time.Millisecond-2*maxSkew
}

// newcomer knows nothing and retains nothing.
type newcomer struct{}

func (n *newcomer) visit(m *model) {
	if len(m.labels) == 0 {
		return
	}
	label := m.labels[m.rng.IntN(len(m.labels))]
	n.greatestVersion(m, label)
	n.fixedVersion(m, label, uint32(m.rng.IntN(len(m.versions[label]))))
}

func (*newcomer) greatestVersion(m *model, label string) {
	m.did["greatest version"]++
	r, err := m.search(&keytrans.View{}, label, nil)
	m.expectFound(label, *m.greatest(label), r, err)
}

func (*newcomer) fixedVersion(m *model, label string, version uint32) {
	r, err := m.search(&keytrans.View{}, label, &version)
	if errors.Is(err, keytrans.ErrVersionExpired) && m.cfg.Configuration.MaximumLifetime != nil {
		m.did["version expired"]++
		return
	}
	m.did["fixed version"]++
	m.expectFound(label, version, r, err)
}

// expectFound holds the outcome of a search against the model.
func (m *model) expectFound(label string, version uint32, r *keytrans.SearchResult, err error) {
	m.t.Helper()
	want := m.versions[label][version]
	if want.erased {
		m.did["erased version"]++
		if !errors.Is(err, directory.ErrErased) {
			m.t.Fatalf("version %d of %s was erased: %v", version, label, err)
		}
		return
	}
	if err != nil || r.Version != version || string(r.Value.Value) != want.value {
		m.t.Fatalf("version %d of %s: %+v, %v", version, label, r, err)
	}
}

// modelContact looks labels up and monitors what it must.
type modelContact struct {
	away
	view   *keytrans.View
	labels map[string]*keytrans.Contact
}

func newModelContact() *modelContact {
	return &modelContact{view: &keytrans.View{}, labels: make(map[string]*keytrans.Contact)}
}

func (c *modelContact) visit(m *model) {
	for label, contact := range c.labels {
		if len(contact.Map) > 0 && !c.monitor(m, label, contact) {
			*c = *newModelContact() // away for too long
			break
		}
	}
	if len(m.labels) > 0 {
		for range 2 {
			c.search(m, m.labels[m.rng.IntN(len(m.labels))])
		}
	}
	c.since = time.Now()
}

// monitor returns false if the user was away for so long that it has to begin anew.
func (c *modelContact) monitor(m *model, label string, contact *keytrans.Contact) bool {
	q := &keytrans.ContactMonitorRequest{Last: c.view.Last(), Label: []byte(label), Entries: contact.Map}
	p, err := m.ContactMonitor(context.Background(), q)
	if err != nil && c.tooLong(m) {
		m.did["contact away too long"]++
		return false
	}
	fatalIfErr(m.t, err)
	r, err := m.verifier.ContactMonitor(c.view, contact, q, p, time.Now())
	fatalIfErr(m.t, err)
	m.did["contact monitored"]++
	c.view, c.labels[label] = r.View, r.Contact
	rightmost := m.rightmostDistinguished()
	for _, e := range r.Contact.Map {
		// What remains is on the frontier, beyond what owners look at.
		if e.Position <= *rightmost || !slices.Contains(ibst.Frontier(r.View.Head.TreeSize), e.Position) {
			m.t.Fatalf("%s: version %d is still monitored in entry %d, distinguished is %d", label, e.Version, e.Position, *rightmost)
		}
	}
	return true
}

func (c *modelContact) search(m *model, label string) {
	r, err := m.search(c.view, label, nil)
	if err != nil && c.view.Last() != nil && c.tooLong(m) {
		m.did["contact away too long"]++
		*c = *newModelContact()
		return
	}
	m.expectFound(label, *m.greatest(label), r, err)
	if err != nil {
		return // erased
	}
	contact := c.labels[label]
	if contact == nil {
		contact = &keytrans.Contact{}
	}
	contact, err = contact.Observe(r)
	fatalIfErr(m.t, err)
	c.view, c.labels[label] = r.View, contact
}

// walker compares the recent distinguished heads with the log's.
type walker struct {
	away
	view keytrans.View
}

func (w *walker) visit(m *model) {
	q := &keytrans.DistinguishedRequest{Last: w.view.Last()}
	p, err := m.Distinguished(context.Background(), q)
	if err != nil && w.tooLong(m) {
		m.did["walker away too long"]++
		*w = walker{}
		return
	}
	fatalIfErr(m.t, err)
	r, err := m.verifier.Distinguished(&w.view, q, p, time.Now())
	fatalIfErr(m.t, err)
	var want []uint64
	for _, pos := range slices.Backward(m.distinguished) {
		if len(want) < keytrans.RecentHeads && !m.expired(pos) {
			want = append(want, pos)
		}
	}
	if !slices.Equal(r.Positions, want) {
		m.t.Fatalf("recent heads %v, want %v", r.Positions, want)
	}
	m.did["heads walked"]++
	w.view, w.since = *r.View, time.Now()
}

// modelOwner owns a label, keeps itself informed, and makes new versions.
type modelOwner struct {
	away
	label string
	view  *keytrans.View
	owner *keytrans.Owner
}

func (o *modelOwner) visit(m *model) {
	if o.owner == nil {
		o.takeOver(m)
	}
	if !o.monitor(m) {
		o.owner = nil
		m.did["owner begins anew"]++
		return
	}
	if m.rng.IntN(2) == 0 && !m.auditor.overdueForNext(m) {
		o.update(m)
	}
	o.since = time.Now()
}

// takeOver begins at the rightmost distinguished entry.
func (o *modelOwner) takeOver(m *model) {
	q := &keytrans.OwnerInitRequest{Label: []byte(o.label), Start: *m.rightmostDistinguished()}
	p, err := m.OwnerInit(context.Background(), q)
	fatalIfErr(m.t, err)
	r, err := m.verifier.OwnerInit(&keytrans.View{}, q, p, time.Now())
	fatalIfErr(m.t, err)
	o.view, o.owner = r.View, r.Owner
	m.did["owner took over"]++
}

// monitor brings the owner up to date: it learns of versions that others made, and
// verifies every distinguished entry. It returns false if the owner was away for so
// long that it has to begin anew.
func (o *modelOwner) monitor(m *model) bool {
	for {
		err := o.learn(m)
		if errors.Is(err, directory.ErrGreatestVersion) || errors.Is(err, directory.ErrUnknownLabel) {
			break // nothing new
		}
		if err != nil && o.tooLong(m) || errors.Is(err, directory.ErrErased) {
			return false // nobody can tell the owner of a version that was erased
		}
		fatalIfErr(m.t, err)
		m.did["owner surprised"]++
	}
	for complete := false; !complete; {
		q := o.owner.OwnerMonitorRequest(o.view, []byte(o.label))
		p, err := m.OwnerMonitor(context.Background(), q)
		if err != nil && o.tooLong(m) {
			return false
		}
		fatalIfErr(m.t, err)
		r, err := m.verifier.OwnerMonitor(o.view, o.owner, p, time.Now())
		fatalIfErr(m.t, err)
		o.view, o.owner, complete = r.View, r.Owner, r.Complete
	}
	m.did["owner monitored"]++
	greatest, want := o.owner.Greatest(), m.greatest(o.label)
	if (greatest == nil) != (want == nil) || want != nil && *greatest != *want {
		m.t.Fatalf("the owner of %s knows version %v, want %v", o.label, greatest, want)
	}
	if last := *m.rightmostDistinguished(); o.owner.Start != last || o.owner.Claims() {
		m.t.Fatalf("the owner of %s verified up to entry %d, want %d", o.label, o.owner.Start, last)
	}
	return true
}

// learn asks for versions that the owner does not know.
func (o *modelOwner) learn(m *model) error {
	q := &keytrans.UpdateRequest{Last: o.view.Last(), Label: []byte(o.label), GreatestVersion: o.owner.Greatest()}
	return o.exchange(m, q)
}

func (o *modelOwner) exchange(m *model, q *keytrans.UpdateRequest) error {
	ps, err := m.Update(context.Background(), alice, q)
	if err != nil {
		return err
	}
	for _, p := range ps {
		r, err := m.verifier.Update(o.view, o.owner, q, p, time.Now())
		fatalIfErr(m.t, err)
		for i, v := range r.Values {
			version := int(r.First) + i
			if want := m.versions[o.label][version].value; string(v.Value) != want {
				m.t.Fatalf("version %d of %s is %q, want %q", version, o.label, v.Value, want)
			}
		}
		q, o.view, o.owner = r.Next(q), r.View, r.Owner
	}
	return nil
}

func (o *modelOwner) update(m *model) {
	u := m.newVersions(o.label, 1+m.rng.IntN(3))
	m.created(o.label, u.Values)
	q := &keytrans.UpdateRequest{Last: o.view.Last(), Label: u.Label, GreatestVersion: u.Greatest, Values: u.Values}
	fatalIfErr(m.t, o.exchange(m, q))
	m.did["owner updated"]++
}
