package directory

import (
	"encoding/binary"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// minimum says what pruning has left of a log. It is stored before anything is
// removed, so that every state that lacks a record knows why. Its encoding is
//
//	versions(8) entries(8)
//
// and without a record, nothing was pruned.
type minimum struct {
	// versions is the first log entry as of which the prefix tree can be read.
	versions uint64

	// entries is the first log entry from which on all entries and their changes
	// are there. It is C2SP's minimum index: a multiple of tile.FullWidth, so that
	// bundles are there whole or not at all. Of the entries before it, those on
	// the frontier of the first entries entries stay, at most one for each bit of
	// the number.
	//
	// These suffice for every answer that is about entries from it on. Whoever
	// walks toward such an entry, or toward the gap before the first of them,
	// comes past earlier ones of which it is right: they are the ancestors to the
	// left of the entry at this position, which are that frontier. The
	// distance to where a walk began does not matter, nor does the size of the
	// log, because an ancestor to the left of an entry is one in every larger
	// log. And the frontier of a log with at least this many entries, which
	// answers to one who advertises it refer to, has no other entries before it.
	// TestPruned in package keytrans holds this against all algorithms.
	//
	// It is not greater than versions.
	entries uint64
}

func (m *minimum) marshal() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, m.versions), m.entries)
}

// loadMinimum reads the minimum of a log of size entries.
func loadMinimum(snap Snapshot, size uint64) (minimum, error) {
	b, err := snap.Get(minimumKey())
	if err != nil || b == nil {
		return minimum{}, err
	}
	if len(b) != 16 {
		return minimum{}, errCorrupt("record of what was pruned")
	}
	m := minimum{versions: binary.BigEndian.Uint64(b), entries: binary.BigEndian.Uint64(b[8:])}
	if m.entries > m.versions || m.versions >= size {
		return minimum{}, errCorrupt("record of what was pruned")
	}
	return m, nil
}

// ErrPruned is wrapped, together with keytrans.ErrRequest, by the error for a
// request whose answer needs what was removed because it had passed the maximum
// lifetime.
var ErrPruned = fmt.Errorf("%w: it needs what has passed the maximum lifetime and was removed", keytrans.ErrRequest)

func errPruned(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrPruned, fmt.Sprintf(format, args...))
}
