package vrf

import (
	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"
)

// ed25519Decode decodes 32 bytes as RFC 8032, Section 5.1.3 does: unlike
// SetBytes it refuses an encoding that is not the one that Bytes returns. It
// takes time that depends on the bytes.
func ed25519Decode(b []byte) (*edwards25519.Point, bool) {
	if !ed25519Canonical((*[32]byte)(b)) {
		return nil, false
	}
	p, err := new(edwards25519.Point).SetBytes(b)
	return p, err == nil
}

// ed25519Canonical reports whether b can be a canonical encoding: whether
// y < 2^255-19, and the sign of x is not set although x is zero, which it is
// for y = 1 and y = -1 only. Encoding the decoded point and comparing would
// say the same, for the price of an inversion; a test compares the two.
func ed25519Canonical(b *[32]byte) bool {
	top := b[31] & 0x7f
	var middle byte
	switch top {
	case 0x00:
	case 0x7f:
		middle = 0xff
	default:
		return true
	}
	for _, v := range b[1:31] {
		if v != middle {
			return true
		}
	}
	negative := b[31]&0x80 != 0
	if top == 0x00 { // y < 256
		return !(negative && b[0] == 1)
	}
	return b[0] < 0xec || b[0] == 0xec && !negative
}

// ed25519Encode sets each out[i] to the encoding of points[i], of which there
// are as many, with a single inversion for all of them (Montgomery's trick).
// Its time depends on the number of points only.
func ed25519Encode(out [][32]byte, points ...*edwards25519.Point) {
	type coordinates struct{ x, y, z, before field.Element }
	var all [4]coordinates
	acc := new(field.Element).One()
	for i, p := range points {
		x, y, z, _ := p.ExtendedCoordinates()
		all[i] = coordinates{*x, *y, *z, *acc}
		acc.Multiply(acc, z) // z is never zero
	}
	acc.Invert(acc)
	for i := len(points) - 1; i >= 0; i-- {
		a := &all[i]
		zInv := new(field.Element).Multiply(acc, &a.before)
		acc.Multiply(acc, &a.z)
		a.x.Multiply(&a.x, zInv)
		a.y.Multiply(&a.y, zInv)
		copy(out[i][:], a.y.Bytes())
		out[i][31] |= byte(a.x.IsNegative() << 7)
	}
}
