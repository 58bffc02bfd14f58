package keyring

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// birth is when generated keys are made, now when they are read.
var (
	birth = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	now   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func at(when time.Time) *packet.Config {
	return &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return when }}
}

// newCert makes a certificate with one user id per address, at birth.
func newCert(t testing.TB, config *packet.Config, addresses ...string) *openpgp.Entity {
	t.Helper()
	if config == nil {
		config = at(birth)
	}
	e, err := openpgp.NewEntity("Some Body", "", addresses[0], config)
	fatalIfErr(t, err)
	for _, a := range addresses[1:] {
		fatalIfErr(t, e.AddUserId("Some Body", "", a, config))
	}
	return e
}

func serialize(t testing.TB, entities ...*openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, e := range entities {
		fatalIfErr(t, e.Serialize(&b))
	}
	return b.Bytes()
}

// addUserID adds a user id of any form, which the library would refuse.
func addUserID(t testing.TB, e *openpgp.Entity, id string, config *packet.Config) {
	t.Helper()
	u := &packet.UserId{Id: id}
	sig := newSig(packet.SigTypePositiveCert, e, config)
	fatalIfErr(t, sig.SignUserId(id, e.PrimaryKey, e.PrivateKey, config))
	e.Identities[id] = &openpgp.Identity{
		Primary: e, Name: id, UserId: u,
		SelfCertifications: []*packet.VerifiableSignature{packet.NewVerifiableSig(sig)},
	}
}

func newSig(typ packet.SignatureType, e *openpgp.Entity, config *packet.Config) *packet.Signature {
	return &packet.Signature{
		Version: e.PrimaryKey.Version, SigType: typ, PubKeyAlgo: e.PrimaryKey.PubKeyAlgo,
		Hash: config.Hash(), CreationTime: config.Now(),
		IssuerKeyId: &e.PrimaryKey.KeyId, IssuerFingerprint: e.PrimaryKey.Fingerprint,
	}
}

// identity returns the user id with the address.
func identity(t testing.TB, e *openpgp.Entity, address string) *openpgp.Identity {
	t.Helper()
	for name, id := range e.Identities {
		if strings.Contains(name, address) {
			return id
		}
	}
	t.Fatalf("no user id with %s", address)
	return nil
}

func revokeUserID(t testing.TB, e *openpgp.Entity, address string, when time.Time) {
	t.Helper()
	id := identity(t, e, address)
	sig := newSig(packet.SigTypeCertificationRevocation, e, at(when))
	fatalIfErr(t, sig.SignUserId(id.Name, e.PrimaryKey, e.PrivateKey, at(when)))
	id.Revocations = append(id.Revocations, packet.NewVerifiableSig(sig))
}

// armored wraps data as gpg does; go-crypto's encoder is not needed for it.
func armored(typ string, data []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "-----BEGIN %s-----\nComment: generated\n\n", typ)
	text := base64.StdEncoding.EncodeToString(data)
	for len(text) > 64 {
		b.WriteString(text[:64] + "\n")
		text = text[64:]
	}
	fmt.Fprintf(&b, "%s\n=AAAA\n-----END %s-----\n", text, typ)
	return b.String()
}

func readBytes(data []byte, opt Options) (Result, error) {
	if opt.Now.IsZero() {
		opt.Now = now
	}
	return Read(bytes.NewReader(data), "ring", opt)
}

func mustRead(t testing.TB, data []byte, opt Options) Result {
	t.Helper()
	res, err := readBytes(data, opt)
	fatalIfErr(t, err)
	return res
}

// listed lists the labels of a result with the number of their keys.
func listed(entries []Entry) string {
	var s []string
	for _, e := range entries {
		s = append(s, fmt.Sprintf("%s=%d", e.Label, len(e.Set.Keys)))
	}
	return strings.Join(s, " ")
}

func checkLabels(t testing.TB, what string, res Result, want string) {
	t.Helper()
	if got := listed(res.Entries); got != want {
		t.Errorf("%s: labels %q, want %q; skipped %v", what, got, want, res.Skipped)
	}
}

func checkSkipped(t testing.TB, what string, res Result, reasons ...string) {
	t.Helper()
	if len(res.Skipped) != len(reasons) {
		t.Errorf("%s: skipped %v, want %q", what, res.Skipped, reasons)
		return
	}
	for i, r := range reasons {
		if !strings.Contains(res.Skipped[i].Reason, r) {
			t.Errorf("%s: skipped %v, want reason %q", what, res.Skipped[i], r)
		}
	}
}

// checkFails reads data and checks which error comes back, with no result.
func checkFails(t testing.TB, what string, data []byte, opt Options, want error, text string) {
	t.Helper()
	res, err := readBytes(data, opt)
	if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: error %v, want %v with %q", what, err, want, text)
	}
	if len(res.Entries)+len(res.Skipped)+res.Items != 0 {
		t.Errorf("%s: a result came back with the error", what)
	}
}

// encode joins the encodings of all entries.
func encode(t testing.TB, entries []Entry) []byte {
	t.Helper()
	var b []byte
	for _, e := range entries {
		enc, err := e.Set.Marshal()
		fatalIfErr(t, err)
		b = append(append(b, e.Label...), enc...)
	}
	return b
}

// onlyKey returns the one key of the label.
func onlyKey(t testing.TB, res Result, label string) keyset.Key {
	t.Helper()
	for _, e := range res.Entries {
		if e.Label == label && len(e.Set.Keys) == 1 {
			return e.Set.Keys[0]
		}
	}
	t.Fatalf("no single key for %s: %s", label, listed(res.Entries))
	return keyset.Key{}
}

func readEntity(t testing.TB, k keyset.Key) *openpgp.Entity {
	t.Helper()
	e, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(k.Data)))
	fatalIfErr(t, err)
	return e
}

// tags lists the packet types of a certificate.
func tags(t testing.TB, data []byte) string {
	t.Helper()
	var s []string
	forPackets(t, data, func(k pkt) { s = append(s, fmt.Sprint(k.tag)) })
	return strings.Join(s, " ")
}

// shortLived makes keys that expire a day after birth.
func shortLived() *packet.Config {
	c := at(birth)
	c.KeyLifetimeSecs = 86400
	return c
}
