package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// TestWitnesses is what a user with a witness policy sees.
func TestWitnesses(t *testing.T) {
	x := newTerminal(t)
	policy := x.file(string(x.dir.Policy("all")))
	stdout, _ := x.kt(exitOK, "trust", x.server.URL, "--policy", policy)
	x.contains(stdout, "is trusted already", "new witness policy: log "+clienttest.Origin+" at "+x.server.URL+"/log, witnesses w1, w2, quorum both-all",
		"witnessed: log of 1 entry by w1, w2 (quorum both-all)")
	stdout, _ = x.kt(exitOK, "trust", x.server.URL)
	x.contains(stdout, "  witness policy: log ")

	stdout, _ = x.kt(exitOK, "publish", alice, x.file(sshKey), "--wait-witnessed")
	x.contains(stdout, "published alice@example.org, version 0", "witnessed: log of 2 entries by w1, w2 (quorum both-all)")
	x.dir.ShowLog(2)
	x.dir.Insert()
	stdout, _ = x.kt(exitOK, "lookup", alice, "--explain")
	x.contains(stdout, "verified, still being monitored, checked by this client", "witnessed: log of 2 entries by",
		"pending: log entry 2 is newer than what the witnesses have seen\n", "w1, w2 cosigned", "Log entry 2 is newer than what the witnesses have seen.")
	stdout, _ = x.kt(exitOK, "watch")
	x.contains(stdout, "the log: verified, still being monitored", "pending: log entry 2 is newer")

	x.dir.Clock.Add(time.Hour)
	stdout, stderr := x.kt(exitUndecided, "lookup", alice)
	x.contains(stderr, "kt: error: checking the log against its witnesses: log entry 2 is newer", "more than 10m0s ago", "kt: hint: ")
	if stdout != "" {
		t.Errorf("keys without a verdict: %s", stdout)
	}
	if stdout, _ = x.kt(exitUndecided, "lookup", alice, "--raw"); stdout != "" {
		t.Errorf("keys without a verdict: %s", stdout)
	}
	x.kt(exitOK, "lookup", alice, "--witness-delay", "2h")
	x.kt(exitUndecided, "lookup", alice, "--witness-delay", "0")
	stdout, _ = x.kt(exitUndecided, "watch")
	x.contains(stdout, "the log: could not check", "alice@example.org (owner): could not check")
	stdout, _ = x.kt(exitUndecided, "publish", alice, x.file(sshKey), "--force", "--wait-witnessed=10ms")
	x.contains(stdout, "published alice@example.org, version 1", "could not check, checked by this client: version 1 is published, but ", "after waiting for 10ms")

	x.dir.ShowWholeLog()
	x.dir.Sleep(clienttest.Witness1)
	_, stderr = x.kt(exitUndecided, "lookup", alice)
	x.contains(stderr, "too few of the policy's witnesses")
	anyone := x.file(string(x.dir.Policy("any")))
	stdout, _ = x.kt(exitOK, "lookup", alice, "--policy", anyone)
	x.contains(stdout, "witnessed: log of 4 entries by w2 (quorum both-any)")
	x.kt(exitUndecided, "lookup", alice)
	stdout, _ = x.kt(exitOK, "trust", x.server.URL, "--policy", anyone)
	x.contains(stdout, "new witness policy, which replaces the one before: log ")
	stdout, _ = x.kt(exitOK, "history", alice)
	x.contains(stdout, "witnessed: log of 4 entries by w2")
	stdout, _ = x.kt(exitOK, "own", alice)
	x.contains(stdout, "witnessed: log of 4 entries by w2")
}

// TestWitnessesContradict has the public log hold another entry than the client
// was shown.
func TestWitnessesContradict(t *testing.T) {
	x := newTerminal(t)
	x.kt(exitOK, "trust", x.server.URL, "--policy", x.file(string(x.dir.Policy("any"))))
	x.dir.ChangeLeaf(1)
	_, stderr := x.kt(exitMisbehaviour, "publish", alice, x.file(sshKey))
	x.contains(stderr, "version 0 was published, but: the directory showed this client another log entry 1", "kt: misbehaviour proven\n", "kt: evidence: "+x.state)
	stdout, _ := x.kt(exitMisbehaviour, "watch")
	x.contains(stdout, "the log: misbehaviour proven", "  evidence: "+x.state, "alice@example.org (owner): could not check")
	stdout, _ = x.kt(exitMisbehaviour, "watch", "--json")
	x.contains(stdout, `"finding": "misbehaviour"`, `"evidence": "`+x.state)
}

func TestWitnessJSON(t *testing.T) {
	x := newTerminal(t)
	x.kt(exitOK, "publish", alice, x.file(sshKey))
	policy := x.file(string(x.dir.Policy("any")))
	for _, c := range []struct {
		args []string
		path []string
	}{
		{[]string{"trust", x.server.URL, "--policy", policy}, []string{"witness"}},
		{[]string{"lookup", alice}, []string{"witness"}},
		{[]string{"history", alice}, []string{"witness"}},
		{[]string{"own", alice}, []string{"witness"}},
		{[]string{"publish", alice, x.file(sshKey)}, []string{"witness"}},
		{[]string{"watch"}, []string{"log", "witness"}},
		{[]string{"proof", alice}, []string{"lookup", "witness"}},
	} {
		stdout, _ := x.kt(exitOK, append(c.args, "--json")...)
		var got map[string]any
		if err := json.Unmarshal([]byte(stdout), &got); err != nil {
			t.Fatalf("%v: %v\n%s", c.args, err, stdout)
		}
		for _, field := range c.path {
			got, _ = got[field].(map[string]any)
		}
		if got["checkpoint_size"] != 2.0 || got["quorum"] != "both-any" || len(got["cosigned_by"].([]any)) != 2 || len(got["pending"].([]any)) != 0 || got["settled"] != true {
			t.Errorf("%v: %v", c.args, got)
		}
	}
}

func TestProof(t *testing.T) {
	x := newTerminal(t)
	x.kt(exitOK, "publish", alice, x.file(sshKey))
	policy := x.file(string(x.dir.Policy("all")))
	_, stderr := x.kt(exitUsage, "proof", alice)
	x.contains(stderr, "no witness policy", "kt trust URL --policy FILE")
	proof, _ := x.kt(exitOK, "proof", alice, "--policy", policy)
	x.contains(proof, "c2sp.org/tlog-proof@v1\n")
	stdout, _ := x.kt(exitOK, "proof", "--verify", x.file(proof), "--policy", policy)
	x.contains(stdout, "the proof verifies", "log entry 1 of the log "+clienttest.Origin, "of 2026-11-24 12:00:00 UTC, with the prefix tree ", "state of 2 entries (quorum both-all)", "seen by w1 on ", "seen by w2 on ")
	x.stdin = proof
	stdout, _ = x.kt(exitOK, "proof", "--verify", "-", "--policy", policy, "--json")
	x.contains(stdout, `"schema": "ghostlight/proof-verification/v1"`, `"index": 1`, `"witness": "w2"`)

	out := filepath.Join(t.TempDir(), "alice.proof")
	stdout, _ = x.kt(exitOK, "proof", alice, "--policy", policy, "--out", out)
	x.contains(stdout, "alice@example.org, version 0, was found in log entry 1; "+out+" proves that entry:", "witnessed: log of 2 entries")
	if written, err := os.ReadFile(out); err != nil || string(written) != proof {
		t.Errorf("%v\n%s", err, written)
	}
	_, stderr = x.kt(exitUsage, "proof", alice, "--policy", policy, "--out", out)
	x.contains(stderr, "exists already")
	x.kt(exitOperational, "proof", alice, "--policy", policy, "--out", filepath.Join(out, "x"))

	_, stderr = x.kt(exitUndecided, "proof", "--verify", x.file(strings.Replace(proof, "index 1", "index 0", 1)), "--policy", policy)
	x.contains(stderr, "verifying the proof")
	_, stderr = x.kt(exitUndecided, "proof", "--verify", x.file("nonsense"), "--policy", policy)
	x.contains(stderr, "malformed proof")
	_, stderr = x.kt(exitUndecided, "proof", "--verify", x.file(proof), "--policy", x.file(string(clienttest.New().Policy("any"))))
	x.contains(stderr, "no log of the policy has signed the checkpoint")
	x.kt(exitOperational, "proof", "--verify", "/nonexistent", "--policy", policy)
	x.kt(exitOperational, "proof", "--verify", x.file(proof), "--policy", "/nonexistent")
	_, stderr = x.kt(exitUsage, "proof", "--verify", x.file(proof), "--policy", x.file(""))
	x.contains(stderr, "the witness policy: ")

	x.dir.ShowLog(2)
	x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keySet(t, rawKey(7, "new"))}})
	_, stderr = x.kt(exitUndecided, "proof", alice, "--policy", policy)
	x.contains(stderr, "the witnesses have not seen log entry 2 yet", "--wait-witnessed")
	x.dir.ShowWholeLog()
	x.kt(exitAttention, "proof", alice, "--policy", policy)
}

// TestQuorumNone is what a user sees under a policy that requires no witness.
func TestQuorumNone(t *testing.T) {
	x := newTerminal(t)
	x.kt(exitOK, "publish", alice, x.file(sshKey))
	x.dir.Sleep(clienttest.Witness1, clienttest.Witness2)
	policy := x.file(string(x.dir.Policy("none")))
	const own = "checkpoint: the log's own, of 2 entries, cosigned by nobody (quorum none): others may be shown another log\n"
	out := filepath.Join(t.TempDir(), "alice.proof")
	for _, args := range [][]string{
		{"trust", x.server.URL, "--policy", policy}, {"lookup", alice, "--explain"}, {"history", alice}, {"own", alice}, {"watch"},
		{"publish", alice, x.file(sshKey)}, {"proof", alice, "--out", out},
	} {
		stdout, _ := x.kt(exitOK, args...)
		x.contains(stdout, own)
		for _, claim := range []string{"witnesses have seen", "these witnesses", "witnessed: "} {
			if strings.Contains(stdout, claim) {
				t.Errorf("%v claims that there are witnesses: %s", args, stdout)
			}
		}
	}
	stdout, _ := x.kt(exitOK, "proof", "--verify", out, "--policy", policy)
	x.contains(stdout, "in its state of 2 entries (quorum none)\n  which the log signed; no witness is required, so others may be shown another log\n")
	stdout, _ = x.kt(exitOK, "--help")
	x.contains(stdout, "A policy with quorum none requires no witness")
	x.dir.Sleep()
	x.dir.Insert()
	stdout, _ = x.kt(exitOK, "watch")
	x.contains(stdout, "checkpoint: the log's own, of 3 entries, cosigned by w1, w2 (quorum none)")
}

// TestWaitFlag forgets the equals sign, without which a time is an argument.
func TestWaitFlag(t *testing.T) {
	x := newTerminal(t)
	for _, args := range [][]string{
		{"publish", alice, "file", "--wait-witnessed", "30s"}, {"lookup", "--wait-witnessed", "30s", alice}, {"proof", alice, "--wait-witnessed", "30s"},
		{"proof", "--verify", "file", "--wait-witnessed", "30s"},
	} {
		_, stderr := x.kt(exitUsage, args...)
		x.contains(stderr, "kt: error: 30s is taken for an argument: ", "kt: hint: write --wait-witnessed=30s: ")
	}
	for _, args := range [][]string{{"history", alice, "more"}, {"proof", alice, "30s"}} {
		_, stderr := x.kt(exitUsage, args...)
		x.contains(stderr, "kt: error: accepts ", "kt: hint: usage: kt "+args[0]+" ", "kt "+args[0]+" --help tells more")
	}
	for _, command := range []string{"publish", "lookup", "proof"} {
		stdout, _ := x.kt(exitOK, command, "--help")
		x.contains(stdout, "--wait-witnessed=30s", "--wait-witnessed=TIME says")
	}
}

// TestPolicyFlag gives a policy on standard input, and reads what the help says of
// one that is not stored.
func TestPolicyFlag(t *testing.T) {
	x := newTerminal(t)
	x.stdin = string(x.dir.Policy("any"))
	stdout, _ := x.kt(exitOK, "publish", alice, x.file(sshKey), "--policy", "-")
	x.contains(stdout, "witnessed: log of 2 entries by w1, w2")
	_, stderr := x.kt(exitUsage, "publish", alice, "-", "--policy", "-")
	x.contains(stderr, "kt: error: standard input can be read only once, and - stands for the policy and for the value to publish\n")
	_, stderr = x.kt(exitUsage, "publish", alice, x.file(sshKey), "--token-file", "-", "--policy", "-")
	x.contains(stderr, "- stands for the policy and for the token\n")
	stdout, _ = x.kt(exitOK, "publish", "--help")
	x.contains(stdout, "(C2SP tlog-policy; - for standard input)", "Only one of FILE, --token-file, --account-key and --policy can be\nstandard input.")
	stdout, _ = x.kt(exitOK, "--help")
	x.contains(stdout, "kt keeps what is pending under that of\n--policy")
}
