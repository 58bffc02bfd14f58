// Package monitortest has a log in memory for tests of monitors, which can be
// made to misbehave. It is independent of the directory's code.
package monitortest

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// Origin is the origin of every Log.
const Origin = "log.example/test"

// Log is a log that serves its resources over HTTP, at the root. It is safe for
// concurrent use.
type Log struct {
	Signer *checkpoint.Signer

	mu      sync.Mutex
	rng     *rand.ChaCha8
	prefix  prefixtree.Memory
	live    []prefixtree.Leaf // leaves that were added and not removed
	last    uint64            // timestamp
	entries [][]byte
	changes [][]byte
	hashes  []tlog.Hash
	note    []byte // the checkpoint it serves
	static  bool
	keeps   bool // leaves

	intercept func(w http.ResponseWriter, r *http.Request, path string, data []byte) bool
}

// New returns an empty log. Logs with the same seed have the same key, and the
// same history if the same happens to them.
func New(t testing.TB, seed byte) *Log {
	t.Helper()
	signer, err := checkpoint.NewSigner(Origin, bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &Log{Signer: signer, rng: rand.NewChaCha8([32]byte{seed}), last: 1_700_000_000_000}
}

// Policy returns a policy that names the log and requires no witness.
func (l *Log) Policy() []byte {
	return []byte("log " + l.Signer.VerifierKey() + "\nquorum none\n")
}

// Grow appends n entries, each of which adds some leaves, one to most, and signs
// a checkpoint. Every 16th removes and replaces leaves too.
func (l *Log) Grow(t testing.TB, n, most int) {
	t.Helper()
	for range n {
		l.mu.Lock()
		added := make([]prefixtree.Leaf, 1+l.rng.Uint64()%uint64(most))
		for i := range added {
			l.fill(added[i].Key[:])
			l.fill(added[i].Commitment[:])
		}
		var removed []prefixtree.Leaf
		if len(l.entries)%16 == 15 && len(l.live) > 4 && !l.keeps {
			removed = slices.Clone(l.live[:2])
			l.live = l.live[2:]
			added = append(added, prefixtree.Leaf{Key: removed[0].Key, Commitment: added[0].Commitment})
		}
		if len(l.live) < 1000 {
			l.live = append(l.live, added...)
		}
		l.mu.Unlock()
		l.Append(t, 1, added, removed)
	}
	l.Publish(t)
}

// KeepLeaves makes Grow remove and replace no leaves, as directories do.
func (l *Log) KeepLeaves() *Log {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keeps = true
	return l
}

func (l *Log) fill(b []byte) {
	for i := 0; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], l.rng.Uint64())
	}
}

// Append appends an entry that changes the prefix tree, with a timestamp that
// differs from the last one by some milliseconds. It signs no checkpoint.
func (l *Log) Append(t testing.TB, elapsed int64, added, removed []prefixtree.Leaf) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	byKey := func(a, b prefixtree.Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) }
	slices.SortFunc(added, byKey)
	slices.SortFunc(removed, byKey)
	root, err := l.prefix.Apply(added, removed)
	if err != nil {
		t.Fatal(err)
	}
	l.last += uint64(elapsed)
	entry := keytrans.LogEntry{Timestamp: l.last, PrefixTree: root}.Marshal()
	hashes, err := tlog.StoredHashes(int64(len(l.entries)), entry, tlog.HashReaderFunc(l.read))
	if err != nil {
		t.Fatal(err)
	}
	l.hashes = append(l.hashes, hashes...)
	l.entries = append(l.entries, entry)
	l.changes = append(l.changes, tile.Change{Added: added, Removed: removed}.Marshal())
}

func (l *Log) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = l.hashes[x]
	}
	return out, nil
}

// Size returns the number of entries.
func (l *Log) Size() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.entries))
}

// Entries returns the encoded log entries.
func (l *Log) Entries() [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}

// RootAt returns the root of the first size entries.
func (l *Log) RootAt(t testing.TB, size uint64) merkle.Hash {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	root, err := tlog.TreeHash(int64(size), tlog.HashReaderFunc(l.read))
	if err != nil {
		t.Fatal(err)
	}
	return merkle.Hash(root)
}

// SignAt returns the signed checkpoint of the first size entries.
func (l *Log) SignAt(t testing.TB, size uint64) []byte {
	t.Helper()
	return l.Sign(t, size, l.RootAt(t, size))
}

// Sign returns a signed checkpoint, whatever it says.
func (l *Log) Sign(t testing.TB, size uint64, root merkle.Hash) []byte {
	t.Helper()
	signed, err := l.Signer.Sign(checkpoint.Checkpoint{Origin: Origin, Size: size, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// Publish serves the checkpoint of all entries from now on.
func (l *Log) Publish(t testing.TB) {
	t.Helper()
	l.Serve(l.SignAt(t, l.Size()))
}

// Serve serves a checkpoint from now on.
func (l *Log) Serve(note []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note = note
}

// SetStatic makes the log serve partial tiles only of its present size, and none
// where it has the full one, as a host of plain files does.
func (l *Log) SetStatic(static bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.static = static
}

// Intercept has f see every request for something that the log has, with the
// content. The log answers itself if f returns false; nil ends it.
func (l *Log) Intercept(f func(w http.ResponseWriter, r *http.Request, path string, data []byte) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.intercept = f
}

// ServeHTTP implements http.Handler.
func (l *Log) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	data, status := l.Resource(path)
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
		return
	}
	l.mu.Lock()
	intercept := l.intercept
	l.mu.Unlock()
	if intercept != nil && intercept(w, r, path, data) {
		return
	}
	_, _ = w.Write(data)
}

// Resource returns the content of a resource, and the HTTP status for it.
func (l *Log) Resource(path string) ([]byte, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if path == "checkpoint" {
		return l.note, http.StatusOK
	}
	t, err := tile.ParsePath(path)
	if err != nil {
		return nil, http.StatusBadRequest
	}
	n := uint64(len(l.entries))
	size, ok := t.Size()
	if !ok || size > n || l.static && t.Width != tile.FullWidth && n>>(8*t.Level)/tile.FullWidth != t.Index {
		return nil, http.StatusNotFound
	}
	lo, hi := t.Range()
	var out []byte
	switch t.Kind {
	case tile.Hashes:
		out, err = tlog.ReadTileData(tlog.Tile{H: 8, L: int(t.Level), N: int64(t.Index), W: int(t.Width)}, tlog.HashReaderFunc(l.read))
		if err != nil {
			return nil, http.StatusInternalServerError
		}
	case tile.Entries:
		for _, e := range l.entries[lo:hi] {
			out = tile.AppendEntry(out, e)
		}
	case tile.Changes:
		out = bytes.Join(l.changes[lo:hi], nil)
	}
	return out, http.StatusOK
}
