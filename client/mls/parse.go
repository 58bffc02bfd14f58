package mls

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// mls10 is the only ProtocolVersion.
const mls10 = 1

// A Message is an object that Parse recognised: exactly one field is set.
type Message struct {
	GroupInfo  *GroupInfo
	Tree       *RatchetTree
	KeyPackage *KeyPackage
}

// The wire formats of RFC 9420, Section 17.2, that are of use here.
const (
	wireWelcome    = 3
	wireGroupInfo  = 4
	wireKeyPackage = 5
)

var otherWireFormats = map[uint16]string{
	1: "mls_public_message",
	2: "mls_private_message",
}

// Parse parses an MLSMessage with a GroupInfo or a KeyPackage, either of them
// alone, or the data of a ratchet_tree extension: in binary, or as text in
// hexadecimal or base64 (either alphabet, padded or not, white space ignored). It
// verifies nothing. The result does not alias data.
func Parse(data []byte) (*Message, error) {
	if len(data) > 2*MaxSize {
		return nil, fmt.Errorf("%w: %d bytes", errLimit, len(data))
	}
	data, err := binaryOf(data)
	if err != nil {
		return nil, err
	}
	if len(data) < 4 || data[0] != 0 {
		t, err := ParseRatchetTree(data)
		if err != nil {
			return nil, fmt.Errorf("neither a GroupInfo nor a KeyPackage, and as a ratchet tree: %w", err)
		}
		return &Message{Tree: t}, nil
	}
	r := &reader{rest: data}
	readVersion(r)
	format := r.uint16("wire_format")
	if r.err != nil {
		return nil, r.err
	}
	m, bareErr := parseBare(data, format)
	if bareErr == nil {
		return m, nil
	}
	if likelyWelcome(format, r.rest) {
		return nil, fmt.Errorf("%w: it is a Welcome, whose GroupInfo is encrypted: export one from a member's client", errMalformed)
	}
	if m, err := parseWrapped(format, r.rest); err == nil || likelyWrapped(format, r.rest) {
		return m, err
	}
	return nil, bareErr
}

// likelyWrapped reports whether something that parses as nothing was meant to be
// an MLSMessage: what is in one that is of use here begins with a version, too.
func likelyWrapped(format uint16, rest []byte) bool {
	return (format == wireGroupInfo || format == wireKeyPackage) && bytes.HasPrefix(rest, []byte{0, mls10})
}

// likelyWelcome reports whether something that parses as nothing is a Welcome, which
// begins with a cipher suite: that of suite 3 would have the length of an init_key or
// a group id, which are not 0.
func likelyWelcome(format uint16, rest []byte) bool {
	return format == wireWelcome && len(rest) > 1 && rest[0] == 0 && rest[1] != 0
}

// parseWrapped parses what an MLSMessage has after its header.
func parseWrapped(format uint16, rest []byte) (*Message, error) {
	switch format {
	case wireGroupInfo:
		return parseGroupInfo(rest)
	case wireKeyPackage:
		return parseKeyPackage(rest)
	}
	return nil, errMalformed
}

// parseBare parses an object that is in no MLSMessage. Its cipher suite is where
// an MLSMessage has its wire format.
func parseBare(data []byte, format uint16) (*Message, error) {
	m, infoErr := parseGroupInfo(data)
	if infoErr == nil {
		return m, nil
	}
	m, packageErr := parseKeyPackage(data)
	if packageErr == nil {
		return m, nil
	}
	err := fmt.Errorf("as a GroupInfo: %w; as a KeyPackage: %w", infoErr, packageErr)
	if name, ok := otherWireFormats[format]; ok {
		err = fmt.Errorf("%w; as an MLSMessage it is a %s", err, name)
	}
	return nil, err
}

func parseGroupInfo(data []byte) (*Message, error) {
	g, err := ParseGroupInfo(data)
	if err != nil {
		return nil, err
	}
	return &Message{GroupInfo: g}, nil
}

func parseKeyPackage(data []byte) (*Message, error) {
	k, err := ParseKeyPackage(data)
	if err != nil {
		return nil, err
	}
	return &Message{KeyPackage: k}, nil
}

// newReader returns a reader of a copy of data.
func newReader(data []byte) (*reader, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", errLimit, len(data), MaxSize)
	}
	return &reader{rest: bytes.Clone(data)}, nil
}

func readVersion(r *reader) {
	if v := r.uint16("version"); r.err == nil && v != mls10 {
		r.fail(ErrVersion, fmt.Sprintf("%d, not mls10", v))
	}
}

var errText = errors.New("text that is neither hexadecimal nor base64")

// binaryOf decodes text. No object is made of printable characters alone: each
// has a version, or the presence octets of a tree.
func binaryOf(data []byte) ([]byte, error) {
	text := bytes.Join(bytes.Fields(data), nil)
	for _, c := range text {
		if c <= ' ' || c >= 0x7f {
			return data, nil
		}
	}
	if len(text) == 0 {
		return nil, fmt.Errorf("%w: empty", errMalformed)
	}
	if b, err := hex.DecodeString(string(text)); err == nil {
		return b, nil
	}
	text = bytes.TrimRight(text, "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if b, err := encoding.Strict().DecodeString(string(text)); err == nil {
			return b, nil
		}
	}
	return nil, fmt.Errorf("%w: %w", errMalformed, errText)
}
