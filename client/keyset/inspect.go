package keyset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrPrivateKey is wrapped by the error of Check for data that can be told to
// be a private or secret key. It must not be published, and if it was, the key
// is no longer private.
var ErrPrivateKey = errors.New("keyset: this is a PRIVATE key")

// errUnsupported is about keys of which too little is known to say that they
// are safe to publish.
var errUnsupported = errors.New("keyset: unsupported key")

// facts are what the parser of a format finds in a key.
type facts struct {
	words   []string  // algorithm, creation date: for Describe
	expires time.Time // the last moment of validity; zero: none is set
	revoked bool
	weak    []string // the words of docs/keyset.md, in any order
}

// forever is 9999-12-31 23:59:59 UTC. From then on no key expires: that is how a
// certificate says that it never does (RFC 5280, Section 4.1.2.5), and JSON has
// no later year.
const forever = 253402300799

// rules are what this package knows of a format.
type rules struct {
	// fingerprint fails for data that does not have the format's shape. It is
	// cheaper than inspect, and passes for more.
	fingerprint func(data []byte) (string, error)
	// inspect checks data. With an error come the facts that could be had. What
	// the budget does not allow is not verified.
	inspect func(data []byte, b *budget) (facts, error)
}

// formats has the rules of each format of the registry.
var formats = [...]rules{
	FormatOpenPGP:       {openPGPFingerprint, inspectOpenPGP},
	FormatSSH:           {sshFingerprint, inspectSSH},
	FormatAge:           {ageFingerprint, inspectAge},
	FormatX509:          {x509Fingerprint, inspectX509},
	FormatJWK:           {jwkThumbprint, inspectJWK},
	FormatEd25519:       {hashFingerprint, only(checkEd25519)},
	FormatX25519:        {hashFingerprint, only(checkX25519)},
	FormatP256:          {hashFingerprint, only(checkP256)},
	FormatMLKEM768:      {hashFingerprint, only(checkMLKEM768)},
	FormatMLKEM1024:     {hashFingerprint, only(checkMLKEM1024)},
	FormatSignal:        {hashFingerprint, only(checkSignal)},
	FormatMLSSignature:  {hashFingerprint, inspectMLSSignature},
	FormatMLSKeyPackage: {keyPackageRef, inspectKeyPackage},
}

// only makes rules of a check that finds nothing else.
func only(check func([]byte) error) func([]byte, *budget) (facts, error) {
	return func(data []byte, _ *budget) (facts, error) { return facts{}, check(data) }
}

func hashFingerprint(data []byte) (string, error) {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// Fingerprint returns the key's fingerprint by its format's own rule:
//
//   - OpenPGP: the primary key's, upper-case hex. Version 4: SHA-1, 40 digits
//     (RFC 4880, Section 12.2); version 6: SHA-256, 64 digits (RFC 9580,
//     Section 5.5.4).
//   - SSH: "SHA256:" and the unpadded base64 of the blob's SHA-256, as
//     ssh-keygen -l prints it.
//   - age: the recipient itself, if at most 128 characters.
//   - X.509: SHA-256 of the certificate, upper-case hex with colons, as
//     openssl x509 -fingerprint -sha256 prints it.
//   - JWK: the SHA-256 thumbprint of RFC 7638, unpadded base64url.
//   - MLS KeyPackage: the KeyPackageRef (RFC 9420, Section 5.2), lower-case
//     hex, by the hash of its cipher suite.
//   - raw keys, Signal and MLS signature keys, every other format, and Data
//     that does not have its format's shape: SHA-256 of Data, lower-case hex.
//
// For formats whose fingerprint covers only part of Data (OpenPGP), two keys
// that differ may have one fingerprint: a certificate before and after its
// expiry was extended. An OpenPGP fingerprint says nothing about whether the
// user ids and subkeys beside the primary key are genuine. A version 4
// fingerprint is a SHA-1 and no stronger: compare Data to tell keys apart.
func (k Key) Fingerprint() string {
	if k.Format.Known() {
		if f, err := formats[k.Format].fingerprint(k.Data); err == nil {
			return f
		}
	}
	f, _ := hashFingerprint(k.Data)
	return f
}

// Describe returns one line for people: format, algorithm and creation date
// where Data tells them, fingerprint, and the name in quotes if there is one.
func (k Key) Describe() string {
	f, _ := k.inspect(&budget{left: budgetOfKey})
	return k.describe(f.words)
}

func (k Key) describe(words []string) string {
	parts := append([]string{k.Format.String()}, words...)
	parts = append(parts, k.Fingerprint())
	if k.Name != "" {
		parts = append(parts, fmt.Sprintf("%q", k.Name))
	}
	return strings.Join(parts, " ")
}

// Check reports whether Data is a key of its format: parsed in full, its one
// encoding where the format has several, numbers and points in range and on
// their curve, and signatures by the key itself valid where the format requires
// one (KeyPackages). It passes formats it does not know, and algorithms it does
// not know if the format tells public from private keys.
//
// The error wraps ErrPrivateKey if Data is recognised as a private key. A key
// that passes may still be expired, revoked or weak: see Summary. That an
// OpenPGP certificate passes says nothing about the signatures in it.
func (k Key) Check() error {
	if data, ok := find(k.Attributes, AttributePurpose); ok {
		if err := checkPurposes(data); err != nil {
			return fmt.Errorf("%v key: %w", k.Format, err)
		}
	}
	_, err := k.inspect(&budget{left: budgetOfKey})
	return err
}

// inspect returns what can be found out about the key, and what Check says.
func (k Key) inspect(b *budget) (facts, error) {
	if holdsSecret(k.Data) {
		return facts{}, fmt.Errorf("%v key: %w", k.Format, ErrPrivateKey)
	}
	if !k.Format.Known() {
		return facts{}, nil
	}
	f, err := formats[k.Format].inspect(k.Data, b)
	if b.cut {
		f.weak = append(f.weak, "unchecked")
	}
	if err != nil {
		err = fmt.Errorf("%v key: %w", k.Format, err)
	}
	return f, err
}

// secretMarks are how the files of private keys of several formats begin. They
// do not occur in public ones.
var secretMarks = [][]byte{
	[]byte("PRIVATE KEY-----"), []byte("PRIVATE KEY BLOCK-----"),
	[]byte("openssh-key-v1\x00"), []byte("AGE-SECRET-KEY-"), []byte("PuTTY-User-Key-File"),
}

// holdsSecret reports whether data is the file of a private key, whatever it is
// taken for.
func holdsSecret(data []byte) bool {
	head := data[:min(len(data), 256)]
	return slices.ContainsFunc(secretMarks, func(mark []byte) bool { return bytes.Contains(head, mark) })
}

// judged is the word for a key that Check refuses.
func judged(err error) []string {
	switch {
	case errors.Is(err, ErrPrivateKey):
		return []string{"private-key"}
	case errors.Is(err, errKey):
		return []string{"malformed"}
	}
	return nil
}
