package keyset

import (
	"bytes"
	"crypto/dsa" //lint:ignore SA1019 old keys are read to be called weak
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// maxCertificate is the longest X.509 certificate that is read, in bytes.
const maxCertificate = 64 << 10

func x509Fingerprint(der []byte) (string, error) {
	if _, _, err := splitCertificate(der); err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":"), nil
}

// splitCertificate reads the outermost layer of a certificate (RFC 5280,
// Section 4.1), and what its subjectPublicKeyInfo says of the algorithm.
func splitCertificate(der []byte) (algorithm, parameters []byte, err error) {
	if len(der) > maxCertificate {
		return nil, nil, fmt.Errorf("%w: a certificate of %d bytes, at most %d", errKey, len(der), maxCertificate)
	}
	s := cryptobyte.String(der)
	var cert, tbs, spki, alg cryptobyte.String
	if !s.ReadASN1(&cert, asn1.SEQUENCE) || !s.Empty() {
		return nil, nil, fmt.Errorf("%w: not a DER sequence", errKey)
	}
	if cert.PeekASN1Tag(asn1.INTEGER) {
		var version int64
		if cert.ReadASN1Integer(&version) && version >= 0 && version <= 1 {
			// PKCS #1, PKCS #8 and SEC 1 begin their private keys with a version.
			return nil, nil, ErrPrivateKey
		}
		return nil, nil, fmt.Errorf("%w: not a certificate", errKey)
	}
	if !cert.ReadASN1(&tbs, asn1.SEQUENCE) || !tbs.SkipOptionalASN1(asn1.Tag(0).Constructed().ContextSpecific()) ||
		!tbs.SkipASN1(asn1.INTEGER) || !tbs.SkipASN1(asn1.SEQUENCE) || !tbs.SkipASN1(asn1.SEQUENCE) ||
		!tbs.SkipASN1(asn1.SEQUENCE) || !tbs.SkipASN1(asn1.SEQUENCE) || !tbs.ReadASN1(&spki, asn1.SEQUENCE) ||
		!spki.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1Element((*cryptobyte.String)(&algorithm), asn1.OBJECT_IDENTIFIER) {
		return nil, nil, fmt.Errorf("%w: not an X.509 certificate", errKey)
	}
	return algorithm, alg, nil
}

// Object identifiers, DER: id-ecPublicKey and the curves that the standard
// library reads.
var (
	oidEC     = []byte("\x06\x07\x2a\x86\x48\xce\x3d\x02\x01")
	oidCurves = [][]byte{
		[]byte("\x06\x05\x2b\x81\x04\x00\x21"),             // P-224
		[]byte("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), // P-256
		[]byte("\x06\x05\x2b\x81\x04\x00\x22"),             // P-384
		[]byte("\x06\x05\x2b\x81\x04\x00\x23"),             // P-521
	}
)

// inspectX509 checks a certificate, and its signature if it is its own issuer.
// Others' signatures are not checked: the directory vouches for the key.
func inspectX509(der []byte, b *budget) (facts, error) {
	algorithm, parameters, err := splitCertificate(der)
	if err != nil {
		return facts{}, err
	}
	if bytes.Equal(algorithm, oidEC) && !containsBytes(oidCurves, parameters) {
		return facts{words: []string{"ECDSA"}}, nil // a curve that is not parsed
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return facts{}, fmt.Errorf("%w: %w", errKey, err)
	}
	if c.NotAfter.Before(c.NotBefore) || c.NotAfter.Unix() < 0 {
		return facts{}, fmt.Errorf("%w: a validity that ends before it begins, or before 1970", errKey)
	}
	f := facts{expires: c.NotAfter, words: []string{c.PublicKeyAlgorithm.String()}}
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		f.words = []string{fmt.Sprintf("RSA-%d", k.N.BitLen())}
		f.weak, err = judgeRSA(k)
	case *ecdsa.PublicKey:
		f.words = []string{"ECDSA " + k.Params().Name}
		if bits := k.Params().BitSize; bits < 256 {
			f.weak = []string{fmt.Sprintf("ecc-%d", bits)}
		}
	case ed25519.PublicKey:
		err = checkEd25519(k)
	case *dsa.PublicKey:
		f.weak = []string{"dsa"}
		err = checkDSA(k.P, k.Q, k.G, k.Y)
	}
	if err != nil {
		return f, err
	}
	weak, err := judgeSignature(c, b)
	f.weak = append(f.weak, weak...)
	return f, err
}

func containsBytes(list [][]byte, b []byte) bool {
	for _, x := range list {
		if bytes.Equal(x, b) {
			return true
		}
	}
	return false
}

// judgeSignature returns the weakness of a certificate's signature. It fails if
// the certificate says that it is signed by itself, and is not.
func judgeSignature(c *x509.Certificate, b *budget) ([]string, error) {
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA:
		return []string{"md5-signature"}, nil
	case x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return []string{"sha1-signature"}, nil
	}
	self := bytes.Equal(c.RawIssuer, c.RawSubject) &&
		(len(c.AuthorityKeyId) == 0 || bytes.Equal(c.AuthorityKeyId, c.SubjectKeyId))
	if !self || !b.spend(verifyCost(c.PublicKey)) {
		return nil, nil
	}
	err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
	if err == nil || errors.Is(err, x509.ErrUnsupportedAlgorithm) {
		return nil, nil
	}
	return nil, fmt.Errorf("%w: its signature of itself is false", errKey)
}
