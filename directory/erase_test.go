package directory_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// TestErase erases one version of several, then all: searches for others,
// monitoring of owners and contacts, and taking a label over go on.
func TestErase(t *testing.T) {
	f := newFixture(t, nil)
	owner := f.owner(t, "alice") // starts before there is a version
	var greatest *uint32
	for i := range 5 {
		fatalIfErr(t, f.update("alice", fmt.Sprint(i), greatest))
		greatest = ptr(uint32(i))
	}
	fatalIfErr(t, f.update("bob", "uno", nil))
	fatalIfErr(t, owner())
	contact := f.contact("alice")
	fatalIfErr(t, contact())
	size := f.size(t)

	done, err := f.Erase(t.Context(), []byte("alice"), ptr(uint32(1)))
	fatalIfErr(t, err)
	if done != (directory.Erased{Versions: 1, Compacted: true}) {
		t.Errorf("erased %+v", done)
	}
	if f.size(t) != size {
		t.Error("to erase made an epoch")
	}
	expectVersions := func(erased func(v uint32) bool) {
		t.Helper()
		for v := range uint32(5) {
			r, err := f.search(&keytrans.View{}, "alice", &v)
			switch {
			case erased(v) && !errors.Is(err, directory.ErrErased):
				t.Errorf("version %d, erased: %v", v, err)
			case !erased(v) && (err != nil || string(r.Value.Value) != fmt.Sprint(v)):
				t.Errorf("version %d: %v", v, err)
			}
		}
	}
	expectVersions(func(v uint32) bool { return v == 1 })
	f.expectValue(t, "alice", 4, "4")
	f.expectValue(t, "bob", 0, "uno")
	fatalIfErr(t, owner())
	fatalIfErr(t, contact())

	seen, err := f.search(&keytrans.View{}, "alice", nil)
	fatalIfErr(t, err)
	seer, err := (&keytrans.Contact{}).Observe(seen)
	fatalIfErr(t, err)

	done, err = f.Erase(t.Context(), []byte("alice"), nil)
	fatalIfErr(t, err)
	if done.Versions != 4 || done.Before != 1 {
		t.Errorf("erased all: %+v", done)
	}
	expectVersions(func(uint32) bool { return true })
	if _, _, err := f.Greatest(t.Context(), []byte("alice")); !errors.Is(err, directory.ErrErased) {
		t.Errorf("greatest version: %v", err)
	}
	f.expectValue(t, "bob", 0, "uno")
	fatalIfErr(t, owner())
	q := &keytrans.ContactMonitorRequest{Last: seen.View.Last(), Label: []byte("alice"), Entries: seer.Map}
	p, err := f.ContactMonitor(t.Context(), q)
	fatalIfErr(t, err)
	_, err = f.verifier.ContactMonitor(seen.View, seer, q, p, time.Now())
	fatalIfErr(t, err)
	// An owner who starts after the erased versions needs none of them.
	last := uint32(0)
	waitFor(t, func() bool {
		fatalIfErr(t, f.update("bob", fmt.Sprint(last+1), ptr(last)))
		last++
		head, err := f.Head()
		fatalIfErr(t, err)
		return *head.Distinguished >= size
	})
	late := f.owner(t, "alice")

	// New versions are what they always were.
	fatalIfErr(t, f.update("alice", "5", greatest))
	f.expectValue(t, "alice", 5, "5")
	fatalIfErr(t, late())
}

// TestEraseUpdate: an owner who has not been told of an erased version is told of
// those before it, and then that it was erased. Owner monitoring does not need it.
func TestEraseUpdate(t *testing.T) {
	f := newFixture(t, nil)
	var greatest *uint32
	for i := range uint32(4) {
		fatalIfErr(t, f.update("alice", "value", greatest))
		greatest = ptr(i)
	}
	_, err := f.Erase(t.Context(), []byte("alice"), ptr(uint32(2)))
	fatalIfErr(t, err)
	ask := func(greatest *uint32) (int, error) {
		list, err := f.Update(t.Context(), directory.Credential{}, &keytrans.UpdateRequest{Label: []byte("alice"), GreatestVersion: greatest})
		return len(list), err
	}
	for n := 0; n < 2; n++ { // one at a time
		var greatest *uint32
		if n > 0 {
			greatest = ptr(uint32(n - 1))
		}
		if told, err := ask(greatest); err != nil || told != 1 {
			t.Errorf("after %d: %d responses, %v", n, told, err)
		}
	}
	if _, err := ask(ptr(uint32(1))); !errors.Is(err, directory.ErrErased) {
		t.Errorf("the erased version: %v", err)
	}
	if told, err := ask(ptr(uint32(2))); err != nil || told != 1 {
		t.Errorf("after the erased version: %d responses, %v", told, err)
	}
	q := &keytrans.OwnerMonitorRequest{Label: []byte("alice"), Start: 0, GreatestVersion: ptr(uint32(1))}
	if _, err := f.OwnerMonitor(t.Context(), q); err != nil {
		t.Errorf("owner monitoring: %v", err)
	}
}

func TestEraseErrors(t *testing.T) {
	f := newFixture(t, nil)
	fatalIfErr(t, f.update("alice", "one", nil))
	for name, c := range map[string]struct {
		label   string
		version *uint32
		want    error
	}{
		"no label":       {"", nil, keytrans.ErrRequest},
		"long label":     {string(make([]byte, 256)), nil, keytrans.ErrRequest},
		"unknown":        {"nobody", nil, directory.ErrUnknownLabel},
		"no version":     {"alice", ptr(uint32(1)), keytrans.ErrNoVersion},
		"no version yet": {"alice", ptr(uint32(1<<32 - 1)), keytrans.ErrNoVersion},
	} {
		if done, err := f.Erase(t.Context(), []byte(c.label), c.version); !errors.Is(err, c.want) || done.Versions > 0 {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
	}
	f.expectValue(t, "alice", 0, "one")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Erase(ctx, []byte("alice"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	f.Close()
	if _, err := f.Erase(t.Context(), []byte("alice"), nil); !errors.Is(err, directory.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestEraseFails: a commit that fails is told of, and erasing can be repeated.
func TestEraseFails(t *testing.T) {
	for _, applied := range []bool{false, true} {
		f, store := newFaulty(t)
		store.applied.Store(applied)
		store.failing.Store(1)
		if _, err := f.Erase(t.Context(), []byte("alice"), nil); !errors.Is(err, errDisk) {
			t.Fatalf("applied %v: %v", applied, err)
		}
		done, err := f.Erase(t.Context(), []byte("alice"), nil)
		fatalIfErr(t, err)
		// The present state is the one from before, until the next epoch.
		if done.Versions+done.Before != 1 {
			t.Errorf("applied %v: %+v", applied, done)
		}
		if _, err := f.search(&keytrans.View{}, "alice", nil); !errors.Is(err, directory.ErrErased) {
			t.Errorf("applied %v: %v", applied, err)
		}
		fatalIfErr(t, f.update("alice", "two", ptr(uint32(0))))
		f.expectValue(t, "alice", 1, "two")
	}
}

// TestEraseFiles erases in more than one step, and what was erased is in
// no file once the store was closed.
func TestEraseFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	store := openStore(t, dir)
	f := open(t, testConfig(t, store))
	value := make([]byte, 300)
	_, _ = rand.Read(value)
	const versions = 600
	var greatest *uint32
	for n := 0; n < versions; n += 150 {
		u := directory.NewVersions{Label: []byte("alice"), Greatest: greatest, Identity: directory.TokenIdentity(alice.Token)}
		for i := range 150 {
			u.Values = append(u.Values, append(fmt.Append(nil, n+i), value...))
		}
		outcomes, err := f.Insert(t.Context(), []directory.NewVersions{u})
		fatalIfErr(t, errors.Join(append(outcomes, err)...))
		greatest = ptr(uint32(n + 149))
	}
	contains := func() (names []string) {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		fatalIfErr(t, err)
		for _, name := range files {
			data, err := os.ReadFile(name)
			if errors.Is(err, os.ErrNotExist) {
				continue // the store has just deleted it
			}
			fatalIfErr(t, err)
			if bytes.Contains(data, value) {
				names = append(names, name)
			}
		}
		return names
	}
	if len(contains()) == 0 {
		t.Fatal("the value does not stand in files as it is; the test means nothing")
	}
	done, err := f.Erase(t.Context(), []byte("alice"), nil)
	fatalIfErr(t, err)
	if done.Versions != versions || !done.Compacted {
		t.Errorf("erased %+v", done)
	}
	f.Close()
	fatalIfErr(t, store.Close())
	store = openStore(t, dir)
	f = open(t, testConfig(t, store))
	waitFor(t, func() bool { return len(contains()) == 0 }) // the store deletes old files in the background
	if _, err := f.search(&keytrans.View{}, "alice", ptr(uint32(versions/2))); !errors.Is(err, directory.ErrErased) {
		t.Errorf("after a restart: %v", err)
	}
	f.Close()
	fatalIfErr(t, store.Close())
}

// TestHeartbeatsGoOn: tasks without end do not keep the sequencer from making
// heartbeats.
func TestHeartbeatsGoOn(t *testing.T) {
	f := newFixture(t, func(c *directory.Config) { c.Heartbeat = 5 * time.Millisecond })
	fatalIfErr(t, f.update("alice", "one", nil))
	size := f.size(t)
	waitFor(t, func() bool {
		_, err := f.Erase(t.Context(), []byte("alice"), nil)
		fatalIfErr(t, err)
		return f.size(t) > size+5
	})
}
