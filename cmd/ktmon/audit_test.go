package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// auditedDirectory is a directory over HTTP whose updates never arrive.
type auditedDirectory struct {
	log           *keytranstest.Log
	url, dir      string
	configuration []byte
}

func newAuditedDirectory(t *testing.T) *auditedDirectory {
	t.Helper()
	d := &auditedDirectory{dir: filepath.Join(t.TempDir(), "audit")}
	public := strings.TrimSpace(ktmon(t, t.Context(), "keygen", d.dir).exits(exitOK).stdout)
	d.log = keytranstest.New(keytranstest.Options{Mode: keytrans.ThirdPartyAuditing})
	var err error
	d.log.Config.AuditorPublicKey, err = base64.StdEncoding.DecodeString(public)
	fatalIfErr(t, err)
	d.log.Append(1, keytranstest.Pad(2))
	d.configuration, err = d.log.Config.Marshal()
	fatalIfErr(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/configuration":
			_, _ = w.Write(d.configuration)
		case "/api/v1/log":
			size := d.log.Size()
			_ = json.NewEncoder(w).Encode(map[string]any{
				"tree_size": size, "root": d.log.Root(size).String(), "signature": d.log.At(size).Head().Signature,
			})
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

func TestKeygen(t *testing.T) {
	for suite, size := range map[string]int{"ed25519": 32, "p256": 65} {
		dir := filepath.Join(t.TempDir(), "audit")
		r := ktmon(t, t.Context(), "keygen", dir, "--suite", suite, "--json").exits(exitOK)
		var key keyJSON
		fatalIfErr(t, json.Unmarshal([]byte(r.stdout), &key))
		info, err := os.Stat(key.KeyFile)
		fatalIfErr(t, err)
		if len(key.PublicKey) != size || key.SchemaVersion != 1 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %+v, mode %v", suite, key, info.Mode())
		}
		ktmon(t, t.Context(), "keygen", dir, "--suite", suite).exits(exitUsage, "has a key already")
	}
	ktmon(t, t.Context(), "keygen", t.TempDir(), "--suite", "rsa").exits(exitUsage, "--suite")
	ktmon(t, t.Context(), "keygen").exits(exitUsage, "missing")
	ktmon(t, t.Context(), "keygen", "a", "b").exits(exitUsage, "too many")
}

// TestAuditUsage calls ktmon audit wrongly, and where it can do nothing.
func TestAuditUsage(t *testing.T) {
	d := newAuditedDirectory(t)
	ktmon(t, t.Context(), "audit", d.url).exits(exitUsage, "missing")
	ktmon(t, t.Context(), "audit", d.url, d.dir, "--interval", "0s").exits(exitUsage, "--interval")
	ktmon(t, t.Context(), "audit", d.url, d.dir, "--interval", "1000000h").exits(exitUsage, "--interval")
	ktmon(t, t.Context(), "audit", d.url, filepath.Join(d.dir, "none")).exits(exitUsage, "hint: make a key first")
	ktmon(t, t.Context(), "audit", "nowhere", d.dir).exits(exitUsage, "hint: give the URL of the directory")
	file := filepath.Join(t.TempDir(), "configuration")
	fatalIfErr(t, os.WriteFile(file, []byte("garbage"), 0o600))
	ktmon(t, t.Context(), "audit", d.url, d.dir, "--configuration", file).exits(exitOperational, "malformed")
	ktmon(t, t.Context(), "audit", d.url, d.dir, "--configuration", file+"x").exits(exitOperational, "no such file")
}

// TestAuditUndecided audits a directory that sends no updates, with a configuration
// from each source.
func TestAuditUndecided(t *testing.T) {
	d := newAuditedDirectory(t)
	file := filepath.Join(t.TempDir(), "configuration")
	for name, content := range map[string][]byte{
		"the directory": nil, "a file": d.configuration, "base64": fmt.Appendln(nil, base64.StdEncoding.EncodeToString(d.configuration)),
	} {
		_ = os.Remove(filepath.Join(d.dir, "configuration"))
		args := []string{"audit", d.url, d.dir, "--once", "--json"}
		if content != nil {
			fatalIfErr(t, os.WriteFile(file, content, 0o600))
			args = append(args, "--configuration", file)
		}
		r := ktmon(t, t.Context(), args...).exits(exitUndecided)
		var out auditJSON
		fatalIfErr(t, json.Unmarshal([]byte(r.stdout), &out))
		if out.Verdict != outcomeUnchecked || out.Size != 0 || out.SignedSize != 0 || !strings.Contains(out.Reason, "1 entries") {
			t.Errorf("%s: %+v", name, out)
		}
		if pinned := strings.Contains(r.stderr, "pinned the directory's configuration"); pinned != (content == nil) {
			t.Errorf("%s: standard error:\n%s", name, r.stderr)
		}
	}
	other := d.log.Fork(0)
	other.Append(1, keytranstest.Pad(3))
	other.Config.AuditorPublicKey = d.log.Config.AuditorPublicKey
	d.log = other
	r := ktmon(t, t.Context(), "audit", d.url, d.dir).exits(exitMisbehaviour, "misbehaviour proven", "two roots", "evidence: ")
	if r.stdout != "" {
		t.Errorf("standard output: %s", r.stdout)
	}
	ktmon(t, t.Context(), "audit", d.url, d.dir, "--json").exits(exitMisbehaviour, "move the evidence away")
}
