package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// buildKTMon builds ktmon once for a test.
func buildKTMon(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "ktmon")
	if out, err := exec.Command("go", "build", "-o", program, "../ktmon").CombinedOutput(); err != nil {
		t.Fatalf("building ktmon: %v\n%s", err, out)
	}
	return program
}

// auditor is a folder of ktmon, with a key.
type auditor struct {
	t            *testing.T
	program, dir string
	public       string // file with the public key
}

func newAuditorKey(t *testing.T, program, suite string) *auditor {
	t.Helper()
	a := &auditor{t, program, filepath.Join(t.TempDir(), "audit"), filepath.Join(t.TempDir(), "auditor.pub")}
	out, err := exec.Command(program, "keygen", a.dir, "--suite", suite).Output()
	fatalIfErr(t, err)
	write(t, a.public, string(out))
	return a
}

// start runs the auditor until it is killed, or the test ends.
func (a *auditor) start(url string) *exec.Cmd {
	a.t.Helper()
	cmd := exec.Command(a.program, "audit", url, a.dir, "--interval", "50ms")
	fatalIfErr(a.t, cmd.Start())
	a.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

// once audits up to the present head.
func (a *auditor) once(url string, code int, texts ...string) {
	a.t.Helper()
	cmd := exec.Command(a.program, "audit", url, a.dir, "--once")
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		a.t.Fatalf("ktmon audit: exit code %d, want %d\n%s", got, code, out)
	}
	for _, text := range texts {
		if !strings.Contains(string(out), text) {
			a.t.Errorf("ktmon audit does not say %q:\n%s", text, out)
		}
	}
}

// auditedDir makes an instance that an auditor may lag five seconds behind, with a
// log entry every 200 ms.
func auditedDir(t *testing.T, suite, public string) string {
	t.Helper()
	dir := newDir(t, "--suite", suite, "--mode", "third-party-auditing", "--auditor-key", public, "--max-auditor-lag", "1h")
	path := filepath.Join(dir, instance.ConfigFile)
	write(t, path, strings.Replace(read(t, path), `"heartbeat": "15m"`, `"heartbeat": "200ms"`, 1))
	ktd(t, "auditor", dir, "--max-auditor-lag", "5s").exits(exitOK)
	return dir
}

// until repeats a request until its answer has a status.
func until(t *testing.T, status int, do func() (*http.Response, error)) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		r, err := do()
		fatalIfErr(t, err)
		fatalIfErr(t, r.Body.Close())
		if r.StatusCode == status {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("status %d, not %d", r.StatusCode, status)
		}
	}
}

func search(t *testing.T, url string) func() (*http.Response, error) {
	body, err := (&keytrans.DistinguishedRequest{}).Marshal()
	fatalIfErr(t, err)
	return func() (*http.Response, error) {
		return http.Post(url+"/v1/distinguished", "application/octet-stream", bytes.NewReader(body))
	}
}

// TestAuditorStory runs a directory, its auditor and a user as processes: the
// auditor is killed, the log goes on without it until users are refused, it comes
// back, and another one takes its place.
func TestAuditorStory(t *testing.T) {
	program := buildKTMon(t)
	for _, suite := range []string{"ed25519", "p256"} {
		t.Run(suite, func(t *testing.T) {
			first, second := newAuditorKey(t, program, suite), newAuditorKey(t, program, suite)
			dir := auditedDir(t, suite, first.public)
			server := startServer(t, dir)
			token := filepath.Join(dir, "registration-token")
			alice := &user{t, buildKT(t), server.url, filepath.Join(t.TempDir(), "alice")}
			until(t, http.StatusServiceUnavailable, search(t, server.url))

			process := first.start(server.url)
			until(t, http.StatusOK, search(t, server.url))
			alice.kt(ktVerified, nil, "trust", server.url)
			key, fingerprint := newKeyFile(t, "alice@example.org")
			alice.kt(ktVerified, nil, "publish", "alice@example.org", key, "--token-file", token)
			alice.kt(ktVerified, []string{fingerprint}, "lookup", "alice@example.org")

			fatalIfErr(t, process.Process.Kill())
			_ = process.Wait()
			until(t, http.StatusServiceUnavailable, search(t, server.url))
			if health := get(t, server.url+"/readyz"); !strings.Contains(health, "auditor-overdue") {
				t.Errorf("/readyz: %s", health)
			}
			process = first.start(server.url)
			until(t, http.StatusOK, search(t, server.url))
			alice.kt(ktVerified, []string{fingerprint}, "lookup", "alice@example.org")

			ktd(t, "auditor", dir, "--auditor-key", second.public).exits(exitFailed)
			address := strings.TrimPrefix(server.url, "http://")
			size := treeSize(t, server.url)
			fatalIfErr(t, process.Process.Signal(syscall.SIGTERM))
			if err := process.Wait(); err != nil {
				t.Errorf("the auditor's end: %v", err)
			}
			server.stop(syscall.SIGTERM)
			var out auditorOutput
			ktd(t, "auditor", dir, "--auditor-key", second.public, "--json").exits(exitOK).json(&out)
			server = startServer(t, dir, "--listen", address)
			first.once(server.url, ktUndecided, "signature does not verify")
			second.start(server.url)
			// Who knows the latest head is told that it is still the same.
			for size += 2; treeSize(t, server.url) < size; time.Sleep(20 * time.Millisecond) {
			}
			until(t, http.StatusOK, search(t, server.url))
			alice.kt(ktUndecided, nil, "lookup", "alice@example.org")
			alice.kt(ktVerified, nil, "trust", server.url, "--sha256", out.ConfigurationSHA256)
			alice.kt(ktVerified, []string{fingerprint}, "lookup", "alice@example.org")
			server.stop(syscall.SIGTERM)
		})
	}
}

func treeSize(t *testing.T, url string) uint64 {
	t.Helper()
	var log struct {
		Size uint64 `json:"tree_size"`
	}
	fatalIfErr(t, json.Unmarshal([]byte(get(t, url+"/api/v1/log")), &log))
	return log.Size
}

func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	fatalIfErr(t, err)
	defer r.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(r.Body)
	fatalIfErr(t, err)
	return b.String()
}

// TestAuditorEvidence sends heads with wrong signatures to a running directory.
func TestAuditorEvidence(t *testing.T) {
	a := newAuditorKey(t, buildKTMon(t), "ed25519")
	dir := newDir(t, "--mode", "third-party-auditing", "--auditor-key", a.public)
	server := startServer(t, dir)
	a.once(server.url, 0, "verified 1 entries, signed the head of 1", "pinned the directory's configuration")
	var log struct {
		Size      uint64 `json:"tree_size"`
		Timestamp uint64 `json:"timestamp_ms"`
		Root      string `json:"root"`
	}
	fatalIfErr(t, json.Unmarshal([]byte(get(t, server.url+"/api/v1/log")), &log))
	send := func(signature string) {
		body, err := (&keytrans.AuditorTreeHead{Timestamp: log.Timestamp, TreeSize: log.Size, Signature: []byte(signature)}).Marshal()
		fatalIfErr(t, err)
		r, err := http.Post(server.url+"/v1/auditor-tree-head", "application/octet-stream", bytes.NewReader(body))
		fatalIfErr(t, err)
		if r.StatusCode != http.StatusBadRequest {
			t.Errorf("status %d", r.StatusCode)
		}
		fatalIfErr(t, r.Body.Close())
	}
	kept := func(want int) []string {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(dir, instance.EvidenceDir, "*"))
		fatalIfErr(t, err)
		if len(files) != want {
			t.Errorf("%d files, want %d", len(files), want)
		}
		return files
	}
	for range 3 {
		send("wrong")
	}
	data := read(t, kept(1)[0])
	for _, want := range []string{`"tree_size": 1`, `"root": "` + log.Root, `"signature": "d3Jvbmc="`, `"head_signature": "`, `"configuration": "AAID`, `"schema_version": 1`, `"class": "report"`} {
		if !strings.Contains(data, want) {
			t.Errorf("the evidence lacks %s:\n%s", want, data)
		}
	}
	for i := range 20 {
		send(fmt.Sprint(i))
	}
	kept(16)
	until(t, http.StatusOK, search(t, server.url))
	server.stop(syscall.SIGTERM)
}

// TestAuditorCommand calls ktd auditor wrongly, and as often as one likes.
func TestAuditorCommand(t *testing.T) {
	program := buildKTMon(t)
	a, b := newAuditorKey(t, program, "ed25519"), newAuditorKey(t, program, "p256")
	plain := newDir(t)
	ktd(t, "auditor", plain, "--auditor-key", a.public).exits(exitFailed, "contact-monitoring")
	fresh := func() string { return filepath.Join(t.TempDir(), "dir") }
	ktd(t, "init", fresh(), "--mode", "third-party-auditing").exits(exitFailed, "auditor_public_key")
	ktd(t, "init", fresh(), "--auditor-key", a.public).exits(exitFailed, "third-party-auditing")
	ktd(t, "init", fresh(), "--mode", "third-party-auditing", "--auditor-key", b.public).exits(exitFailed, "public key")
	ktd(t, "init", fresh(), "--mode", "third-party-auditing", "--auditor-key", a.public, "--max-auditor-lag", "15m").exits(exitFailed, "max_auditor_lag")
	ktd(t, "init", fresh(), "--mode", "third-party-auditing", "--auditor-key", filepath.Join(plain, "config.json")).exits(exitFailed, "base64")

	dir := newDir(t, "--mode", "third-party-auditing", "--auditor-key", a.public)
	config := filepath.Join(dir, instance.ConfigFile)
	before := read(t, config)
	ktd(t, "auditor", dir).exits(exitUsage, "nothing to change")
	ktd(t, "auditor", dir, "--auditor-key", b.public).exits(exitFailed, "public key")
	ktd(t, "auditor", dir, "--max-auditor-lag", "1s").exits(exitFailed, "max_auditor_lag")
	ktd(t, "auditor", dir, "--start-pos", "1").exits(exitFailed, "auditor_start_pos", "hint:")
	if read(t, config) != before {
		t.Error("a refused change was made")
	}
	for range 2 {
		ktd(t, "auditor", dir, "--max-auditor-lag", "40m").exits(exitOK)
	}
	if !strings.Contains(read(t, config), `"max_auditor_lag": "40m"`) {
		t.Errorf("the configuration is\n%s", read(t, config))
	}
	inst, err := instance.Open(dir, instance.Options{})
	fatalIfErr(t, err)
	fatalIfErr(t, inst.Close())
}

// TestAuditorInterrupted ends a change of the auditor at each step: the directory
// opens either as it was or as it is to be.
func TestAuditorInterrupted(t *testing.T) {
	a := newAuditorKey(t, buildKTMon(t), "ed25519")
	lag := func(dir string) time.Duration {
		t.Helper()
		inst, err := instance.Open(dir, instance.Options{})
		fatalIfErr(t, err)
		defer func() { fatalIfErr(t, inst.Close()) }()
		if _, err := os.Stat(filepath.Join(dir, "config.json.next")); !os.IsNotExist(err) {
			t.Error("the next configuration is still there")
		}
		if c := inst.Directory.Configuration(); time.Duration(c.MaxAuditorLag)*time.Millisecond != time.Duration(inst.Config.MaxAuditorLag) {
			t.Error("two configurations are in force")
		}
		return time.Duration(inst.Config.MaxAuditorLag)
	}
	dir := newDir(t, "--mode", "third-party-auditing", "--auditor-key", a.public)
	config, next := filepath.Join(dir, "config.json"), filepath.Join(dir, "config.json.next")
	old := read(t, config)
	changed := strings.Replace(old, `"max_auditor_lag": "1h"`, `"max_auditor_lag": "50m"`, 1)

	write(t, next, changed) // before the store was changed
	if got := lag(dir); got != time.Hour {
		t.Errorf("max_auditor_lag %v", got)
	}
	write(t, next, changed)
	ktd(t, "auditor", dir, "--max-auditor-lag", "45m").exits(exitOK)
	if got := lag(dir); got != 45*time.Minute {
		t.Errorf("max_auditor_lag %v", got)
	}
	done := read(t, config)
	write(t, next, done) // after it, before the file took its place
	write(t, config, old)
	if got := lag(dir); got != 45*time.Minute || read(t, config) != done {
		t.Errorf("max_auditor_lag %v", got)
	}
	// With other keys the stored head decides nothing, and both files stay.
	signing := filepath.Join(dir, instance.SigningKeyFile)
	key := read(t, signing)
	other := newDir(t, "--mode", "third-party-auditing", "--auditor-key", a.public)
	write(t, signing, read(t, filepath.Join(other, instance.SigningKeyFile)))
	write(t, next, done)
	write(t, config, old)
	if _, err := instance.Open(dir, instance.Options{}); !errors.Is(err, directory.ErrOtherConfiguration) {
		t.Errorf("another key: %v", err)
	}
	write(t, signing, key)
	if got := lag(dir); got != 45*time.Minute || read(t, config) != done {
		t.Errorf("max_auditor_lag %v", got)
	}
	write(t, next, "{")
	_, err := instance.Open(dir, instance.Options{})
	if err == nil || !strings.Contains(err.Error(), "config.json.next") {
		t.Errorf("a damaged file: %v", err)
	}
	fatalIfErr(t, os.Remove(next))
	write(t, config, old)
	if _, err := instance.Open(dir, instance.Options{}); err == nil || !strings.Contains(err.Error(), keytrans.ErrSignature.Error()) {
		t.Errorf("another configuration: %v", err)
	}
}
