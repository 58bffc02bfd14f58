package main

import (
	"strings"
	"testing"
)

// A rotation to the same key would be called unchanged, and be taken for a rotation.
func TestRotationToTheSameKeyRefused(t *testing.T) {
	x := newTerminal(t)
	one, _ := x.accountKey("ed25519")
	x.kt(exitOK, "publish", alice, x.file(sshKey), "--account-key", one)
	size := x.dir.Size()
	_, stderr := x.kt(exitUsage, "account", "rotate", alice, "--account-key", one, "--new-account-key", one)
	x.contains(stderr, "are the same key", "kt account new")
	if x.dir.Size() != size {
		t.Error("something was published")
	}
}

func TestHelpHasNoEmptyDefaults(t *testing.T) {
	x := newTerminal(t)
	stdout, _ := x.kt(exitOK, "own", "--help")
	if strings.Contains(stdout, "[]") {
		t.Errorf("%s", stdout)
	}
}

// Who is not in the directory can check others, and is not told to be proven like them.
func TestRosterOfSomebodyAbsent(t *testing.T) {
	x := newTerminal(t)
	stdout, _ := x.kt(exitOK, "roster", x.file(x.rosterText(nil)))
	x.contains(stdout, "1 label is proven, 1 to be absent, and nobody and nothing", "note ghost-user: "+alice)
}
