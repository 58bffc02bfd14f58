package keyring

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Signature types (RFC 9580, Section 5.2.1).
var (
	typesCertification = []packet.SignatureType{packet.SigTypeGenericCert, packet.SigTypePersonaCert, packet.SigTypeCasualCert, packet.SigTypePositiveCert}
	typesDirect        = []packet.SignatureType{packet.SigTypeDirectSignature}
	typesKeyRevocation = []packet.SignatureType{packet.SigTypeKeyRevocation}
	typesIDRevocation  = []packet.SignatureType{packet.SigTypeCertificationRevocation}
	typesBinding       = []packet.SignatureType{packet.SigTypeSubkeyBinding}
	typesSubRevocation = []packet.SignatureType{packet.SigTypeSubkeyRevocation}
)

// policy decides which hash functions are refused. Like the OpenPGP library's
// own default it lets SHA-1 pass in self-signatures, on which many
// certificates in use still rest.
var policy *packet.Config

// A signature was parsed and, if it came from newestValid, verified.
type signature struct {
	body []byte
	*packet.Signature
}

// hard reports whether a revocation is for ever and backwards in time, because
// the key may be in other hands, rather than from its date on.
func (s *signature) hard() bool {
	return s.RevocationReason == nil || *s.RevocationReason == packet.Unknown ||
		*s.RevocationReason == packet.NoReason || *s.RevocationReason == packet.KeyCompromised
}

// ownSigs parses the signatures of p that have one of the types, are not dated
// after now and pass the policy, newest first. Their order does not depend on
// the file's.
func ownSigs(p *part, types []packet.SignatureType, now time.Time) []*signature {
	var sigs []*signature
	for _, body := range p.sigs {
		if len(body) < 2 || !slices.Contains(types, packet.SignatureType(body[1])) {
			continue
		}
		s, err := parseSignature(body)
		if err != nil || s.CreationTime.After(now) || checkPolicy(s.Signature) != nil {
			continue
		}
		sigs = append(sigs, s)
	}
	slices.SortFunc(sigs, func(a, b *signature) int {
		return cmp.Or(b.CreationTime.Compare(a.CreationTime), bytes.Compare(b.body, a.body))
	})
	return sigs
}

func parseSignature(body []byte) (*signature, error) {
	p, err := packet.Read(bytes.NewReader(frame(nil, tagSignature, body)))
	if err != nil {
		return nil, err
	}
	s, ok := p.(*packet.Signature)
	if !ok {
		return nil, errMalformed
	}
	return &signature{body: body, Signature: s}, nil
}

func checkPolicy(s *packet.Signature) error {
	if policy.RejectHashAlgorithm(s.Hash) {
		return fmt.Errorf("signature over %v", s.Hash)
	}
	for _, n := range s.Notations {
		if n.IsCritical && !policy.KnownNotation(n.Name) {
			return errors.New("signature with an unknown critical notation")
		}
	}
	if s.EmbeddedSignature != nil {
		return checkPolicy(s.EmbeddedSignature)
	}
	return nil
}

// newestValid returns the newest signature that verifies and has not expired;
// if all that verify have expired, the newest of those; else nil.
func newestValid(sigs []*signature, now time.Time, verify func(*packet.Signature) error) *signature {
	var expired *signature
	for _, s := range sigs {
		old := s.SigExpired(now)
		if old && expired != nil || verify(s.Signature) != nil {
			continue
		}
		if !old {
			return s
		}
		expired = s
	}
	return expired
}

// revocations returns, of the revocations that verify, the newest hard and the
// newest soft one: the others add nothing.
func revocations(sigs []*signature, verify func(*packet.Signature) error) []*signature {
	var out []*signature
	var hard, soft bool
	for _, s := range sigs {
		found := &soft
		if s.hard() {
			found = &hard
		}
		if !*found && verify(s.Signature) == nil {
			*found = true
			out = append(out, s)
		}
	}
	return out
}
