package pebblestore

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ghostlight-kt/ghostlight/directory"
)

var _ directory.Compactor = (*Store)(nil)

// Compact implements directory.Compactor: it rewrites the tables that have keys
// in the range. What was removed can still be in the write-ahead log, whose files
// are used again for later commits: it is gone for certain after some 100 MiB of
// these, or after the store was closed and opened.
//
// One Compact runs at a time. Close waits for it.
func (s *Store) Compact(ctx context.Context, lo, hi []byte) error {
	s.compactMu.Lock()
	defer s.compactMu.Unlock()
	if _, err := s.treeSize(); err != nil {
		return err
	}
	lo = callers(lo)
	if bytes.Compare(lo, hi) >= 0 {
		return nil
	}
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	for _, closed := range s.old() {
		select {
		case <-closed:
		case <-patience.C:
			return directory.ErrSnapshot
		case <-ctx.Done():
			return ctx.Err()
		case <-s.guard.Stopped():
			return s.guard.Err()
		}
	}
	if err := s.touch(lo, hi); err != nil {
		return err
	}
	err := s.guard.Run(func() error {
		if err := s.db.Compact(ctx, lo, hi, false); err != nil {
			return err
		}
		s.awaitDeletions(ctx)
		return nil
	})
	if err != nil {
		return fmt.Errorf("compacting: %w", err)
	}
	return nil
}

// touch writes both ends of a range as they are. Pebble moves a table to a lower
// level without rewriting it if nothing there overlaps, also one that was written
// while a snapshot could see a value, and has both that and its deletion. With a
// table above it that spans the range, it has to merge the two.
func (s *Store) touch(keys ...[]byte) error {
	s.commitMu.Lock()
	defer s.commitMu.Unlock()
	return s.guard.Run(func() error {
		b := s.db.NewBatch()
		for _, key := range keys {
			value, err := get(s.db, key)
			if err == nil && value == nil {
				err = b.Delete(key, nil)
			} else if err == nil {
				err = b.Set(key, value, nil)
			}
			if err != nil {
				return err
			}
		}
		if err := s.db.Apply(b, pebble.Sync); err != nil {
			s.guard.Stop(err)
			return err
		}
		return b.Close()
	})
}

// awaitDeletions waits until Pebble has deleted the tables that are no longer
// needed, which it does in the background. While others write, there may always
// be some: it does not wait long.
func (s *Store) awaitDeletions(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		m := s.db.Metrics().Table
		if m.ObsoleteCount == 0 && m.ZombieCount == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// old returns what is closed when the views are that were current before the
// present one: what these can see is not removed.
func (s *Store) old() []<-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []<-chan struct{}
	for v := range s.open {
		if v != s.current {
			out = append(out, v.closed)
		}
	}
	return out
}
