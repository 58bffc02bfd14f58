package keytranstest

import (
	"cmp"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// Options say which log to make. The zero value is a log that can be used.
type Options struct {
	Suite keytrans.CipherSuite    // 0 means KT_128_SHA256_Ed25519
	Mode  keytrans.DeploymentMode // 0 means ContactMonitoring
	Seed  string

	// In milliseconds. MaxAhead, MaxBehind and MaxAuditorLag are an hour if they
	// are 0.
	Window                             uint64
	Lifetime                           *uint64
	MaxAhead, MaxBehind, MaxAuditorLag uint64

	AuditorStart uint64 // position of the first entry that the auditor processes
}

// Log is a log and its private keys, in every state that it ever had.
type Log struct {
	Config *keytrans.Configuration
	Keys   *Keys

	options Options
	script  []Entry
	entries []keytrans.LogEntry
	trees   []*tree
	nodes   map[logtree.Node]merkle.Hash
	full    [][]merkle.Hash // heads of the full subtrees, by size
	labels  map[string][]Version
	states  map[uint64]*State
	secrets *secrets
}

// Entry is how a log entry was made.
type Entry struct {
	Timestamp uint64 // in milliseconds
	Changes   []Change
}

// New returns a log without entries.
func New(o Options) *Log {
	o.Suite = cmp.Or(o.Suite, keytrans.KT_128_SHA256_Ed25519)
	o.Mode = cmp.Or(o.Mode, keytrans.ContactMonitoring)
	keys := NewKeys(o.Suite, o.Mode, o.Seed)
	return newLog(o, keys, newSecrets(o.Seed, keys))
}

func newLog(o Options, keys *Keys, s *secrets) *Log {
	const hour = 3_600_000
	c := &keytrans.Configuration{
		Suite: o.Suite, Mode: o.Mode,
		SignaturePublicKey: keys.Signer.Public(), VRFPublicKey: keys.VRF.Public(),
		MaxAhead: cmp.Or(o.MaxAhead, hour), MaxBehind: cmp.Or(o.MaxBehind, hour),
		ReasonableMonitoringWindow: o.Window, MaximumLifetime: o.Lifetime,
	}
	switch o.Mode {
	case keytrans.ThirdPartyManagement:
		c.LeafPublicKey = keys.Leaf.Public()
	case keytrans.ThirdPartyAuditing:
		c.MaxAuditorLag, c.AuditorStartPos = cmp.Or(o.MaxAuditorLag, hour), o.AuditorStart
		c.AuditorPublicKey = keys.Auditor.Public()
	}
	return &Log{
		Config: c, Keys: keys, options: o, secrets: s, full: [][]merkle.Hash{nil},
		nodes: make(map[logtree.Node]merkle.Hash), labels: make(map[string][]Version), states: make(map[uint64]*State),
	}
}

// Append adds a log entry with a timestamp in milliseconds, which may be any. It
// returns the entry's position. The entry has what the changes say and no
// padding beside.
func (l *Log) Append(timestamp uint64, changes ...Change) uint64 {
	pos := l.Size()
	l.script = append(l.script, Entry{timestamp, changes})
	m := &making{log: l, pos: pos}
	if pos > 0 {
		m.tree = l.trees[pos-1]
	}
	for _, change := range changes {
		change(m)
	}
	entry := keytrans.LogEntry{Timestamp: timestamp, PrefixTree: m.tree.root()}
	l.trees = append(l.trees, m.tree)
	l.entries = append(l.entries, entry)
	save := func(n logtree.Node, h merkle.Hash) { l.nodes[n] = h }
	l.full = append(l.full, must(logtree.Append(pos, l.full[pos], entry.Hash(), save)))
	l.nodes[logtree.Node{Index: pos}] = entry.Hash()
	return pos
}

// Size returns the number of log entries.
func (l *Log) Size() uint64 { return uint64(len(l.entries)) }

// Entries returns the log entries, which must not be modified.
func (l *Log) Entries() []keytrans.LogEntry { return l.entries }

// Root returns the root of the log when it had size entries.
func (l *Log) Root(size uint64) merkle.Hash { return must(logtree.Root(size, l.full[size])) }

// Fork returns a log with the same keys and the first size entries, which from
// then on goes its own way.
func (l *Log) Fork(size uint64) *Log {
	f := newLog(l.options, l.Keys, l.secrets)
	for _, e := range l.script[:size] {
		f.Append(e.Timestamp, e.Changes...)
	}
	return f
}

// Rewrite returns a log with the same keys and another history: how each entry
// was made, after edit. The slices in an Entry are shared and are to be replaced,
// not modified.
func (l *Log) Rewrite(edit func(pos uint64, e *Entry)) *Log {
	f := newLog(l.options, l.Keys, l.secrets)
	for i, e := range l.script {
		edit(uint64(i), &e)
		f.Append(e.Timestamp, e.Changes...)
	}
	return f
}

// SearchKey returns the search key of a label's version.
func (l *Log) SearchKey(label string, version uint32) prefixtree.Key { return l.key(label, version) }

// Now returns a time at which the head of size entries is fresh: that of its
// rightmost entry.
func (l *Log) Now(size uint64) time.Time {
	return time.UnixMilli(int64(l.entries[size-1].Timestamp))
}

// Verifier returns the verifier of a user who pinned the log's Configuration.
func (l *Log) Verifier() *keytrans.Verifier { return must(keytrans.NewVerifier(l.Config)) }

// Prover returns a prover of the log.
func (l *Log) Prover() *keytrans.Prover { return &keytrans.Prover{Config: l.Config} }
