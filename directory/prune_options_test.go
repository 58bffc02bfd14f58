package directory_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// TestPruneOptions: what may not go stays.
func TestPruneOptions(t *testing.T) {
	forever := newAging(t, func(c *directory.Config) { c.Configuration.MaximumLifetime = nil })
	if _, err := forever.Prune(t.Context(), directory.PruneOptions{}, nil); !errors.Is(err, directory.ErrNoLifetime) {
		t.Errorf("without a lifetime: %v", err)
	}
	a := newAging(t, nil)
	a.grow(t, 150)
	if done := a.prune(t, directory.PruneOptions{PublicLog: true}); done.Versions != 0 || done.Entries != 0 || done.Removed != 0 {
		t.Errorf("before anything expires: %+v", done)
	}
	a.grow(t, 450)
	for _, c := range []struct {
		name              string
		opts              directory.PruneOptions
		versions, entries uint64
	}{
		{"kept for an hour more", directory.PruneOptions{PublicLog: true, Keep: time.Hour}, 0, 0},
		{"kept for ever", directory.PruneOptions{PublicLog: true, Keep: 1<<63 - 1}, 0, 0},
		{"kept for longer", directory.PruneOptions{PublicLog: true, Keep: 100 * time.Second}, 301, 0},
		{"no checkpoint", directory.PruneOptions{PublicLog: true}, 401, 0},
	} {
		if done := a.prune(t, c.opts); done.Versions != c.versions || done.Entries != c.entries {
			t.Errorf("%s: %+v, want %d and %d", c.name, done, c.versions, c.entries)
		}
	}
	a.serve(t)
	a.grow(t, 300) // which the checkpoint does not have
	if done := a.prune(t, directory.PruneOptions{PublicLog: true}); done.Versions != 701 || done.Entries != 512 {
		t.Errorf("a checkpoint of 601 entries: %+v", done)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Prune(ctx, directory.PruneOptions{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	a.Close()
	if _, err := a.Prune(t.Context(), directory.PruneOptions{}, nil); !errors.Is(err, directory.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestPrunedFields: what is refused names the field that is too old.
func TestPrunedFields(t *testing.T) {
	a := newAging(t, nil)
	a.grow(t, 700)
	a.serve(t)
	a.prune(t, directory.PruneOptions{PublicLog: true})
	ctx, label, old := t.Context(), []byte("always"), ptr(uint64(255))
	_, search := a.Search(ctx, &keytrans.SearchRequest{Last: old, Label: label})
	_, contactLast := a.ContactMonitor(ctx, &keytrans.ContactMonitorRequest{Last: old, Label: label})
	_, contact := a.ContactMonitor(ctx, &keytrans.ContactMonitorRequest{Label: label, Entries: []keytrans.MonitorMapEntry{{Position: 13, Version: 11}}})
	_, initLast := a.OwnerInit(ctx, &keytrans.OwnerInitRequest{Last: old, Label: label, Start: 600})
	_, init := a.OwnerInit(ctx, &keytrans.OwnerInitRequest{Label: label, Start: 3})
	_, monitorLast := a.OwnerMonitor(ctx, &keytrans.OwnerMonitorRequest{Last: old, Label: label, Start: 600, GreatestVersion: ptr(uint32(599))})
	_, monitor := a.OwnerMonitor(ctx, &keytrans.OwnerMonitorRequest{Label: label, Start: 3, GreatestVersion: ptr(uint32(599))})
	_, updateLast := a.Update(ctx, directory.Credential{}, &keytrans.UpdateRequest{Last: old, Label: label, GreatestVersion: ptr(uint32(5))})
	_, update := a.Update(ctx, directory.Credential{}, &keytrans.UpdateRequest{Label: label, GreatestVersion: ptr(uint32(5))})
	_, write := a.Update(ctx, alice, &keytrans.UpdateRequest{Last: old, Label: label, GreatestVersion: ptr(uint32(a.versions["always"] - 1)), Values: [][]byte{{1}}})
	_, absence := a.Absence(ctx, &keytrans.AbsenceRequest{Last: old, Label: []byte("nobody")})
	_, batch := a.Batch(ctx, &keytrans.BatchRequest{Last: old, Queries: []keytrans.BatchQuery{{Label: label}}})
	_, distinguished := a.Distinguished(ctx, &keytrans.DistinguishedRequest{Last: old})
	for name, c := range map[string]struct {
		err   error
		field string
	}{
		"search": {search, "last"}, "contact, last": {contactLast, "last"}, "contact": {contact, "entries"},
		"init, last": {initLast, "last"}, "init": {init, "start"}, "monitor, last": {monitorLast, "last"},
		"monitor": {monitor, "start"}, "update, last": {updateLast, "last"}, "update": {update, "greatest_version"},
		"write": {write, "last"}, "distinguished": {distinguished, "last"},
		"absence": {absence, "last"}, "batch": {batch, "last"},
	} {
		if !errors.Is(c.err, directory.ErrPruned) || !errors.Is(c.err, keytrans.ErrRequest) || !bytes.HasPrefix([]byte(c.err.Error()), []byte(c.field+": ")) {
			t.Errorf("%s: %v, want %s", name, c.err, c.field)
		}
	}
	if a.size(t) != 701 {
		t.Error("a refused update made an epoch")
	}
}

// TestPruneWhileServing prunes again and again while epochs are made and readers
// verify what they get.
func TestPruneWhileServing(t *testing.T) {
	a := newAging(t, nil)
	a.grow(t, 450)
	a.serve(t)
	var stop atomic.Bool
	var wg sync.WaitGroup
	var lookups atomic.Int64
	for range 2 {
		wg.Go(func() {
			view := &keytrans.View{}
			for !stop.Load() {
				q := &keytrans.SearchRequest{Last: view.Last(), Label: []byte("seldom"), Version: ptr(uint32(2))}
				p, err := a.Search(context.Background(), q)
				if errors.Is(err, keytrans.ErrVersionExpired) {
					q.Version = nil
					p, err = a.Search(context.Background(), q)
				}
				if err != nil {
					t.Errorf("while pruning: %v", err)
					return
				}
				r, err := a.verifier.Search(view, q, p, a.clock())
				if err != nil {
					t.Errorf("while pruning: %v", err)
					return
				}
				view = r.View
				lookups.Add(1)
			}
		})
	}
	wg.Go(func() {
		defer stop.Store(true)
		for range 30 {
			a.grow(t, 20)
			a.serve(t)
		}
	})
	removed := uint64(0)
	for !stop.Load() {
		done, err := a.Prune(t.Context(), directory.PruneOptions{PublicLog: true}, nil)
		if err != nil {
			t.Errorf("pruning: %v", err)
			break
		}
		removed += done.Removed
	}
	wg.Wait()
	a.verify(t)
	t.Logf("%d lookups, %d records were removed", lookups.Load(), removed)
	if lookups.Load() < 100 || removed < 500 {
		t.Error("too little happened")
	}
}
