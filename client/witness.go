package client

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// witnessing is what is retained under a witness policy. It is not modified.
//
// While it is in force, every entry of the frontier of the retained view is settled
// or in pending. An entry is settled when it was found, at its position, in a
// checkpoint with a quorum; every later checkpoint is held against that one.
type witnessing struct {
	policy *policy
	// once tells that the policy was given for single operations and is not in
	// force between them: this is kept for the next one that it, or another, is
	// given for.
	once bool
	// last is the last checkpoint with a quorum, nil if there was none.
	last *checkpoint.Signed
	// pending are verified log entries that are not settled, ascending.
	pending []pendingEntry
}

// pendingEntry is a log entry with the proof that the directory's signed head
// covers it, for the case that the witnesses have seen another one. An entry that
// was retained before there was a policy has none: head is zero then.
type pendingEntry struct {
	keytrans.Entry
	head keytrans.TreeHead
	path []merkle.Hash // of logtree.Proof, for this entry alone
	// firstSeen is when the client first had it, by its own clock, to the second.
	firstSeen time.Time
}

// since returns since when an entry could have been seen by the witnesses: its own
// time, or when the client first had it if a directory dates it later.
func (e *pendingEntry) since() time.Time {
	if t := entryTime(e.Timestamp); t.Before(e.firstSeen) {
		return t
	}
	return e.firstSeen
}

// maxPendingEntries bounds the pending entries.
const maxPendingEntries = 10_000

// newWitnessing begins to keep a policy. before is what was kept so far, nil if
// there was no policy. The retained checkpoint survives if it has the quorum of
// the new policy, and what was pending stays so.
func newWitnessing(p *policy, before *witnessing, view *keytrans.View, now time.Time) *witnessing {
	w := &witnessing{policy: p}
	if before != nil {
		w.pending = before.pending
		if before.last != nil {
			w.last = p.quorate(before.last.Note)
		}
	}
	var frontier []pendingEntry
	for _, e := range view.Frontier {
		frontier = append(frontier, pendingEntry{Entry: e, firstSeen: stamp(now)})
	}
	w.pending = mergePending(w.pending, frontier)
	return w
}

// reread returns what is kept under an ad-hoc policy after others could change the
// state: w, and what they added to the view or have pending. An entry that w has
// settled may be pending again, which the next look settles.
//
// The checkpoint that others retained under the same policy is the one to go on with:
// they began with that of w, which is stored when the state is given up, and may have
// settled entries under theirs.
func (w *witnessing) reread(s *state, now time.Time) *witnessing {
	next := newWitnessing(w.policy, s.witness, s.view, now)
	next.pending = mergePending(w.pending, next.pending)
	if w.last != nil && (next.last == nil || !w.samePolicy(s.witness)) {
		next.last = w.last // which what comes next was or will be held against
	}
	return next
}

// quorate returns a checkpoint if it has the policy's quorum, and nil if not.
func (p *policy) quorate(signed []byte) *checkpoint.Signed {
	s, err := p.open(signed)
	if err != nil || s.Witnessed() != nil {
		return nil
	}
	return s
}

// mergePending merges two lists. Of two elements for one entry it takes the one
// that has a proof, and the earlier time.
func mergePending(old, added []pendingEntry) []pendingEntry {
	out := slices.Concat(old, added)
	slices.SortStableFunc(out, func(a, b pendingEntry) int {
		if c := cmp.Compare(a.Position, b.Position); c != 0 {
			return c
		}
		return cmp.Compare(min(b.head.TreeSize, 1), min(a.head.TreeSize, 1))
	})
	merged := out[:0]
	for _, e := range out {
		if n := len(merged); n > 0 && merged[n-1].Position == e.Position {
			if e.firstSeen.Before(merged[n-1].firstSeen) {
				merged[n-1].firstSeen = e.firstSeen
			}
			continue
		}
		merged = append(merged, e)
	}
	return merged
}

// add returns w with more pending entries. Requires that w is not nil.
func (w *witnessing) add(entries []pendingEntry) (*witnessing, error) {
	next := *w
	next.pending = mergePending(w.pending, entries)
	if n := len(next.pending); n > maxPendingEntries {
		e := fail(Undecided, "keeping pending log entries", fmt.Errorf("they would be %d, more than %d", n, maxPendingEntries))
		e.Hint = "see whether the directory's log and its witnesses are at work, and run kt watch"
		return nil, e
	}
	return &next, nil
}

// inForce returns what is kept under the policy that is in force, nil if none is.
func (s *state) inForce() *witnessing {
	switch {
	case s.adHoc != nil:
		return s.adHoc
	case s.witness != nil && !s.witness.once:
		return s.witness
	}
	return nil
}

// setInForce replaces what inForce returns. Requires that it is not nil.
func (s *state) setInForce(w *witnessing) {
	if s.adHoc != nil {
		s.adHoc = w
		return
	}
	s.witness = w
}

// proceed retains what a response that was verified at the time now establishes of
// the log.
func (s *state) proceed(v keytrans.Verified, now time.Time) error {
	if s.inForce() != nil {
		entries, err := provenEntries(&v)
		if err != nil {
			return err
		}
		for i := range entries {
			entries[i].firstSeen = stamp(now)
		}
		for _, w := range []**witnessing{&s.witness, &s.adHoc} {
			if *w == nil || (*w).once {
				continue // the latter is replaced by adHoc
			}
			if *w, err = (*w).add(entries); err != nil {
				return err
			}
		}
	}
	s.proofs = s.proofs.Next(&v)
	s.view = v.View
	return nil
}

// check verifies what was stored: damage must not turn an honest directory into
// a culprit, nor let an entry pass as settled.
func (w *witnessing) check(cfg *keytrans.Configuration, view *keytrans.View) error {
	// newWitnessing adds the frontier, and what is settled then is stored though
	// more than maxPendingEntries may be left.
	const maxFrontier = 64
	if len(w.pending) > maxPendingEntries+maxFrontier {
		return fmt.Errorf("there are %d pending entries", len(w.pending))
	}
	if err := w.checkPending(cfg, view.Head.TreeSize); err != nil {
		return err
	}
	if w.once {
		return nil // the view may have changed without the policy
	}
	return w.checkFrontier(view)
}

// checkPending verifies the proofs of pending entries.
func (w *witnessing) checkPending(cfg *keytrans.Configuration, size uint64) error {
	heads := make(map[string]bool) // verified, by what was signed and the signature
	for i, e := range w.pending {
		if i > 0 && e.Position <= w.pending[i-1].Position || e.Position >= size || e.head.TreeSize > size {
			return fmt.Errorf("pending entry %d is out of place", e.Position)
		}
		if e.head.TreeSize == 0 {
			continue
		}
		root, err := e.root()
		if err != nil {
			return fmt.Errorf("the proof of pending entry %d: %w", e.Position, err)
		}
		key := fmt.Sprintf("%d %s %x", e.head.TreeSize, root, e.head.Signature)
		if heads[key] {
			continue
		}
		if err := keytrans.VerifyTreeHead(cfg, &e.head, root); err != nil {
			return fmt.Errorf("the head over pending entry %d: %w", e.Position, err)
		}
		heads[key] = true
	}
	return nil
}

// checkFrontier verifies that the entries of the frontier are pending if they
// cannot be settled.
func (w *witnessing) checkFrontier(view *keytrans.View) error {
	size := uint64(0)
	if w.last != nil {
		size = w.last.Size
	}
	for _, e := range view.Frontier {
		i, found := slices.BinarySearchFunc(w.pending, e.Position, func(p pendingEntry, pos uint64) int { return cmp.Compare(p.Position, pos) })
		switch {
		case found && w.pending[i].LogEntry != e.LogEntry:
			return fmt.Errorf("pending entry %d is not the retained one", e.Position)
		case !found && e.Position >= size:
			return fmt.Errorf("entry %d is newer than the checkpoint, and not pending", e.Position)
		}
	}
	return nil
}

// root returns the root of the log tree that the proof of e leads to. Requires a
// proof.
func (e *pendingEntry) root() (merkle.Hash, error) {
	leaf := logtree.Leaf{Pos: e.Position, Value: e.Hash()}
	r, err := logtree.Evaluate(e.head.TreeSize, 0, nil, []logtree.Leaf{leaf}, e.path)
	return r.Root, err
}

// samePolicy reports whether both keep the same policy, or none.
func (w *witnessing) samePolicy(other *witnessing) bool {
	if w == nil || other == nil {
		return w == other
	}
	return bytes.Equal(w.policy.text, other.policy.text)
}
