package keyring

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	labels "github.com/ghostlight-kt/ghostlight/client/label"
)

// sshLine returns an authorized_keys line, without its end.
func sshLine(t testing.TB, priv any, comment string) (string, ssh.Signer) {
	t.Helper()
	if priv == nil {
		_, p, err := ed25519.GenerateKey(rand.Reader)
		fatalIfErr(t, err)
		priv = p
	}
	s, err := ssh.NewSignerFromKey(priv)
	fatalIfErr(t, err)
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(s.PublicKey()))) + " " + comment, s
}

func TestSSH(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	fatalIfErr(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatalIfErr(t, err)
	ed, signer := sshLine(t, nil, "Alice@Example.org")
	r, _ := sshLine(t, rsaKey, "alice@laptop")
	ec, _ := sshLine(t, ecKey, "")
	file := "# my keys\n\n" + ed + "\n" + `no-pty,from="10.0.0.1,10.0.0.2" ` + r + "\r\n   " + ec + "\n"

	res := mustRead(t, []byte(file), Options{})
	checkLabels(t, "no label given", res, "alice@example.org=1")
	checkSkipped(t, "no label given", res, "no label", "no label")
	if res.Skipped[0].String() != "ring: line 4: no label: the file gives this key no e-mail address" || res.Items != 3 {
		t.Errorf("%d items, skipped %v", res.Items, res.Skipped)
	}
	k := onlyKey(t, res, "alice@example.org")
	if k.Fingerprint() != ssh.FingerprintSHA256(signer.PublicKey()) || k.Name != "" || k.Format != keyset.FormatSSH {
		t.Errorf("key %s", k.Describe())
	}
	checkLabels(t, "default", mustRead(t, []byte(file), Options{DefaultLabel: "Bob@example.org"}), "alice@example.org=1 bob@example.org=2")
	res = mustRead(t, []byte(file), Options{Label: "bob"})
	checkLabels(t, "label", res, "bob=3")
	names := map[string]bool{}
	for _, k := range res.Entries[0].Set.Keys {
		names[k.Name] = true
	}
	if !names["Alice@Example.org"] || !names["alice@laptop"] || !names[""] {
		t.Errorf("names %v", names)
	}
	above := "# carol@example.org\n" + ec + "\n" + ed + "\n\n" + r + "\n"
	res = mustRead(t, []byte(above), Options{})
	checkLabels(t, "comment above", res, "alice@example.org=1 carol@example.org=1")
	checkSkipped(t, "after an empty line", res, "no label")
}

func TestSSHRefused(t *testing.T) {
	good, signer := sshLine(t, nil, "a@example.org")
	_, ca := sshLine(t, nil, "")
	cert := &ssh.Certificate{Key: signer.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"a"}}
	fatalIfErr(t, cert.SignCert(rand.Reader, ca))
	certLine := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(cert))) + " a@example.org"
	long := strings.Replace(good, "a@example.org", strings.Repeat("l", 250)+"@example.org", 1)
	for name, tt := range map[string]struct{ line, reason string }{
		"certificate":  {certLine, "SSH certificate"},
		"authority":    {"cert-authority " + good, "certificate authority"},
		"base64":       {strings.Replace(good, "AAAA", "AAAA*", 1), "neither"},
		"blob cut":     {good[:40], "neither"},
		"another type": {strings.Replace(good, "ssh-ed25519", "ssh-rsa", 1), "neither"},
		"no key":       {"hello", "neither"},
		"a PEM public": {"-----BEGIN PUBLIC KEY-----", "neither"},
		"long label":   {long, "at most 255"},
	} {
		res := mustRead(t, []byte(good+"\n"+tt.line+"\n"), Options{})
		checkLabels(t, name, res, "a@example.org=1")
		checkSkipped(t, name, res, tt.reason)
		if len(res.Skipped) == 1 && res.Skipped[0].Item != "line 2" {
			t.Errorf("%s: item %q", name, res.Skipped[0].Item)
		}
	}
	checkFails(t, "long line", []byte(good+"\n"+strings.Repeat("x", MaxLine+1)), Options{}, ErrTooLarge, "line 2")
	big := []byte(good + "\n" + strings.Repeat(strings.Repeat("#", 1000)+"\n", MaxTextFile/1000))
	checkFails(t, "large file", big, Options{}, ErrTooLarge, "bytes")
	for name, text := range map[string]string{
		"only comments": "# nothing\n\n",
		"prose":         "Dear reader\n",
		"SSH2 public":   "---- BEGIN SSH2 PUBLIC KEY ----\n",
		"age file":      "age-encryption.org/v1\n-> X25519 a,b\n",
		"Latin-1":       "caf\xe9,file\n",
		"CSV, no Dir":   "a@example.org,key.pub\n",
	} {
		checkFails(t, name, []byte(text), Options{}, ErrUnrecognized, "")
	}
}

func TestPrivateKeysRefused(t *testing.T) {
	good, _ := sshLine(t, nil, "a@example.org")
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	fatalIfErr(t, err)
	block, err := ssh.MarshalPrivateKey(priv, "")
	fatalIfErr(t, err)
	id, err := age.GenerateX25519Identity()
	fatalIfErr(t, err)
	pq, err := age.GenerateHybridIdentity()
	fatalIfErr(t, err)
	for name, text := range map[string]string{
		"OpenSSH":           string(pem.EncodeToMemory(block)),
		"OpenSSH, later":    good + "\n" + string(pem.EncodeToMemory(block)),
		"OpenSSH, far off":  good + "\n" + strings.Repeat("# c\n", peekSize) + string(pem.EncodeToMemory(block)),
		"PKCS 1":            "-----BEGIN RSA PRIVATE KEY-----\n",
		"PKCS 8":            "-----BEGIN PRIVATE KEY-----\n",
		"PKCS 8, encrypted": "\n\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
		"age":               "# created: today\n# public key: age1x\n" + id.String() + "\n",
		"age, small":        strings.ToLower(id.String()) + "\n",
		"age, hybrid":       pq.String() + "\n",
		"age, far off":      good + "\n" + strings.Repeat("# c\n", peekSize) + id.String() + "\n",
		"age plugin":        "AGE-PLUGIN-YUBIKEY-1QQQ\n",
		"PuTTY":             "PuTTY-User-Key-File-3: ssh-ed25519\n",
		"in a CSV":          "a,b\n" + strings.Repeat("c,d\n", peekSize) + "-----BEGIN PRIVATE KEY-----,x\n",
	} {
		checkFails(t, name, []byte(text), Options{Label: "x", Dir: t.TempDir()}, ErrPrivateKey, "")
		_, err := readBytes([]byte(text), Options{Dir: t.TempDir()})
		if err != nil && strings.Contains(strings.ToUpper(err.Error()), strings.ToUpper(id.String())) {
			t.Errorf("%s: the error quotes the key", name)
		}
	}
}

func TestAge(t *testing.T) {
	var r [3]string
	for i := range r {
		id, err := age.GenerateX25519Identity()
		fatalIfErr(t, err)
		r[i] = id.Recipient().String()
	}
	pq, err := age.GenerateHybridIdentity()
	fatalIfErr(t, err)
	file := "# Alice@example.org\n" + r[0] + "\n# her phone\n" + pq.Recipient().String() + "\n# bob@example.org\n" +
		r[1] + "\n\n" + r[2] + "\n"
	res := mustRead(t, []byte(file), Options{})
	checkLabels(t, "no label given", res, "alice@example.org=2 bob@example.org=1")
	checkSkipped(t, "no label given", res, "no label")
	if k := onlyKey(t, res, "bob@example.org"); string(k.Data) != r[1] || k.Fingerprint() != r[1] || k.Name != "" {
		t.Errorf("key %s", k.Describe())
	}
	checkLabels(t, "default", mustRead(t, []byte(file), Options{DefaultLabel: "c"}), "alice@example.org=2 bob@example.org=1 c=1")
	checkLabels(t, "label", mustRead(t, []byte(file), Options{Label: "c"}), "c=4")
	mixed, _ := sshLine(t, nil, "d@example.org")
	checkLabels(t, "with SSH", mustRead(t, []byte(r[0]+"\n"+mixed+"\n"), Options{DefaultLabel: "c"}), "c=1 d@example.org=1")

	last := r[0][len(r[0])-1]
	other := byte('q')
	if last == 'q' {
		other = 'p'
	}
	for name, tt := range map[string]struct{ line, reason string }{
		"checksum":   {r[0][:len(r[0])-1] + string(other), "malformed age recipient"},
		"cut":        {r[0][:30], "malformed age recipient"},
		"upper case": {strings.ToUpper(r[0]), "malformed age recipient"},
		"mixed case": {strings.ToUpper(r[0][:10]) + r[0][10:], "malformed age recipient"},
		"hybrid cut": {pq.Recipient().String()[:100], "malformed age recipient"},
		"a plugin":   {"age1yubikey1q" + strings.Repeat("q", 70), "plugin"},
	} {
		res := mustRead(t, []byte(r[1]+"\n"+tt.line+"\n"), Options{Label: "x"})
		checkLabels(t, name, res, "x=1")
		checkSkipped(t, name, res, tt.reason)
	}
}

func TestCSV(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) {
		t.Helper()
		fatalIfErr(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		fatalIfErr(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	line, _ := sshLine(t, nil, "someone@example.net")
	write("keys/a.pub", []byte(line+"\n"))
	write("keys/a.asc", []byte(armored(armorPublic, serialize(t, newCert(t, nil, "a@example.org")))))
	write("expired.gpg", serialize(t, newCert(t, shortLived(), "old@example.org")))
	write("prose", []byte("hello\n"))
	write("private", []byte("AGE-SECRET-KEY-1QQQ\n"))
	write("nested.csv", []byte("a,keys/a.pub\n"))
	write("cut.gpg", serialize(t, newCert(t, nil, "a@example.org"))[:50])
	write("list.csv", []byte("label,key-file\n# comment\nA@example.org, keys/a.pub\na@example.org,keys/a.asc\n"+
		"b,"+filepath.Join(dir, "keys/a.pub")+"\n\"c, d\",none.pub\nc,prose\nc,nested.csv\nc,expired.gpg\nc,keys\n"))
	res, err := ReadFile(filepath.Join(dir, "list.csv"), Options{Now: now})
	fatalIfErr(t, err)
	checkLabels(t, "list", res, "a@example.org=2 b=1")
	checkSkipped(t, "list", res, "does not exist", "not a key file of a known kind", "a CSV of key files cannot", reasonExpired, "not a regular file")
	for i, n := range []int{6, 7, 8, 9, 10} {
		if i < len(res.Skipped) && !strings.HasPrefix(res.Skipped[i].Item, fmt.Sprintf("line %d", n)) {
			t.Errorf("skipped %v, want line %d", res.Skipped[i], n)
		}
	}
	for name, tt := range map[string]struct {
		text string
		want error
		msg  string
	}{
		"one field":     {"a,keys/a.pub\nb\n", errMalformed, "line 2: 1 fields"},
		"three fields":  {"a,keys/a.pub\n\n\nb,keys/a.pub,x\n", errMalformed, "line 4: 3 fields"},
		"no file":       {"a,\n", errMalformed, "line 1: "},
		"no label":      {"a,keys/a.pub\n,keys/a.pub\n", labels.ErrMalformed, "line 2: malformed label: empty"},
		"long label":    {"a,keys/a.pub\n" + strings.Repeat("x", 256) + ",keys/a.pub\n", labels.ErrMalformed, "line 2: malformed label: 256"},
		"quote":         {"a,keys/a.pub\nb,\"keys/a.pub\n", errMalformed, "line 2"},
		"bare quote":    {"a,keys/a.pub\nb,k\"eys/a.pub\n", errMalformed, "line 2"},
		"private key":   {"a,keys/a.pub\nb,private\n", ErrPrivateKey, "line 2: private"},
		"damaged":       {"a,keys/a.pub\nb,cut.gpg\n", errMalformed, "line 2: cut.gpg"},
		"control label": {"a,keys/a.pub\n\"b\x01\",keys/a.pub\n", labels.ErrMalformed, "line 2"},
	} {
		checkFails(t, name, []byte(tt.text), Options{Dir: dir}, tt.want, tt.msg)
	}
}
