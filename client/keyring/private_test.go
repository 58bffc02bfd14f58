package keyring

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"filippo.io/age"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/crypto/ssh"
)

// privateFiles makes a file of every kind of private key, by the name of the kind.
func privateFiles(t testing.TB) map[string][]byte {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	fatalIfErr(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatalIfErr(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	fatalIfErr(t, err)
	xKey, err := ecdh.X25519().GenerateKey(rand.Reader)
	fatalIfErr(t, err)
	files := map[string][]byte{
		"PKCS1":       x509.MarshalPKCS1PrivateKey(rsaKey),
		"Ed25519 raw": edKey,
	}
	files["SEC1"], err = x509.MarshalECPrivateKey(ecKey)
	fatalIfErr(t, err)
	for name, k := range map[string]any{"RSA": rsaKey, "EC": ecKey, "Ed25519": edKey, "X25519": xKey} {
		files["PKCS8 "+name], err = x509.MarshalPKCS8PrivateKey(k)
		fatalIfErr(t, err)
	}
	for name, der := range map[string][]byte{"RSA PRIVATE KEY": files["PKCS1"], "EC PRIVATE KEY": files["SEC1"], "PRIVATE KEY": files["PKCS8 RSA"]} {
		files["PEM "+name] = pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der})
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(edKey, "", []byte("secret"))
	fatalIfErr(t, err)
	files["OpenSSH"], files["OpenSSH raw"] = pem.EncodeToMemory(block), block.Bytes

	id, err := age.GenerateX25519Identity()
	fatalIfErr(t, err)
	pq, err := age.GenerateHybridIdentity()
	fatalIfErr(t, err)
	files["age"], files["age, hybrid"] = []byte(id.String()+"\n"), []byte(pq.String()+"\n")

	e := newCert(t, nil, "a@example.org")
	var secret bytes.Buffer
	fatalIfErr(t, e.SerializePrivate(&secret, at(birth)))
	files["OpenPGP"] = secret.Bytes()
	files["OpenPGP armor"] = []byte(armored("PGP PRIVATE KEY BLOCK", secret.Bytes()))
	files["OpenPGP armor, called public"] = []byte(armored(armorPublic, secret.Bytes()))

	for name, k := range map[string]any{"RSA": rsaKey, "EC": ecKey, "OKP": edKey, "oct": []byte("0123456789abcdef")} {
		files["JWK "+name], err = json.Marshal(jose.JSONWebKey{Key: k, KeyID: "a@example.org"})
		fatalIfErr(t, err)
		files["JWK Set "+name], err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: ecKey.Public()}, {Key: k},
		}})
		fatalIfErr(t, err)
	}
	return files
}

// wrappings are what becomes of a private key's file on its way: none makes it public.
var wrappings = map[string]func([]byte) []byte{
	"as it is":  func(b []byte) []byte { return b },
	"cut":       func(b []byte) []byte { return b[:len(b)*2/3] },
	"base64":    func(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b) + "\n") },
	"base64url": func(b []byte) []byte { return []byte(base64.RawURLEncoding.EncodeToString(b)) },
	"hex":       func(b []byte) []byte { return []byte(hex.EncodeToString(b)) },
	"called a certificate": func(b []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b})
	},
	"called a public key": func(b []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: b})
	},
}

// textWrappings are for files that are text.
var textWrappings = map[string]func([]byte) []byte{
	"in a letter":     func(b []byte) []byte { return append([]byte("Dear Bob,\nhere are my keys:\n\n"), b...) },
	"quoted":          func(b []byte) []byte { return []byte("> " + strings.ReplaceAll(string(b), "\n", "\n> ")) },
	"with CR":         func(b []byte) []byte { return []byte(strings.ReplaceAll(string(b), "\n", "\r\n")) },
	"with a BOM":      func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) },
	"UTF-16":          func(b []byte) []byte { return utf16Text(binary.LittleEndian, b) },
	"UTF-16, big":     func(b []byte) []byte { return utf16Text(binary.BigEndian, b) },
	"UTF-16, no mark": func(b []byte) []byte { return utf16Text(binary.LittleEndian, b)[2:] },
	"big, no mark":    func(b []byte) []byte { return utf16Text(binary.BigEndian, b)[2:] },
	"behind a public": func(b []byte) []byte { return append([]byte("ssh-ed25519 AAAA a@example.org\n"), b...) },
}

func utf16Text(order binary.AppendByteOrder, b []byte) []byte {
	out := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(string(b))) {
		out = order.AppendUint16(out, u)
	}
	return out
}

// TestPrivateEverywhere reads every kind of private key in every wrapping, as keys and
// with raw.
func TestPrivateEverywhere(t *testing.T) {
	for kind, file := range privateFiles(t) {
		for wrapping, wrap := range wrappings {
			if wrapping == "cut" && (kind == "Ed25519 raw" || strings.HasPrefix(kind, "JWK")) {
				continue // what tells is at the end
			}
			mustBePrivate(t, kind+", "+wrapping, wrap(file))
		}
		if !validText(file) {
			continue
		}
		for wrapping, wrap := range textWrappings {
			if strings.HasPrefix(kind, "JWK") && wrapping == "quoted" || kind == "OpenPGP armor, called public" && wrapping == "quoted" {
				continue
			}
			mustBePrivate(t, kind+", "+wrapping, wrap(file))
		}
	}
}

func mustBePrivate(t *testing.T, what string, file []byte) {
	t.Helper()
	for _, raw := range []bool{false, true} {
		value, _, err := Value(file, "f", "a@example.org", raw)
		if !errors.Is(err, ErrPrivateKey) || value != nil {
			t.Errorf("%s, raw %v: %d bytes, %v", what, raw, len(value), err)
		}
	}
	if res, err := readBytes(file, Options{Label: "a@example.org"}); err == nil {
		t.Errorf("%s: read as %v", what, res.Entries)
	}
}

// TestPrivateText has files of private keys that are recognised by their text.
func TestPrivateText(t *testing.T) {
	edKey := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	for what, text := range map[string]string{
		"SSH2":            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n",
		"WireGuard":       "[Interface]\nPrivateKey = " + edKey + "\nAddress = 10.0.0.1\n",
		"WireGuard, bare": "privatekey=" + edKey,
		"gpg-agent":       "(21:protected-private-key(3:rsa",
		"gpg-agent, text": "Created: 20250101T000000\nKey: (private-key (ecc (curve Ed25519)",
		"gpg-agent, card": "(20:shadowed-private-key(3:rsa",
		"DNSSEC":          "Private-key-format: v1.3\nAlgorithm: 15\n",
		"Tor":             "== ed25519v1-secret: type0 ==\x00\x00\x00",
		"XML":             "<RSAKeyValue>\n<Modulus>AA</Modulus><D>AA</D></RSAKeyValue>",
		"Java":            "\xfe\xed\xfe\xed\x00\x00\x00\x02",
		"age in settings": `{"identity": "AGE-SECRET-KEY-1QQQ"}`,
		"age, hybrid":     "key: age-secret-key-pq-1qqq",
		"PEM in JSON":     `{"key": "-----BEGIN EC PRIVATE KEY-----\nAAAA"}`,
		"Kubernetes":      "data:\n  tls.key: " + base64.StdEncoding.EncodeToString([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n")) + "\n",
		"twice":           base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte("-----BEGIN PRIVATE KEY-----\n")))),
		"JWK, escaped":    `{"kty":"OKP","crv":"Ed25519","x":"AA","\u0064":"AA"}`,
		"JWK, null":       `{"kty":"OKP","d":"AA","d":null}`,
		"JWK, nested":     `[{"keys":[{"a":{"D":"AA","KTY":"EC"}}]}]`,
		"JWK, symmetric":  `{"kty":"oct"}`,
		"JWK, ML-DSA":     `{"kty":"AKP","alg":"ML-DSA-44","pub":"AA","priv":"AA"}`,
		"JWK, damaged":    `{"kty":"OKP","crv":"Ed25519","d":"AA"`,
		"JWK in text":     `my key is {"kty":"OKP","crv":"Ed25519","d":"AA"}`,
		"JWKs":            `{"kty":"OKP","x":"AA"}` + "\n" + `{"kty":"OKP","d":"AA"}`,
		"Ed25519 line":    "Ed25519 " + base64.StdEncoding.EncodeToString(ed25519.NewKeyFromSeed(make([]byte, 32))) + " laptop",
	} {
		mustBePrivate(t, what, []byte(text))
	}
}

// TestNotPrivate has what resembles a private key and is none: with raw it is published.
func TestNotPrivate(t *testing.T) {
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	fatalIfErr(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 1024)
	fatalIfErr(t, err)
	spki := func(k crypto.PublicKey) []byte {
		der, err := x509.MarshalPKIXPublicKey(k)
		fatalIfErr(t, err)
		return der
	}
	for what, data := range map[string][]byte{
		"nothing":                {},
		"a letter":               []byte("Never send a PRIVATE KEY. AGE-SECRET-KEY-... is one, and so is openssh-key-v1."),
		"Łukasz":                 []byte("Łukasz is C5 81 75, which could be the header of a secret key"),
		"Ǆ":                      []byte("\xc7\x84\x04\x00\x00\x00\x00\x00"),
		"64 bytes":               bytes.Repeat([]byte{7}, 64),
		"a public JWK":           []byte(`{"kty":"OKP","crv":"Ed25519","x":"AA","kid":"d","use":"k"}`),
		"other JSON":             []byte(`{"d":1,"k":[{"p":2}],"kty2":"oct"}`),
		"SPKI":                   spki(priv.Public()),
		"SPKI RSA":               spki(rsaKey.Public()),
		"PKCS 1 public":          x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey),
		"ASN.1":                  {0x30, 3, 2, 1, 0},
		"a WireGuard public key": []byte("[Peer]\nPublicKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
		"minisign":               []byte("untrusted comment: minisign public key 1\nRWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n"),
		"OpenPGP":                serialize(t, newCert(t, nil, "a@example.org")),
	} {
		for i := range 2 {
			if i == 1 {
				data = []byte(base64.StdEncoding.EncodeToString(data))
			}
			if value, _, err := Value(data, "f", "a@example.org", true); err != nil || !bytes.Equal(value, data) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	// A WireGuard key alone is the same, public or private: it takes a word in front of it.
	bare := []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, 32)) + "\n")
	checkFails(t, "WireGuard", bare, Options{Label: "x"}, ErrUnrecognized, "X25519 KEY")
	checkFails(t, "WireGuard", bare, Options{Label: "x"}, ErrBareKey, "public or private")
	checkFails(t, "32 bytes in hexadecimal", []byte(strings.Repeat("09", 32)), Options{Label: "x"}, ErrBareKey, "public or private")
	checkFails(t, "31 bytes", []byte(strings.Repeat("09", 31)), Options{Label: "x"}, ErrUnrecognized, "")
	if _, err := Read(strings.NewReader(strings.Repeat("09", 31)), "f", Options{}); errors.Is(err, ErrBareKey) {
		t.Error("31 bytes are taken for a key")
	}
	checkLabels(t, "X25519", mustRead(t, append([]byte("x25519 "), bare...), Options{Label: "x"}), "x=1")
}

// TestPrivateWithoutHead reads files whose first lines were lost, as from a terminal.
func TestPrivateWithoutHead(t *testing.T) {
	found := 0
	for kind, file := range privateFiles(t) {
		lines := strings.SplitAfter(string(file), "\n")
		if !strings.Contains(string(file), "PRIVATE KEY") {
			continue
		}
		found++
		for n := 1; n < len(lines)-2; n++ {
			mustBePrivate(t, fmt.Sprintf("%s, without %d lines", kind, n), []byte(strings.Join(lines[n:], "")))
		}
		if kind == "OpenPGP armor" { // the base64 and its checksum alone
			_, body, _ := strings.Cut(string(file), "\n\n")
			body, _, _ = strings.Cut(body, "-----END")
			mustBePrivate(t, kind+", only what is in it", []byte(body))
		}
	}
	if found < 4 {
		t.Errorf("only %d files in PEM or armor", found)
	}
}

// TestPrivateTools reads the files that real tools write.
func TestPrivateTools(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, tool := range []struct {
		name   string
		script string
	}{
		{"openssl", `openssl genrsa -out rsa 2048; openssl genpkey -algorithm ed25519 -out ed; openssl genpkey -algorithm x448 -outform DER -out x448
			openssl ecparam -name prime256v1 -genkey -out ec; openssl ec -in ec -outform DER -out ecder
			openssl pkcs8 -topk8 -in rsa -out enc -passout pass:x; openssl pkcs8 -topk8 -in rsa -outform DER -out encder -passout pass:x
			openssl rsa -in rsa -traditional -aes128 -passout pass:x -out trad; openssl dsaparam -genkey -out dsa 1024
			openssl req -x509 -key ed -subj /CN=a -out crt; openssl pkcs12 -export -inkey ed -in crt -passout pass:x -out p12; cat crt ed > both; rm crt`},
		{"ssh-keygen", `ssh-keygen -q -t ed25519 -N '' -f k1; ssh-keygen -q -t rsa -b 2048 -N passphrase -f k2; ssh-keygen -q -t ecdsa -m PEM -N '' -f k3; ssh-keygen -q -t rsa -b 2048 -m PKCS8 -N passphrase -f k4; rm *.pub`},
		{"puttygen", `puttygen -q -t ed25519 --new-passphrase /dev/null -o p3.ppk; puttygen -q -t ecdsa -b 256 --new-passphrase /dev/null --ppk-param version=2 -o p2.ppk; puttygen -q p3.ppk -O private-openssh-new -o p.openssh`},
		{"minisign", `minisign -G -W -p pub -s sec; rm pub`},
		{"gpg", `mkdir -m 700 home; export GNUPGHOME=$PWD/home; gpg -q --batch --passphrase '' --quick-gen-key a@example.org ed25519
			gpg -q --batch --pinentry-mode loopback --passphrase '' --export-secret-keys > sec.gpg; gpg -q --batch --pinentry-mode loopback --passphrase '' --armor --export-secret-subkeys > sub.asc
			gpg -q --batch --export > pub.gpg; cat pub.gpg sec.gpg > mixed.gpg; cp home/private-keys-v1.d/*.key agent.key; gpgconf --kill all; rm -r pub.gpg home`},
	} {
		if _, err := exec.LookPath(tool.name); err != nil {
			t.Logf("%s is not installed", tool.name)
			continue
		}
		fatalIfErr(t, os.RemoveAll(dir))
		fatalIfErr(t, os.MkdirAll(dir, 0o700))
		cmd := exec.Command("sh", "-ec", tool.script)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", tool.name, err, out)
		}
		files, err := os.ReadDir(dir)
		fatalIfErr(t, err)
		for _, f := range files {
			data, err := os.ReadFile(path(f.Name()))
			fatalIfErr(t, err)
			mustBePrivate(t, fmt.Sprintf("%s: %s", tool.name, f.Name()), data)
		}
	}
}
