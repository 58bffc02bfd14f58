package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/station"
)

// memoryBound is how much memory a monitor of a few small directories takes, in bytes,
// whatever one of them sends. The race detector takes several times as much.
const memoryBound = 256 << 20 * raceFactor

// endless answers every request with more than anybody has memory for.
func endless(content func(p []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		chunk := make([]byte, 1<<20)
		content(chunk)
		for range 10 << 10 { // 10 GiB
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
}

// trickle answers every request with a byte a second.
func trickle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	for r.Context().Err() == nil {
		if _, err := w.Write([]byte{0}); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(time.Second):
		}
	}
}

func zeros([]byte) {}

func noise(p []byte) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range p {
		p[i] = byte(random.Uint32())
	}
}

func braces(p []byte) { copy(p, bytes.Repeat([]byte(`{"a":[`), len(p)/6)) }

func garbage(w http.ResponseWriter, _ *http.Request) {
	p := make([]byte, 1000)
	noise(p)
	_, _ = w.Write(p)
}

// TestTrouble has a monitor watch an honest directory beside ones that send anything.
// It finds the honest one verified, accuses nobody, stays small, and ends when it is
// asked to.
func TestTrouble(t *testing.T) {
	honest := clienttest.New()
	honest.Clock.Add(time.Since(honest.Clock.Now()))
	honest.Insert(clienttest.Update{Label: "alice@example.org", Values: [][]byte{[]byte("her key")}})
	servers := map[string]string{"gone": "http://127.0.0.1:1", "no-such-host": "https://no-such-host.invalid"}
	for name, h := range map[string]http.Handler{
		"honest": honest, "zeros": endless(zeros), "noise": endless(noise), "braces": endless(braces),
		"garbage": http.HandlerFunc(garbage), "trickle": http.HandlerFunc(trickle),
		"moved": http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound),
	} {
		s := httptest.NewServer(h)
		t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
		servers[name] = s.URL
	}
	p := start(t, "run", troubled(t, honest, servers))
	status := p.await(func(s *station.Status) bool {
		done := true
		for _, r := range s.Roles {
			done = done && (r.Rounds > 0 || r.Directory == "trickle") // that takes minutes
		}
		return done
	})
	for _, r := range status.Roles {
		switch {
		case r.Directory == "honest" || r.Directory == "":
			if r.Verdict != finding.Verified {
				t.Errorf("%s %s: %s: %+v", r.Directory, r.Role, r.Verdict, r.Reasons)
			}
		case r.Verdict != finding.Unchecked:
			t.Errorf("%s %s: %s: %+v", r.Directory, r.Role, r.Verdict, r.Reasons)
		}
	}
	if peak := p.memory(); peak > memoryBound {
		t.Errorf("%d MB of memory", peak>>20)
	} else {
		t.Logf("%d MB of memory", peak>>20)
	}
	fatalIfErr(t, p.cmd.Process.Signal(syscall.SIGTERM))
	asked := time.Now()
	p.wait().exits(exitOK)
	if took := time.Since(asked); took > 20*time.Second {
		t.Errorf("it ended after %v", took)
	}
}

// troubled writes the configuration of a monitor of many servers, which all ought to
// be the one directory.
func troubled(t *testing.T, d *clienttest.Directory, servers map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	configuration, err := d.Configuration().Marshal()
	fatalIfErr(t, err)
	fatalIfErr(t, os.WriteFile(filepath.Join(dir, "configuration"), configuration, 0o600))
	fatalIfErr(t, os.WriteFile(filepath.Join(dir, "policy"), d.Policy("any"), 0o600))
	config := bytes.NewBufferString("data: state\nlisten: 127.0.0.1:0\ninterval: 1s\ndirectories:\n")
	for name, url := range servers {
		fmt.Fprintf(config, `  - name: %s
    url: %s
    configuration: configuration
    policy: policy
    watch: [{label: alice@example.org, role: contact}]
`, name, url)
		if name != "honest" { // that has no changes for auditors
			config.WriteString("    audit: {mode: mirror}\n")
		}
	}
	path := filepath.Join(dir, "ktmon.yaml")
	fatalIfErr(t, os.WriteFile(path, config.Bytes(), 0o600))
	return path
}

var listening = regexp.MustCompile(`msg=listening address=(\S+)`)

// await waits until the status page of a running monitor shows what it should.
func (p *process) await(ready func(*station.Status) bool) *station.Status {
	p.t.Helper()
	p.until("msg=listening")
	url := "http://" + listening.FindStringSubmatch(p.stderr.String())[1] + "/status.json"
	var last []byte
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		r, err := http.Get(url)
		if err != nil {
			continue
		}
		last, err = io.ReadAll(r.Body)
		r.Body.Close()
		fatalIfErr(p.t, err)
		status := new(station.Status)
		fatalIfErr(p.t, json.Unmarshal(last, status))
		if ready(status) {
			return status
		}
	}
	p.t.Fatalf("the status is\n%s\n%s", last, p.stderr)
	return nil
}

// memory returns the most memory that a running process has had, in bytes, and 0 on
// systems that do not tell.
func (p *process) memory() uint64 {
	p.t.Helper()
	if runtime.GOOS != "linux" {
		p.t.Log("SKIPPED: the bound on memory, which only Linux tells")
		return 0
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	fatalIfErr(p.t, err)
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kb, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(text, "kB")), 10, 64)
			fatalIfErr(p.t, err)
			return kb << 10
		}
	}
	p.t.Fatal("there is no VmHWM")
	return 0
}
