package keyring

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

type kind int

const (
	kindOpenPGP kind = iota // packets
	kindArmor               // OpenPGP in ASCII armor
	kindLines               // SSH public keys, age recipients, raw keys
	kindPEM                 // certificates and public keys
	kindDER                 // a certificate or a public key
	kindJSON                // a JWK or a JWK Set
	kindMLS                 // a KeyPackage
	kindCSV
)

// peekSize is how much of a file decides what it is.
const peekSize = 64 << 10

// detect says what kind of file s is. It consumes a byte order mark and no more.
func (s *source) detect() (kind, error) {
	if b, _ := s.r.Peek(3); string(b) == "\xef\xbb\xbf" {
		s.r.Discard(3)
	}
	head, err := s.r.Peek(peekSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	switch {
	case len(head) == 0:
		return 0, fmt.Errorf("%w: the file is empty", ErrUnrecognized)
	case refusePrivate(head) != nil:
		return 0, refusePrivate(head)
	case len(head) >= 12 && string(head[8:12]) == "KBXf":
		return 0, fmt.Errorf("%w: a GnuPG keybox; write it with gpg --export and read that", ErrUnrecognized)
	}
	if validText(head) {
		return detectText(string(head))
	}
	switch tag := headerTag(head[0]); {
	case head[0] == 0x30: // a SEQUENCE of ASN.1
		return kindDER, nil
	case bytes.HasPrefix(head, mlsKeyPackage[:2]):
		return kindMLS, nil
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return 0, fmt.Errorf("%w: text in UTF-16; write it in UTF-8", ErrUnrecognized)
	case head[0]&0x80 == 0:
		return 0, fmt.Errorf("%w: neither OpenPGP packets nor text", ErrUnrecognized)
	case tag == tagPublicKey || tag == tagMarker:
		return kindOpenPGP, nil
	default:
		return 0, fmt.Errorf("%w: begins with OpenPGP packet type %d, not with a public key", ErrUnrecognized, tag)
	}
}

// validText reports whether head is UTF-8 without NUL. The end may be cut.
func validText(head []byte) bool {
	if bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	for range utf8.UTFMax - 1 {
		if utf8.Valid(head) {
			return true
		}
		head = head[:len(head)-1]
		if len(head) == 0 {
			return false
		}
	}
	return utf8.Valid(head)
}

// detectText goes by the first line that is neither empty nor a comment, or by
// OpenPGP armor or PEM anywhere: text before it is allowed.
func detectText(text string) (kind, error) {
	first, armor, block := "", false, false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		armor = armor || strings.HasPrefix(line, armorBegin+"PGP ")
		block = block || strings.HasPrefix(line, armorBegin)
		if first == "" && line != "" && !strings.HasPrefix(line, "#") {
			first = line
		}
	}
	switch _, _, raw := rawLineFormat(first); {
	case armor:
		return kindArmor, nil
	case first == "":
		return 0, fmt.Errorf("%w: only comments", ErrUnrecognized)
	case raw, looksLikeAge(first), looksLikeSSH(first):
		return kindLines, nil
	case block:
		return kindPEM, nil
	case first[0] == '{', first[0] == '[':
		return kindJSON, nil
	case strings.HasPrefix(first, "---- BEGIN SSH2 PUBLIC KEY"):
		return 0, fmt.Errorf("%w: a key in the form of RFC 4716; write it with ssh-keygen -i and read that", ErrUnrecognized)
	case strings.HasPrefix(first, "---"), strings.HasPrefix(first, "age-encryption.org/"):
		return 0, ErrUnrecognized
	case strings.Contains(first, ","):
		return kindCSV, nil
	}
	if bareKey(text) {
		return 0, ErrBareKey
	}
	return 0, ErrUnrecognized
}

// bareKey recognises 32 bytes in base64 or hexadecimal, which is how many programs write
// a key that does not say what it is.
func bareKey(text string) bool {
	text = strings.TrimSpace(text)
	data, ok := decodeBase64([]byte(text))
	if !ok || len(data) != 32 {
		var err error
		data, err = hex.DecodeString(text)
		ok = err == nil
	}
	return ok && len(data) == 32
}

// isPrivate reports whether the mark of a private key is in this line.
func isPrivate(line string) bool { return markIn([]byte(line)) != "" }

func looksLikeAge(line string) bool {
	return len(line) > 4 && strings.EqualFold(line[:4], "age1") && !strings.ContainsAny(line, ", @")
}

// looksLikeSSH reports whether a key type is followed by a base64 blob, which
// begins with AAAA because the first length in it is below 2^8.
func looksLikeSSH(line string) bool {
	fields := strings.Fields(line)
	for i, f := range fields[:max(len(fields)-1, 0)] {
		known := strings.HasPrefix(f, "ssh-") || strings.HasPrefix(f, "ecdsa-sha2-") || strings.HasPrefix(f, "sk-")
		if known && strings.HasPrefix(fields[i+1], "AAAA") {
			return true
		}
	}
	return false
}
