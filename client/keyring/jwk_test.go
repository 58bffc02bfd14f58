package keyring

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

func TestJWK(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	fatalIfErr(t, err)
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	fatalIfErr(t, err)
	set, err := json.MarshalIndent(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: ed, KeyID: "Alice@example.org", Use: "sig"}, {Key: rsaKey.Public(), KeyID: "phone", Use: "enc", Algorithm: "RSA-OAEP"},
	}}, "", "  ")
	fatalIfErr(t, err)
	res := mustRead(t, set, Options{DefaultLabel: "b"})
	checkLabels(t, "set", res, "alice@example.org=1 b=1")
	k := onlyKey(t, res, "b")
	if p := k.Purposes(); k.Name != "phone" || len(p) != 1 || p[0] != keyset.PurposeEncryption || k.Check() != nil {
		t.Errorf("%s is for %v", k.Describe(), p)
	}
	if p := onlyKey(t, res, "alice@example.org").Purposes(); len(p) != 1 || p[0] != keyset.PurposeSigning {
		t.Errorf("purposes %v", p)
	}
	thumbprint, err := (&jose.JSONWebKey{Key: rsaKey.Public()}).Thumbprint(crypto.SHA256)
	if err != nil || k.Fingerprint() != b64(thumbprint) {
		t.Errorf("thumbprint %s, want %s, %v", k.Fingerprint(), b64(thumbprint), err)
	}
	checkLabels(t, "label", mustRead(t, set, Options{Label: "x"}), "x=2")

	x := b64(ed)
	good := `{"kty":"OKP","crv":"Ed25519","x":"` + x + `"}`
	for name, tt := range map[string]struct{ key, reason string }{
		"key type":      {`{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}`, "not known"},
		"no type":       {`{"crv":"Ed25519","x":"` + x + `"}`, "not known"},
		"curve":         {strings.Replace(good, "Ed25519", "Ed25520", 1), "unsupported"},
		"no curve":      {`{"kty":"OKP","x":"` + x + `"}`, `"crv" is missing`},
		"odd curve":     {strings.Replace(good, "Ed25519", `Ed\",\"d\":`, 1), `not a name`},
		"no x":          {`{"kty":"OKP","crv":"Ed25519"}`, `"x" is missing`},
		"padded":        {strings.Replace(good, x, x+"=", 1), "not base64url"},
		"short":         {strings.Replace(good, x, x[:40], 1), "bytes, not 32"},
		"small order":   {strings.Replace(good, x, b64(append([]byte{1}, make([]byte, 31)...)), 1), "small order"},
		"not a point":   {strings.Replace(good, x, b64(bytes.Repeat([]byte{2}, 32)), 1), "not the encoding of a point"},
		"a number":      {`{"kty":"OKP","crv":"Ed25519","x":7}`, "another type"},
		"no object":     {`7`, "another type"},
		"EC":            {`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`, "EC"},
		"EC, no y":      {`{"kty":"EC","crv":"P-256","x":"AA"}`, `"y" is missing`},
		"RSA, no e":     {`{"kty":"RSA","n":"AQAB"}`, `"e" is missing`},
		"RSA, small":    {`{"kty":"RSA","e":"AQAB","n":"AQAB"}`, ""},
		"RSA, padded n": {`{"kty":"RSA","e":"AQAB","n":"` + b64(append([]byte{0}, rsaKey.N.Bytes()...)) + `"}`, "canonical"},
	} {
		res := mustRead(t, []byte(`{"keys":[`+good+","+tt.key+`]}`), Options{Label: "x"})
		checkLabels(t, name, res, "x=1")
		checkSkipped(t, name, res, tt.reason)
	}
	for name, tt := range map[string]struct {
		text string
		want error
	}{
		"another JSON": {`{"a":1}`, ErrUnrecognized},
		"an array":     {`[` + good + `]`, ErrUnrecognized},
		"no keys":      {`{"keys":7}`, ErrUnrecognized},
		"cut":          {good[:20], ErrUnrecognized},
		"more":         {good + good, errMalformed},
		"garbage":      {good + "x", errMalformed},
		"many":         {`{"keys":[` + strings.Repeat("{},", maxBlocks) + `{}]}`, ErrTooLarge},
		"deep":         {strings.Repeat("[", 100_000), ErrUnrecognized},
	} {
		checkFails(t, name, []byte(tt.text), Options{Label: "x"}, tt.want, "")
	}
	checkLabels(t, "no keys", mustRead(t, []byte(`{"keys":[]}`), Options{Label: "x"}), "")
}
