package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

const (
	bob    = "bob@example.org"
	nobody = "nobody@example.org"
)

func TestAbsent(t *testing.T) {
	x := newTerminal(t)
	x.kt(exitOK, "publish", alice, x.file(sshKey))
	stdout, stderr := x.kt(exitAbsent, "lookup", nobody, "--explain")
	x.contains(stdout, nobody+" does not exist\n", "proven absent, checked by this client: no version of the label", " 1. Asked for proof that the label has no version", "VRF", "signature", "log of 2 entries")
	if stderr != "" {
		t.Errorf("on standard error: %s", stderr)
	}
	stdout, _ = x.kt(exitAbsent, "lookup", alice, "--version", "7")
	x.contains(stdout, alice+" has no version 7\n", "proven absent, checked by this client: no version above 0 ")
	stdout, stderr = x.kt(exitAbsent, "lookup", nobody, "--raw")
	x.contains(stderr, "kt: proven absent, checked by this client")
	if stdout != "" {
		t.Errorf("a value: %q", stdout)
	}
	_, stderr = x.kt(exitAbsent, "history", nobody)
	x.contains(stderr, "kt: error: no version of the label")
	stdout, _ = x.kt(exitAbsent, "lookup", alice, "--version", "7", "--json")
	var got struct {
		Schema, Label    string
		Version          uint32
		Greatest_version *uint32
		Verdict          client.Verdict
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || got.Schema != "ghostlight/lookup/v1" || got.Label != alice || got.Version != 7 ||
		got.Greatest_version == nil || *got.Greatest_version != 0 || got.Verdict.Outcome != client.OutcomeAbsent {
		t.Errorf("%v: %s", err, stdout)
	}
	// A directory that does not know the extension is not believed.
	x.dir.Plain = true
	_, stderr = x.kt(exitUndecided, "lookup", nobody)
	x.contains(stderr, "kt: error: asking for search: the directory says it does not know this label; that is not proven")
}

func TestLookupMany(t *testing.T) {
	for _, plain := range []bool{false, true} {
		x := newTerminal(t)
		x.dir.Plain = plain
		x.kt(exitOK, "publish", alice, x.file(sshKey))
		x.dir.Insert(clienttest.Update{Label: bob, Values: [][]byte{[]byte("bytes of bob")}})
		stdout, stderr := x.kt(exitOK, "lookup", alice, "Bob@Example.org")
		x.contains(stdout, alice+", version 0\n", "\n\n"+bob+", version 0\n", "bytes of bob")
		if stderr != "" || strings.Count(stdout, "checked by this client") != 2 {
			t.Errorf("%s%s", stdout, stderr)
		}
		want := map[bool]int{false: exitAbsent, true: exitUndecided}[plain]
		stdout, stderr = x.kt(want, "lookup", alice, nobody, bob)
		if plain {
			x.contains(stdout, nobody+"\ncould not check, checked by this client", bob+", version 0")
			x.contains(stderr, "kt: error: "+nobody+": asking for search: the directory says it does not know this label")
		} else {
			x.contains(stdout, nobody+" does not exist\nproven absent", bob+", version 0")
		}

		x.dir.Insert(clienttest.Update{Label: bob, Values: [][]byte{[]byte("another")}})
		stdout, _ = x.kt(exitAttention, "lookup", nobody, alice, bob, "--json")
		lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
		if len(lines) != 3 {
			t.Fatalf("%d lines: %s", len(lines), stdout)
		}
		for i, label := range []string{nobody, alice, bob} {
			var got struct{ Schema, Label string }
			if err := json.Unmarshal([]byte(lines[i]), &got); err != nil || got.Schema != "ghostlight/lookup/v1" || got.Label != label {
				t.Errorf("%v: %s", err, lines[i])
			}
		}
		x.contains(lines[0], map[bool]string{false: `"proven absent"`, true: `"could not check"`}[plain])
		x.contains(lines[2], `"changed"`)
	}
}
