package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// visitor is somebody else, with a state of their own.
func (x *terminal) visitor() *terminal {
	v := *x
	v.state = x.TempDir()
	v.kt(exitOK, "trust", x.server.URL)
	return &v
}

// accountKey makes an account key and returns its file and its public key.
func (x *terminal) accountKey(kind string) (path, public string) {
	x.Helper()
	path = filepath.Join(x.TempDir(), "account.pem")
	stdout, _ := x.kt(exitOK, "account", "new", path, "--type", kind)
	public, _, _ = strings.Cut(strings.TrimPrefix(stdout, "account key "), "\n")
	return path, public
}

// TestAccountStory is what an owner does with account keys, what a ghost tries, and
// what both and a contact are told.
func TestAccountStory(t *testing.T) {
	x := newTerminal(t)
	bob := x.visitor()
	one, public := x.accountKey("ed25519")
	key := x.file(sshKey)

	stdout, _ := x.kt(exitOK, "publish", alice, key, "--account-key", one)
	x.contains(stdout, "published "+alice+", version 0", "account key "+public+", since version 0: the first one")
	stdout, _ = bob.kt(exitOK, "lookup", alice)
	x.contains(stdout, "account key "+public, "signed by the label's account key")
	_, stderr := x.kt(exitUsage, "publish", alice, key)
	x.contains(stderr, "the label has an account key, and contacts refuse", "kt publish --account-key FILE")

	x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keySet(t, rawKey(7, "ghost"))}})
	for range 2 {
		stdout, stderr = bob.kt(exitAttention, "lookup", alice)
		x.contains(stderr, "version 1 is not signed by the label's account key", "hint: somebody made it")
		if stdout != "" {
			t.Errorf("on standard output: %s", stdout)
		}
	}
	stdout, _ = bob.kt(exitAttention, "history", alice)
	x.contains(stdout, ": NOT SIGNED by the account key", ": the first one with an account key")
	stdout, _ = x.kt(exitAttention, "watch")
	x.contains(stdout, "NOT signed by your account key", "take its place: kt publish "+alice+" FILE --account-key FILE (and --token-file TOKEN", "kt own "+alice+" --accept 1")
	stdout, _ = x.kt(exitAttention, "publish", alice, key, "--account-key", one)
	x.contains(stdout, "version 2", "ANSWERED: version 1", "it takes the place of 1 that you did not publish")
	x.kt(exitOK, "watch")
	stdout, _ = bob.kt(exitAttention, "lookup", alice)
	x.contains(stdout, "no key changed", "signed by the label's account key")

	two, _ := x.accountKey("p256")
	stdout, _ = x.kt(exitOK, "account", "rotate", alice, "--account-key", one, "--new-account-key", two)
	x.contains(stdout, "version 3", "another account key, signed by the old one")
	stdout, _ = x.kt(exitOK, "account", "show", alice)
	x.contains(stdout, "account key p256:", "since version 3")
	stdout, stderr = x.kt(exitOK, "account", "attest", alice, "--account-key", two)
	x.contains(stderr, "signed that you watch "+alice+", version 3")
	if strings.Count(stdout, "\n") != 1 || len(stdout) < 200 {
		t.Errorf("an attestation: %q", stdout)
	}
}

func TestResetStory(t *testing.T) {
	x := newTerminal(t)
	bob, thief := x.visitor(), x.visitor()
	one, _ := x.accountKey("ed25519")
	two, public := x.accountKey("ed25519")
	x.kt(exitOK, "publish", alice, x.file(sshKey), "--account-key", one)
	bob.kt(exitOK, "lookup", alice)

	stdout, _ := thief.kt(exitOK, "account", "reset", alice, "--new-account-key", two)
	x.contains(stdout, "announced the account key in version 1", "from 2026-11-27 12:00:00 UTC on")
	x.dir.Tick(1, time.Hour)
	stdout, _ = bob.kt(exitAttention, "lookup", alice)
	x.contains(stdout, "announced is the account key "+public, "unless the owner cancels that")
	stdout, _ = x.kt(exitAttention, "watch")
	x.contains(stdout, "announces another account key without yours", "in 71 h 0 min", "cancel it: kt publish")
	// The owner is away for too long.
	x.dir.Tick(1, 3*24*time.Hour)
	stdout, _ = x.kt(exitAttention, "watch")
	x.contains(stdout, "the reset can be completed since 2026-11-27 12:00:00 UTC")
	stdout, _ = thief.kt(exitOK, "account", "reset", alice, "--new-account-key", two, "--json")
	var got struct {
		Schema    string
		Completed bool
		Version   uint32
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || got.Schema != "ghostlight/account-reset/v1" || !got.Completed || got.Version != 2 {
		t.Errorf("%v: %s", err, stdout)
	}
	stdout, _ = bob.kt(exitAttention, "lookup", alice)
	x.contains(stdout, "IDENTITY RESET: version 2", "changed, checked by this client")
	stdout, _ = x.kt(exitAttention, "watch")
	x.contains(stdout, "an IDENTITY RESET", "somebody has taken the label over")
}

func TestAccountUsage(t *testing.T) {
	x := newTerminal(t)
	one, public := x.accountKey("ed25519")
	info, err := os.Stat(one)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, mode %v", err, info.Mode())
	}
	private, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	two, _ := x.accountKey("ed25519")
	x.stdin = string(private)
	stdout, _ := x.kt(exitOK, "account", "show", one, "--json")
	x.contains(stdout, `"account_key": "`+public+`"`)
	for _, c := range []struct {
		code int
		args []string
		text string
	}{
		{exitUsage, []string{"account"}, "new, show, rotate, reset, accept or attest"},
		{exitUsage, []string{"account", "new", one}, "exists already"},
		{exitUsage, []string{"account", "new", one + "2", "--type", "rsa"}, "ed25519 and p256"},
		{exitOperational, []string{"account", "new", filepath.Join(one, "x")}, "making an account key"},
		{exitOperational, []string{"account", "show", x.file("-----BEGIN nonsense")}, "not a PEM file"},
		{exitUsage, []string{"account", "rotate", alice, "--new-account-key", one}, "--account-key FILE"},
		{exitUsage, []string{"account", "rotate", alice, "--account-key", one}, "--new-account-key FILE"},
		{exitUsage, []string{"account", "rotate", alice, "--account-key", one, "--new-account-key", two}, "the label has no account key"},
		{exitUsage, []string{"account", "reset", alice}, "--new-account-key FILE"},
		{exitUsage, []string{"account", "attest", alice}, "--account-key FILE"},
		{exitUsage, []string{"account", "accept", alice, "7"}, "version 7 is not one that waits"},
		{exitUsage, []string{"account", "accept", alice, "-1"}, ""},
		{exitUsage, []string{"account", "accept", alice, "4294967296"}, "there is no version"},
		{exitOperational, []string{"publish", alice, x.file(sshKey), "--account-key", x.file(sshKey)}, "not a PEM file"},
		{exitUsage, []string{"publish", alice, x.file("raw"), "--raw", "--account-key", one}, "signs key sets only"},
		{exitUsage, []string{"publish", alice, "-", "--account-key", "-"}, "standard input can be read only once"},
	} {
		_, stderr := x.kt(c.code, c.args...)
		x.contains(stderr, c.text)
	}
	if err := os.Chmod(one, 0o644); err != nil {
		t.Fatal(err)
	}
	_, stderr := x.kt(exitOK, "account", "show", one)
	x.contains(stderr, "kt: warning: others can read the account key")
	if _, err := account.ParseKey(public); err != nil {
		t.Error(err)
	}
	if size := x.dir.Size(); size != 1 {
		t.Errorf("%d log entries: something was published", size)
	}
}
