package directory

import (
	"context"
	"errors"
	"fmt"
)

// task is work on the store that the sequencer does between two epochs, so that
// none comes in between. It takes milliseconds.
type task struct {
	do   func() error
	err  error
	done chan struct{} // closed when err is the outcome
}

// maintain has the sequencer call do, in which d.current is the latest state of
// the store. Like an update, it runs to its end once it has begun, whatever
// becomes of ctx.
func (d *Directory) maintain(ctx context.Context, do func() error) error {
	t := &task{do: do, done: make(chan struct{})}
	select {
	case d.tasks <- t:
	case <-d.stopping.Done():
		return context.Cause(d.stopping)
	case <-ctx.Done():
		return ctx.Err()
	}
	<-t.done // whoever takes a task sees to it that it ends
	return t.err
}

// run does a task. The sequencer calls it.
func (t *task) run(stopped error) {
	if t.err = stopped; t.err == nil {
		t.err = t.do()
	}
	close(t.done)
}

// amend commits writes that add no log entry. Only tasks call it. After an error
// it is not known whether they were made.
func (d *Directory) amend(writes *Batch) error {
	size := d.current.head.TreeSize
	writes.Base, writes.Size = size, size
	return d.cfg.Store.Commit(writes)
}

// refresh publishes the state of the store after amend, so that later requests
// see it. Only tasks call it.
func (d *Directory) refresh() error {
	s, err := d.reload()
	if err != nil {
		return err
	}
	if s == nil || s.head.TreeSize != d.current.head.TreeSize {
		if s != nil {
			s.release()
		}
		return fmt.Errorf("%w: the store holds another epoch", ErrFailed)
	}
	d.publish(s)
	return nil
}

// compactAttempts is how often compact tries again because a reader, or the
// present state, has an old snapshot.
const compactAttempts = 30

// compact has the store give up the space of what was removed from the keys in
// [lo, hi), and reports whether it can.
func (d *Directory) compact(ctx context.Context, lo, hi []byte) (bool, error) {
	c, ok := d.cfg.Store.(Compactor)
	if !ok {
		return false, nil
	}
	err := ErrSnapshot
	for attempt := 0; attempt < compactAttempts && errors.Is(err, ErrSnapshot); attempt++ {
		// The present state must not be what keeps the removed.
		if err = d.maintain(ctx, d.refresh); err == nil {
			err = c.Compact(ctx, lo, hi)
		}
	}
	if err != nil {
		return false, fmt.Errorf("what was removed is gone for readers, but not yet from the files: %w", err)
	}
	return true, nil
}

// errBusy says that pruning is under way.
var errBusy = errors.New("the directory is being pruned already")
