package client

import (
	"context"
	"fmt"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// settle compares pending log entries with what the witnesses have seen, and
// stores what came of it. The policy in force says who they are; without one, or
// without pending entries, there is nothing to do.
//
// why says what kept entries pending, nil if they are merely newer than the
// checkpoint; it accuses nobody. The error is an *Error: of kind Misbehaved if
// the log has two histories, or that the state could not be stored.
func (s *session) settle(ctx context.Context) (why, err error) {
	w := s.state.inForce()
	if w == nil || len(w.pending) == 0 {
		return nil, nil
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, s.settleTime())
	defer cancel()
	next := *w
	last, why, err := s.newestQuorate(ctx, w)
	if err != nil {
		return nil, err
	}
	next.last = last
	found, err := next.compare(ctx, s.publicLog(w))
	if err != nil {
		why = err
	}
	s.slowLog = ctx.Err() != nil
	if !sameNote(next.last, w.last) || len(next.pending) != len(w.pending) {
		state := s.state.clone()
		state.setInForce(&next)
		if err := s.store(state); err != nil {
			return nil, err
		}
	}
	if found != nil {
		// The evidence must not wait for a log, or a directory, that hangs now.
		ctx, cancel := context.WithTimeout(outer, longestSettle)
		defer cancel()
		return nil, s.accuseEntry(ctx, found)
	}
	return why, nil
}

// longestSettle bounds how long one settle reads the log, and how long what it leads
// to does: what was not read stays pending, and others wait for the state meanwhile.
const longestSettle = 30 * time.Second

// settleTime returns how long one settle may read the log.
func (s *session) settleTime() time.Duration {
	if wait := s.cfg.WaitWitnessed; wait > 0 {
		return min(wait, longestSettle)
	}
	return longestSettle
}

// newestQuorate reads the present checkpoint, holds it against the retained one,
// and returns the newer one that has a quorum, nil if neither has.
func (s *session) newestQuorate(ctx context.Context, w *witnessing) (newest *checkpoint.Signed, why, err error) {
	log, retained := s.publicLog(w), w.last
	fresh, err := log.checkpoint(ctx)
	if err != nil {
		s.cfg.Logger.DebugContext(ctx, "checkpoint", "err", err)
		return retained, err, nil
	}
	if retained != nil {
		contradiction, why := log.hold(ctx, retained, fresh)
		switch {
		case contradiction != nil:
			return nil, nil, s.accuseCheckpoints(contradiction)
		case why != nil:
			return retained, fmt.Errorf("the checkpoint of %s could not be held against that of %d: %w", count.Of(fresh.Size, "entry", "entries"), retained.Size, why), nil
		case fresh.Size < retained.Size:
			return retained, fmt.Errorf("the log shows an older checkpoint, of %s", count.Of(fresh.Size, "entry", "entries")), nil
		}
	}
	if err := fresh.Witnessed(); err != nil {
		return retained, fmt.Errorf("the checkpoint of %s: %w", count.Of(fresh.Size, "entry", "entries"), err), nil
	}
	return fresh, nil, nil
}

// contradiction is a log entry of which the witnesses have seen another one.
type contradiction struct {
	entry      pendingEntry
	checkpoint *checkpoint.Signed
	leaf       merkle.Hash   // the leaf of the RFC 6962 tree in its place
	inclusion  []merkle.Hash // of the leaf
}

// compare takes those pending entries off w that are in the checkpoint. It
// returns the first one that is not what the checkpoint has in its place, and
// leaves it pending. The error says what kept it from going on.
func (w *witnessing) compare(ctx context.Context, log *publicLog) (*contradiction, error) {
	if w.last == nil {
		return nil, nil
	}
	tree, err := log.tree(ctx, w.last.Checkpoint)
	if err != nil {
		return nil, err
	}
	for len(w.pending) > 0 && w.pending[0].Position < w.last.Size {
		e := w.pending[0]
		leaf, err := tree.leafHash(e.Position)
		if err != nil {
			return nil, err
		}
		if leaf != rfcLeaf(e.LogEntry) {
			inclusion, err := tree.Inclusion(e.Position)
			if err != nil {
				return nil, tree.forget(err)
			}
			return &contradiction{e, w.last, leaf, inclusion}, nil
		}
		w.pending = w.pending[1:]
	}
	return nil, nil
}

// rfcLeaf returns the hash of an entry as a leaf of the RFC 6962 tree.
func rfcLeaf(e keytrans.LogEntry) merkle.Hash {
	return merkle.Hash(rfc6962.DefaultHasher.HashLeaf(e.Marshal()))
}
