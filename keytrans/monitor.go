package keytrans

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
)

// checkMapEntries verifies that a monitoring map ascends by position and by
// version, inside a log of size entries.
func checkMapEntries(entries []MonitorMapEntry, size uint64) error {
	for i, e := range entries {
		if e.Position >= size {
			return fmt.Errorf("entries: position %d is beyond the log of %d entries", e.Position, size)
		}
		if i > 0 && (e.Position <= entries[i-1].Position || e.Version <= entries[i-1].Version) {
			return errors.New("entries: positions and versions must ascend without duplicates")
		}
	}
	return nil
}

// monitored is a monitoring map entry on its way up the search tree.
type monitored struct {
	MonitorMapEntry
	distinguished bool // Position is a distinguished entry
	// deferred is the distinguished entry that owner monitoring verifies in
	// place of this algorithm: step 2.4.
	deferred *uint64
}

// contactMonitor moves the entries of a monitoring map up the search tree:
// KEYTRANS, "Monitoring the Tree", "Contact Algorithm". start is the owner's
// start position if this runs in the context of owner monitoring. The result is
// the updated map, ascending, which still holds distinguished positions.
func (w *walk) contactMonitor(entries []MonitorMapEntry, start *uint64) ([]monitored, error) {
	ladders := make(map[uint64]uint32) // target of the ladder given for an entry
	var out []monitored
	for _, e := range slices.Backward(entries) {
		m, keep, err := w.contactMonitorEntry(e, start, ladders)
		if err != nil {
			return nil, err
		}
		if keep {
			out = append(out, m)
		}
	}
	slices.Reverse(out)
	return out, nil
}

func (w *walk) contactMonitorEntry(e MonitorMapEntry, start *uint64, ladders map[uint64]uint32) (m monitored, keep bool, err error) {
	m.MonitorMapEntry = e
	distinguished, err := w.distinguishedPath(e.Position)
	if err != nil {
		return m, false, err
	}
	if slices.Contains(distinguished, e.Position) {
		m.distinguished = true
		return m, true, nil
	}
	for _, pos := range rightAncestors(e.Position, w.size) {
		isLast := slices.Contains(distinguished, pos)
		if isLast && start != nil && e.Position >= *start {
			m.deferred = &pos
			break
		}
		if target, ok := ladders[pos]; ok {
			if target <= e.Version {
				return m, false, fmt.Errorf("entry %d: version %d follows version %d to its left", pos, target, e.Version)
			}
			return m, false, nil // covered by the greater version
		}
		missing, err := w.firstMissing(pos, ladder.Monitoring(e.Version))
		if err != nil {
			return m, false, err
		}
		if missing != nil {
			w.contradict("entry %d lacks version %d, which entry %d proved to exist", pos, *missing, m.Position)
		}
		ladders[pos] = e.Version
		m.Position, m.distinguished = pos, isLast
		if isLast {
			break
		}
	}
	return m, true, nil
}

// rightAncestors returns the part of the direct path of pos that is to its
// right, from left to right.
func rightAncestors(pos, size uint64) []uint64 {
	path := ibst.Path(pos, size)
	slices.Reverse(path)
	return slices.DeleteFunc(path, func(x uint64) bool { return x <= pos })
}

// ErrUnexpectedVersion says that the log holds a version of a label that its
// owner does not know of.
var ErrUnexpectedVersion = errors.New("unexpected version of the label")

// ErrStart says that an owner's start position is not an unexpired
// distinguished log entry.
var ErrStart = errors.New("start is not an unexpired distinguished log entry")

// ownerInitEntries returns the log entries that an owner inspects to take
// ownership at start: start, then those on its direct path to its left, up to
// the first expired one: KEYTRANS, "Owner Algorithm". The error wraps ErrStart
// if start does not qualify.
func (w *walk) ownerInitEntries(start uint64) ([]uint64, error) {
	if start >= w.size {
		return nil, fmt.Errorf("%w: position %d, log of %d entries", ErrStart, start, w.size)
	}
	distinguished, err := w.isDistinguished(start)
	if err != nil {
		return nil, err
	}
	if !distinguished {
		return nil, fmt.Errorf("%w: position %d is not distinguished", ErrStart, start)
	}
	var list []uint64
	for _, pos := range slices.Backward(ibst.Path(start, w.size)) {
		if pos > start {
			continue
		}
		ts, err := w.timestamp(pos)
		if err != nil {
			return nil, err
		}
		expired, err := w.expired(ts)
		if err != nil {
			return nil, err
		}
		if expired {
			break
		}
		list = append(list, pos)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: position %d has expired", ErrStart, start)
	}
	return list, nil
}

// ownerInit obtains a complete search ladder from each of the entries, for the
// corresponding greatest version, or none beyond the end of versions.
func (w *walk) ownerInit(entries []uint64, versions []uint32) error {
	for i, pos := range entries {
		var expected *uint32
		if i < len(versions) {
			expected = &versions[i]
		}
		if err := w.expectClaimed(pos, expected, completely); err != nil {
			return err
		}
	}
	return nil
}

// ownerInitVersions returns the versions, ascending, whose search keys an owner
// needs to follow ownerInit: zero and every version of a search ladder for one
// of the greatest versions.
func ownerInitVersions(greatest []uint32) []uint32 {
	versions := []uint32{0}
	for _, v := range greatest {
		versions = append(versions, ladder.Base(v)...)
	}
	slices.Sort(versions)
	return slices.Compact(versions)
}

// ownerMonitoring is one execution of the second algorithm of KEYTRANS, "Owner
// Algorithm".
type ownerMonitoring struct {
	*walk
	start uint64
	// expected returns the greatest version expected at a position, nil if none.
	expected func(pos uint64) (*uint32, error)
	// stop reports whether the response ends before the entry at pos.
	stop func(pos uint64) (bool, error)

	verified uint64 // the rightmost distinguished entry verified
	stopped  bool
}

// run inspects the distinguished entries to the right of start, from left to
// right. Afterwards verified is the rightmost one inspected (start if none),
// and stopped tells whether more remain.
func (m *ownerMonitoring) run() error {
	m.verified = m.start
	s, err := m.root()
	if err != nil {
		return err
	}
	return m.visit(s)
}

func (m *ownerMonitoring) visit(s ibst.Span) error {
	if !m.distinguished(s) { // step 1
		return nil
	}
	if s.Pos <= m.start { // step 2
		return m.visitRight(s)
	}
	if _, ok := ibst.Left(s.Pos); ok { // step 3
		ts, err := m.timestamp(s.Pos)
		if err != nil {
			return err
		}
		left, _ := s.LeftChild(ts)
		if err := m.visit(left); err != nil || m.stopped {
			return err
		}
	}
	stop, err := m.stop(s.Pos) // step 4
	if err != nil || stop {
		m.stopped = stop
		return err
	}
	expected, err := m.expected(s.Pos) // step 5
	if err != nil {
		return err
	}
	if err := m.expectKnown(s.Pos, expected, completely); err != nil {
		return err
	}
	m.verified = s.Pos
	return m.visitRight(s) // step 6
}

func (m *ownerMonitoring) visitRight(s ibst.Span) error {
	if _, ok := ibst.Right(s.Pos, m.size); !ok {
		return nil
	}
	ts, err := m.timestamp(s.Pos)
	if err != nil {
		return err
	}
	right, _ := s.RightChild(ts, m.size)
	return m.visit(right)
}
