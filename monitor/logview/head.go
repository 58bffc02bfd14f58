package logview

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/web/audit"
)

// state is what the newest checkpoint says. It does not change.
type state struct {
	checkpoint.Checkpoint
	signed *checkpoint.Signed // nil without a policy
	head   audit.Head
	read   time.Time // when it was read; with a monotonic reading
}

// How long a checkpoint is the newest one that is known.
const (
	freshMirror = time.Second
	freshLog    = 5 * time.Second
	// refreshTime is how long it may take to read a newer one, and what belongs to it.
	refreshTime = 15 * time.Second
)

// Head implements audit.Source.
func (s *Source) Head(ctx context.Context) (audit.Head, error) {
	st, err := s.current(ctx)
	if err != nil {
		return audit.Head{}, s.told(err)
	}
	return st.head, nil
}

// Publication implements audit.Source. The policy is the monitor's.
func (s *Source) Publication(ctx context.Context) (*audit.Publication, error) {
	if s.policy == nil {
		return nil, nil
	}
	st, err := s.current(ctx)
	if err != nil {
		return nil, s.told(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return &audit.Publication{
		Origin: st.signed.Origin, VerifierKey: st.signed.Log.VerifierKey, Policy: s.policy, PolicyText: s.policy.Text(),
		Signed: st.signed, Served: st.signed, History: append([]audit.Published(nil), s.history...),
	}, nil
}

// current returns the newest state that is known. One caller looks for a newer one; as
// long as there is none, or it cannot be had, what is known stays.
func (s *Source) current(ctx context.Context) (*state, error) {
	s.mu.Lock()
	known := s.state
	s.mu.Unlock()
	fresh := freshLog
	if s.cfg.Mirror != "" {
		fresh = freshMirror
	}
	if known != nil && time.Since(known.read) < fresh {
		return known, nil
	}
	if known == nil {
		s.refreshing.Lock()
	} else if !s.refreshing.TryLock() {
		return known, nil
	}
	defer s.refreshing.Unlock()
	s.mu.Lock()
	newer := s.state
	s.mu.Unlock()
	if newer != known { // somebody else was here
		return newer, nil
	}
	// Others are shown what comes of it: it must not end because this visitor leaves.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTime)
	defer cancel()
	next, err := s.refresh(ctx, known)
	if err != nil && known != nil {
		s.cfg.Logger.DebugContext(ctx, "no newer checkpoint to show", "err", err)
		next, err = s.keep(*known), nil
	}
	return next, err
}

// keep makes a state the current one, as of now.
func (s *Source) keep(st state) *state {
	st.read = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = &st
	if st.signed != nil && (len(s.history) == 0 || s.history[0].Size != st.Size) {
		s.history = append([]audit.Published{{Signed: st.signed}}, s.history...)
		s.history = s.history[:min(len(s.history), audit.MaxHistory)]
	}
	return &st
}

// refresh reads the checkpoint, and what belongs to it.
func (s *Source) refresh(ctx context.Context, known *state) (*state, error) {
	next, err := s.readCheckpoint(ctx)
	switch {
	case err != nil:
		return nil, err
	case next.Size == 0:
		return nil, nothingYet
	case known != nil && next.Size < known.Size: // an old one
		return s.keep(*known), nil
	case known != nil && next.Size == known.Size && next.Root == known.Root && s.isProbed():
		// The same, perhaps with more cosignatures.
		next.head = known.head
		return s.keep(*next), nil
	}
	if err := s.continues(ctx, next, known); err != nil {
		return nil, err
	}
	if err := s.fillHead(ctx, next); err != nil {
		return nil, err
	}
	return s.keep(*next), nil
}

var nothingYet = &audit.Problem{Status: http.StatusServiceUnavailable, Title: "There is nothing to show yet",
	Detail: "This monitor has not come to any checkpoint of the log so far."}

func (s *Source) readCheckpoint(ctx context.Context) (*state, error) {
	if s.policy == nil {
		data, err := monitor.ServedCheckpoint(ctx, s.log)
		if err != nil {
			return nil, err
		}
		c, err := checkpoint.Peek(data)
		return &state{Checkpoint: c}, err
	}
	signed, err := monitor.ReadCheckpoint(ctx, s.log, s.policy)
	if errors.Is(err, monitor.ErrNotFound) {
		return nil, nothingYet
	} else if err != nil {
		return nil, err
	}
	return &state{Checkpoint: signed.Checkpoint, signed: signed}, nil
}

// errContradiction says that a checkpoint does not continue the one that was shown. To
// prove that is what the monitor's roles are for.
var errContradiction = errors.New("the checkpoint does not continue the one before")

// continues returns nil if a checkpoint continues the known one.
func (s *Source) continues(ctx context.Context, next, known *state) error {
	if known == nil {
		return nil
	}
	tree, err := s.tree(ctx, next)
	if err != nil {
		return err
	}
	root, err := tree.RootAt(known.Size)
	if err == nil && root != known.Root {
		err = errContradiction
	}
	return err
}

func (s *Source) tree(ctx context.Context, st *state) (*tile.Tree, error) {
	return tile.NewTree(st.Size, st.Root, func(tiles []tile.Tile) ([][]byte, error) { return s.tiles(ctx, tiles) })
}

// fillHead fills in what is known of the log at a checkpoint.
func (s *Source) fillHead(ctx context.Context, st *state) error {
	first, err := s.firstEntry(ctx, st)
	if err != nil {
		return err
	}
	st.head = audit.Head{Size: st.Size, PublicRoot: st.Root, FirstEntry: first}
	times := func(pos uint64) (uint64, error) {
		entries, err := s.entries(ctx, st, pos, pos+1)
		if err != nil {
			return 0, err
		}
		return entries[0].Timestamp, nil
	}
	if st.head.Time, err = times(st.Size - 1); err != nil {
		return err
	}
	pos, ok, err := ibst.RightmostDistinguished(st.Size, s.config.ReasonableMonitoringWindow, times)
	if ok && err == nil {
		st.head.Distinguished = &pos
	}
	if err != nil && !errors.Is(err, monitor.ErrPruned) {
		return err
	}
	st.head.Root = s.logRoot(ctx, st.Size)
	return nil
}

// logRoot returns the root of the log tree of KEYTRANS at a size, zero if it is not known.
func (s *Source) logRoot(ctx context.Context, size uint64) merkle.Hash {
	if s.cfg.Mirror == "" {
		return merkle.Hash{}
	}
	head, err := monitor.EqualHead(ctx, s.cfg.Mirror, s.config)
	if err != nil || head == nil || head.TreeSize != size {
		return merkle.Hash{}
	}
	return merkle.Hash(head.Root)
}

func (s *Source) isProbed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.probed
}

// firstEntry looks for the first log entry that was not pruned: a multiple of the width
// of a bundle (C2SP tlog-tiles, "Pruning").
func (s *Source) firstEntry(ctx context.Context, st *state) (uint64, error) {
	s.mu.Lock()
	first, probed := s.first, s.probed
	s.mu.Unlock()
	if probed {
		return first, nil
	}
	var failed error
	from := first / tile.FullWidth
	n := sort.Search(int(st.Size/tile.FullWidth-from), func(i int) bool {
		if failed != nil {
			return true
		}
		_, err := monitor.ReadTile(ctx, s.log, bundleOf(tile.Entries, from+uint64(i), st.Size))
		if err != nil && !errors.Is(err, monitor.ErrPruned) {
			failed = err
		}
		return err == nil
	})
	if failed != nil {
		return 0, fmt.Errorf("looking for the first entry: %w", failed)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first, s.probed = (from+uint64(n))*tile.FullWidth, true
	return s.first, nil
}

// pruned has the first entry looked for again, beyond one that turned out to be pruned.
func (s *Source) pruned(bundle uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first, s.probed = max(s.first, (bundle+1)*tile.FullWidth), false
}
