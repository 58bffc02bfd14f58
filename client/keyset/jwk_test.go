package keyset

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func jwkKey(text string) Key { return Key{Format: FormatJWK, Data: []byte(text)} }

func TestJWKCheck(t *testing.T) {
	rsa := string(vectorKey(t, "jwk-rsa").Data)
	ec := string(vectorKey(t, "jwk-ec").Data)
	ed := string(vectorKey(t, "jwk-ed25519").Data)
	for name, tt := range map[string]struct {
		text string
		want error
	}{
		"nothing":                     {"", errKey},
		"no object":                   {"[]", errKey},
		"empty object":                {"{}", errKey},
		"another order":               {`{"kty":"RSA","e":"AQAB","n":` + rsa[strings.Index(rsa, `"n":`)+4:], errKey},
		"another order, OKP":          {`{"kty":"OKP","crv":"Ed25519","x":` + ed[strings.Index(ed, `"x":`)+4:], errKey},
		"spaces":                      {strings.ReplaceAll(ec, ",", ", "), errKey},
		"newline behind":              {ec + "\n", errKey},
		"a key id":                    {strings.Replace(ec, `"kty"`, `"kid":"1","kty"`, 1), errKey},
		"a use":                       {strings.Replace(ec, `"x"`, `"use":"sig","x"`, 1), errKey},
		"a member twice":              {strings.Replace(ec, `"kty":"EC"`, `"kty":"EC","kty":"EC"`, 1), errKey},
		"key type twice":              {strings.Replace(rsa, `"kty":"RSA"`, `"kty":"RSA","kty":"EC"`, 1), errKey},
		"escapes":                     {strings.Replace(ec, "EC", `\u0045C`, 1), errKey},
		"nested":                      {strings.Replace(ec, `"kty"`, `"jwk":{},"kty"`, 1), errKey},
		"padded":                      {strings.Replace(ec, `"}`, `="}`, 1), errKey},
		"exponent with a zero before": {strings.Replace(rsa, "AQAB", "AAEAAQ", 1), errKey},
		"exponent 1":                  {strings.Replace(rsa, "AQAB", "AQ", 1), errKey},
		"off the curve":               {strings.Replace(ec, `"x":"M`, `"x":"N`, 1), errKey},
		"coordinate cut":              {strings.Replace(ec, `FyM"`, `F"`, 1), errKey},
		"curve of another":            {strings.Replace(ec, "P-256", "P-384", 1), errKey},
		"OKP off the curve":           {strings.Replace(ed, `"x":"11q`, `"x":"21q`, 1), errKey},
		"OKP cut":                     {strings.Replace(ed, `cHURo`, ``, 1), errKey},
		"OKP, bits behind":            {strings.Replace(ed, `URo"`, `URp"`, 1), errKey},
		"OKP, line break":             {strings.Replace(ed, `11q`, "11q\n", 1), errKey},
		"unknown curve":               {strings.Replace(ed, "Ed25519", "Ed999", 1), errUnsupported},
		"unknown curve, EC":           {strings.Replace(ec, "P-256", "secp256k1", 1), errUnsupported},
		"unknown key type":            {`{"alg":"ML-DSA-44","kty":"AKP","pub":"AAAA"}`, errUnsupported},
		"symmetric":                   {`{"k":"GawgguFyGrWKav7AX4VKUg","kty":"oct"}`, ErrPrivateKey},
		"private RSA":                 {strings.Replace(rsa, `"e"`, `"d":"AQ","e"`, 1), ErrPrivateKey},
		"private with spaces":         {"{ \"kty\" : \"EC\",\n \"d\" :\t\"AQ\" }", ErrPrivateKey},
		"prime":                       {strings.Replace(rsa, `"e"`, `"dp":"AQ","e"`, 1), ErrPrivateKey},
		"huge":                        {`{"e":"AQAB","kty":"RSA","n":"` + strings.Repeat("_", maxJWK) + `"}`, errKey},
		"deep":                        {strings.Repeat(`{"a":`, 1000), errKey},
	} {
		if err := jwkKey(tt.text).Check(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if weak := strings.Join(jwkKey(tt.text).Summary().Weak, " "); (weak == "") != errors.Is(tt.want, errUnsupported) {
			t.Errorf("%s: weak %q", name, weak)
		}
	}
}

// TestJWKTwin holds the thumbprint against that of the JOSE library, for curves
// whose coordinates are padded.
func TestJWKTwin(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		for range 20 {
			private, err := ecdsa.GenerateKey(curve, rand.Reader)
			fatalIfErr(t, err)
			point, err := private.PublicKey.Bytes()
			fatalIfErr(t, err)
			size := (len(point) - 1) / 2
			b64 := base64.RawURLEncoding.EncodeToString
			k := jwkKey(`{"crv":"` + curve.Params().Name + `","kty":"EC","x":"` + b64(point[1:1+size]) + `","y":"` + b64(point[1+size:]) + `"}`)
			fatalIfErr(t, k.Check())
			want, err := (&jose.JSONWebKey{Key: &private.PublicKey}).Thumbprint(crypto.SHA256)
			fatalIfErr(t, err)
			if k.Fingerprint() != b64(want) {
				t.Errorf("fingerprint %s, want %s", k.Fingerprint(), b64(want))
			}
		}
	}
}
