package prefixtree

import (
	"bytes"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// FuzzPageRecord checks that what decodes re-encodes to the same bytes. It
// takes the groups off from the last on.
func FuzzPageRecord(f *testing.F) {
	st := &pageState{first: 9, last: 9}
	st.slots[3] = pageSlot{merkle.Hash{1}, 2, slotBucket}
	b := appendPageFull(nil, st)
	f.Add(b, uint64(9))
	st.last, st.slots[3].entry, st.slots[0] = 400, 400, pageSlot{merkle.Hash{2}, 400, slotLeaf}
	f.Add(appendPageDelta(b, st, 9, 1|1<<3), uint64(9))
	f.Add([]byte{1, 0x10, 0x80, 0}, uint64(9))
	f.Fuzz(func(t *testing.T, b []byte, first uint64) {
		if len(b) > 4000 {
			return
		}
		upTo := ^uint64(0)
		var states []*pageState
		for {
			st, err := decodePage(b, first, upTo)
			if err != nil && len(states) == 0 {
				wantErr(t, err, errRecord)
				return
			}
			fatalIfErr(t, err)
			states = append(states, st)
			if st.last == first {
				break
			}
			upTo = st.last - 1
		}
		var enc []byte
		for i := len(states) - 1; i >= 0; i-- {
			st := states[i]
			if st.last == first {
				enc = appendPageFull(enc, st)
				continue
			}
			changed := uint16(0)
			for j := range st.slots {
				if st.slots[j].kind != slotEmpty && st.slots[j].entry == st.last {
					changed |= 1 << j
				}
			}
			enc = appendPageDelta(enc, st, states[i+1].last, changed)
		}
		if !bytes.Equal(enc, b) {
			t.Fatalf("%x re-encodes to %x", b, enc)
		}
	})
}

func FuzzBucketRecord(f *testing.F) {
	b := appendBucket(nil, make([]Leaf, 2), 0, 7)
	f.Add(b)
	f.Add(appendBucket(b, make([]Leaf, 1), 7, 1000))
	f.Add([]byte{0x80, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4000 {
			return
		}
		type group struct {
			leaves int
			last   uint64
		}
		var groups []group
		all, last, err := decodeBucket(b, ^uint64(0))
		if err != nil {
			wantErr(t, err, errRecord)
			return
		}
		for n := len(all); ; {
			groups = append(groups, group{n, last})
			if last == 0 {
				break
			}
			ls, l, err := decodeBucket(b, last-1)
			if err != nil {
				break
			}
			n, last = len(ls), l
		}
		var enc []byte
		from, since := 0, uint64(0)
		for i := len(groups) - 1; i >= 0; i-- {
			g := groups[i]
			enc = appendBucket(enc, all[from:g.leaves], since, g.last)
			from, since = g.leaves, g.last
		}
		if !bytes.Equal(enc, b) {
			t.Fatalf("%x re-encodes to %x", b, enc)
		}
	})
}
