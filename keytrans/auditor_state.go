package keytrans

import (
	"bytes"
	"fmt"
	"math/bits"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// auditorVersion is that of an Auditor's encoding:
//
//	struct {
//	  uint64 position;
//	  opaque vrf_output[32];
//	} Arrival;
//
//	struct {
//	  uint8 version = 1;
//	  uint64 start;
//	  uint64 size;
//	  HashValue subtrees[number of full subtrees];
//	  uint64 timestamps[length of the frontier];
//	  HashValue prefix_tree;         // if size is not 0
//	  Arrival waiting<0..2^32-1>;    // ascending
//	} AuditorState;
const auditorVersion = 1

// arrivalSize is the size in bytes of an encoded Arrival.
const arrivalSize = 8 + merkle.HashSize

// Marshal returns the encoding of a, for storage. It is the same for all auditors
// that have processed the same entries. The Configuration is not part of it.
func (a *Auditor) Marshal() []byte {
	var b builder
	b.AddUint8(auditorVersion)
	b.AddUint64(a.start)
	b.AddUint64(a.size)
	b.hashes(a.subtrees)
	for _, ts := range a.timestamps {
		b.AddUint64(ts)
	}
	if a.size > 0 {
		b.AddBytes(a.prefixTree[:])
	}
	b.AddUint32(uint32(len(a.waiting)))
	for _, l := range a.arrivals {
		if !a.isGone(l) {
			b.AddUint64(l.position)
			b.AddBytes(l.key[:])
		}
	}
	return b.BytesOrPanic()
}

// ParseAuditor decodes an Auditor of the log with a Configuration. Whoever can
// write the encoding can make the auditor sign anything. The error wraps
// ErrMalformed, or says what about the Configuration cannot be used.
func ParseAuditor(cfg *Configuration, data []byte) (*Auditor, error) {
	a, err := newAuditor(cfg)
	if err != nil {
		return nil, err
	}
	r := reader{s: data}
	if v := r.u8("version"); v != auditorVersion {
		r.fail(fmt.Sprintf("version %d of an auditor's state", v))
	}
	a.start, a.size = r.u64("start"), r.u64("size")
	if a.size > logtree.MaxSize || a.start > a.size {
		r.fail("size")
	}
	if r.err != nil {
		return nil, r.err
	}
	for range bits.OnesCount64(a.size) {
		a.subtrees = append(a.subtrees, r.hash("subtrees"))
	}
	for i := range ibst.Frontier(a.size) {
		a.timestamps = append(a.timestamps, r.u64("timestamps"))
		if i > 0 && a.timestamps[i-1] > a.timestamps[i] {
			r.fail("timestamps: they fall")
		}
	}
	if a.size > 0 {
		a.prefixTree = r.hash("prefix_tree")
	}
	a.readWaiting(&r)
	return orError(a, &r)
}

// readWaiting reads the leaves that no distinguished entry has published.
func (a *Auditor) readWaiting(r *reader) {
	n := r.u32("waiting")
	if n > MaxWaiting || uint64(n) > uint64(len(r.s))/arrivalSize {
		r.fail("waiting")
		return
	}
	a.arrivals = make([]arrival, 0, n)
	for i := range int(n) {
		l := arrival{r.u64("position"), prefixtree.Key(r.hash("vrf_output"))}
		ordered := i == 0 || a.arrivals[i-1].before(l)
		if _, twice := a.waiting[l.key]; twice || !ordered || l.position < a.start || l.position >= a.size {
			r.fail("waiting")
			return
		}
		a.arrivals = append(a.arrivals, l)
		a.waiting[l.key] = l.position
	}
}

// before reports whether l comes before m in an encoding.
func (l arrival) before(m arrival) bool {
	return l.position < m.position || l.position == m.position && bytes.Compare(l.key[:], m.key[:]) < 0
}
