package directory

import (
	"context"
	"errors"

	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// Store keeps a directory's data: ordered keys to bytes. It is small and dumb;
// what the keys mean is the directory's business (records.go). Implementations
// are safe for concurrent use and pass storetest.Run.
type Store interface {
	// Snapshot returns a consistent view of everything committed so far, and
	// durable. Later commits do not change it. The caller closes it.
	Snapshot() (Snapshot, error)

	// Commit applies the batch atomically, and durably by the time it returns,
	// if the stored tree size is batch.Base; the stored tree size becomes
	// batch.Size. It returns ErrConflict, having changed nothing, if the stored
	// tree size is another, and another error, having changed nothing, for a
	// batch that is not as Batch says. After any other error the outcome is
	// unknown: the caller must look at a new Snapshot before it goes on. If the
	// store then refuses one, it has to be opened anew.
	Commit(batch *Batch) error

	// Close releases the store. Every Snapshot must have been closed; otherwise
	// it returns an error and closes nothing.
	Close() error
}

// Snapshot is an immutable view of a Store. It is safe for concurrent use.
type Snapshot interface {
	// Reader has Get (nil if the key is absent) and Last. A range whose end is
	// not after its start is empty.
	prefixtree.Reader

	// Scan calls fn for each record with a key in [lo, hi), in order, until fn
	// returns an error, which Scan returns. The slices are valid during the
	// call only.
	Scan(lo, hi []byte, fn func(key, value []byte) error) error

	// TreeSize returns the stored tree size, 0 in a new store.
	TreeSize() (uint64, error)

	// Close releases the snapshot.
	Close() error
}

// Compactor is a Store that can be told to give up the space of removed records.
type Compactor interface {
	// Compact removes from the store's files what was deleted or replaced in
	// [lo, hi) before it is called. A Snapshot from before a later commit keeps it
	// from that: Compact waits for about a second for these to be closed, and
	// returns ErrSnapshot, having done nothing, if one is still open. It can take
	// long, and ends early with the error of ctx. Readers and commits go on
	// meanwhile.
	Compact(ctx context.Context, lo, hi []byte) error
}

// ErrSnapshot is returned by Compactor.Compact if an old snapshot is open.
var ErrSnapshot = errors.New("a snapshot of an earlier state is open")

// ErrConflict is returned by Store.Commit if somebody else has committed.
var ErrConflict = errors.New("the stored tree size is not the expected one")

// Batch is a set of writes that are committed together. The zero Batch is
// empty. It is not safe for concurrent use. Keys and values passed in become
// the batch's. Keys are 1 to 1024 bytes long; keys that begin with a zero byte
// belong to the Store.
type Batch struct {
	// Base is the tree size that the store must have, Size the one it gets.
	// Requires Base <= Size.
	Base, Size uint64

	Writes []Write
}

// WriteKind says what a Write does.
type WriteKind uint8

// The kinds of writes. Appending to an absent key creates it. Writes to one key
// apply in order.
const (
	WriteSet WriteKind = iota
	WriteAppend
	WriteDelete
)

// Write is one write of a Batch.
type Write struct {
	Kind       WriteKind
	Key, Value []byte
}

// Set makes value the value of key. The error is always nil.
func (b *Batch) Set(key, value []byte) error {
	b.Writes = append(b.Writes, Write{WriteSet, key, value})
	return nil
}

// Append adds value to the end of key's value. The error is always nil.
func (b *Batch) Append(key, value []byte) error {
	b.Writes = append(b.Writes, Write{WriteAppend, key, value})
	return nil
}

// Delete removes key.
func (b *Batch) Delete(key []byte) {
	b.Writes = append(b.Writes, Write{WriteDelete, key, nil})
}
