package main

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Exit codes of kt.
const (
	ktVerified  = 0
	ktFailed    = 1
	ktUsage     = 2
	ktAbsent    = 4
	ktUndecided = 5
	ktAttention = 6
)

// user is a person with kt and a state of their own.
type user struct {
	t                  *testing.T
	program, url, home string
}

// buildKT builds kt once for a test.
func buildKT(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "kt")
	out, err := exec.Command("go", "build", "-o", program, "../kt").CombinedOutput()
	if err != nil {
		t.Fatalf("building kt: %v\n%s", err, out)
	}
	return program
}

// kt runs kt as a process and requires an exit code and texts in its output.
func (u *user) kt(code int, texts []string, args ...string) string {
	u.t.Helper()
	cmd := exec.Command(u.program, append([]string{"--state", u.home, "--directory", u.url}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run()
	out := stdout.String() + stderr.String()
	if got := cmd.ProcessState.ExitCode(); got != code {
		u.t.Fatalf("kt %s: exit code %d, want %d\n%s", strings.Join(args, " "), got, code, out)
	}
	for _, text := range texts {
		if !strings.Contains(out, text) {
			u.t.Errorf("kt %s does not say %q:\n%s", strings.Join(args, " "), text, out)
		}
	}
	return stdout.String()
}

// newKeyFile writes a public key file whose comment is the label, and returns its
// path and the key's fingerprint.
func newKeyFile(t *testing.T, label string) (path, fingerprint string) {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	fatalIfErr(t, err)
	key, err := ssh.NewPublicKey(public)
	fatalIfErr(t, err)
	path = filepath.Join(t.TempDir(), "key.pub")
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + " " + label + "\n"
	fatalIfErr(t, os.WriteFile(path, []byte(line), 0o600))
	return path, ssh.FingerprintSHA256(key)
}

// TestStory runs both programs as processes: two people publish and look each
// other up, the server is killed and started again, and the operator slips in a
// key.
func TestStory(t *testing.T) {
	const alice = "alice@example.org"
	for _, suite := range []string{"ed25519", "p256"} {
		t.Run(suite, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "directory")
			ktd(t, "init", dir, "--suite", suite, "--reasonable-monitoring-window", "1s").exits(exitOK)
			server := startServer(t, dir)
			token := filepath.Join(dir, "registration-token")
			program := buildKT(t)
			owner := &user{t, program, server.url, filepath.Join(t.TempDir(), "owner")}
			contact := &user{t, program, server.url, filepath.Join(t.TempDir(), "contact")}

			contact.kt(ktUsage, []string{"trust"}, "lookup", alice)
			owner.kt(ktVerified, nil, "trust", server.url)
			contact.kt(ktVerified, nil, "trust", server.url)
			contact.kt(ktAbsent, []string{"does not exist", "proven absent"}, "lookup", alice)

			first, fingerprint := newKeyFile(t, alice)
			owner.kt(ktFailed, []string{"credential"}, "publish", alice, first)
			owner.kt(ktVerified, nil, "publish", alice, first, "--token-file", token)
			owner.kt(ktVerified, []string{"no new version"}, "publish", alice, first, "--token-file", token)
			contact.kt(ktVerified, []string{fingerprint, "version 0"}, "lookup", alice)
			contact.kt(ktVerified, nil, "watch")
			owner.kt(ktVerified, nil, "watch")

			address := strings.TrimPrefix(server.url, "http://")
			fatalIfErr(t, server.cmd.Process.Kill())
			<-server.eof
			_ = server.cmd.Wait()

			// The operator, with the server stopped, adds a key of its own.
			ghost, ghostFingerprint := newKeyFile(t, alice)
			ktd(t, "import", dir, first, ghost).exits(exitOK)
			server = startServer(t, dir, "--listen", address)

			contact.kt(ktAttention, []string{ghostFingerprint, "version 1"}, "lookup", alice)
			owner.kt(ktAttention, []string{ghostFingerprint, "version 1", "log entry"}, "watch")
			owner.kt(ktAttention, []string{ghostFingerprint}, "watch")

			// The owner answers with a version without that key.
			second, _ := newKeyFile(t, alice)
			owner.kt(ktAttention, nil, "publish", alice, second, "--token-file", token)
			owner.kt(ktVerified, nil, "own", alice, "--accept", "1")
			owner.kt(ktVerified, nil, "publish", alice, second, "--token-file", token)
			owner.kt(ktVerified, nil, "watch")
			history := owner.kt(ktVerified, []string{ghostFingerprint}, "history", alice)
			for _, version := range []string{"version 2", "version 1", "version 0"} {
				if !strings.Contains(history, version) {
					t.Errorf("the history lacks %s:\n%s", version, history)
				}
			}
			server.stop(syscall.SIGTERM)
			contact.kt(ktUndecided, nil, "lookup", alice)
		})
	}
}
