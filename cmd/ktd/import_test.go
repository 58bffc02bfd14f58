package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"golang.org/x/crypto/ssh"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/importer"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/directory"
)

// certificate returns an OpenPGP certificate and its private key.
func certificate(t *testing.T, email string) (public, private []byte) {
	t.Helper()
	e, err := openpgp.NewEntity("Somebody", "", email, nil)
	fatalIfErr(t, err)
	var pub, priv bytes.Buffer
	fatalIfErr(t, e.Serialize(&pub))
	fatalIfErr(t, e.SerializePrivate(&priv, nil))
	return pub.Bytes(), priv.Bytes()
}

func armored(t *testing.T, data []byte) string {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, "PGP PUBLIC KEY BLOCK", nil)
	fatalIfErr(t, err)
	_, err = w.Write(data)
	fatalIfErr(t, err)
	fatalIfErr(t, w.Close())
	return b.String()
}

// sshLine returns a line of authorized_keys with a key made from seed.
func sshLine(t *testing.T, seed byte, comment string) string {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
	pub, err := ssh.NewPublicKey(key.Public())
	fatalIfErr(t, err)
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(pub))) + " " + comment + "\n"
}

// imports runs an import and returns its summary.
func imports(t *testing.T, code int, dir string, args ...string) (importOutput, *result) {
	t.Helper()
	r := ktd(t, append([]string{"import", "--json", dir}, args...)...).exits(code)
	out := importOutput{Summary: new(importer.Summary)}
	r.json(&out)
	return out, r
}

// published returns the greatest version of a label and its keys.
func published(t *testing.T, dir, label string) (uint32, keyset.Set) {
	t.Helper()
	inst, err := instance.Open(dir, instance.Options{Heartbeat: offlineHeartbeat})
	fatalIfErr(t, err)
	version, value, err := inst.Directory.Greatest(t.Context(), []byte(label))
	fatalIfErr(t, err)
	fatalIfErr(t, inst.Close())
	set, err := keyset.Parse(value)
	fatalIfErr(t, err)
	return version, set
}

func TestImport(t *testing.T) {
	dir, files := newDir(t), t.TempDir()
	file := func(name, data string) string {
		path := filepath.Join(files, name)
		write(t, path, data)
		return path
	}
	alice, _ := certificate(t, "Alice@Example.org")
	bob, private := certificate(t, "bob@example.org")
	ring := file("ring.gpg", string(alice)+string(bob))
	keys := file("authorized_keys", "# laptop\n"+sshLine(t, 1, "alice@example.org")+sshLine(t, 2, "no label"))

	first, r := imports(t, exitOK, dir, ring, keys)
	if first.Created != 2 || first.Updated+first.Unchanged+first.Refused+first.Failed != 0 || first.Files != 2 {
		t.Errorf("first import: %+v\n%s", first.Summary, r.stderr)
	}
	if first.Skipped == 0 || len(first.Reasons) == 0 || !strings.Contains(r.stderr, first.Reasons[0].Reason) {
		t.Errorf("the key without a label was not reported: %+v\n%s", first.Summary, r.stderr)
	}
	version, set := published(t, dir, "alice@example.org")
	if version != 0 || len(set.Keys) != 2 {
		t.Errorf("alice has version %d with %d keys, want the keys of both files", version, len(set.Keys))
	}

	again, _ := imports(t, exitOK, dir, keys, ring)
	if again.Unchanged != 2 || again.Created+again.Updated != 0 || again.TreeSize != first.TreeSize {
		t.Errorf("second import: %+v", again)
	}

	more := file("more", sshLine(t, 3, "bob@example.org"))
	added, _ := imports(t, exitOK, dir, ring, keys, more)
	if added.Unchanged != 1 || added.Updated != 1 || added.Created != 0 || added.TreeSize != first.TreeSize+1 {
		t.Errorf("import with a new key: %+v", added)
	}
	if version, set := published(t, dir, "bob@example.org"); version != 1 || len(set.Keys) != 2 {
		t.Errorf("bob has version %d with %d keys", version, len(set.Keys))
	}

	// Files that are of no use do not stop the others.
	broken := []string{
		file("cut.gpg", string(bob[:len(bob)/2])),
		file("noise", strings.Repeat("\x00\xff", 500)),
		file("private.gpg", string(private)),
		file("empty", ""),
		filepath.Join(files, "absent"),
		files,
	}
	some, r := imports(t, exitOK, dir, append(broken, ring, keys, more)...)
	if some.Unchanged != 2 || some.Created+some.Updated != 0 || some.Failed < 5 {
		t.Errorf("import with broken files: %+v\n%s", some.Summary, r.stderr)
	}
	if !strings.Contains(r.stderr, "PRIVATE") {
		t.Errorf("the private key was not reported:\n%s", r.stderr)
	}
	none, r := imports(t, exitFailed, dir, broken...)
	if none.Usable() || !strings.Contains(r.stderr, "nothing in these files") {
		t.Errorf("import of broken files: %+v\n%s", none.Summary, r.stderr)
	}
}

func TestImportFormats(t *testing.T) {
	dir, files := newDir(t), t.TempDir()
	carol, _ := certificate(t, "carol@example.org")
	write(t, filepath.Join(files, "carol.asc"), armored(t, carol))
	write(t, filepath.Join(files, "dave.pub"), sshLine(t, 4, ""))
	write(t, filepath.Join(files, "recipients"),
		"# eve@example.org\nage1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj\n")
	csv := filepath.Join(files, "list.csv")
	write(t, csv, "frank@example.org,dave.pub\nno such file,absent.pub\n")
	out, r := imports(t, exitOK, dir, filepath.Join(files, "carol.asc"), filepath.Join(files, "recipients"), csv,
		filepath.Join(files, "dave.pub"), "--default-label", "Dave@example.org")
	if out.Created != 4 {
		t.Errorf("%+v\n%s", out.Summary, r.stderr)
	}
	for label, format := range map[string]keyset.Format{
		"carol@example.org": keyset.FormatOpenPGP,
		"eve@example.org":   keyset.FormatAge,
		"dave@example.org":  keyset.FormatSSH,
		"frank@example.org": keyset.FormatSSH,
	} {
		if _, set := published(t, dir, label); len(set.Keys) != 1 || set.Keys[0].Format != format {
			t.Errorf("%s: %+v", label, set)
		}
	}
}

// TestImportOwners imports in the names of two people.
// TestImportWeak imports a weak key, and says so.
func TestImportWeak(t *testing.T) {
	dir, file := newDir(t), filepath.Join(t.TempDir(), "keys.pem")
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	fatalIfErr(t, err)
	key := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&weak.PublicKey)})
	fatalIfErr(t, os.WriteFile(file, append([]byte("# weak@example.org\n"), key...), 0o600))
	out, r := imports(t, 0, dir, file, "-v")
	if len(out.Weak) != 1 || out.Weak[0] != (importer.Reason{Outcome: importer.Weak, Reason: "rsa-1024", Count: 1}) || out.Created != 1 || len(out.Reasons) != 0 {
		t.Errorf("%+v", out.Summary)
	}
	for _, want := range []string{"weak weak@example.org: JWK ", "imported, although weak:"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("no %q in %s", want, r.stderr)
		}
	}
}

func TestImportOwners(t *testing.T) {
	dir, files := newDir(t), t.TempDir()
	token := filepath.Join(files, "alice.token")
	ktd(t, "token", dir, "alice", "--out", token).exits(exitOK)
	keys := filepath.Join(files, "keys")
	write(t, keys, sshLine(t, 1, "alice@example.org"))
	out, _ := imports(t, exitOK, dir, keys, "--token-file", token)
	if out.Created != 1 {
		t.Errorf("%+v", out.Summary)
	}
	// Somebody else's label stays as it is.
	write(t, keys, sshLine(t, 2, "alice@example.org")+sshLine(t, 3, "bob@example.org"))
	out, r := imports(t, exitOK, dir, keys)
	if out.Created != 1 || out.Refused != 1 || !strings.Contains(r.stderr, directory.ErrForbidden.Error()) {
		t.Errorf("%+v\n%s", out.Summary, r.stderr)
	}
	if out, _ = imports(t, exitOK, dir, keys, "--token-file", token); out.Updated != 1 || out.Refused != 0 {
		t.Errorf("%+v", out.Summary)
	}

	foreign := filepath.Join(files, "foreign.token")
	write(t, foreign, directory.NewToken()+"\n")
	ktd(t, "import", dir, keys, "--token-file", foreign).exits(exitFailed, "foreign.token is not in", "ktd token DIR NAME")
	write(t, foreign, "two words\n")
	ktd(t, "import", dir, keys, "--token-file", foreign).exits(exitFailed, "does not hold a token")
	fatalIfErr(t, os.Chmod(foreign, 0o644))
	ktd(t, "import", dir, keys, "--token-file", foreign).exits(exitFailed, "can be accessed by others")
	ktd(t, "import", dir, keys, "--token-file", filepath.Join(files, "absent")).exits(exitFailed, "absent")
}

func TestImportReport(t *testing.T) {
	dir, files := newDir(t), t.TempDir()
	keys, report := filepath.Join(files, "keys"), filepath.Join(files, "report")
	write(t, keys, sshLine(t, 1, "alice@example.org")+sshLine(t, 2, "no label"))
	r := ktd(t, "import", dir, keys, "--report", report, "--verbose").exits(exitOK, "created alice@example.org version 0")
	if r.stdout != "" || strings.ContainsAny(r.stderr, "\r\x1b") {
		t.Errorf("off a terminal: %q %q", r.stdout, r.stderr)
	}
	var outcomes []importer.Outcome
	for line := range strings.Lines(read(t, report)) {
		var item importer.Item
		fatalIfErr(t, json.Unmarshal([]byte(line), &item))
		outcomes = append(outcomes, item.Outcome)
	}
	if fmt.Sprint(outcomes) != "[skipped created]" {
		t.Errorf("report: %v", outcomes)
	}
	ktd(t, "import", dir, keys, "--report", files).exits(exitFailed, "is a directory")
}

// TestImportMany needs several batches, of which some have nothing to do.
func TestImportMany(t *testing.T) {
	dir := newDir(t)
	config := filepath.Join(dir, "config.json")
	write(t, config, strings.Replace(read(t, config), `"max_epoch": 10000`, `"max_epoch": 16`, 1))
	keys := filepath.Join(t.TempDir(), "keys")
	lines := make([]string, 100)
	for i := range lines {
		lines[i] = sshLine(t, byte(i), fmt.Sprintf("user%d@example.org", i))
	}
	write(t, keys, strings.Join(lines[:50], ""))
	if out, _ := imports(t, exitOK, dir, keys); out.Created != 50 {
		t.Errorf("%+v", out.Summary)
	}
	write(t, keys, strings.Join(lines, ""))
	if out, _ := imports(t, exitOK, dir, keys); out.Created != 50 || out.Unchanged != 50 || out.Labels != 100 {
		t.Errorf("%+v", out.Summary)
	}
}

func TestImportStopped(t *testing.T) {
	dir := newDir(t)
	keys := filepath.Join(t.TempDir(), "keys")
	write(t, keys, sshLine(t, 1, "alice@example.org"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	if code := run(ctx, []string{"import", dir, keys}, nil, &stderr, &stderr); code != exitFailed {
		t.Errorf("exit code %d\n%s", code, stderr.String())
	}
	if n := strings.Count(stderr.String(), context.Canceled.Error()); n != 1 {
		t.Errorf("the reason was given %d times:\n%s", n, stderr.String())
	}
}

func TestImportDebianKeyring(t *testing.T) {
	const ring = "/usr/share/keyrings/debian-keyring.gpg"
	if _, err := os.Stat(ring); err != nil {
		t.Skip("the package debian-keyring is not installed")
	}
	dir := newDir(t)
	first, r := imports(t, exitOK, dir, ring)
	t.Logf("%+v\n%s", first, r.stderr)
	if first.Created < 1000 || first.Created != first.Labels {
		t.Errorf("%d labels of %d", first.Created, first.Labels)
	}
	again, _ := imports(t, exitOK, dir, ring)
	if again.Unchanged != first.Labels || again.TreeSize != first.TreeSize {
		t.Errorf("second import: %+v", again)
	}
}
