package keytrans

import (
	"errors"
	"fmt"
	"math"

	"golang.org/x/crypto/cryptobyte"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// ErrMalformed is wrapped by the error of every Parse function: the bytes are
// not an encoding of the structure in the TLS presentation language.
var ErrMalformed = errors.New("malformed message")

// The vectors of the draft's structures count elements, not bytes.
const (
	maxUint8Count  = math.MaxUint8
	maxUint16Count = math.MaxUint16
)

// reader consumes an encoding. After the first failure it reads zeros.
type reader struct {
	s   cryptobyte.String
	err error
}

func (r *reader) fail(field string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrMalformed, field)
	}
	r.s = nil
}

// end returns the first failure; trailing bytes are one.
func (r *reader) end() error {
	if r.err == nil && !r.s.Empty() {
		r.fail("trailing bytes")
	}
	return r.err
}

func (r *reader) u8(field string) (v uint8) {
	if !r.s.ReadUint8(&v) {
		r.fail(field)
	}
	return v
}

func (r *reader) u16(field string) (v uint16) {
	if !r.s.ReadUint16(&v) {
		r.fail(field)
	}
	return v
}

func (r *reader) u32(field string) (v uint32) {
	if !r.s.ReadUint32(&v) {
		r.fail(field)
	}
	return v
}

func (r *reader) u64(field string) (v uint64) {
	if !r.s.ReadUint64(&v) {
		r.fail(field)
	}
	return v
}

func (r *reader) hash(field string) (h merkle.Hash) {
	if !r.s.CopyBytes(h[:]) {
		r.fail(field)
	}
	return h
}

// bytes reads exactly n bytes into memory of their own.
func (r *reader) bytes(n int, field string) []byte {
	var b []byte
	if !r.s.ReadBytes(&b, n) {
		r.fail(field)
		return nil
	}
	return append([]byte(nil), b...)
}

func (r *reader) opaque8(field string) []byte { return r.bytes(int(r.u8(field)), field) }

func (r *reader) opaque16(field string) []byte { return r.bytes(int(r.u16(field)), field) }

func (r *reader) opaque32(field string) []byte {
	n := r.u32(field)
	if uint64(n) > uint64(len(r.s)) {
		r.fail(field)
		return nil
	}
	return r.bytes(int(n), field)
}

// present reads the octet before an optional value.
func (r *reader) present(field string) bool {
	switch r.u8(field) {
	case 0:
		return false
	case 1:
		return true
	}
	r.fail(field)
	return false
}

func (r *reader) optional64(field string) *uint64 {
	if !r.present(field) {
		return nil
	}
	v := r.u64(field)
	return &v
}

func (r *reader) optional32(field string) *uint32 {
	if !r.present(field) {
		return nil
	}
	v := r.u32(field)
	return &v
}

// vector8 and vector16 read a vector of at most 2^8-1 or 2^16-1 elements, each
// of which takes at least size bytes.
func vector8[T any](r *reader, size int, field string, read func() T) []T {
	return elements(r, int(r.u8(field)), size, field, read)
}

func vector16[T any](r *reader, size int, field string, read func() T) []T {
	return elements(r, int(r.u16(field)), size, field, read)
}

func elements[T any](r *reader, count, size int, field string, read func() T) []T {
	if count > len(r.s)/size {
		// Checked before the allocation.
		r.fail(field)
	}
	if r.err != nil || count == 0 {
		return nil
	}
	out := make([]T, 0, count)
	for range count {
		out = append(out, read())
	}
	if r.err != nil {
		return nil
	}
	return out
}

// builder wraps cryptobyte.Builder for the draft's presentation.
type builder struct{ cryptobyte.Builder }

func (b *builder) count8(n int) {
	if n > maxUint8Count {
		b.SetError(fmt.Errorf("keytrans: %d elements in a vector of at most %d", n, maxUint8Count))
		return
	}
	b.AddUint8(uint8(n))
}

func (b *builder) count16(n int) {
	if n > maxUint16Count {
		b.SetError(fmt.Errorf("keytrans: %d elements in a vector of at most %d", n, maxUint16Count))
		return
	}
	b.AddUint16(uint16(n))
}

func (b *builder) opaque8(v []byte) {
	b.count8(len(v))
	b.AddBytes(v)
}

func (b *builder) opaque16(v []byte) {
	b.count16(len(v))
	b.AddBytes(v)
}

func (b *builder) opaque32(v []byte) {
	if uint64(len(v)) > math.MaxUint32 {
		b.SetError(fmt.Errorf("keytrans: value of %d bytes", len(v)))
		return
	}
	b.AddUint32(uint32(len(v)))
	b.AddBytes(v)
}

func (b *builder) optional64(v *uint64) {
	if v == nil {
		b.AddUint8(0)
		return
	}
	b.AddUint8(1)
	b.AddUint64(*v)
}

func (b *builder) optional32(v *uint32) {
	if v == nil {
		b.AddUint8(0)
		return
	}
	b.AddUint8(1)
	b.AddUint32(*v)
}

func (b *builder) hashes(hs []merkle.Hash) {
	for i := range hs {
		b.AddBytes(hs[i][:])
	}
}
