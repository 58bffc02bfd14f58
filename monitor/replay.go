package monitor

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// A Replay verifies a log entry by entry, from the first. It holds the prefix
// tree of the last one in memory. It is not safe for concurrent use.
type Replay struct {
	trees   *trees
	prefix  prefixtree.Memory
	last    keytrans.LogEntry
	changes uint64
	leaves  leaves
}

// ErrTimestamps is wrapped by the error for a log entry that is older than the
// one before it.
var ErrTimestamps = errors.New("its timestamp is before that of the log entry before it")

// ErrChanges is wrapped by the error for changes that do not lead from the prefix
// tree of one log entry to that of the next.
var ErrChanges = errors.New("its changes do not lead to its prefix tree")

// EntryError says why a log entry cannot be the next one.
type EntryError struct {
	// Entry is its position.
	Entry uint64
	// Err wraps ErrTimestamps or ErrChanges, or says that the entry is malformed.
	Err error
}

// Error names the log entry.
func (e *EntryError) Error() string { return fmt.Sprintf("log entry %d: %v", e.Entry, e.Err) }

// Unwrap returns the cause.
func (e *EntryError) Unwrap() error { return e.Err }

// NewReplay returns a Replay of no entries.
func NewReplay() *Replay { return newReplay(nil) }

// newReplay returns a Replay of no entries that notices which leaves the directory's
// log removes or replaces though it may not; cfg is nil for none.
func newReplay(cfg *keytrans.Configuration) *Replay {
	return &Replay{trees: newTrees(), leaves: leavesOf(cfg)}
}

// Size returns the number of entries.
func (r *Replay) Size() uint64 { return r.trees.size() }

// Changes returns the number of changed leaves, of all entries together.
func (r *Replay) Changes() uint64 { return r.changes }

// Timestamp returns that of the last entry in milliseconds, 0 if there is none.
func (r *Replay) Timestamp() uint64 { return r.last.Timestamp }

// Root returns the RFC 6962 root of the entries.
func (r *Replay) Root() merkle.Hash { return r.trees.root() }

// LogTreeRoot returns the root of the entries in the log tree of KEYTRANS, the zero
// Hash if there are none.
func (r *Replay) LogTreeRoot() merkle.Hash { return r.trees.logRoot() }

// Append verifies the next log entry and what it changed. The error is an
// *EntryError, after which r is as it was before.
//
// The entry is not authenticated here: that is done by comparing Root with the
// root in a checkpoint, at its size, or before Append.
func (r *Replay) Append(entry []byte, change tile.Change) error {
	e, err := keytrans.ParseLogEntry(entry)
	if err != nil {
		err = fmt.Errorf("%w: %w", errContent, err)
	} else {
		err = r.check(e, change)
	}
	if err != nil {
		return &EntryError{Entry: r.Size(), Err: err}
	}
	r.trees.append(e)
	r.last = e
	r.changes += uint64(len(change.Added) + len(change.Removed))
	return nil
}

// check applies a change if it leads to the prefix tree of e.
func (r *Replay) check(e keytrans.LogEntry, change tile.Change) error {
	if e.Timestamp < r.last.Timestamp {
		return fmt.Errorf("%w: %d ms after %d ms", ErrTimestamps, e.Timestamp, r.last.Timestamp)
	}
	wrong, keys := r.leaves.wrong(change)
	before, err := searches(&r.prefix, keys)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrChanges, err)
	}
	root, err := r.prefix.Apply(change.Added, change.Removed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrChanges, err)
	}
	if root == e.PrefixTree {
		r.leaves.count += wrong
		r.keepLeaves(keys, before)
		return nil
	}
	if _, err := r.prefix.Apply(change.Removed, change.Added); err != nil {
		panic("monitor: taking a change back: " + err.Error())
	}
	return fmt.Errorf("%w: they lead to the root %s, the entry has %s", ErrChanges, root, e.PrefixTree)
}

// keepLeaves keeps the searches for leaves that were removed or replaced, before and
// after that.
func (r *Replay) keepLeaves(keys []prefixtree.Key, before []leafSearch) {
	after, err := searches(&r.prefix, keys)
	if err != nil {
		panic("monitor: searching a prefix tree: " + err.Error())
	}
	for i, key := range keys {
		r.leaves.kept = append(r.leaves.kept, leafChange{r.Size(), key, before[i], after[i]})
	}
}
