package naive

// ViewUpdate only updates the user's view of the tree.
func (w *World) ViewUpdate(last *uint64) Trace {
	s := w.begin(last, "")
	if s == nil {
		return Trace{Err: ErrRequest}
	}
	return s.finish("")
}

// GreatestVersionSearch searches for the greatest version of a label. A label
// without any is searched for version 0, as far as that goes.
func (w *World) GreatestVersionSearch(last *uint64, label string) Trace {
	s := w.begin(last, label)
	if s == nil {
		return Trace{Err: ErrRequest}
	}
	rightmost := w.Size() - 1
	target := uint32(0)
	if greatest := w.GreatestAt(label, rightmost); greatest != nil {
		target = *greatest
	}
	s.trace.LadderVersions = BaseLadder(target)
	// Start at the rightmost distinguished entry, or at the root.
	start := s.tree.Root()
	if d := s.trace.RightmostDistinguished; d != nil {
		start = *d
	}
	for _, p := range s.tree.FrontierFrom(start) {
		// Step 1: a search ladder for the claimed greatest version.
		indicated := s.searchLadder(p, target)
		// Step 2: no greater version anywhere; in the rightmost entry, the
		// claimed one.
		if indicated > 0 {
			return s.finish(ErrLadder)
		}
		if p == rightmost && indicated < 0 {
			return s.finish(ErrNoVersion)
		}
		// The terminal entry is the leftmost one with the greatest version.
		if indicated == 0 && s.trace.Terminal == nil {
			s.terminal(p)
		}
		// Step 3: on to the right child.
	}
	return s.finish("")
}

// fixedSearch is the state of a fixed-version search.
type fixedSearch struct {
	*session
	target     uint32
	inspected  []uint64 // entries that gave a ladder
	greater    []uint64 // of these, where the greatest version was greater
	anyExpired bool
}

// FixedVersionSearch searches for a given version of a label.
func (w *World) FixedVersionSearch(last *uint64, label string, version uint32) Trace {
	s := w.begin(last, label)
	if s == nil {
		return Trace{Err: ErrRequest}
	}
	s.trace.LadderVersions = BaseLadder(version)
	// Expiry is relative to the rightmost timestamp.
	s.timestamp(w.Size() - 1)
	search := &fixedSearch{session: s, target: version}
	return s.finish(search.visit(s.tree.root))
}

// visit takes a search to an entry; nil stands for a child that is missing.
func (f *fixedSearch) visit(n *node) ErrorKind {
	if n == nil {
		return f.stepSix()
	}
	f.timestamp(n.position)
	// Step 1: past an expired entry, to the right.
	if f.w.Expired(n.position) {
		f.anyExpired = true
		return f.visit(n.right())
	}
	// Step 2: a search ladder for the target.
	f.inspected = append(f.inspected, n.position)
	switch f.searchLadder(n.position, f.target) {
	case -1: // Step 3: the target is not here yet.
		return f.visit(n.right())
	case 1: // Step 4: the target is no longer the greatest.
		f.greater = append(f.greater, n.position)
		return f.visit(n.left())
	}
	return f.stepFive(n)
}

// stepFive: the target is the greatest version in this entry.
func (f *fixedSearch) stepFive(n *node) ErrorKind {
	expiredAbove, vouched := false, f.isDistinguished(n.position)
	for _, p := range f.tree.DirectPath(n.position) {
		if f.w.Expired(p) {
			expiredAbove = true
		} else if p < n.position && f.isDistinguished(p) {
			vouched = true
		}
	}
	// 5.1: nothing on the direct path is expired. 5.2: otherwise this entry, or
	// an unexpired one to the left on the path, is distinguished.
	if expiredAbove && !vouched {
		return ErrExpired
	}
	f.terminal(n.position)
	return ""
}

// stepSix: the search ran out of entries.
func (f *fixedSearch) stepSix() ErrorKind {
	// 6.1: identify the leftmost entry with a greater greatest version.
	if len(f.greater) == 0 {
		return ErrNoVersion
	}
	identified := f.greater[0]
	for _, p := range f.greater {
		identified = min(identified, p)
	}
	// 6.2: after expired entries, some unexpired distinguished entry that was
	// inspected must be to the left of the identified one.
	if f.anyExpired {
		vouched := false
		for _, p := range f.inspected {
			if p < identified && f.isDistinguished(p) {
				vouched = true
			}
		}
		if !vouched {
			return ErrExpired
		}
	}
	// 6.3: look the target up in the identified entry.
	if !f.prove(identified, []uint32{f.target}).Included[0] {
		return ErrNoVersion
	}
	f.terminal(identified)
	return ""
}
