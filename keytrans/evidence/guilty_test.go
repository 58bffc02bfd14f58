package evidence_test

import (
	"bytes"
	"testing"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// guilty is evidence against a log that lies.
type guilty struct {
	make    func(t testing.TB, l *keytranstest.Log) *evidence.Evidence
	kind    evidence.Kind
	rule    string
	found   string
	private bool
	modes   []keytrans.DeploymentMode // nil for all
}

const (
	keeps     = `KEYTRANS, "Monitoring the Tree"`
	monotonic = `KEYTRANS, "Updating Views of the Tree": the timestamps`
	appending = `KEYTRANS, "Updating Views of the Tree": a log contains`
)

// lying are all ways in which the log is caught. Their names are those of files in
// docs and of fuzz seeds.
var lying = map[string]guilty{
	"time turned back": {kind: evidence.Contradiction, rule: monotonic, found: "breaks the order of time", make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		l.Append(start, keytranstest.Pad(2))
		return contradiction(l, newUser(t).distinguished(lyingAt(l, 13)), nil)
	}},
	"time before the retained frontier": {kind: evidence.Contradiction, rule: monotonic, found: "breaks the order of time", private: true, make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		u := newUser(t).see(l, 5, 8, 12)
		l.Append(start+second*14, keytranstest.Pad(2))
		l.Append(start+second*10, keytranstest.Pad(2))
		return contradiction(l, u.search(lyingAt(l, 14), nil), nil)
	}},
	"no signature of the operator": {kind: evidence.Contradiction, rule: `KEYTRANS, "Update Format"`, found: "the operator's signature of version 2", private: true,
		modes: []keytrans.DeploymentMode{keytrans.ThirdPartyManagement},
		make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
			v := l.NewVersion(alice, 2, 12, "two")
			v.Value.Signature = l.NewVersion(alice, 3, 0, "two").Value.Signature
			v.Commitment = must(keytrans.Commit(l.Config.Mode, v.Opening, []byte(alice), 2, v.Value))
			grow(l, 13, changes{12: {keytranstest.Put(alice, 2, v.Commitment)}})
			return contradiction(l, newUser(t).see(l, 9).search(says(l, 13, v), nil), nil)
		}},
	"the greatest version sinks": {kind: evidence.Contradiction, rule: keeps, found: "the log of 12 entries has version 1 of a label, and the log of 16 entries has none above 0", private: true, make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		u := newUser(t).see(l, 7)
		earlier := u.search(l.Directory(12), nil)
		grow(l, 16, changes{12: {keytranstest.Remove(alice, 1)}})
		return contradiction(l, u.see(l, 12).search(upto(l, 16, 0), nil), earlier)
	}},
	"another value": {kind: evidence.Contradiction, rule: keeps, found: "has one value of version 1 of a label", private: true, make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		u := newUser(t).see(l, 12)
		earlier := u.search(l.Directory(12), ptr[uint32](1))
		v := l.NewVersion(alice, 1, 12, "ghost")
		grow(l, 16, changes{12: {keytranstest.Put(alice, 1, v.Commitment)}})
		return contradiction(l, u.search(says(l, 16, v), nil), earlier)
	}},
	"another value in a fork": {kind: evidence.Contradiction, rule: keeps, found: "has one value of version 1 of a label", private: true, make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		fork := grow(l.Fork(9), 12, changes{9: {keytranstest.Create(alice, "ghost")}})
		return contradiction(l, newUser(t).search(l.Directory(12), nil), newUser(t).search(fork.Directory(12), nil))
	}},
	"absent": {kind: evidence.Contradiction, rule: keeps, found: "and the log of 18 entries has no version of it", private: true, make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		u := newUser(t).see(l, 12)
		earlier := u.search(l.Directory(12), nil)
		grow(l, 18, changes{12: {keytranstest.Clear()}})
		return contradiction(l, u.absence(upto(l, 18, -1)), earlier)
	}},
	"absent in a batch": {kind: evidence.Contradiction, rule: keeps, found: "and the log of 18 entries has no version of it", private: true, make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		u := newUser(t).see(l, 12)
		earlier := u.batch(l.Directory(12), "bob", alice)
		grow(l, 18, changes{12: {keytranstest.Clear()}})
		return contradiction(l, u.batch(upto(l, 18, -1), alice, "bob"), earlier)
	}},
	"hidden from a contact for a while": {kind: evidence.Contradiction, rule: keeps, found: "entry 13 lacks version 2", private: true, make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		grow(l, 18, changes{12: {keytranstest.Create(alice, "two")}, 13: {keytranstest.Remove(alice, 2)}, 14: {keytranstest.Restore(alice, 2)}})
		u := newUser(t).see(l, 7)
		earlier := u.search(l.Directory(13), nil)
		u.see(l, 13)
		q := &keytrans.ContactMonitorRequest{Last: u.view.Last(), Label: []byte(alice), Entries: []keytrans.MonitorMapEntry{{Position: 12, Version: 2}}}
		return contradiction(l, u.ask(lyingAt(l, 18), keytranstest.ContactMonitor, q), earlier)
	}},
	"hidden from its owner for a while": {kind: evidence.Contradiction, rule: keeps, found: "entry 15 no longer holds version 1", private: true, make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		u := newUser(t).see(l, 7)
		earlier := u.search(l.Directory(12), nil)
		u.see(l, 12)
		grow(l, 18, changes{15: {keytranstest.Remove(alice, 1)}, 16: {keytranstest.Restore(alice, 1)}})
		q := &keytrans.OwnerMonitorRequest{Last: u.view.Last(), Label: []byte(alice), Start: 11, GreatestVersion: ptr[uint32](1)}
		return contradiction(l, u.ask(lyingAt(l, 18), keytranstest.OwnerMonitor, q), earlier)
	}},
	"fork": {kind: evidence.Fork, rule: appending, found: "log entries 8 to 11 differ between a log of 12 entries and one of 14", make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		e := newEvidence(evidence.Fork, l)
		e.RetainedView = evidence.NewView(newUser(t).see(l, 12).view, nil)
		fork := grow(l.Fork(10), 14, changes{10: {keytranstest.Pad(3)}})
		e.Fork = newcomer(t, fork.Directory(14))
		return e
	}},
	"fork at a distinguished head": {kind: evidence.Fork, rule: appending, found: "differ", make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		e := newEvidence(evidence.Fork, l)
		e.RetainedView = evidence.NewView(newUser(t).see(l, 2).view, nil)
		fork := grow(l.Fork(5), 12, changes{5: {keytranstest.Pad(3)}})
		e.Own, e.Fork = newcomer(t, l.Directory(12)), newcomer(t, fork.Directory(7))
		return e
	}},
	"two roots": {kind: evidence.TreeHeads, rule: `KEYTRANS, "Tree Head Signature"`, found: "two roots were signed for the log of 12 entries", make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		e := newEvidence(evidence.TreeHeads, l)
		fork := grow(l.Fork(11), 12, changes{11: {keytranstest.Pad(3)}})
		for _, x := range []*keytranstest.Log{l, fork} {
			e.Heads = append(e.Heads, evidence.Head{TreeSize: 12, Root: evidence.Hash(x.Root(12)), Signature: x.At(12).Head().Signature})
		}
		return e
	}},
	"a credential of a fork": {kind: evidence.Credential, rule: appending, found: "the log has signed a credential and a head", private: true, make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		e := newEvidence(evidence.Credential, l)
		fork := grow(l.Fork(12), 13, changes{12: {keytranstest.Pad(3)}})
		grow(l, 13, nil)
		e.RetainedView = evidence.NewView(newUser(t).see(l, 13).view, nil)
		e.Credential = credentialOf(t, fork, 7, 13)
		return e
	}},
	"a credential against a search": {kind: evidence.Credential, rule: keeps, found: "has one value of version 1", private: true, make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		v := l.NewVersion(alice, 1, 12, "ghost")
		u := newUser(t).see(l, 12)
		e := newEvidence(evidence.Credential, l)
		e.Earlier = u.search(l.Directory(12), nil)
		grow(l, 16, changes{12: {keytranstest.Put(alice, 1, v.Commitment)}})
		e.Credential = standardOf(t, l, says(l, 16, v), 15)
		e.RetainedView = evidence.NewView(newUser(t).see(l, 16).view, nil)
		e.Credential.Distinguished = newUser(t).see(l, 12).distinguished(l.Directory(16))
		return e
	}},
	"an update of a credential": {kind: evidence.Credential, rule: keeps, found: "entry 13 lacks version 2", private: true,
		modes: []keytrans.DeploymentMode{keytrans.ContactMonitoring},
		make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
			grow(l, 18, changes{12: {keytranstest.Create(alice, "two")}, 13: {keytranstest.Remove(alice, 2)}, 14: {keytranstest.Restore(alice, 2)}})
			e := newEvidence(evidence.Credential, l)
			e.Credential = credentialOf(t, l, 11, 13)
			c := must(keytrans.ParseCredential(l.Config, e.Credential.Credential))
			r, err := l.Verifier().Credential(keytrans.Recent{e.Credential.Base.Keytrans()}, c)
			fatalIfErr(t, err)
			later, _ := recentOf(t, l, 18, 15)
			q, err := r.Provisional.UpdateRequest([]byte(alice), keytrans.Recent{later})
			fatalIfErr(t, err)
			request, err := q.Marshal()
			fatalIfErr(t, err)
			e.Credential.Update, err = lyingAt(l, 18).Answer(keytranstest.CredentialUpdate, request)
			fatalIfErr(t, err)
			e.RetainedView = evidence.NewView(newUser(t).see(l, 18).view, nil)
			e.Credential.Distinguished = newUser(t).see(l, 9).distinguished(l.Directory(18))
			return e
		}},
	"checkpoints": {kind: evidence.Inconsistency, rule: "C2SP tlog-checkpoint", found: "a state of 1 entries and one of 2 that does not continue it", make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		p := newPublicLog(t, l)
		e := newEvidence(evidence.Inconsistency, l)
		e.Configuration, e.Log = nil, p.VerifierKey()
		e.Inconsistency = &checkpoint.Inconsistency{
			Older: p.sign(1, p.leaves[1]), Newer: p.sign(2, p.root(0, 1)), RootAtOlder: p.leaves[0][:], Proof: [][]byte{p.leaves[1][:]},
		}
		return e
	}},
	"timestamps of a checkpoint": {kind: evidence.Timestamps, rule: monotonic, found: "entry 1 has the time", make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		p := newPublicLog(t, l)
		e := newEvidence(evidence.Timestamps, l)
		e.Configuration, e.Log = nil, p.VerifierKey()
		note := p.sign(2, p.root(1, 0)) // in the wrong order
		for i, j := range []int{1, 0} {
			proof := checkpoint.Proof{Index: uint64(i), Hashes: []merkle.Hash{p.leaves[1-j]}, Note: note, Extra: l.Entries()[j].Marshal()}
			e.Entries = append(e.Entries, string(proof.Marshal()))
		}
		return e
	}},
	"a leaf removed": {kind: evidence.PrefixTree, rule: "Ghostlight, docs/log.md", found: "and entry 12 lacks it", make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		return removed(t)(l)
	}},
	"a leaf swapped": {kind: evidence.PrefixTree, rule: "Ghostlight, docs/log.md", found: "has one commitment in log entry 11, and another in entry 12", make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		return swapped(t, 11, 12)(l)
	}},
	"inserted and removed again": {kind: evidence.PrefixTree, rule: "Ghostlight, docs/log.md", found: "log entry 12 has the leaf", make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		grow(l, 15, changes{12: {keytranstest.Create(alice, "ghost")}, 14: {keytranstest.Remove(alice, 2)}})
		return leafChange(t, l, 2, 12, 14)
	}},
	"a head of other entries": {kind: evidence.TreesDiffer, rule: "Ghostlight, docs/log.md", found: "a head of 10 entries that are not the first ones", make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		public := grow(l.Fork(9), 12, changes{9: {keytranstest.Create(alice, "ghost")}})
		return treesDiffer(t, l, public, 0, 10, 12)
	}},
	"a head of other entries since the last one": {kind: evidence.TreesDiffer, rule: "Ghostlight, docs/log.md", found: "a head of 11 entries that are not the first ones", make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		public := grow(l.Fork(9), 12, changes{9: {keytranstest.Create(alice, "ghost")}})
		return treesDiffer(t, l, public, 7, 11, 12)
	}},
	"another entry in the public log": {kind: evidence.LogEntry, rule: "Ghostlight, docs/log.md", found: "log entry 1 is one in the log of 12 entries", make: func(t testing.TB, l *keytranstest.Log) *evidence.Evidence {
		p := newPublicLog(t, l)
		e := newEvidence(evidence.LogEntry, l)
		e.Log = p.VerifierKey()
		c := &evidence.EntryConflict{
			Index: 1, LogEntry: l.Entries()[1].Marshal(), TreeSize: 12, Signature: l.At(12).Head().Signature,
			Checkpoint: p.sign(2, p.root(0, 0)), LeafHash: p.leaves[0][:], Inclusion: [][]byte{p.leaves[0][:]},
		}
		nodes, err := l.At(12).LogNodes(logtree.Proof(12, 0, []uint64{1}))
		fatalIfErr(t, err)
		for _, h := range nodes {
			c.Path = append(c.Path, bytes.Clone(h[:]))
		}
		e.LogEntry = c
		return e
	}},
}

// publicLog signs checkpoints of a log of two entries.
type publicLog struct {
	*checkpoint.Signer
	testing.TB
	leaves []merkle.Hash
}

func newPublicLog(t testing.TB, l *keytranstest.Log) *publicLog {
	t.Helper()
	s, err := checkpoint.NewSigner("keys.example.org/log", bytes.Repeat([]byte{7}, 32))
	fatalIfErr(t, err)
	p := &publicLog{Signer: s, TB: t}
	for _, e := range l.Entries()[:2] {
		p.leaves = append(p.leaves, merkle.Hash(rfc6962.DefaultHasher.HashLeaf(e.Marshal())))
	}
	return p
}

func (p *publicLog) root(i, j int) merkle.Hash {
	return merkle.Hash(rfc6962.DefaultHasher.HashChildren(p.leaves[i][:], p.leaves[j][:]))
}

func (p *publicLog) sign(size uint64, root merkle.Hash) []byte {
	p.Helper()
	note, err := p.Sign(checkpoint.Checkpoint{Origin: p.Origin(), Size: size, Root: root})
	fatalIfErr(p, err)
	return note
}

// recentOf returns the view of the log that ends with a distinguished entry.
func recentOf(t testing.TB, l *keytranstest.Log, size, pos uint64) (*keytrans.View, *keytrans.View) {
	t.Helper()
	q := &keytrans.DistinguishedRequest{}
	p, err := l.Prover().Distinguished(l.At(size), q)
	fatalIfErr(t, err)
	r, err := l.Verifier().Distinguished(&keytrans.View{}, q, p, l.Now(size))
	fatalIfErr(t, err)
	if r.Recent.At(pos) == nil {
		t.Fatalf("entry %d is not distinguished: %v", pos, r.Positions)
	}
	return r.Recent.At(pos), r.View
}

// credentialOf returns a provisional credential of alice that relies on the entry at
// pos.
func credentialOf(t testing.TB, l *keytranstest.Log, pos, size uint64) *evidence.CredentialParts {
	t.Helper()
	base, view := recentOf(t, l, size, pos)
	q := &keytrans.SearchRequest{Last: base.Last(), Label: []byte(alice)}
	p, err := l.Prover().Search(l.At(size), l.Label(alice), q)
	fatalIfErr(t, err)
	c, _, err := l.Verifier().ProvisionalCredential(base, view.AuditorTreeHead, q, p, l.Now(size))
	fatalIfErr(t, err)
	return &evidence.CredentialParts{Credential: must(c.Marshal(l.Config)), Base: evidence.NewView(base, nil), Recent: []*evidence.View{}}
}

// standardOf returns a standard credential of alice that relies on the entry at pos,
// out of a directory's answer.
func standardOf(t testing.TB, l *keytranstest.Log, d *keytranstest.Directory, pos uint64) *evidence.CredentialParts {
	t.Helper()
	q := &keytrans.SearchRequest{Label: []byte(alice)}
	x := newUser(t).ask(d, keytranstest.Search, q)
	p, err := keytrans.ParseSearchResponse(l.Config, q, x.Response)
	fatalIfErr(t, err)
	size := d.State.Head().TreeSize
	r, err := l.Verifier().Search(&keytrans.View{}, q, p, l.Now(size))
	fatalIfErr(t, err)
	c, err := keytrans.NewStandardCredential(q.Label, r, p)
	fatalIfErr(t, err)
	base, _ := recentOf(t, l, size, pos)
	return &evidence.CredentialParts{Credential: must(c.Marshal(l.Config)), Base: evidence.NewView(base, nil), Recent: []*evidence.View{}}
}
