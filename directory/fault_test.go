package directory_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

var errDisk = errors.New("the disk is on fire")

// faultyStore fails commits on demand.
type faultyStore struct {
	directory.Store
	applied    atomic.Bool // the failing commit takes effect all the same
	failing    atomic.Int32
	noSnapshot atomic.Bool // from the next failure on, snapshots fail, too
	broken     atomic.Bool
}

func (s *faultyStore) Commit(b *directory.Batch) error {
	if s.failing.Add(-1) < 0 {
		return s.Store.Commit(b)
	}
	s.broken.Store(s.noSnapshot.Load())
	if s.applied.Load() {
		if err := s.Store.Commit(b); err != nil {
			return err
		}
	}
	return errDisk
}

func (s *faultyStore) Snapshot() (directory.Snapshot, error) {
	if s.broken.Load() {
		return nil, errDisk
	}
	return s.Store.Snapshot()
}

func newFaulty(t *testing.T) (*fixture, *faultyStore) {
	store := &faultyStore{}
	f := newFixture(t, func(c *directory.Config) {
		store.Store = c.Store
		c.Store = store
	})
	fatalIfErr(t, f.update("alice", "one", nil))
	return f, store
}

// TestCommitNotApplied: the caller is told of the failure, nothing is there,
// and the directory goes on.
func TestCommitNotApplied(t *testing.T) {
	f, store := newFaulty(t)
	size := f.size(t)
	store.failing.Store(1)
	if err := f.update("alice", "two", ptr(uint32(0))); !errors.Is(err, errDisk) {
		t.Fatalf("failed commit: %v", err)
	}
	if f.size(t) != size {
		t.Fatal("a failed epoch was published")
	}
	f.expectValue(t, "alice", 0, "one")
	fatalIfErr(t, f.update("alice", "two", ptr(uint32(0))))
	f.expectValue(t, "alice", 1, "two")
}

// TestCommitApplied: the store says that it failed, but it did not. The
// directory finds the epoch and answers as if nothing had happened.
func TestCommitApplied(t *testing.T) {
	f, store := newFaulty(t)
	store.applied.Store(true)
	store.failing.Store(1)
	fatalIfErr(t, f.update("alice", "two", ptr(uint32(0))))
	f.expectValue(t, "alice", 1, "two")
	fatalIfErr(t, f.update("alice", "three", ptr(uint32(1))))
	f.expectValue(t, "alice", 2, "three")
}

// TestCommitUnsettled: nobody can tell whether the commit took effect. The
// directory stops writing and goes on answering.
func TestCommitUnsettled(t *testing.T) {
	f, store := newFaulty(t)
	store.noSnapshot.Store(true)
	store.failing.Store(1)
	if err := f.update("alice", "two", ptr(uint32(0))); !errors.Is(err, directory.ErrFailed) {
		t.Fatalf("unsettled commit: %v", err)
	}
	waitFor(t, func() bool { return f.Err() != nil })
	if err := f.update("alice", "two", ptr(uint32(0))); !errors.Is(err, directory.ErrFailed) {
		t.Fatalf("update of a stopped directory: %v", err)
	}
	f.expectValue(t, "alice", 0, "one")
}

// TestCommitConflict: somebody else wrote to the store.
func TestCommitConflict(t *testing.T) {
	f, store := newFaulty(t)
	size := f.size(t)
	fatalIfErr(t, store.Store.Commit(&directory.Batch{Base: size, Size: size + 1}))
	err := f.update("alice", "two", ptr(uint32(0)))
	if !errors.Is(err, directory.ErrFailed) || !errors.Is(err, directory.ErrConflict) {
		t.Fatalf("conflicting commit: %v", err)
	}
	f.expectValue(t, "alice", 0, "one")
}

// TestHeartbeatFails: a heartbeat that cannot be committed is tried again.
func TestHeartbeatFails(t *testing.T) {
	store := &faultyStore{}
	f := newFixture(t, func(c *directory.Config) {
		store.Store = c.Store
		c.Store = store
		c.Heartbeat = 1e6 // 1 ms
	})
	store.failing.Store(3)
	waitFor(t, func() bool { return store.failing.Load() < 0 })
	size := f.size(t)
	waitFor(t, func() bool { return f.size(t) > size })
	fatalIfErr(t, f.Err())
}

// TestErased: what was deleted is not served, everything else still is.
func TestErased(t *testing.T) {
	dir := t.TempDir()
	store := openStore(t, dir)
	f := open(t, testConfig(t, store))
	fatalIfErr(t, f.update("alice", "one", nil))
	fatalIfErr(t, f.update("alice", "two", ptr(uint32(0))))
	size := f.size(t)
	f.Close()
	// The record without its deletable part, as records.go describes it.
	key := append([]byte("v\x05alice"), 0, 0, 0, 0)
	snap, err := store.Snapshot()
	fatalIfErr(t, err)
	record, err := snap.Get(key)
	fatalIfErr(t, err)
	fatalIfErr(t, snap.Close())
	batch := &directory.Batch{Base: size, Size: size}
	fatalIfErr(t, batch.Set(key, record[:72]))
	fatalIfErr(t, store.Commit(batch))

	f = open(t, testConfig(t, store))
	defer func() {
		f.Close()
		fatalIfErr(t, store.Close())
	}()
	if _, err := f.search(&keytrans.View{}, "alice", ptr(uint32(0))); !errors.Is(err, directory.ErrErased) {
		t.Fatalf("erased version: %v", err)
	}
	f.expectValue(t, "alice", 1, "two")
	if _, _, err := f.Greatest(context.Background(), []byte("nobody")); !errors.Is(err, directory.ErrUnknownLabel) {
		t.Fatal(err)
	}
}
