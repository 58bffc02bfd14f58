package keytrans

import "github.com/ghostlight-kt/ghostlight/merkle/ibst"

// RecentHeads is how many of the rightmost distinguished log entries count as
// recent when they are walked: the definition that KEYTRANS, "Walking
// Distinguished Heads", leaves to the application.
const RecentHeads = 10

// recentDistinguished returns the recent unexpired distinguished log entries to
// the right of stop, from right to left.
func (w *walk) recentDistinguished(stop *uint64) ([]uint64, error) {
	s, err := w.root()
	if err != nil {
		return nil, err
	}
	var out []uint64
	return out, w.visitRecent(s, stop, &out)
}

func (w *walk) visitRecent(s ibst.Span, stop *uint64, out *[]uint64) error {
	if !w.distinguished(s) { // step 1
		return nil
	}
	ts, err := w.timestamp(s.Pos)
	if err != nil {
		return err
	}
	if right, ok := s.RightChild(ts, w.size); ok { // step 2
		if err := w.visitRecent(right, stop, out); err != nil {
			return err
		}
	}
	if stop != nil && s.Pos <= *stop { // step 3
		return nil
	}
	expired, err := w.expired(ts)
	if err != nil {
		return err
	}
	if expired || len(*out) == RecentHeads { // step 4
		return nil
	}
	*out = append(*out, s.Pos)
	if left, ok := s.LeftChild(ts); ok { // step 5
		return w.visitRecent(left, stop, out)
	}
	return nil
}
