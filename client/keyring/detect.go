package keyring

import (
	"bytes"
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
	kindLines               // SSH public keys, age recipients
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
	case len(head) >= 12 && string(head[8:12]) == "KBXf":
		return 0, fmt.Errorf("%w: a GnuPG keybox; write it with gpg --export and read that", ErrUnrecognized)
	}
	if head[0]&0x80 != 0 {
		switch tag := headerTag(head[0]); {
		case tag == tagSecretKey || tag == tagSecretSubkey:
			return 0, ErrPrivateKey
		case tag == tagPublicKey || tag == tagMarker:
			return kindOpenPGP, nil
		case !validText(head):
			return 0, fmt.Errorf("%w: begins with OpenPGP packet type %d, not with a public key", ErrUnrecognized, tag)
		}
	}
	if !validText(head) {
		return 0, fmt.Errorf("%w: neither OpenPGP packets nor text", ErrUnrecognized)
	}
	return detectText(string(head))
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
// an OpenPGP armor header anywhere: text before armor is allowed.
func detectText(text string) (kind, error) {
	first := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if isPrivate(line) {
			return 0, ErrPrivateKey
		}
		if strings.HasPrefix(line, armorBegin+"PGP ") {
			return kindArmor, nil
		}
		if first == "" && line != "" && !strings.HasPrefix(line, "#") {
			first = line
		}
	}
	switch {
	case first == "":
		return 0, fmt.Errorf("%w: only comments", ErrUnrecognized)
	case looksLikeAge(first), looksLikeSSH(first):
		return kindLines, nil
	case strings.HasPrefix(first, "---"), strings.HasPrefix(first, "age-encryption.org/"):
		return 0, ErrUnrecognized
	case strings.Contains(first, ","):
		return kindCSV, nil
	}
	return 0, ErrUnrecognized
}

// privateMarkers begin a line of a private key, in upper case.
var privateMarkers = []string{"AGE-SECRET-KEY-", "AGE-PLUGIN-", "PUTTY-USER-KEY-FILE-", "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY"}

// isPrivate reports whether a private key begins in this line: of PEM, OpenSSH,
// OpenPGP armor, age or PuTTY.
func isPrivate(line string) bool {
	line = strings.ToUpper(strings.TrimSpace(line))
	if strings.HasPrefix(line, armorBegin) && strings.Contains(line, "PRIVATE KEY") {
		return true
	}
	for _, m := range privateMarkers {
		if strings.HasPrefix(line, m) {
			return true
		}
	}
	return false
}

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
