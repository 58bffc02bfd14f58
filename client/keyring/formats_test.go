package keyring

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/mlkem"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// vectors are the keys in the test vectors of package keyset.
func vectors(t testing.TB) map[string]keyset.Key {
	t.Helper()
	data, err := os.ReadFile("../keyset/testdata/keys.txt")
	fatalIfErr(t, err)
	all := make(map[string]keyset.Key)
	name, format := "", keyset.Format(0)
	for line := range strings.Lines(string(data)) {
		field, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch field {
		case "name":
			name = value
		case "format":
			for format = 1; format.String() != value; format++ {
			}
		case "data":
			key, err := hex.DecodeString(value)
			fatalIfErr(t, err)
			all[name] = keyset.Key{Format: format, Data: key}
		}
	}
	return all
}

// forms are the files in which people have a key.
func forms(k keyset.Key) map[string][]byte {
	std := base64.StdEncoding.EncodeToString(k.Data)
	switch k.Format {
	case keyset.FormatX509:
		return map[string][]byte{
			"DER": k.Data, "PEM": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Data}),
			"PEM, with text": append([]byte("Certificate:\n    Data: , {\n"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Data})...),
		}
	case keyset.FormatJWK:
		return map[string][]byte{"JWK": k.Data, "JWK Set": []byte(`{"keys": [` + string(k.Data) + "]}\n")}
	case keyset.FormatMLSKeyPackage:
		return map[string][]byte{
			"bare": k.Data, "MLSMessage": append(bytes.Clone(mlsKeyPackage), k.Data...), "line": []byte("mls-keypackage " + std),
		}
	case keyset.FormatAge:
		return map[string][]byte{"line": k.Data}
	case keyset.FormatOpenPGP:
		return nil // has tests of its own
	case keyset.FormatSSH:
		s := cryptobyte.String(k.Data)
		var name cryptobyte.String
		s.Skip(3)
		s.ReadUint8LengthPrefixed(&name)
		return map[string][]byte{"line": []byte(string(name) + " " + std)}
	}
	return map[string][]byte{
		"line": []byte(k.Format.String() + " " + std), "base64url": []byte(strings.ToUpper(k.Format.String()) + "  " + b64(k.Data) + " \r\n# comment\n"),
	}
}

// TestFormats reads the vectors of every format in the forms of their files. DSA keys of
// SSH are not read: the SSH library does not know them any more.
func TestFormats(t *testing.T) {
	read := make(map[keyset.Format]int)
	for name, k := range vectors(t) {
		for form, file := range forms(k) {
			res := mustRead(t, file, Options{Label: "x", Expired: true, Now: time.Now()})
			if len(res.Entries) != 1 {
				if name != "ssh-dss" {
					t.Errorf("%s, %s: %v", name, form, res.Skipped)
				}
				continue
			}
			if got := onlyKey(t, res, "x"); got.Format != k.Format || !bytes.Equal(got.Data, k.Data) {
				t.Errorf("%s, %s: read as %s", name, form, got.Describe())
			}
			read[k.Format]++
		}
	}
	for f := keyset.FormatSSH; f.Known(); f++ {
		if read[f] == 0 {
			t.Errorf("no key of format %v was read", f)
		}
	}
}

func publicPEM(t testing.TB, k crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k)
	fatalIfErr(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// mlkemSPKI encodes an encapsulation key as RFC 9935 has it; the last arc says which.
func mlkemSPKI(arc byte, key []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) {
				b.AddBytes([]byte("\x60\x86\x48\x01\x65\x03\x04\x04" + string(rune(arc))))
			})
		})
		b.AddASN1BitString(key)
	})
	return b.BytesOrPanic()
}

// TestPublicKeys reads public keys in PEM and DER into the formats that are theirs.
func TestPublicKeys(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	fatalIfErr(t, err)
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	fatalIfErr(t, err)
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	fatalIfErr(t, err)
	kem, err := mlkem.GenerateKey768()
	fatalIfErr(t, err)
	kem1024, err := mlkem.GenerateKey1024()
	fatalIfErr(t, err)
	file := map[keyset.Format][]byte{}
	add := func(f keyset.Format, text []byte) { file[f] = append(file[f], text...) }
	add(keyset.FormatEd25519, publicPEM(t, ed))
	add(keyset.FormatX25519, publicPEM(t, x.PublicKey()))
	add(keyset.FormatMLKEM768, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: mlkemSPKI(2, kem.EncapsulationKey().Bytes())}))
	add(keyset.FormatMLKEM1024, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: mlkemSPKI(3, kem1024.EncapsulationKey().Bytes())}))
	add(keyset.FormatJWK, publicPEM(t, rsaKey.Public()))
	add(keyset.FormatJWK, pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey)}))
	for curve, f := range map[elliptic.Curve]keyset.Format{elliptic.P256(): keyset.FormatP256, elliptic.P384(): keyset.FormatJWK, elliptic.P521(): keyset.FormatJWK} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		fatalIfErr(t, err)
		add(f, publicPEM(t, k.Public()))
		thumbprint, err := (&jose.JSONWebKey{Key: k.Public()}).Thumbprint(crypto.SHA256)
		fatalIfErr(t, err)
		if got := onlyKey(t, mustRead(t, publicPEM(t, k.Public()), Options{Label: "x"}), "x"); f == keyset.FormatJWK && got.Fingerprint() != b64(thumbprint) {
			t.Errorf("%s: thumbprint %s, want %s", k.Params().Name, got.Fingerprint(), b64(thumbprint))
		}
	}
	want := map[keyset.Format]int{keyset.FormatJWK: 3} // the RSA key is one key, twice
	for f, text := range file {
		res := mustRead(t, text, Options{DefaultLabel: "x"})
		if len(res.Skipped) != 0 || len(res.Entries) != 1 || len(res.Entries[0].Set.Keys) != max(1, want[f]) {
			t.Fatalf("%v: %v, skipped %v", f, res.Entries, res.Skipped)
		}
		for _, k := range res.Entries[0].Set.Keys {
			if k.Format != f || k.Check() != nil {
				t.Errorf("%v: read as %v", f, k.Describe())
			}
		}
		block, _ := pem.Decode(text)
		again := mustRead(t, block.Bytes, Options{DefaultLabel: "x"})
		if len(again.Entries) != 1 || again.Entries[0].Set.Keys[0].Format != f {
			t.Errorf("%v in DER: %v, skipped %v", f, again.Entries, again.Skipped)
		}
	}
	above := append([]byte("# Carol@example.org\n# her phone\n"), file[keyset.FormatEd25519]...)
	above = append(above, file[keyset.FormatX25519]...)
	res := mustRead(t, above, Options{})
	checkLabels(t, "address above", res, "carol@example.org=1")
	checkSkipped(t, "address above", res, "no label")
}

func TestPEMRefused(t *testing.T) {
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	fatalIfErr(t, err)
	good := string(publicPEM(t, ed))
	begin, end := "-----BEGIN PUBLIC KEY-----\n", "-----END PUBLIC KEY-----\n"
	for name, tt := range map[string]struct{ text, message string }{
		"no end":        {good + begin + "AAAA\n", "line 4"},
		"cut":           {strings.Replace(good, end, "", 1), "line 1"},
		"another end":   {strings.Replace(good, "END PUBLIC", "END RSA PUBLIC", 1), "line 1"},
		"base64":        {good + "\n\n" + strings.Replace(good, "MCow", "MC*w", 1), "line 6"},
		"begin twice":   {begin + good, "line 1"},
		"nothing in it": {begin + "\n", "line 1"},
	} {
		checkFails(t, name, []byte(tt.text), Options{Label: "x"}, errMalformed, tt.message)
	}
	block := func(typ string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}))
	}
	spki, _ := pem.Decode([]byte(good))
	kem, err := mlkem.GenerateKey768()
	fatalIfErr(t, err)
	small := bytes.Clone(spki.Bytes)
	copy(small[len(small)-32:], append([]byte{1}, make([]byte, 31)...))
	for name, tt := range map[string]struct{ text, reason string }{
		"a request":      {block("CERTIFICATE REQUEST", []byte{0x30, 0}), "neither a certificate"},
		"parameters":     {block("EC PARAMETERS", []byte{6, 1, 1}), "neither a certificate"},
		"a CRL":          {block("X509 CRL", []byte{0x30, 0}), "neither a certificate"},
		"not a cert":     {block("CERTIFICATE", spki.Bytes), "cannot be read"},
		"not a key":      {block("PUBLIC KEY", []byte{0x30, 0}), "SubjectPublicKeyInfo"},
		"more behind":    {block("PUBLIC KEY", append(bytes.Clone(spki.Bytes), 0)), "SubjectPublicKeyInfo"},
		"key cut":        {block("PUBLIC KEY", spki.Bytes[:len(spki.Bytes)-1]), "SubjectPublicKeyInfo"},
		"small order":    {block("PUBLIC KEY", small), "small order"},
		"short":          {block("PUBLIC KEY", mlkemSPKI(2, kem.EncapsulationKey().Bytes()[1:])), "bytes, not"},
		"another size":   {block("PUBLIC KEY", mlkemSPKI(3, kem.EncapsulationKey().Bytes())), "bytes, not"},
		"ML-DSA":         {block("PUBLIC KEY", mlkemSPKI(17, make([]byte, 1312))), "no format of a key set"},
		"no RSA modulus": {block("RSA PUBLIC KEY", []byte{0x30, 6, 2, 1, 4, 2, 1, 3}), "RSA modulus"},
	} {
		res := mustRead(t, []byte(good+tt.text), Options{Label: "x"})
		checkLabels(t, name, res, "x=1")
		checkSkipped(t, name, res, tt.reason)
	}
	checkFails(t, "many", []byte(strings.Repeat(good, maxBlocks+1)), Options{Label: "x"}, ErrTooLarge, "PEM blocks")
	checkFails(t, "large", []byte(good+strings.Repeat("\n", MaxTextFile)), Options{Label: "x"}, ErrTooLarge, "bytes")
	for name, der := range map[string][]byte{
		"DER cut": spki.Bytes[:20], "DER and more": append(bytes.Clone(spki.Bytes), 0), "DER of nothing": {0x30, 0x80, 0, 0}, "length": {0x30, 0xff, 0xff},
	} {
		checkFails(t, name, der, Options{Label: "x"}, ErrUnrecognized, "")
	}
}

func TestRawLines(t *testing.T) {
	keys := vectors(t)
	var signal keyset.Key
	for _, k := range keys {
		if k.Format == keyset.FormatSignal {
			signal = k
		}
	}
	std := base64.StdEncoding.EncodeToString
	good := "Signal " + std(signal.Data)
	file := "# alice@example.org\n" + good + " phone\nX25519 " + std(signal.Data[1:]) + " bob@example.org\n\nsignal " + std(signal.Data) + "\n"
	res := mustRead(t, []byte(file), Options{})
	checkLabels(t, "lines", res, "alice@example.org=1 bob@example.org=1")
	checkSkipped(t, "lines", res, "no label")
	if k := onlyKey(t, res, "alice@example.org"); k.Name != "phone" || !bytes.Equal(k.Data, signal.Data) {
		t.Errorf("key %s", k.Describe())
	}
	zero := make([]byte, 32)
	for name, tt := range map[string]struct{ line, reason string }{
		"no base64":      {"Signal *", "no base64"},
		"empty":          {"Signal", "neither"},
		"no type octet":  {"Signal " + std(signal.Data[1:]), "bytes, not 33"},
		"type octet":     {"Signal " + std(append([]byte{6}, signal.Data[1:]...)), "not 5"},
		"small order":    {"X25519 " + std(zero), "small order"},
		"P-256":          {"P-256 " + std(make([]byte, 65)), "uncompressed point"},
		"ML-KEM":         {"ML-KEM-768 " + std(bytes.Repeat([]byte{0xff}, 1184)), "not reduced"},
		"ML-KEM, cut":    {"ML-KEM-1024 " + std(make([]byte, 1184)), "bytes, not 1568"},
		"MLS suite":      {"MLS-signature AAE=", "not a cipher suite"},
		"MLS key":        {"MLS-signature " + std(append([]byte{0, 1}, zero[1:]...)), "bytes, not 32"},
		"KeyPackage":     {"MLS-KeyPackage AAEAAQ==", "KeyPackage"},
		"another format": {"Ed448 " + std(make([]byte, 57)), "neither"},
		"X.509":          {"X.509 AAAA", "neither"},
	} {
		res := mustRead(t, []byte(good+"\n"+tt.line+"\n"), Options{Label: "x"})
		checkLabels(t, name, res, "x=1")
		checkSkipped(t, name, res, tt.reason)
	}
}

// TestPublicTools reads what real tools write.
func TestPublicTools(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Log("openssl is not installed: its files were not read")
		return
	}
	dir := t.TempDir()
	cmd := exec.Command("sh", "-ec", `for a in ed25519 x25519 ed448 x448; do openssl genpkey -algorithm $a -out key; openssl pkey -in key -pubout -out $a; openssl pkey -in key -pubout -outform DER -out $a.der; done
		openssl genrsa -out key 2048; openssl rsa -in key -pubout -out rsa; openssl rsa -in key -RSAPublicKey_out -out rsa1
		for c in prime256v1 secp384r1 secp521r1 secp224r1 secp256k1 brainpoolP256r1; do openssl ecparam -name $c -genkey -out key; openssl ec -in key -pubout -out $c; done
		openssl ec -in key -pubout -conv_form compressed -out brainpool.small
		openssl ecparam -name prime256v1 -genkey -out key; openssl ec -in key -pubout -conv_form compressed -out compressed
		openssl req -x509 -key key -subj /CN=a -addext subjectAltName=email:a@example.org -days 1 -text -out crt
		openssl dsaparam -genkey -out key 1024; openssl dsa -in key -pubout -out dsa; rm key`)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, want := range map[string]keyset.Format{
		"ed25519": keyset.FormatEd25519, "x25519": keyset.FormatX25519, "ed25519.der": keyset.FormatEd25519, "x25519.der": keyset.FormatX25519,
		"ed448": keyset.FormatJWK, "x448.der": keyset.FormatJWK, "rsa": keyset.FormatJWK, "rsa1": keyset.FormatJWK, "crt": keyset.FormatX509,
		"prime256v1": keyset.FormatP256, "secp384r1": keyset.FormatJWK, "secp521r1": keyset.FormatJWK,
		"secp224r1": 0, "secp256k1": 0, "brainpoolP256r1": 0, "brainpool.small": 0, "dsa": 0, "compressed": 0,
	} {
		res, err := ReadFile(filepath.Join(dir, name), Options{Label: "x"})
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case want == 0 && len(res.Entries) == 0 && strings.Contains(fmt.Sprint(res.Skipped), "no format of a key set"):
		case want == 0 || len(res.Entries) != 1 || res.Entries[0].Set.Keys[0].Format != want:
			t.Errorf("%s: %v, skipped %v", name, res.Entries, res.Skipped)
		}
	}
}

// TestHints checks what is said of files that are nearly keys.
func TestHints(t *testing.T) {
	for text, want := range map[string]string{
		"\xff\xfeh\x00i\x00":                      "UTF-16",
		"---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n": "ssh-keygen -i",
		"\x00\x00\x00\x20\x01\x01\x00\x02KBXf":    "gpg --export",
		b64(bytes.Repeat([]byte{1}, 32)):          "nobody can tell",
		"\x00\x02\x00\x01":                        "neither OpenPGP packets nor text",
	} {
		_, _, err := Value([]byte(text), "f", "x", false)
		if !errors.Is(err, ErrUnrecognized) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
