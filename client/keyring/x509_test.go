package keyring

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// newCertificate makes a certificate by issuer, nil for one that issues itself.
func newCertificate(t testing.TB, template *x509.Certificate, issuer *x509.Certificate, issuerKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatalIfErr(t, err)
	template.SerialNumber = big.NewInt(1)
	if template.NotBefore.IsZero() {
		template.NotBefore, template.NotAfter = birth, now.AddDate(1, 0, 0)
	}
	template.BasicConstraintsValid = true
	if issuer == nil {
		issuer, issuerKey = template, k
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, k.Public(), issuerKey)
	fatalIfErr(t, err)
	c, err := x509.ParseCertificate(der)
	fatalIfErr(t, err)
	return c, k
}

func certificatePEM(list ...*x509.Certificate) []byte {
	var b []byte
	for _, c := range list {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return b
}

func TestCertificates(t *testing.T) {
	name := func(cn string) pkix.Name { return pkix.Name{CommonName: cn} }
	root, rootKey := newCertificate(t, &x509.Certificate{Subject: name("root"), IsCA: true, EmailAddresses: []string{"ca@example.org"}}, nil, nil)
	middle, middleKey := newCertificate(t, &x509.Certificate{Subject: name("middle"), IsCA: true}, root, rootKey)
	user, _ := newCertificate(t, &x509.Certificate{Subject: name("u"), EmailAddresses: []string{"Alice@Example.org", "alice@example.net", "alice@EXAMPLE.org"}}, middle, middleKey)
	none, _ := newCertificate(t, &x509.Certificate{Subject: name("n")}, middle, middleKey)
	odd, _ := newCertificate(t, &x509.Certificate{Subject: name("o"), EmailAddresses: []string{"alice@laptop"}}, middle, middleKey)
	old, _ := newCertificate(t, &x509.Certificate{Subject: name("u"), NotBefore: birth, NotAfter: birth.Add(time.Hour), EmailAddresses: []string{"a@b.c"}}, nil, nil)
	young, _ := newCertificate(t, &x509.Certificate{Subject: name("u"), NotBefore: now.Add(time.Hour), NotAfter: now.AddDate(1, 0, 0)}, nil, nil)

	res := mustRead(t, certificatePEM(user, middle, root), Options{})
	checkLabels(t, "chain", res, "alice@example.net=1 alice@example.org=1")
	checkSkipped(t, "chain", res, reasonIssuer, reasonIssuer)
	if k := onlyKey(t, res, "alice@example.net"); k.Name != "" || !bytes.Equal(k.Data, user.Raw) {
		t.Errorf("key %s", k.Describe())
	}
	res = mustRead(t, certificatePEM(root), Options{})
	checkLabels(t, "its own issuer", res, "ca@example.org=1")
	checkLabels(t, "label", mustRead(t, certificatePEM(user, none), Options{Label: "x"}), "x=2")
	res = mustRead(t, certificatePEM(none, odd, user), Options{DefaultLabel: "d"})
	checkLabels(t, "default", res, "alice@example.net=1 alice@example.org=1 d=2")
	checkSkipped(t, "no label", mustRead(t, none.Raw, Options{}), "no label")
	checkSkipped(t, "authority", mustRead(t, middle.Raw, Options{Label: "x"}), reasonIssuer)
	checkSkipped(t, "young", mustRead(t, young.Raw, Options{Label: "x"}), reasonNotYet)
	checkSkipped(t, "expired", mustRead(t, old.Raw, Options{}), reasonX509Expired)
	checkLabels(t, "expired", mustRead(t, old.Raw, Options{Expired: true}), "a@b.c=1")
	res = mustRead(t, append([]byte("# bob@example.org\n"), certificatePEM(user)...), Options{})
	checkLabels(t, "address above", res, "bob@example.org=1")

	forged := bytes.Clone(old.Raw)
	forged[len(forged)-1] ^= 1
	checkSkipped(t, "false signature", mustRead(t, forged, Options{Label: "x", Expired: true}), "its signature of itself is false")
}
