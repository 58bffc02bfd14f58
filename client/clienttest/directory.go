// Package clienttest is a small KEYTRANS directory in memory, for tests of what
// talks to one. It is naive and slow, checks no credentials but one token, and
// does what a test tells it, dishonest things too: insert keys, fork, stand
// still, lie in answers. It publishes its log entries as a C2SP log, of which it
// plays the witnesses, too.
package clienttest

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
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

	config     *keytrans.Configuration
	signer     keytrans.SigningKey
	vrf        vrf.PrivateKey
	mu         sync.Mutex
	entries    []keytrans.LogEntry
	leaves     []leaf
	labels     map[string][]version
	head       keytrans.TreeHead
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

type leaf struct {
	prefixtree.Leaf
	position uint64
	removed  *uint64 // position of the first entry without it again
}

type version struct {
	position   uint64
	opening    keytrans.Opening
	value      []byte
	commitment merkle.Hash
}

// Update is a label and values to make versions of.
type Update struct {
	Label  string
	Values [][]byte
}

// New returns a directory with one log entry, made at a fixed time that its
// clock is set to. It makes new keys.
func New() *Directory {
	seed := make([]byte, 32)
	must(rand.Read(seed))
	signer := must(keytrans.NewEd25519SigningKey(seed))
	key := must(vrf.GenerateEd25519PrivateKey(rand.Reader))
	d := &Directory{
		Clock:  &Clock{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)},
		signer: signer, vrf: key, labels: make(map[string][]version), requests: make(map[string]int), maxAnswers: 2,
		config: &keytrans.Configuration{
			Suite: keytrans.KT_128_SHA256_Ed25519, Mode: keytrans.ContactMonitoring,
			SignaturePublicKey: signer.Public(), VRFPublicKey: key.Public(),
			MaxAhead: 60_000, MaxBehind: uint64((24 * time.Hour).Milliseconds()),
			ReasonableMonitoringWindow: uint64(Window.Milliseconds()),
		},
		public: newPublicLog(),
	}
	d.Insert()
	return d
}

// Fork returns a directory with the same keys, clock and history, which from
// then on goes its own way. It answers with its own hooks, at first none.
func (d *Directory) Fork() *Directory {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &Directory{
		Clock: d.Clock, Token: d.Token, Plain: d.Plain, MaxBatchBytes: d.MaxBatchBytes, config: d.config, signer: d.signer, vrf: d.vrf,
		entries: slices.Clone(d.entries), leaves: slices.Clone(d.leaves), labels: maps.Clone(d.labels), head: d.head,
		requests: make(map[string]int), maxAnswers: d.maxAnswers, public: d.public.fork(),
	}
	for label, versions := range f.labels {
		f.labels[label] = slices.Clone(versions)
	}
	return f
}

// Configuration returns the directory's configuration.
func (d *Directory) Configuration() *keytrans.Configuration { return d.config }

// Size returns the size of the log.
func (d *Directory) Size() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return uint64(len(d.entries))
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
	pos := uint64(len(d.entries))
	for _, u := range updates {
		for _, value := range u.Values {
			number := uint32(len(d.labels[u.Label]))
			v := version{position: pos, value: value}
			must(rand.Read(v.opening[:]))
			v.commitment = must(keytrans.Commit(d.config.Mode, v.opening, []byte(u.Label), number, keytrans.UpdateValue{Value: value}))
			key := d.vrf.Evaluate(must(keytrans.VRFInput([]byte(u.Label), number)))
			d.addLeaf(prefixtree.Key(key), v.commitment, pos)
			d.labels[u.Label] = append(d.labels[u.Label], v)
		}
	}
	var key prefixtree.Key
	var commitment merkle.Hash
	must(rand.Read(key[:]))
	must(rand.Read(commitment[:]))
	d.addLeaf(key, commitment, pos)

	entry := keytrans.LogEntry{Timestamp: uint64(d.Clock.Now().UnixMilli()), PrefixTree: d.snapshot().prefixTree(pos).Hash()}
	d.entries = append(d.entries, entry)
	log := d.snapshot()
	root := must(logtree.Root(log.size, must(log.LogNodes(logtree.FullSubtrees(log.size)))))
	d.head = *must(keytrans.SignTreeHead(d.config, d.signer, log.size, root))
	return pos
}

func (d *Directory) addLeaf(key prefixtree.Key, commitment merkle.Hash, pos uint64) {
	d.leaves = append(d.leaves, leaf{Leaf: prefixtree.Leaf{Key: key, Commitment: commitment}, position: pos})
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
	versions := d.labels[label]
	number := uint32(len(versions) - 1)
	d.labels[label] = versions[:number]
	key := prefixtree.Key(d.vrf.Evaluate(must(keytrans.VRFInput([]byte(label), number))))
	removed := uint64(len(d.entries))
	for i := range d.leaves {
		if d.leaves[i].Key == key {
			d.leaves[i].removed = &removed
		}
	}
}
