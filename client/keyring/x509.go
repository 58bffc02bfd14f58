package keyring

import (
	"bytes"
	"crypto/x509"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	labels "github.com/ghostlight-kt/ghostlight/client/label"
)

// A certificate is one X.509 certificate of a file: its place, itself, and the address
// in the comment above it.
type certificate struct {
	item  string
	x509  *x509.Certificate
	above string
}

// Reasons why a certificate is not imported.
const (
	reasonIssuer      = "the certificate of an authority, not of a user"
	reasonNotYet      = "the certificate is not valid yet"
	reasonX509Expired = "the certificate is expired"
)

// addCertificates adds the certificates of one file: each under the addresses that it
// gives its subject, or the label that the caller gives all.
func (s *source) addCertificates(list []certificate) error {
	for _, c := range list {
		switch {
		case isAuthority(c.x509, list):
			s.skip(c.item, reasonIssuer)
		case s.opt.Now.Before(c.x509.NotBefore):
			s.skip(c.item, reasonNotYet)
		case s.opt.Now.After(c.x509.NotAfter) && !s.opt.Expired:
			s.skip(c.item, reasonX509Expired)
		default:
			if err := s.addCertificate(c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *source) addCertificate(c certificate) error {
	k := keyset.Key{Format: keyset.FormatX509, Data: c.x509.Raw}
	addresses := []string{""}
	if s.opt.Label == "" && c.above == "" && len(c.x509.EmailAddresses) > 0 {
		addresses = c.x509.EmailAddresses
	}
	added := make(map[string]bool)
	for _, a := range addresses {
		if label, _ := labels.Address(a); !added[label] {
			added[label] = true
			if err := s.addKey(c.item, k, a, c.above); err != nil {
				return err
			}
		}
	}
	return nil
}

// isAuthority reports whether a certificate is there because it issued another one. A
// certificate that is its own issuer may say that it is an authority and be a user's:
// that is what openssl req -x509 makes.
func isAuthority(c *x509.Certificate, file []certificate) bool {
	if !c.IsCA {
		return false
	}
	if !bytes.Equal(c.RawIssuer, c.RawSubject) {
		return true
	}
	for _, other := range file {
		if !other.x509.Equal(c) && bytes.Equal(other.x509.RawIssuer, c.RawSubject) && !bytes.Equal(other.x509.RawSubject, c.RawSubject) {
			return true
		}
	}
	return false
}
