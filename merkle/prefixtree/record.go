package prefixtree

// The records of a stored tree. A nibble is 4 bits of a search key; n is the
// number of nibbles above a page or bucket, and path is those nibbles, high
// half of a byte first, padded with a zero nibble to whole bytes.
//
// A page covers the 4 bit levels from depth 4n on, with a slot for each of the
// 16 nodes at depth 4n+4. Its history is a run of chunks, one record each:
//
//	key:   prefix || n (1 byte, 0..62) || path || first entry (8 bytes, big-endian)
//	value: group || group ...
//	group: uvarint entries since the last group (not in the first group)
//	       || number of slots (1 byte, 1..16) || slot ...
//	slot:  kind<<4 | index (1 byte) || uvarint entries since the slot changed
//	       (first group only) || hash (32 bytes)
//
// The first group has all slots that are not empty, as of the first entry of
// the chunk; each later one has the slots that one log entry changed. Slots are
// in ascending order of their index. A new chunk begins when one has chunkSlots
// changes. The page as of a log entry is in the greatest chunk whose first entry
// is not above it.
//
// A slot's hash is the value of the subtree of its leaves, at depth 4n+4; a
// lone leaf moves up within the page when the page is read. Its kind says what
// the subtree is and where it is stored:
//
//	1  one leaf, in a bucket
//	2  several leaves, in a bucket
//	3  a page
//
// A bucket holds the leaves of one slot, with the log entries that added them:
//
//	key:   prefix || 0x80|n (1 byte, n in 1..63) || path
//	value: group || group ...
//	group: uvarint entries since the last group (since 0 for the first)
//	       || uvarint number of leaves || leaf ...
//	leaf:  search key (32 bytes) || commitment (32 bytes)
//
// When a bucket overflows, its leaves are copied to new buckets below a new
// page; the old record stays for the log entries before.
//
// The root is always a page. Entries and values are authenticated top down:
// what a page or bucket hashes to is compared with its slot when it is read.
//
// Every number is encoded in the fewest bytes, so what decodes re-encodes to
// the same bytes.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

const (
	pageBits   = 4             // bit levels of a page
	pageSlots  = 1 << pageBits // slots of a page
	chunkSlots = 128           // slot changes after which a new chunk begins
	maxNibbles = keyBits / pageBits

	bucketTag = 0x80
	leafSize  = 2 * merkle.HashSize
)

// ErrCorrupt is wrapped by the errors for stored records that do not decode,
// are missing, or do not have the hash that the page above them says. The
// caller should stop: retrying does not help.
var ErrCorrupt = errors.New("corrupt prefix tree record")

var errRecord = errors.New("malformed record")

// A path is the place of a page or bucket: the first n nibbles of the search
// keys in it, the rest of bits being zero.
type path struct {
	bits Key
	n    uint8
}

// child returns the path of slot i.
func (p path) child(i int) path {
	shift := pageBits * (1 - p.n%2)
	p.bits[p.n/2] |= byte(i) << shift
	p.n++
	return p
}

// slotOf returns the slot of the page at p that key belongs to.
func (p path) slotOf(key *Key) int {
	b := key[p.n/2]
	if p.n%2 == 0 {
		b >>= pageBits
	}
	return int(b & (pageSlots - 1))
}

func (p path) bytes() []byte { return p.bits[:(p.n+1)/2] }

// String describes p for errors: the nibbles in hexadecimal.
func (p path) String() string {
	return fmt.Sprintf("%x/%d", p.bytes(), pageBits*int(p.n))
}

// bucketKey returns the store key of the bucket at p.
func bucketKey(prefix []byte, p path) []byte {
	k := make([]byte, 0, len(prefix)+1+merkle.HashSize)
	k = append(k, prefix...)
	k = append(k, bucketTag|p.n)
	return append(k, p.bytes()...)
}

// pageKey returns the store key of the chunk of the page at p that begins with
// the given entry.
func pageKey(prefix []byte, p path, entry uint64) []byte {
	k := make([]byte, 0, len(prefix)+1+merkle.HashSize+9)
	k = append(k, prefix...)
	k = append(k, p.n)
	k = append(k, p.bytes()...)
	return binary.BigEndian.AppendUint64(k, entry)
}

// readUvarint decodes a minimal uvarint and returns the rest of b.
func readUvarint(b []byte) (uint64, []byte, error) {
	x, n := binary.Uvarint(b)
	if n <= 0 || n > 1 && b[n-1] == 0 {
		return 0, nil, fmt.Errorf("%w: number", errRecord)
	}
	return x, b[n:], nil
}

// readEntry decodes the distance from the log entry last to a later one.
func readEntry(b []byte, last uint64) (uint64, []byte, error) {
	d, b, err := readUvarint(b)
	if err != nil {
		return 0, nil, err
	}
	if d == 0 || last+d < last {
		return 0, nil, fmt.Errorf("%w: log entry %d after %d", errRecord, last+d, last)
	}
	return last + d, b, nil
}

// A pageSlot is the state of a slot.
type pageSlot struct {
	hash  merkle.Hash
	entry uint64 // log entry that last changed it
	kind  slotKind
}

type slotKind uint8

const (
	slotEmpty slotKind = iota
	slotLeaf
	slotBucket
	slotPage
)

// A pageState is a page as of a log entry.
type pageState struct {
	slots   [pageSlots]pageSlot
	first   uint64 // first entry of the chunk
	last    uint64 // last entry that changed the page
	changes int    // slot changes in the chunk up to last
}

// appendPageFull appends the first group of a chunk that begins with st.
func appendPageFull(b []byte, st *pageState) []byte {
	n := 0
	for i := range st.slots {
		if st.slots[i].kind != slotEmpty {
			n++
		}
	}
	b = append(b, byte(n))
	for i := range st.slots {
		if s := &st.slots[i]; s.kind != slotEmpty {
			b = append(b, byte(s.kind)<<4|byte(i))
			b = binary.AppendUvarint(b, st.first-s.entry)
			b = append(b, s.hash[:]...)
		}
	}
	return b
}

// appendPageDelta appends a later group: the changed slots of st, a bit set.
func appendPageDelta(b []byte, st *pageState, since uint64, changed uint16) []byte {
	b = binary.AppendUvarint(b, st.last-since)
	b = append(b, byte(bits.OnesCount16(changed)))
	for i := range st.slots {
		if changed>>i&1 != 0 {
			b = append(b, byte(st.slots[i].kind)<<4|byte(i))
			b = append(b, st.slots[i].hash[:]...)
		}
	}
	return b
}

// decodePage decodes a chunk that begins with the entry first, up to the last
// group whose entry is at most upTo. Requires first <= upTo.
func decodePage(b []byte, first, upTo uint64) (*pageState, error) {
	st := &pageState{first: first, last: first}
	b, _, err := st.readGroup(b, true)
	for err == nil && len(b) > 0 {
		var entry uint64
		if entry, b, err = readEntry(b, st.last); err != nil {
			break
		}
		if entry > upTo {
			return st, nil
		}
		st.last = entry
		var n int
		b, n, err = st.readGroup(b, false)
		st.changes += n
	}
	if err != nil {
		return nil, err
	}
	return st, nil
}

// readGroup decodes the slots of one group, which is of the log entry st.last,
// and returns the rest of b and the number of slots.
func (st *pageState) readGroup(b []byte, full bool) ([]byte, int, error) {
	if len(b) == 0 || b[0] == 0 || b[0] > pageSlots {
		return nil, 0, fmt.Errorf("%w: number of slots", errRecord)
	}
	n := int(b[0])
	b = b[1:]
	for i, prev := 0, -1; i < n; i++ {
		if len(b) == 0 {
			return nil, 0, fmt.Errorf("%w: short slot", errRecord)
		}
		kind, index := slotKind(b[0]>>4), int(b[0]&0xf)
		b = b[1:]
		if kind < slotLeaf || kind > slotPage || index <= prev {
			return nil, 0, fmt.Errorf("%w: slot %d of kind %d after %d", errRecord, index, kind, prev)
		}
		prev = index
		s := &st.slots[index]
		s.kind, s.entry = kind, st.last
		if full {
			age, rest, err := readUvarint(b)
			if err != nil {
				return nil, 0, err
			}
			if age > st.last {
				return nil, 0, fmt.Errorf("%w: slot changed before entry 0", errRecord)
			}
			s.entry -= age
			b = rest
		}
		if len(b) < merkle.HashSize {
			return nil, 0, fmt.Errorf("%w: short slot", errRecord)
		}
		b = b[copy(s.hash[:], b):]
	}
	return b, n, nil
}

// appendBucket appends a group of leaves, added by entry, after a group of the
// entry since, 0 if there is none.
func appendBucket(b []byte, leaves []Leaf, since, entry uint64) []byte {
	b = binary.AppendUvarint(b, entry-since)
	b = binary.AppendUvarint(b, uint64(len(leaves)))
	for i := range leaves {
		b = append(b, leaves[i].Key[:]...)
		b = append(b, leaves[i].Commitment[:]...)
	}
	return b
}

// decodeBucket decodes the leaves of a bucket that were added at or before the
// entry upTo, in the order stored, and the last of their entries.
func decodeBucket(b []byte, upTo uint64) (leaves []Leaf, last uint64, err error) {
	for len(b) > 0 {
		var entry uint64
		if leaves == nil {
			entry, b, err = readUvarint(b)
		} else {
			entry, b, err = readEntry(b, last)
		}
		if err != nil {
			return nil, 0, err
		}
		if entry > upTo {
			break
		}
		last = entry
		var n uint64
		if n, b, err = readUvarint(b); err != nil {
			return nil, 0, err
		}
		if n == 0 || n > uint64(len(b)/leafSize) {
			return nil, 0, fmt.Errorf("%w: %d leaves in %d bytes", errRecord, n, len(b))
		}
		if leaves == nil {
			leaves = make([]Leaf, 0, int(n)+len(b)/(leafSize+2))
		}
		for ; n > 0; n-- {
			var l Leaf
			copy(l.Key[:], b)
			copy(l.Commitment[:], b[len(l.Key):])
			leaves = append(leaves, l)
			b = b[leafSize:]
		}
	}
	if leaves == nil {
		return nil, 0, fmt.Errorf("%w: no leaves at or before entry %d", errRecord, upTo)
	}
	return leaves, last, nil
}
