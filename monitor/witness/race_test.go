package witness

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// TestRace verifies a request, and has another one win before it is compared.
func TestRace(t *testing.T) {
	w := newWorld(t, 300)
	w.cosigns(w.request(w.log, 0, 100))
	slow, fast := w.request(w.log, 100, 200), w.request(w.log, 100, 300)
	stalled, resume := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	w.w.hook = func(string) error {
		if first.CompareAndSwap(false, true) {
			close(stalled)
			<-resume
		}
		return nil
	}
	answers := make(chan answered)
	go func() { answers <- w.post(slow.Marshal()) }()
	<-stalled
	w.cosigns(fast)
	close(resume)
	if got := <-answers; got.status != http.StatusConflict || got.body != "300\n" {
		t.Errorf("the slow request was answered %+v", got)
	}
	if w.size() != 300 {
		t.Errorf("rolled back to %d", w.size())
	}
}

// TestRacePoll has the witness be asked while it has compared a smaller checkpoint
// that it polled.
func TestRacePoll(t *testing.T) {
	w := newWorld(t, 300)
	w.cosigns(w.request(w.log, 0, 100))
	w.log.Serve(w.log.SignAt(t, 200))
	fast := w.request(w.log, 100, 300)
	stalled, resume := make(chan struct{}), make(chan struct{})
	w.w.hook = func(step string) error {
		if step == "compared" {
			close(stalled)
			<-resume
		}
		return nil
	}
	done := make(chan int)
	go func() { done <- len(w.w.Round(t.Context()).Findings) }()
	<-stalled
	w.cosigns(fast)
	close(resume)
	if found := <-done; found != 0 || w.size() != 300 {
		t.Errorf("%d findings, and a size of %d", found, w.size())
	}
}

// TestRaceStoring stalls the storing of a checkpoint, while others come and what is
// published is read.
func TestRaceStoring(t *testing.T) {
	w := newWorld(t, 300)
	w.cosigns(w.request(w.log, 0, 100))
	before := w.latest()
	first, second := w.request(w.log, 100, 300), w.request(w.log, 100, 200)
	stalled, resume := make(chan struct{}), make(chan struct{})
	w.w.store.hook = func(step string) error {
		if step == "between" {
			close(stalled)
			<-resume
		}
		return nil
	}
	answers, later := make(chan answered), make(chan answered)
	go func() { answers <- w.post(first.Marshal()) }()
	<-stalled
	go func() { later <- w.post(second.Marshal()) }()
	if w.latest() != before {
		t.Error("published before it was stored")
	}
	select {
	case got := <-answers:
		t.Errorf("answered before it was stored: %+v", got)
	case got := <-later:
		t.Errorf("answered while another one was stored: %+v", got)
	default:
	}
	close(resume)
	if got := <-answers; got.status != http.StatusOK {
		t.Errorf("%+v", got)
	}
	if got := <-later; got.status != http.StatusConflict || got.body != "300\n" {
		t.Errorf("%+v", got)
	}
}

// TestMany has many ask at a time, each for a step from the same size and others: the
// witness only ever grows.
func TestMany(t *testing.T) {
	w := newWorld(t, 60)
	var asking sync.WaitGroup
	for old := uint64(0); old < 60; old += 20 {
		for size := old + 1; size <= 60; size += 7 {
			body := w.request(w.log, old, size)
			asking.Go(func() {
				switch got := w.post(body.Marshal()); got.status {
				case http.StatusOK, http.StatusConflict:
				default:
					t.Errorf("%d to %d: %+v", old, size, got)
				}
			})
		}
	}
	last := uint64(0)
	done := make(chan struct{})
	go func() { asking.Wait(); close(done) }()
	for range 50 {
		if size := w.size(); size < last {
			t.Fatalf("%d after %d", size, last)
		} else {
			last = size
		}
	}
	<-done
}
