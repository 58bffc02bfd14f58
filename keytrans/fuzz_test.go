package keytrans

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// FuzzRequest, FuzzResponse, FuzzStructure and FuzzCredential check that what a decoder accepts
// re-encodes to the same bytes, for each mode and suite. The first argument
// chooses the decoder.
func FuzzRequest(f *testing.F) { fuzzCodecs(f, requestCodecs()) }

func FuzzResponse(f *testing.F) { fuzzCodecs(f, responseCodecs()) }

func FuzzStructure(f *testing.F) { fuzzCodecs(f, otherCodecs()) }

func FuzzCredential(f *testing.F) { fuzzCodecs(f, credentialCodecs()) }

func fuzzCodecs(f *testing.F, codecs []codec) {
	for i, c := range codecs {
		f.Add(uint8(i), c.example)
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		c := codecs[int(which)%len(codecs)]
		again, err := c.recode(data)
		switch {
		case err == nil && !bytes.Equal(again, data):
			t.Errorf("%s: %x re-encodes to %x", c.name, data, again)
		case err != nil && !errors.Is(err, ErrMalformed) && c.name[:6] != "Config":
			t.Errorf("%s: %v", c.name, err)
		}
	})
}

// FuzzTamper checks that no answer but the honest one is accepted, except one
// of the same meaning. The first argument chooses the request.
func FuzzTamper(f *testing.F) {
	var cases []*tamperCase
	w := tamperWorld(KT_128_SHA256_Ed25519)
	for _, last := range []uint64{0, tamperLast, tamperSize} {
		cases = append(cases, tamperCases(f, w, tamperSize, last)...)
	}
	for i, c := range cases {
		f.Add(uint8(i), c.prepare(f))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		c := cases[int(which)%len(cases)]
		if !c.limited {
			c.try(t, "fuzzed", data)
		}
	})
}

// FuzzWorld derives a small log from the fuzzer's bytes and holds prover and
// verifier against the naive reference, for one operation and every tree size
// that can be advertised.
func FuzzWorld(f *testing.F) {
	for op := range uint8(fuzzOperations) {
		f.Add([]byte{op, 6, 0, 12, 3, 1, 2, 0, 1, 9, 1, 0, 5, 1, 1, 1, 1, 1, 1, 0x11, 0x20, 3, 0x41, 0, 2, 0xff, 7})
		f.Add([]byte{op, 0, 1, 9, 0, 0, 0, 1, 1, 1, 1, 1, 0x17, 0x91, 0x33})
		f.Add([]byte{op, 40, 15, 16, 255, 7, 7, 7, 7, 0, 0, 0, 0, 200, 1, 2, 3, 4, 5, 6, 7, 8, 0x88, 0x77, 0x66})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b := fuzzBytes(data)
		op := b.next()
		n := b.history(14)
		x := &explorer{world: newWorld(n, fakeVRF{}), expected: make(map[string]expected), roots: make(map[uint64]merkle.Hash)}
		x.verify, x.prove = x.verifier(), &Prover{Config: x.cfg}
		x.operation(t, op, uint64(len(n.Timestamps)))
	})
}

// fuzzOperations is how many operations explorer.operation has.
const fuzzOperations = 7

// fuzzVersions returns when the versions of two labels were inserted, several
// in one entry if that is what the bytes say.
func fuzzVersions(size uint64, next func() byte) map[string][]uint64 {
	out := make(map[string][]uint64)
	for _, label := range []string{"a", "b"} {
		out[label] = nil
		for pos := range size {
			b := next()
			if b < 0x80 {
				continue
			}
			for range 1 + b%4 {
				out[label] = append(out[label], pos)
			}
		}
	}
	return out
}

func (x *explorer) operation(t *testing.T, op byte, size uint64) {
	for _, label := range x.labels {
		switch op % fuzzOperations {
		case 0:
			x.distinguished(t, size)
		case 1:
			x.search(t, size, label)
		case 2:
			x.contactMonitor(t, size, label)
		case 3:
			x.ownerInit(t, size, label)
		case 4:
			x.owner(t, size, label)
		case 5:
			x.absence(t, size, label)
		case 6:
			x.batch(t, size)
		}
	}
}
