package keyset

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

func openPGPFingerprint(cert []byte) (string, error) {
	p, err := parsePrimary(cert)
	if err == nil {
		// Two certificates in a row must not pass for the first: who reads keyrings
		// encrypts to both.
		_, err = splitCert(cert)
	}
	return p.fingerprint, err
}

// primary is what the first packet of an OpenPGP certificate says.
type primary struct {
	fingerprint string
	created     time.Time
	algo        byte
	bits        int // of an RSA or DSA key, else 0
}

// parsePrimary reads the public-key packet (RFC 9580, Section 5.5.2) at the
// start of a certificate, and no more. Versions 2, 3 and 5 are refused.
func parsePrimary(cert []byte) (primary, error) {
	tag, body, _, err := cutPacket(cert)
	if err != nil {
		return primary{}, err
	}
	switch tag {
	case tagPublicKey:
	case tagSecretKey, tagSecretSubkey:
		return primary{}, ErrPrivateKey
	default:
		return primary{}, fmt.Errorf("%w: begins with packet type %d, not a public key", errKey, tag)
	}
	s := cryptobyte.String(body)
	var p primary
	var v uint8
	var created uint32
	if !s.ReadUint8(&v) || !s.ReadUint32(&created) || !s.ReadUint8(&p.algo) {
		return primary{}, fmt.Errorf("%w: public-key packet truncated", errKey)
	}
	p.created = time.Unix(int64(created), 0)
	switch v {
	case 4:
		if len(body) > 0xffff {
			return primary{}, fmt.Errorf("%w: public-key packet of %d bytes", errKey, len(body))
		}
		h := sha1.New()
		h.Write([]byte{0x99, byte(len(body) >> 8), byte(len(body))})
		h.Write(body)
		p.fingerprint = strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
	case 6:
		h := sha256.New()
		h.Write(binary.BigEndian.AppendUint32([]byte{0x9b}, uint32(len(body))))
		h.Write(body)
		p.fingerprint = strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
		s.Skip(4) // octet count of the key material
	default:
		return primary{}, fmt.Errorf("%w: OpenPGP key version %d", errKey, v)
	}
	var bits uint16
	if (p.algo <= 3 || p.algo == 17) && s.ReadUint16(&bits) { // the first MPI is the modulus
		p.bits = int(bits)
	}
	return p, nil
}

// algorithm names the public-key algorithm (RFC 9580, Section 9.1).
func (p primary) algorithm() string {
	switch p.algo {
	case 1, 2, 3:
		return fmt.Sprintf("RSA-%d", p.bits)
	case 17:
		return fmt.Sprintf("DSA-%d", p.bits)
	case 19:
		return "ECDSA"
	case 22:
		return "EdDSA"
	case 27:
		return "Ed25519"
	case 28:
		return "Ed448"
	}
	return fmt.Sprintf("algorithm-%d", p.algo)
}

// cutPacket splits off the first OpenPGP packet, old or new framing (RFC 9580,
// Section 4.2). Partial and indeterminate lengths are for data packets and
// refused.
func cutPacket(b []byte) (tag byte, body, rest []byte, err error) {
	s := cryptobyte.String(b)
	var h uint8
	if !s.ReadUint8(&h) || h&0x80 == 0 {
		return 0, nil, nil, fmt.Errorf("%w: not an OpenPGP packet", errKey)
	}
	var n uint32
	ok := false
	if h&0x40 == 0 { // old format
		tag = h >> 2 & 0x0f
		switch h & 3 {
		case 0:
			var n8 uint8
			ok, n = s.ReadUint8(&n8), uint32(n8)
		case 1:
			var n16 uint16
			ok, n = s.ReadUint16(&n16), uint32(n16)
		case 2:
			ok = s.ReadUint32(&n)
		}
	} else {
		tag = h & 0x3f
		n, ok = newLength(&s)
	}
	if !ok || uint64(n) > uint64(len(s)) {
		return 0, nil, nil, fmt.Errorf("%w: OpenPGP packet truncated", errKey)
	}
	return tag, s[:n], s[n:], nil
}

// newLength reads a new format packet length (RFC 9580, Section 4.2.1).
func newLength(s *cryptobyte.String) (uint32, bool) {
	var a, b uint8
	if !s.ReadUint8(&a) {
		return 0, false
	}
	switch {
	case a < 192:
		return uint32(a), true
	case a < 224:
		ok := s.ReadUint8(&b)
		return uint32(a-192)<<8 + uint32(b) + 192, ok
	case a == 255:
		var n uint32
		ok := s.ReadUint32(&n)
		return n, ok
	}
	return 0, false // partial body length
}
