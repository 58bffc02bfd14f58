package keytrans

import (
	"bytes"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// fuzzBytes gives out the fuzzer's bytes, and zeros after their end.
type fuzzBytes []byte

func (f *fuzzBytes) next() byte {
	if len(*f) == 0 {
		return 0
	}
	b := (*f)[0]
	*f = (*f)[1:]
	return b
}

// below returns a number below n, which is not 0.
func (f *fuzzBytes) below(n int) int { return (int(f.next())<<8 | int(f.next())) % n }

// history returns a log of at most max entries: its window and maximum lifetime,
// when its entries come, with repeats and jumps, and when the versions of two
// labels were inserted, often several in one entry.
func (f *fuzzBytes) history(max int) naive.World {
	n := naive.World{RMW: uint64(f.next())}
	if b := f.next(); b != 0 {
		lifetime := n.RMW + uint64(b)
		n.MaximumLifetime = &lifetime
	}
	size := 1 + uint64(f.next())%uint64(max)
	ts := uint64(f.next()) << (f.next() % 16)
	for range size {
		ts += uint64(f.next()) >> (f.next() % 8)
		n.Timestamps = append(n.Timestamps, ts)
	}
	n.Inserted = fuzzVersions(size, f.next)
	return n
}

// FuzzHistory derives a log in one of the modes, a state of it, a user who has seen
// some of it and a request from the fuzzer's bytes. The honest answer has to verify
// and be what the naive reference has; what the fuzzer makes of it has to be
// refused, without an accusation, or establish the same.
func FuzzHistory(f *testing.F) {
	const maxSize = 9
	for op := range byte(fuzzOperations) {
		for mode := range byte(3) {
			f.Add([]byte{op, mode, 6, 0, 8, 3, 1, 2, 0, 1, 9, 1, 0, 5, 1, 1, 1, 1, 1, 1, 0x91, 0x20, 3, 0xc1, 0, 2, 0xff, 7})
			f.Add([]byte{op, mode, 40, 15, 6, 255, 7, 7, 7, 7, 0, 0, 0, 0, 200, 1, 2, 3, 4, 5, 6, 7, 8, 0x88, 0x97, 0xe6, 0, 1, 0, 5, 1})
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b := fuzzBytes(data)
		op, mode := b.next(), []DeploymentMode{ContactMonitoring, ThirdPartyManagement, ThirdPartyAuditing}[b.next()%3]
		w := newModeWorld(b.history(maxSize), fakeVRF{}, mode)
		x := &explorer{world: w, expected: make(map[string]expected), roots: make(map[uint64]merkle.Hash)}
		x.verify, x.prove = x.verifier(), &Prover{Config: x.cfg}
		size := 1 + uint64(b.below(len(w.entries)))
		x.operation(t, op, size)
		for _, c := range x.fuzzCases(t, op, size, &b) {
			honest := c.prepare(t)
			for range 4 {
				if tampered := b.mutate(honest); !bytes.Equal(tampered, honest) && !c.limited {
					c.try(t, "fuzzed", tampered)
				}
			}
		}
	})
}

// fuzzCases are the answers from a log of size entries, for one operation, to a
// user who has seen some of it. There is none if the operation does not apply.
func (x *explorer) fuzzCases(t *testing.T, op byte, size uint64, b *fuzzBytes) []*tamperCase {
	last := uint64(b.below(int(size) + 1))
	c := &tamperCaser{explorer: x, t: t, log: x.at(size), name: "history/", view: x.view(t, last)}
	c.last = c.view.Last()
	c.took = max(1, c.known()-uint64(b.below(int(c.known()))))
	label := x.labels[b.below(len(x.labels))]
	versions := c.log.naive.Inserted[label]
	// An owner needs a distinguished entry to begin with, which has not expired.
	owns := x.canOwn(c.took) && x.canOwn(size)
	switch op % fuzzOperations {
	case 0:
		c.distinguished(nil)
	case 1:
		c.search(label, nil)
		if n := len(versions); n > 0 {
			if v := uint32(b.below(n)); c.canSearch(label, v) {
				c.search(label, &v)
			}
		}
	case 2:
		c.contactMonitor(label, 1+c.known()/2, c.known())
	case 3:
		if x.canOwn(size) {
			c.ownerInit(label)
		}
	case 4:
		if owns {
			c.ownerMonitor(label, 0)
			c.update(label, 0, 0)
		}
	case 5:
		c.absence(label, ptr(uint32(len(versions))))
	case 6:
		c.batch(BatchQuery{Label: []byte(label)}, BatchQuery{Label: []byte("nobody")})
	}
	return c.out
}

// canOwn reports whether somebody can take a label over from the rightmost
// distinguished entry of the log with size entries.
func (x *explorer) canOwn(size uint64) bool {
	l := x.at(size)
	d := l.naive.Distinguished()
	return len(d) > 0 && !l.naive.Expired(d[len(d)-1])
}

// canSearch reports whether a version can be found.
func (x *tamperCaser) canSearch(label string, version uint32) bool {
	trace := x.log.naive.FixedVersionSearch(x.last, label, version)
	return trace.Err == "" && !x.skipped(label, version)
}

// mutate returns data with one to three changes.
func (f *fuzzBytes) mutate(data []byte) []byte {
	out := bytes.Clone(data)
	for range 1 + f.next()%3 {
		if len(out) == 0 {
			break
		}
		at := f.below(len(out))
		switch kind, n := f.next()%5, int(f.next()); kind {
		case 0:
			out[at] ^= byte(n)
		case 1:
			out[at]++
		case 2:
			out = slices.Delete(out, at, min(at+1+n%65, len(out)))
		case 3:
			out = slices.Insert(out, at, bytes.Repeat([]byte{byte(n)}, 1+n%33)...)
		case 4: // some bytes again
			out = slices.Insert(out, at, out[at:min(at+n, len(out))]...)
		}
	}
	return out
}
