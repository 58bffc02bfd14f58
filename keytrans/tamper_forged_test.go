package keytrans

import (
	"crypto/elliptic"
	"errors"
	"math/big"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// newCaser asks a log of size entries for a user who has seen the last of them.
func newCaser(t *testing.T, w *world, size, last uint64) *tamperCaser {
	x := &explorer{world: w, expected: make(map[string]expected), roots: make(map[uint64]merkle.Hash)}
	x.verify, x.prove = rememberingVerifier(w), &Prover{Config: w.cfg}
	view := x.view(t, last)
	return &tamperCaser{explorer: x, t: t, log: w.at(size), view: view, last: view.Last()}
}

// everySecond is a log with an entry every second in which nearly every entry
// is distinguished.
func everySecond(size int, inserted map[string][]uint64) *world {
	n := naive.World{RMW: 2000, Inserted: inserted}
	for i := range size {
		n.Timestamps = append(n.Timestamps, 1_000_000+1000*uint64(i))
	}
	return newWorld(n, testVRFKey)
}

// takeOver is an owner from the given position, told of nothing since.
func (x *tamperCaser) takeOver(label string, start uint64) *Owner {
	x.t.Helper()
	q := &OwnerInitRequest{Last: x.last, Label: []byte(label), Start: start}
	p, err := x.prove.OwnerInit(x.log, x.log.label(label), q)
	fatalIfErr(x.t, err)
	r, err := x.verify.OwnerInit(x.view, q, p, x.log.now())
	fatalIfErr(x.t, err)
	return r.Owner
}

// TestForgedUpdateFramesNoLog has a man in the middle make up an UpdateResponse
// from nothing: for new versions in a distinguished entry, the draft looks
// nothing up. The owner must not take what the log shows later for misbehaviour.
func TestForgedUpdateFramesNoLog(t *testing.T) {
	w := everySecond(11, map[string][]uint64{"dave": {5, 6, 10}})
	x := newCaser(t, w, 10, 10)
	owner := x.takeOver("dave", 7)
	q := &UpdateRequest{Last: x.last, Label: []byte("dave"), GreatestVersion: owner.Greatest()}
	forged := &UpdateResponse{Position: 9, Values: [][]byte{[]byte("never published")}, Info: make([]UpdateInfo, 1)}
	r, err := x.verify.Update(x.view, owner, q, forged, x.log.now())
	fatalIfErr(t, err) // the draft has nothing to refuse it by
	later := w.at(11)
	p, err := x.prove.OwnerMonitor(later, later.label("dave"), r.Owner.OwnerMonitorRequest(r.View, []byte("dave")))
	fatalIfErr(t, err)
	_, err = x.verify.OwnerMonitor(r.View, r.Owner, p, later.now())
	if framed := (*Misbehaviour)(nil); errors.As(err, &framed) || !errors.Is(err, ErrProof) {
		t.Fatalf("an honest log after a forged response: %v", err)
	}
}

// TestClaimedCommitments has a man in the middle change commitments that a
// response claims and does not prove, once. Honest responses are then refused,
// but nobody is accused, and asking anew mends it.
func TestClaimedCommitments(t *testing.T) {
	t.Run("contact", func(t *testing.T) {
		n := naive.World{RMW: 6000, Inserted: map[string][]uint64{"erin": {8, 8, 8, 8, 8, 8, 8, 8}}}
		for i := range 20 {
			n.Timestamps = append(n.Timestamps, 1_000_000+1000*uint64(i))
		}
		w := newWorld(n, testVRFKey)
		x := newCaser(t, w, 11, 11)
		q := &SearchRequest{Last: x.last, Label: []byte("erin"), Version: ptr(uint32(6))}
		p, err := x.prove.Search(x.log, x.log.label("erin"), q)
		fatalIfErr(t, err)
		p.BinaryLadder[4].Commitment = &merkle.Hash{} // 0, 1, 3, 7, 5
		r, err := x.verify.Search(x.view, q, p, x.log.now())
		fatalIfErr(t, err)
		contact, err := (&Contact{}).Observe(r)
		fatalIfErr(t, err)
		t.Logf("map %v, version 5 proven: %v", contact.Map, contact.Keys[5].Proven)
		later := w.at(20)
		mq := &ContactMonitorRequest{Last: r.View.Last(), Label: []byte("erin"), Entries: contact.Map}
		mp, err := x.prove.ContactMonitor(later, later.label("erin"), mq)
		fatalIfErr(t, err)
		if _, err := x.verify.ContactMonitor(r.View, contact, mq, mp, later.now()); !errors.Is(err, ErrProof) {
			t.Fatalf("with a false commitment: %v", err)
		}
		p, err = x.prove.Search(x.log, x.log.label("erin"), q)
		fatalIfErr(t, err)
		again, err := x.verify.Search(x.view, q, p, x.log.now())
		fatalIfErr(t, err)
		contact, err = contact.Observe(again)
		fatalIfErr(t, err)
		_, err = x.verify.ContactMonitor(r.View, contact, mq, mp, later.now())
		fatalIfErr(t, err)
	})
	t.Run("owner", func(t *testing.T) {
		w := everySecond(14, map[string][]uint64{"dave": {5, 6, 9}})
		x := newCaser(t, w, 10, 10)
		owner := x.takeOver("dave", 7)
		q := &UpdateRequest{Last: x.last, Label: []byte("dave"), GreatestVersion: owner.Greatest(), Values: [][]byte{w.value("dave", 2)}}
		ps, err := x.prove.Update(x.log, x.log.label("dave"), q, 1)
		fatalIfErr(t, err)
		ps[0].Info[0].Opening[0] ^= 1
		r, err := x.verify.Update(x.view, owner, q, ps[0], x.log.now())
		fatalIfErr(t, err)
		later := w.at(14)
		p, err := x.prove.OwnerMonitor(later, later.label("dave"), r.Owner.OwnerMonitorRequest(r.View, []byte("dave")))
		fatalIfErr(t, err)
		if _, err = x.verify.OwnerMonitor(r.View, r.Owner, p, later.now()); !errors.Is(err, ErrProof) {
			t.Fatalf("with a false opening: %v", err)
		}
		x = newCaser(t, w, 14, 10)
		owner = x.takeOver("dave", 11)
		p, err = x.prove.OwnerMonitor(x.log, x.log.label("dave"), owner.OwnerMonitorRequest(x.view, []byte("dave")))
		fatalIfErr(t, err)
		_, err = x.verify.OwnerMonitor(x.view, owner, p, x.log.now())
		fatalIfErr(t, err)
	})
}

// TestRequestedIsClaimed has a man in the middle add the values that were asked
// for to a response that leaves them out. Nothing authenticates whose they are:
// the caller has to compare them with its own.
func TestRequestedIsClaimed(t *testing.T) {
	w := everySecond(14, map[string][]uint64{"dave": {5, 6, 13}})
	x := newCaser(t, w, 14, 14)
	owner := x.takeOver("dave", 7)
	q := &UpdateRequest{Last: x.last, Label: []byte("dave"), GreatestVersion: owner.Greatest(), Values: [][]byte{w.value("dave", 2)}}
	ps, err := x.prove.Update(x.log, x.log.label("dave"), q, 1)
	fatalIfErr(t, err)
	ps[0].Values = q.Values
	r, err := x.verify.Update(x.view, owner, q, ps[0], x.log.now())
	fatalIfErr(t, err)
	if r.Requested || string(r.Values[0].Value) != string(q.Values[0]) {
		t.Fatalf("requested %v, values %q", r.Requested, r.Values)
	}
}

// TestSignatureMalleability has a man in the middle turn one signature into
// another that is as valid, as ECDSA allows; heads are compared by size and root.
func TestSignatureMalleability(t *testing.T) {
	w := tamperWorld(KT_128_SHA256_P256)
	l := w.at(tamperSize)
	sig := append([]byte(nil), l.head.Signature...)
	s := new(big.Int).SetBytes(sig[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(sig[32:])
	fatalIfErr(t, VerifyTreeHead(w.cfg, &TreeHead{tamperSize, sig}, l.root))
}

// TestStartNoLongerDistinguished changes a timestamp so that the owner's start
// seems not to be distinguished.
func TestStartNoLongerDistinguished(t *testing.T) {
	w := lyingWorld(15)
	x := newCaser(t, w, 15, 0)
	owner := x.takeOver("alice", 11)
	*owner = Owner{Start: 11, AtStart: owner.AtStart, Keys: owner.Keys}
	w.World.Inserted["alice"] = append(w.World.Inserted["alice"], 13)
	w = newWorld(w.World, testVRFKey)
	x = newCaser(t, w, 15, 0)
	q := &UpdateRequest{Label: []byte("alice"), GreatestVersion: owner.Greatest()}
	ps, err := x.prove.Update(x.log, x.log.label("alice"), q, 0)
	fatalIfErr(t, err)
	_, err = x.verify.Update(&View{}, owner, q, ps[0], x.log.now())
	fatalIfErr(t, err)
	ps[0].Update.Timestamps[0] = 1_010_000
	_, err = x.verify.Update(&View{}, owner, q, ps[0], x.log.now())
	(&tamperCase{name: "update"}).checkError(t, "timestamp of entry 7", err)
}
