package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

const team = "#team@example.org"

// withAccounts gives labels an account key each, and returns the files.
func (x *terminal) withAccounts(labels ...string) map[string]string {
	x.Helper()
	files := make(map[string]string)
	for _, l := range labels {
		files[l], _ = x.accountKey("ed25519")
		x.kt(exitOK, "publish", l, x.file(sshKey), "--account-key", files[l])
	}
	return files
}

func TestGroup(t *testing.T) {
	x := newTerminal(t)
	bobs := x.visitor()
	files := x.withAccounts(alice, bob, nobody)
	stdout, _ := x.kt(exitOK, "group", "create", team, bob, "--as", alice, "--account-key", files[alice])
	x.contains(stdout, "published "+team+", version 0\n  alice@example.org, added by alice@example.org at version 0\n    account key ed25519:")
	bobs.kt(exitOK, "group", "verify", team)
	stdout, _ = bobs.kt(exitOK, "group", "add", team, nobody, "--as", bob, "--account-key", files[bob])
	x.contains(stdout, "version 1; added "+nobody+"\n", "  nobody@example.org, added by bob@example.org at version 1")
	stdout, _ = x.kt(exitOK, "group", "add", team, nobody, "--as", alice, "--account-key", files[alice])
	x.contains(stdout, team+" is unchanged at version 1", "this is so already")
	stdout, _ = x.kt(exitOK, "group", "remove", team, nobody, "--as", alice, "--account-key", files[alice])
	x.contains(stdout, "published "+team+", version 2; removed "+nobody+"\n")
	stdout, stderr := bobs.kt(exitOK, "group", "verify", team, "--batch=false")
	x.contains(stdout, team+", version 2\n  alice@example.org, added by alice@example.org", "new: version 1, by bob@example.org; added nobody@example.org\n",
		"new: version 2, by alice@example.org; removed nobody@example.org\n", "checked by this client: 2 members, as of version 2; their account keys are those of their labels")
	if stderr != "" {
		t.Errorf("on standard error: %s", stderr)
	}
	stdout, _ = bobs.kt(exitOK, "lookup", team) // what verify told counts as seen
	x.contains(stdout, "a group's list of members", "kt group verify")

	x.dir.Insert(clienttest.Update{Label: team, Values: [][]byte{keySet(t, rawKey(7, "ghost"))}})
	stdout, _ = bobs.kt(exitAttention, "group", "verify", team)
	x.contains(stdout, "THE MEMBERS ARE THOSE OF VERSION 2", "UNSIGNED: version 3, in log entry ", "FINDING unsigned-change: "+team+": version 3 was made by no member")
	if strings.Contains(stdout, "ghost") {
		t.Errorf("%s", stdout)
	}
	stdout, _ = x.kt(exitAttention, "group", "add", team, nobody, "--as", alice, "--account-key", files[alice])
	x.contains(stdout, "UNEXPECTED "+team+": version 3", "NOT made by a member of the group", "kt own "+team+" --accept 3", "nothing was published")
	stdout, _ = bobs.kt(exitAttention, "group", "verify", team, "--json")
	var got client.GroupResult
	var schema struct{ Schema string }
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || len(got.Members) != 2 || got.Stood != 2 || got.Version != 3 || len(got.Versions) != 4 || len(got.Findings) != 1 {
		t.Errorf("%v: %s", err, stdout)
	}
	if err := json.Unmarshal([]byte(stdout), &schema); err != nil || schema.Schema != "ghostlight/group-verify/v1" {
		t.Errorf("%v: %s", err, stdout)
	}
	x.kt(exitOK, "own", team, "--accept", "3")
	stdout, _ = x.kt(exitOK, "group", "remove", team, bob, "--as", alice, "--account-key", files[alice], "--json")
	var made client.GroupPublishResult
	if err := json.Unmarshal([]byte(stdout), &made); err != nil || !made.Published || *made.Version != 4 || len(made.Members) != 1 || made.Added != nil || !slices.Equal(made.Removed, []string{bob}) {
		t.Errorf("%v: %s", err, stdout)
	}
	x.kt(exitOK, "watch")
}

func TestGroupRekey(t *testing.T) {
	x := newTerminal(t)
	files := x.withAccounts(alice)
	old := files[alice]
	x.kt(exitOK, "group", "create", team, "--as", alice, "--account-key", old)
	next, public := x.accountKey("p256")
	_, stderr := x.kt(exitUsage, "group", "rekey", team, "--as", alice, "--account-key", old, "--new-account-key", next)
	x.contains(stderr, "the account key of "+alice+" is")
	x.kt(exitOK, "account", "rotate", alice, "--account-key", old, "--new-account-key", next)
	stdout, _ := x.kt(exitOK, "group", "rekey", team, "--as", alice, "--account-key", old, "--new-account-key", next)
	x.contains(stdout, "version 1", "account key "+public)
	x.kt(exitOK, "group", "verify", team)
}

func TestGroupUsage(t *testing.T) {
	x := newTerminal(t)
	files := x.withAccounts(alice)
	x.kt(exitOK, "publish", bob, x.file(sshKey))
	sign := []string{"--as", alice, "--account-key", files[alice]}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"group"}, exitUsage, "create, add, remove, rekey or verify"},
		{[]string{"group", "create", team}, exitUsage, "--as LABEL and --account-key FILE"},
		{[]string{"group", "add", team}, exitUsage, "requires at least 2 arg"},
		{append([]string{"group", "create", team, bob}, sign...), exitUsage, bob + " has no account key"},
		{append([]string{"group", "create", team, nobody}, sign...), exitAbsent, nobody},
		{append([]string{"group", "create", bob}, sign...), exitUsage, "not a group"},
		{append([]string{"group", "add", "#other@example.org", bob}, sign...), exitUsage, "kt group create founds it"},
		{append([]string{"group", "rekey", team}, sign...), exitUsage, "--new-account-key FILE"},
		{[]string{"group", "create", team, "--as", alice, "--account-key", filepath.Join(t.TempDir(), "none")}, exitOperational, "none"},
		{[]string{"group", "verify", bob}, exitAttention, "version 0 is a key set"},
		{[]string{"group", "verify", "#nothing@example.org"}, exitAbsent, ""},
		{[]string{"group", "verify", team, "--versions", "0"}, exitUsage, "--versions"},
	} {
		_, stderr := x.kt(c.code, c.args...)
		x.contains(stderr, c.want)
	}
}

func TestRosterOfGroup(t *testing.T) {
	x := talk(t)
	files := x.withAccounts(nobody)
	x.kt(exitOK, "group", "create", team, "--as", nobody, "--account-key", files[nobody])
	file := x.file(x.rosterText(map[string][]keyset.Key{bob: {rawKey(10, "b")}}))
	stdout, _ := x.kt(exitAttention, "roster", file, "--group", team)
	x.contains(stdout, "ERROR ghost-user: "+bob, "not in the list that the members agreed on")
	stdout, _ = x.kt(exitAttention, "roster", file, "--group", alice)
	x.contains(stdout, "ERROR unsigned-change: "+alice, "The group could not be verified")
}
