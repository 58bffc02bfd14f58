package audit

import (
	"context"
	"sync"
)

// growthSamples is how many log entries the growth is drawn from, at most: whatever
// the size of the log, as many are read.
const growthSamples = 64

// samples remembers what was read of log entries that are read again and again: an
// entry never changes. It holds at most maxSamples of each kind.
type samples struct {
	mu     sync.Mutex
	times  map[uint64]uint64
	leaves map[uint64]Changes
}

const maxSamples = 1024

func newSamples() *samples {
	return &samples{times: make(map[uint64]uint64), leaves: make(map[uint64]Changes)}
}

// remember returns what m has at a position, or reads it.
func remember[V any](s *samples, m map[uint64]V, pos uint64, read func() (V, error)) (V, error) {
	s.mu.Lock()
	v, ok := m[pos]
	s.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := read()
	if err != nil {
		return v, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(m) >= maxSamples {
		clear(m)
	}
	m[pos] = v
	return v, nil
}

// timeOf returns the timestamp of a log entry.
func (v *View) timeOf(ctx context.Context, pos uint64) (uint64, error) {
	return remember(v.samples, v.samples.times, pos, func() (uint64, error) {
		entries, err := v.entries(ctx, pos, pos+1)
		if err != nil {
			return 0, err
		}
		return entries[0].Timestamp, nil
	})
}

// leavesOf returns how many leaves a log entry changed.
func (v *View) leavesOf(ctx context.Context, pos uint64) (Changes, error) {
	return remember(v.samples, v.samples.leaves, pos, func() (Changes, error) {
		return v.cfg.Source.Changes(ctx, pos, 0, 0)
	})
}

// sampledPositions returns positions of a log that has entries in [first, size): the
// first one, multiples of a power of two, and the last one. As the log grows, most of
// them stay the same.
func sampledPositions(first, size uint64) []uint64 {
	stride := uint64(1)
	for (size-first)/stride > growthSamples-2 {
		stride *= 2
	}
	out := []uint64{first}
	// A position that is out of range has wrapped around.
	for pos := first/stride*stride + stride; pos > first && pos < size-1; pos += stride {
		out = append(out, pos)
		if pos+stride < pos {
			break
		}
	}
	if size-1 > first {
		out = append(out, size-1)
	}
	return out
}
