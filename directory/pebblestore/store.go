// Package pebblestore keeps a directory's data in Pebble, an embedded
// log-structured merge tree: the default store of a single-machine directory.
//
// # Format
//
// A store is a Pebble database with the merger "ghostlight.append.v1", which
// concatenates, and two records of its own:
//
//	"\x00format"  "ghostlight.store.v1", written when the store is created
//	"\x00size"    the tree size, 8 bytes, big-endian; absent means 0
//
// All other keys and values are those that were committed, unchanged.
//
// # Durability and failures
//
// A commit is one synced Pebble batch. Snapshots show durable commits only, even
// while a commit is being written or has failed: Pebble itself would show a
// batch before its log is synced, and a tree head signed over such a batch may
// be gone after a crash.
//
// The store stops at the first failed write, sync or background job, for
// instance when the disk is full. From then on it writes nothing at all: its
// files are as after a crash at that moment. Commit and Snapshot return errors
// with the cause, open Snapshots go on working. The only way on is to restart
// the program, which replays what reached the disk. (Left to itself, Pebble
// would exit the process, panic, or try again forever, depending on which write
// failed; and after a failed fsync, trying again proves nothing.)
//
// # What it does not promise
//
// Nothing is encrypted or authenticated: whoever can write to the directory can
// change the data. Pebble's checksums find accidents only. One process at a time
// can have a directory open.
package pebblestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/monitor/pebbleguard"
)

// Keys that begin with a zero byte belong to the store.
var (
	formatKey = []byte("\x00format")
	sizeKey   = []byte("\x00size")
	firstKey  = []byte{1} // of the caller's
)

const formatV1 = "ghostlight.store.v1"

// maxKeyLen is the longest key that directory.Batch allows.
const maxKeyLen = 1024

// maxBatchBytes bounds a batch. Pebble's own limit is 4 GiB, and it panics.
const maxBatchBytes = 1 << 30

var (
	errFormat   = errors.New("unknown store format")
	errForeign  = errors.New("not a Ghostlight store")
	errClosed   = errors.New("the store is closed")
	errBadBatch = errors.New("malformed batch")
)

// Store is a directory.Store in a directory of files. It is safe for concurrent
// use. Snapshots never wait for a commit.
type Store struct {
	db    *pebble.DB
	guard *pebbleguard.Guard

	// commitMu serialises Commit and Close, metricsMu DiskUsage and Close,
	// compactMu Compact and Close.
	commitMu  sync.Mutex
	metricsMu sync.Mutex
	compactMu sync.Mutex

	// mu guards what follows. It is never held during I/O.
	mu      sync.Mutex
	current *view              // the last durable commit; nil once closed
	views   int                // how many are not released
	open    map[*view]struct{} // those that are not closed

	closing sync.WaitGroup // views being closed
}

var _ directory.Store = (*Store)(nil)

// Open opens the store in dir, which it creates if there is none. It returns an
// error if another process has the store open, if its format is unknown, or if
// dir holds a Pebble database that is not a Ghostlight store.
func Open(dir string, opts Options) (*Store, error) {
	s, err := open(dir, opts)
	if err != nil {
		return nil, fmt.Errorf("opening the store in %s: %w", dir, err)
	}
	return s, nil
}

func open(dir string, opts Options) (*Store, error) {
	opts = opts.withDefaults()
	s := &Store{guard: pebbleguard.New(opts.FS, opts.Logger), open: make(map[*view]struct{})}
	var size uint64
	err := s.guard.Run(func() (err error) {
		if s.db, err = pebble.Open(dir, opts.pebble(s.guard)); err != nil {
			return err
		}
		if size, err = s.load(); err != nil {
			return errors.Join(err, s.db.Close())
		}
		return nil
	})
	if err != nil {
		if s.guard.Err() != nil {
			err = errors.Join(err, s.guard.Unlock())
		}
		return nil, err
	}
	s.publish(size)
	return s, nil
}

// load checks the format record, or writes it if the database is new, and
// returns the tree size.
func (s *Store) load() (uint64, error) {
	format, err := get(s.db, formatKey)
	if err != nil {
		return 0, err
	}
	if format == nil {
		// Nothing but the format record is ever written first, so that a
		// database with records and without it is somebody else's.
		empty, err := isEmpty(s.db)
		if err != nil {
			return 0, err
		}
		if !empty {
			return 0, fmt.Errorf("%w: it has records, but no format", errForeign)
		}
		return 0, s.db.Set(formatKey, []byte(formatV1), pebble.Sync)
	}
	if string(format) != formatV1 {
		return 0, fmt.Errorf("%w %q, this program knows %q", errFormat, format, formatV1)
	}
	size, err := get(s.db, sizeKey)
	if err != nil || size == nil {
		return 0, err
	}
	if len(size) != 8 {
		return 0, fmt.Errorf("%w: a tree size of %d bytes", errForeign, len(size))
	}
	return binary.BigEndian.Uint64(size), nil
}

func isEmpty(db *pebble.DB) (bool, error) {
	it, err := db.NewIter(nil)
	if err != nil {
		return false, err
	}
	empty := !it.First()
	return empty, it.Close()
}

// Commit implements directory.Store. It returns directory.ErrConflict, or an
// error about a malformed batch, having changed nothing. After any other error
// the outcome is unknown and the store has stopped; see the package doc.
//
// Commits are serialised. Commit does not keep or change the batch.
func (s *Store) Commit(b *directory.Batch) error {
	if err := checkBatch(b); err != nil {
		return err
	}
	s.commitMu.Lock()
	defer s.commitMu.Unlock()
	size, err := s.treeSize()
	if err != nil {
		return err
	}
	if size != b.Base {
		return fmt.Errorf("%w: stored %d, expected %d", directory.ErrConflict, size, b.Base)
	}
	if len(b.Writes) == 0 && b.Size == b.Base {
		return nil
	}
	if err := s.apply(b); err != nil {
		return fmt.Errorf("committing tree size %d: %w", b.Size, err)
	}
	s.publish(b.Size)
	return nil
}

// treeSize returns the stored tree size. Commits are serialised and nobody else
// writes, so that the size of the last durable commit is the stored one.
func (s *Store) treeSize() (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return 0, errClosed
	}
	return s.current.size, s.guard.Err()
}

// apply writes the batch and waits until it is durable, or the store stops.
func (s *Store) apply(b *directory.Batch) error {
	pb := s.db.NewBatchWithSize(batchBytes(b))
	if err := fill(pb, b); err != nil {
		return err
	}
	return s.guard.Run(func() error {
		// After Fatalf this returns nil, and run the cause of the stop.
		if err := s.db.Apply(pb, pebble.Sync); err != nil {
			s.guard.Stop(err)
			return err
		}
		return pb.Close() // so that Pebble can use it again
	})
}

func fill(pb *pebble.Batch, b *directory.Batch) (err error) {
	for i := range b.Writes {
		switch w := &b.Writes[i]; w.Kind {
		case directory.WriteSet:
			err = pb.Set(w.Key, w.Value, nil)
		case directory.WriteAppend:
			err = pb.Merge(w.Key, w.Value, nil)
		case directory.WriteDelete:
			err = pb.Delete(w.Key, nil)
		}
		if err != nil {
			return err
		}
	}
	if b.Size == b.Base {
		return nil
	}
	return pb.Set(sizeKey, binary.BigEndian.AppendUint64(nil, b.Size), nil)
}

// publish makes what is in the database now the view of later Snapshots.
// Nothing else is being committed.
func (s *Store) publish(size uint64) {
	v := &view{store: s, snap: s.db.NewSnapshot(), size: size, refs: 1, closed: make(chan struct{})}
	s.mu.Lock()
	old := s.current
	s.current = v
	s.views++
	s.open[v] = struct{}{}
	s.mu.Unlock()
	if old != nil {
		old.release()
	}
}

// Snapshot implements directory.Store. It costs next to nothing: all Snapshots
// between two commits share one view.
func (s *Store) Snapshot() (directory.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return nil, errClosed
	}
	if err := s.guard.Err(); err != nil {
		return nil, err
	}
	s.current.refs++
	return &snapshot{view: s.current}, nil
}

// Close implements directory.Store. If a Snapshot is open it returns an error
// and closes nothing. After Close, Commit and Snapshot return errors.
//
// If the store has stopped, Close gives up the directory's lock and returns the
// cause; the memory is lost until the process exits.
func (s *Store) Close() error {
	s.compactMu.Lock()
	defer s.compactMu.Unlock()
	s.commitMu.Lock()
	defer s.commitMu.Unlock()
	s.metricsMu.Lock()
	defer s.metricsMu.Unlock()
	s.mu.Lock()
	v := s.current
	if v == nil {
		s.mu.Unlock()
		return errClosed
	}
	if s.views > 1 || v.refs > 1 {
		s.mu.Unlock()
		return errors.New("closing the store: a snapshot is open")
	}
	s.current = nil
	s.mu.Unlock()
	v.release()
	err := s.guard.Run(func() error {
		s.closing.Wait()
		return s.db.Close()
	})
	if s.guard.Err() != nil {
		err = errors.Join(err, s.guard.Unlock())
	}
	return err
}

// DiskUsage returns the bytes that the store's files take, those about to be
// deleted included. It returns 0 if the store is closed or has stopped.
func (s *Store) DiskUsage() uint64 {
	s.metricsMu.Lock()
	defer s.metricsMu.Unlock()
	if _, err := s.treeSize(); err != nil {
		return 0
	}
	var usage atomic.Uint64
	// It may wait for Pebble to write its manifest.
	if err := s.guard.Run(func() error {
		usage.Store(s.db.Metrics().DiskSpaceUsage())
		return nil
	}); err != nil {
		return 0
	}
	return usage.Load()
}

// checkBatch checks what directory.Batch requires of the caller.
func checkBatch(b *directory.Batch) error {
	if b.Base > b.Size {
		return fmt.Errorf("%w: tree size %d before, %d after", errBadBatch, b.Base, b.Size)
	}
	for i := range b.Writes {
		w := &b.Writes[i]
		if len(w.Key) == 0 || len(w.Key) > maxKeyLen || w.Key[0] == 0 {
			return fmt.Errorf("%w: write %d has a bad key of %d bytes", errBadBatch, i, len(w.Key))
		}
		if w.Kind > directory.WriteDelete {
			return fmt.Errorf("%w: write %d has kind %d", errBadBatch, i, w.Kind)
		}
	}
	if batchBytes(b) > maxBatchBytes || len(b.Writes) >= math.MaxUint32-1 {
		return fmt.Errorf("%w: more than %d bytes", errBadBatch, maxBatchBytes)
	}
	return nil
}

// batchBytes is an upper bound of the size of b in Pebble's encoding.
func batchBytes(b *directory.Batch) int {
	n := 64
	for i := range b.Writes {
		n += len(b.Writes[i].Key) + len(b.Writes[i].Value) + 1 + 2*binary.MaxVarintLen32
	}
	return n
}
