package keyset

import (
	"cmp"
	"crypto"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// selfSignatures judges a certificate by the signatures of its own primary key.
type selfSignatures struct {
	key    *packet.PublicKey
	cert   *pgpCert
	budget *budget
}

// A binding is what the signatures of one component come to.
type binding struct {
	newest *packet.Signature // that verifies, or nil
	strong bool              // one that verifies is over more than SHA-1
}

// judge completes f. The error is one of Check: a subkey that is no key.
func (v *selfSignatures) judge(f *facts) error {
	if v.revoked(v.cert.primary.sigs, v.key.VerifyRevocationSignature, packet.SigTypeKeyRevocation) {
		f.revoked = true
	}
	primary := v.judgePrimary(f)
	if primary.newest == nil && !f.revoked && !v.budget.cut {
		f.weak = append(f.weak, "unbound")
	}
	return v.judgeSubkeys(f, primary.newest)
}

// judgePrimary judges the primary key by its direct-key signature and its user
// ids. The binding's newest signature is the one that speaks for the key.
func (v *selfSignatures) judgePrimary(f *facts) binding {
	b := v.bind(v.cert.primary.sigs, v.key.VerifyDirectKeySignature, packet.SigTypeDirectSignature)
	f.expire(v.key, b.newest)
	// SPEC: RFC 9580, Section 10.1.1: a version 6 key is bound by a direct-key
	// signature; user ids say nothing about the key.
	if v.key.Version < 6 {
		user, all := v.judgeUsers()
		f.expire(v.key, user.newest)
		f.revoked = f.revoked || all && b.newest == nil
		b.strong = b.strong || user.strong
		if user.newest != nil {
			b.newest = user.newest
		}
	}
	if b.newest != nil && !b.strong {
		f.weak = append(f.weak, "sha1-binding")
	}
	return b
}

// maxUserID is the longest user id that is looked at, in bytes: every signature
// over it hashes it anew.
const maxUserID = 4 << 10

// judgeUsers returns what the user ids that are not revoked come to: the one
// marked as primary speaks for them, else the newest. all reports whether there
// are user ids, and all are revoked.
func (v *selfSignatures) judgeUsers() (best binding, all bool) {
	certifications := []packet.SignatureType{packet.SigTypeGenericCert, packet.SigTypePersonaCert, packet.SigTypeCasualCert, packet.SigTypePositiveCert}
	bound := 0
	all = true
	for _, u := range v.cert.users {
		if len(u.body) > maxUserID {
			continue
		}
		verify := func(s *packet.Signature) error {
			return v.key.VerifyUserIdSignature(string(u.body), v.key, s)
		}
		b := v.bind(u.sigs, verify, certifications...)
		if b.newest == nil {
			continue
		}
		bound++
		revoked := v.bind(u.sigs, verify, packet.SigTypeCertificationRevocation).newest
		if revoked != nil && !revoked.CreationTime.Before(b.newest.CreationTime) {
			continue
		}
		all = false
		best.strong = best.strong || b.strong
		if best.newest == nil || speaksMore(b.newest, best.newest) {
			best.newest = b.newest
		}
	}
	return best, all && bound > 0
}

func speaksMore(a, b *packet.Signature) bool {
	marked := func(s *packet.Signature) bool { return s.IsPrimaryId != nil && *s.IsPrimaryId }
	if marked(a) != marked(b) {
		return marked(a)
	}
	return a.CreationTime.After(b.CreationTime)
}

// judgeSubkeys judges the subkeys. If the primary key itself is for nothing but
// certifying, the certificate is of no use after the last of them.
func (v *selfSignatures) judgeSubkeys(f *facts, primary *packet.Signature) error {
	var live int
	var last time.Time
	forever := false
	for _, c := range v.cert.subkeys {
		sub, err := readPGPKey(tagPublicSubkey, c.body)
		if err != nil {
			return err
		}
		if sub == nil {
			forever = true // of an algorithm that is not known
			continue
		}
		weak, err := judgePGPKey(sub, c.body)
		if err != nil {
			return err
		}
		if v.revoked(c.sigs, func(s *packet.Signature) error { return v.key.VerifySubkeyRevocationSignature(s, sub) }, packet.SigTypeSubkeyRevocation) {
			continue
		}
		b := v.bind(c.sigs, v.bindingOf(sub), packet.SigTypeSubkeyBinding)
		if b.newest == nil {
			if !v.budget.cut {
				f.weak = append(f.weak, "unbound-subkey")
			}
			continue
		}
		f.weak = append(f.weak, weak...)
		if !b.strong {
			f.weak = append(f.weak, "sha1-binding")
		}
		live++
		ends := pgpExpiry(sub, b.newest)
		forever = forever || ends.IsZero()
		if ends.After(last) {
			last = ends
		}
	}
	if live > 0 && !forever && certifiesOnly(primary) {
		f.endBy(last)
	}
	return nil
}

// bindingOf verifies a subkey's binding, which for a signing subkey has a
// signature by that in it.
func (v *selfSignatures) bindingOf(sub *packet.PublicKey) func(*packet.Signature) error {
	return func(s *packet.Signature) error {
		if s.FlagSign && !v.budget.spend(pgpCost(sub)) {
			return errLimit
		}
		return v.key.VerifyKeySignature(sub, s)
	}
}

// certifiesOnly reports whether a self-signature says that its key is neither
// for signing nor for encryption nor for authentication.
func certifiesOnly(s *packet.Signature) bool {
	return s != nil && s.FlagsValid && !s.FlagSign && !s.FlagEncryptCommunications && !s.FlagEncryptStorage && !s.FlagAuthenticate
}

// expire takes over when a key expires by its self-signature, which may be nil.
func (f *facts) expire(key *packet.PublicKey, s *packet.Signature) {
	if s != nil {
		f.endBy(pgpExpiry(key, s))
	}
}

// endBy makes the key expire at a time, unless that is none, or it does before.
func (f *facts) endBy(at time.Time) {
	if !at.IsZero() && (f.expires.IsZero() || at.Before(f.expires)) {
		f.expires = at
	}
}

// pgpExpiry is when a key expires by its self-signature, or when that itself
// does; zero if neither does.
func pgpExpiry(key *packet.PublicKey, s *packet.Signature) time.Time {
	var f facts
	if s.KeyLifetimeSecs != nil && *s.KeyLifetimeSecs > 0 {
		f.endBy(key.CreationTime.Add(time.Duration(*s.KeyLifetimeSecs) * time.Second))
	}
	if s.SigLifetimeSecs != nil && *s.SigLifetimeSecs > 0 {
		f.endBy(s.CreationTime.Add(time.Duration(*s.SigLifetimeSecs) * time.Second))
	}
	return f.expires
}

// revoked reports whether a revocation verifies. A reason is no excuse: also a
// key that was superseded is not to be used any more.
func (v *selfSignatures) revoked(sigs [][]byte, verify func(*packet.Signature) error, typ packet.SignatureType) bool {
	return v.bind(sigs, verify, typ).newest != nil
}

// bind verifies the signatures that have one of the types, newest first, until
// it knows the newest that is good, and whether one of them is strong.
func (v *selfSignatures) bind(bodies [][]byte, verify func(*packet.Signature) error, types ...packet.SignatureType) binding {
	var b binding
	for _, s := range v.candidates(bodies, types) {
		if b.newest != nil && s.Hash == crypto.SHA1 {
			continue
		}
		if !v.budget.spend(pgpCost(v.key)) {
			break
		}
		if verify(s) != nil {
			continue
		}
		if b.newest == nil {
			b.newest = s
		}
		if s.Hash != crypto.SHA1 {
			b.strong = true
			break
		}
	}
	return b
}

// candidates parses the signatures of some types that do not name another key
// as their issuer, newest first.
func (v *selfSignatures) candidates(bodies [][]byte, types []packet.SignatureType) []*packet.Signature {
	var list []*packet.Signature
	for _, body := range bodies {
		if len(body) < 2 || !slices.Contains(types, packet.SignatureType(body[1])) {
			continue
		}
		p, err := readPacket(tagSignature, body)
		s, ok := p.(*packet.Signature)
		if err != nil || !ok || s.IssuerKeyId != nil && !s.CheckKeyIdOrFingerprint(v.key) {
			continue
		}
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(a, b *packet.Signature) int {
		return cmp.Compare(b.CreationTime.Unix(), a.CreationTime.Unix())
	})
	return list
}
