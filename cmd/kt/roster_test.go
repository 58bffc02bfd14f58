package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// rosterText returns a roster of alice with members that use the keys given.
func (x *terminal) rosterText(members map[string][]keyset.Key) string {
	seen := x.dir.Clock.Now().Format(time.RFC3339)
	var list []string
	for label, keys := range members {
		var devices []string
		for _, k := range keys {
			devices = append(devices, fmt.Sprintf(`{"format":%q,"key":%q}`, k.Format, base64.StdEncoding.EncodeToString(k.Data)))
		}
		list = append(list, fmt.Sprintf(`{"label":%q,"first_seen":%q,"devices":[%s]}`, label, seen, strings.Join(devices, ",")))
	}
	return fmt.Sprintf(`{"schema":"ghostlight/roster/v1","conversation":"team","me":%q,"members":[%s]}`, alice, strings.Join(list, ","))
}

// talk makes a world in which alice and bob have had a key each for long.
func talk(t *testing.T) *terminal {
	x := newTerminal(t)
	x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keySet(t, rawKey(9, "a"))}}, clienttest.Update{Label: bob, Values: [][]byte{keySet(t, rawKey(10, "b"))}})
	x.dir.Tick(60, time.Hour)
	return x
}

func TestRoster(t *testing.T) {
	x := talk(t)
	fine := x.file(x.rosterText(map[string][]keyset.Key{bob: {rawKey(10, "b")}}))
	stdout, stderr := x.kt(exitOK, "roster", fine)
	x.contains(stdout, "conversation team: 1 member\nverified, checked by this client: 2 labels are proven",
		"\nnote unmonitored: bob@example.org\n", "\ndigest, to compare with other members: ", " requests, ")
	if stderr != "" {
		t.Errorf("on standard error: %s", stderr)
	}
	ghost := rawKey(11, "ghost")
	x.stdin = x.rosterText(map[string][]keyset.Key{bob: {rawKey(10, "b"), ghost}, nobody: nil})
	stdout, _ = x.kt(exitAttention, "roster", "-", "--batch=false")
	x.contains(stdout, "conversation team: 2 members\nfindings, checked by this client: 2 errors, 0 warnings and ",
		"\nERROR ghost-device: bob@example.org\n", "  key: X25519 "+ghost.Fingerprint(), "  proof: version 0, in log entry ", "  do: ",
		"\nERROR ghost-user: nobody@example.org\n", "no digest: not all labels are proven")
	x.stdin = x.rosterText(map[string][]keyset.Key{nobody: nil})
	x.kt(exitAbsent, "roster", "-")
	x.stdin = x.rosterText(map[string][]keyset.Key{bob: {ghost}})
	stdout, _ = x.kt(exitAttention, "roster", "-", "--json")
	var got struct {
		Schema   string
		Findings []roster.Finding
		Verdict  struct{ Outcome string }
		Stats    struct{ Requests int }
		Digest   string
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || got.Schema != roster.ReportSchema || len(got.Findings) == 0 ||
		got.Findings[0].Code != roster.GhostDevice || got.Verdict.Outcome != "findings" || got.Stats.Requests == 0 || len(got.Digest) != 60 {
		t.Errorf("%v: %s", err, stdout)
	}
	x.server.Close()
	stdout, _ = x.kt(exitUndecided, "roster", fine)
	x.contains(stdout, "could not check, checked by this client", "WARNING could-not-check: bob@example.org")
}

func TestRosterUsage(t *testing.T) {
	x := newTerminal(t)
	good := x.file(x.rosterText(nil))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"roster", x.file("{}")}, "schema"},
		{[]string{"roster", good, "--window", "-1h"}, "--window"},
		{[]string{"roster", good, "--history", "0"}, "--history"},
		{[]string{"roster", good, "--me", alice}, "--mls"},
		{[]string{"roster", "digest", good, "--compare", "12"}, "kt: error: --compare: it is not a digest, which has sixty digits"},
		{[]string{"roster"}, "kt: hint: usage: kt roster FILE [flags]; kt roster --help tells more"},
		{[]string{"roster", "digest"}, "kt: hint: usage: kt roster digest FILE [flags]"},
		{[]string{"account", "forget"}, "kt: hint: kt account --help tells what there is"},
	} {
		_, stderr := x.kt(exitUsage, c.args...)
		x.contains(stderr, c.want)
	}
}

func TestRosterDigest(t *testing.T) {
	x := talk(t)
	file := x.file(x.rosterText(map[string][]keyset.Key{bob: {rawKey(10, "b")}}))
	stdout, _ := x.kt(exitOK, "roster", "digest", file)
	digits, code, _ := strings.Cut(stdout, "\n")
	if len(strings.Fields(digits)) != 12 || !strings.Contains(code, "█▀") {
		t.Errorf("%s", stdout)
	}
	image := filepath.Join(t.TempDir(), "digest.png")
	stdout, _ = x.kt(exitOK, "roster", "digest", file, "--qr", image)
	_, stderr := x.kt(exitUsage, "roster", "digest", file, "--qr", image)
	x.contains(stderr, "exists already")
	if png, err := os.ReadFile(image); err != nil || !strings.HasPrefix(string(png), "\x89PNG") || strings.Contains(stdout, "█") {
		t.Errorf("%v: %s", err, stdout)
	}
	stdout, _ = x.kt(exitOK, "roster", "digest", file, "--compare", digits)
	x.contains(stdout, digits, "the same")
	// Bob is shown another key for himself than alice is.
	x.dir.Insert(clienttest.Update{Label: bob, Values: [][]byte{keySet(t, rawKey(12, "b"))}})
	stdout, stderr = x.kt(exitAttention, "roster", "digest", file, "--compare", digits)
	x.contains(stdout, "NOT the same")
	x.contains(stderr, "findings, checked by this client", "kt roster tells more")
	absent := x.file(x.rosterText(map[string][]keyset.Key{nobody: nil}))
	_, stderr = x.kt(exitUndecided, "roster", "digest", absent)
	x.contains(stderr, "not all labels are proven", "kt: hint: kt roster tells which")
}
