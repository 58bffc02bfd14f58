package sink

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantErr checks what an error says.
func wantErr(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("the error is %v, want %q", err, want)
	}
}

func example() *alert.Alert {
	at := time.Date(2026, 11, 26, 8, 30, 0, 0, time.UTC)
	return &alert.Alert{
		Schema: alert.Schema, ID: "93f1c2a07be4d518-1", Number: 7, State: alert.Raised,
		Rule: finding.UnexpectedVersion, Class: finding.Report, Severity: finding.Critical, Directory: "example", Role: "example/watch",
		Summary: "an owned label has a version that its owner did not make", Detail: "label alice@example.org\nversion 3", Hint: "ask the directory",
		Evidence: "evidence/93f1c2a07be4d518-1.json", FoundAt: at, RaisedAt: at,
	}
}

// evil returns an alert with texts that no ledger lets through.
func evil() *alert.Alert {
	a := example()
	text := "x\r\nBcc: all@example.org\r\n\r\n.\r\nQUIT\r\nLD_PRELOAD=y\n\x00\x1b[2J\u202eé"
	a.Summary, a.Detail, a.Hint, a.Directory, a.Role = text, text, text, text, text
	a.Rule, a.Severity, a.Resolves = finding.Rule(text), finding.Severity(text), text
	return a
}

// secret returns a file with a text.
func secret(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	fatalIfErr(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

var webhookSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
