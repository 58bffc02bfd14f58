package keyset

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// maxAgeFingerprint is the longest age recipient that is its own fingerprint:
// the X25519 ones are 62 characters, the post-quantum ones about 2,000.
const maxAgeFingerprint = 128

// Fingerprint returns the key's fingerprint as tools of its format print it:
//
//   - OpenPGP: the primary key's, upper-case hex. Version 4: SHA-1, 40 digits
//     (RFC 4880, Section 12.2); version 6: SHA-256, 64 digits (RFC 9580,
//     Section 5.5.4).
//   - SSH: "SHA256:" and the unpadded base64 of the blob's SHA-256, as
//     ssh-keygen -l prints it.
//   - age: the recipient itself, if at most 128 characters.
//   - every other format, and Data that does not have its format's shape:
//     SHA-256 of Data, lower-case hex.
//
// For formats whose fingerprint covers only part of Data (OpenPGP), two keys
// that differ may have one fingerprint: a certificate before and after its
// expiry was extended. An OpenPGP fingerprint says nothing about whether the
// user ids and subkeys beside the primary key are genuine. A version 4
// fingerprint is a SHA-1 and no stronger: compare Data to tell keys apart.
func (k Key) Fingerprint() string {
	switch k.Format {
	case FormatOpenPGP:
		if p, err := parsePrimary(k.Data); err == nil {
			return p.fingerprint
		}
	case FormatSSH:
		if _, err := sshType(k.Data); err == nil {
			sum := sha256.Sum256(k.Data)
			return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
		}
	case FormatAge:
		if len(k.Data) <= maxAgeFingerprint && checkAge(k.Data) == nil {
			return string(k.Data)
		}
	}
	sum := sha256.Sum256(k.Data)
	return hex.EncodeToString(sum[:])
}

// Describe returns one line for people: format, algorithm and creation date
// where Data tells them, fingerprint, and the name in quotes if there is one.
func (k Key) Describe() string {
	parts := []string{k.Format.String()}
	switch k.Format {
	case FormatOpenPGP:
		if p, err := parsePrimary(k.Data); err == nil {
			parts = append(parts, p.algorithm(), p.created.UTC().Format(time.DateOnly))
		}
	case FormatSSH:
		if t, err := sshType(k.Data); err == nil {
			parts = append(parts, t)
		}
	}
	if f := k.Fingerprint(); f != "" {
		parts = append(parts, f)
	}
	if k.Name != "" {
		parts = append(parts, fmt.Sprintf("%q", k.Name))
	}
	return strings.Join(parts, " ")
}

// Check reports whether Data has the shape of its format, for the formats this
// package understands; it returns nil for every other. It verifies no
// signature and does not validate points: see package keyring for what is
// checked before a key is published.
func (k Key) Check() error {
	var err error
	switch k.Format {
	case FormatOpenPGP:
		_, err = parsePrimary(k.Data)
	case FormatSSH:
		_, err = sshType(k.Data)
	case FormatAge:
		err = checkAge(k.Data)
	case FormatEd25519, FormatX25519:
		if len(k.Data) != 32 {
			err = fmt.Errorf("%w: %d bytes, not 32", errKey, len(k.Data))
		}
	}
	if err != nil {
		return fmt.Errorf("%v key: %w", k.Format, err)
	}
	return nil
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
	tag, body, err := firstPacket(cert)
	if err != nil {
		return primary{}, err
	}
	if tag != 6 {
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

// firstPacket splits off the first OpenPGP packet, old or new framing (RFC
// 9580, Section 4.2). Partial and indeterminate lengths are for data packets
// and refused.
func firstPacket(b []byte) (tag byte, body []byte, err error) {
	s := cryptobyte.String(b)
	var h uint8
	if !s.ReadUint8(&h) || h&0x80 == 0 {
		return 0, nil, fmt.Errorf("%w: not an OpenPGP packet", errKey)
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
		return 0, nil, fmt.Errorf("%w: OpenPGP packet truncated", errKey)
	}
	return tag, s[:n], nil
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

// sshType returns the algorithm name at the start of a public key blob.
func sshType(blob []byte) (string, error) {
	s := cryptobyte.String(blob)
	var n uint32
	var name []byte
	if !s.ReadUint32(&n) || n == 0 || n > 64 || !s.ReadBytes(&name, int(n)) || s.Empty() {
		return "", fmt.Errorf("%w: not an SSH public key blob", errKey)
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return "", fmt.Errorf("%w: SSH algorithm name is not printable ASCII", errKey)
		}
	}
	return string(name), nil
}

// checkAge checks for "age1" and Bech32's characters, in lower case. The
// checksum is left to whoever encrypts.
func checkAge(data []byte) error {
	if !strings.HasPrefix(string(data), "age1") || len(data) < 20 {
		return fmt.Errorf("%w: not an age recipient", errKey)
	}
	for _, c := range data {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("%w: not a lower-case age recipient", errKey)
		}
	}
	return nil
}
