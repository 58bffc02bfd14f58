package keytrans

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// An Auditor is a Third-Party Auditor: KEYTRANS, "Third Parties", "Auditing". It
// takes the AuditorUpdates of a log one after the other and signs heads of what it
// verified. It has no copy of the log: what it keeps is the heads of the log's full
// subtrees, the timestamps of its frontier, the last entry, and which leaves were
// inserted where until a distinguished entry has published them.
//
// It is not safe for concurrent use.
type Auditor struct {
	cfg        *Configuration
	start      uint64 // position of the first entry that it processed
	size       uint64
	subtrees   []merkle.Hash // of logtree.FullSubtrees
	timestamps []uint64      // of ibst.Frontier
	prefixTree merkle.Hash   // of the last entry

	// waiting has the leaves that no distinguished entry has published as far as
	// the last update could tell, with the positions where they were inserted.
	// arrivals has them in the order of the log; of those that were removed
	// meanwhile, waiting knows nothing.
	waiting  map[prefixtree.Key]uint64
	arrivals []arrival
	room     int // MaxWaiting
}

// arrival is a leaf that was inserted.
type arrival struct {
	position uint64
	key      prefixtree.Key
}

// MaxWaiting is how many leaves an Auditor keeps because no distinguished entry
// has published them yet: what a log can insert within about one Reasonable
// Monitoring Window. They take some 150 bytes of memory each, 40 of storage.
const MaxWaiting = 1 << 22

// NewAuditor returns the auditor of a log of which no entry has been processed.
func NewAuditor(cfg *Configuration) (*Auditor, error) {
	return newAuditor(cfg)
}

// NewAuditorAt returns an auditor that takes the log that a verified view is of on
// trust, and processes what comes after it. It cannot know where earlier leaves
// were inserted, and takes the view's last entry for it: if they are removed before
// a distinguished entry follows, it refuses. It signs heads only under a
// Configuration whose auditor_start_pos is not below the view's size.
func NewAuditorAt(cfg *Configuration, view *View) (*Auditor, error) {
	a, err := newAuditor(cfg)
	if err != nil {
		return nil, err
	}
	if err := view.check(); err != nil {
		return nil, err
	}
	if view.Head.TreeSize == 0 {
		return a, nil
	}
	a.start, a.size = view.Head.TreeSize, view.Head.TreeSize
	a.subtrees = append(a.subtrees, view.Subtrees...)
	for _, e := range view.Frontier {
		a.timestamps = append(a.timestamps, e.Timestamp)
	}
	a.prefixTree = view.Rightmost().PrefixTree
	return a, nil
}

func newAuditor(cfg *Configuration) (*Auditor, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Mode != ThirdPartyAuditing {
		return nil, errors.New("the configuration's log has no auditor")
	}
	if err := cfg.checkPublicKeys(); err != nil {
		return nil, err
	}
	return &Auditor{cfg: cfg, waiting: make(map[prefixtree.Key]uint64), room: MaxWaiting}, nil
}

// Size returns the size of the log that was verified: the next update is for the
// entry at that position.
func (a *Auditor) Size() uint64 { return a.size }

// Start returns the position of the first entry that was processed.
func (a *Auditor) Start() uint64 { return a.start }

// Waiting returns how many leaves no distinguished entry has published yet, as far
// as the last update could tell.
func (a *Auditor) Waiting() int { return len(a.waiting) }

// Root returns the root of the log. Requires a size that is not 0.
func (a *Auditor) Root() (merkle.Hash, error) { return logtree.Root(a.size, a.subtrees) }

// Timestamp returns that of the last entry in milliseconds, 0 in an empty log.
func (a *Auditor) Timestamp() uint64 {
	if a.size == 0 {
		return 0
	}
	return a.timestamps[len(a.timestamps)-1]
}

// Last returns the last entry, nil in an empty log.
func (a *Auditor) Last() *LogEntry {
	if a.size == 0 {
		return nil
	}
	return &LogEntry{Timestamp: a.Timestamp(), PrefixTree: a.prefixTree}
}

// Apply verifies the update for the next log entry and appends that to the log.
// The error is an *AuditError, which names the step that refuses the update, or
// ErrWaiting; nothing has changed then.
func (a *Auditor) Apply(u *AuditorUpdate) error {
	entry, err := u.Replay(a.Last())
	if err != nil && !errors.Is(err, ErrUndetermined) {
		return err
	}
	known := a.known(u.Timestamp)
	published, err5 := a.published(known)
	if err5 == nil {
		err5 = a.checkRemoved(u.Removed, published)
	}
	if err5 != nil {
		return &AuditError{5, err5}
	}
	if err != nil {
		return err // step 7
	}
	if err := a.checkRoom(len(u.Added), published); err != nil {
		return err
	}
	subtrees, err := logtree.Append(a.size, a.subtrees, entry.Hash(), func(logtree.Node, merkle.Hash) {})
	if err != nil {
		return &AuditError{7, err}
	}
	a.keep(u, published)
	a.subtrees, a.prefixTree = subtrees, entry.PrefixTree
	a.timestamps = a.timestamps[:0]
	a.size++
	for _, pos := range ibst.Frontier(a.size) {
		a.timestamps = append(a.timestamps, known[pos])
	}
	return nil
}

// ErrWaiting says that a log inserted more leaves than an auditor keeps before a
// distinguished entry published them.
var ErrWaiting = fmt.Errorf("more than %d leaves wait for a distinguished log entry", MaxWaiting)

// known returns the timestamps of the frontier, and of the entry that comes next.
func (a *Auditor) known(next uint64) map[uint64]uint64 {
	out := map[uint64]uint64{a.size: next}
	for i, pos := range ibst.Frontier(a.size) {
		out[pos] = a.timestamps[i]
	}
	return out
}

// published returns up to which size the log is published: the position after that
// of the rightmost distinguished entry before the next one, in the log that ends
// with the next one; 0 if there is none.
//
// That entry is on the path to the last one before the next: were it to the left of
// an entry on this path, that one would be distinguished too. Apart from the next
// entry itself, the path is the old frontier.
func (a *Auditor) published(known map[uint64]uint64) (uint64, error) {
	if a.size == 0 {
		return 0, nil
	}
	path, err := ibst.DistinguishedPath(a.size-1, a.size+1, known[a.size], a.cfg.ReasonableMonitoringWindow,
		func(pos uint64) (uint64, error) { return known[pos], nil })
	if err != nil {
		return 0, err
	}
	size := uint64(0)
	for _, pos := range path {
		if pos < a.size {
			size = pos + 1
		}
	}
	return size, nil
}

// checkRemoved is step 5, for a log that is published up to a size.
func (a *Auditor) checkRemoved(removed []prefixtree.Leaf, published uint64) error {
	// SPEC: For each element of removed, verify that, with the addition of the new
	// log entry, the prefix tree leaf was published in at least one distinguished
	// log entry before removal.
	for i := range removed {
		inserted, ok := a.waiting[removed[i].Key]
		switch {
		case ok && inserted >= published:
			return fmt.Errorf("removed leaf %d, which entry %d inserted, was never in a distinguished entry", i, inserted)
		case !ok && published < a.start:
			return fmt.Errorf("removed leaf %d is not known to have been in a distinguished entry: this audit began with entry %d", i, a.start)
		}
	}
	return nil
}

// checkRoom verifies that there is room for n more insertions once the published
// ones are forgotten.
func (a *Auditor) checkRoom(n int, published uint64) error {
	if n += len(a.waiting); n <= a.room {
		return nil
	}
	for _, l := range a.arrivals {
		if l.position < published && !a.isGone(l) {
			n--
		}
	}
	if n > a.room {
		return ErrWaiting
	}
	return nil
}

// keep updates what is known of insertions: those that are published go, which no
// later update needs because what was published once stays so, and the update's
// come.
func (a *Auditor) keep(u *AuditorUpdate, published uint64) {
	done := 0
	for ; done < len(a.arrivals) && a.arrivals[done].position < published; done++ {
		if l := a.arrivals[done]; !a.isGone(l) {
			delete(a.waiting, l.key)
		}
	}
	a.arrivals = a.arrivals[done:]
	for i := range u.Removed {
		delete(a.waiting, u.Removed[i].Key)
	}
	for i := range u.Added {
		a.waiting[u.Added[i].Key] = a.size
		a.arrivals = append(a.arrivals, arrival{a.size, u.Added[i].Key})
	}
}

// isGone reports whether a leaf was removed, or replaced, after it arrived.
func (a *Auditor) isGone(l arrival) bool {
	position, ok := a.waiting[l.key]
	return !ok || position != l.position
}

// Head signs the head of the log that was verified. The error says so if the
// Configuration, the key or what was processed does not allow that.
func (a *Auditor) Head(key SigningKey) (*AuditorTreeHead, error) {
	switch {
	case string(key.Public()) != string(a.cfg.AuditorPublicKey):
		return nil, errors.New("the configuration names another auditor's key")
	case a.start > a.cfg.AuditorStartPos:
		return nil, fmt.Errorf("the configuration says that the auditor processed entry %d, but it began with %d", a.cfg.AuditorStartPos, a.start)
	case a.size <= a.cfg.AuditorStartPos:
		return nil, fmt.Errorf("the configuration says that the auditor begins with entry %d, and only %d are processed", a.cfg.AuditorStartPos, a.size)
	}
	root, err := a.Root()
	if err != nil {
		return nil, err
	}
	return SignAuditorTreeHead(a.cfg, key, a.Timestamp(), a.size, root)
}
