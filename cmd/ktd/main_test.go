package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// asProgram makes the test binary run as ktd.
const asProgram = "KTD_TEST_RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// result is what a command did.
type result struct {
	t              *testing.T
	code           int
	stdout, stderr string
}

// ktd runs a command in this process.
func ktd(t *testing.T, args ...string) *result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
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

// json decodes standard output, which must be one object.
func (r *result) json(v any) {
	r.t.Helper()
	dec := json.NewDecoder(strings.NewReader(r.stdout))
	if err := dec.Decode(v); err != nil || dec.More() {
		r.t.Fatalf("standard output is not one JSON object: %v\n%s", err, r.stdout)
	}
}

// newDir makes an instance.
func newDir(t *testing.T, flags ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "dir")
	ktd(t, append([]string{"init", dir}, flags...)...).exits(exitOK)
	return dir
}

func fatalIfErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, data string) {
	t.Helper()
	fatalIfErr(t, os.WriteFile(path, []byte(data), 0o600))
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	fatalIfErr(t, err)
	return string(data)
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{},
		{"nonsense"},
		{"init"},
		{"init", "a", "b"},
		{"init", dir, "--suite", "rsa"},
		{"init", dir, "--max-ahead", "-5m"},
		{"init", dir, "--max-ahead", "1ns"},
		{"init", dir, "--maximum-lifetime", "0"},
		{"init", dir, "--nonsense"},
		{"serve"},
		{"serve", dir, "--log-format", "xml"},
		{"serve", dir, "--log-level", "loud"},
		{"serve", dir, "--trillian", "127.0.0.1:8090"},
		{"serve", dir, "--tree", "1"},
		{"serve", dir, "--trillian-ca", "ca.pem"},
		{"serve", dir, "--tree", "x"},
		{"export-log", dir},
		{"export-log", dir, "a", "b"},
		{"token", dir},
		{"prune"},
		{"prune", dir, "extra"},
		{"erase", dir},
		{"erase", dir, "a@example.org", "--version", "-1"},
		{"import", dir},
		{"import", dir, "file", "--label", "a\x01b"},
		{"bench"},
		{"bench", "nonsense"},
		{"bench", "publish", "--labels", "0"},
		{"bench", "publish", "extra"},
		{"bench", "lookup", "--requests", "-1"},
	} {
		r := ktd(t, args...)
		if r.code != exitUsage || !strings.Contains(r.stderr, "ktd: error: ") || !strings.Contains(r.stderr, "usage: ktd") {
			t.Errorf("ktd %q: exit code %d, standard error:\n%s", args, r.code, r.stderr)
		}
	}
	ktd(t, "serv").exits(exitUsage, "did you mean serve?")
	if r := ktd(t, "--help").exits(exitOK); !strings.Contains(r.stdout, "import") {
		t.Errorf("no help on standard output: %q", r.stdout)
	}
	if r := ktd(t, "help", "config").exits(exitOK); !strings.Contains(r.stdout, "max_behind") {
		t.Errorf("no help on the configuration: %q", r.stdout)
	}
}
