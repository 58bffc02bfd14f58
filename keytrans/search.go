package keytrans

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
)

var (
	// ErrNoVersion says that a label does not have the requested version. For a
	// user it is a failed search: the protocol has no proof of absence.
	ErrNoVersion = errors.New("the version of the label does not exist")

	// ErrVersionExpired says that the requested version is older than the log
	// entries' maximum lifetime.
	ErrVersionExpired = errors.New("the version of the label has expired")
)

// greatestVersion searches the frontier, from the rightmost distinguished entry
// on, for target as the greatest version of a label. It returns the terminal
// entry: the leftmost inspected one that contains target.
func (w *walk) greatestVersion(target uint32) (terminal uint64, err error) {
	start, ok, err := w.rightmostDistinguished()
	if err != nil {
		return 0, err
	}
	if !ok {
		start = ibst.Root(w.size)
	}
	found := false
	for _, pos := range ibst.FrontierFrom(start, w.size) {
		order, err := w.searchLadder(pos, target, omitRedundant)
		if err != nil {
			return 0, err
		}
		switch {
		case order == ladder.Greater:
			w.reject(fmt.Errorf("%w: entry %d holds a version above the claimed greatest, %d", ErrProof, pos, target))
		case order == ladder.Less && pos == w.size-1:
			w.reject(fmt.Errorf("%w: the rightmost entry %d lacks the claimed greatest version %d", ErrProof, pos, target))
		case order == ladder.Less:
			w.lacks(pos)
		case order == ladder.Equal && !found:
			terminal, found = pos, true
		}
	}
	return terminal, nil
}

// fixedVersion searches for the first entry that contained target: KEYTRANS,
// "Fixed-Version Search". It returns the terminal entry. The error is
// ErrNoVersion or ErrVersionExpired if the search ends without success.
func (w *walk) fixedVersion(target uint32) (terminal uint64, err error) {
	s, err := w.root()
	if err != nil {
		return 0, err
	}
	var (
		anyExpired bool
		anchors    []uint64 // unexpired distinguished entries inspected
		above      []uint64 // entries that hold a greater version, each left of the one before
	)
	for ok := true; ok; {
		ts, err := w.timestamp(s.Pos)
		if err != nil {
			return 0, err
		}
		expired, err := w.expired(ts)
		if err != nil {
			return 0, err
		}
		if expired { // step 1
			anyExpired = true
			s, ok = s.RightChild(ts, w.size)
			continue
		}
		if w.distinguished(s) {
			anchors = append(anchors, s.Pos)
		}
		order, err := w.searchLadder(s.Pos, target, omitRedundant) // step 2
		if err != nil {
			return 0, err
		}
		switch order {
		case ladder.Less: // step 3
			w.lacks(s.Pos)
			s, ok = s.RightChild(ts, w.size)
		case ladder.Greater: // step 4
			above = append(above, s.Pos)
			s, ok = s.LeftChild(ts)
		default: // step 5
			if anyExpired && !slices.ContainsFunc(anchors, func(a uint64) bool { return a <= s.Pos }) {
				return 0, ErrVersionExpired
			}
			return s.Pos, nil
		}
	}
	return w.fixedVersionAt(target, above, anyExpired, anchors)
}

// fixedVersionAt is step 6 of the search: no entry has target as its greatest
// version, so it is looked up in the leftmost entry above it.
func (w *walk) fixedVersionAt(target uint32, above []uint64, anyExpired bool, anchors []uint64) (uint64, error) {
	if len(above) == 0 {
		return 0, ErrNoVersion
	}
	pos := above[len(above)-1]
	// SPEC: Clients MUST NOT accept a proof where the identified log entry is
	// itself the leftmost unexpired and distinguished log entry.
	if anyExpired && !slices.ContainsFunc(anchors, func(a uint64) bool { return a < pos }) {
		return 0, ErrVersionExpired
	}
	results, err := w.lookup(pos, []uint32{target}, func(uint32, bool) bool { return true })
	if err != nil {
		return 0, err
	}
	if !results[0] {
		return 0, ErrNoVersion
	}
	return pos, nil
}

// mustMonitor reports whether a search that ended at terminal obliges the user
// to monitor: terminal is to the right of every distinguished entry.
func (w *walk) mustMonitor(terminal uint64) (bool, error) {
	pos, ok, err := w.rightmostDistinguished()
	return !ok || terminal > pos, err
}
