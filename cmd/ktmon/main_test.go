package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

// asProgram makes the test binary run as ktmon.
const asProgram = "KTMON_TEST_RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

func fatalIfErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// result is what a command did.
type result struct {
	t              *testing.T
	code           int
	stdout, stderr string
}

// ktmon runs a command in this process.
func ktmon(t *testing.T, ctx context.Context, args ...string) *result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, strings.NewReader(""), &stdout, &stderr)
	return &result{t, code, stdout.String(), stderr.String()}
}

// exits requires an exit code, and that standard error has the given texts.
func (r *result) exits(code int, texts ...string) *result {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("exit code %d, want %d; standard error:\n%s", r.code, code, r.stderr)
	}
	for _, text := range texts {
		if !strings.Contains(r.stderr, text) {
			r.t.Errorf("standard error does not say %q:\n%s", text, r.stderr)
		}
	}
	if code != exitOK && r.stdout != "" && !strings.HasPrefix(r.stdout, "{") {
		r.t.Errorf("standard output of a command that failed:\n%s", r.stdout)
	}
	return r
}

// prints requires that standard output has a text.
func (r *result) prints(text string) *result {
	r.t.Helper()
	if !strings.Contains(r.stdout, text) {
		r.t.Errorf("standard output does not say %q:\n%s", text, r.stdout)
	}
	return r
}

// json decodes standard output, which must be one object.
func (r *result) json() mirrorJSON {
	r.t.Helper()
	var v mirrorJSON
	dec := json.NewDecoder(strings.NewReader(r.stdout))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil || dec.More() {
		r.t.Fatalf("standard output is not one JSON object: %v\n%s", err, r.stdout)
	}
	if v.SchemaVersion != 1 || v.CheckedBy != "this monitor" {
		r.t.Errorf("schema %d, checked by %q", v.SchemaVersion, v.CheckedBy)
	}
	return v
}

// world is a log, and where it is mirrored to.
type world struct {
	log         *monitortest.Log
	url, dir    string
	policy      string
	firstMirror []string // the command that makes the mirror
}

func newWorld(t *testing.T, entries int) *world {
	t.Helper()
	log := monitortest.New(t, 1)
	log.Grow(t, entries, 2)
	server := httptest.NewServer(log)
	t.Cleanup(server.Close)
	tmp := t.TempDir()
	w := &world{log: log, url: server.URL, dir: filepath.Join(tmp, "mirror"), policy: filepath.Join(tmp, "policy")}
	fatalIfErr(t, os.WriteFile(w.policy, log.Policy(), 0o600))
	w.firstMirror = []string{"mirror", w.url, w.dir, "--once", "--policy", w.policy}
	return w
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"nonsense"},
		{"--nonsense"},
		{"mirror"},
		{"mirror", "http://log.example"},
		{"mirror", "http://log.example", "dir", "more"},
		{"mirror", "http://log.example", "dir", "--interval", "0s"},
		{"mirror", "http://log.example", "dir", "--interval", "soon"},
		{"mirror", "http://log.example", "dir", "--nonsense"},
		{"mirror", "--verify-only"},
		{"mirror", "--verify-only", "--once", "dir"},
	} {
		r := ktmon(t, t.Context(), args...)
		if r.code != exitUsage || !strings.Contains(r.stderr, "ktmon: error: ") || !strings.Contains(r.stderr, "usage: ktmon") {
			t.Errorf("ktmon %q: exit code %d, standard error:\n%s", args, r.code, r.stderr)
		}
	}
	ktmon(t, t.Context(), "miror").exits(exitUsage, "did you mean mirror?")
	ktmon(t, t.Context(), "--help").exits(exitOK).prints("mirror")
	ktmon(t, t.Context(), "mirror", "--help").exits(exitOK).prints("--verify-only")
}

// TestMirror mirrors, continues and verifies.
func TestMirror(t *testing.T) {
	w := newWorld(t, 300)
	again := []string{"mirror", w.url, w.dir, "--once"}
	ktmon(t, t.Context(), again...).exits(exitUsage, "is not a mirror", "hint: the first time, give the policy", "--policy")
	ktmon(t, t.Context(), append(again, "--policy", w.dir)...).exits(exitOperational, "no such file")
	root := w.log.RootAt(t, 300).String()
	ktmon(t, t.Context(), w.firstMirror...).exits(exitOK).
		prints("verified 300 entries, ").prints(" up to the checkpoint of 300 entries, root " + root + ", in ").prints(" entries/s, ").prints(" changes/s\n")
	w.log.Grow(t, 100, 2)
	v := ktmon(t, t.Context(), append(again, "--json")...).exits(exitOK).json()
	if v.Verdict != "verified" || v.Origin != monitortest.Origin || v.Size != 400 || v.Entries != 400 || v.Root != w.log.RootAt(t, 400).String() ||
		v.Changes < 400 || v.Bytes == 0 || v.EntriesPerSec == 0 || v.Seconds == 0 {
		t.Errorf("JSON %+v", v)
	}
	ktmon(t, t.Context(), "mirror", "--verify-only", w.dir).exits(exitOK).prints("verified 400 entries, ")
	v = ktmon(t, t.Context(), "mirror", "--verify-only", "http://nowhere.invalid", w.dir, "--json").exits(exitOK).json()
	if v.Verdict != "verified" || v.Size != 400 || v.Bytes != 0 {
		t.Errorf("JSON %+v", v)
	}
	other := filepath.Join(t.TempDir(), "other")
	fatalIfErr(t, os.WriteFile(other, append(w.log.Policy(), '\n'), 0o600))
	ktmon(t, t.Context(), append(again, "--policy", other)...).exits(exitUsage, "not the one that the mirror was made with", "hint: leave --policy out")
	ktmon(t, t.Context(), "mirror", "--verify-only", w.dir, "--policy", other).exits(exitOK)
	ktmon(t, t.Context(), "mirror", "ftp://log.example", w.dir).exits(exitUsage, "is not an http or https URL")
}

// TestUndecided lets a log serve something wrong.
func TestUndecided(t *testing.T) {
	w := newWorld(t, 300)
	ktmon(t, t.Context(), w.firstMirror...).exits(exitOK)
	w.log.Grow(t, 10, 1)
	w.log.Intercept(func(rw http.ResponseWriter, _ *http.Request, path string, data []byte) bool {
		if !strings.HasPrefix(path, "changes/") {
			return false
		}
		data = bytes.Clone(data)
		data[len(data)-1] ^= 1
		_, _ = rw.Write(data)
		return true
	})
	ktmon(t, t.Context(), w.firstMirror...).exits(exitUndecided, "log entry 309", "hint: ")
	v := ktmon(t, t.Context(), append(w.firstMirror, "--json")...).exits(exitUndecided, "ktmon: error: ").json()
	if v.Verdict != "could not check" || !strings.Contains(v.Reason, "log entry 309") || v.Size != 300 || v.Evidence != "" {
		t.Errorf("JSON %+v", v)
	}
	ktmon(t, t.Context(), "mirror", "--verify-only", w.dir).exits(exitOK)
	fatalIfErr(t, os.Truncate(filepath.Join(w.dir, "changes", "000"), 100))
	ktmon(t, t.Context(), "mirror", "--verify-only", w.dir).exits(exitUndecided, "does not verify", "changes/000", "hint: ")
	ktmon(t, t.Context(), w.firstMirror...).exits(exitUndecided, "changes/000", "do not lead to its prefix tree")
}

// TestMisbehaviour lets a log turn its clock back.
func TestMisbehaviour(t *testing.T) {
	w := newWorld(t, 300)
	w.log.Append(t, -1, []prefixtree.Leaf{{Key: prefixtree.Key{1}}}, nil)
	w.log.Publish(t)
	evidence := filepath.Join(w.dir, "evidence", "timestamps-")
	ktmon(t, t.Context(), w.firstMirror...).exits(exitMisbehaviour,
		"ktmon: error: ", "log entry 300", "ktmon: misbehaviour proven\n", "ktmon: evidence: "+evidence, "ktmon: hint: keep this file")
	v := ktmon(t, t.Context(), append(w.firstMirror, "--json")...).exits(exitMisbehaviour).json()
	if v.Verdict != "misbehaviour proven" || !strings.HasPrefix(v.Evidence, evidence) || v.Size != 0 {
		t.Errorf("JSON %+v", v)
	}
	if _, err := os.Stat(v.Evidence); err != nil {
		t.Error(err)
	}
}

// TestOutputLost cannot print the result.
func TestOutputLost(t *testing.T) {
	w := newWorld(t, 3)
	var stderr bytes.Buffer
	if code := run(t.Context(), w.firstMirror, nil, brokenWriter{}, &stderr); code != exitOperational {
		t.Errorf("exit code %d, standard error:\n%s", code, stderr.String())
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// TestLeaves lets a log remove a leaf. Mirroring goes on after that.
func TestLeaves(t *testing.T) {
	w := newWorld(t, 10)
	w.log.KeepLeaves()
	leaf := []prefixtree.Leaf{{Key: prefixtree.Key{1}}}
	w.log.Append(t, 1, leaf, nil)
	w.log.Append(t, 1, nil, leaf)
	w.log.Publish(t)
	configuration := filepath.Join(t.TempDir(), "configuration")
	data, err := keytranstest.New(keytranstest.Options{}).Config.Marshal()
	fatalIfErr(t, err)
	fatalIfErr(t, os.WriteFile(configuration, data, 0o600))
	evidence := filepath.Join(w.dir, "evidence", "prefix-tree-")
	ktmon(t, t.Context(), w.firstMirror...).exits(exitOK) // it does not know the directory
	known := append(slices.Clone(w.firstMirror), "--configuration", configuration)
	for range 2 {
		ktmon(t, t.Context(), known...).exits(exitMisbehaviour,
			"log entry 11 removed the leaf", "ktmon: misbehaviour proven\n", "ktmon: evidence: "+evidence, "ktmon: hint: keep this file")
		w.log.Grow(t, 1, 1)
	}
	v := ktmon(t, t.Context(), append(known, "--json")...).exits(exitMisbehaviour).json()
	if v.Verdict != "misbehaviour proven" || !strings.HasPrefix(v.Evidence, evidence) || v.Size != 14 {
		t.Errorf("JSON %+v", v)
	}
	ktmon(t, t.Context(), "mirror", "--verify-only", w.dir).exits(exitOK)
	ktmon(t, t.Context(), "mirror", "--verify-only", w.dir, "--configuration", configuration).exits(exitMisbehaviour, evidence)
	ktmon(t, t.Context(), "mirror", "--verify-only", w.dir, "--configuration", w.policy).exits(exitOperational, "policy")

	p := start(t, "mirror", w.url, w.dir, "--interval", "10ms", "--configuration", configuration)
	p.until("ktmon: misbehaviour proven: ")
	w.log.Grow(t, 5, 1)
	p.until("ktmon: mirrored up to 19 entries")
	fatalIfErr(t, p.cmd.Process.Signal(syscall.SIGTERM))
	r := p.wait().exits(exitMisbehaviour, evidence)
	if n := strings.Count(r.stderr, "misbehaviour proven: "); n != 1 {
		t.Errorf("the same finding was told %d times:\n%s", n, r.stderr)
	}
}
