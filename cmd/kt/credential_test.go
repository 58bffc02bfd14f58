package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// another is another person's terminal, with the same directory.
func (x *terminal) another() *terminal {
	x.Helper()
	o := &terminal{T: x.T, dir: x.dir, server: x.server, state: x.TempDir()}
	o.kt(exitOK, "trust", x.server.URL)
	return o
}

// offline runs a command during which no request must be made, and which must not
// change the state.
func (x *terminal) offline(want int, args ...string) (stdout, stderr string) {
	x.Helper()
	before := x.stateFile()
	hook := x.dir.Before
	x.dir.Before = func(operation string, _ []byte) *clienttest.Answer {
		x.Errorf("kt %v: a request of %s", args, operation)
		return nil
	}
	stdout, stderr = x.kt(want, args...)
	x.dir.Before = hook
	if !bytes.Equal(x.stateFile(), before) {
		x.Errorf("kt %v changed the state", args)
	}
	return stdout, stderr
}

func (x *terminal) stateFile() []byte {
	x.Helper()
	paths, err := filepath.Glob(filepath.Join(x.state, "*", "state.json"))
	if err != nil || len(paths) != 1 {
		x.Fatal(paths, err)
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		x.Fatal(err)
	}
	return data
}

func (x *terminal) outcome(jsonText string, want client.Outcome) {
	x.Helper()
	var r struct {
		Schema  string
		Verdict client.Verdict
	}
	if err := json.Unmarshal([]byte(jsonText), &r); err != nil {
		x.Fatalf("%v in:\n%s", err, jsonText)
	}
	if r.Verdict.Outcome != want || !strings.HasPrefix(r.Schema, "ghostlight/credential-") {
		x.Errorf("%s, %q, want %q", r.Schema, r.Verdict, want)
	}
}

// TestCredentialStory is what a sender and a receiver do.
func TestCredentialStory(t *testing.T) {
	x := newTerminal(t)
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keySet(t, rawKey('a', "laptop"))}})
	x.dir.Tick(8, clienttest.Window/2)
	x.kt(exitOK, "lookup", alice)
	o := x.another()
	o.dir.Tick(1, time.Second)

	stdout, _ := x.kt(exitOK, "credential", "create", "Alice@Example.ORG", "--output", path("standard"))
	x.contains(stdout, "standard credential in", "verified, checked by this client")
	_, stderr := x.kt(exitUsage, "credential", "create", alice, "--output", path("standard"))
	x.contains(stderr, "exists already")
	o.kt(exitOK, "watch")
	stdout, _ = o.offline(exitOK, "credential", "verify", path("standard"))
	x.contains(stdout, alice+", version 0", "laptop", "standard credential", "verified, checked by this client")
	stdout, _ = o.offline(exitOK, "credential", "verify", path("standard"), "--json")
	o.outcome(stdout, client.OutcomeVerified)

	// A new key, that no distinguished log entry has.
	for x.dir.Size()%4 != 0 {
		x.dir.Tick(1, time.Second)
	}
	x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keySet(t, rawKey('b', "phone"))}})
	stdout, _ = x.kt(exitOK, "credential", "create", alice) // to standard output
	if err := os.WriteFile(path("provisional"), []byte(stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	o.kt(exitOK, "heads")
	stdout, _ = o.offline(exitOK, "credential", "verify", path("provisional"))
	x.contains(stdout, "version 1", "phone", "provisional credential", string(client.OutcomeMonitored))
	stdout, _ = o.offline(exitOK, "credential", "verify", path("provisional"), "--json")
	o.outcome(stdout, client.OutcomeMonitored)
	_, stderr = x.kt(exitUndecided, "credential", "update", path("provisional"))
	x.contains(stderr, "no distinguished log entry covers the version yet", "try again later")

	x.dir.Tick(8, clienttest.Window/2)
	stdout, _ = x.kt(exitOK, "credential", "update", path("provisional"), "--output", path("update"))
	x.contains(stdout, "update of the credential in", "verified")
	stdout, _ = o.offline(exitOK, "credential", "update", path("update")) // it comes early
	x.contains(stdout, string(client.OutcomeMonitored), "waits for that")
	stdout, _ = o.kt(exitOK, "watch")
	x.contains(stdout, "credential of "+alice+", version 1: verified, checked by")
	stdout, _ = o.offline(exitOK, "credential", "update", path("update"), "--credential", path("provisional"), "--json")
	o.outcome(stdout, client.OutcomeVerified)

	third := x.another()
	stdout, _ = third.kt(exitOK, "credential", "update", path("provisional"), "--fetch")
	x.contains(stdout, "verified, checked by this client")
	third = x.another()
	_, stderr = third.offline(exitUsage, "credential", "update", path("update"))
	x.contains(stderr, "has not verified a provisional credential", "--credential FILE")

	// Both expire.
	x.dir.Tick(30, clienttest.Window)
	o.kt(exitOK, "heads")
	stdout, stderr = o.offline(exitUndecided, "credential", "verify", path("standard"), "--json")
	o.outcome(stdout, client.OutcomeUnchecked)
	x.contains(stderr, "no recent distinguished log entry", "has expired")
}

func TestCredentialUsage(t *testing.T) {
	x := newTerminal(t)
	x.dir.Tick(8, clienttest.Window/2)
	for _, c := range []struct {
		want int
		text string
		args []string
	}{
		{exitUsage, "create, verify or update", []string{"credential"}},
		{exitUsage, "unknown command", []string{"credential", "forge"}},
		{exitUsage, "neither owns the label", []string{"credential", "create", alice}},
		{exitUsage, "arg(s)", []string{"credential", "verify"}},
		{exitOperational, "no such file", []string{"credential", "verify", "/nonexistent"}},
		{exitUndecided, "neither a credential", []string{"credential", "verify", x.file("{}")}},
		{exitUndecided, "neither a credential", []string{"credential", "update", x.file("{}")}},
		{exitUsage, "unknown command", []string{"heads", "print"}},
		{exitUsage, "--signed is for a file", []string{"heads", "export", "--signed", "--text"}},
		{exitUsage, "--qr is for the screen", []string{"heads", "export", "--qr", "--json"}},
		{exitUndecided, "not a list", []string{"heads", "compare", x.file("{}")}},
		{exitUsage, "use https", []string{"heads", "compare", "http://keys.example.org"}},
	} {
		_, stderr := x.kt(c.want, c.args...)
		x.contains(stderr, c.text)
	}
}

func TestHeadsStory(t *testing.T) {
	x := newTerminal(t)
	x.dir.Tick(8, clienttest.Window/2)
	stdout, _ := x.kt(exitOK, "heads")
	x.contains(stdout, "log entry 0 of ", ", root ", "verified, checked by this client", "log of 9 entries")
	if offline, _ := x.offline(exitOK, "heads", "--offline"); offline != stdout {
		t.Errorf("retained:\n%s\nnot:\n%s", offline, stdout)
	}
	stdout, _ = x.kt(exitOK, "heads", "--json")
	x.contains(stdout, `"schema": "ghostlight/heads/v1"`, `"position": 0`)

	folder := t.TempDir()
	file, signed := filepath.Join(folder, "heads"), filepath.Join(folder, "signed")
	x.kt(exitOK, "heads", "export", "--output", file)
	x.kt(exitOK, "heads", "export", "--signed", "--output", signed)
	text, _ := x.kt(exitOK, "heads", "export", "--text")
	code, _ := x.kt(exitOK, "heads", "export", "--qr")
	if lines := strings.Split(code, "\n"); len(lines) < 20 || len([]rune(lines[0])) != len([]rune(lines[len(lines)-2])) {
		t.Errorf("not a QR code:\n%s", code)
	}
	t.Logf("the text has %d characters\n%s", len(text), code)
	o := x.another()
	for _, args := range [][]string{{file}, {signed}, {o.file(text)}} {
		stdout, _ = o.offline(exitOK, append([]string{"heads", "compare"}, args...)...)
		x.contains(stdout, "consistent: ", "heads in common", "were shown the same log")
	}
	o.stdin = text
	stdout, _ = o.offline(exitOK, "heads", "compare", "-", "--json")
	x.contains(stdout, `"result": "consistent"`, `"signed": false`, "ghostlight/heads-compare/v1")

	// Another way to the directory, which at some time shows another log.
	second := httptest.NewServer(x.dir)
	t.Cleanup(second.Close)
	stdout, _ = o.kt(exitOK, "heads", "compare", second.URL)
	x.contains(stdout, "consistent: ")
	fork := x.dir.Fork()
	second.Config.Handler = fork
	x.dir.Tick(3, clienttest.Window/2)
	fork.Tick(5, time.Second)
	_, stderr := o.kt(exitMisbehaviour, "heads", "compare", second.URL)
	x.contains(stderr, "two logs under one key", "kt: evidence: ")

	victim := &terminal{T: t, dir: fork, server: second, state: t.TempDir()}
	victim.kt(exitOK, "trust", second.URL)
	text, _ = victim.kt(exitOK, "heads", "export", "--text")
	stdout, stderr = o.offline(exitAttention, "heads", "compare", o.file(text))
	x.contains(stdout, "contradiction: ", "no proof against the directory")
	x.contains(stderr, "--signed")
	x.dir.Tick(40, clienttest.Window)
	o.kt(exitOK, "heads")
	stdout, _ = o.offline(exitUndecided, "heads", "compare", file)
	x.contains(stdout, "no overlap: 0")
}
