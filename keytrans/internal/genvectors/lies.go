package main

import (
	"fmt"
	"math/bits"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// What no honest log answers is put together here, from what the reference says
// that belongs into a proof and what the trees of the log have.

// prove returns the proof with what a trace lists. If its lookups are search ladders
// for a target, each ends where it does in the trees.
func (a *asker) prove(label string, target *uint32, trace naive.Trace) keytrans.CombinedTreeProof {
	var out keytrans.CombinedTreeProof
	state := a.state(a.size)
	for _, pos := range trace.Timestamps {
		out.Timestamps = append(out.Timestamps, a.Entries()[pos].Timestamp)
	}
	for _, l := range trace.PrefixProofs {
		searcher := prefixtree.NewSearcher(must(state.PrefixTree(l.Position)))
		for _, v := range l.Versions {
			r, _, err := searcher.Search(prefixtree.Key(must(a.Label(label).SearchKey(v))))
			included := must(r, err).Type == prefixtree.Inclusion
			if target == nil {
				continue
			}
			if _, done := ladder.Step(*target, v, included); done {
				break
			}
		}
		out.PrefixProofs = append(out.PrefixProofs, must(searcher.Proof()))
	}
	for _, pos := range trace.PrefixRoots {
		out.PrefixRoots = append(out.PrefixRoots, a.Entries()[pos].PrefixTree)
	}
	for _, r := range trace.Inclusion {
		level := bits.TrailingZeros64(r.Hi - r.Lo)
		node := logtree.Node{Level: uint8(level), Index: r.Lo >> level}
		out.Inclusion = append(out.Inclusion, must(state.LogNodes([]logtree.Node{node}))...)
	}
	return out
}

// head is what a response to the user begins with.
func (a *asker) head() keytrans.FullTreeHead {
	if a.seen.Head.TreeSize == a.size {
		return keytrans.FullTreeHead{}
	}
	s := a.state(a.size)
	return keytrans.FullTreeHead{TreeHead: &s.TreeHead, AuditorTreeHead: s.Auditor}
}

// steps returns a binary ladder for the versions, with commitments to those that
// exist but for except.
func (a *asker) steps(label string, versions []uint32, except uint32) (out []keytrans.BinaryLadderStep) {
	l := a.Label(label)
	for _, v := range versions {
		step := keytrans.BinaryLadderStep{Proof: must(l.ProveKey(v))}
		if v != except && int(v) < len(l.Versions) {
			step.Commitment = &l.Versions[v].Commitment
		}
		out = append(out, step)
	}
	return out
}

// lie adds a case that has to be refused as one of the kinds.
func (c *collection) lie(a *asker, name string, q interface{ Marshal() ([]byte, error) }, p response, state func(*vectors.State), kinds ...string) {
	c.log(a.log, a.history)
	made := a.answered(c.operation, name, q, p, naive.Trace{})
	if state != nil {
		state(made.State)
	}
	c.refused(made.Case, kinds...)
}

func searchLies(c *collection, d deployment) {
	a := ordinary(d).asker(d.name, size, 0)
	fixed := func(name, label string, version uint32, kinds []string) {
		q := &keytrans.SearchRequest{Last: a.seen.Last(), Label: []byte(label), Version: &version}
		trace := a.worldAt(size).FixedVersionSearch(q.Last, label, version)
		require(trace.Err != "", "%s: found", name)
		p := &keytrans.SearchResponse{
			FullTreeHead: a.head(), Value: keytrans.UpdateValue{Value: []byte("?")},
			BinaryLadder: a.steps(label, ladder.Base(version), version), Search: a.prove(label, &version, trace),
		}
		if l := a.Label(label); int(version) < len(l.Versions) {
			p.Opening, p.Value = l.Versions[version].Opening, l.Versions[version].Value
		}
		c.lie(a, name, q, p, nil, kinds...)
	}
	fixed("a version that does not exist", "alice", 8, noVersion)
	fixed("a version of a label without any", "nobody", 0, noVersion)
	fixed("an expired version", "alice", 0, expired)

	q := &keytrans.SearchRequest{Label: []byte("nobody")}
	trace := a.worldAt(size).GreatestVersionSearch(nil, "nobody")
	c.lie(a, "the greatest version of a label without any", q, &keytrans.SearchResponse{
		FullTreeHead: a.head(), Version: ptr(uint32(0)), Value: keytrans.UpdateValue{Value: []byte("?")},
		BinaryLadder: a.steps("nobody", ladder.Base(0), 0), Search: a.prove("nobody", ptr(uint32(0)), trace),
	}, nil, vectors.Proof)
	lieAboutTheGreatest(c, d)
	if d.mode == keytrans.ThirdPartyManagement {
		lieAboutTheOperator(c, d)
	}
}

// lieAboutTheGreatest hides the greatest version by claiming the one before.
func lieAboutTheGreatest(c *collection, d deployment) {
	a := ordinary(d).asker(d.name, size, 0)
	const claim = 6
	world := a.worldAt(size)
	world.Inserted["alice"] = world.Inserted["alice"][:claim+1]
	q := &keytrans.SearchRequest{Label: []byte("alice")}
	l := a.Label("alice")
	ladderSteps := a.steps("alice", ladder.Base(claim), claim)
	for i, v := range ladder.Base(claim) {
		if v > claim {
			ladderSteps[i].Commitment = nil
		}
	}
	c.lie(a, "a greatest version that is not the greatest", q, &keytrans.SearchResponse{
		FullTreeHead: a.head(), Version: ptr(uint32(claim)), Opening: l.Versions[claim].Opening, Value: l.Versions[claim].Value,
		BinaryLadder: ladderSteps, Search: a.prove("alice", ptr(uint32(claim)), world.GreatestVersionSearch(nil, "alice")),
	}, nil, vectors.Proof)
}

// lieAboutTheOperator has a manager put a value into the log that the operator has
// not signed.
func lieAboutTheOperator(c *collection, d deployment) {
	p := sparse(d, 14)
	p.inserted["mallory"] = []uint64{10}
	good := p.make()
	key := keytranstest.NewKeys(d.suite, d.mode, "a stranger").Leaf
	v := good.Label("mallory").Versions[0]
	v.Value = must(keytrans.SignUpdate(good.Config, key, []byte("mallory"), 0, v.Value.Value))
	v.Commitment = must(keytrans.Commit(d.mode, v.Opening, []byte("mallory"), 0, v.Value))
	p.lies[10] = []keytranstest.Change{keytranstest.Put("mallory", 0, v.Commitment)}
	for pos := uint64(11); pos < 14; pos++ {
		p.lies[pos] = p.lies[10]
	}
	a := p.make().asker(d.name+", sparse", 14, 0)
	q := &keytrans.SearchRequest{Label: []byte("mallory")}
	c.lie(a, "a value that the operator has not signed", q, &keytrans.SearchResponse{
		FullTreeHead: a.head(), Version: ptr(uint32(0)), Opening: v.Opening, Value: v.Value,
		BinaryLadder: a.steps("mallory", ladder.Base(0), 0), Search: a.prove("mallory", ptr(uint32(0)), a.worldAt(14).GreatestVersionSearch(nil, "mallory")),
	}, nil, misbehaviour...)
}

// disappearing is a log that loses a version of a label in the entry at pos.
func disappearing(d deployment, label string, version uint32, pos uint64) *history {
	p := sparse(d, 16)
	p.lies[pos] = []keytranstest.Change{keytranstest.Remove(label, version)}
	return p.make()
}

func contactLies(c *collection, d deployment) {
	for _, version := range []uint32{0, 1} {
		a := disappearing(d, "bob", version, 10).asker(d.name+", sparse", 16, 9)
		contact := a.contact("bob", 10)
		q := &keytrans.ContactMonitorRequest{Last: a.seen.Last(), Label: []byte("bob"), Entries: contact.Map}
		proof := a.prove("bob", nil, a.worldAt(16).ContactMonitor(q.Last, "bob", naiveMap(contact.Map)))
		c.lie(a, fmt.Sprintf("version %d disappears", version), q, &keytrans.ContactMonitorResponse{FullTreeHead: a.head(), Monitor: proof},
			func(s *vectors.State) { s.Contact = vectors.NewContact(contact) }, misbehaviour...)
	}
}

func ownerInitLies(c *collection, d deployment) {
	a := ordinary(d).asker(d.name, size, 0)
	c.lieAboutStart(a, "a start that is not distinguished", 12)
	c.lieAboutStart(a, "an expired start", 3)
}

func (c *collection) lieAboutStart(a *asker, name string, start uint64) {
	q := &keytrans.OwnerInitRequest{Label: []byte("alice"), Start: start}
	trace := a.worldAt(size).OwnerInit(nil, "alice", start)
	require(trace.Err == naive.ErrStart, "%s: %q", name, trace.Err)
	c.lie(a, name, q, &keytrans.OwnerInitResponse{
		FullTreeHead: a.head(), BinaryLadder: a.steps("alice", []uint32{0}, 0), Init: a.prove("alice", nil, trace),
	}, nil, badStart...)
}

func ownerMonitorLies(c *collection, d deployment) {
	for _, version := range []uint32{0, 4} {
		a := disappearing(d, "alice", version, 8).asker(d.name+", sparse", 16, 8)
		owner := a.owner("alice", 8, 7, 5)
		q := owner.OwnerMonitorRequest(a.seen, []byte("alice"))
		trace := a.worldAt(16).OwnerMonitor(q.Last, "alice", naive.OwnerRequest{Start: q.Start, Greatest: q.GreatestVersion}, 0)
		c.lie(a, fmt.Sprintf("version %d disappears", version), q,
			&keytrans.OwnerMonitorResponse{FullTreeHead: a.head(), Monitor: a.prove("alice", q.GreatestVersion, trace)},
			func(s *vectors.State) { s.Owner = vectors.NewOwner(owner) }, misbehaviour...)
	}
}

// updateLies have a version exist before the entry that is said to have created
// it, or a previous version disappear.
func updateLies(c *collection, d deployment) {
	dave := newVersion{label: "dave", position: 10, seen: 8, inserted: []uint64{5, 6, 10}}
	early := sparse(d, 16)
	early.inserted["dave"] = []uint64{5, 6, 9}
	dave.lookups = []uint32{3}
	c.lieAboutUpdate("a new version existed before", early, dave, vectors.UnexpectedVersion)
	dave.lookups = nil
	missing := sparse(d, 16)
	missing.lies[10] = []keytranstest.Change{keytranstest.Remove("dave", 2)}
	c.lieAboutUpdate("the new version is not there", missing, dave, vectors.Proof)
	gone := sparse(d, 13)
	gone.lies[9] = []keytranstest.Change{keytranstest.Remove("fred", 1)}
	fred := newVersion{label: "fred", position: 12, seen: 9, inserted: []uint64{5, 8, 12}, lookups: []uint32{1}}
	c.lieAboutUpdate("the previous version disappeared", gone, fred, misbehaviour...)
}

// newVersion is version 2 of a label, of which an owner is told that the entry at
// position created it. The owner has owned the label from entry 7 and has seen the
// log with seen entries.
type newVersion struct {
	label          string
	position, seen uint64
	inserted       []uint64 // what the owner is told
	// lookups are those in the entry at position, if they are not what they would be
	// without the lie, which decides what is redundant.
	lookups []uint32
}

func (c *collection) lieAboutUpdate(name string, p plan, n newVersion, kinds ...string) {
	size := uint64(len(p.timestamps))
	a := p.make().asker(p.name+fmt.Sprintf(", sparse, %d entries", size), size, 9)
	owner := a.owner(n.label, n.seen, 7, 2)
	a.world.Inserted[n.label] = n.inserted
	q := &keytrans.UpdateRequest{
		Last: a.seen.Last(), Label: []byte(n.label), GreatestVersion: owner.Greatest(), Values: [][]byte{[]byte(value(n.label, 2))},
	}
	input := naive.UpdateInput{Position: n.position, PrevGreatest: owner.Greatest(), NewGreatest: 2, Start: 7, Record: make(map[uint32]uint64)}
	for v, pos := range n.inserted[:2] {
		if pos > 7 {
			input.Record[uint32(v)] = pos
		}
	}
	trace := a.worldAt(size).Update(q.Last, n.label, input)
	if n.lookups != nil {
		trace.PrefixProofs[len(trace.PrefixProofs)-1].Versions = n.lookups
	}
	v := a.Label(n.label).Versions[2]
	c.lie(a, name, q, updates{{
		FullTreeHead: a.head(), Position: n.position, Info: []keytrans.UpdateInfo{{Opening: v.Opening, Signature: v.Value.Signature}},
		BinaryLadder: a.steps(n.label, input.UpdateLadder(), 2), Update: a.prove(n.label, owner.Greatest(), trace),
	}}, func(s *vectors.State) { s.Owner = vectors.NewOwner(owner) }, kinds...)
}

// distinguishedLies have an entry be older than one before it, among those that a
// new user is shown or after those that a user has seen.
func distinguishedLies(c *collection, d deployment) {
	lie := func(log string, p plan, seen uint64) {
		n := uint64(len(p.timestamps))
		a := p.make().asker(d.name+log, n, seen)
		q := &keytrans.DistinguishedRequest{Last: a.seen.Last()}
		c.lie(a, "time goes backwards", q, &keytrans.DistinguishedResponse{
			FullTreeHead: a.head(), Distinguished: a.prove("", nil, a.worldAt(n).ViewUpdate(q.Last)),
		}, nil, misbehaviour...)
	}
	p := sparse(d, 14)
	p.window = 1 << 40 // so that nothing is distinguished
	p.timestamps[7], p.timestamps[11] = p.timestamps[11], p.timestamps[7]
	lie(", no entry distinguished", p, 0)
	p = sparse(d, 16)
	p.window = 1 << 40
	p.timestamps[15] = p.timestamps[5]
	lie(", no entry distinguished", p, 9)
}
