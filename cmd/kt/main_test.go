package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

const (
	alice  = "alice@example.org"
	sshKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE8UpJPhMXao/ssIYDJ1kHDjvBE05rxrVQGXOn9KNoM6 laptop\n"
)

// terminal runs kt against a directory.
type terminal struct {
	*testing.T
	dir    *clienttest.Directory
	server *httptest.Server
	state  string
	stdin  string
}

func newTerminal(t *testing.T) *terminal {
	d := clienttest.New()
	x := &terminal{T: t, dir: d, server: httptest.NewServer(d), state: t.TempDir()}
	t.Cleanup(x.server.Close)
	t.Setenv("KT_DIRECTORY", "")
	x.kt(exitOK, "trust", x.server.URL)
	return x
}

// kt runs a command, checks its exit code, and returns what it wrote.
func (x *terminal) kt(want int, args ...string) (stdout, stderr string) {
	x.Helper()
	return x.ktContext(x.Context(), want, args...)
}

func (x *terminal) ktContext(ctx context.Context, want int, args ...string) (string, string) {
	x.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(x.stdin), stdout: &stdout, stderr: &stderr}
	a.config = client.Config{Now: x.dir.Clock.Now, Backoff: time.Millisecond}
	if got := a.run(ctx, append([]string{"--state", x.state}, args...)); got != want {
		x.Fatalf("kt %v: exit code %d, want %d\n%s\n%s", args, got, want, &stdout, &stderr)
	}
	return stdout.String(), stderr.String()
}

func (x *terminal) contains(text string, wants ...string) {
	x.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			x.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func (x *terminal) file(content string) string {
	x.Helper()
	path := filepath.Join(x.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		x.Fatal(err)
	}
	return path
}

func rawKey(b byte, name string) keyset.Key {
	return keyset.Key{Format: keyset.FormatX25519, Data: bytes.Repeat([]byte{b}, 32), Name: name}
}

func keySet(t *testing.T, keys ...keyset.Key) []byte {
	t.Helper()
	b, err := keyset.Set{Keys: keys}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestStory is what a newcomer does, and what the operator does to them.
func TestStory(t *testing.T) {
	x := newTerminal(t)
	x.dir.Token = "secret"
	key, token := x.file(sshKey), x.file("secret\n")

	_, stderr := x.kt(exitOperational, "publish", alice, key)
	x.contains(stderr, "kt: error: asking for update", "401", "kt: hint: ", "--token-file")
	stdout, _ := x.kt(exitOK, "publish", "Alice@Example.ORG", key, "--token-file", token)
	x.contains(stdout, "published alice@example.org, version 0", "SHA256:", "verified, checked by this client")
	stdout, _ = x.kt(exitOK, "publish", alice, key, "--token-file", token)
	x.contains(stdout, "unchanged at version 0")

	stdout, _ = x.kt(exitOK, "lookup", alice, "--explain")
	x.contains(stdout, "alice@example.org, version 0", "ssh", "VRF", "prefix tree", "signature", "log root"[:3])
	x.dir.Tick(8, clienttest.Window/2)
	stdout, _ = x.kt(exitOK, "watch")
	x.contains(stdout, "alice@example.org (owner): verified, checked by this client", "alice@example.org (contact): verified")

	set, err := keyset.Parse(x.value())
	if err != nil {
		t.Fatal(err)
	}
	ghost := rawKey(7, "ghost")
	x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keySet(t, append(set.Keys, ghost)...)}})
	stdout, _ = x.kt(exitAttention, "watch")
	x.contains(stdout, "UNEXPECTED alice@example.org: version 1, created by log entry", "+ inserted", ghost.Fingerprint(), "--accept 1", "changed, checked by this client")
	stdout, _ = x.kt(exitAttention, "lookup", alice)
	x.contains(stdout, "changed since version 0", "+ inserted", ghost.Fingerprint())
	stdout, _ = x.kt(exitOK, "history", alice)
	x.contains(stdout, "version 1, no later than log entry", "version 0, no later than log entry", "2 versions are proven")
	x.kt(exitUsage, "own", alice, "--accept", "9")
	stdout, _ = x.kt(exitOK, "own", alice, "--accept", "1")
	x.contains(stdout, "you own alice@example.org, at version 1")
	x.kt(exitOK, "watch")
}

// value returns Alice's value.
func (x *terminal) value() []byte {
	x.Helper()
	out, _ := x.kt(exitOK, "lookup", alice, "--raw")
	return []byte(out)
}

func TestJSON(t *testing.T) {
	x := newTerminal(t)
	x.kt(exitOK, "publish", alice, x.file(sshKey))
	x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{[]byte("\x9b2J\u202e")}})
	for _, c := range []struct {
		code int
		args []string
		want []string
	}{
		{exitOK, []string{"trust", x.server.URL}, []string{"directory", "configuration_sha256", "head", "verdict"}},
		{exitOK, []string{"lookup", alice}, []string{"label", "version", "value", "value_bytes", "head", "verdict"}},
		{exitOK, []string{"history", alice}, []string{"label", "versions", "head", "verdict"}},
		{exitAttention, []string{"watch"}, []string{"directory", "at", "reports", "head"}},
		{exitAttention, []string{"own", alice}, []string{"label", "greatest_version", "unexpected", "ledger", "verdict"}},
		{exitAttention, []string{"publish", alice, x.file(sshKey)}, []string{"label", "published", "version", "unexpected"}},
		{exitAbsent, []string{"lookup", "bob@example.org"}, []string{"label", "version", "greatest_version", "head", "verdict"}},
		{exitAbsent, []string{"history", "bob@example.org"}, []string{"verdict", "error"}},
	} {
		stdout, _ := x.kt(c.code, append(c.args, "--json")...)
		var got map[string]any
		if err := json.Unmarshal([]byte(stdout), &got); err != nil {
			t.Errorf("%v: %v\n%s", c.args, err, stdout)
		}
		if got["schema"] != "ghostlight/"+c.args[0]+"/v1" {
			t.Errorf("%v: schema %v", c.args, got["schema"])
		}
		for _, field := range c.want {
			if _, ok := got[field]; !ok {
				t.Errorf("%v: no field %q in %s", c.args, field, stdout)
			}
		}
	}
}

func TestForkedDirectory(t *testing.T) {
	x := newTerminal(t)
	x.dir.Tick(4, time.Minute)
	other := x.dir.Fork()
	x.dir.Tick(3, time.Minute)
	other.Tick(3, time.Minute)
	x.kt(exitOK, "watch")
	x.server.Config.Handler = other
	_, stderr := x.kt(exitMisbehaviour, "watch")
	x.contains(stderr, "misbehaviour proven", "two logs under one key", "kt: evidence: "+x.state)
	path, _, _ := strings.Cut(strings.SplitAfter(stderr, "kt: evidence: ")[1], "\n")
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	stdout, _ := x.kt(exitMisbehaviour, "watch", "--json")
	x.contains(stdout, `"outcome": "misbehaviour proven"`, `"evidence": "`+x.state)
}

// TestHostileText has a directory that sends text for terminals.
func TestHostileText(t *testing.T) {
	x := newTerminal(t)
	const evil = "\x1b[2J\x07\u202e\u2028\x9b\u009bgnp"
	x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{[]byte(evil)}})
	for _, args := range [][]string{{"lookup", alice, "--explain"}, {"history", alice}, {"lookup", alice, "--json"}, {"own", alice}} {
		stdout, stderr := x.kt(exitOK, args...)
		checkHarmless(t, stdout+stderr)
	}
	x.dir.Before = func(string, []byte) *clienttest.Answer {
		return clienttest.Problem(http.StatusTeapot, evil, evil, evil)
	}
	for _, flag := range []string{"--json=false", "--json"} {
		stdout, stderr := x.kt(exitUndecided, "lookup", alice, flag)
		checkHarmless(t, stdout+stderr)
	}
}

func checkHarmless(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if r != '\n' && !cli.Harmless(r) {
			t.Errorf("%U in:\n%q", r, text)
			return
		}
	}
}

func TestPublishInput(t *testing.T) {
	x := newTerminal(t)
	x.stdin = sshKey
	x.kt(exitOK, "publish", alice, "-")
	x.stdin = "any bytes"
	_, stderr := x.kt(exitOperational, "publish", alice, "-")
	x.contains(stderr, "--raw")
	x.kt(exitOK, "publish", alice, "-", "--raw")
	if got := string(x.value()); got != "any bytes" {
		t.Errorf("published %q", got)
	}
	x.stdin = "secret"
	_, stderr = x.kt(exitUsage, "publish", alice, "-", "--token-file", "-")
	x.contains(stderr, "only once")
	x.kt(exitOperational, "publish", alice, "/nonexistent")
	x.kt(exitOperational, "publish", alice, "-", "--token-file", x.file(" \n"))
	x.kt(exitOperational, "publish", alice, "-", "--token-file", x.file("a\nb"))
	_, stderr = x.kt(exitOperational, "publish", alice, x.file("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"))
	x.contains(stderr, "PRIVATE", ".pub")
	x.stdin = `{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}`
	for _, args := range [][]string{{}, {"--raw"}} {
		_, stderr = x.kt(exitOperational, append([]string{"publish", alice, "-"}, args...)...)
		x.contains(stderr, "PRIVATE", "a JWK")
	}
	if got := string(x.value()); got != "any bytes" {
		t.Errorf("published %q", got)
	}
}

// TestPublishWeak publishes a weak key, which is the owner's decision, with a warning.
func TestPublishWeak(t *testing.T) {
	x := newTerminal(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	der := x509.MarshalPKCS1PublicKey(&weak.PublicKey)
	_, stderr := x.kt(exitOK, "publish", alice, x.file(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: der}))))
	x.contains(stderr, "kt: warning: weak key (rsa-1024): JWK RSA-1024")
	_, stderr = x.kt(exitOK, "publish", alice, x.file(sshKey))
	if stderr != "" {
		t.Error(stderr)
	}
	_, stderr = x.kt(exitOperational, "publish", alice, x.file("ssh-dss AAAAB3NzaC1kc3MAAACB\n"))
	x.contains(stderr, "kt: skipped: ", "DSA", "no key that can be published")
}

func TestUsage(t *testing.T) {
	x := newTerminal(t)
	policy := x.file(string(x.dir.Policy("any")))
	for _, args := range [][]string{
		{"nonsense"}, {"lookup"}, {"lookup", "a", "b", "--version", "1"}, {"lookup", "a", "b", "--raw"}, {"lookup", "a", " "}, {"lookup", "a", "--nonsense"}, {"lookup", " "}, {"lookup", "a", "--version", "x"},
		{"lookup", "a", "--version", "4294967296"}, {"lookup", "a", "--raw", "--json"}, {"watch", "--every", "1ms"}, {"watch", "--every", "-1s"},
		{"own", alice, "--accept", "-1"}, {"own", alice, "--accept", "4294967296"}, {"history", alice, "--limit", "-1"},
		{"proof"}, {"proof", "a", "b"}, {"proof", "--verify", "a", "b"}, {"proof", "--verify", "a"}, {"proof", "--verify", "a", "--policy", policy, "--out", "b"},
		{"proof", "--verify", "-", "--policy", "-"}, {"proof", alice}, {"watch", "--witness-delay", "-1s"}, {"lookup", alice, "--wait-witnessed=-1s"},
		{"lookup", alice, "--wait-witnessed"}, {"lookup", alice, "--policy", x.file("nonsense")}, {"trust", x.server.URL, "--policy", x.file("quorum none\n")},
		{"trust", "http://keys.example.org"}, {"trust", "keys"}, {"--directory", "https://other.example", "watch"},
	} {
		_, stderr := x.kt(exitUsage, args...)
		x.contains(stderr, "kt: error: ")
	}
	stdout, stderr := x.kt(exitOK, "--help")
	if stderr != "" || !strings.Contains(stdout, "kt lookup alice@example.org") {
		t.Errorf("help: %s\n%s", stdout, stderr)
	}
	var out, errs bytes.Buffer
	if code := run(context.Background(), []string{"--state", t.TempDir(), "watch"}, strings.NewReader(""), &out, &errs); code != exitUsage {
		t.Errorf("exit code %d: %s", code, &errs)
	}
	x.contains(errs.String(), "kt trust URL")
}

func TestWatchEvery(t *testing.T) {
	x := newTerminal(t)
	x.kt(exitOK, "publish", alice, x.file(sshKey))
	ctx, cancel := context.WithCancel(t.Context())
	rounds := 0
	x.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if op != "distinguished" {
			return nil
		}
		switch rounds++; rounds {
		case 2:
			x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keySet(t, rawKey(7, "ghost"))}})
		case 3:
			cancel()
		}
		return nil
	}
	stdout, _ := x.ktContext(ctx, exitOK, "watch", "--every", "1s")
	x.contains(stdout, "(owner): verified", "UNEXPECTED alice@example.org: version 1")
}

func TestFullDisk(t *testing.T) {
	x := newTerminal(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full")
	}
	defer full.Close()
	var stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: full, stderr: &stderr, config: client.Config{Now: x.dir.Clock.Now}}
	if code := a.run(t.Context(), []string{"--state", x.state, "trust", x.server.URL}); code != exitOperational {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
}
