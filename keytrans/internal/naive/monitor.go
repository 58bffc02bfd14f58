package naive

import (
	"cmp"
	"slices"
)

// ContactMonitor updates a contact's monitoring map.
func (w *World) ContactMonitor(last *uint64, label string, entries []MapEntry) Trace {
	s := w.begin(last, label)
	if s == nil || !w.ValidEntries(label, entries) {
		return Trace{Err: ErrRequest}
	}
	return s.finish(s.contact(entries, nil))
}

// contact runs the contact algorithm. In the context of owner monitoring, start
// is the owner's advertised position.
func (s *session) contact(entries []MapEntry, start *uint64) ErrorKind {
	current := map[uint64]uint32{}
	for _, e := range entries {
		current[e.Position] = e.Version
	}
	// From the rightmost to the leftmost entry of the map.
	for _, e := range slices.Backward(entries) {
		s.pathTimestamps(e.Position)
		// Step 1: a distinguished entry stays in the map for now.
		if s.isDistinguished(e.Position) {
			continue
		}
		if err := s.follow(current, e, s.toInspect(e, start)); err != "" {
			return err
		}
	}
	// Final step: distinguished positions leave the map.
	for position, version := range current {
		if !s.isDistinguished(position) {
			s.trace.Map = append(s.trace.Map, MapEntry{position, version})
		}
	}
	slices.SortFunc(s.trace.Map, func(a, b MapEntry) int { return cmp.Compare(a.Position, b.Position) })
	return ""
}

// toInspect is step 2: the entries to inspect for an entry of the map.
func (s *session) toInspect(e MapEntry, start *uint64) []uint64 {
	var list []uint64
	for _, p := range s.tree.DirectPath(e.Position) { // 2.1
		if p < e.Position { // 2.2
			continue
		}
		list = append(list, p)
		if s.isDistinguished(p) { // 2.3
			// 2.4: the owner algorithm will inspect this last entry.
			if start != nil && e.Position >= *start {
				list = list[:len(list)-1]
			}
			break
		}
	}
	return list
}

// follow is step 3: inspect the list from left to right, moving the map entry.
func (s *session) follow(current map[uint64]uint32, e MapEntry, list []uint64) ErrorKind {
	moved := e
	drop := func() {
		// The position may meanwhile track a greater version.
		if current[moved.Position] == e.Version {
			delete(current, moved.Position)
		}
	}
	for _, p := range list {
		// 3.1: was a ladder from this entry already provided?
		if target, given := s.monitored[p]; given {
			if target > e.Version {
				drop()
				return ""
			}
			return ErrRepeated
		}
		// 3.2: a monitoring ladder for the version in the map.
		s.monitored[p] = e.Version
		lookup := s.prove(p, MonitoringLadder(e.Version))
		// 3.3: all there, so the map entry moves here.
		if slices.Contains(lookup.Included, false) {
			return ErrDowngrade
		}
		drop()
		moved.Position = p
		// A map holds the greatest version proven at a position: keep it.
		if version, taken := current[p]; !taken || version < e.Version {
			current[p] = e.Version
		}
	}
	return ""
}

// OwnerInit initializes a label owner's state at a starting position.
func (w *World) OwnerInit(last *uint64, label string, start uint64) Trace {
	s := w.begin(last, label)
	if s == nil || start >= w.Size() {
		return Trace{Err: ErrRequest}
	}
	// The starting position must be distinguished and not expired; timestamps
	// on the path from the root to it, itself included, show that.
	for _, p := range append(s.tree.FromRoot(start), start) {
		if !s.isDistinguished(p) {
			return s.finish(ErrStart)
		}
		s.timestamp(p)
	}
	if w.Expired(start) {
		return s.finish(ErrStart)
	}
	// Step 1: the starting position, then those of its direct path to its left,
	// ending before the first expired one.
	list := []uint64{start}
	for _, p := range s.tree.DirectPath(start) {
		if p < start {
			if w.Expired(p) {
				break
			}
			list = append(list, p)
		}
	}
	s.trace.Inspected = list
	// Step 2: the greatest versions, ending where the label does not exist.
	for _, p := range list {
		greatest := w.GreatestAt(label, p)
		if greatest == nil {
			break
		}
		s.trace.GreatestVersions = append(s.trace.GreatestVersions, *greatest)
	}
	// Step 3: version zero and the ladders of all these versions.
	s.trace.LadderVersions = []uint32{0}
	for _, v := range s.trace.GreatestVersions {
		s.trace.LadderVersions = union(s.trace.LadderVersions, BaseLadder(v))
	}
	// Step 5: a full search ladder from each entry.
	for i, p := range list {
		target, expect := uint32(0), -1
		if i < len(s.trace.GreatestVersions) {
			target, expect = s.trace.GreatestVersions[i], 0
		}
		if s.fullSearchLadder(p, target) != expect {
			return s.finish(ErrLadder)
		}
	}
	return s.finish("")
}

// OwnerRequest is what a label owner advertises for monitoring.
type OwnerRequest struct {
	Entries  []MapEntry
	Start    uint64
	Greatest *uint32
}

// ownerWalk is the state of the second owner algorithm.
type ownerWalk struct {
	*session
	request OwnerRequest
	limit   int
	given   int
}

// OwnerMonitor monitors a label for its owner. The log gives at most limit
// prefix proofs for step 5; 0 means that there is no limit.
func (w *World) OwnerMonitor(last *uint64, label string, r OwnerRequest, limit int) Trace {
	s := w.begin(last, label)
	if s == nil || !w.ValidEntries(label, r.Entries) || !w.validOwner(label, r) {
		return Trace{Err: ErrRequest}
	}
	// First the contact algorithm, then the owner algorithm from the root.
	if err := s.contact(r.Entries, &r.Start); err != "" {
		return s.finish(err)
	}
	walk := &ownerWalk{session: s, request: r, limit: limit}
	return s.finish(walk.visit(s.tree.root))
}

// validOwner runs the log's checks 2 and 3 of an OwnerMonitorRequest.
func (w *World) validOwner(label string, r OwnerRequest) bool {
	if r.Start >= w.Size() {
		return false
	}
	now := w.GreatestAt(label, w.Size()-1)
	if r.Greatest != nil && (now == nil || *r.Greatest > *now) {
		return false
	}
	then := w.GreatestAt(label, r.Start)
	return then == nil || r.Greatest != nil && *r.Greatest >= *then
}

// visit is the recursion of the second owner algorithm.
func (o *ownerWalk) visit(n *node) ErrorKind {
	// Step 1.
	if !o.isDistinguished(n.position) {
		return ""
	}
	// Step 2: up to the position already verified, only the right is of interest.
	if n.position <= o.request.Start {
		return o.recurse(n, n.right())
	}
	// Step 3: everything to the left first.
	if err := o.recurse(n, n.left()); err != "" {
		return err
	}
	// Step 4: once the log has stopped, nothing follows.
	greatest := o.w.GreatestAt(o.label, n.position)
	unknown := greatest != nil && (o.request.Greatest == nil || *greatest > *o.request.Greatest)
	full := o.limit > 0 && o.given >= o.limit
	if o.trace.Stopped || unknown || full {
		o.trace.Stopped = true
		return ""
	}
	// Step 5: a full search ladder for the version that the owner expects here.
	target, expect := uint32(0), -1
	if greatest != nil {
		target, expect = *greatest, 0
	}
	o.given++
	o.trace.Inspected = append(o.trace.Inspected, n.position)
	if o.fullSearchLadder(n.position, target) != expect {
		return ErrLadder
	}
	// Step 6.
	return o.recurse(n, n.right())
}

// recurse goes from an entry to one of its children, if there is one: whether
// the child is distinguished depends on the entry's timestamp.
func (o *ownerWalk) recurse(from, to *node) ErrorKind {
	if to == nil {
		return ""
	}
	o.timestamp(from.position)
	return o.visit(to)
}
