package web

import "sync/atomic"

var (
	errOverloaded = problemOverloaded.because("too many requests are in flight; try again later")
	errBodyMemory = problemOverloaded.because("too many large requests are in flight; try again later")
)

// gate bounds how many requests are in flight. Nobody waits at it: a queue
// would only make the answers late for everyone.
type gate chan struct{}

func newGate(n int) gate { return make(gate, n) }

// enter reports whether there is room. If so, the caller leaves later.
func (g gate) enter() bool {
	select {
	case g <- struct{}{}:
		return true
	default:
		return false
	}
}

func (g gate) leave() { <-g }

// budget bounds the memory that the large bodies of all requests take together.
type budget struct {
	limit int64
	used  atomic.Int64
}

// take reports whether n bytes are left, and if so, takes them.
func (b *budget) take(n int64) bool {
	if b.used.Add(n) > b.limit {
		b.used.Add(-n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.used.Add(-n) }
