package keytrans

import (
	"fmt"
	"slices"
	"time"
)

// DistinguishedResult is a verified list of recent distinguished entries.
type DistinguishedResult struct {
	Verified
	// Positions of the recent distinguished log entries, from right to left.
	Positions []uint64
	// Recent has the log at each of the Positions, from left to right.
	Recent Recent
}

// Recent is what a user retains of the recent distinguished log entries, from
// left to right: the View of the log that ends with each. They are not signed:
// their Head has the size only, which is one more than the entry's position. What
// vouches for them is the signed head of the log in which they were proven.
type Recent []*View

// At returns the view of the log that ends with the entry at pos, nil if that is
// not one of the recent distinguished entries.
func (r Recent) At(pos uint64) *View {
	for _, v := range r {
		if v.Head.TreeSize == pos+1 {
			return v
		}
	}
	return nil
}

// Head returns the roots at the recent distinguished entries: KEYTRANS,
// "Detecting Forks".
func (r Recent) Head() (*DistinguishedHead, error) {
	h := &DistinguishedHead{}
	for _, v := range r {
		root, err := v.Root()
		if err != nil {
			return nil, err
		}
		h.Heads = append(h.Heads, root)
	}
	return h, nil
}

// Check verifies that what was read from storage has the parts that it must
// have, and that it belongs to the past of the user's view as far as the two have
// nodes in common: damage must not turn an honest log into a culprit.
func (r Recent) Check(view *View) error {
	for i, v := range r {
		if err := v.check(); err != nil {
			return fmt.Errorf("recent distinguished heads: %w", err)
		}
		if v.Head.TreeSize == 0 || v.Head.TreeSize > view.Head.TreeSize || i > 0 && v.Head.TreeSize <= r[i-1].Head.TreeSize {
			return fmt.Errorf("recent distinguished heads: a log of %d entries is out of place", v.Head.TreeSize)
		}
		if err := v.Contradicts(view); err != nil {
			return fmt.Errorf("recent distinguished heads: %w", err)
		}
	}
	return nil
}

// Distinguished verifies the response to q, which must have been sent with
// view.Last(), at the time now.
func (v *Verifier) Distinguished(view *View, q *DistinguishedRequest, p *DistinguishedResponse, now time.Time) (*DistinguishedResult, error) {
	s, err := v.open(view, &p.FullTreeHead, p.Distinguished, nil)
	if err != nil {
		return nil, err
	}
	positions, err := s.recentDistinguished(q.Stop)
	if err != nil {
		return nil, err
	}
	verified, err := s.close(now)
	if err != nil {
		return nil, err
	}
	r := &DistinguishedResult{Verified: verified, Positions: positions}
	for _, pos := range slices.Backward(positions) {
		at, err := s.viewAt(pos, &verified)
		if err != nil {
			return nil, err
		}
		r.Recent = append(r.Recent, at)
	}
	return r, nil
}

// viewAt returns the view of the log that ends with the entry at pos, which the
// walk over the distinguished entries came by. Its frontier is that entry and its
// ancestors to the left: they are distinguished, too, so the walk came by them.
func (s *session) viewAt(pos uint64, v *Verified) (*View, error) {
	size := pos + 1
	heads, ok := v.tree.Subtrees(size)
	if !ok {
		return nil, fmt.Errorf("the root at entry %d does not follow from the proof", pos)
	}
	frontier, err := s.consumer.frontier(size, v.Entries)
	if err != nil {
		return nil, err
	}
	return &View{Head: TreeHead{TreeSize: size}, Subtrees: heads, Frontier: frontier}, nil
}
