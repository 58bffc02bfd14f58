package main

import (
	"os"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/demo"
)

// TestDemo plays the demonstration with generated keys, and, where Debian's
// keyring is installed, with real ones.
func TestDemo(t *testing.T) {
	cases := map[string][]string{"generated keys": {"--keyring", "/nonexistent.gpg"}}
	for _, ring := range demo.Keyrings {
		if _, err := os.Stat(ring); err == nil {
			cases[ring] = nil
		}
	}
	if len(cases) == 1 {
		t.Log("debian-keyring is not installed: with generated keys only")
	}
	for name, flags := range cases {
		r := ktd(t, append([]string{"demo"}, flags...)...).exits(exitOK)
		for _, text := range []string{"CAUGHT: version 1, created in log entry", "inserted key: Ed25519", "Summary"} {
			if !strings.Contains(r.stdout, text) {
				t.Errorf("%s: the story does not say %q:\n%s", name, text, r.stdout)
			}
		}
		if madeUp := strings.Contains(r.stdout, "made up"); madeUp != (flags != nil) {
			t.Errorf("%s: said to be made up: %v", name, madeUp)
		}
	}
}
