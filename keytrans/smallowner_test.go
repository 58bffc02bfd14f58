package keytrans

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
)

// expectRefusal checks that a prover's error is the one that the reference has.
func expectRefusal(t *testing.T, what string, err error, want naive.ErrorKind) {
	t.Helper()
	is := map[naive.ErrorKind]error{
		naive.ErrNoVersion: ErrNoVersion, naive.ErrExpired: ErrVersionExpired,
		naive.ErrStart: ErrStart, naive.ErrRequest: ErrRequest, naive.ErrLadder: ErrNoVersion,
	}[want]
	if want == "" || !errors.Is(err, is) {
		t.Fatalf("%s: refused with %v, the reference says %q", what, err, want)
	}
}

// contacts returns the states of contacts who searched for the label at each
// earlier size, then monitored nothing.
func (x *explorer) contacts(t *testing.T, n uint64, label string) []*Contact {
	var out []*Contact
	all := &Contact{}
	for m := uint64(1); m <= n; m++ {
		l := x.at(m)
		greatest := l.naive.GreatestAt(label, m-1)
		if greatest == nil {
			continue
		}
		p, err := x.prove.Search(l, l.label(label), &SearchRequest{Label: []byte(label)})
		fatalIfErr(t, err)
		r, err := x.verify.Search(&View{}, &SearchRequest{Label: []byte(label)}, p, l.now())
		fatalIfErr(t, err)
		one, err := (&Contact{}).Observe(r)
		fatalIfErr(t, err)
		if all, err = all.Observe(r); err != nil {
			t.Fatal(err)
		}
		if len(one.Map) > 0 && !slices.ContainsFunc(out, func(c *Contact) bool { return slices.Equal(c.Map, one.Map) }) {
			out = append(out, one)
		}
	}
	return append(out, all)
}

func naiveMap(entries []MonitorMapEntry) []naive.MapEntry {
	var out []naive.MapEntry
	for _, e := range entries {
		out = append(out, naive.MapEntry(e))
	}
	return out
}

func (x *explorer) contactMonitor(t *testing.T, n uint64, label string) {
	l := x.at(n)
	for _, contact := range x.contacts(t, n, label) {
		lasts(n, func(last *uint64, size uint64) {
			what := fmt.Sprintf("contact monitor %s %v: %d entries, last %d", label, contact.Map, n, size)
			q := &ContactMonitorRequest{Last: last, Label: []byte(label), Entries: contact.Map}
			p, err := x.prove.ContactMonitor(l, l.label(label), q)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			want := l.naive.ContactMonitor(last, label, naiveMap(contact.Map))
			x.expect(t, what, l, label, &p.Monitor, want)
			r, err := x.verify.ContactMonitor(x.view(t, size), contact, q, p, l.now())
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			x.expectView(t, what, l, r.Verified)
			if !slices.Equal(naiveMap(r.Contact.Map), want.Map) {
				t.Fatalf("%s: map %v, want %v", what, r.Contact.Map, want.Map)
			}
		})
	}
}

func (x *explorer) ownerInit(t *testing.T, n uint64, label string) {
	l := x.at(n)
	distinguished := l.naive.Distinguished()
	lasts(n, func(last *uint64, size uint64) {
		for start := range n + 1 {
			// Other positions are refused whatever was advertised.
			if last != nil && !slices.Contains(distinguished, start) {
				continue
			}
			what := fmt.Sprintf("owner init %s at %d: %d entries, last %d", label, start, n, size)
			want := l.naive.OwnerInit(last, label, start)
			q := &OwnerInitRequest{Last: last, Label: []byte(label), Start: start}
			p, err := x.prove.OwnerInit(l, l.label(label), q)
			if err != nil {
				if start < n {
					expectRefusal(t, what, err, want.Err)
				}
				continue
			}
			x.expect(t, what, l, label, &p.Init, want)
			if !slices.Equal(p.GreatestVersions, want.GreatestVersions) || len(p.BinaryLadder) != len(want.LadderVersions) {
				t.Fatalf("%s: versions %v", what, p.GreatestVersions)
			}
			r, err := x.verify.OwnerInit(x.view(t, size), q, p, l.now())
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			x.expectView(t, what, l, r.Verified)
		}
	})
}

// ownerAt returns the state of an owner who took the label over at the given
// position and then followed it, up to the log's state with m entries; nil if
// the position does not qualify.
func (x *explorer) ownerAt(t *testing.T, m, start uint64, label string) *Owner {
	l := x.at(m)
	p, err := x.prove.OwnerInit(l, l.label(label), &OwnerInitRequest{Label: []byte(label), Start: start})
	if errors.Is(err, ErrStart) {
		return nil
	}
	fatalIfErr(t, err)
	r, err := x.verify.OwnerInit(&View{}, &OwnerInitRequest{Label: []byte(label), Start: start}, p, l.now())
	fatalIfErr(t, err)
	owner, view := r.Owner, r.View
	for {
		q := &UpdateRequest{Last: view.Last(), Label: []byte(label), GreatestVersion: owner.Greatest()}
		ps, err := x.prove.Update(l, l.label(label), q, 0)
		if errors.Is(err, ErrRequest) {
			return owner
		}
		fatalIfErr(t, err)
		for _, p := range ps {
			u, err := x.verify.Update(view, owner, q, p, l.now())
			if err != nil {
				t.Fatalf("owner of %s from %d at %d entries, update in %d: %v", label, start, m, p.Position, err)
			}
			owner, view, q = u.Owner, u.View, u.Next(q)
		}
	}
}

// owner checks owner monitoring and updates for owners who started at various
// positions and were last there at various sizes.
func (x *explorer) owner(t *testing.T, n uint64, label string) {
	for _, m := range []uint64{n, n - 1, n / 2} {
		if m == 0 || m > n {
			continue
		}
		distinguished := x.at(m).naive.Distinguished()
		for i, start := range distinguished {
			if i > 0 && i < len(distinguished)-1 && i != len(distinguished)/2 {
				continue
			}
			owner := x.ownerAt(t, m, start, label)
			if owner == nil {
				continue
			}
			x.ownerMonitor(t, n, label, owner)
			x.update(t, n, label, start, owner)
		}
	}
}

func (x *explorer) ownerMonitor(t *testing.T, n uint64, label string, owner *Owner) {
	l := x.at(n)
	lasts(n, func(last *uint64, size uint64) {
		for _, limit := range []int{0, 1, 3} {
			if limit > 0 && size != n/2 {
				continue
			}
			q := owner.OwnerMonitorRequest(x.view(t, size), []byte(label))
			what := fmt.Sprintf("owner monitor %s %+v limit %d: %d entries, last %d", label, q, limit, n, size)
			want := l.naive.OwnerMonitor(last, label, naive.OwnerRequest{
				Entries: naiveMap(q.Entries), Start: q.Start, Greatest: q.GreatestVersion,
			}, limit)
			p, err := (&Prover{Config: x.cfg, MaxOwnerEntries: limit}).OwnerMonitor(l, l.label(label), q)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			x.expect(t, what, l, label, &p.Monitor, want)
			r, err := x.verify.OwnerMonitor(x.view(t, size), owner, p, l.now())
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			x.expectView(t, what, l, r.Verified)
			if r.Complete == want.Stopped {
				t.Fatalf("%s: complete %v, but stopped %v", what, r.Complete, want.Stopped)
			}
			inspected := owner.Start
			if len(want.Inspected) > 0 {
				inspected = want.Inspected[len(want.Inspected)-1]
			}
			if r.Owner.Start != inspected {
				t.Fatalf("%s: verified up to %d, want %d", what, r.Owner.Start, inspected)
			}
		}
	})
}

func (x *explorer) update(t *testing.T, n uint64, label string, start uint64, owner *Owner) {
	l := x.at(n)
	lasts(n, func(last *uint64, size uint64) {
		what := fmt.Sprintf("update %s %+v: %d entries, last %d", label, owner.Created, n, size)
		q := &UpdateRequest{Last: last, Label: []byte(label), GreatestVersion: owner.Greatest()}
		ps, err := x.prove.Update(l, l.label(label), q, 0)
		if errors.Is(err, ErrRequest) {
			return // nothing new
		}
		fatalIfErr(t, err)
		p := ps[0]
		inserted := l.naive.Inserted[label]
		input := naive.UpdateInput{Position: p.Position, PrevGreatest: owner.Greatest(), Start: start, Record: make(map[uint32]uint64)}
		for v, at := range inserted {
			if at <= p.Position {
				input.NewGreatest = uint32(v)
			}
			if at > start && at < p.Position {
				input.Record[uint32(v)] = at
			}
		}
		want := l.naive.Update(last, label, input)
		x.expect(t, what, l, label, &p.Update, want)
		r, err := x.verify.Update(x.view(t, size), owner, q, p, l.now())
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		x.expectView(t, what, l, r.Verified)
		if got := r.Owner.Greatest(); *got != input.NewGreatest || inserted[r.First] != p.Position {
			t.Fatalf("%s: owner knows version %d, want %d", what, *got, input.NewGreatest)
		}
		for i, value := range r.Values {
			version := r.First + uint32(i)
			if x.skipped(label, version) || string(value.Value) != string(x.value(label, version)) {
				t.Fatalf("%s: version %d has another value", what, version)
			}
		}
		if r.Skipped > r.First || r.Skipped > 0 && !x.skipped(label, r.First-r.Skipped) {
			t.Fatalf("%s: %d versions skipped before %d", what, r.Skipped, r.First)
		}
		monitors := slices.ContainsFunc(r.Owner.Contact.Map, func(e MonitorMapEntry) bool { return e.Position == p.Position })
		if monitors == want.PositionDistinguished {
			t.Fatalf("%s: monitors %v, distinguished %v", what, monitors, want.PositionDistinguished)
		}
	})
}
