package scenario

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// certificate makes an X.509 certificate of a key, valid until a time.
func (p *person) certificate(key ed25519.PrivateKey, until time.Time) []byte {
	p.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(until.Unix()), Subject: pkix.Name{CommonName: p.label}, EmailAddresses: []string{p.label},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	fatalIfErr(p.T, err)
	return der
}

// publishCertificate publishes a certificate.
func (p *person) publishCertificate(der []byte) {
	p.Helper()
	file := filepath.Join(p.TempDir(), "certificate.pem")
	fatalIfErr(p.T, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	p.kt(append([]string{"publish", p.label, file}, p.writeFlags()...)...).exits(p.T, exitVerified)
}

// withCertificate returns the person as a member whose session uses a certificate.
func (p *person) withCertificate(der []byte) member {
	m := p.as()
	m.Devices = append(m.Devices, sessionDevice{"X.509", der, ""})
	return m
}

// Bob's certificate expires while Alice's session uses it, and he renews it some time
// later. All of that is innocent. Only a key that somebody else puts in its place is not.
func TestExpiredKey(t *testing.T) {
	s := newStage(t)
	alice, bob, operator := s.enter("alice@example.org"), s.enter("bob@example.org"), s.operator("bob@example.org")
	alice.publish("alice's phone")
	_, key, err := ed25519.GenerateKey(nil)
	fatalIfErr(t, err)
	ends := time.Now().Add(4 * time.Second)
	old := bob.certificate(key, ends)
	bob.publishCertificate(old)
	alice.check(alice.conversation(alice.as("alice's phone"), bob.withCertificate(old))).clean(t)

	time.Sleep(time.Until(ends) + 1100*time.Millisecond) // certificates count in seconds
	c := alice.check(alice.conversation(alice.as("alice's phone"), bob.withCertificate(old)))
	c.clean(t)
	c.notes(t, "stale-key", bob.label)

	renewed := bob.certificate(key, time.Now().Add(time.Hour))
	bob.publishCertificate(renewed)
	for _, der := range [][]byte{old, renewed} { // until the session has the new one, and then
		alice.check(alice.conversation(alice.as("alice's phone"), bob.withCertificate(der))).clean(t)
	}

	_, others, err := ed25519.GenerateKey(nil)
	fatalIfErr(t, err)
	operator.publishCertificate(operator.certificate(others, time.Now().Add(time.Hour)))
	alice.check(alice.conversation(alice.as("alice's phone"), bob.withCertificate(renewed))).
		finds(t, exitAttention, "stale-key bob@example.org", "dormant-insertion bob@example.org")
}
