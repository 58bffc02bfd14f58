package keyset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Packet types (RFC 9580, Section 5).
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

// maxPackets is how many packets of a certificate are read.
const maxPackets = 4096

// A component is a packet of a certificate and the signatures behind it.
type component struct {
	body []byte
	sigs [][]byte
}

// A pgpCert is a transferable public key (RFC 9580, Section 10.1), cut into its
// components. Nothing of it is verified.
type pgpCert struct {
	primary component
	users   []*component
	subkeys []*component
}

// splitCert groups the packets of a certificate.
func splitCert(data []byte) (*pgpCert, error) {
	c := new(pgpCert)
	last := &c.primary // nil: what the following signatures are about is not read
	for n := 0; len(data) > 0; n++ {
		tag, body, rest, err := cutPacket(data)
		if err != nil {
			return nil, err
		}
		if n == maxPackets {
			return nil, fmt.Errorf("%w: more than %d packets", errKey, maxPackets)
		}
		data = rest
		if n == 0 {
			c.primary.body = body // parsePrimary has looked at it
			continue
		}
		switch tag {
		case tagSignature:
			if last != nil {
				last.sigs = append(last.sigs, body)
			}
		case tagUserID:
			last = &component{body: body}
			c.users = append(c.users, last)
		case tagPublicSubkey:
			last = &component{body: body}
			c.subkeys = append(c.subkeys, last)
		case tagUserAttribute:
			last = nil
		case tagMarker, tagTrust, tagPadding:
		case tagSecretKey, tagSecretSubkey:
			return nil, ErrPrivateKey
		case tagPublicKey:
			return nil, fmt.Errorf("%w: more than one certificate", errKey)
		default:
			// SPEC: RFC 9580, Section 4.3: types 0 to 39 are critical.
			if tag < 40 {
				return nil, fmt.Errorf("%w: unexpected packet of type %d", errKey, tag)
			}
			last = nil
		}
	}
	return c, nil
}

// inspectOpenPGP checks the structure of a certificate and the numbers of its
// keys, and finds out from the signatures that verify what becomes of it when.
// It has no clock, so the newest signature counts, whatever its date.
func inspectOpenPGP(data []byte, b *budget) (facts, error) {
	p, err := parsePrimary(data)
	if err != nil {
		return facts{}, err
	}
	f := facts{words: []string{p.algorithm(), p.created.UTC().Format("2006-01-02")}}
	c, err := splitCert(data)
	if err != nil {
		return f, err
	}
	key, err := readPGPKey(tagPublicKey, c.primary.body)
	if key == nil || err != nil {
		return f, err
	}
	if fmt.Sprintf("%X", key.Fingerprint) != p.fingerprint {
		return f, fmt.Errorf("%w: not the one encoding of this OpenPGP key", errKey)
	}
	if f.weak, err = judgePGPKey(key, c.primary.body); err != nil {
		return f, err
	}
	v := &selfSignatures{key: key, cert: c, budget: b}
	err = v.judge(&f)
	return f, err
}

// readPGPKey parses the body of a key packet. It returns neither a key nor an
// error for one of an algorithm or curve that the library does not know.
func readPGPKey(tag byte, body []byte) (*packet.PublicKey, error) {
	p, err := readPacket(tag, body)
	var unsupported pgperrors.UnsupportedError
	if errors.As(err, &unsupported) {
		return nil, nil
	}
	key, ok := p.(*packet.PublicKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%w: the key in an OpenPGP packet cannot be read", errKey)
	}
	return key, nil
}

func readPacket(tag byte, body []byte) (packet.Packet, error) {
	head := binary.BigEndian.AppendUint32([]byte{0xc0 | tag, 0xff}, uint32(len(body)))
	return packet.Read(bytes.NewReader(append(head, body...)))
}
