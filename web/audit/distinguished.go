package audit

import (
	"context"
	"errors"

	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
)

// neighbours are the distinguished log entries beside an entry, nil if there is none, or
// none that can be found.
type neighbours struct {
	Before, After *uint64
	Is            bool // the entry itself is distinguished
}

// neighboursOf finds the distinguished entries beside the entry at pos.
func (v *View) neighboursOf(ctx context.Context, head Head, pos uint64) (n neighbours, err error) {
	if n.Before, n.Is, err = v.nearest(ctx, head, pos, false); err == nil {
		n.After, _, err = v.nearest(ctx, head, pos, true)
	}
	return n, err
}

// nearest returns the last distinguished entry before pos, or the first one after it, and
// whether the search has come upon pos itself. Every ancestor of a distinguished entry is
// distinguished (KEYTRANS, "Reasonable Monitoring Window"), so that they are a search
// tree of their own, and at most one entry for each level of it is read.
func (v *View) nearest(ctx context.Context, head Head, pos uint64, after bool) (found *uint64, is bool, err error) {
	window := v.cfg.Source.Configuration().ReasonableMonitoringWindow
	for s, ok := ibst.RootSpan(head.Size, head.Time), true; ok && s.Distinguished(window); {
		at := s.Pos
		ms, err := v.timeOf(ctx, at)
		if p := (*Problem)(nil); errors.As(err, &p) {
			return nil, is, nil // it was removed, and the way leads over it
		}
		if err != nil {
			return nil, is, err
		}
		is = is || at == pos
		if right := at < pos || at == pos && after; right {
			if !after {
				found = &at
			}
			s, ok = s.RightChild(ms, head.Size)
		} else {
			if after {
				found = &at
			}
			s, ok = s.LeftChild(ms)
		}
	}
	return found, is, nil
}
