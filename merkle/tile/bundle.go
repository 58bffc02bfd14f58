package tile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// AppendEntry appends a log entry to an entry bundle: its length as a big-endian
// uint16, and the entry (C2SP tlog-tiles, "Log entries"). Requires that the
// entry has less than 65,536 bytes.
func AppendEntry(bundle, entry []byte) []byte {
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(entry))), entry...)
}

var errBundle = errors.New("malformed bundle")

// ParseEntries returns the n entries of an entry bundle, which must have
// nothing else. They share the bundle's memory.
func ParseEntries(bundle []byte, n int) ([][]byte, error) {
	out := make([][]byte, 0, n)
	for len(bundle) > 0 {
		if len(out) == n || len(bundle) < 2 {
			return nil, errBundle
		}
		size := int(binary.BigEndian.Uint16(bundle))
		if bundle = bundle[2:]; len(bundle) < size {
			return nil, errBundle
		}
		out = append(out, bundle[:size:size])
		bundle = bundle[size:]
	}
	if len(out) != n {
		return nil, fmt.Errorf("%w: %d entries instead of %d", errBundle, len(out), n)
	}
	return out, nil
}

// Change is what one log entry changed in the prefix tree. Both lists ascend by
// search key, without duplicates, so that they say nothing about which leaves
// belong together. Its encoding is
//
//	added(4) removed(4) leaf(64)…
//
// where the numbers are big-endian and a leaf is a search key and a commitment,
// those added first. A key in both lists is replaced, by another commitment: a leaf
// is never in both. A bundle of changes is the encodings of those of
// consecutive log entries.
type Change struct {
	Added, Removed []prefixtree.Leaf
}

const leafSize = 64

// MaxLeaves is how many leaves one log entry may change: what readers of changes
// have to be prepared for, some 134 MB.
const MaxLeaves = 1 << 21

// Marshal returns the encoding of c. Requires no more than MaxLeaves leaves.
func (c Change) Marshal() []byte {
	b := make([]byte, 0, 8+leafSize*(len(c.Added)+len(c.Removed)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.Added)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.Removed)))
	for _, leaves := range [][]prefixtree.Leaf{c.Added, c.Removed} {
		for i := range leaves {
			b = append(append(b, leaves[i].Key[:]...), leaves[i].Commitment[:]...)
		}
	}
	return b
}

// ReadChange reads the change of one log entry from a bundle. It takes memory
// for what has arrived, not for what is announced. The error is io.EOF if r ends
// before the first byte, and io.ErrUnexpectedEOF if it ends later; it says so if
// the lists are too long, not in order, or have a leaf in common.
func ReadChange(r io.Reader) (Change, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Change{}, err
	}
	added, removed := binary.BigEndian.Uint32(head[:]), binary.BigEndian.Uint32(head[4:])
	if uint64(added)+uint64(removed) > MaxLeaves {
		return Change{}, fmt.Errorf("%w: a log entry with %d changes", errBundle, uint64(added)+uint64(removed))
	}
	var c Change
	var err error
	if c.Added, err = readLeaves(r, int(added)); err != nil {
		return Change{}, err
	}
	if c.Removed, err = readLeaves(r, int(removed)); err != nil {
		return Change{}, err
	}
	if c.hasNoOp() {
		return Change{}, fmt.Errorf("%w: a leaf that is added and removed", errBundle)
	}
	return c, nil
}

// hasNoOp reports whether a leaf is in both lists, which ascend.
func (c Change) hasNoOp() bool {
	added := c.Added
	for i := range c.Removed {
		for len(added) > 0 && string(added[0].Key[:]) < string(c.Removed[i].Key[:]) {
			added = added[1:]
		}
		if len(added) > 0 && added[0] == c.Removed[i] {
			return true
		}
	}
	return false
}

func readLeaves(r io.Reader, n int) ([]prefixtree.Leaf, error) {
	const firstRead = 1024
	leaves := make([]prefixtree.Leaf, 0, min(n, firstRead))
	var b [leafSize]byte
	for range n {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		var l prefixtree.Leaf
		copy(l.Key[:], b[:])
		copy(l.Commitment[:], b[len(l.Key):])
		if i := len(leaves) - 1; i >= 0 && string(leaves[i].Key[:]) >= string(l.Key[:]) {
			return nil, fmt.Errorf("%w: leaves that are not in ascending order", errBundle)
		}
		leaves = append(leaves, l)
	}
	return leaves, nil
}
