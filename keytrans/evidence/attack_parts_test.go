package evidence_test

import (
	"bytes"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

func (a *attacker) newcomer() *evidence.Newcomer {
	x := pick(a, a.answers[keytranstest.Distinguished])
	if a.IntN(4) > 0 {
		for x.RetainedView.TreeSize > 0 {
			x = pick(a, a.answers[keytranstest.Distinguished])
		}
	}
	return &evidence.Newcomer{View: a.view(), Request: x.Request, Response: x.Response}
}

func (a *attacker) fork() *evidence.Evidence {
	e := newEvidence(evidence.Fork, a.log)
	e.RetainedView, e.RetainedConfiguration, e.Fork = a.view(), a.config(), a.newcomer()
	if a.IntN(2) == 0 {
		e.Own, e.RetainedView = a.newcomer(), evidence.NewView(&keytrans.View{}, nil)
	}
	return e
}

// credential makes one that relies on any distinguished entry of any size, about
// versions that the attacker likes, with a base that it may have made up.
func (a *attacker) credential() *evidence.Evidence {
	e := newEvidence(evidence.Credential, a.log)
	size := 8 + a.Uint64N(attackedSize-8)
	recent := a.recent(size)
	base := pick(a, recent)
	c := &evidence.CredentialParts{Base: evidence.NewView(base, nil), Recent: []*evidence.View{}, Configuration: a.config()}
	c.Credential = a.provisional(base, min(base.Head.TreeSize+1+a.Uint64N(6), a.log.Size()))
	if a.IntN(2) == 0 {
		x := newUser(a).distinguished(a.log.Directory(size))
		c.Distinguished = x
		c.Update = a.update(base, size, recent)
	}
	a.mangle(c.Base)
	if a.IntN(2) == 0 {
		e.Earlier = a.exchange()
	}
	e.Credential, e.RetainedView, e.RetainedConfiguration = c, a.view(), a.config()
	return e
}

func (a *attacker) recent(size uint64) keytrans.Recent {
	q := &keytrans.DistinguishedRequest{}
	p := must(a.log.Prover().Distinguished(a.log.At(size), q))
	return must(a.log.Verifier().Unaudited().Timeless().Distinguished(&keytrans.View{}, q, p, foundAt)).Recent
}

func (a *attacker) provisional(base *keytrans.View, size uint64) []byte {
	q := &keytrans.SearchRequest{Last: base.Last(), Label: []byte(alice)}
	d := a.directory(size)
	response, err := d.Answer(keytranstest.Search, must(q.Marshal()))
	if err != nil {
		return []byte{0}
	}
	p := must(keytrans.ParseSearchResponse(a.log.Config, q, response))
	if p.FullTreeHead.TreeHead == nil {
		return []byte{0}
	}
	// The inclusion proof is one for somebody with the base, without an auditor's head.
	if d := p.FullTreeHead.AuditorTreeHead; d != nil {
		d.TreeSize = size
	}
	c := &keytrans.Credential{
		Label: q.Label, Version: *p.Version, Opening: p.Opening, Value: p.Value, BinaryLadder: p.BinaryLadder,
		Position: base.Head.TreeSize - 1, Type: keytrans.ProvisionalCredential, TreeHead: *p.FullTreeHead.TreeHead, Search: p.Search,
	}
	return must(c.Marshal(a.log.Config))
}

func (a *attacker) update(base *keytrans.View, size uint64, recent keytrans.Recent) []byte {
	q := &keytrans.CredentialUpdateRequest{
		Label: []byte(alice), TreeSize: base.Head.TreeSize + 1 + a.Uint64N(4), Terminal: keytrans.MonitorMapEntry{Position: base.Head.TreeSize + a.Uint64N(4), Version: a.Uint32N(4)},
		Distinguished: pick(a, recent).Head.TreeSize - 1,
	}
	request, err := q.Marshal()
	if err != nil {
		return nil
	}
	response, err := lyingAt(a.log, size).Answer(keytranstest.CredentialUpdate, request)
	if err != nil {
		return nil
	}
	return response
}

func (a *attacker) head() evidence.Head {
	size := 1 + a.Uint64N(a.log.Size())
	return evidence.Head{TreeSize: size, Root: evidence.Hash(a.log.Root(size)), Signature: a.log.At(size).Head().Signature}
}

func (a *attacker) heads() *evidence.Evidence {
	e := newEvidence(evidence.TreeHeads, a.log)
	e.Heads = []evidence.Head{a.head(), a.head()}
	if a.IntN(2) == 0 {
		e.Heads[1].TreeSize = e.Heads[0].TreeSize
	}
	if a.IntN(4) == 0 {
		e.Heads[1].Signature = e.Heads[0].Signature
	}
	return e
}

// subtrees returns the full subtrees of the log when it had so many entries.
func (a *attacker) subtrees(size uint64) (out []merkle.Hash) {
	for i, e := range a.log.Entries()[:size] {
		entry := keytrans.Entry{Position: uint64(i), LogEntry: e}
		out = must(logtree.Append(uint64(i), out, entry.Hash(), func(logtree.Node, merkle.Hash) {}))
	}
	return out
}

// public returns the public log of so many entries, and a checkpoint of it.
func (a *attacker) public(size uint64) (tlog.HashReader, []byte) {
	var hashes []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) (out []tlog.Hash, err error) {
		for _, x := range indexes {
			out = append(out, hashes[x])
		}
		return out, nil
	})
	for i, e := range a.log.Entries()[:size] {
		hashes = append(hashes, must(tlog.StoredHashes(int64(i), e.Marshal(), read))...)
	}
	note := newPublicLog(a, a.log).sign(size, merkle.Hash(must(tlog.TreeHash(int64(size), read))))
	return read, note
}

func (a *attacker) logEntry() *evidence.Evidence {
	e := newEvidence(evidence.LogEntry, a.log)
	e.Log = newPublicLog(a, a.log).VerifierKey()
	size := 2 + a.Uint64N(a.log.Size()-2)
	index := a.Uint64N(size)
	read, note := a.public(size)
	leaf := index
	if a.IntN(2) == 0 {
		leaf = a.Uint64N(size)
	}
	encoded := a.log.Entries()[leaf].Marshal()
	hash := tlog.RecordHash(encoded)
	head := a.head()
	c := &evidence.EntryConflict{Index: index, LogEntry: a.log.Entries()[index].Marshal(), TreeSize: head.TreeSize, Signature: head.Signature, Checkpoint: note, LeafHash: hash[:]}
	for _, h := range must(tlog.ProveRecord(int64(size), int64(leaf), read)) {
		c.Inclusion = append(c.Inclusion, bytes.Clone(h[:]))
	}
	if leaf != index && a.IntN(2) == 0 { // cut or extended paths name other nodes
		c.Inclusion = c.Inclusion[:a.IntN(len(c.Inclusion)+1)]
	}
	if u := pick(a, a.users); len(u.proofs) > 0 {
		pos := pick(a, slices.Sorted(maps.Keys(u.proofs)))
		p := u.proofs[pos]
		c.Index, c.LogEntry, c.TreeSize, c.Signature = pos, a.log.Entries()[pos].Marshal(), p.TreeSize, p.Signature
		for _, h := range p.Path {
			c.Path = append(c.Path, bytes.Clone(h[:]))
		}
	}
	e.LogEntry = c
	return e
}

func (a *attacker) trees() *evidence.Evidence {
	e := newEvidence(evidence.TreesDiffer, a.log)
	e.Log = newPublicLog(a, a.log).VerifierKey()
	size := 4 + a.Uint64N(a.log.Size()-4)
	read, note := a.public(size)
	t := &evidence.Trees{Head: a.head(), Checkpoint: note, Before: []evidence.Hash{}, After: []evidence.Hash{}}
	lo := uint64(0)
	if a.IntN(2) == 0 {
		b := a.head()
		lo = b.TreeSize
		t.Base = &evidence.Base{Head: b, Subtrees: evidence.Hashes(a.subtrees(b.TreeSize))}
		switch a.IntN(4) {
		case 0:
			t.Base.Subtrees[0][0] ^= 1
		case 1:
			t.Base.TreeSize = a.head().TreeSize
		case 2:
			t.Base.Root[0] ^= 1
		}
	}
	hi := t.Head.TreeSize
	if a.IntN(4) == 0 {
		lo = a.Uint64N(hi)
	}
	for pos := lo; pos < hi; pos++ {
		t.Entries = append(t.Entries, a.log.Entries()[pos].Marshal()...)
	}
	if lo < hi && hi <= size {
		t.Before, t.After = a.around(read, lo, hi, 0, size)
	}
	e.Trees = t
	return e
}

// around returns the roots before and after a range of leaves.
func (a *attacker) around(read tlog.HashReader, lo, hi, from, to uint64) (before, after []evidence.Hash) {
	if to <= lo || from >= hi {
		root := rangeRoot(a.log, from, to)
		if to <= lo {
			return []evidence.Hash{root}, nil
		}
		return nil, []evidence.Hash{root}
	}
	if to-from == 1 {
		return nil, nil
	}
	middle := from + largestPower(to-from)
	b1, a1 := a.around(read, lo, hi, from, middle)
	b2, a2 := a.around(read, lo, hi, middle, to)
	return slices.Concat(b1, b2), slices.Concat(a1, a2)
}

// largestPower returns the largest power of two below n.
func largestPower(n uint64) uint64 {
	k := uint64(1)
	for 2*k < n {
		k *= 2
	}
	return k
}

func rangeRoot(l *keytranstest.Log, from, to uint64) evidence.Hash {
	if to-from == 1 {
		return evidence.Hash(tlog.RecordHash(l.Entries()[from].Marshal()))
	}
	middle := from + largestPower(to-from)
	return evidence.Hash(tlog.NodeHash(tlog.Hash(rangeRoot(l, from, middle)), tlog.Hash(rangeRoot(l, middle, to))))
}

func (a *attacker) timestamps() *evidence.Evidence {
	e := newEvidence(evidence.Timestamps, a.log)
	e.Configuration = nil
	e.Log = newPublicLog(a, a.log).VerifierKey()
	size := 2 + a.Uint64N(a.log.Size()-2)
	i, other := a.Uint64N(size-1), size
	if a.IntN(2) == 0 {
		other = min(size+1, a.log.Size())
	}
	e.Entries = []string{entryOf(a, a.log, i, size), entryOf(a, a.log, i+1, other)}
	if a.IntN(2) == 0 {
		slices.Reverse(e.Entries)
	}
	return e
}

func (a *attacker) prefixTree() *evidence.Evidence {
	size := a.log.Size()
	e := leafChange(a, a.log, a.Uint32N(5), a.Uint64N(size), a.Uint64N(size))
	c := e.PrefixTree
	key := a.log.SearchKey(alice, a.Uint32N(5))
	switch a.IntN(4) {
	case 0:
		c.After = searchOf(a, a.log, key, a.Uint64N(size), size)
	case 1:
		c.SearchKey = evidence.Hash(key)
	case 2:
		c.After.Commitment = nil
	}
	return e
}
