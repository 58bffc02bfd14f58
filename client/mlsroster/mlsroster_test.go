package mlsroster_test

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/mls/mlstest"
	"github.com/ghostlight-kt/ghostlight/client/mlsroster"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

var now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rosterOf makes a roster of a group with these leaves, by a GroupInfo that the
// first leaf's client signs.
func rosterOf(t testing.TB, signer *mlstest.Client, leaves ...*mls.LeafNode) (*roster.Roster, error) {
	t.Helper()
	g, err := mls.ParseGroupInfo(signer.GroupInfo(t, mlstest.Tree(leaves...), 0))
	fatalIfErr(t, err)
	return mlsroster.OfGroupInfo(g, mlsroster.Options{Me: " Alice@Example.org", Seen: now})
}

// certificate returns a leaf change that makes the credential an X.509 one, with a
// certificate that c issues to itself.
func certificate(t testing.TB, c *mlstest.Client, template x509.Certificate) func(*mls.LeafNode) {
	t.Helper()
	template.SerialNumber, template.NotAfter = big.NewInt(1), now
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, c.Signer.Public(), c.Signer)
	fatalIfErr(t, err)
	return func(l *mls.LeafNode) {
		l.Credential = mls.Credential{Type: mls.CredentialX509, Certificates: [][]byte{der, []byte("another")}}
	}
}

func TestRoster(t *testing.T) {
	for _, suite := range []mls.CipherSuite{1, 2} {
		alice, bob := mlstest.New(t, suite, "alice@example.org"), mlstest.New(t, suite, "bob@example.org")
		tablet := mlstest.New(t, suite, "Bob@EXAMPLE.org")
		carol := mlstest.New(t, suite, "carol")
		named := certificate(t, carol, x509.Certificate{EmailAddresses: []string{"Carol@Example.org", "carol@example.org"}, DNSNames: []string{"example.org"}})
		r, err := rosterOf(t, alice, alice.Leaf(), bob.Leaf(), nil, tablet.LeafIn(mls.SourceUpdate, []byte(mlstest.GroupID), 3), carol.Leaf(named))
		fatalIfErr(t, err)
		if r.Conversation != "67726f7570" || r.Me != "alice@example.org" || r.Agreed != nil || !r.Started.IsZero() {
			t.Errorf("%v: got %+v", suite, r)
		}
		want := []string{"alice@example.org: leaf 0", "bob@example.org: leaf 1, leaf 3", "carol@example.org: leaf 4"}
		if got := describe(r); strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Errorf("%v: members %q", suite, got)
		}
		d := r.Members[1].Devices[1]
		key := keyset.Key{Format: keyset.FormatMLSSignature, Data: mlstest.Cat(mlstest.Uint16(uint16(suite)), tablet.Public)}
		if d.Format != key.Format || string(d.Data) != string(key.Data) || d.Fingerprint != key.Fingerprint() || !d.FirstSeen.Equal(now) {
			t.Errorf("%v: device %+v", suite, d)
		}
		fatalIfErr(t, key.Check())
	}
}

func describe(r *roster.Roster) []string {
	var list []string
	for _, m := range r.Members {
		var names []string
		for _, d := range m.Devices {
			names = append(names, d.Name)
		}
		list = append(list, m.Label+": "+strings.Join(names, ", "))
	}
	return list
}

// A leaf that names nobody is not passed over.
func TestLeafWithoutLabel(t *testing.T) {
	alice, ghost := mlstest.New(t, 1, "alice@example.org"), mlstest.New(t, 1, "ghost")
	credential := func(c mls.Credential) func(*mls.LeafNode) {
		return func(l *mls.LeafNode) { l.Credential = c }
	}
	basic := func(identity string) func(*mls.LeafNode) {
		return credential(mls.Credential{Type: mls.CredentialBasic, Identity: []byte(identity)})
	}
	other := certificate(t, alice, x509.Certificate{EmailAddresses: []string{"ghost@example.org"}})
	for _, tt := range []struct {
		name   string
		change func(*mls.LeafNode)
		want   string
	}{
		{"no identity", basic(""), "leaf 1: malformed label: empty"},
		{"an identity that is not UTF-8", basic("\xff\xfe"), "leaf 1: malformed label"},
		{"an identity with a control character", basic("alice\n@example.org"), "leaf 1: malformed label"},
		{"an identity that is too long", basic(strings.Repeat("a", 256)), "leaf 1: malformed label"},
		{"an unknown credential", credential(mls.Credential{Type: 0xf001, Content: []byte("ghost@example.org")}), "a credential of type 61441"},
		{"a GREASE credential", credential(mls.Credential{Type: 0x0a0a}), "a credential of type 2570"},
		{"no certificate", credential(mls.Credential{Type: mls.CredentialX509}), "without a certificate"},
		{"no certificate in it", credential(mls.Credential{Type: mls.CredentialX509, Certificates: [][]byte{{1, 2, 3}}}), "cannot be parsed"},
		{"a certificate for another key", other, "for another key"},
		{"a certificate without names", certificate(t, ghost, x509.Certificate{}), "without an e-mail address"},
		{"a certificate of a host", certificate(t, ghost, x509.Certificate{DNSNames: []string{"example.org"}}), "without an e-mail address"},
		{"a certificate with a URI", certificate(t, ghost, x509.Certificate{URIs: []*url.URL{{Scheme: "im", Opaque: "ghost@example.org"}}}), "without an e-mail address"},
		{"a certificate of two people", certificate(t, ghost, x509.Certificate{EmailAddresses: []string{"a@example.org", "b@example.org"}}), "several e-mail addresses"},
	} {
		r, err := rosterOf(t, alice, alice.Leaf(), ghost.Leaf(tt.change))
		if r != nil || !errors.Is(err, mlsroster.ErrNoLabel) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if strings.Contains(err.Error(), "@example.org") {
			t.Errorf("%s: the error has an address: %v", tt.name, err)
		}
	}
}

func TestManyLeavesWithoutLabel(t *testing.T) {
	alice := mlstest.New(t, 1, "alice@example.org")
	leaves := []*mls.LeafNode{alice.Leaf()}
	for i := range 8 {
		c := mlstest.New(t, 1, fmt.Sprint(i))
		leaves = append(leaves, c.Leaf(func(l *mls.LeafNode) { l.Credential.Identity = nil }))
	}
	_, err := rosterOf(t, alice, leaves...)
	if !errors.Is(err, mlsroster.ErrNoLabel) || !strings.HasSuffix(err.Error(), "leaf 5: malformed label: empty, and 3 more") {
		t.Errorf("got %v", err)
	}
}

// There is no roster of what does not verify, and none beyond a roster's limits.
func TestRosterRefuses(t *testing.T) {
	alice, bob := mlstest.New(t, 1, "alice@example.org"), mlstest.New(t, 1, "bob@example.org")
	forged := bob.Leaf()
	forged.Credential.Identity = []byte("carol@example.org")
	if r, err := rosterOf(t, alice, alice.Leaf(), forged); r != nil || !errors.Is(err, mls.ErrNotVerified) {
		t.Errorf("a forged leaf: %v", err)
	}
	leaves := []*mls.LeafNode{alice.Leaf()}
	for i := range roster.MaxDevices {
		c := mlstest.New(t, 1, fmt.Sprint(i))
		leaves = append(leaves, c.Leaf(func(l *mls.LeafNode) { l.Credential.Identity = []byte("bob@example.org") }))
	}
	_, err := rosterOf(t, alice, leaves...)
	fatalIfErr(t, err)
	last := mlstest.New(t, 1, "bob@example.org")
	if r, err := rosterOf(t, alice, append(leaves, last.Leaf())...); r != nil || !errors.Is(err, mlsroster.ErrTooLarge) {
		t.Errorf("65 devices: %v", err)
	}
	g, err := mls.ParseGroupInfo(alice.GroupInfo(t, mlstest.Tree(alice.Leaf()), 0, func(g *mls.GroupInfo) { g.Context.GroupID = make([]byte, 256) }))
	fatalIfErr(t, err)
	if r, err := mlsroster.OfGroupInfo(g, mlsroster.Options{Seen: now}); r != nil || !errors.Is(err, mlsroster.ErrTooLarge) {
		t.Errorf("a long group id: %v", err)
	}
	g, err = mls.ParseGroupInfo(alice.GroupInfo(t, mlstest.Tree(alice.Leaf()), 0))
	fatalIfErr(t, err)
	if r, err := mlsroster.OfGroupInfo(g, mlsroster.Options{Me: "\x00", Seen: now}); r != nil || err == nil {
		t.Error("a label of the user's that is none passed")
	}
}

func TestRosterOfTree(t *testing.T) {
	alice, bob := mlstest.New(t, 1, "alice@example.org"), mlstest.New(t, 1, "bob@example.org")
	tree, err := mls.ParseRatchetTree(mlstest.Tree(alice.Leaf(), bob.LeafIn(mls.SourceCommit, []byte("group"), 1)))
	fatalIfErr(t, err)
	r, err := mlsroster.OfTree(tree, 1, []byte("group"), mlsroster.Options{Seen: now})
	fatalIfErr(t, err)
	if got := describe(r); len(got) != 2 || r.Me != "" {
		t.Errorf("got %q, me %q", got, r.Me)
	}
	if r, err := mlsroster.OfTree(tree, 1, []byte("other"), mlsroster.Options{Seen: now}); r != nil || !errors.Is(err, mls.ErrNotVerified) {
		t.Errorf("for another group: %v", err)
	}
	if r, err := mlsroster.OfTree(tree, 0x1a1a, []byte("group"), mlsroster.Options{Seen: now}); r != nil || !errors.Is(err, mls.ErrUnknownCipherSuite) {
		t.Errorf("with an unknown suite: %v", err)
	}
}
