package naive

import "slices"

// World describes a whole log.
type World struct {
	// Timestamps holds one timestamp per log entry, in milliseconds.
	Timestamps []uint64
	// RMW is the Reasonable Monitoring Window.
	RMW uint64
	// MaximumLifetime is nil if the log defines none.
	MaximumLifetime *uint64
	// Inserted holds, per label, the position of the log entry that first
	// contained each version: Inserted[label][v]. It never decreases.
	Inserted map[string][]uint64
	// Audited is the size of the log that the auditor's head is of, which comes
	// with each new head; 0 if there is no auditor.
	Audited uint64

	// oldViewUpdate drops the 2026-07-28 change to view updates: some vectors
	// were produced before it.
	oldViewUpdate bool
}

// Lookup is one PrefixProof: which versions are looked up in the prefix tree of
// which log entry, and whether each is there.
type Lookup struct {
	Position uint64
	Versions []uint32
	Included []bool
}

// Range is the subtree of the log tree over the leaves [Lo, Hi).
type Range struct {
	Lo, Hi uint64
}

// MapEntry is one entry of a monitoring map.
type MapEntry struct {
	Position uint64
	Version  uint32
}

// ErrorKind says why an operation failed; it is empty if the operation did not.
type ErrorKind string

// The ways in which an operation can fail.
const (
	// ErrRequest means that the log refuses the request as invalid.
	ErrRequest ErrorKind = "request refused"
	// ErrNoVersion means that the version (or the whole label) does not exist.
	ErrNoVersion ErrorKind = "version does not exist"
	// ErrExpired means that the requested version is expired.
	ErrExpired ErrorKind = "version is expired"
	// ErrStart means that the owner's starting position is expired or not
	// distinguished.
	ErrStart ErrorKind = "starting position is expired or not distinguished"
	// ErrRepeated means that contact monitoring came to an entry whose ladder,
	// already given, had a target not greater than the current version.
	ErrRepeated ErrorKind = "ladder was given for a version not greater"
	// ErrDowngrade means that a monitored version is missing.
	ErrDowngrade ErrorKind = "monitored version is missing"
	// ErrLadder means that a ladder contradicts the version claimed.
	ErrLadder ErrorKind = "ladder contradicts the claimed version"
)

// Trace is what an honest CombinedTreeProof contains, as positions, together
// with what the algorithm concludes. Where Err is set, the positions are those
// asked for before the failure.
type Trace struct {
	Timestamps   []uint64 // positions, in the order of the timestamps field
	PrefixProofs []Lookup // in the order of the prefix_proofs field
	PrefixRoots  []uint64 // positions, left to right
	Inclusion    []Range  // heads, left to right

	Err ErrorKind

	// RightmostDistinguished is nil if no log entry is distinguished.
	RightmostDistinguished *uint64
	// Terminal is the terminal log entry of a successful search.
	Terminal *uint64
	// MonitoringNeeded says whether the terminal entry is to the right of the
	// rightmost distinguished one.
	MonitoringNeeded bool
	// Map is the monitoring map afterwards, ascending by position. After an
	// Update it holds just the entry to add, if any.
	Map []MapEntry
	// GreatestVersions is that field of an OwnerInitResponse.
	GreatestVersions []uint32
	// LadderVersions lists the versions of the response's binary_ladder.
	LadderVersions []uint32
	// Inspected lists the entries that owner initialization looks into, those
	// that reached step 5 of owner monitoring, or those an update inspected.
	Inspected []uint64
	// Stopped says that the log ended owner monitoring in step 4.
	Stopped bool
	// Recent lists the distinguished entries that a walk enumerated, left to
	// right.
	Recent []uint64
	// PositionDistinguished says whether an update's entry is distinguished.
	PositionDistinguished bool
}

// Size is the number of log entries.
func (w *World) Size() uint64 { return uint64(len(w.Timestamps)) }

// has says whether a version of a label is in the prefix tree of a log entry.
func (w *World) has(label string, version uint32, position uint64) bool {
	inserted := w.Inserted[label]
	return uint64(version) < uint64(len(inserted)) && inserted[version] <= position
}

// GreatestAt is the greatest version of a label in a log entry, nil if none.
func (w *World) GreatestAt(label string, position uint64) *uint32 {
	var greatest *uint32
	for v := range w.Inserted[label] {
		version := uint32(v)
		if w.has(label, version, position) {
			greatest = &version
		}
	}
	return greatest
}

// Expired says whether an entry is expired: the rightmost timestamp minus its
// own is greater than or equal to the maximum lifetime.
func (w *World) Expired(position uint64) bool {
	if w.MaximumLifetime == nil {
		return false
	}
	rightmost := w.Timestamps[w.Size()-1]
	return rightmost-w.Timestamps[position] >= *w.MaximumLifetime
}

// Distinguished lists the distinguished entries, left to right.
func (w *World) Distinguished() []uint64 {
	return NewTree(w.Size()).Distinguished(w.Timestamps, w.RMW)
}

// ValidEntries runs the log's checks of a monitoring map: positions ascend, no
// position or version appears twice, and each position is the first entry to
// contain its version or on that entry's direct path.
func (w *World) ValidEntries(label string, entries []MapEntry) bool {
	tree := NewTree(w.Size())
	for i, e := range entries {
		if e.Position >= w.Size() || uint64(e.Version) >= uint64(len(w.Inserted[label])) {
			return false
		}
		for _, earlier := range entries[:i] {
			if earlier.Position >= e.Position || earlier.Version == e.Version {
				return false
			}
		}
		first := w.Inserted[label][e.Version]
		if first >= w.Size() {
			return false
		}
		if e.Position != first && !slices.Contains(tree.DirectPath(first), e.Position) {
			return false
		}
	}
	return true
}
