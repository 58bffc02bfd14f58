package roster

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// device reads one device: its key, or the fingerprint of it.
func (p *parser) device() (Device, error) {
	var d Device
	var format, key, fingerprint string
	err := p.object(fields{
		"format": func() (err error) { format, err = p.ascii(32); return err },
		"key": func() (err error) {
			key, err = p.ascii(base64.StdEncoding.EncodedLen(keyset.MaxKeySize))
			return err
		},
		"fingerprint": p.text(&fingerprint),
		"name":        p.text(&d.Name),
		"first_seen":  p.time(&d.FirstSeen),
	}, "format")
	if err != nil {
		return Device{}, err
	}
	if d.Format, err = parseFormat(format); err != nil {
		return Device{}, err
	}
	switch {
	case (key == "") == (fingerprint == ""):
		err = errors.New("needs either \"key\" or \"fingerprint\"")
	case key != "":
		err = d.setKey(key)
	default:
		d.Fingerprint, err = parseFingerprint(d.Format, fingerprint)
	}
	return d, err
}

// parseFormat reads a format's name as keyset.Format prints it.
func parseFormat(name string) (keyset.Format, error) {
	for f := keyset.Format(1); f.Known(); f++ {
		if f.String() == name {
			return f, nil
		}
	}
	number, found := strings.CutPrefix(name, "format-")
	n, err := strconv.ParseUint(number, 10, 16)
	if f := keyset.Format(n); found && err == nil && f != 0 && f.String() == name {
		return f, nil
	}
	return 0, fmt.Errorf("format %q is not known: docs/keyset.md has the names", name)
}

func (d *Device) setKey(text string) error {
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return errors.New("key: not base64 (RFC 4648, Section 4, with padding)")
	}
	d.Data = data
	if !d.plain() && errors.Is(d.Key().Check(), keyset.ErrPrivateKey) {
		return errors.New("key: this is a PRIVATE key: take it out of the roster, and out of wherever that went")
	}
	d.Fingerprint = d.Key().Fingerprint()
	return nil
}

// plain reports whether the key is as long as raw public keys of its format are:
// nothing can tell those from private ones, and checking many takes time.
func (d *Device) plain() bool {
	switch d.Format {
	case keyset.FormatEd25519, keyset.FormatX25519:
		return len(d.Data) == 32
	case keyset.FormatSignal:
		return len(d.Data) == 33
	case keyset.FormatP256:
		return len(d.Data) == 65
	}
	return false
}

// shapes are what fingerprints look like, in the spelling of
// keyset.Key.Fingerprint; all others are lower-case hex of SHA-256.
var shapes = map[keyset.Format]*regexp.Regexp{
	keyset.FormatOpenPGP:       regexp.MustCompile(`^([0-9A-F]{40}|[0-9A-F]{64})$`),
	keyset.FormatSSH:           regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`),
	keyset.FormatAge:           regexp.MustCompile(`^(age1[a-z0-9-]{16,124}|[0-9a-f]{64})$`),
	keyset.FormatX509:          regexp.MustCompile(`^[0-9A-F]{2}(:[0-9A-F]{2}){31}$`),
	keyset.FormatJWK:           regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`),
	keyset.FormatMLSKeyPackage: regexp.MustCompile(`^([0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$`),
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// parseFingerprint reads a fingerprint by its format's rule, in the spellings
// that tools have.
func parseFingerprint(f keyset.Format, text string) (string, error) {
	s := strings.ReplaceAll(text, " ", "")
	switch f {
	case keyset.FormatOpenPGP:
		s = strings.TrimPrefix(strings.ToUpper(s), "0X")
	case keyset.FormatSSH:
		s = strings.TrimRight(s, "=")
	case keyset.FormatX509:
		s = colons(strings.ReplaceAll(strings.ToUpper(s), ":", ""))
	case keyset.FormatJWK:
	default:
		s = strings.ToLower(s)
	}
	shape := shapes[f]
	if shape == nil {
		shape = sha256Hex
	}
	if shape.MatchString(s) {
		return s, nil
	}
	if f == keyset.FormatOpenPGP {
		return "", errors.New("fingerprint: not a whole OpenPGP fingerprint of 40 or 64 digits (a key id can be forged)")
	}
	return "", fmt.Errorf("fingerprint: not one of a key of format %v: docs/keyset.md has how each is made", f)
}

// colons puts a colon between the octets of hexadecimal digits.
func colons(digits string) string {
	octets, err := hex.DecodeString(digits)
	if err != nil {
		return digits
	}
	parts := make([]string, len(octets))
	for i, octet := range octets {
		parts[i] = fmt.Sprintf("%02X", octet)
	}
	return strings.Join(parts, ":")
}
