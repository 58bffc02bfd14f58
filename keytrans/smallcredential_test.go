package keytrans

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// expectRecent checks that recent distinguished heads are what a user would have
// retained who had come by when each was the log's last entry.
func (x *explorer) expectRecent(t *testing.T, what string, got Recent, positions []uint64) {
	t.Helper()
	if len(got) != len(positions) {
		t.Fatalf("%s: %d recent heads for entries %v", what, len(got), positions)
	}
	for i, pos := range positions {
		want := *x.view(t, pos+1)
		want.Head.Signature, want.AuditorTreeHead = nil, nil
		if !reflect.DeepEqual(got[i], &want) {
			t.Fatalf("%s: recent head at entry %d: %+v, want %+v", what, pos, got[i], &want)
		}
		if root, err := got[i].Root(); err != nil || root != x.at(pos+1).root || got.At(pos) != got[i] {
			t.Fatalf("%s: recent head at entry %d has another root, %v", what, pos, err)
		}
	}
}

// TestSmallWorldsOfCredentials makes every credential that can be made in a small
// world, and has it verified by users whose recent heads are of every later state.
func TestSmallWorldsOfCredentials(t *testing.T) {
	size := 14
	if raceEnabled {
		size = 6
	}
	worlds := smallWorlds(size)
	worlds["pauses after bursts"] = pauses(size)
	for name, n := range worlds {
		for _, mode := range []DeploymentMode{ContactMonitoring, ThirdPartyManagement, ThirdPartyAuditing} {
			t.Run(fmt.Sprint(name, " in mode ", mode), func(t *testing.T) {
				t.Parallel()
				exploreCredentials(t, newModeWorld(n, fakeVRF{}, mode))
			})
		}
	}
}

// pauses is a log in which entries become distinguished because of one that comes
// long after them: the log that ends with one of these does not show it yet.
func pauses(n int) naive.World {
	w := smallWorlds(n)["bursts"]
	w.Timestamps, w.RMW = nil, 100
	ts := uint64(1_000_000)
	for pos := range n {
		if ts++; pos%8 == 7 {
			ts += 150
		}
		w.Timestamps = append(w.Timestamps, ts)
	}
	return w
}

func exploreCredentials(t *testing.T, w *world) {
	x := &credentialExplorer{explorer: &explorer{
		world: w, expected: make(map[string]expected), roots: make(map[uint64]merkle.Hash),
		verify: w.verifier(), prove: &Prover{Config: w.cfg},
	}}
	size := uint64(len(w.entries))
	for n := uint64(0); n <= size; n++ {
		x.recent = append(x.recent, x.recentAt(t, n))
	}
	for n := uint64(1); n <= size; n++ {
		for _, label := range x.labels {
			x.standard(t, n, label)
			for _, base := range x.recent[n] {
				x.provisional(t, n, base, label)
			}
		}
	}
	if x.cfg.Mode == ContactMonitoring && w.RMW == 6000 && size >= 14 && (x.standards == 0 || x.finals == 0 || x.monitored == 0) {
		t.Error("a kind of credential, or of its final verification, did not occur")
	}
	t.Logf("%d standard, %d provisional; finally verified: %d by a head, %d by an update, of which %d with lookups",
		x.standards, x.provisionals, x.finals, x.updates, x.monitored)
}

type credentialExplorer struct {
	*explorer
	recent []Recent // by size

	standards, provisionals, finals, updates int
	monitored                                int // updates with lookups
}

// recentAt returns the recent heads in the log of n entries.
func (x *credentialExplorer) recentAt(t *testing.T, n uint64) Recent {
	if n == 0 {
		return nil
	}
	l := x.at(n)
	p, err := x.prove.Distinguished(l, &DistinguishedRequest{})
	fatalIfErr(t, err)
	r, err := x.verify.Distinguished(&View{}, &DistinguishedRequest{}, p, l.now())
	fatalIfErr(t, err)
	fatalIfErr(t, r.Recent.Check(r.View))
	return r.Recent
}

// recode returns what a receiver reads of a credential.
func (x *credentialExplorer) recode(t *testing.T, c *Credential) *Credential {
	t.Helper()
	data, err := c.Marshal(x.cfg)
	fatalIfErr(t, err)
	out, err := ParseCredential(x.cfg, data)
	fatalIfErr(t, err)
	return out
}

func (x *credentialExplorer) standard(t *testing.T, n uint64, label string) {
	l := x.at(n)
	q := &SearchRequest{Label: []byte(label)}
	p, err := x.prove.Search(l, l.label(label), q)
	if errors.Is(err, ErrNoVersion) {
		return
	}
	fatalIfErr(t, err)
	r, err := x.verify.Search(&View{}, q, p, l.now())
	fatalIfErr(t, err)
	c, err := NewStandardCredential(q.Label, r, p)
	distinguished := l.naive.Distinguished()
	possible := len(distinguished) > 0
	if possible {
		there := l.naive.GreatestAt(label, distinguished[len(distinguished)-1])
		possible = there != nil && *there == r.Version
	}
	if possible != (err == nil) || err != nil && !errors.Is(err, ErrNoCredential) {
		t.Fatalf("standard credential of %s with %d entries: %v", label, n, err)
	}
	if err != nil {
		return
	}
	x.standards++
	c = x.recode(t, c)
	for m, recent := range x.recent {
		what := fmt.Sprintf("standard credential of %s at %d, verified with %d entries", label, c.Position, m)
		got, err := x.verify.Credential(recent, c)
		if recent.At(c.Position) == nil {
			if !errors.Is(err, ErrNotRecent) {
				t.Fatalf("%s: %v, although the entry is not recent", what, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got.Provisional != nil || got.Version != r.Version || string(got.Value.Value) != string(x.value(label, r.Version)) {
			t.Fatalf("%s: %+v", what, got)
		}
	}
}

func (x *credentialExplorer) provisional(t *testing.T, n uint64, base *View, label string) {
	l, pos := x.at(n), base.Head.TreeSize-1
	q := &SearchRequest{Last: base.Last(), Label: []byte(label)}
	p, err := x.prove.Search(l, l.label(label), q)
	if errors.Is(err, ErrNoVersion) {
		return
	}
	fatalIfErr(t, err)
	what := fmt.Sprintf("provisional credential of %s at %d with %d entries", label, pos, n)
	auditor := x.view(t, base.Head.TreeSize).AuditorTreeHead
	c, made, err := x.verify.ProvisionalCredential(base, auditor, q, p, l.now())
	alone := *l.naive // what an auditor has signed is not a part of it
	alone.Audited = 0
	want := alone.GreatestVersionSearch(q.Last, label)
	if possible := pos+1 < n && *want.Terminal > pos; possible != (err == nil) || err != nil && !errors.Is(err, ErrNoCredential) {
		t.Fatalf("%s: %v", what, err)
	}
	if err != nil {
		return
	}
	x.provisionals++
	x.expect(t, what, l, label, &c.Search, want)
	if made.Provisional.Terminal.Position != *want.Terminal {
		t.Fatalf("%s: terminal %d, want %d", what, made.Provisional.Terminal.Position, *want.Terminal)
	}
	c = x.recode(t, c)
	for m, recent := range x.recent {
		x.receive(t, fmt.Sprintf("%s, verified with %d", what, m), uint64(m), recent, c, made, base)
	}
}

// receive has a user with the recent heads of a log of m entries verify a
// credential as far as possible.
func (x *credentialExplorer) receive(t *testing.T, what string, m uint64, recent Recent, c *Credential, want *CredentialResult, base *View) {
	r, err := x.verify.Credential(recent, c)
	if recent.At(c.Position) == nil {
		if !errors.Is(err, ErrNotRecent) {
			t.Fatalf("%s: %v, although the entry is not recent", what, err)
		}
		// It may have expired meanwhile, and was verified initially before.
		r, err = x.verify.Credential(Recent{base}, c)
	}
	if err != nil || !reflect.DeepEqual(r, want) {
		t.Fatalf("%s: %v, %+v", what, err, r)
	}
	final, err := r.Provisional.Final(recent)
	terminal := r.Provisional.Terminal.Position
	if err != nil || final != (recent.At(terminal) != nil) {
		t.Fatalf("%s: final %v, %v", what, final, err)
	}
	if final {
		x.finals++
	}
	uq, err := r.Provisional.UpdateRequest(c.Label, recent)
	if err != nil {
		x.expectNoUpdate(t, what, recent, r.Provisional, err)
		return
	}
	x.receiveLater(t, what, m, recent, c, r.Provisional)
	log := x.at(m)
	u, err := x.prove.CredentialUpdate(log, log.label(string(c.Label)), uq)
	if err != nil {
		t.Fatalf("%s: update: %v", what, err)
	}
	x.updates++
	x.monitored += min(1, len(u.Monitor.PrefixProofs))
	then := x.at(uq.Distinguished + 1)
	alone := *then.naive
	alone.Audited = 0
	entries := []naive.MapEntry{{Position: terminal, Version: c.Version}}
	if x.cfg.Mode != ContactMonitoring {
		entries = nil
	}
	// The reference has no monitoring from an entry where no search for a fixed
	// version ends, as a distinguished terminal entry may be. Nothing is inspected.
	if !slices.Contains(then.naive.Distinguished(), terminal) {
		x.expect(t, what, then, string(c.Label), &u.Monitor, alone.ContactMonitor(&uq.TreeSize, string(c.Label), entries))
	} else if len(u.Monitor.PrefixProofs) > 0 {
		t.Fatalf("%s: lookups for a distinguished entry", what)
	}
	at, err := x.verify.CredentialUpdate(r.Provisional, recent, u)
	if err != nil || at != uq.Distinguished {
		t.Fatalf("%s: update to %d: %d, %v", what, uq.Distinguished, at, err)
	}
	if _, err := x.verify.CredentialUpdate(r.Provisional, recent[:slices.Index(recent, recent.At(at))], u); !errors.Is(err, ErrNotRecent) {
		t.Fatalf("%s: update that came early: %v", what, err)
	}
}

// receiveLater has the user verify the credential finally when the first of the
// heads that an update could lead to are not recent any more.
func (x *credentialExplorer) receiveLater(t *testing.T, what string, m uint64, recent Recent, c *Credential, p *Provisional) {
	log := x.at(m)
	for i := 1; i < len(recent); i++ {
		later := recent[i:]
		uq, err := p.UpdateRequest(c.Label, later)
		if err != nil {
			x.expectNoUpdate(t, what, later, p, err)
			continue
		}
		u, err := x.prove.CredentialUpdate(log, log.label(string(c.Label)), uq)
		fatalIfErr(t, err)
		if at, err := x.verify.CredentialUpdate(p, later, u); err != nil || at != uq.Distinguished {
			t.Fatalf("%s: update to %d, without %d heads: %d, %v", what, uq.Distinguished, i, at, err)
		}
	}
}

// expectNoUpdate checks that no update can be asked for because there is nothing
// that it could lead to.
func (x *credentialExplorer) expectNoUpdate(t *testing.T, what string, recent Recent, p *Provisional, err error) {
	if !errors.Is(err, ErrNotRecent) {
		t.Fatalf("%s: %v", what, err)
	}
	for _, view := range recent {
		pos := view.Head.TreeSize - 1
		if pos > p.Terminal.Position && pos+1 >= p.View.Head.TreeSize {
			t.Fatalf("%s: %v, although entry %d is distinguished", what, err, pos)
		}
	}
	if _, err := x.verify.CredentialUpdate(p, recent, &CredentialUpdate{}); !errors.Is(err, ErrNotRecent) {
		t.Fatalf("%s: an update that nothing is known for: %v", what, err)
	}
}
