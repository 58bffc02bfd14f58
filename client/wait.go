package client

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// conclude ends an operation: what it verified is held against what the witnesses
// have seen. failed is the operation's own error; after it, only misbehaviour is
// reported, so that a directory cannot escape by answering with an error.
//
// The result is nil without a policy. The error is an *Error. That entries are
// pending for too long is not one: see Witnessed.Kind.
func (s *session) conclude(ctx context.Context, failed error) (*Witnessed, error) {
	if failed != nil {
		if kind := KindOf(failed); kind == Usage || kind == Misbehaved || isCanceled(failed) {
			return nil, failed
		}
		if _, err := s.settle(ctx); KindOf(err) == Misbehaved {
			return nil, err
		}
		return nil, failed
	}
	why, err := s.settle(ctx)
	if err != nil {
		return nil, err
	}
	return s.describeWitnessed(why), nil
}

// concludeWaiting is conclude for operations that wait for the witnesses if
// Config.WaitWitnessed says so.
func (s *session) concludeWaiting(ctx context.Context, failed error) (*Witnessed, error) {
	w, err := s.conclude(ctx, failed)
	if err != nil || s.cfg.WaitWitnessed <= 0 || w.Settled {
		return w, err
	}
	return s.wait(ctx, w)
}

const stepWaiting = "waiting for pending log entries"

// The pauses between two looks at what the witnesses have seen.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 5 * time.Second
)

// wait waits until the witnesses have seen all entries that are pending in w. In
// between, other processes can use the state. The lock is held afterwards if the
// entries are settled.
func (s *session) wait(ctx context.Context, w *Witnessed) (*Witnessed, error) {
	positions, in := w.Pending, s.state.inForce()
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, s.cfg.WaitWitnessed)
	defer cancel()
	for pause := firstPause; !w.Settled; pause = min(pause*3/2, longestPause) {
		if !s.pauseUnlocked(ctx, pause) {
			since := fmt.Sprintf("after waiting for %v", s.cfg.WaitWitnessed)
			if outer.Err() != nil {
				since = "and waiting was interrupted"
			}
			w.overdue(since)
			return w, nil
		}
		switch err := s.reopen(ctx); {
		case errors.Is(err, errLocked):
			continue // by one who may be settling the same entries
		case ctx.Err() != nil:
			continue
		case err != nil:
			return nil, err
		}
		if now := s.state.inForce(); !now.samePolicy(in) {
			return nil, fail(Undecided, stepWaiting, errors.New("the witness policy was replaced meanwhile"))
		}
		why, err := s.settle(ctx)
		if err != nil {
			return nil, err
		}
		in = s.state.inForce()
		w = in.describe(in.pendingOf(positions), why)
	}
	return w, nil
}

// pauseUnlocked gives the lock up and waits. It reports whether the context
// lasted.
func (s *session) pauseUnlocked(ctx context.Context, pause time.Duration) bool {
	s.end()
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// reopen takes the lock again and reads the state anew. Others only add to it: if it
// went back, it was replaced, and does not tell what became of what is pending.
func (s *session) reopen(ctx context.Context) error {
	lock, err := lockFolder(ctx, s.dir, s.cfg.LockWait)
	if err != nil {
		return lockError(err)
	}
	s.lock = lock
	read, err := openState(s.dir)
	if err != nil {
		return err
	}
	if read.view.Head.TreeSize < s.state.view.Head.TreeSize {
		return fail(Operational, stepWaiting, errors.New("the state was replaced by an older one meanwhile"))
	}
	if w := s.state.adHoc; w != nil {
		read.adHoc = w.reread(read, s.cfg.Now())
	}
	s.state = read
	return s.pin(read.configuration) // another auditor may have been accepted meanwhile
}
