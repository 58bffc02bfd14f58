package keyring

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// OpenPGP packet types (RFC 9580, Section 5).
const (
	tagSignature     = 2
	tagSecretKey     = 5
	tagPublicKey     = 6
	tagSecretSubkey  = 7
	tagMarker        = 10
	tagTrust         = 12
	tagUserID        = 13
	tagPublicSubkey  = 14
	tagUserAttribute = 17
	tagPadding       = 21
)

// headerTag returns the packet type in the first octet of a packet header.
func headerTag(h byte) byte {
	if h&0x40 == 0 {
		return h >> 2 & 0x0f
	}
	return h & 0x3f
}

// A pkt is one OpenPGP packet. The body is nil for the types this package has
// no use for; tooLarge says that it was passed over for its size.
type pkt struct {
	tag      byte
	body     []byte
	tooLarge bool
}

// A packetReader splits a stream into packets, old and new framing (RFC 9580,
// Section 4.2). It allocates what is really there, not what a header claims.
type packetReader struct {
	r   *bufio.Reader
	off int64 // of the next packet
}

// next returns the next packet, io.EOF after the last one, ErrPrivateKey at a
// secret key (whose body it does not read), and an error wrapping errMalformed
// where the framing is lost.
func (p *packetReader) next() (pkt, error) {
	h, err := p.r.ReadByte()
	if err != nil {
		return pkt{}, err
	}
	if h&0x80 == 0 {
		return pkt{}, p.malformed("no OpenPGP packet begins here")
	}
	k := pkt{tag: headerTag(h)}
	if k.tag == tagSecretKey || k.tag == tagSecretSubkey {
		return pkt{}, ErrPrivateKey
	}
	length, size, err := p.length(h)
	if err != nil {
		return pkt{}, err
	}
	switch k.tag {
	case tagSignature, tagPublicKey, tagPublicSubkey, tagUserID:
		k.tooLarge = length > MaxPacket
	}
	if k.tooLarge || !kept(k.tag) {
		err = discard(p.r, length)
	} else {
		k.body = make([]byte, length) // at most MaxPacket
		_, err = io.ReadFull(p.r, k.body)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return pkt{}, p.malformed("the file ends within a packet of %d bytes", length)
	}
	if err != nil {
		return pkt{}, err
	}
	p.off += 1 + int64(size) + int64(length)
	return k, nil
}

func kept(tag byte) bool {
	return tag == tagSignature || tag == tagPublicKey || tag == tagPublicSubkey || tag == tagUserID
}

// length reads the length after header octet h, and returns how many octets
// it took. Partial and indeterminate lengths are for data packets only (RFC
// 9580, Section 4.2.1.4), and none of those is in a keyring.
func (p *packetReader) length(h byte) (n uint32, size int, err error) {
	if h&0x40 == 0 {
		if h&3 == 3 {
			return 0, 0, p.malformed("a packet of indeterminate length")
		}
		return p.number(1 << (h & 3))
	}
	first, _, err := p.number(1)
	switch {
	case err != nil:
		return 0, 0, err
	case first < 192:
		return first, 1, nil
	case first < 224:
		n, _, err = p.number(1)
		return (first-192)<<8 + n + 192, 2, err
	case first < 255:
		return 0, 0, p.malformed("a packet of partial length")
	}
	n, _, err = p.number(4)
	return n, 5, err
}

func (p *packetReader) number(size int) (uint32, int, error) {
	var b [4]byte
	_, err := io.ReadFull(p.r, b[4-size:])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = p.malformed("the file ends within a packet header")
	}
	return binary.BigEndian.Uint32(b[:]), size, err
}

func (p *packetReader) malformed(format string, args ...any) error {
	return fmt.Errorf("%w OpenPGP keyring at byte %d: %s", errMalformed, p.off, fmt.Sprintf(format, args...))
}

// discard skips n bytes; bufio.Reader.Discard takes an int.
func discard(r *bufio.Reader, n uint32) error {
	_, err := io.CopyN(io.Discard, r, int64(n))
	return err
}

// frame appends a packet in new format framing, the shortest length that fits.
func frame(b []byte, tag byte, body []byte) []byte {
	b = append(b, 0xc0|tag)
	switch n := len(body); {
	case n < 192:
		b = append(b, byte(n))
	case n < 8384:
		b = append(b, byte((n-192)>>8)+192, byte(n-192))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 255), uint32(n))
	}
	return append(b, body...)
}
