package directory_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// TestHotLabel runs searchers, contacts and owners against a writer on one
// label. Every answer must come from one state of the directory: not one may
// fail or not verify.
func TestHotLabel(t *testing.T) {
	f := newFixture(t, nil)
	fatalIfErr(t, f.update("hot", "0", nil))
	time.Sleep(60 * time.Millisecond) // beyond the monitoring window

	var stop atomic.Bool
	var answers atomic.Int64
	var wg sync.WaitGroup
	run := func(name string, round func() error) {
		wg.Go(func() {
			for !stop.Load() {
				if err := round(); err != nil {
					t.Errorf("%s: %v", name, err)
					stop.Store(true)
					return
				}
				answers.Add(1)
			}
		})
	}
	version := uint32(0)
	run("writer", func() error {
		err := f.update("hot", fmt.Sprint(version+1), &version)
		version++
		return err
	})
	for range 2 {
		run("stranger", func() error {
			r, err := f.search(&keytrans.View{}, "hot", nil)
			if err == nil && string(r.Value.Value) != fmt.Sprint(r.Version) {
				err = fmt.Errorf("version %d is %q", r.Version, r.Value.Value)
			}
			return err
		})
		run("contact", f.contact("hot"))
		run("owner", f.owner(t, "hot"))
	}
	run("batch", f.batch("hot", "nobody"))
	time.Sleep(4 * time.Second)
	stop.Store(true)
	wg.Wait()
	t.Logf("%d answers verified, %d versions, %d log entries", answers.Load(), version, f.size(t))
	if version < 20 || answers.Load() < 100 {
		t.Fatal("too little happened to call it a race")
	}
}

// contact returns the round of a user who searches with a retained view, for
// the greatest and for older versions, and monitors what it found.
func (f *fixture) contact(label string) func() error {
	view, contact := &keytrans.View{}, &keytrans.Contact{}
	ctx := context.Background()
	return func() error {
		r, err := f.search(view, label, nil)
		if err != nil {
			return err
		}
		if contact, err = contact.Observe(r); err != nil {
			return err
		}
		view = r.View
		if r, err = f.search(view, label, ptr(r.Version/2)); err != nil {
			return fmt.Errorf("fixed version: %w", err)
		}
		view = r.View
		q := &keytrans.ContactMonitorRequest{Last: view.Last(), Label: []byte(label), Entries: contact.Map}
		p, err := f.ContactMonitor(ctx, q)
		if err != nil {
			return fmt.Errorf("monitoring: %w", err)
		}
		m, err := f.verifier.ContactMonitor(view, contact, q, p, time.Now())
		if err != nil {
			return fmt.Errorf("monitoring: %w", err)
		}
		view, contact = m.View, m.Contact
		return nil
	}
}

// owner returns the round of an owner who processes new versions and monitors.
func (f *fixture) owner(t *testing.T, label string) func() error {
	ctx := context.Background()
	head, err := f.Head()
	fatalIfErr(t, err)
	if head.Distinguished == nil {
		t.Fatal("no distinguished entry")
	}
	q := &keytrans.OwnerInitRequest{Label: []byte(label), Start: *head.Distinguished}
	p, err := f.OwnerInit(ctx, q)
	fatalIfErr(t, err)
	r, err := f.verifier.OwnerInit(&keytrans.View{}, q, p, time.Now())
	fatalIfErr(t, err)
	view, owner := r.View, r.Owner
	return func() error {
		q := &keytrans.UpdateRequest{Last: view.Last(), Label: []byte(label), GreatestVersion: owner.Greatest()}
		ps, err := f.Update(ctx, directory.Credential{}, q)
		if err != nil && !errors.Is(err, directory.ErrGreatestVersion) {
			return fmt.Errorf("update: %w", err)
		}
		for _, p := range ps {
			u, err := f.verifier.Update(view, owner, q, p, time.Now())
			if err != nil {
				return fmt.Errorf("update: %w", err)
			}
			if got := string(u.Values[0].Value); got != fmt.Sprint(u.First) {
				return fmt.Errorf("version %d is %q", u.First, got)
			}
			view, owner, q = u.View, u.Owner, u.Next(q)
		}
		for {
			m, err := f.OwnerMonitor(ctx, owner.OwnerMonitorRequest(view, []byte(label)))
			if err != nil {
				return fmt.Errorf("owner monitoring: %w", err)
			}
			r, err := f.verifier.OwnerMonitor(view, owner, m, time.Now())
			if err != nil {
				return fmt.Errorf("owner monitoring: %w", err)
			}
			view, owner = r.View, r.Owner
			if r.Complete || len(m.Monitor.PrefixProofs) == 0 {
				return nil
			}
		}
	}
}
