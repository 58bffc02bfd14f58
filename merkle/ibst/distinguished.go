package ibst

// Timestamps returns the timestamp in milliseconds of the log entry at pos.
// It is called at most once for a position within one call of a function of
// this package.
type Timestamps func(pos uint64) (uint64, error)

// Span is an entry together with the timestamps that bracket it in the
// recursion that chooses distinguished entries.
type Span struct {
	Pos         uint64
	Left, Right uint64 // timestamps in milliseconds
}

// RootSpan returns where the recursion starts in a log of n entries whose
// rightmost entry has the given timestamp. Requires n > 0.
func RootSpan(n, rightmost uint64) Span { return Span{Pos: Root(n), Right: rightmost} }

// Distinguished reports whether the bracketed entry is distinguished under a
// Reasonable Monitoring Window of window milliseconds. Brackets that run
// backwards, which no verified log has, are not distinguished.
func (s Span) Distinguished(window uint64) bool {
	return s.Right >= s.Left && s.Right-s.Left >= window
}

// LeftChild returns the left child's span, where ts is s.Pos's own timestamp.
func (s Span) LeftChild(ts uint64) (Span, bool) {
	x, ok := Left(s.Pos)
	return Span{Pos: x, Left: s.Left, Right: ts}, ok
}

// RightChild returns the right child's span in a log of n entries, where ts is
// s.Pos's own timestamp.
func (s Span) RightChild(ts, n uint64) (Span, bool) {
	x, ok := Right(s.Pos, n)
	return Span{Pos: x, Left: ts, Right: s.Right}, ok
}

// Toward returns the span of the child of s that leads to x, which must be in
// the subtree of s and not s.Pos itself.
func (s Span) Toward(x, ts, n uint64) Span {
	var child Span
	if x < s.Pos {
		child, _ = s.LeftChild(ts)
	} else {
		child, _ = s.RightChild(ts, n)
	}
	return child
}

// DistinguishedPath returns the distinguished entries on the path from the
// root to x, root first. Every ancestor of a distinguished entry is
// distinguished, so x is distinguished exactly if it is the last of them. It
// asks ts for the path's entries in order, and stops before x or at the first
// entry that is not distinguished. Requires x < n and n's rightmost timestamp.
func DistinguishedPath(x, n, rightmost, window uint64, ts Timestamps) ([]uint64, error) {
	mustContain(x, n)
	var out []uint64
	for s := RootSpan(n, rightmost); s.Distinguished(window); {
		out = append(out, s.Pos)
		if s.Pos == x {
			break
		}
		t, err := ts(s.Pos)
		if err != nil {
			return nil, err
		}
		s = s.Toward(x, t, n)
	}
	return out, nil
}

// RightmostDistinguished returns the rightmost distinguished entry of a log of
// n entries, which always lies on the frontier; ok is false if there is none.
// Requires n > 0.
func RightmostDistinguished(n, window uint64, ts Timestamps) (pos uint64, ok bool, err error) {
	rightmost, err := ts(n - 1)
	if err != nil {
		return 0, false, err
	}
	path, err := DistinguishedPath(n-1, n, rightmost, window, ts)
	if err != nil || len(path) == 0 {
		return 0, false, err
	}
	return path[len(path)-1], true, nil
}
