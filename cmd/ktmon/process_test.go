package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is ktmon as a process.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout bytes.Buffer
	stderr *watched
}

// watched is a buffer of which a test waits for the content.
type watched struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	fatalIfErr(t, err)
	p := &process{t: t, cmd: exec.Command(exe, args...), stderr: new(watched)}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, p.stderr
	fatalIfErr(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	return p
}

// wait waits until the process ends.
func (p *process) wait() *result {
	p.t.Helper()
	_ = p.cmd.Wait()
	return &result{p.t, p.cmd.ProcessState.ExitCode(), p.stdout.String(), p.stderr.String()}
}

// until waits until standard error has a text.
func (p *process) until(text string) {
	p.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(p.stderr.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("standard error does not say %q:\n%s", text, p.stderr)
		}
	}
}

// TestKill kills mirroring processes at random times. Each goes on where the one
// before ended, and what was complete always stays so.
func TestKill(t *testing.T) {
	w := newWorld(t, 300)
	ktmon(t, t.Context(), w.firstMirror...).exits(exitOK)
	w.log.Intercept(func(http.ResponseWriter, *http.Request, string, []byte) bool {
		time.Sleep(4 * time.Millisecond)
		return false
	})
	rng := rand.New(rand.NewPCG(1, 2))
	kills := 0
	phases := 5
	if testing.Short() {
		phases = 2
	}
	for range phases {
		had := w.log.Size()
		w.log.Grow(t, 3_000, 2)
		// Later ones live longer: each has to verify what there is before it goes on.
		for n := 0; killed(t, w, time.Duration(5+rng.IntN(50<<min(n, 10)))*time.Millisecond); n++ {
			kills++
			if n == 100 {
				t.Fatal("the mirror makes no progress")
			}
			v := ktmon(t, t.Context(), "mirror", "--verify-only", "--json", w.dir).exits(exitOK).json()
			if v.Size != had && v.Size != w.log.Size() {
				t.Fatalf("the mirror is one of %d entries", v.Size)
			}
		}
		ktmon(t, t.Context(), "mirror", "--verify-only", w.dir).exits(exitOK).prints(fmt.Sprintf("verified %d entries, ", w.log.Size()))
	}
	t.Logf("killed %d times", kills)
	if kills < 3 {
		t.Error("that was not often enough to mean anything")
	}
}

// killed starts a process and kills it after a while, or reports that it was
// faster.
func killed(t *testing.T, w *world, after time.Duration) bool {
	t.Helper()
	p := start(t, w.firstMirror...)
	timer := time.AfterFunc(after, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	r := p.wait()
	if r.code == -1 {
		return true
	}
	r.exits(exitOK)
	return false
}

// TestFollow follows a growing log until it is told to end.
func TestFollow(t *testing.T) {
	w := newWorld(t, 10)
	p := start(t, "mirror", w.url, w.dir, "--policy", w.policy, "--interval", "20ms", "--json")
	p.until("mirrored up to 10 entries")
	start(t, w.firstMirror...).wait().exits(exitOperational, "another process is using the mirror", fmt.Sprint("process ", p.cmd.Process.Pid))
	w.log.Grow(t, 300, 2)
	p.until("mirrored up to 310 entries")
	w.log.Serve([]byte("maintenance\x1b[2J\n"))
	p.until("could not check, and will try again")
	w.log.Grow(t, 1, 1)
	p.until("mirrored up to 311 entries")
	fatalIfErr(t, p.cmd.Process.Signal(syscall.SIGTERM))
	r := p.wait().exits(exitOK)
	var v mirrorJSON
	fatalIfErr(t, json.Unmarshal([]byte(r.stdout), &v))
	if v.Verdict != "verified" || v.Size != 311 || v.PeakMemoryBytes < 1<<20 {
		t.Errorf("JSON %s", r.stdout)
	}
	if n := strings.Count(r.stderr, "could not check"); n != 1 {
		t.Errorf("the same failure was told %d times:\n%s", n, r.stderr)
	}
}

// TestInterrupt ends a process before the mirror is complete, and one that never
// reaches the log.
func TestInterrupt(t *testing.T) {
	w := newWorld(t, 300)
	stuck := make(chan struct{})
	var once sync.Once
	w.log.Intercept(func(_ http.ResponseWriter, r *http.Request, path string, _ []byte) bool {
		if strings.HasPrefix(path, "changes/") {
			once.Do(func() { close(stuck) })
			<-r.Context().Done()
		}
		return false
	})
	p := start(t, w.firstMirror...)
	<-stuck
	fatalIfErr(t, p.cmd.Process.Signal(os.Interrupt))
	p.wait().exits(exitOperational, "interrupted", "hint: run it again to go on")
	w.log.Intercept(nil)
	w.log.Serve([]byte("maintenance\n"))
	p = start(t, w.firstMirror[:3]...)
	p.until("could not check")
	fatalIfErr(t, p.cmd.Process.Signal(os.Interrupt))
	p.wait().exits(exitUndecided, "malformed")
}
