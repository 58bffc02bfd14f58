package keyring

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/cryptobyte"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// A part is a user id or subkey and the signatures that follow it.
type part struct {
	body []byte
	sigs [][]byte
}

// A rawCert is one transferable public key (RFC 9580, Section 10.1) as it
// stands in a file: grouped, nothing verified. Third-party signatures, user
// attributes and packets without meaning here are already gone.
type rawCert struct {
	index       int    // position in the file, from 1
	primary     part   // the primary key and the signatures over it alone
	fingerprint string // of the primary key, upper-case hex
	keyID       uint64
	users       []*part
	subkeys     []*part
	last        *part // what a signature belongs to; nil: to something dropped
	size        int
	broken      string // why this cannot be used, if not empty
}

func newRawCert(index int, p pkt) *rawCert {
	c := &rawCert{index: index}
	c.last = &c.primary
	if p.tooLarge {
		c.broken = fmt.Sprintf("the primary key has more than %d bytes", MaxPacket)
		return c
	}
	c.primary.body = p.body
	c.size = len(p.body)
	k := keyset.Key{Format: keyset.FormatOpenPGP, Data: frame(nil, tagPublicKey, p.body)}
	if err := k.Check(); err != nil {
		c.broken = strings.TrimPrefix(err.Error(), "OpenPGP key: keyset: invalid key: ")
		return c
	}
	c.fingerprint = k.Fingerprint()
	fpr, _ := hex.DecodeString(c.fingerprint)
	if len(fpr) == 20 { // key ID: version 4 has the last octets (RFC 9580, Section 5.5.4.2),
		c.keyID = binary.BigEndian.Uint64(fpr[12:])
	} else { // version 6 the first
		c.keyID = binary.BigEndian.Uint64(fpr)
	}
	return c
}

// item names the certificate in Skipped.
func (c *rawCert) item() string {
	if c.fingerprint == "" {
		return fmt.Sprintf("certificate %d", c.index)
	}
	return fmt.Sprintf("certificate %d (%s)", c.index, c.fingerprint)
}

// add takes the next packet of the certificate.
func (c *rawCert) add(p pkt) {
	if c.broken != "" {
		return
	}
	switch p.tag {
	case tagSignature:
		if p.tooLarge || c.last == nil || !maybeOwn(p.body, c.keyID) {
			return
		}
		c.last.sigs = append(c.last.sigs, p.body)
	case tagUserID:
		c.users = append(c.users, c.newPart(p))
	case tagPublicSubkey:
		c.subkeys = append(c.subkeys, c.newPart(p))
	case tagUserAttribute:
		c.last = nil
	case tagMarker, tagTrust, tagPadding:
	default:
		// SPEC: RFC 9580, Section 4.3: types 0 to 39 are critical, 40 to 63
		// are not. A certificate with a critical packet we do not know may
		// not mean what we think.
		if p.tag < 40 {
			c.broken = fmt.Sprintf("unexpected packet of type %d", p.tag)
		}
		c.last = nil
	}
	c.size += len(p.body)
	switch {
	case p.tooLarge:
		c.broken = fmt.Sprintf("a packet of more than %d bytes", MaxPacket)
	case c.size > MaxCertificate:
		c.broken = fmt.Sprintf("more than %d bytes of its own", MaxCertificate)
	case len(c.users) > MaxUserIDs:
		c.broken = fmt.Sprintf("more than %d user ids", MaxUserIDs)
	case len(c.subkeys) > MaxSubkeys:
		c.broken = fmt.Sprintf("more than %d subkeys", MaxSubkeys)
	}
}

// newPart makes p what the following signatures belong to.
func (c *rawCert) newPart(p pkt) *part {
	c.last = &part{body: p.body}
	return c.last
}

// merge adds what o, a certificate of the same primary key, has beyond c.
func (c *rawCert) merge(o *rawCert) {
	c.primary.sigs = append(c.primary.sigs, o.primary.sigs...)
	c.users = append(c.users, o.users...)
	c.subkeys = append(c.subkeys, o.subkeys...)
}

// joinParts unites parts with the same body, in order of first appearance:
// rings that were merged by concatenation repeat them.
func joinParts(parts []*part) []*part {
	var out []*part
	seen := make(map[string]*part)
	for _, p := range parts {
		if q := seen[string(p.body)]; q != nil {
			q.sigs = append(q.sigs, p.sigs...)
			continue
		}
		q := &part{body: p.body, sigs: append([][]byte(nil), p.sigs...)}
		seen[string(p.body)] = q
		out = append(out, q)
	}
	return out
}

// maybeOwn reports whether a signature may be by the key with this ID. It only
// sorts out the many by others, cheaply: an issuer can be claimed.
func maybeOwn(sig []byte, keyID uint64) bool {
	l, err := parseLayout(sig)
	if err != nil {
		return false
	}
	named := false
	for _, area := range [][]byte{l.hashed, l.unhashed} {
		for t, data := range subpackets(area) {
			id, ok := issuerID(t, data)
			if ok && id == keyID {
				return true
			}
			named = named || ok
		}
	}
	return !named
}

// Signature subpackets (RFC 9580, Section 5.2.3.7).
const (
	subIssuer            = 16
	subEmbedded          = 32
	subIssuerFingerprint = 33
)

// issuerID returns the key ID an issuer subpacket names.
func issuerID(t byte, data []byte) (uint64, bool) {
	switch {
	case t == subIssuer && len(data) == 8:
		return binary.BigEndian.Uint64(data), true
	case t == subIssuerFingerprint && len(data) == 21 && data[0] == 4:
		return binary.BigEndian.Uint64(data[13:]), true
	case t == subIssuerFingerprint && len(data) == 33 && data[0] == 6:
		return binary.BigEndian.Uint64(data[1:]), true
	}
	return 0, false
}

// A layout is a signature packet of version 4 or 6, cut at the borders of its
// subpacket areas (RFC 9580, Section 5.2.3).
type layout struct {
	head     []byte // version, type, algorithms
	hashed   []byte
	unhashed []byte
	rest     []byte // digest tag, salt, signature
}

func parseLayout(body []byte) (layout, error) {
	s := cryptobyte.String(body)
	var l layout
	if !s.ReadBytes(&l.head, 4) || (l.head[0] != 4 && l.head[0] != 6) {
		return layout{}, fmt.Errorf("%w: signature of a version not supported", errMalformed)
	}
	for _, area := range []*[]byte{&l.hashed, &l.unhashed} {
		var n uint32
		var n16 uint16
		ok := false
		if l.head[0] == 6 {
			ok = s.ReadUint32(&n)
		} else {
			ok = s.ReadUint16(&n16)
			n = uint32(n16)
		}
		if !ok || uint64(n) > uint64(len(s)) || !s.ReadBytes(area, int(n)) {
			return layout{}, fmt.Errorf("%w: signature truncated", errMalformed)
		}
	}
	l.rest = s
	return l, nil
}

func (l layout) encode() []byte {
	b := bytes.Clone(l.head)
	for _, area := range [][]byte{l.hashed, l.unhashed} {
		if l.head[0] == 6 {
			b = binary.BigEndian.AppendUint32(b, uint32(len(area)))
		} else {
			b = binary.BigEndian.AppendUint16(b, uint16(len(area)))
		}
		b = append(b, area...)
	}
	return append(b, l.rest...)
}

// subpackets iterates over the subpackets of an area, up to its end or the
// first one that is malformed. The critical bit is taken off the type.
func subpackets(area []byte) func(yield func(byte, []byte) bool) {
	return func(yield func(byte, []byte) bool) {
		for len(area) > 0 {
			n, size := uint32(area[0]), 1
			switch {
			case area[0] == 255 && len(area) >= 5:
				n, size = binary.BigEndian.Uint32(area[1:]), 5
			case area[0] == 255, area[0] >= 192 && len(area) < 2:
				return
			case area[0] >= 192:
				n, size = uint32(area[0]-192)<<8+uint32(area[1])+192, 2
			}
			area = area[size:]
			if n == 0 || uint64(n) > uint64(len(area)) {
				return
			}
			if !yield(area[0]&0x7f, area[1:n]) {
				return
			}
			area = area[n:]
		}
	}
}

// canonical drops from a signature the unhashed subpackets that do not carry
// it: anybody can add to that area without invalidating the signature, and
// key servers do. Kept are the issuer's key ID, unless it is hashed, and the
// embedded signature of a signing subkey.
func canonical(body []byte, keyID uint64, embedded bool) []byte {
	l, err := parseLayout(body)
	if err != nil {
		return body
	}
	hasIssuer, hasEmbedded := false, false
	for t := range subpackets(l.hashed) {
		hasIssuer = hasIssuer || t == subIssuer
		hasEmbedded = hasEmbedded || t == subEmbedded
	}
	var unhashed []byte
	if !hasIssuer && l.head[0] == 4 {
		unhashed = binary.BigEndian.AppendUint64([]byte{9, subIssuer}, keyID)
	}
	for t, data := range subpackets(l.unhashed) {
		if t == subEmbedded && embedded && !hasEmbedded {
			hasEmbedded = true
			unhashed = binary.BigEndian.AppendUint32(append(unhashed, 255), uint32(1+len(data)))
			unhashed = append(append(unhashed, subEmbedded), data...)
		}
	}
	if len(unhashed) > 0xffff && l.head[0] == 4 {
		return body
	}
	l.unhashed = unhashed
	return l.encode()
}
