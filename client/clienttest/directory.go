// Package clienttest is a small KEYTRANS directory in memory, for tests of what
// talks to one. It is naive and slow, checks no credentials but one token, and
// does what a test tells it, dishonest things too: insert keys, fork, stand
// still, lie in answers. It publishes its log entries as a C2SP log, of which it
// plays the witnesses, too.
package clienttest

import (
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// Window is the directory's reasonable monitoring window.
const Window = time.Hour

// Directory is a directory with one writer token, Token. Its methods are safe
// for concurrent use. The exported fields are set before the first request.
type Directory struct {
	// Clock is the time of new log entries.
	Clock *Clock
	// Token is required to create versions, if it is not empty.
	Token string
	// Plain tells that the directory does not know the extensions of
	// docs/extensions.md.
	Plain bool
	// MaxBatchBytes is that of keytrans.Prover.
	MaxBatchBytes int
	// Before is called with the operation and body of each request. If the
	// result is not nil, it is answered instead of what the directory would
	// say, and the request is not carried out.
	Before func(operation string, request []byte) *Answer
	// After is called with each response and may change it; the request was
	// carried out.
	After func(operation string, response *Answer)

	mu         sync.Mutex
	log        *keytranstest.Log
	forgotten  []string // labels that the next entry lacks a version of
	requests   map[string]int
	maxAnswers int
	public     publicLog
}

// Clock is a time that a test moves.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add moves the time.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Update is a label and values to make versions of.
type Update struct {
	Label  string
	Values [][]byte
}

// New returns a directory with one log entry, made at a fixed time that its
// clock is set to. It makes new keys.
func New() *Directory {
	d := &Directory{
		Clock:    &Clock{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)},
		requests: make(map[string]int), maxAnswers: 2, public: newPublicLog(),
		log: keytranstest.New(keytranstest.Options{
			Seed:     rand.Text(),
			MaxAhead: 60_000, MaxBehind: uint64((24 * time.Hour).Milliseconds()),
			Window: uint64(Window.Milliseconds()),
		}),
	}
	d.Insert()
	return d
}

// Fork returns a directory with the same keys, clock and history, which from
// then on goes its own way. It answers with its own hooks, at first none.
func (d *Directory) Fork() *Directory {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &Directory{
		Clock: d.Clock, Token: d.Token, Plain: d.Plain, MaxBatchBytes: d.MaxBatchBytes,
		log: d.log.Fork(d.log.Size()), forgotten: slices.Clone(d.forgotten),
		requests: make(map[string]int), maxAnswers: d.maxAnswers, public: d.public.fork(),
	}
}

// Configuration returns the directory's configuration.
func (d *Directory) Configuration() *keytrans.Configuration { return d.log.Config }

// Size returns the size of the log.
func (d *Directory) Size() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Size()
}

// Requests returns how often an operation was requested.
func (d *Directory) Requests(operation string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests[operation]
}

// Insert appends one log entry with new versions, and always a padding leaf. It
// returns its position.
func (d *Directory) Insert(updates ...Update) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.insert(updates)
}

// Tick moves the clock and appends a log entry without versions, n times.
func (d *Directory) Tick(n int, step time.Duration) {
	for range n {
		d.Clock.Add(step)
		d.Insert()
	}
}

func (d *Directory) insert(updates []Update) uint64 {
	var changes []keytranstest.Change
	for _, label := range d.forgotten {
		changes = append(changes, keytranstest.Forget(label))
	}
	d.forgotten = nil
	for _, u := range updates {
		for _, value := range u.Values {
			changes = append(changes, keytranstest.Create(u.Label, string(value)))
		}
	}
	var padding prefixtree.Leaf
	must(rand.Read(padding.Key[:]))
	must(rand.Read(padding.Commitment[:]))
	changes = append(changes, keytranstest.PutLeaf(padding))
	return d.log.Append(uint64(d.Clock.Now().UnixMilli()), changes...)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("clienttest: %v", err))
	}
	return v
}

// Remove makes the directory forget the greatest version of a label: log entries
// from the next on lack it. No honest directory does that.
func (d *Directory) Remove(label string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forgotten = append(d.forgotten, label)
}

// Entries returns the log entries, which anybody can read.
func (d *Directory) Entries() []keytrans.LogEntry {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.log.Entries())
}

// Nodes returns log tree nodes, which anybody can compute from Entries.
func (d *Directory) Nodes(nodes []logtree.Node) []merkle.Hash {
	d.mu.Lock()
	defer d.mu.Unlock()
	return must(d.log.At(d.log.Size()).LogNodes(nodes))
}

// Commitment returns the commitment to a version of a label, which exists: what the
// account key signs of the version before.
func (d *Directory) Commitment(label string, version uint32) merkle.Hash {
	d.mu.Lock()
	defer d.mu.Unlock()
	return must(d.log.Label(label).Commitment(version))
}

// CommitmentTo returns the commitment to a value of a version that does not exist, as it
// will be.
func (d *Directory) CommitmentTo(label string, version uint32, value []byte) merkle.Hash {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.NewVersion(label, version, d.log.Size(), string(value)).Commitment
}
