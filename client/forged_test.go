package client_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// forge answers an update request under the *same* head, from public data
// only: nobody's key. min is the least position.
func forge(d *clienttest.Directory, q *keytrans.UpdateRequest, min uint64, values [][]byte, n int) []byte {
	entries := d.Entries()
	size := uint64(len(entries))
	if q.Last == nil || *q.Last != size {
		return nil
	}
	window := uint64(clienttest.Window.Milliseconds())
	front := ibst.Frontier(size)
	for pos := size - 1; pos > min; pos-- {
		var asked []uint64
		ts := func(p uint64) (uint64, error) {
			if !slices.Contains(front, p) && !slices.Contains(asked, p) {
				asked = append(asked, p)
			}
			return entries[p].Timestamp, nil
		}
		right := entries[size-1].Timestamp
		before, _ := ibst.DistinguishedPath(pos-1, size, right, window, ts)
		ok := true
		for _, f := range ibst.Frontier(pos) {
			ok = ok && slices.Contains(before, f)
		}
		own, _ := ibst.DistinguishedPath(pos, size, right, window, ts)
		if !ok || len(own) == 0 || own[len(own)-1] != pos {
			continue
		}
		r := &keytrans.UpdateResponse{Position: pos, Values: values, Info: make([]keytrans.UpdateInfo, n)}
		for _, p := range asked {
			r.Update.Timestamps = append(r.Update.Timestamps, entries[p].Timestamp)
		}
		slices.Sort(asked)
		for _, p := range asked {
			r.Update.PrefixRoots = append(r.Update.PrefixRoots, entries[p].PrefixTree)
		}
		r.Update.Inclusion = d.Nodes(logtree.Proof(size, size, asked))
		b, err := r.Marshal(d.Configuration())
		if err != nil {
			panic(err)
		}
		return b
	}
	return nil
}

// forgedWorld is an honest directory with an owner of versions 0 to 3, for which
// the next ladder needs no new search key, and somebody on the way.
func forgedWorld(t *testing.T) (w *world, start uint64) {
	w = newWorld(t)
	w.settle()
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a"), keys("ab"), keys("b"), keys("bc")}})
	w.settle()
	start = w.own(alice).VerifiedUpTo
	w.dir.Tick(9, clienttest.Window/2)
	return w, start
}

// intercept answers the first update for which forged returns something.
func (w *world) intercept(forged func(q *keytrans.UpdateRequest) []byte) (done *bool) {
	done = new(bool)
	w.dir.Before = func(op string, body []byte) *clienttest.Answer {
		if op != "update" || *done {
			return nil
		}
		q, err := keytrans.ParseUpdateRequest(body)
		if err != nil {
			return nil
		}
		b := forged(q)
		if b == nil {
			return nil
		}
		*done = true
		return &clienttest.Answer{Status: 200, Type: "application/octet-stream", Body: b}
	}
	return done
}

// honest requires that, without the one on the way, the owner finds all well.
func (w *world) honest(t *testing.T, version uint32) {
	t.Helper()
	w.dir.Before = nil
	w.dir.Clock.Add(time.Minute)
	w.dir.Insert()
	report := w.report(alice, client.RoleOwner)
	if report.Kind() != 0 || report.Version == nil || *report.Version != version {
		t.Errorf("afterwards: %v, version %v", report.Verdict, report.Version)
	}
}

// TestForgedVersion makes up a version that the directory never had. The owner
// must not be alarmed by it, nor believe it.
func TestForgedVersion(t *testing.T) {
	w, start := forgedWorld(t)
	done := w.intercept(func(q *keytrans.UpdateRequest) []byte {
		return forge(w.dir, q, start, [][]byte{keys("z")}, 1)
	})
	report := w.report(alice, client.RoleOwner)
	if !*done {
		t.Fatal("nothing was forged")
	}
	if report.Kind() != client.Undecided || report.Evidence != "" || len(report.Unexpected) > 0 {
		t.Errorf("with a forged version: %v, evidence %q, unexpected %v", report.Verdict, report.Evidence, report.Unexpected)
	}
	w.honest(t, 3)
}

// TestForgedPosition tells of a real version in an entry before it was there.
// That must not become an accusation of the directory.
func TestForgedPosition(t *testing.T) {
	w, start := forgedWorld(t)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("real")}})
	if _, err := w.c.Lookup(bg, alice, nil); err != nil { // the view is the latest
		t.Fatal(err)
	}
	done := w.intercept(func(q *keytrans.UpdateRequest) []byte {
		return forge(w.dir, q, start, [][]byte{keys("real")}, 1)
	})
	report := w.report(alice, client.RoleOwner)
	if !*done {
		t.Fatal("nothing was forged")
	}
	if report.Kind() != client.Undecided || report.Evidence != "" {
		t.Errorf("with a forged position: %v, evidence %q", report.Verdict, report.Evidence)
	}
}

// TestForgedPublication swallows an update and says that it was carried out.
func TestForgedPublication(t *testing.T) {
	w, start := forgedWorld(t)
	if _, err := w.c.Lookup(bg, alice, nil); err != nil { // the view is the latest
		t.Fatal(err)
	}
	done := w.intercept(func(q *keytrans.UpdateRequest) []byte {
		if len(q.Values) == 0 {
			return nil
		}
		return forge(w.dir, q, start, nil, 1)
	})
	_, err := w.c.Publish(bg, alice, keys("new"), client.PublishOptions{})
	if !*done {
		t.Fatal("nothing was forged")
	}
	wantKind(t, err, client.Undecided, "confirming")
	w.dir.Before = nil
	p := w.publish(alice, keys("new"))
	if !p.Published || *p.Version != 4 {
		t.Fatalf("published again: %+v", p)
	}
	w.honest(t, 4)
}

// TestSwappedKey has the directory itself replace the key of a version that was
// verified before: its owner and its contacts find the contradiction.
func TestSwappedKey(t *testing.T) {
	w := newWorld(t)
	w.settle()
	w.publish(alice, keys("a"))
	w.settle()
	w.dir.Remove(alice)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("x")}})
	w.settle()
	_, err := w.c.Lookup(bg, alice, nil)
	wantKind(t, err, client.Misbehaved, "the commitment to version 0 changed")
	report := w.report(alice, client.RoleOwner)
	if report.Kind() != client.Misbehaved || report.Evidence == "" {
		t.Errorf("the owner's watch: %v, evidence %q", report.Verdict, report.Evidence)
	}
}

// TestSwappedKeyOfContact does the same to a contact, whose second search would
// not have to be monitored.
func TestSwappedKeyOfContact(t *testing.T) {
	w := newWorld(t)
	w.settle()
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
	version := uint32(0)
	if _, err := w.c.Lookup(bg, alice, &version); err != nil {
		t.Fatal(err)
	}
	w.dir.Remove(alice)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("x")}})
	w.dir.Tick(12, clienttest.Window/2)
	_, err := w.c.Lookup(bg, alice, &version)
	wantKind(t, err, client.Misbehaved, "the commitment to version 0 changed")
}

// TestDeniedAtOnce has the directory insert a version and deny it to the owner,
// before a distinguished entry holds it: owner monitoring does not come there,
// and still the owner must not be told that there is none.
func TestDeniedAtOnce(t *testing.T) {
	w := newWorld(t)
	w.settle()
	w.publish(alice, keys("a"))
	w.settle()
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("ax")}})
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if op != "update" {
			return nil
		}
		return clienttest.Problem(http.StatusConflict, "conflict", "greatest_version", "nothing new")
	}
	report := w.report(alice, client.RoleOwner)
	if report.Kind() != client.Attention {
		t.Errorf("with a denied version: %v", report.Verdict)
	}
}
