// Package pipeline inserts many labels in batches so that the search keys of
// the next batch are computed while the last one commits: a single caller of
// Directory.Insert would leave the cores idle during each commit.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"github.com/ghostlight-kt/ghostlight/directory"
)

// workers is how many batches are under way. One commits while the others
// compute; two keep all cores busy, more only take memory.
const workers = 2

// Source says what to insert, and takes the outcomes. Its methods are not
// called concurrently.
type Source interface {
	// Next returns the next batch, which is empty at the end.
	Next() ([]directory.NewVersions, error)

	// Done takes the outcome of each of a batch's updates, as of
	// Directory.Insert. Batches end in any order. An error ends the insertion.
	Done(batch []directory.NewVersions, outcomes []error) error
}

// Insert inserts every batch of the source. No two batches may have a label in
// common. After an error, or the end of ctx, no more batches are begun; those
// under way end first.
func Insert(ctx context.Context, d *directory.Directory, source Source) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		errs   [workers]error
		ended  bool
		insert = func() (more bool, err error) {
			mu.Lock()
			if ended || ctx.Err() != nil {
				mu.Unlock()
				return false, ctx.Err()
			}
			batch, err := source.Next()
			ended = err != nil || len(batch) == 0
			mu.Unlock()
			if err != nil || len(batch) == 0 {
				return false, err
			}
			// A batch under way ends even if another one has failed.
			outcomes, err := d.Insert(context.WithoutCancel(ctx), batch)
			if err != nil {
				return false, err
			}
			mu.Lock()
			defer mu.Unlock()
			err = source.Done(batch, outcomes)
			return err == nil, err
		}
	)
	for w := range workers {
		wg.Go(func() {
			for more := true; more; {
				if more, errs[w] = insert(); errs[w] != nil {
					cancel()
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		// The cause comes before what it cancelled.
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return cmp.Or(errs[:]...)
}
