package directory

import (
	"fmt"
	"slices"
	"sync"

	"github.com/transparency-dev/merkle/compact"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// state is one published epoch: an immutable snapshot of the store and the
// signed head that belongs to it. It implements keytrans.Log. Readers acquire
// it and release it; the last release closes the snapshot.
type state struct {
	snap     Snapshot
	tree     *prefixtree.Tree
	mode     keytrans.DeploymentMode
	head     keytrans.TreeHead
	auditor  *keytrans.AuditorTreeHead // nil if there is none
	subtrees []merkle.Hash             // heads of the full subtrees of the log
	public   [][]byte                  // the same of the RFC 6962 tree
	last     keytrans.LogEntry
	counts   counts
	minimum  minimum

	// frontier has the entries that every answer needs.
	frontier map[uint64]keytrans.LogEntry

	mu   sync.Mutex
	refs int
}

// loadState reads the state that the snapshot holds and takes the snapshot
// over. It returns nil for a new store.
func loadState(snap Snapshot, tree *prefixtree.Tree, mode keytrans.DeploymentMode) (*state, error) {
	size, err := snap.TreeSize()
	if err != nil || size == 0 {
		return nil, err
	}
	s := &state{snap: snap, tree: tree, mode: mode, refs: 1, frontier: make(map[uint64]keytrans.LogEntry)}
	stored, err := snap.Get(headKey())
	if err != nil {
		return nil, err
	}
	record, err := parseHeadRecord(stored)
	if err != nil {
		return nil, err
	}
	s.head, s.counts = keytrans.TreeHead{TreeSize: size, Signature: record.signature}, record.counts
	if s.minimum, err = loadMinimum(snap, size); err != nil {
		return nil, err
	}
	if s.auditor, err = readAuditorHead(snap); err != nil {
		return nil, err
	}
	if s.subtrees, err = s.LogNodes(logtree.FullSubtrees(size)); err != nil {
		return nil, err
	}
	if s.public, err = s.publicNodes(compact.RangeNodes(0, size, nil)); err != nil {
		return nil, err
	}
	for _, pos := range ibst.Frontier(size) {
		entry, err := s.readEntry(pos)
		if err != nil {
			return nil, err
		}
		s.frontier[pos] = entry
	}
	s.last = s.frontier[size-1]
	return s, nil
}

// root returns the root of the log.
func (s *state) root() (merkle.Hash, error) { return logtree.Root(s.head.TreeSize, s.subtrees) }

// rootAt returns the root that the log had at a size, from 1 to the present one.
func (s *state) rootAt(size uint64) (merkle.Hash, error) {
	heads, err := s.LogNodes(logtree.FullSubtrees(size))
	if err != nil {
		return merkle.Hash{}, err
	}
	return logtree.Root(size, heads)
}

func (s *state) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refs--
	if s.refs == 0 {
		// Nothing can be done about a snapshot that does not close, and nobody
		// depends on it any more.
		_ = s.snap.Close()
	}
}

// acquire adds a reference. Requires one that is held already.
func (s *state) acquire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refs++
}

// Head implements keytrans.Log.
func (s *state) Head() keytrans.TreeHead { return s.head }

// AuditorHead implements keytrans.Log.
func (s *state) AuditorHead() *keytrans.AuditorTreeHead { return s.auditor }

// Entry implements keytrans.Log.
func (s *state) Entry(pos uint64) (keytrans.LogEntry, error) {
	if e, ok := s.frontier[pos]; ok {
		return e, nil
	}
	return s.readEntry(pos)
}

func (s *state) readEntry(pos uint64) (keytrans.LogEntry, error) {
	b, err := s.snap.Get(entryKey(pos))
	if err != nil {
		return keytrans.LogEntry{}, err
	}
	if b == nil && pos < s.minimum.entries {
		return keytrans.LogEntry{}, errPruned("log entry %d", pos)
	}
	entry, err := keytrans.ParseLogEntry(b)
	if err != nil {
		return keytrans.LogEntry{}, errCorrupt(fmt.Sprintf("log entry %d", pos))
	}
	return entry, nil
}

// LogNodes implements logtree.Reader.
func (s *state) LogNodes(nodes []logtree.Node) ([]merkle.Hash, error) {
	out := make([]merkle.Hash, len(nodes))
	for i, n := range nodes {
		b, err := s.snap.Get(nodeKey(n))
		if err != nil {
			return nil, err
		}
		if len(b) != merkle.HashSize {
			return nil, errCorrupt(fmt.Sprintf("log tree node %d/%d", n.Level, n.Index))
		}
		out[i] = merkle.Hash(b)
	}
	return out, nil
}

// PrefixTree implements keytrans.Log.
func (s *state) PrefixTree(pos uint64) (prefixtree.Node, error) {
	if pos < s.minimum.versions {
		return nil, errPruned("the prefix tree of log entry %d", pos)
	}
	version, err := s.tree.At(s.snap, pos)
	if err != nil {
		return nil, err
	}
	return version.Root(), nil
}

// checkLast verifies that the tree size a user advertises is one that the log
// had, and from which it can be followed.
func (s *state) checkLast(last *uint64) error {
	switch {
	case last == nil:
		return nil
	case *last == 0 || *last > s.head.TreeSize:
		return fmt.Errorf("%w: %d is not the size of an earlier state of this log, which has %d entries",
			keytrans.ErrLast, *last, s.head.TreeSize)
	case *last < s.minimum.entries:
		return fmt.Errorf("last: %w", errPruned("the log entries that follow the first %d, up to entry %d", *last, s.minimum.entries))
	}
	return nil
}

// label returns what the state holds of a label; nil if it does not exist.
func (s *state) label(label []byte) (*labelRecord, error) {
	b, err := s.snap.Get(labelKey(label))
	if err != nil || b == nil {
		return nil, err
	}
	return parseLabelRecord(b)
}

func (s *state) version(label []byte, version uint32) (*versionRecord, error) {
	b, err := s.snap.Get(versionKey(label, version))
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, errCorrupt(fmt.Sprintf("version %d of a label is missing", version))
	}
	return parseVersionRecord(b, s.mode)
}

// labelView implements keytrans.Label for one label of a state. It is used by
// one request, and remembers the version records it read.
type labelView struct {
	*state
	keys     *keyCache
	name     []byte
	greatest *uint32
	records  map[uint32]*versionRecord
}

func (s *state) view(name []byte, keys *keyCache) (*labelView, error) {
	record, err := s.label(name)
	if err != nil {
		return nil, err
	}
	v := &labelView{state: s, keys: keys, name: name, records: make(map[uint32]*versionRecord)}
	if record != nil {
		v.greatest = &record.greatest
	}
	return v, nil
}

func (v *labelView) record(version uint32) (*versionRecord, error) {
	if r, ok := v.records[version]; ok {
		return r, nil
	}
	r, err := v.version(v.name, version)
	if err == nil {
		v.records[version] = r
	}
	return r, err
}

// known returns ErrUnknownLabel if the label has no versions. That the log has
// not reached the size that the user advertised comes first: it may be why.
func (v *labelView) known(last *uint64) error {
	if err := v.checkLast(last); err != nil {
		return err
	}
	if v.greatest == nil {
		return ErrUnknownLabel
	}
	return nil
}

func (v *labelView) exists(version uint32) bool {
	return v.greatest != nil && version <= *v.greatest
}

// Greatest implements keytrans.Label.
func (v *labelView) Greatest(pos uint64) (*uint32, error) {
	if v.greatest == nil {
		return nil, nil
	}
	// Positions never fall from one version to the next. The greatest version
	// itself is what is mostly asked for.
	last, err := v.record(*v.greatest)
	if err != nil || last.position <= pos {
		return v.greatest, err
	}
	low, high := uint64(0), uint64(*v.greatest) // the answer, plus one, is in [low, high]
	for low < high {
		mid := (low + high) / 2
		r, err := v.record(uint32(mid))
		if err != nil {
			return nil, err
		}
		if r.position <= pos {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == 0 {
		return nil, nil
	}
	greatest := uint32(low - 1)
	return &greatest, nil
}

// Inserted implements keytrans.Label.
func (v *labelView) Inserted(version uint32) (uint64, error) {
	r, err := v.record(version)
	if err != nil {
		return 0, err
	}
	return r.position, nil
}

// SearchKey implements keytrans.Label.
func (v *labelView) SearchKey(version uint32) (merkle.Hash, error) {
	if v.exists(version) {
		r, err := v.record(version)
		if err != nil {
			return merkle.Hash{}, err
		}
		return r.searchKey, nil
	}
	key, _, err := v.keys.prove(v.name, version)
	return key, err
}

// ProveKey implements keytrans.Label.
func (v *labelView) ProveKey(version uint32) ([]byte, error) {
	_, proof, err := v.keys.prove(v.name, version)
	return proof, err
}

// Commitment implements keytrans.Label.
func (v *labelView) Commitment(version uint32) (merkle.Hash, error) {
	r, err := v.record(version)
	if err != nil {
		return merkle.Hash{}, err
	}
	return r.commitment, nil
}

// Open implements keytrans.Label. The error is ErrErased if the value was
// deleted, ErrSkipped if there never was one.
func (v *labelView) Open(version uint32) (keytrans.Opening, keytrans.UpdateValue, error) {
	r, err := v.record(version)
	if err != nil {
		return keytrans.Opening{}, keytrans.UpdateValue{}, err
	}
	switch {
	case r.skipped():
		return keytrans.Opening{}, keytrans.UpdateValue{}, ErrSkipped
	case r.erased:
		return keytrans.Opening{}, keytrans.UpdateValue{}, ErrErased
	}
	return r.opening, keytrans.UpdateValue{Value: slices.Clone(r.value), Signature: slices.Clone(r.signature)}, nil
}
