package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/control"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
)

// newAgingDir makes an instance whose log entries, a hundred a second, live for
// two seconds.
func newAgingDir(t *testing.T) string {
	t.Helper()
	dir := newDir(t, "--maximum-lifetime", "2s", "--reasonable-monitoring-window", "200ms")
	path := filepath.Join(dir, instance.ConfigFile)
	config := map[string]any{}
	fatalIfErr(t, json.Unmarshal([]byte(read(t, path)), &config))
	config["heartbeat"] = "10ms"
	data, err := json.Marshal(config)
	fatalIfErr(t, err)
	write(t, path, string(data))
	return dir
}

// status returns the status of a resource, and its body.
func (s *server) status(path string) (int, string) {
	s.t.Helper()
	resp, err := http.Get(s.url + path)
	fatalIfErr(s.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fatalIfErr(s.t, err)
	return resp.StatusCode, string(body)
}

// waitSize waits until the log has some entries.
func (s *server) waitSize(size uint64) {
	s.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		_, body := s.status("/api/v1/log")
		var log struct {
			TreeSize uint64 `json:"tree_size"`
		}
		fatalIfErr(s.t, json.Unmarshal([]byte(body), &log))
		if log.TreeSize >= size {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the log has %d entries only", log.TreeSize)
		}
	}
}

// TestPruneServed prunes a directory that serves, while users look labels up, and
// erases values of it. kt verifies everything before, during and after.
func TestPruneServed(t *testing.T) {
	const alice, bob = "alice@example.org", "bob@example.org"
	dir := newAgingDir(t)
	server := startServer(t, dir)
	program, token := buildKT(t), filepath.Join(dir, "registration-token")
	newUser := func(name string) *user {
		u := &user{t, program, server.url, filepath.Join(t.TempDir(), name)}
		u.kt(ktVerified, nil, "trust", server.url)
		return u
	}
	owner, contact, away := newUser("owner"), newUser("contact"), newUser("away")
	key, fingerprint := newKeyFile(t, alice)
	owner.kt(ktVerified, nil, "publish", alice, key, "--token-file", token)
	contact.kt(ktVerified, []string{fingerprint}, "lookup", alice)
	away.kt(ktVerified, []string{fingerprint}, "lookup", alice)
	for n := uint64(100); n <= 700; n += 100 {
		server.waitSize(n)
		owner.kt(ktVerified, nil, "watch")
	}

	var busy sync.WaitGroup
	done := make(chan struct{})
	lookups := 0
	busy.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				contact.kt(ktVerified, []string{fingerprint}, "lookup", alice)
				contact.kt(ktVerified, nil, "watch")
				owner.kt(ktVerified, nil, "watch")
				lookups++
			}
		}
	})
	r := ktd(t, "prune", dir).exits(exitOK)
	if !strings.Contains(r.stdout, "have expired") || !strings.Contains(r.stdout, "begins with entry 0") {
		t.Errorf("pruned: %s", r.stdout)
	}
	away.kt(ktVerified, []string{fingerprint}, "lookup", alice)
	var out pruneOutput
	for i := range 3 {
		ktd(t, "prune", dir, "--public-log", "--json").exits(exitOK).json(&out)
		if out.SchemaVersion != schemaVersion || out.FirstVersion < 300 || out.FirstEntry < 256 || i == 0 && out.Removed < 200 || !out.Compacted && out.Removed > 0 {
			t.Errorf("pruned: %+v", out)
		}
		time.Sleep(300 * time.Millisecond)
	}
	close(done)
	busy.Wait()
	if lookups < 2 {
		t.Errorf("%d lookups while pruning", lookups)
	}
	for path, want := range map[string]int{
		"/log/tile/entries/000": 410, "/log/changes/000": 410, "/log/tile/entries/000.p/5": 410, "/log/tile/0/000": 200,
		"/api/v1/log/entries": 410, fmt.Sprint("/api/v1/log/entries?from=", out.FirstEntry): 200, "/log/tile/entries/001": 0, "/log/checkpoint": 200,
	} {
		if status, body := server.status(path); want != 0 && status != want || status == 410 && !strings.Contains(body, "urn:ghostlight:problem:pruned") {
			t.Errorf("%s: %d %q", path, status, body[:min(len(body), 200)])
		}
	}
	owner.kt(ktVerified, nil, "watch")
	newUser("late").kt(ktVerified, []string{fingerprint}, "lookup", alice)
	server.waitSize(out.TreeSize + 800)
	ktd(t, "prune", dir, "--public-log").exits(exitOK)
	away.kt(ktUndecided, []string{"maximum lifetime", "kt trust"}, "lookup", alice)

	testErase(t, dir, token, bob, newUser)
	server.stop(syscall.SIGTERM)
	if strings.Contains(server.stderr(), "example.org") {
		t.Errorf("labels are in the log:\n%s", server.stderr())
	}
	var export exportOutput
	r = ktd(t, "export-log", dir, filepath.Join(t.TempDir(), "out"), "--json").exits(exitOK)
	if r.json(&export); export.Pruned < 2 || export.Files < 5 {
		t.Errorf("exported: %+v", export)
	}
	// Nobody serves it: the commands open it themselves.
	ktd(t, "prune", dir, "--public-log").exits(exitOK)
	ktd(t, "erase", dir, bob).exits(exitOK)
	ktd(t, "erase", dir, "nobody@example.org").exits(exitFailed, "does not know this label")
	if _, err := os.Lstat(filepath.Join(dir, control.File)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}

// testErase erases one version of a label, then all.
func testErase(t *testing.T, dir, token, label string, newUser func(string) *user) {
	t.Helper()
	owner, reader := newUser("another owner"), newUser("reader")
	first, firstPrint := newKeyFile(t, label)
	second, secondPrint := newKeyFile(t, label)
	owner.kt(ktVerified, nil, "publish", label, first, "--token-file", token)
	owner.kt(ktVerified, nil, "publish", label, second, "--token-file", token)
	reader.kt(ktVerified, []string{secondPrint}, "lookup", label)
	reader.kt(ktVerified, []string{firstPrint}, "lookup", label, "--version", "0")

	r := ktd(t, "erase", dir, label, "--version", "0").exits(exitOK)
	if !strings.Contains(r.stdout, "1 version was erased") {
		t.Errorf("erased: %s", r.stdout)
	}
	reader.kt(ktUndecided, []string{"erased", "commitment"}, "lookup", label, "--version", "0")
	reader.kt(ktVerified, []string{secondPrint}, "lookup", label)
	if h := reader.kt(ktUndecided, []string{"ERASED", secondPrint}, "history", label); strings.Contains(h, firstPrint) {
		t.Errorf("the history has the erased version:\n%s", h)
	}
	reader.kt(ktVerified, nil, "watch")
	owner.kt(ktVerified, nil, "watch")

	var out eraseOutput
	ktd(t, "erase", dir, label, "--json").exits(exitOK).json(&out)
	if out != (eraseOutput{schemaVersion, 1, 1, true}) {
		t.Errorf("erased all: %+v", out)
	}
	reader.kt(ktUndecided, []string{"erased"}, "lookup", label)
	reader.kt(ktVerified, nil, "watch")
	owner.kt(ktVerified, nil, "watch")
	third, thirdPrint := newKeyFile(t, label)
	owner.kt(ktVerified, nil, "publish", label, third, "--token-file", token)
	newUser("later").kt(ktVerified, []string{thirdPrint}, "lookup", label)
	owner.kt(ktVerified, nil, "watch")
}

// TestPruneRefused: what cannot be done is refused with what to do, whoever has
// the directory open.
func TestPruneRefused(t *testing.T) {
	dir := newDir(t)
	refused := func() {
		t.Helper()
		ktd(t, "prune", dir).exits(exitFailed, "no maximum lifetime", "ktd init --maximum-lifetime")
		ktd(t, "erase", dir, "nobody@example.org").exits(exitFailed, "does not know this label")
		ktd(t, "erase", dir, "nobody@example.org", "--version", "7").exits(exitFailed, "does not know this label")
		ktd(t, "erase", dir, "a\x01b").exits(exitUsage, "label")
		ktd(t, "prune", dir, "--keep", "-1h").exits(exitUsage, "--keep")
	}
	refused()
	server := startServer(t, dir)
	refused()
	// A process that is killed leaves its socket, which keeps nobody from anything.
	fatalIfErr(t, server.cmd.Process.Kill())
	<-server.eof
	_ = server.cmd.Wait()
	refused()
	server = startServer(t, dir)
	refused()
	server.stop(syscall.SIGTERM)
	ktd(t, "prune", filepath.Join(dir, "absent")).exits(exitFailed, "ktd init DIR")
}
