package account

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
)

func TestPrivateFile(t *testing.T) {
	for _, a := range []Algorithm{Ed25519, P256} {
		private, err := NewSigner(a)
		fatalIfErr(t, err)
		file, err := MarshalPrivate(private)
		fatalIfErr(t, err)
		for _, f := range [][]byte{file, bytes.ReplaceAll(file, []byte("\n"), []byte("\r\n")), append([]byte("\n"), file...)} {
			got, err := ParsePrivate(f)
			fatalIfErr(t, err)
			if keyOf(t, got) != keyOf(t, private) {
				t.Errorf("%v: another key was read", a)
			}
		}
	}
	if _, err := NewSigner(3); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("algorithm 3: %v", err)
	}
}

func TestPrivateFilesRefused(t *testing.T) {
	file, err := MarshalPrivate(signer(t, P256, "one"))
	fatalIfErr(t, err)
	pkcs8 := func(key any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		fatalIfErr(t, err)
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	r, err := rsa.GenerateKey(nil, 2048)
	fatalIfErr(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), nil)
	fatalIfErr(t, err)
	x25519, err := ecdh.X25519().GenerateKey(nil)
	fatalIfErr(t, err)
	named := func(typ string, headers map[string]string) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: typ, Headers: headers, Bytes: []byte("secret")})
	}
	for name, c := range map[string]struct {
		file []byte
		want error
		say  string
	}{
		"empty":       {nil, errMalformed, "kt account new"},
		"no PEM":      {[]byte("secret"), errMalformed, "kt account new"},
		"text before": {append([]byte("secret\n"), file...), errMalformed, "PEM"},
		"text after":  {append(bytes.Clone(file), "secret"...), errMalformed, "after the key"},
		"two keys":    {append(bytes.Clone(file), file...), errMalformed, "after the key"},
		"encrypted":   {named("ENCRYPTED PRIVATE KEY", nil), errMalformed, "encrypted"},
		"headers":     {named("PRIVATE KEY", map[string]string{"Proc-Type": "4,ENCRYPTED"}), errMalformed, "encrypted"},
		"SEC 1":       {named("EC PRIVATE KEY", nil), errMalformed, "pkcs8 -topk8"},
		"public":      {named("PUBLIC KEY", nil), errMalformed, "the private one signs"},
		"cut":         {file[:len(file)/2], errMalformed, "damaged"},
		"OpenSSH":     {named("OPENSSH PRIVATE KEY", nil), errMalformed, "kt account new makes one"},
		"not PKCS #8": {named("PRIVATE KEY", nil), errMalformed, "PKCS #8"},
		"RSA":         {pkcs8(r), errKey, "an RSA key; Ed25519"},
		"P-384":       {pkcs8(p384), errKey, "P-256"},
		"X25519":      {pkcs8(x25519), errKey, "does not sign; Ed25519"},
		"huge":        {bytes.Repeat([]byte("x"), 1<<20), errMalformed, "at most"},
	} {
		got, err := ParsePrivate(c.file)
		if !errors.Is(err, c.want) || got != nil || !strings.Contains(err.Error(), c.say) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := MarshalPrivate(r); !errors.Is(err, errKey) {
		t.Errorf("an RSA key is written: %v", err)
	}
	if _, err := MarshalPrivate(element{signer(t, P256, "one"), false}); !errors.Is(err, errKey) {
		t.Errorf("a secure element is written: %v", err)
	}
}
