package keytrans

import (
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
)

// source is one end of a CombinedTreeProof: the producer reads the directory's
// data and appends it to the proof, the consumer takes it out of the proof.
type source interface {
	// timestamp gives the next element of timestamps, for the entry at pos.
	timestamp(pos uint64) (uint64, error)

	// lookup gives the next element of prefix_proofs: lookups of the versions,
	// in order, in pos's prefix tree. The lookups end with the first for which
	// last returns true, or with the last version.
	lookup(pos uint64, versions []uint32, last func(version uint32, included bool) bool) ([]bool, error)
}

// walk is one execution of the protocol's algorithms, each of which is written
// once, over a source. It remembers what the proof already said.
type walk struct {
	src  source
	cfg  *Configuration
	size uint64 // of the log

	// timestamps that are retained or were taken from src, and their positions
	// in ascending order.
	timestamps map[uint64]uint64
	positions  []uint64

	// Lookups that need not be repeated: the leftmost entry at which a version
	// was included, the rightmost at which it was not.
	included map[uint32]uint64
	absent   map[uint32]uint64

	// contradiction is the first thing seen that contradicts what the log has
	// signed; rejection the first that contradicts a claim of the response
	// which no signature covers, or what the user expects. The walk goes on:
	// only a signature over the root that the proof leads to turns a
	// contradiction into evidence.
	contradiction, rejection error

	// lacking is the rightmost entry that a search found not to have its target
	// version yet, nil if it found none.
	lacking *uint64

	// claimed tells whether what an owner knows of the entry at pos rests on a
	// response that did not prove it; nil for others.
	claimed func(pos uint64) bool
}

func newWalk(src source, cfg *Configuration, size uint64) *walk {
	return &walk{
		src: src, cfg: cfg, size: size,
		timestamps: make(map[uint64]uint64),
		included:   make(map[uint32]uint64),
		absent:     make(map[uint32]uint64),
	}
}

func (w *walk) contradict(format string, args ...any) {
	if w.contradiction == nil {
		w.contradiction = fmt.Errorf(format, args...)
	}
}

func (w *walk) reject(err error) {
	if w.rejection == nil {
		w.rejection = err
	}
}

// lacks records that the entry at pos does not have a search's target version.
// Searches go to the right from there.
func (w *walk) lacks(pos uint64) { w.lacking = &pos }

// timestamp returns the timestamp of the entry at pos, taking it from the
// source the first time.
func (w *walk) timestamp(pos uint64) (uint64, error) {
	if ts, ok := w.timestamps[pos]; ok {
		return ts, nil
	}
	ts, err := w.src.timestamp(pos)
	if err != nil {
		return 0, fmt.Errorf("timestamp of entry %d: %w", pos, err)
	}
	w.remember(pos, ts)
	return ts, nil
}

// remember records a timestamp and holds it against its neighbours.
func (w *walk) remember(pos, ts uint64) {
	i, _ := slices.BinarySearch(w.positions, pos)
	if i > 0 && w.timestamps[w.positions[i-1]] > ts || i < len(w.positions) && w.timestamps[w.positions[i]] < ts {
		w.contradict("%w: that of entry %d", ErrOrder, pos)
	}
	w.positions = slices.Insert(w.positions, i, pos)
	w.timestamps[pos] = ts
}

// rightmost returns the timestamp of the rightmost entry, which the view update
// has made known.
func (w *walk) rightmost() (uint64, error) { return w.timestamp(w.size - 1) }

// root returns the span in which the recursion over distinguished entries
// starts.
func (w *walk) root() (ibst.Span, error) {
	ts, err := w.rightmost()
	return ibst.RootSpan(w.size, ts), err
}

func (w *walk) distinguished(s ibst.Span) bool {
	return s.Distinguished(w.cfg.ReasonableMonitoringWindow)
}

// distinguishedPath returns the distinguished entries from the root toward pos.
func (w *walk) distinguishedPath(pos uint64) ([]uint64, error) {
	ts, err := w.rightmost()
	if err != nil {
		return nil, err
	}
	return ibst.DistinguishedPath(pos, w.size, ts, w.cfg.ReasonableMonitoringWindow, w.timestamp)
}

// isDistinguished reports whether the entry at pos is distinguished.
func (w *walk) isDistinguished(pos uint64) (bool, error) {
	path, err := w.distinguishedPath(pos)
	return len(path) > 0 && path[len(path)-1] == pos, err
}

// rightmostDistinguished returns the rightmost distinguished entry, if any.
func (w *walk) rightmostDistinguished() (pos uint64, ok bool, err error) {
	return ibst.RightmostDistinguished(w.size, w.cfg.ReasonableMonitoringWindow, w.timestamp)
}

// expired reports whether an entry with the given timestamp has passed the
// maximum lifetime.
func (w *walk) expired(ts uint64) (bool, error) {
	if w.cfg.MaximumLifetime == nil {
		return false, nil
	}
	now, err := w.rightmost()
	return ts <= now && now-ts >= *w.cfg.MaximumLifetime, err
}

// updateView brings the user from a log of old entries, 0 for none, to the
// current one: KEYTRANS, "Updating Views of the Tree".
func (w *walk) updateView(old uint64) error {
	for _, pos := range ibst.UpdateView(old, w.size) {
		if _, err := w.timestamp(pos); err != nil {
			return err
		}
	}
	return nil
}

// lookup obtains lookups from the entry at pos and remembers their outcomes.
// The entry's timestamp comes first, because without it the user cannot compute
// the entry's leaf.
func (w *walk) lookup(pos uint64, versions []uint32, last func(uint32, bool) bool) ([]bool, error) {
	if _, err := w.timestamp(pos); err != nil {
		return nil, err
	}
	results, err := w.src.lookup(pos, versions, last)
	if err != nil {
		return nil, fmt.Errorf("lookups in entry %d: %w", pos, err)
	}
	for i, included := range results {
		w.note(pos, versions[i], included)
	}
	return results, nil
}

func (w *walk) note(pos uint64, version uint32, included bool) {
	if included {
		if at, ok := w.included[version]; !ok || pos < at {
			w.included[version] = pos
		}
		return
	}
	if at, ok := w.absent[version]; !ok || pos > at {
		w.absent[version] = pos
	}
}

// implied returns the outcome of a lookup that the proof already settled: an
// inclusion to the left, a non-inclusion to the right.
func (w *walk) implied(pos uint64, version uint32) (included, ok bool) {
	if at, seen := w.included[version]; seen && at < pos {
		return true, true
	}
	at, seen := w.absent[version]
	return false, seen && at > pos
}

// Whether a search ladder leaves out lookups that the proof already settled.
const (
	omitRedundant = true
	completely    = false
)

// searchLadder obtains a search binary ladder from the entry at pos and says
// how the greatest version there compares with target: KEYTRANS,
// "Greatest-Version Search", "Binary Ladder".
func (w *walk) searchLadder(pos uint64, target uint32, omit bool) (ladder.Order, error) {
	order := ladder.Equal
	var ask []uint32
	for _, v := range ladder.Base(target) {
		included, known := w.implied(pos, v)
		if !omit || !known {
			ask = append(ask, v)
			continue
		}
		// Only a log that contradicts itself lets a known outcome end a ladder.
		if o, done := ladder.Step(target, v, included); done {
			order = o
			break
		}
	}
	done := false
	_, err := w.lookup(pos, ask, func(v uint32, included bool) bool {
		var o ladder.Order
		if o, done = ladder.Step(target, v, included); done {
			order = o
		}
		return done
	})
	return order, err
}

// compareLadder obtains a search ladder from the entry at pos and says how the
// greatest version there compares with the expected one, nil for none.
func (w *walk) compareLadder(pos uint64, expected *uint32, omit bool) (ladder.Order, error) {
	if expected != nil {
		return w.searchLadder(pos, *expected, omit)
	}
	order, err := w.searchLadder(pos, 0, omit)
	if order == ladder.Less {
		return ladder.Equal, err
	}
	return ladder.Greater, err
}

// expectClaimed obtains a ladder that must show the greatest version that the
// response claims for the entry at pos.
func (w *walk) expectClaimed(pos uint64, claimed *uint32, omit bool) error {
	order, err := w.compareLadder(pos, claimed, omit)
	if err == nil && order != ladder.Equal {
		w.reject(fmt.Errorf("%w: the greatest version in entry %d is not %s", ErrProof, pos, describe(claimed)))
	}
	return err
}

// expectKnown obtains a ladder that must show the greatest version that the
// owner knows for the entry at pos from what it has verified before.
func (w *walk) expectKnown(pos uint64, known *uint32, omit bool) error {
	order, err := w.compareLadder(pos, known, omit)
	switch {
	case err != nil:
		return err
	case order != ladder.Equal && w.claimed != nil && w.claimed(pos):
		w.reject(fmt.Errorf("%w: version %s is not the greatest in entry %d, as a response told without proof", ErrProof, describe(known), pos))
	case order == ladder.Less:
		w.contradict("entry %d no longer holds version %s", pos, describe(known))
	case order == ladder.Greater:
		w.reject(fmt.Errorf("%w: entry %d holds a version beyond the greatest known one, %s", ErrUnexpectedVersion, pos, describe(known)))
	}
	return nil
}

// firstMissing obtains lookups of all the versions from pos. It returns the
// first that does not exist there, nil if all do.
func (w *walk) firstMissing(pos uint64, versions []uint32) (*uint32, error) {
	results, err := w.lookup(pos, versions, func(uint32, bool) bool { return false })
	if err != nil {
		return nil, err
	}
	if i := slices.Index(results, false); i >= 0 {
		return &versions[i], nil
	}
	return nil, nil
}

func describe(version *uint32) string {
	if version == nil {
		return "(none)"
	}
	return fmt.Sprint(*version)
}
