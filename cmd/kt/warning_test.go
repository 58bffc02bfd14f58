package main

import (
	"encoding/json"
	"strings"
	"testing"

	labels "github.com/ghostlight-kt/ghostlight/client/label"
)

// TestLookAlike publishes, owns and looks up a label whose first letter is Cyrillic, next
// to the one that it imitates.
func TestLookAlike(t *testing.T) {
	x := newTerminal(t)
	key := x.file(sshKey)
	imitation := "\u0430lice@example.org"
	for _, args := range [][]string{{"publish", "", key}, {"own", ""}, {"lookup", ""}, {"history", ""}} {
		for name, warned := range map[string]bool{alice: false, imitation: true} {
			args[1] = name
			_, stderr := x.kt(exitOK, args...)
			if got := strings.Count(stderr, "kt: warning: the label "); (got == 2) != warned || !warned && stderr != "" {
				t.Errorf("kt %v: %s", args, stderr)
			}
		}
	}
	_, stderr := x.kt(exitOK, "lookup", alice, imitation)
	x.contains(stderr, "U+0430", "Cyrillic and Latin")

	for _, args := range [][]string{{"publish", "", key}, {"own", ""}, {"lookup", ""}} {
		for name, want := range map[string]int{alice: 0, imitation: 2} {
			args[1] = name
			stdout, _ := x.kt(exitOK, append(args, "--json")...)
			var got struct {
				Label    string           `json:"label"`
				Warnings []labels.Warning `json:"label_warnings"`
			}
			if err := json.Unmarshal([]byte(stdout), &got); err != nil || got.Label != name || len(got.Warnings) != want {
				t.Errorf("kt %v: %v: %s", args, err, stdout)
			}
		}
	}
	_, stderr = x.kt(exitUsage, "lookup", "x@xn--a.example")
	x.contains(stderr, "malformed label", "IDNA")
	_, stderr = x.kt(exitAbsent, "lookup", "b\u200bb@example.org")
	x.contains(stderr, `b\u200bb@example.org`, "cannot be seen")
}
