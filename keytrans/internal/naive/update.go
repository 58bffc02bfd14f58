package naive

import "slices"

// UpdateInput is what an owner verifies about some new versions, and the part
// of the owner's state which that takes.
type UpdateInput struct {
	// Position is the entry where the new versions were inserted.
	Position uint64
	// PrevGreatest is the greatest version before, nil if there was none.
	PrevGreatest *uint32
	// NewGreatest is the greatest of the new versions.
	NewGreatest uint32
	// Record says where versions were created, as far as the owner knows: not
	// for those from before the ownership began.
	Record map[uint32]uint64
	// Start is the owner's starting position.
	Start uint64
}

// newVersions lists the versions that were created, ascending.
func (u UpdateInput) newVersions() []uint32 {
	first := uint64(0)
	if u.PrevGreatest != nil {
		first = uint64(*u.PrevGreatest) + 1
	}
	var versions []uint32
	for v := first; v <= uint64(u.NewGreatest); v++ {
		versions = append(versions, uint32(v))
	}
	return versions
}

// UpdateLadder lists the versions whose VRF proofs an update brings: the new
// greatest version's ladder, each new version if there are several, but not
// what the previous greatest version's ladder had (without one: version 0).
func (u UpdateInput) UpdateLadder() []uint32 {
	versions := BaseLadder(u.NewGreatest)
	if created := u.newVersions(); len(created) > 1 {
		versions = append(versions, created...)
	}
	alreadyKnown := []uint32{0}
	if u.PrevGreatest != nil {
		alreadyKnown = BaseLadder(*u.PrevGreatest)
	}
	return slices.DeleteFunc(union(versions), func(v uint32) bool {
		return slices.Contains(alreadyKnown, v)
	})
}

// Update verifies that new versions of a label were inserted correctly.
func (w *World) Update(last *uint64, label string, u UpdateInput) Trace {
	s := w.begin(last, label)
	if s == nil || u.Position >= w.Size() || len(u.newVersions()) == 0 {
		return Trace{Err: ErrRequest}
	}
	s.trace.LadderVersions = u.UpdateLadder()
	if u.Position > 0 {
		if err := s.previousTree(u); err != "" {
			return s.finish(err)
		}
	}
	return s.finish(s.newEntry(u))
}

// previousTree is steps 1 and 2: a greatest-version search in the tree without
// the new entry, as far as the owner has not verified it before.
func (s *session) previousTree(u UpdateInput) ErrorKind {
	// Timestamps from the root to the parent of the rightmost previous entry
	// say what is distinguished on the previous frontier.
	s.pathTimestamps(u.Position - 1)
	previous := NewTree(u.Position)
	target, expect := uint32(0), -1
	if u.PrevGreatest != nil {
		target, expect = *u.PrevGreatest, 0
	}
	// Step 1: without an entry that is not distinguished, step 2 is skipped.
	if s.isDistinguished(u.Position - 1) {
		return ""
	}
	// The search starts at the rightmost distinguished entry of the frontier,
	// or at its root.
	start := previous.Root()
	for _, p := range previous.Frontier() {
		if s.isDistinguished(p) {
			start = p
		}
	}
	for _, p := range previous.FrontierFrom(start) {
		// Step 1: a distinguished entry is not inspected here. Step 2.1: nor is
		// one that was verified with the previous version. Both count as if
		// they had been.
		if s.isDistinguished(p) || u.skips(p) {
			s.remember(p, SearchLadder(target, s.included(p)))
			continue
		}
		// Step 2.2: a search ladder for the previous greatest version.
		s.trace.Inspected = append(s.trace.Inspected, p)
		// Step 2.3: it must be the greatest.
		if s.searchLadder(p, target) != expect {
			return ErrLadder
		}
	}
	return ""
}

// skips is step 2.1: a previous version existed, and the entry is not to the
// right of the starting position or of where that version was inserted.
func (u UpdateInput) skips(position uint64) bool {
	if u.PrevGreatest == nil {
		return false
	}
	inserted, recorded := u.Record[*u.PrevGreatest]
	return position <= u.Start || recorded && position <= inserted
}

// newEntry is steps 3 and 4: the new versions in the entry that has them.
func (s *session) newEntry(u UpdateInput) ErrorKind {
	s.pathTimestamps(u.Position)
	s.trace.PositionDistinguished = s.isDistinguished(u.Position)
	// New versions that the new greatest version's ladder does not look up.
	var others []uint32
	for _, v := range u.newVersions() {
		if !slices.Contains(BaseLadder(u.NewGreatest), v) {
			others = append(others, v)
		}
	}
	// Step 4: in an entry that is not distinguished, that ladder comes first.
	if !s.trace.PositionDistinguished {
		if s.searchLadder(u.Position, u.NewGreatest) != 0 {
			return ErrLadder
		}
		s.trace.Map = []MapEntry{{u.Position, u.NewGreatest}}
	}
	// Steps 3 and 4: the others, if there are any.
	if len(others) > 0 {
		lookup := s.prove(u.Position, others)
		if slices.Contains(lookup.Included, false) {
			return ErrLadder
		}
	}
	return ""
}

// DistinguishedWalk enumerates the recent distinguished entries: the n
// rightmost, none of them expired.
func (w *World) DistinguishedWalk(last, stop *uint64, n int) Trace {
	s := w.begin(last, "")
	if s == nil {
		return Trace{Err: ErrRequest}
	}
	recent := s.distinguished[max(0, len(s.distinguished)-n):]
	s.walk(s.tree.root, stop, recent)
	slices.Sort(s.trace.Recent)
	return s.finish("")
}

func (s *session) walk(n *node, stop *uint64, recent []uint64) {
	// Step 1.
	if !s.isDistinguished(n.position) {
		return
	}
	s.timestamp(n.position)
	// Step 2: first to the right.
	if n.right() != nil {
		s.walk(n.right(), stop, recent)
	}
	// Step 3: at or before the stopping position.
	if stop != nil && n.position <= *stop {
		return
	}
	// Step 4: not recent.
	if !slices.Contains(recent, n.position) || s.w.Expired(n.position) {
		return
	}
	s.trace.Recent = append(s.trace.Recent, n.position)
	// Step 5: then to the left.
	if n.left() != nil {
		s.walk(n.left(), stop, recent)
	}
}
