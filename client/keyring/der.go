package keyring

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// privateDER recognises private keys in DER: PKCS #1, the DSA form of OpenSSL, PKCS #8
// and SEC 1, which begin with a small version number; encrypted PKCS #8; and PKCS #12,
// which is made for them. A cut file is recognised as well.
func privateDER(data []byte) bool {
	inner, ok := openSequence(data)
	if !ok {
		return false
	}
	if inner.PeekASN1Tag(asn1.INTEGER) {
		var version int64
		if !inner.ReadASN1Integer(&version) || version < 0 || version > 3 || inner.Empty() {
			return false // a public key of PKCS #1 begins with its modulus
		}
		return inner.PeekASN1Tag(asn1.INTEGER) || inner.PeekASN1Tag(asn1.SEQUENCE) || inner.PeekASN1Tag(asn1.OCTET_STRING)
	}
	var algorithm cryptobyte.String
	return inner.ReadASN1(&algorithm, asn1.SEQUENCE) && algorithm.PeekASN1Tag(asn1.OBJECT_IDENTIFIER) &&
		inner.PeekASN1Tag(asn1.OCTET_STRING) // a public key has a BIT STRING here
}

// openSequence returns what is in a SEQUENCE, as far as it is there.
func openSequence(data []byte) (cryptobyte.String, bool) {
	if len(data) < 2 || data[0] != byte(asn1.SEQUENCE) {
		return nil, false
	}
	size := 0
	if data[1] >= 0x80 {
		size = int(data[1] & 0x7f)
	}
	if size > 4 || len(data) < 2+size {
		return nil, false
	}
	return data[2+size:], true
}

// readDER reads a file that is a certificate or a public key.
func (s *source) readDER() error {
	data, err := s.readAll()
	if err != nil {
		return err
	}
	s.res.Items++
	if c, err := x509.ParseCertificate(data); err == nil {
		return s.addCertificates([]certificate{{"the certificate", c, ""}})
	}
	k, err := publicKey(data)
	if err != nil {
		return fmt.Errorf("%w: DER of neither a certificate nor a public key: %w", ErrUnrecognized, err)
	}
	return s.addKey("the key", k, "", "")
}

// Object identifiers, DER without tag and length, of the public keys whose format in a
// key set is the raw key.
var rawFormats = map[string]keyset.Format{
	"\x2b\x65\x70":                         keyset.FormatEd25519,
	"\x2b\x65\x6e":                         keyset.FormatX25519,
	"\x60\x86\x48\x01\x65\x03\x04\x04\x02": keyset.FormatMLKEM768,
	"\x60\x86\x48\x01\x65\x03\x04\x04\x03": keyset.FormatMLKEM1024,
}

// okpCurves are those whose only format in a key set is the JWK of RFC 8037.
var okpCurves = map[string]string{"\x2b\x65\x71": "Ed448", "\x2b\x65\x6f": "X448"}

// publicKey returns the key in a SubjectPublicKeyInfo (RFC 5280, Section 4.1) or an
// RSAPublicKey of PKCS #1: in its raw format if a key set has one, else as a JWK.
func publicKey(der []byte) (keyset.Key, error) {
	if k, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return rsaJWK(k), nil
	}
	s := cryptobyte.String(der)
	var spki, algorithm, oid cryptobyte.String
	var bits []byte
	if !s.ReadASN1(&spki, asn1.SEQUENCE) || !s.Empty() || !spki.ReadASN1(&algorithm, asn1.SEQUENCE) ||
		!algorithm.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) || !spki.ReadASN1BitStringAsBytes(&bits) || !spki.Empty() {
		return keyset.Key{}, fmt.Errorf("%w: not a SubjectPublicKeyInfo", errMalformed)
	}
	if f, ok := rawFormats[string(oid)]; ok {
		return keyset.Key{Format: f, Data: bytes.Clone(bits)}, paramsAbsent(algorithm)
	}
	if curve, ok := okpCurves[string(oid)]; ok {
		return okpJWK(curve, bits), paramsAbsent(algorithm)
	}
	pub, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return keyset.Key{}, errors.New("a public key of an algorithm or a curve that no format of a key set has")
	}
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return rsaJWK(k), nil
	case *ecdsa.PublicKey:
		return ecKey(k)
	}
	return keyset.Key{}, errors.New("a public key of an algorithm that no format of a key set has")
}

// SPEC: RFC 8410, Section 3: the parameters MUST be absent. (RFC 9935 says so of ML-KEM.)
func paramsAbsent(rest cryptobyte.String) error {
	if !rest.Empty() {
		return fmt.Errorf("%w: a public key with parameters that its algorithm does not have", errMalformed)
	}
	return nil
}

func ecKey(k *ecdsa.PublicKey) (keyset.Key, error) {
	point, err := k.Bytes()
	if err != nil {
		return keyset.Key{}, fmt.Errorf("%w: not a point of its curve", errMalformed)
	}
	switch name := k.Params().Name; name {
	case "P-256":
		return keyset.Key{Format: keyset.FormatP256, Data: point}, nil
	case "P-384", "P-521":
		half := len(point) / 2
		return jwk(`{"crv":"` + name + `","kty":"EC","x":"` + b64(point[1:1+half]) + `","y":"` + b64(point[1+half:]) + `"}`), nil
	}
	return keyset.Key{}, errors.New("a public key on a curve that no format of a key set has")
}

func rsaJWK(k *rsa.PublicKey) keyset.Key {
	return jwk(`{"e":"` + b64(big.NewInt(int64(k.E)).Bytes()) + `","kty":"RSA","n":"` + b64(k.N.Bytes()) + `"}`)
}

func okpJWK(curve string, x []byte) keyset.Key {
	return jwk(`{"crv":"` + curve + `","kty":"OKP","x":"` + b64(x) + `"}`)
}

func jwk(canonical string) keyset.Key {
	return keyset.Key{Format: keyset.FormatJWK, Data: []byte(canonical)}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
