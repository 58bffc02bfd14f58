package keytrans

import (
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
)

// MaxNewVersions is how many versions of a label one log entry should create at
// most. The draft allows 255, but an UpdateResponse's binary_ladder, which is
// limited to 255, has a step for each of them beside those of the ladder for
// the greatest, of which there are up to 64.
const MaxNewVersions = 255 - 64

// labelUpdate describes new versions of a label that one log entry created.
type labelUpdate struct {
	position uint64  // of the entry that created them
	previous *uint32 // greatest version before it, nil if none
	inserted uint64  // position where previous was created
	greatest uint32  // greatest version after it

	// expected returns the greatest version at an entry left of position.
	expected func(pos uint64) (*uint32, error)
}

// first returns the lowest of the new versions.
func (u *labelUpdate) first() uint32 {
	if u.previous == nil {
		return 0
	}
	return *u.previous + 1
}

// beyondLadder returns the new versions, ascending, that a search ladder for
// the new greatest version does not look up.
func (u *labelUpdate) beyondLadder() []uint32 {
	base := ladder.Base(u.greatest)
	var out []uint32
	for v := uint64(u.first()); v <= uint64(u.greatest); v++ {
		if !slices.Contains(base, uint32(v)) {
			out = append(out, uint32(v))
		}
	}
	return out
}

// ladderVersions returns the versions, ascending, whose search keys the owner
// needs in addition to those it knows: KEYTRANS, "Updating a Label".
func (u *labelUpdate) ladderVersions() []uint32 {
	known := []uint32{0}
	if u.previous != nil {
		known = ladder.Base(*u.previous)
	}
	versions := append(ladder.Base(u.greatest), u.beyondLadder()...)
	versions = slices.DeleteFunc(versions, func(v uint32) bool { return slices.Contains(known, v) })
	slices.Sort(versions)
	return versions
}

// update verifies how new versions of a label were inserted: KEYTRANS,
// "Updating a Label". distinguished tells whether the entry that created them
// is distinguished; if not, the owner has to monitor it.
func (w *walk) update(u *labelUpdate) (distinguished bool, err error) {
	if u.position == 0 || u.position >= w.size {
		return false, fmt.Errorf("position %d of new versions in a log of %d entries", u.position, w.size)
	}
	if err := w.updatePrevious(u); err != nil {
		return false, err
	}
	distinguished, err = w.isDistinguished(u.position)
	if err != nil {
		return false, err
	}
	if !distinguished { // step 4
		if err := w.expectClaimed(u.position, &u.greatest, omitRedundant); err != nil {
			return false, err
		}
	}
	if more := u.beyondLadder(); len(more) > 0 { // steps 3 and 4
		missing, err := w.firstMissing(u.position, more)
		if err != nil {
			return false, err
		}
		if missing != nil {
			w.reject(fmt.Errorf("%w: entry %d lacks the new version %d", ErrProof, u.position, *missing))
		}
	}
	return distinguished, nil
}

// updatePrevious is steps 1 and 2: a greatest-version search for the previous
// greatest version in the log up to and excluding u.position, of which the
// entries that the owner has verified before are left out.
func (w *walk) updatePrevious(u *labelUpdate) error {
	distinguished, err := w.distinguishedPath(u.position - 1)
	if err != nil {
		return err
	}
	// In the current tree the previous frontier is a part of the path to its
	// last entry, and its distinguished entries are the first of that part.
	frontier := ibst.Frontier(u.position)
	first := 0
	for first < len(frontier) && slices.Contains(distinguished, frontier[first]) {
		first++
	}
	if first == len(frontier) {
		// SPEC: If there is no such log entry, skip to step 3.
		// Nothing is inspected or left out, so no later lookup is redundant.
		return nil
	}
	if first > 0 {
		// Lookups in the rightmost distinguished entry, where a greatest-version
		// search starts, make later ones redundant although it is not inspected.
		if err := w.noteLadder(u, frontier[first-1]); err != nil {
			return err
		}
	}
	for _, pos := range frontier[first:] {
		// Step 2.1. Every one of these entries is to the right of the owner's
		// starting position, which is distinguished, so that the position of
		// the previous version alone decides.
		if u.previous != nil && pos <= u.inserted {
			err = w.noteLadder(u, pos)
		} else {
			err = w.expectKnown(pos, u.previous, omitRedundant)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// noteLadder remembers the outcomes of a search ladder for the previous
// greatest version as if it had been obtained from the entry at pos.
func (w *walk) noteLadder(u *labelUpdate, pos uint64) error {
	if u.previous == nil {
		return nil
	}
	expected, err := u.expected(pos)
	if err != nil {
		return err
	}
	greatest := int64(-1)
	if expected != nil {
		greatest = int64(*expected)
	}
	for _, v := range ladder.Search(*u.previous, greatest) {
		w.note(pos, v, int64(v) <= greatest)
	}
	return nil
}
