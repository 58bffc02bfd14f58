package keyset

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// newCertificate makes a certificate for a new key, signed by parent's, or by
// itself if that is nil.
func newCertificate(t testing.TB, change func(*x509.Certificate), parent *x509.Certificate, signer crypto.Signer) ([]byte, crypto.Signer) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatalIfErr(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "alice"},
		NotBefore: time.Unix(1e9, 0), NotAfter: time.Unix(2e9, 0),
	}
	if change != nil {
		change(template)
	}
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	fatalIfErr(t, err)
	return der, key
}

func x509Key(der []byte) Key { return Key{Format: FormatX509, Data: der} }

func TestX509Check(t *testing.T) {
	self, signer := newCertificate(t, nil, nil, nil)
	issuer, err := x509.ParseCertificate(self)
	fatalIfErr(t, err)
	issued, _ := newCertificate(t, func(c *x509.Certificate) { c.Subject.CommonName = "bob" }, issuer, signer)
	private, err := x509.MarshalPKCS8PrivateKey(signer)
	fatalIfErr(t, err)
	sec1, err := x509.MarshalECPrivateKey(signer.(*ecdsa.PrivateKey))
	fatalIfErr(t, err)
	public, err := x509.MarshalPKIXPublicKey(signer.Public())
	fatalIfErr(t, err)
	falseSelf := slices.Clone(self)
	falseSelf[bytes.Index(self, []byte("alice"))] ^= 1 // the issuer, then the subject
	falseSelf[bytes.LastIndex(self, []byte("alice"))] ^= 1
	falseIssued := slices.Clone(issued)
	falseIssued[bytes.Index(issued, []byte("bob"))] ^= 1
	for name, tt := range map[string]struct {
		der  []byte
		want error
	}{
		"self-signed":                       {self, nil},
		"issued":                            {issued, nil},
		"issued, false":                     {falseIssued, nil}, // the issuer's key is not known
		"self-signed, false":                {falseSelf, errKey},
		"trailing":                          {append(slices.Clone(self), 0), errKey},
		"cut":                               {self[:len(self)-1], errKey},
		"PEM":                               {[]byte("-----BEGIN CERTIFICATE-----\n"), errKey},
		"public key":                        {public, errKey},
		"PKCS #8":                           {private, ErrPrivateKey},
		"SEC 1":                             {sec1, ErrPrivateKey},
		"PKCS #1, public":                   {x509.MarshalPKCS1PublicKey(testRSAPublic(t)), errKey},
		"too large":                         {make([]byte, maxCertificate+1), errKey},
		"nothing but a sequence of nothing": {[]byte{0x30, 0}, errKey},
	} {
		if err := x509Key(tt.der).Check(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestX509Tampered flips a bit of every byte of a certificate that signs itself.
func TestX509Tampered(t *testing.T) {
	for _, name := range []string{"x509-ed25519", "x509-p256"} {
		good := vectorKey(t, name)
		for at := range good.Data {
			bad := x509Key(slices.Clone(good.Data))
			bad.Data[at] ^= 1 << (at % 8)
			if bad.Check() != nil {
				continue
			}
			c, err := x509.ParseCertificate(bad.Data)
			// Of an algorithm or curve that is not known, nothing can be verified.
			if err == nil && c.PublicKey != nil && bytes.Equal(c.RawIssuer, c.RawSubject) && bytes.Equal(c.AuthorityKeyId, c.SubjectKeyId) {
				t.Errorf("%s, byte %d: accepted", name, at)
			}
		}
	}
}

// TestX509Curve reads a certificate of a curve that the library does not parse.
func TestX509Curve(t *testing.T) {
	der, _ := newCertificate(t, nil, nil, nil)
	p256, brainpool := oidCurves[1], []byte("\x06\x08\x2a\x24\x03\x03\x02\x08\x01\x01") // not a curve of any
	k := x509Key(bytes.Replace(der, p256, brainpool, 1))
	if bytes.Equal(k.Data, der) {
		t.Fatal("no curve replaced")
	}
	fatalIfErr(t, k.Check())
	if d := k.Summary(); !strings.HasPrefix(d.Description, "X.509 ECDSA ") || d.Weak != nil || d.Expires != nil {
		t.Errorf("%+v", d)
	}
}

// TestX509NoEnd has the last date there is mean that there is none.
func TestX509NoEnd(t *testing.T) {
	for year, want := range map[int]bool{2040: true, 9998: true, 9999: false} {
		der, _ := newCertificate(t, func(c *x509.Certificate) {
			c.NotAfter = time.Date(year, 12, 31, 23, 59, 59, 0, time.UTC)
		}, nil, nil)
		if d := x509Key(der).Summary(); (d.Expires != nil) != want {
			t.Errorf("%d: expires %v", year, d.Expires)
		}
	}
}
