package directory

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// Epoch is how an epoch was made.
type Epoch struct {
	Position uint64        // of its log entry
	Took     time.Duration // from when it was begun until it was durable and published
}

// maxRecent is how many epochs are remembered.
const maxRecent = 64

// recentEpochs remembers how the last epochs were made, since the directory was opened.
type recentEpochs struct {
	mu   sync.Mutex
	list []Epoch
}

func (r *recentEpochs) add(e Epoch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list[max(0, len(r.list)+1-maxRecent):], e)
}

// RecentEpochs returns how the last epochs were made since the directory was opened, the
// newest last: at most 64.
func (d *Directory) RecentEpochs() []Epoch {
	d.recent.mu.Lock()
	defer d.recent.mu.Unlock()
	return slices.Clone(d.recent.list)
}

const (
	changeHead = 8  // bytes before the leaves of an encoded change
	changeLeaf = 64 // bytes of a leaf
)

// Change returns how many leaves a log entry added to the prefix tree, and those of them
// in [from, from+limit), which can be fewer or none. It takes a time that depends on
// limit only. The error wraps ErrNotInLog if the log has no such entry, and ErrPruned if
// no more.
func (d *Directory) Change(pos, from, limit uint64) (added uint64, leaves []prefixtree.Leaf, err error) {
	s, err := d.acquire()
	if err != nil {
		return 0, nil, err
	}
	defer s.release()
	switch {
	case pos >= s.head.TreeSize:
		return 0, nil, fmt.Errorf("%w: entry %d in a log of %d", ErrNotInLog, pos, s.head.TreeSize)
	case pos < s.minimum.entries:
		return 0, nil, errPruned("the log has no changes before entry %d any more", s.minimum.entries)
	}
	r := changeReader{s: s, pos: pos}
	head, err := r.read(0, changeHead)
	if err != nil {
		return 0, nil, err
	}
	added = uint64(binary.BigEndian.Uint32(head))
	for i := min(from, added); i < added && uint64(len(leaves)) < limit; i++ {
		b, err := r.read(changeHead+i*changeLeaf, changeLeaf)
		if err != nil {
			return 0, nil, err
		}
		l := prefixtree.Leaf{Key: prefixtree.Key(b[:32])}
		copy(l.Commitment[:], b[32:])
		leaves = append(leaves, l)
	}
	return added, leaves, nil
}

// changeReader reads parts of an encoded change, of which it holds one record.
type changeReader struct {
	s     *state
	pos   uint64
	piece uint32
	data  []byte // of the piece, nil if none was read
}

// read returns n bytes at an offset. Records have whole multiples of the numbers that it
// is called with, but for the head, so that a part can be in two of them.
func (r *changeReader) read(offset, n uint64) ([]byte, error) {
	out := make([]byte, 0, n)
	for uint64(len(out)) < n {
		at := offset + uint64(len(out))
		if piece := uint32(at / changePiece); r.data == nil || piece != r.piece {
			data, err := r.s.snap.Get(changeKey(r.pos, piece))
			if err != nil {
				return nil, err
			}
			r.piece, r.data = piece, data
		}
		start := at % changePiece
		if start >= uint64(len(r.data)) {
			return nil, errCorrupt(fmt.Sprintf("the change of log entry %d", r.pos))
		}
		out = append(out, r.data[start:min(start+n-uint64(len(out)), uint64(len(r.data)))]...)
	}
	return out, nil
}
