package keytrans

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

func timeOf(ms int64) time.Time { return time.UnixMilli(ms) }

// rewrite changes the prefix trees of the entries [lo, hi) before the log signs
// them: a log that lies.
func (w *world) rewrite(lo, hi uint64, change func([]prefixtree.Leaf) []prefixtree.Leaf) {
	for pos := lo; pos < hi; pos++ {
		leaves := change(slices.Clone(w.leaves[pos]))
		slices.SortFunc(leaves, func(a, b prefixtree.Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) })
		w.leaves[pos], w.nodes[pos] = leaves, buildNode(leaves, 0)
		w.entries[pos].PrefixTree = w.nodes[pos].Hash()
		w.hashes[pos] = w.entries[pos].Hash()
	}
}

func (w *world) leaf(label string, version uint32, commitment merkle.Hash) prefixtree.Leaf {
	return prefixtree.Leaf{Key: prefixtree.Key(w.prove(label, version).searchKey), Commitment: commitment}
}

// hide removes a version of a label from the entries [lo, hi).
func (w *world) hide(label string, version uint32, lo, hi uint64) {
	w.rewrite(lo, hi, func(leaves []prefixtree.Leaf) []prefixtree.Leaf {
		key := w.leaf(label, version, merkle.Hash{}).Key
		return slices.DeleteFunc(leaves, func(l prefixtree.Leaf) bool { return l.Key == key })
	})
}

var planted = merkle.Hash{0xad}

// plant gives a version of a label another commitment in the entries [lo, hi),
// whether it exists or not.
func (w *world) plant(label string, version uint32, lo, hi uint64) {
	w.hide(label, version, lo, hi)
	w.rewrite(lo, hi, func(leaves []prefixtree.Leaf) []prefixtree.Leaf {
		return append(leaves, w.leaf(label, version, planted))
	})
}

// lie produces a proof as run goes, whatever it says of the log.
func (x *tamperCaser) lie(label string, run func(o *production) error) (FullTreeHead, CombinedTreeProof) {
	x.t.Helper()
	o, err := x.prove.open(x.log, x.log.label(label), x.last)
	fatalIfErr(x.t, err)
	fatalIfErr(x.t, run(o))
	o.contradiction, o.rejection = nil, nil
	proof, err := o.close()
	fatalIfErr(x.t, err)
	return o.head, proof
}

// lieTo has a user who has seen last entries ask a log of all entries.
func lieTo(t *testing.T, w *world, last uint64) *tamperCaser {
	return newCaser(t, w, uint64(len(w.entries)), last)
}

func expectMisbehaviour(t *testing.T, err error) {
	t.Helper()
	var m *Misbehaviour
	if !errors.As(err, &m) {
		t.Fatalf("got %v, want evidence of misbehaviour", err)
	}
	t.Log(err)
}

func expectRefused(t *testing.T, err error, want ...error) {
	t.Helper()
	var m *Misbehaviour
	if errors.As(err, &m) || !slices.ContainsFunc(want, func(w error) bool { return errors.Is(err, w) }) {
		t.Fatalf("got %v, want one of %v", err, want)
	}
	t.Log(err)
}

// sixteen is a log in which, to the right of 7, only 11 and 15 are
// distinguished.
func sixteen() *world { return lyingWorld(16) }

func lyingWorld(size int) *world {
	n := naive.World{RMW: 6000, Inserted: map[string][]uint64{
		"alice": {1, 2, 3, 4, 6}, "bob": {8, 9, 13}, "dave": {5, 6, 10}, "fred": {5, 8, 12},
	}}
	for i := range size {
		n.Timestamps = append(n.Timestamps, 1_000_000+1000*uint64(i))
	}
	return newWorld(n, testVRFKey)
}

func TestLieAboutTime(t *testing.T) {
	for name, change := range map[string]func(ts []uint64){
		"on the frontier":      func(ts []uint64) { ts[3], ts[7] = ts[7], ts[3] },
		"before what was seen": func(ts []uint64) { ts[15] = ts[5] },
		"before everything":    func(ts []uint64) { ts[15] = 6000 },
	} {
		for _, last := range []uint64{0, 6, 9} {
			w := sixteen()
			change(w.Timestamps)
			w = newWorld(w.World, testVRFKey)
			if name == "on the frontier" {
				last = 0
			}
			x := lieTo(t, w, last)
			head, proof := x.lie("alice", func(o *production) error {
				_, err := o.recentDistinguished(nil)
				return err
			})
			_, err := x.verify.Distinguished(x.view, &DistinguishedRequest{Last: x.last},
				&DistinguishedResponse{FullTreeHead: head, Distinguished: proof}, x.log.now())
			t.Log(name)
			expectMisbehaviour(t, err)
		}
	}
}

func TestLieToContacts(t *testing.T) {
	monitor := func(t *testing.T, w *world, contact *Contact) error {
		x := lieTo(t, w, 10)
		q := &ContactMonitorRequest{Last: x.last, Label: []byte("bob"), Entries: contact.Map}
		head, proof := x.lie("bob", func(o *production) error {
			_, err := o.contactMonitor(q.Entries, nil)
			return err
		})
		_, err := x.verify.ContactMonitor(x.view, contact, q, &ContactMonitorResponse{head, proof}, x.log.now())
		return err
	}
	observe := func(t *testing.T, w *world) *Contact {
		contact := newCaser(t, w, 10, 10).contactOf("bob", 10)
		if !slices.Equal(contact.Map, []MonitorMapEntry{{Position: 9, Version: 1}}) {
			t.Fatalf("contact monitors %v", contact.Map)
		}
		return contact
	}
	t.Run("a version disappears", func(t *testing.T) {
		for _, version := range []uint32{0, 1} {
			w := sixteen()
			w.hide("bob", version, 10, 16)
			expectMisbehaviour(t, monitor(t, w, observe(t, w)))
		}
	})
	t.Run("a commitment changes", func(t *testing.T) {
		for _, version := range []uint32{0, 1} {
			w := sixteen()
			w.plant("bob", version, 10, 16)
			contact := observe(t, w)
			// Nothing but the commitment tells what is wrong.
			expectRefused(t, monitor(t, w, contact), ErrSignature, ErrProof)
		}
	})
	t.Run("another search proves another commitment", func(t *testing.T) {
		w := lyingWorld(14)
		w.plant("bob", 0, 10, 14)
		contact := observe(t, w)
		x := lieTo(t, w, 0)
		q := &SearchRequest{Label: []byte("bob")}
		p, err := x.prove.Search(x.log, x.log.label("bob"), q)
		fatalIfErr(t, err)
		p.BinaryLadder[0].Commitment = &planted
		r, err := x.verify.Search(x.view, q, p, x.log.now())
		fatalIfErr(t, err)
		_, err = contact.Observe(r)
		expectMisbehaviour(t, err)
	})
}

func TestLieToSearchers(t *testing.T) {
	greatest := func(t *testing.T, w *world, claim uint32, last uint64) error {
		x := lieTo(t, w, last)
		q := &SearchRequest{Last: x.last, Label: []byte("alice")}
		r := &SearchResponse{Version: &claim, Value: UpdateValue{Value: w.value("alice", claim)}, Opening: w.opening("alice", claim)}
		var err error
		r.FullTreeHead, r.Search = x.lie("alice", func(o *production) error {
			_, err := o.greatestVersion(claim)
			return err
		})
		r.BinaryLadder, err = ladderSteps(x.log.label("alice"), ladder.Base(claim), func(v uint32) bool { return v < claim })
		fatalIfErr(t, err)
		_, err = x.verify.Search(x.view, q, r, x.log.now())
		return err
	}
	for _, last := range []uint64{0, 9, 16} {
		for _, claim := range []uint32{0, 1, 2, 3, 5, 6, 7, 100} {
			// The lookups of existing versions above the claim have no commitment.
			expectRefused(t, greatest(t, sixteen(), claim, last), ErrProof)
		}
		fatalIfErr(t, greatest(t, sixteen(), 4, last))
		w := sixteen()
		w.hide("alice", 4, 12, 16) // disappears to the right
		expectRefused(t, greatest(t, w, 4, 0), ErrProof, ErrSignature)
	}
}

func TestLieToOwners(t *testing.T) {
	monitor := func(t *testing.T, w *world) error {
		owner := newCaser(t, w, 12, 12).takeOver("alice", 7)
		x := lieTo(t, w, 12)
		head, proof := x.lie("alice", func(o *production) error {
			m := &ownerMonitoring{
				walk: o.walk, start: owner.Start, expected: owner.at,
				stop: func(uint64) (bool, error) { return false, nil },
			}
			return m.run()
		})
		_, err := x.verify.OwnerMonitor(x.view, owner, &OwnerMonitorResponse{head, proof}, x.log.now())
		return err
	}
	fatalIfErr(t, monitor(t, sixteen()))
	for _, version := range []uint32{0, 1, 3, 4} {
		w := sixteen()
		w.hide("alice", version, 8, 16)
		expectMisbehaviour(t, monitor(t, w))
		w = sixteen()
		w.plant("alice", version, 8, 16)
		expectRefused(t, monitor(t, w), ErrSignature, ErrProof)
	}
	w := sixteen()
	w.plant("alice", 5, 11, 12) // only there, of all entries
	// A proof that shows it cannot be verified without its commitment.
	expectRefused(t, monitor(t, w), ErrProof)
}

// TestLieAboutWhen has versions appear in a distinguished entry before the one
// that the owner was told of.
func TestLieAboutWhen(t *testing.T) {
	w := everySecond(14, map[string][]uint64{"dave": {5, 6, 13}})
	early := w.leaf("dave", 2, w.commitment("dave", 2))
	w.rewrite(9, 10, func(leaves []prefixtree.Leaf) []prefixtree.Leaf { return append(leaves, early) })
	x := newCaser(t, w, 14, 8)
	owner := newCaser(t, w, 8, 8).takeOver("dave", 7)
	q := &UpdateRequest{Last: x.last, Label: []byte("dave"), GreatestVersion: owner.Greatest()}
	ps, err := x.prove.Update(x.log, x.log.label("dave"), q, 0)
	fatalIfErr(t, err)
	r, err := x.verify.Update(x.view, owner, q, ps[0], x.log.now())
	fatalIfErr(t, err)
	x = newCaser(t, w, 14, 14)
	var proof CombinedTreeProof
	_, proof = x.lie("dave", func(o *production) error {
		_, err := o.contactMonitor(r.Owner.Contact.Map, &r.Owner.Start)
		fatalIfErr(t, err)
		m := &ownerMonitoring{
			walk: o.walk, start: r.Owner.Start, expected: r.Owner.at,
			stop: func(uint64) (bool, error) { return false, nil },
		}
		return m.run()
	})
	_, err = x.verify.OwnerMonitor(x.view, r.Owner, &OwnerMonitorResponse{Monitor: proof}, x.log.now())
	expectRefused(t, err, ErrUnexpectedVersion)
}

func TestLieAboutUpdates(t *testing.T) {
	update := func(t *testing.T, w *world) error {
		owner := newCaser(t, w, 9, 9).takeOver("dave", 7)
		x := lieTo(t, w, 9)
		q := &UpdateRequest{Last: x.last, Label: []byte("dave"), GreatestVersion: owner.Greatest(), Values: [][]byte{w.value("dave", 2)}}
		u, err := nextUpdate(x.log.label("dave"), owner.Greatest())
		fatalIfErr(t, err)
		r := &UpdateResponse{Position: u.position, Info: []UpdateInfo{{Opening: w.opening("dave", 2)}}}
		r.FullTreeHead, r.Update = x.lie("dave", func(o *production) error {
			_, err := o.update(u)
			return err
		})
		r.BinaryLadder, err = ladderSteps(x.log.label("dave"), u.ladderVersions(), func(uint32) bool { return false })
		fatalIfErr(t, err)
		_, err = x.verify.Update(x.view, owner, q, r, x.log.now())
		return err
	}
	fatalIfErr(t, update(t, sixteen()))
	w := sixteen()
	w.plant("dave", 2, 8, 10) // the version existed before, with another value
	expectRefused(t, update(t, w), ErrSignature, ErrProof)
	w = sixteen()
	early := w.leaf("dave", 2, w.commitment("dave", 2)) // or with the same one
	w.rewrite(8, 10, func(leaves []prefixtree.Leaf) []prefixtree.Leaf { return append(leaves, early) })
	expectRefused(t, update(t, w), ErrUnexpectedVersion)
	w = sixteen()
	w.hide("dave", 2, 10, 16) // the new version is not there
	expectRefused(t, update(t, w), ErrProof)
	w = sixteen()
	w.plant("dave", 2, 10, 16) // the new version has another value
	expectRefused(t, update(t, w), ErrSignature, ErrProof)
}

// TestLieAboutPrevious has the version before a new one disappear, after the
// owner saw it created.
func TestLieAboutPrevious(t *testing.T) {
	for _, gone := range []bool{false, true} {
		w := lyingWorld(13)
		if gone {
			w.hide("fred", 1, 9, 13)
		}
		x := newCaser(t, w, 9, 9)
		owner := x.takeOver("fred", 7)
		q := &UpdateRequest{Last: x.last, Label: []byte("fred"), GreatestVersion: ptr(uint32(0))}
		owner = &Owner{Start: 7, AtStart: ptr(uint32(0)), Keys: owner.Keys}
		ps, err := x.prove.Update(x.log, x.log.label("fred"), q, 0)
		fatalIfErr(t, err)
		first, err := x.verify.Update(x.view, owner, q, ps[0], x.log.now())
		fatalIfErr(t, err)

		x = newCaser(t, w, 13, 9)
		q = &UpdateRequest{Last: x.last, Label: []byte("fred"), GreatestVersion: ptr(uint32(1)), Values: [][]byte{w.value("fred", 2)}}
		u, err := nextUpdate(x.log.label("fred"), q.GreatestVersion)
		fatalIfErr(t, err)
		r := &UpdateResponse{Position: u.position, Info: []UpdateInfo{{Opening: w.opening("fred", 2)}}}
		r.FullTreeHead, r.Update = x.lie("fred", func(o *production) error {
			_, err := o.update(u)
			return err
		})
		_, err = x.verify.Update(x.view, first.Owner, q, r, x.log.now())
		if gone {
			expectMisbehaviour(t, err)
		} else {
			fatalIfErr(t, err)
		}
	}
}
