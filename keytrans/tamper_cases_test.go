package keytrans

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// tamperCaser makes tamperCases of one log, for users with one retained view.
type tamperCaser struct {
	*explorer
	t    testing.TB
	log  *worldLog
	view *View
	last *uint64
	name string
	out  []*tamperCase

	// took is the size of the log when owners took labels over.
	took uint64
}

// tamperCases returns answers to every operation from a log of so many entries,
// for users who have seen the last ones.
func tamperCases(t testing.TB, w *world, size, last uint64) []*tamperCase {
	x := &explorer{world: w, expected: make(map[string]expected), roots: make(map[uint64]merkle.Hash)}
	x.verify, x.prove = rememberingVerifier(w), &Prover{Config: w.cfg}
	c := &tamperCaser{explorer: x, t: t, log: w.at(size), took: tamperLast, name: fmt.Sprintf("%v/size=%d/last=%d/", w.cfg.Suite, size, last)}
	c.view = x.view(t, last)
	c.last = c.view.Last()
	if !slices.Contains(c.log.naive.Distinguished(), 7) {
		t.Fatal("the world has other distinguished entries than expected")
	}
	for _, label := range []string{"alice", "bob"} {
		c.search(label, nil)
	}
	for _, v := range []uint32{2, 3, 5, 6, 7} {
		c.search("alice", &v)
	}
	c.search("bob", ptr(uint32(1)))
	c.contactMonitor("alice", 5, 8, 9, 11)
	c.contactMonitor("bob", 13)
	c.contactMonitor("carol", 7, 10)
	for _, label := range []string{"alice", "bob", "carol"} {
		c.ownerInit(label)
		c.ownerMonitor(label, 0)
	}
	c.ownerMonitor("carol", 1)
	c.ownerMonitor("alice", 2)
	c.update("alice", 0, 0) // versions of others, twice
	c.update("bob", 0, 2)   // another's, then one's own
	c.update("carol", 4, 1) // one's own
	c.update("carol", 4, 0)
	c.distinguished(nil)
	c.distinguished(ptr(uint64(7)))
	c.absence("nobody", nil)
	c.absence("alice", ptr(uint32(8)))
	c.absence("alice", ptr(uint32(1<<32-1)))
	c.absence("bob", ptr(uint32(3)))
	c.batch(BatchQuery{Label: []byte("alice")}, BatchQuery{Label: []byte("nobody")}, BatchQuery{Label: []byte("bob")},
		BatchQuery{Label: []byte("alice"), Version: ptr(uint32(6))}, BatchQuery{Label: []byte("carol"), Version: ptr(uint32(9))})
	return c.out
}

// eachTamperCase runs f on every case as a subtest and logs how much f tried.
func eachTamperCase(t *testing.T, f func(t *testing.T, c *tamperCase)) {
	for _, suite := range []CipherSuite{KT_128_SHA256_Ed25519, KT_128_SHA256_P256} {
		for _, last := range []uint64{0, tamperLast, tamperSize} {
			t.Run(fmt.Sprint(suite, "/last=", last), func(t *testing.T) {
				t.Parallel()
				var tried, cut atomic.Int64
				for _, c := range tamperCases(t, tamperWorld(suite), tamperSize, last) {
					f(t, c)
					tried.Add(int64(c.tried))
					cut.Add(int64(c.cut))
					if c.tried == 0 {
						t.Errorf("%s: nothing was tried", c.name)
					}
				}
				t.Logf("%d answers tampered with, of which %d stop early and are otherwise as good", tried.Load(), cut.Load())
			})
		}
	}
}

func (x *tamperCaser) add(c *tamperCase) {
	c.name = x.name + c.name
	x.out = append(x.out, c)
}

// searched is everything that a search gives.
type searched struct {
	SearchResult
	Contact *Contact
}

func (x *tamperCaser) search(label string, version *uint32) {
	q := &SearchRequest{Last: x.last, Label: []byte(label), Version: version}
	p, err := x.prove.Search(x.log, x.log.label(label), q)
	if errors.Is(err, ErrNoVersion) {
		return // not yet
	}
	fatalIfErr(x.t, err)
	before := x.contactOf(label, 5, 8, 9, 11)
	x.add(&tamperCase{
		name: fmt.Sprintf("search %s %s", label, describe(version)), response: p,
		marshal: func() ([]byte, error) { return p.Marshal(x.cfg) },
		verify: func(data []byte) (any, error) {
			p, err := ParseSearchResponse(x.cfg, q, data)
			if err != nil {
				return nil, err
			}
			r, err := x.verify.Search(x.view, q, p, x.log.now())
			if err != nil {
				return nil, err
			}
			contact, err := before.Observe(r)
			if err != nil {
				return nil, err
			}
			r.Keys = provenKeys(r.Keys)
			return searched{*r, provenContact(contact)}, nil
		},
	})
}

// known is how much of the log a user can know something about.
func (x *tamperCaser) known() uint64 {
	if x.last == nil {
		return x.log.head.TreeSize
	}
	return *x.last
}

// contactOf is the state of a contact who searched for the label whenever the
// log had one of the given sizes, as far as the user has seen the log.
func (x *tamperCaser) contactOf(label string, sizes ...uint64) *Contact {
	contact := &Contact{}
	for _, m := range sizes {
		if m > x.known() {
			break
		}
		l := x.at(m)
		q := &SearchRequest{Label: []byte(label)}
		p, err := x.prove.Search(l, l.label(label), q)
		if err != nil {
			continue // not there yet
		}
		r, err := x.verify.Search(&View{}, q, p, l.now())
		fatalIfErr(x.t, err)
		contact, err = contact.Observe(r)
		fatalIfErr(x.t, err)
	}
	return contact
}

func (x *tamperCaser) contactMonitor(label string, sizes ...uint64) {
	contact := x.contactOf(label, sizes...)
	if len(contact.Map) == 0 {
		return
	}
	q := &ContactMonitorRequest{Last: x.last, Label: []byte(label), Entries: contact.Map}
	p, err := x.prove.ContactMonitor(x.log, x.log.label(label), q)
	fatalIfErr(x.t, err)
	x.add(&tamperCase{
		name: fmt.Sprintf("contact monitor %s %v", label, contact.Map), response: p,
		marshal: func() ([]byte, error) { return p.Marshal(x.cfg) },
		verify: func(data []byte) (any, error) {
			p, err := ParseContactMonitorResponse(x.cfg, data)
			if err != nil {
				return nil, err
			}
			r, err := x.verify.ContactMonitor(x.view, contact, q, p, x.log.now())
			if err != nil {
				return nil, err
			}
			r.Contact = provenContact(r.Contact)
			return *r, nil
		},
	})
}

// start is the position from which labels are owned: the rightmost distinguished
// one when they were taken over.
func (x *tamperCaser) start() uint64 {
	distinguished := x.at(x.took).naive.Distinguished()
	return distinguished[len(distinguished)-1]
}

func (x *tamperCaser) ownerInit(label string) {
	distinguished := x.log.naive.Distinguished()
	q := &OwnerInitRequest{Last: x.last, Label: []byte(label), Start: distinguished[len(distinguished)-1]}
	p, err := x.prove.OwnerInit(x.log, x.log.label(label), q)
	fatalIfErr(x.t, err)
	x.add(&tamperCase{
		name: fmt.Sprintf("owner init %s at %d", label, q.Start), response: p,
		marshal: func() ([]byte, error) { return p.Marshal(x.cfg) },
		verify: func(data []byte) (any, error) {
			p, err := ParseOwnerInitResponse(x.cfg, data)
			if err != nil {
				return nil, err
			}
			r, err := x.verify.OwnerInit(x.view, q, p, x.log.now())
			if err != nil {
				return nil, err
			}
			r.Owner = provenOwner(r.Owner)
			return *r, nil
		},
	})
}

// ownerOf is the state of an owner who took the label over and was told of so many
// versions, or of those there were.
func (x *tamperCaser) ownerOf(label string, count int) *Owner {
	start := x.start()
	l := x.at(x.took)
	q := &OwnerInitRequest{Label: []byte(label), Start: start}
	p, err := x.prove.OwnerInit(l, l.label(label), q)
	fatalIfErr(x.t, err)
	r, err := x.verify.OwnerInit(&View{}, q, p, l.now())
	fatalIfErr(x.t, err)
	owner := r.Owner
	l = x.at(x.known())
	for owner.Greatest() == nil || int(*owner.Greatest()) < count-1 {
		q := &UpdateRequest{Label: []byte(label), GreatestVersion: owner.Greatest()}
		ps, err := x.prove.Update(l, l.label(label), q, 0)
		if errors.Is(err, ErrRequest) {
			break
		}
		fatalIfErr(x.t, err)
		u, err := x.verify.Update(&View{}, owner, q, ps[0], l.now())
		fatalIfErr(x.t, err)
		owner = u.Owner
	}
	return owner
}

func (x *tamperCaser) ownerMonitor(label string, limit int) {
	owner := x.ownerOf(label, len(x.Inserted[label]))
	q := owner.OwnerMonitorRequest(x.view, []byte(label))
	p, err := (&Prover{Config: x.cfg, MaxOwnerEntries: limit}).OwnerMonitor(x.log, x.log.label(label), q)
	fatalIfErr(x.t, err)
	x.add(&tamperCase{
		name: fmt.Sprintf("owner monitor %s from %d, at most %d", label, owner.Start, limit), response: p,
		marshal: func() ([]byte, error) { return p.Marshal(x.cfg) },
		verify: func(data []byte) (any, error) {
			p, err := ParseOwnerMonitorResponse(x.cfg, data)
			if err != nil {
				return nil, err
			}
			r, err := x.verify.OwnerMonitor(x.view, owner, p, x.log.now())
			if err != nil {
				return nil, err
			}
			r.Owner = provenOwner(r.Owner)
			return *r, nil
		},
		partial: partialMonitoring, limited: limit != 0,
	})
}

// partialMonitoring reports whether owner monitoring stopped early, of which
// the user is told: an honest log may do that as well.
func partialMonitoring(got, honest any) bool {
	g, h := got.(OwnerResult), honest.(OwnerResult)
	return !g.Complete && g.Owner.Start < h.Owner.Start && reflect.DeepEqual(g.View, h.View)
}

// update has an owner who knows count versions of a label ask for the rest,
// of which the last created ones are those that the request asked to create.
func (x *tamperCaser) update(label string, count, created int) {
	owner := x.ownerOf(label, count)
	q := &UpdateRequest{Last: x.last, Label: []byte(label), GreatestVersion: owner.Greatest()}
	versions := len(x.Inserted[label])
	for v := versions - created; v < versions; v++ {
		q.Values = append(q.Values, x.value(label, uint32(v)))
	}
	ps, err := x.prove.Update(x.log, x.log.label(label), q, created)
	if errors.Is(err, ErrRequest) {
		return // not yet
	}
	fatalIfErr(x.t, err)
	x.add(&tamperCase{
		name: fmt.Sprintf("update %s beyond %s: %d responses", label, describe(owner.Greatest()), len(ps)), response: &ps,
		marshal: func() (data []byte, err error) {
			for _, p := range ps {
				b, err := p.Marshal(x.cfg)
				if err != nil {
					return nil, err
				}
				data = append(data, b...)
			}
			return data, nil
		},
		verify: func(data []byte) (any, error) {
			ps, err := ParseUpdateResponses(x.cfg, data)
			if err != nil {
				return nil, err
			}
			return x.verifyUpdates(owner, q, ps)
		},
		partial: func(got, honest any) bool { // more can be asked for
			g, h := got.([]UpdateResult), honest.([]UpdateResult)
			return len(g) < len(h) && reflect.DeepEqual(g, h[:len(g)])
		},
	})
}

func (x *tamperCaser) verifyUpdates(owner *Owner, q *UpdateRequest, ps []*UpdateResponse) (any, error) {
	view := x.view
	var out []UpdateResult
	for _, p := range ps {
		r, err := x.verify.Update(view, owner, q, p, x.log.now())
		if err != nil {
			return nil, err
		}
		owner, view, q = r.Owner, r.View, r.Next(q)
		out = append(out, provenUpdate(r))
	}
	return out, nil
}

// provenUpdate drops values that are claims. If the log entry that created
// versions is distinguished, the draft leaves it to owner monitoring to look
// up those in the greatest one's ladder.
func provenUpdate(r *UpdateResult) UpdateResult {
	out := *r
	out.Owner, out.Values, out.Commitments = provenOwner(r.Owner), slices.Clone(r.Values), slices.Clone(r.Commitments)
	out.Requested = false // a claim, too: TestRequestedIsAuthentic
	for i := range out.Values {
		if k, ok := r.Owner.Keys[r.First+uint32(i)]; ok && !k.Proven {
			out.Values[i], out.Commitments[i] = UpdateValue{}, merkle.Hash{}
		}
	}
	return out
}

func (x *tamperCaser) distinguished(stop *uint64) {
	q := &DistinguishedRequest{Last: x.last, Stop: stop}
	p, err := x.prove.Distinguished(x.log, q)
	fatalIfErr(x.t, err)
	x.add(&tamperCase{
		name: fmt.Sprint("distinguished, stop: ", stop != nil), response: p,
		marshal: func() ([]byte, error) { return p.Marshal(x.cfg) },
		verify: func(data []byte) (any, error) {
			p, err := ParseDistinguishedResponse(x.cfg, data)
			if err != nil {
				return nil, err
			}
			r, err := x.verify.Distinguished(x.view, q, p, x.log.now())
			if err != nil {
				return nil, err
			}
			return *r, nil
		},
	})
}
