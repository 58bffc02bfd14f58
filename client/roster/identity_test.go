package roster

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"golang.org/x/crypto/ssh"
)

func certificate(t *testing.T, signer ed25519.PrivateKey, serial int64) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: zero, NotAfter: zero.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	fatalIfErr(t, err)
	return der
}

// TestMaterial checks that all formats of one key are one key, and those of two
// are two.
func TestMaterial(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	fatalIfErr(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatalIfErr(t, err)
	point, err := ec.PublicKey.Bytes()
	fatalIfErr(t, err)
	blob := func(key any) []byte {
		k, err := ssh.NewPublicKey(key)
		fatalIfErr(t, err)
		return k.Marshal()
	}
	b64 := base64.RawURLEncoding.EncodeToString
	x := raw25519('b')
	groups := [][]keyset.Key{
		{
			{Format: keyset.FormatEd25519, Data: public},
			{Format: keyset.FormatSSH, Data: blob(public)},
			{Format: keyset.FormatJWK, Data: fmt.Appendf(nil, `{"crv":"Ed25519","kty":"OKP","x":"%s"}`, b64(public))},
			{Format: keyset.FormatMLSSignature, Data: append([]byte{0, 1}, public...)},
			{Format: keyset.FormatMLSSignature, Data: append([]byte{0, 3}, public...)},
		},
		{
			{Format: keyset.FormatP256, Data: point},
			{Format: keyset.FormatSSH, Data: blob(&ec.PublicKey)},
			{Format: keyset.FormatJWK, Data: fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, b64(point[1:33]), b64(point[33:]))},
			{Format: keyset.FormatMLSSignature, Data: append([]byte{0, 2}, point...)},
		},
		{
			{Format: keyset.FormatX25519, Data: x},
			{Format: keyset.FormatSignal, Data: append([]byte{5}, x...)},
			{Format: keyset.FormatJWK, Data: fmt.Appendf(nil, `{"crv":"X25519","kty":"OKP","x":"%s"}`, b64(x))},
		},
		{
			{Format: keyset.FormatX509, Data: certificate(t, private, 1)},
			{Format: keyset.FormatX509, Data: certificate(t, private, 2)},
		},
		{{Format: keyset.FormatEd25519, Data: x}},
		{
			{Format: keyset.FormatMLSSignature, Data: append([]byte{0, 4}, make([]byte, 57)...)},
			{Format: keyset.FormatMLSSignature, Data: append([]byte{0, 6}, make([]byte, 57)...)},
		},
		{{Format: keyset.FormatMLSSignature, Data: append([]byte{0, 9}, public...)}},
	}
	seen := make(map[string]int)
	for i, group := range groups {
		for _, k := range group {
			if err := k.Check(); err != nil && i < 4 {
				t.Errorf("group %d, %v: %v", i, k.Format, err)
			}
			id := material(k)
			if at, known := seen[id]; id == "" || known && at != i {
				t.Errorf("group %d, %v: %q, as in group %d", i, k.Format, id, at)
			}
			seen[id] = i
		}
	}
	if len(seen) != len(groups) {
		t.Errorf("%d keys of %d: %v", len(seen), len(groups), seen)
	}
}

// TestNoMaterial checks that what is cut, too long or of another shape is no
// other format's key.
func TestNoMaterial(t *testing.T) {
	x := raw25519('b')
	sshBlob := append([]byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"), x...)
	for _, k := range []keyset.Key{
		{Format: keyset.FormatX25519, Data: x[:31]},
		{Format: keyset.FormatSignal, Data: append([]byte{4}, x...)},
		{Format: keyset.FormatSignal, Data: x},
		{Format: keyset.FormatSSH, Data: sshBlob[:50]},
		{Format: keyset.FormatSSH, Data: append(bytes.Clone(sshBlob), 0)},
		{Format: keyset.FormatSSH, Data: []byte{0xff, 0xff, 0xff, 0xff}},
		{Format: keyset.FormatSSH, Data: []byte("\x00\x00\x00\x07ssh-rsa")},
		{Format: keyset.FormatJWK, Data: []byte(`{"crv":"X25519","kty":"OKP","x":"AA"}`)},
		{Format: keyset.FormatX509, Data: x},
		{Format: keyset.FormatMLSSignature, Data: []byte{0, 1}},
		{Format: keyset.FormatMLSSignature, Data: append([]byte{0, 1}, x[:31]...)},
		{Format: keyset.FormatMLSSignature, Data: append([]byte{0, 7}, x...)},
		{Format: keyset.FormatMLSKeyPackage, Data: append([]byte{0, 1, 0, 1, 1, 1, 1, 1, 32}, x...)},
		{Format: keyset.FormatAge, Data: []byte("age1")},
		{Format: keyset.FormatPrivateUse, Data: x},
	} {
		if id := material(k); id != "" {
			t.Errorf("%v %x: %s", k.Format, k.Data, id)
		}
	}
}

// TestKeyPackages checks that a KeyPackage is the client whose signature key it
// has, but only if that key signed it.
func TestKeyPackages(t *testing.T) {
	doc, err := os.ReadFile("../keyset/testdata/keys.txt")
	fatalIfErr(t, err)
	n := 0
	for _, vector := range strings.Split(string(doc), "\n\n") {
		_, text, found := strings.Cut(vector, "\ndata: ")
		if !found || !strings.Contains(vector, "\nformat: MLS-KeyPackage\n") {
			continue
		}
		n++
		data, err := hex.DecodeString(strings.TrimSpace(text))
		fatalIfErr(t, err)
		k := keyset.Key{Format: keyset.FormatMLSKeyPackage, Data: data}
		id := material(k)
		_, key, _ := strings.Cut(id, " ")
		public, err := hex.DecodeString(key)
		if id == "" || err != nil || !bytes.Contains(data, public) {
			t.Errorf("%.40s: %q", vector, id)
		}
		data[len(data)-1] ^= 1
		ids := make(identities)
		ids.learn(k, k.Fingerprint())
		set := keyset.Set{Keys: []keyset.Key{k}}
		ids.learnVersion(&Version{Set: set, Keys: set.Summary()})
		if len(ids) > 0 {
			t.Errorf("%.40s: with a false signature it is %v", vector, ids)
		}
	}
	if n == 0 {
		t.Fatal("no vectors of KeyPackages")
	}
}

func TestIndexOf(t *testing.T) {
	x := raw25519('b')
	raw := keyset.Key{Format: keyset.FormatX25519, Data: x}
	signal := keyset.Key{Format: keyset.FormatSignal, Data: append([]byte{5}, x...)}
	v := versionOf(0, 0, none, key("a"), signal)
	for want, d := range map[int]Device{
		0:  {Format: keyset.FormatX25519, Fingerprint: key("a").Fingerprint()},
		1:  device(raw),
		-1: device(keyset.Key{Format: keyset.FormatEd25519, Data: x}),
	} {
		if got := v.IndexOf(d); got != want {
			t.Errorf("%v is key %d, not %d", d.Format, got, want)
		}
	}
	if got := v.IndexOf(device(signal)); got != 1 {
		t.Errorf("the listed key itself is %d", got)
	}
	if got := v.IndexOf(Device{Format: keyset.FormatX25519, Fingerprint: raw.Fingerprint()}); got != -1 {
		t.Errorf("a fingerprint that nothing explains is key %d", got)
	}
}
