package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestDamagedState damages the state: kt goes back, and says so until the user has
// looked at it.
func TestDamagedState(t *testing.T) {
	x := newTerminal(t)
	x.kt(exitOK, "publish", alice, x.file(sshKey))
	files, err := filepath.Glob(filepath.Join(x.state, "*", "state.json"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := files[0] + ".damaged"
	for range 2 {
		_, stderr := x.kt(exitOK, "watch")
		x.contains(stderr, "kt: warning: the state was damaged, and what was stored before it is used", damaged)
	}
	if err := os.Remove(damaged); err != nil {
		t.Fatal(err)
	}
	if _, stderr := x.kt(exitOK, "watch"); stderr != "" {
		t.Errorf("standard error: %s", stderr)
	}
}
