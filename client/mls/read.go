package mls

import (
	"encoding/binary"
	"fmt"
)

// A reader reads the presentation language of RFC 9420, Section 2.1. After its
// first error it has nothing more to read, so callers check err once, at the end,
// and every loop over what is left ends. What it returns aliases its input.
type reader struct {
	rest []byte
	err  error
}

// fail ends the reading. field is the RFC's name of what could not be read.
func (r *reader) fail(err error, field string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", err, field)
	}
	r.rest = nil
}

func (r *reader) bytes(n int, field string) []byte {
	if n > len(r.rest) {
		r.fail(errMalformed, field+" is cut short")
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) uint8(field string) uint8 {
	if b := r.bytes(1, field); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16(field string) uint16 {
	if b := r.bytes(2, field); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32(field string) uint32 {
	if b := r.bytes(4, field); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64(field string) uint64 {
	if b := r.bytes(8, field); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// present reads the octet before an optional value.
//
// SPEC: When decoding, a presence octet with a value other than 0 or 1 MUST be
// rejected as malformed.
func (r *reader) present(field string) bool {
	p := r.uint8(field)
	if p > 1 {
		r.fail(errMalformed, field+" has a presence octet other than 0 and 1")
	}
	return p == 1
}

// vector reads an opaque field<V>.
func (r *reader) vector(field string) []byte {
	return r.bytes(r.length(field), field)
}

// length reads the length of a vector (RFC 9420, Section 2.1.2).
//
// SPEC: The encoded value MUST use the smallest number of bits required to
// represent the value. When decoding, values using more bits than necessary MUST
// be treated as malformed. Vectors that start with the prefix "11" are invalid
// and MUST be rejected.
func (r *reader) length(field string) int {
	first := r.uint8(field)
	prefix := first >> 6
	if prefix == 3 {
		r.fail(errMalformed, field+" has a length of an invalid form")
		return 0
	}
	n := int(first & 0x3f)
	for _, b := range r.bytes(1<<prefix-1, field) {
		n = n<<8 | int(b)
	}
	if prefix > 0 && n < 1<<(8<<(prefix-1)-2) {
		r.fail(errMalformed, field+" has a length that is not minimally encoded")
		return 0
	}
	return n
}

// sub reads a vector of elements, for a reader of its own that shares r's error
// through done.
func (r *reader) sub(field string) *reader { return &reader{rest: r.vector(field), err: r.err} }

// done takes over the error of a reader that sub returned.
func (r *reader) done(sub *reader) {
	if sub.err != nil {
		r.err, r.rest = sub.err, nil
	}
}

// uint16s reads a vector of 16-bit numbers.
func (r *reader) uint16s(field string) []uint16 {
	b := r.vector(field)
	if len(b)%2 != 0 {
		r.fail(errMalformed, field+" is not a vector of 16-bit numbers")
		return nil
	}
	list := make([]uint16, 0, len(b)/2)
	for ; len(b) > 0; b = b[2:] {
		list = append(list, binary.BigEndian.Uint16(b))
	}
	return list
}

// since returns what was read since r.rest was start.
func (r *reader) since(start []byte) []byte {
	n := len(start) - len(r.rest)
	return start[:n:n]
}

// end requires that nothing is left.
func (r *reader) end() error {
	if n := len(r.rest); r.err == nil && n > 0 {
		return fmt.Errorf("%w: %d bytes after the end", errMalformed, n)
	}
	return r.err
}

// appendVector appends an opaque <V>. Requires len(v) < 2^30, which is more than
// MaxSize.
func appendVector(b, v []byte) []byte {
	switch n := len(v); {
	case n < 1<<6:
		b = append(b, byte(n))
	case n < 1<<14:
		b = binary.BigEndian.AppendUint16(b, uint16(n)|1<<14)
	default:
		b = binary.BigEndian.AppendUint32(b, uint32(n)|1<<31)
	}
	return append(b, v...)
}
