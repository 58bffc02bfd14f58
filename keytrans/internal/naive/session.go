package naive

import (
	"fmt"
	"slices"
)

// session is one response being assembled.
type session struct {
	w             *World
	label         string
	tree          *Tree
	distinguished []uint64
	last          *uint64
	retained      []uint64 // frontier of the tree that the user retained
	trace         *Trace

	// What lookups have shown in this response: where a version was included,
	// and where it was not.
	inclusions, nonInclusions map[uint32][]uint64
	// Targets of the monitoring ladders already given, by position.
	monitored map[uint64]uint32
}

// begin starts a response with the update of the user's view, which always goes
// first. It returns nil if the log refuses the advertised size.
func (w *World) begin(last *uint64, label string) *session {
	if w.Size() == 0 || last != nil && (*last == 0 || *last > w.Size()) {
		return nil
	}
	s := &session{
		w: w, label: label, last: last, trace: &Trace{},
		tree:          NewTree(w.Size()),
		distinguished: w.Distinguished(),
		inclusions:    map[uint32][]uint64{},
		nonInclusions: map[uint32][]uint64{},
		monitored:     map[uint64]uint32{},
	}
	if last != nil {
		s.retained = NewTree(*last).Frontier()
	}
	if n := len(s.distinguished); n > 0 {
		s.trace.RightmostDistinguished = &s.distinguished[n-1]
	}
	update := s.tree.ViewUpdate(last)
	if w.oldViewUpdate {
		update = s.tree.oldViewUpdate(last)
	}
	for _, p := range update {
		s.timestamp(p)
	}
	return s
}

// known says whether the user can know an entry's timestamp by now.
func (s *session) known(position uint64) bool {
	return slices.Contains(s.retained, position) || slices.Contains(s.trace.Timestamps, position)
}

// timestamp is called where an algorithm requires an entry's timestamp. The
// first time, unless retained, the timestamp is provided.
func (s *session) timestamp(position uint64) uint64 {
	if !s.known(position) {
		s.trace.Timestamps = append(s.trace.Timestamps, position)
	}
	return s.w.Timestamps[position]
}

// pathTimestamps requires the timestamps on the path from the root to an
// entry's parent, ending where an entry turns out not to be distinguished. That
// follows from the timestamps above it, so its own is not required.
func (s *session) pathTimestamps(position uint64) {
	for _, p := range s.tree.FromRoot(position) {
		if !s.isDistinguished(p) {
			return
		}
		s.timestamp(p)
	}
}

// isDistinguished also makes sure that the user can tell: every distinguished
// ancestor's timestamp must be known, up to the first one that is not.
func (s *session) isDistinguished(position uint64) bool {
	if !s.known(s.w.Size()-1) && !s.w.oldViewUpdate {
		panic("naive: the rightmost timestamp is not known")
	}
	for _, p := range s.tree.FromRoot(position) {
		if !slices.Contains(s.distinguished, p) {
			break
		}
		if !s.known(p) && !s.w.oldViewUpdate {
			panic(fmt.Sprintf("naive: entry %d needs the timestamp of %d", position, p))
		}
	}
	return slices.Contains(s.distinguished, position)
}

// included says whether a version is in an entry's prefix tree.
func (s *session) included(position uint64) func(uint32) bool {
	return func(v uint32) bool { return s.w.has(s.label, v, position) }
}

// prove provides a PrefixProof. An entry whose timestamp is not known yet
// requires it first.
func (s *session) prove(position uint64, versions []uint32) Lookup {
	s.timestamp(position)
	lookup := Lookup{Position: position, Versions: versions}
	for _, v := range versions {
		lookup.Included = append(lookup.Included, s.w.has(s.label, v, position))
	}
	s.trace.PrefixProofs = append(s.trace.PrefixProofs, lookup)
	s.remember(position, versions)
	return lookup
}

// remember notes what lookups in an entry show.
func (s *session) remember(position uint64, versions []uint32) {
	for _, v := range versions {
		if s.w.has(s.label, v, position) {
			s.inclusions[v] = append(s.inclusions[v], position)
		} else {
			s.nonInclusions[v] = append(s.nonInclusions[v], position)
		}
	}
}

// redundant says whether a lookup may be omitted: an inclusion was proven in an
// entry to the left, or a non-inclusion in an entry to the right.
func (s *session) redundant(position uint64, version uint32) bool {
	if s.w.has(s.label, version, position) {
		return slices.ContainsFunc(s.inclusions[version], func(p uint64) bool { return p < position })
	}
	return slices.ContainsFunc(s.nonInclusions[version], func(p uint64) bool { return p > position })
}

// searchLadder provides a search binary ladder without its redundant lookups.
// It returns what the whole ladder indicates: the greatest version is less than
// (-1), equal to (0) or greater than (1) the target.
func (s *session) searchLadder(position uint64, target uint32) int {
	ladder := SearchLadder(target, s.included(position))
	var needed []uint32
	for _, v := range ladder {
		if !s.redundant(position, v) {
			needed = append(needed, v)
		}
	}
	s.prove(position, needed)
	return Indicated(target, ladder, s.included(position))
}

// fullSearchLadder provides a search binary ladder with nothing omitted.
func (s *session) fullSearchLadder(position uint64, target uint32) int {
	ladder := SearchLadder(target, s.included(position))
	s.prove(position, ladder)
	return Indicated(target, ladder, s.included(position))
}

// Indicated says what a search ladder shows: 1 if it includes a version greater
// than the target, -1 if it lacks one less than or equal to it, 0 otherwise.
func Indicated(target uint32, ladder []uint32, included func(uint32) bool) int {
	for _, v := range ladder {
		if v > target && included(v) {
			return 1
		}
		if v <= target && !included(v) {
			return -1
		}
	}
	return 0
}

// terminal notes the terminal entry of a search, and whether it is to the right
// of the rightmost distinguished entry.
func (s *session) terminal(position uint64) {
	s.trace.Terminal = &position
	rightmost := s.trace.RightmostDistinguished
	s.trace.MonitoringNeeded = rightmost == nil || position > *rightmost
}

// finish fills in the two fields that follow from the others.
func (s *session) finish(err ErrorKind) Trace {
	s.trace.Err = err
	proven := map[uint64]bool{}
	for _, p := range s.trace.PrefixProofs {
		proven[p.Position] = true
	}
	// prefix_roots: entries with a timestamp in this response but no lookup.
	for _, p := range s.trace.Timestamps {
		if !proven[p] {
			s.trace.PrefixRoots = append(s.trace.PrefixRoots, p)
		}
	}
	slices.Sort(s.trace.PrefixRoots)
	audited := s.w.Audited
	if s.last != nil && *s.last == s.w.Size() {
		audited = 0 // the same head comes without an auditor's
	}
	s.trace.Inclusion = Inclusion(s.w.Size(), s.trace.Timestamps, s.last, audited)
	return *s.trace
}
