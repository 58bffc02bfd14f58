package monitor

import (
	"context"
	"iter"
	"sync"
)

// readAhead calls read for the numbers [lo, hi), at most depth of them at a time
// and waiting to be used, and yields the results in order. When it ends, early
// or not, no read is under way any more.
func readAhead[T any](ctx context.Context, lo, hi uint64, depth int, read func(context.Context, uint64) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var readers sync.WaitGroup
		defer readers.Wait()
		defer cancel()
		var queue []chan T
		for next := lo; lo < hi; lo++ {
			for ; next < hi && len(queue) < depth; next++ {
				n, c := next, make(chan T, 1)
				queue = append(queue, c)
				readers.Go(func() { c <- read(ctx, n) })
			}
			result := <-queue[0]
			queue = queue[1:]
			if !yield(result) {
				return
			}
		}
	}
}
