package keyring

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// Reasons for which a certificate or user id is skipped.
const (
	reasonRevoked    = "revoked by its owner"
	reasonExpired    = "expired"
	reasonNoSelfSig  = "no valid self-signature"
	reasonDuplicate  = "same address as another user id of this certificate"
	reasonNoUserID   = "no user id"
	reasonUnreadable = "the key cannot be parsed: "
)

// A user is a user id with what its owner says about it.
type user struct {
	number  int // position in the certificate, from 1
	body    []byte
	label   string
	skip    string     // why it is not imported, if not empty
	self    *signature // newest valid self-certification
	revoked []*signature
}

func (u *user) primary() bool { return u.self.IsPrimaryId != nil && *u.self.IsPrimaryId }

// A subkey is bound by a valid signature; it may be expired or revoked, and
// then its signatures say so.
type subkey struct {
	body    []byte
	created time.Time
	binding *signature
	revoked []*signature
}

// A cert is a certificate reduced to the verified self-signatures in force.
type cert struct {
	raw     *rawCert
	key     *packet.PublicKey
	direct  *signature // newest valid direct-key signature, or nil
	users   []*user
	subkeys []*subkey
	revoked bool
}

// verifyCert verifies what is needed of raw. The error is a reason to skip the
// whole certificate; revocation is not one, the caller looks at revoked.
func verifyCert(raw *rawCert, now time.Time) (*cert, error) {
	if raw.broken != "" {
		return nil, errors.New(raw.broken)
	}
	key, err := parsePublicKey(tagPublicKey, raw.primary.body)
	if err != nil {
		return nil, errors.New(reasonUnreadable + err.Error())
	}
	if fmt.Sprintf("%X", key.Fingerprint) != raw.fingerprint {
		return nil, errors.New(reasonUnreadable + "it does not have the fingerprint of its packet")
	}
	c := &cert{raw: raw, key: key}
	revs := ownSigs(&raw.primary, typesKeyRevocation, now)
	c.revoked = len(revocations(revs, key.VerifyRevocationSignature)) > 0
	if c.revoked {
		return c, nil
	}
	c.direct = newestValid(ownSigs(&raw.primary, typesDirect, now), now, key.VerifyDirectKeySignature)
	for i, p := range joinParts(raw.users) {
		c.users = append(c.users, c.verifyUser(i+1, p, now))
	}
	for _, p := range joinParts(raw.subkeys) {
		if s := c.verifySubkey(p, now); s != nil {
			c.subkeys = append(c.subkeys, s)
		}
	}
	slices.SortFunc(c.subkeys, func(a, b *subkey) int {
		return cmp.Or(a.created.Compare(b.created), bytes.Compare(a.body, b.body))
	})
	return c, nil
}

func parsePublicKey(tag byte, body []byte) (*packet.PublicKey, error) {
	p, err := packet.Read(bytes.NewReader(frame(nil, tag, body)))
	if err != nil {
		return nil, err
	}
	key, ok := p.(*packet.PublicKey)
	if !ok {
		return nil, errMalformed
	}
	return key, nil
}

func (c *cert) verifyUser(number int, p *part, now time.Time) *user {
	u := &user{number: number, body: p.body}
	verify := func(s *packet.Signature) error {
		return c.key.VerifyUserIdSignature(string(p.body), c.key, s)
	}
	u.label, u.skip = userIDAddress(string(p.body))
	u.self = newestValid(ownSigs(p, typesCertification, now), now, verify)
	u.revoked = revocations(ownSigs(p, typesIDRevocation, now), verify)
	if u.self == nil {
		u.skip = reasonNoSelfSig
	}
	for _, r := range u.revoked {
		// A user id may be certified again after it was revoked.
		if u.self == nil || !r.CreationTime.Before(u.self.CreationTime) {
			u.skip = reasonRevoked
		}
	}
	return u
}

// usable reports whether u could stand for the certificate, label or not.
func (u *user) usable() bool {
	return u.self != nil && u.skip != reasonRevoked
}

func (c *cert) verifySubkey(p *part, now time.Time) *subkey {
	key, err := parsePublicKey(tagPublicSubkey, p.body)
	if err != nil {
		return nil // an algorithm we do not know: it cannot be checked either
	}
	s := &subkey{body: p.body, created: key.CreationTime}
	s.binding = newestValid(ownSigs(p, typesBinding, now), now, func(sig *packet.Signature) error {
		return c.key.VerifyKeySignature(key, sig)
	})
	if s.binding == nil {
		return nil
	}
	s.revoked = revocations(ownSigs(p, typesSubRevocation, now), func(sig *packet.Signature) error {
		return c.key.VerifySubkeyRevocationSignature(sig, key)
	})
	return s
}

// best orders user ids by how much they speak for the certificate: primary
// first, then the newest self-signature, then by bytes, so that nothing
// depends on their order in the file.
func best(a, b *user) int {
	if a.primary() != b.primary() {
		if a.primary() {
			return -1
		}
		return 1
	}
	return cmp.Or(b.self.CreationTime.Compare(a.self.CreationTime), bytes.Compare(a.body, b.body))
}

// primaryUser returns the user id that speaks for the certificate, or nil.
func (c *cert) primaryUser() *user {
	var usable []*user
	for _, u := range c.users {
		if u.usable() {
			usable = append(usable, u)
		}
	}
	if len(usable) == 0 {
		return nil
	}
	return slices.MinFunc(usable, best)
}

// expired reports whether the whole certificate says that the primary key has
// expired: by its direct-key signature or its primary user id. A user id whose
// own older signature sets no date must not bring an expired key back.
func (c *cert) expired(now time.Time) bool {
	if c.direct != nil && c.key.KeyExpired(c.direct.Signature, now) {
		return true
	}
	if c.key.Version >= 6 { // only the direct-key signature counts
		return false
	}
	u := c.primaryUser()
	return u != nil && (c.key.KeyExpired(u.self.Signature, now) || u.self.SigExpired(now))
}

// encode writes the certificate with user id u, or without one if u is nil,
// in the order of RFC 9580, Section 10.1.
func (c *cert) encode(u *user) []byte {
	id := c.raw.keyID
	b := frame(nil, tagPublicKey, c.raw.primary.body)
	sig := func(s *signature, embedded bool) { b = frame(b, tagSignature, canonical(s.body, id, embedded)) }
	if c.direct != nil {
		sig(c.direct, false)
	}
	if u != nil {
		b = frame(b, tagUserID, u.body)
		for _, r := range u.revoked {
			sig(r, false)
		}
		sig(u.self, false)
	}
	for _, s := range c.subkeys {
		b = frame(b, tagPublicSubkey, s.body)
		for _, r := range s.revoked {
			sig(r, false)
		}
		sig(s.binding, s.binding.FlagSign)
	}
	return b
}

// minimise encodes the certificate for user id u and reads the result back
// with the OpenPGP library, as those who look the label up will. The error is
// a reason to skip it.
func (c *cert) minimise(u *user, now time.Time, expired bool) ([]byte, error) {
	if u == nil && c.key.Version < 6 {
		if len(c.users) == 0 {
			return nil, errors.New(reasonNoUserID)
		}
		return nil, errors.New(reasonNoSelfSig)
	}
	data := c.encode(u)
	err := verifyAt(data, now)
	if err == nil {
		return data, nil
	}
	// The zero time leaves nothing out of the check but the time.
	if timeless := verifyAt(data, time.Time{}); timeless != nil {
		return nil, timeless
	}
	if c.key.CreationTime.After(now) {
		return nil, errors.New("created in the future")
	}
	if !expired {
		return nil, errors.New(reasonExpired)
	}
	return data, nil
}

// verifyAt reads a certificate with the OpenPGP library and verifies its
// primary key at a time. It reads it anew each time: the library remembers a
// signature's verdict, whatever the time.
func verifyAt(data []byte, at time.Time) error {
	e, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(data)))
	if err != nil {
		return errors.New(reasonUnreadable + err.Error())
	}
	switch _, err = e.VerifyPrimaryKey(at, policy); {
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return errors.New(reasonRevoked)
	case err != nil:
		return errors.New(reasonNoSelfSig)
	}
	return nil
}
