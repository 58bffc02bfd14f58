package audit

import (
	"fmt"
	"math"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
)

// TestDistinguished compares the distinguished entries beside each entry with a search
// from the root for each.
func TestDistinguished(t *testing.T) {
	for _, size := range []uint64{1, 2, 7, 64, 200} {
		for _, window := range []uint64{1, 5000, 30_000, 1_000_000} {
			s := newVast(t, size)
			s.config.ReasonableMonitoringWindow = window
			v, err := New(Config{Base: "/view/x", Source: s})
			fatalIfErr(t, err)
			head, err := s.Head(t.Context())
			fatalIfErr(t, err)
			var all []uint64
			for pos := range size {
				path, err := ibst.DistinguishedPath(pos, size, head.Time, window, func(at uint64) (uint64, error) { return at * step(size), nil })
				fatalIfErr(t, err)
				if len(path) > 0 && path[len(path)-1] == pos {
					all = append(all, pos)
				}
			}
			for pos := range size {
				var want neighbours
				for _, at := range all {
					switch {
					case at < pos:
						want.Before = &at
					case at == pos:
						want.Is = true
					case want.After == nil:
						want.After = &at
					}
				}
				got, err := v.neighboursOf(t.Context(), head, pos)
				if fatalIfErr(t, err); describe(got) != describe(want) {
					t.Errorf("entry %d of %d, window %d: %s, want %s", pos, size, window, describe(got), describe(want))
				}
			}
		}
	}
}

func describe(n neighbours) string {
	return fmt.Sprint(deref(n.Before), n.Is, deref(n.After))
}

func deref(p *uint64) any {
	if p == nil {
		return nil
	}
	return *p
}

// TestDistinguishedBounded reads no more of a log of the greatest size, and finds nothing
// where the way leads over entries that were removed.
func TestDistinguishedBounded(t *testing.T) {
	s := newVast(t, math.MaxInt64)
	s.config.ReasonableMonitoringWindow = 1
	v, err := New(Config{Base: "/view/x", Source: s})
	fatalIfErr(t, err)
	head, err := s.Head(t.Context())
	fatalIfErr(t, err)
	n, err := v.neighboursOf(t.Context(), head, 12345)
	if fatalIfErr(t, err); s.asked > 64 || !n.Is || deref(n.Before) != uint64(12344) || deref(n.After) != uint64(12346) {
		t.Errorf("%d entries were read for %s", s.asked, describe(n))
	}
	s.first = head.Size / 2
	if n, err = v.neighboursOf(t.Context(), head, head.Size-5); err != nil || n.Before != nil && *n.Before < s.first {
		t.Errorf("%s, %v", describe(n), err)
	}
	s.first, s.short = 0, true
	v.samples = newSamples()
	if _, err := v.neighboursOf(t.Context(), head, 99); err == nil {
		t.Error("entries that the source does not return were used")
	}
}
