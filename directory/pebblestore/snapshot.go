package pebblestore

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ghostlight-kt/ghostlight/directory"
)

var errSnapshotClosed = errors.New("the snapshot is closed")

// A view is what the Snapshots between two commits share: a Pebble snapshot and
// idle iterators over it.
type view struct {
	store *Store
	snap  *pebble.Snapshot
	size  uint64
	refs  int // guarded by store.mu

	mu   sync.Mutex
	idle []*iterator // guarded by mu
}

// release gives up one reference. The last one leaves the view to the janitor:
// closing a Pebble snapshot may wait for Pebble to write its manifest, and
// forever if the store stops.
func (v *view) release() {
	s := v.store
	s.mu.Lock()
	defer s.mu.Unlock()
	v.refs--
	if v.refs == 0 {
		delete(s.views, v)
		s.released = append(s.released, v)
		s.idle.wake()
	}
}

// An iterator is a Pebble iterator and the state of the tables when it was made.
type iterator struct {
	*pebble.Iterator
	generation uint64
}

// iterator returns an iterator that is not positioned. Making one costs more
// than positioning it, hence the pool.
func (v *view) iterator() (*iterator, error) {
	v.mu.Lock()
	if n := len(v.idle); n > 0 {
		it := v.idle[n-1]
		v.idle = v.idle[:n-1]
		v.mu.Unlock()
		return it, nil
	}
	v.mu.Unlock()
	generation := v.store.idle.generation.Load()
	it, err := v.snap.NewIter(&pebble.IterOptions{LowerBound: firstKey})
	if err != nil {
		return nil, err
	}
	return &iterator{it, generation}, nil
}

// done takes an iterator back.
func (v *view) done(it *iterator) error {
	if err := it.Error(); err != nil {
		return errors.Join(err, it.Close())
	}
	v.mu.Lock()
	// Under mu: closeIdle is called after the generation has changed.
	if len(v.idle) < v.store.idle.perView && it.generation == v.store.idle.generation.Load() {
		v.idle = append(v.idle, it)
		v.mu.Unlock()
		return nil
	}
	v.mu.Unlock()
	return it.Close()
}

func (v *view) closeIdle() {
	v.mu.Lock()
	idle := v.idle
	v.idle = nil
	v.mu.Unlock()
	for _, it := range idle {
		_ = it.Close() // it had no error when it became idle
	}
}

// An idlePolicy says which iterators may wait for their next use. An iterator
// keeps the tables and memtables of its making from being deleted, so that after
// a flush or a compaction none is kept.
type idlePolicy struct {
	perView    int
	generation atomic.Uint64
	work       chan struct{} // wakes the janitor
}

func newIdlePolicy() *idlePolicy {
	return &idlePolicy{perView: 4 * runtime.GOMAXPROCS(0), work: make(chan struct{}, 1)}
}

// tablesChanged is called by Pebble, which holds locks.
func (p *idlePolicy) tablesChanged() {
	p.generation.Add(1)
	p.wake()
}

func (p *idlePolicy) wake() {
	select {
	case p.work <- struct{}{}:
	default:
	}
}

// janitor closes released views, and idle iterators whenever the tables have
// changed, until the store is closed and no view is left. It hangs if the store
// stops, like all of Pebble.
func (s *Store) janitor() {
	defer close(s.clean)
	generation := s.idle.generation.Load()
	for range s.idle.work {
		s.mu.Lock()
		released := s.released
		s.released = nil
		views := slices.Collect(maps.Keys(s.views))
		closed := s.current == nil
		s.mu.Unlock()
		for _, v := range released {
			v.closeIdle()
			_ = v.snap.Close() // the error is always nil
		}
		if g := s.idle.generation.Load(); g != generation {
			generation = g
			for _, v := range views {
				v.closeIdle()
			}
		}
		if closed && len(views) == 0 {
			return
		}
	}
}

// snapshot is one caller's handle on a view.
type snapshot struct {
	view   *view
	closed atomic.Bool
}

var _ directory.Snapshot = (*snapshot)(nil)

// Get implements prefixtree.Reader.
func (s *snapshot) Get(key []byte) ([]byte, error) {
	if s.closed.Load() {
		return nil, errSnapshotClosed
	}
	if len(key) == 0 || key[0] == 0 {
		return nil, nil
	}
	return get(s.view.snap, key)
}

// get returns a copy of the value of key, nil if there is none.
func get(r pebble.Reader, key []byte) ([]byte, error) {
	value, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return append(make([]byte, 0, len(value)), value...), closer.Close()
}

// Last implements prefixtree.Reader.
func (s *snapshot) Last(lo, hi []byte) (key, value []byte, err error) {
	if s.closed.Load() {
		return nil, nil, errSnapshotClosed
	}
	lo = callers(lo)
	if bytes.Compare(lo, hi) >= 0 {
		return nil, nil, nil
	}
	it, err := s.view.iterator()
	if err != nil {
		return nil, nil, err
	}
	it.SetBounds(lo, hi)
	if it.Last() {
		var v []byte
		if v, err = it.ValueAndErr(); err == nil {
			k := it.Key()
			buf := make([]byte, 0, len(k)+len(v))
			buf = append(append(buf, k...), v...)
			key, value = buf[:len(k):len(k)], buf[len(k):]
		}
	}
	if err := errors.Join(err, s.view.done(it)); err != nil {
		return nil, nil, err
	}
	return key, value, nil
}

// Scan implements directory.Snapshot.
func (s *snapshot) Scan(lo, hi []byte, fn func(key, value []byte) error) (err error) {
	if s.closed.Load() {
		return errSnapshotClosed
	}
	lo = callers(lo)
	if bytes.Compare(lo, hi) >= 0 {
		return nil
	}
	it, err := s.view.snap.NewIter(&pebble.IterOptions{LowerBound: lo, UpperBound: hi})
	if err != nil {
		return err
	}
	defer closeInto(it, &err)
	for it.First(); it.Valid(); it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := fn(it.Key(), value); err != nil {
			return err
		}
	}
	return it.Error()
}

// closeInto closes c. Its error counts if there is none before it, so that the
// error of Scan's fn is returned as it is.
func closeInto(c io.Closer, err *error) {
	if cerr := c.Close(); *err == nil {
		*err = cerr
	}
}

// callers returns the start of the range from lo without the store's own keys.
func callers(lo []byte) []byte {
	if bytes.Compare(lo, firstKey) < 0 {
		return firstKey
	}
	return lo
}

// TreeSize implements directory.Snapshot.
func (s *snapshot) TreeSize() (uint64, error) {
	if s.closed.Load() {
		return 0, errSnapshotClosed
	}
	return s.view.size, nil
}

// Close implements directory.Snapshot. A second call returns an error.
func (s *snapshot) Close() error {
	if s.closed.Swap(true) {
		return errSnapshotClosed
	}
	s.view.release()
	return nil
}
