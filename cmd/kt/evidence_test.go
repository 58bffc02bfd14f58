package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
)

// forked has kt find a fork, and returns the path of the evidence.
func forked(x *terminal) string {
	x.dir.Tick(4, time.Minute)
	other := x.dir.Fork()
	x.dir.Tick(3, time.Minute)
	other.Tick(3, time.Minute)
	x.kt(exitOK, "watch")
	x.server.Config.Handler = other
	_, stderr := x.kt(exitMisbehaviour, "watch")
	path, _, _ := strings.Cut(strings.SplitAfter(stderr, "kt: evidence: ")[1], "\n")
	return path
}

func TestEvidenceVerify(t *testing.T) {
	x := newTerminal(t)
	path := forked(x)
	changed := *x.dir.Configuration()
	changed.MaxBehind++
	mine, other := x.configuration(x.dir.Configuration()), x.configuration(&changed)
	stdout, _ := x.kt(exitMisbehaviour, "evidence", "verify", path)
	x.contains(stdout, "misbehaviour proven", "two heads were both signed", "rule: KEYTRANS", "accused: "+x.server.URL+", which is trusted here")
	stdout, _ = x.kt(exitMisbehaviour, "evidence", "verify", path, "--json")
	var got map[string]any
	x.check(json.Unmarshal([]byte(stdout), &got))
	if got["schema"] != "ghostlight/evidence-verify/v1" || got["kind"] != "fork" || got["accused"] != x.server.URL || got["compare"] != false || got["private"] != false {
		t.Errorf("%s", stdout)
	}
	x.kt(exitMisbehaviour, "evidence", "verify", path, "--directory", x.server.URL)
	x.kt(exitMisbehaviour, "evidence", "verify", path, "--configuration", mine)
	_, stderr := x.kt(exitUndecided, "evidence", "verify", path, "--configuration", other)
	x.contains(stderr, "about another directory")
	_, stderr = x.kt(exitUsage, "evidence", "verify", path, "--configuration", x.file("no configuration"))
	x.contains(stderr, "does not hold a configuration")
	_, stderr = x.kt(exitUsage, "evidence", "verify", path, "--directory", "https://other.example")
	x.contains(stderr, "is not trusted")
	x.kt(exitUsage, "evidence")
	x.kt(exitUsage, "evidence", "verify")
	x.kt(exitOperational, "evidence", "verify", path+".none")

	// Somebody who trusts nobody.
	data, err := os.ReadFile(path)
	x.check(err)
	stranger := &terminal{T: t, dir: x.dir, state: t.TempDir(), stdin: string(data)}
	stdout, _ = stranger.kt(exitMisbehaviour, "evidence", "verify", "-")
	x.contains(stdout, "nothing here says whose it is", "configuration: SHA-256 ")
	stdout, _ = stranger.kt(exitMisbehaviour, "evidence", "verify", "-", "--json")
	x.contains(stdout, `"compare": true`)

	for name, bad := range map[string]string{
		"malformed": "{", "more": string(data) + "{}", "unknown": strings.Replace(string(data), `"kind"`, `"more": 1, "kind"`, 1),
	} {
		if _, stderr := x.kt(exitUndecided, "evidence", "verify", x.file(bad)); !strings.Contains(stderr, "malformed") {
			t.Errorf("%s: %s", name, stderr)
		}
	}
	report := strings.Replace(string(data), `"class": "evidence"`, `"class": "report"`, 1)
	_, stderr = x.kt(exitUndecided, "evidence", "verify", x.file(report))
	x.contains(stderr, "this is a report", "hint: it may be true all the same")
}

// TestEvidenceOfLog verifies evidence that needs the key of the log.
func TestEvidenceOfLog(t *testing.T) {
	x := newTerminal(t)
	policy := x.file(string(x.dir.Policy("any")))
	x.kt(exitOK, "trust", x.server.URL, "--policy", policy)
	pos := x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{[]byte("a")}})
	x.dir.ChangeLeaf(pos)
	_, stderr := x.kt(exitMisbehaviour, "lookup", alice)
	path, _, _ := strings.Cut(strings.SplitAfter(stderr, "kt: evidence: ")[1], "\n")
	stdout, _ := x.kt(exitMisbehaviour, "evidence", "verify", path)
	x.contains(stdout, "log: ", "accused: "+x.server.URL)
	x.kt(exitMisbehaviour, "evidence", "verify", path, "--policy", policy)
	other := clienttest.New()
	_, stderr = x.kt(exitUndecided, "evidence", "verify", path, "--policy", x.file(string(other.Policy("any"))))
	x.contains(stderr, "about another directory")
	_, stderr = x.kt(exitUsage, "evidence", "verify", path, "--policy", x.file("nonsense"))
	x.contains(stderr, "policy")

	// Somebody who trusts nobody has to say that the two belong together: the log could be
	// one that the accuser made.
	data, err := os.ReadFile(path)
	x.check(err)
	mine := x.configuration(x.dir.Configuration())
	two := x.file(string(x.dir.Policy("any")) + strings.SplitAfter(string(other.Policy("any")), "\n")[0])
	stranger := &terminal{T: t, dir: x.dir, state: t.TempDir(), stdin: string(data)}
	for _, flags := range [][]string{{"--configuration", mine}, {"--policy", policy}, {"--configuration", mine, "--policy", two}} {
		_, stderr = stranger.kt(exitUndecided, append([]string{"evidence", "verify", "-"}, flags...)...)
		x.contains(stderr, "known to belong together", "hint: name both")
	}
	stdout, _ = stranger.kt(exitMisbehaviour, "evidence", "verify", "-", "--configuration", mine, "--policy", policy, "--json")
	x.contains(stdout, `"compare": false`)
}

// TestEvidenceOfTwo has somebody accuse an honest directory by means of a log of their
// own: it proves something only against who has both.
func TestEvidenceOfTwo(t *testing.T) {
	x := newTerminal(t)
	policy := x.file(string(x.dir.Policy("any")))
	x.kt(exitOK, "trust", x.server.URL, "--policy", policy)
	pos := x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{[]byte("a")}})
	x.dir.ChangeLeaf(pos)
	_, stderr := x.kt(exitMisbehaviour, "lookup", alice)
	path, _, _ := strings.Cut(strings.SplitAfter(stderr, "kt: evidence: ")[1], "\n")
	configuration := x.configuration(x.dir.Configuration())

	stranger := &terminal{T: t, dir: x.dir, server: x.server, state: t.TempDir()}
	for _, flags := range [][]string{nil, {"--configuration", configuration}, {"--policy", policy}} {
		stdout, stderr := stranger.kt(exitUndecided, append([]string{"evidence", "verify", path}, flags...)...)
		want := "only against who has both"
		if flags != nil {
			want = "known to belong together"
		}
		x.contains(stderr, want)
		if strings.Contains(stdout+stderr, "misbehaviour proven") {
			t.Errorf("%v: %s%s", flags, stdout, stderr)
		}
	}
	stranger.kt(exitMisbehaviour, "evidence", "verify", path, "--configuration", configuration, "--policy", policy)
	stranger.kt(exitOK, "trust", x.server.URL) // without the key of its log
	stranger.kt(exitUndecided, "evidence", "verify", path, "--directory", x.server.URL)

	// Two checkpoints name no configuration.
	data, err := os.ReadFile(x.checkpoints())
	x.check(err)
	stranger.stdin = string(data)
	_, stderr = stranger.kt(exitUndecided, "evidence", "verify", "-", "--configuration", configuration)
	x.contains(stderr, "--policy")
	stranger.kt(exitMisbehaviour, "evidence", "verify", "-", "--policy", policy)
	stranger.kt(exitMisbehaviour, "evidence", "verify", "-")

	// That the log is a trusted directory's does not matter to who means another one.
	changed := *x.dir.Configuration()
	changed.MaxBehind++
	x.stdin = string(data)
	x.kt(exitMisbehaviour, "evidence", "verify", "-", "--configuration", configuration)
	x.kt(exitUndecided, "evidence", "verify", "-", "--configuration", x.configuration(&changed))
}

// checkpoints returns the path of evidence that the directory's log signed two histories.
func (x *terminal) checkpoints() string {
	x.Helper()
	policy, err := checkpoint.ParsePolicy(x.dir.Policy("none"))
	x.check(err)
	policy.Logs = policy.Logs[:1]
	const size = 2
	a, err := policy.Open(x.dir.SignCheckpoint(size, x.dir.PublicRoot(size)))
	x.check(err)
	b, err := policy.Open(x.dir.SignCheckpoint(size, x.dir.PublicRoot(size-1)))
	x.check(err)
	found, err := monitor.CompareCheckpoints(x.Context(), nil, a, b)
	x.check(err)
	path, err := monitor.StoreInconsistency(x.TempDir(), found, b, time.Now())
	x.check(err)
	return path
}

// TestReport has kt write what it cannot prove to others.
func TestReport(t *testing.T) {
	x := newTerminal(t)
	x.dir.Tick(20, time.Hour)
	x.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{[]byte("a")}})
	x.kt(exitOK, "lookup", alice)
	folders, err := filepath.Glob(filepath.Join(x.state, "*", "exchanges"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("%v, %v", folders, err)
	}
	x.check(os.RemoveAll(folders[0]))
	x.dir.Remove(alice)
	x.dir.Tick(3, time.Minute)
	_, stderr := x.kt(exitMisbehaviour, "lookup", alice)
	x.contains(stderr, "misbehaviour proven", "kt: report: "+x.state, "it is a report")
	path, _, _ := strings.Cut(strings.SplitAfter(stderr, "kt: report: ")[1], "\n")
	_, stderr = x.kt(exitUndecided, "evidence", "verify", path)
	x.contains(stderr, "this is a report")
	stdout, _ := x.kt(exitMisbehaviour, "lookup", alice, "--json")
	x.contains(stdout, `"report": true`)
	data, err := os.ReadFile(path)
	x.check(err)
	e, err := evidence.Parse(data)
	x.check(err)
	if !strings.HasPrefix(e.Summary, "This is a report") || e.RetainedContact == nil || !e.Private() {
		t.Errorf("%s", data)
	}
}

// configuration returns the path of a file with a configuration.
func (x *terminal) configuration(c *keytrans.Configuration) string {
	x.Helper()
	data, err := c.Marshal()
	x.check(err)
	return x.file(string(data))
}

func (x *terminal) check(err error) {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
}
