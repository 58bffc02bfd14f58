package web

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

func (u *user) absent(label string, version *uint32) *keytrans.AbsenceResult {
	u.t.Helper()
	q := &keytrans.AbsenceRequest{Last: u.view.Last(), Label: []byte(label), Version: version}
	p, err := keytrans.ParseAbsenceResponse(u.verifier.Configuration(), u.answer("absence", q))
	fatalIfErr(u.t, err)
	r, err := u.verifier.Absence(u.view, q, p, u.now())
	fatalIfErr(u.t, err)
	u.view = r.View
	return r
}

func (u *user) batch(queries ...keytrans.BatchQuery) []keytrans.BatchResult {
	u.t.Helper()
	q := &keytrans.BatchRequest{Last: u.view.Last(), Queries: queries}
	answers, err := keytrans.ParseBatchAnswers(u.verifier.Configuration(), q, u.answer("batch", q))
	fatalIfErr(u.t, err)
	results, err := u.verifier.Batch(u.view, q, answers, u.now())
	fatalIfErr(u.t, err)
	return results
}

func query(label string, version *uint32) keytrans.BatchQuery {
	return keytrans.BatchQuery{Label: []byte(label), Version: version}
}

// TestExtensions proves what is absent, alone and in a batch, to a newcomer and
// to one who knows the log.
func TestExtensions(t *testing.T) { goThroughExtensions(t, newWorld(t, nil)) }

func goThroughExtensions(t *testing.T, w *world) {
	t.Helper()
	w.advance(2 * window)
	w.publish("alice", nil, "one", "two")
	u := newUser(w)
	for range 2 {
		if r := u.absent("nobody", nil); r.Greatest != nil {
			t.Errorf("%+v", r)
		}
		if r := u.absent("alice", ptr(uint32(2))); *r.Greatest != 1 {
			t.Errorf("%+v", r)
		}
		results := u.batch(query("alice", nil), query("nobody", nil), query("alice", ptr(uint32(0))), query("alice", ptr(uint32(7))), query("", nil))
		if len(results) != 5 || string(results[0].Search.Value.Value) != "two" || results[1].Absence.Greatest != nil ||
			string(results[2].Search.Value.Value) != "one" || *results[3].Absence.Greatest != 1 || results[4].Kind != keytrans.AnswerRefused {
			t.Errorf("%+v", results)
		}
		w.advance(time.Second)
		w.publish("somebody", nil, "x")
		w.publish("somebody else", nil, "x")
		u.view = &keytrans.View{}
	}
}

// TestBatchOfOneState has the directory go on in the midst of a batch.
func TestBatchOfOneState(t *testing.T) {
	w := newWorld(t, nil)
	w.publish("alice", nil, "one")
	w.publish("bob", nil, "one")
	var reads atomic.Int64
	w.store.onGet.Store(ptr(func() error {
		if reads.Add(1) == 3 {
			w.store.onGet.Store(nil)
			w.publish("bob", ptr(uint32(0)), "two")
			w.publish("nobody", nil, "not yet")
		}
		return nil
	}))
	results := newUser(w).batch(query("alice", nil), query("bob", nil), query("nobody", nil))
	if reads.Load() < 3 || results[1].Search.Version != 0 || results[2].Absence == nil {
		t.Errorf("%d reads, %+v", reads.Load(), results)
	}
	if r := newUser(w).search("bob", nil); r.Version != 1 {
		t.Error("nothing was published in between")
	}
}

// TestLargeBatch asks for more bytes than one answer has: what is missing can be
// asked for again.
func TestLargeBatch(t *testing.T) {
	w := newWorld(t, nil)
	var queries []keytrans.BatchQuery
	for i := range 30 {
		label := fmt.Sprint("label", i)
		w.publish(label, nil, string(bytes.Repeat([]byte{byte(i)}, 100_000)))
		queries = append(queries, query(label, nil))
	}
	u := newUser(w)
	rounds := 0
	for done := 0; done < len(queries); rounds++ {
		results := u.batch(queries[done:]...)
		for _, r := range results {
			if r.Search.Value.Value[0] != byte(done) {
				t.Fatalf("value %d is that of %d", done, r.Search.Value.Value[0])
			}
			done++
			u.view = r.Search.View
		}
	}
	if rounds != 3 {
		t.Errorf("%d rounds", rounds)
	}
	one := newUser(w)
	most := make([]keytrans.BatchQuery, keytrans.MaxBatch)
	for i := range most {
		most[i] = query(fmt.Sprintf("%0255d", i), ptr(uint32(i)))
	}
	if results := one.batch(most...); len(results) != len(most) {
		t.Errorf("%d answers to the largest request", len(results))
	}
}

// TestBatchesInFlight fills the directory with batches that do not end.
func TestBatchesInFlight(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *directory.Config) { c.MaxInFlight = 2 * batchShare })
	w.publish("alice", nil, "x")
	release, arrived := make(chan struct{}), make(chan struct{}, 100)
	w.store.onGet.Store(ptr(func() error {
		arrived <- struct{}{}
		<-release
		return nil
	}))
	body := encode(t, &keytrans.BatchRequest{Queries: []keytrans.BatchQuery{query("alice", nil)}})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if rec := w.post("/v1/batch", body); rec.Code != 200 {
				t.Errorf("status %d: %s", rec.Code, rec.Body)
			}
		})
		<-arrived
	}
	if n := len(w.server.batches); n != 2 { // before one more waits with them
		close(release)
		t.Fatalf("%d batches in flight", n)
	}
	wantProblem(t, w.post("/v1/batch", body), 503, ProblemOverloaded, "")
	w.store.onGet.Store(nil)
	w.answer("search", &keytrans.SearchRequest{Label: []byte("alice")}) // which finds room
	close(release)
	wg.Wait()
	w.answer("batch", &keytrans.BatchRequest{Queries: []keytrans.BatchQuery{query("alice", nil)}})
}

// TestSlowBatch has a batch take longer than a request may.
func TestSlowBatch(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *directory.Config) { c.Timeout = 50 * time.Millisecond })
	w.publish("alice", nil, "x")
	w.store.onGet.Store(ptr(func() error {
		w.store.onGet.Store(nil)
		time.Sleep(60 * time.Millisecond) // until the deadline has passed
		return nil
	}))
	q := &keytrans.BatchRequest{Queries: []keytrans.BatchQuery{query("alice", nil), query("alice", nil)}}
	wantProblem(t, w.post("/v1/batch", encode(t, q)), 503, ProblemUnavailable, "")
	w.answer("batch", q)
}
