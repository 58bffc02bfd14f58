package mlsroster

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/client/mls"
)

// labelOf returns the label that a leaf's credential claims. The errors name no
// label.
func labelOf(l *mls.LeafNode) (string, error) {
	switch c := l.Credential; c.Type {
	case mls.CredentialBasic:
		return label.Normalize(string(c.Identity))
	case mls.CredentialX509:
		return certificateLabel(c.Certificates, l.SignatureKey)
	default:
		return "", fmt.Errorf("a credential of type %d, which is neither basic nor X.509", c.Type)
	}
}

// certificateLabel returns the one e-mail address in a certificate's
// subjectAltName. Nobody's signature on the certificate is looked at: the
// directory tells whose the key is, not a certification authority.
func certificateLabel(chain [][]byte, signatureKey []byte) (string, error) {
	if len(chain) == 0 {
		return "", errors.New("an X.509 credential without a certificate")
	}
	cert, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return "", errors.New("a certificate that cannot be parsed")
	}
	// SPEC: The public key encoded in the subjectPublicKeyInfo of the end-entity
	// certificate MUST be identical to the signature_key in the LeafNode
	// containing this credential.
	if !bytes.Equal(publicKeyBits(cert.RawSubjectPublicKeyInfo), signatureKey) {
		return "", errors.New("a certificate for another key than the leaf's signature key")
	}
	found := ""
	for _, address := range cert.EmailAddresses {
		name, err := label.Normalize(address)
		if err != nil {
			return "", err
		}
		if found != "" && found != name {
			return "", errors.New("a certificate with several e-mail addresses")
		}
		found = name
	}
	if found == "" {
		return "", errors.New("a certificate without an e-mail address in its subjectAltName")
	}
	return found, nil
}

// publicKeyBits returns the subjectPublicKey of a SubjectPublicKeyInfo (RFC 5280,
// Section 4.1). For the algorithms of MLS it is the SignaturePublicKey: RFC 8410,
// Section 4, for EdDSA, and RFC 5480, Section 2.2, for an uncompressed point.
func publicKeyBits(spki []byte) []byte {
	der := cryptobyte.String(spki)
	var info cryptobyte.String
	var bits []byte
	if !der.ReadASN1(&info, asn1.SEQUENCE) || !info.SkipASN1(asn1.SEQUENCE) || !info.ReadASN1BitStringAsBytes(&bits) {
		return nil
	}
	return bits
}
