package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// programs has ktd, kt and ktmon.
var programs string

// TestMain builds the programs of the module that this one lies in.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "interop-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		build := exec.Command("go", "build", "-o", dir, "./cmd/...")
		build.Dir = filepath.Join("..", "..")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building the programs: %v\n%s", err, out)
			return 1
		}
		programs = dir
		return m.Run()
	}())
}

// run runs a program, requires its exit code, and returns what it printed.
func run(t testing.TB, code int, name string, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, name), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("%s %s: exit code %d, want %d\n%s\n%s", name, strings.Join(args, " "), got, code, &out, &errs)
	}
	return out.String(), errs.String()
}

// instance is what 'ktd init' tells of a directory.
type instance struct {
	Dir         string `json:"dir"`
	TokenFile   string `json:"registration_token_file"`
	Origin      string `json:"origin"`
	VerifierKey string `json:"verifier_key"`
}

func initDirectory(t testing.TB) instance {
	t.Helper()
	out, _ := run(t, 0, "ktd", "init", filepath.Join(t.TempDir(), "directory"), "--origin", "keys.example.org/log", "--json")
	var i instance
	fatalIfErr(t, json.Unmarshal([]byte(out), &i))
	return i
}

// server is a running ktd.
type server struct {
	t    testing.TB
	cmd  *exec.Cmd
	url  string
	addr string // HOST:PORT

	mu  sync.Mutex
	log bytes.Buffer
	eof chan struct{}
}

// serve runs ktd on a directory until the test ends or stop is called.
func serve(t testing.TB, dir, listen string) *server {
	t.Helper()
	s := &server{t: t, eof: make(chan struct{})}
	s.cmd = exec.Command(filepath.Join(programs, "ktd"), "serve", dir, "--listen", listen)
	stderr, err := s.cmd.StderrPipe()
	fatalIfErr(t, err)
	fatalIfErr(t, s.cmd.Start())
	t.Cleanup(s.stop)
	url := make(chan string, 1)
	go func() {
		defer close(s.eof)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.mu.Lock()
			fmt.Fprintln(&s.log, lines.Text())
			s.mu.Unlock()
			if u, ok := strings.CutPrefix(lines.Text(), "ktd: serving on "); ok {
				url <- u
			}
		}
	}()
	select {
	case s.url = <-url:
	case <-s.eof:
		t.Fatalf("ktd ended:\n%s", s.stderr())
	case <-time.After(30 * time.Second):
		t.Fatalf("ktd does not tell its URL:\n%s", s.stderr())
	}
	s.addr = strings.TrimPrefix(s.url, "http://")
	return s
}

func (s *server) stderr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// stop ends the process and waits for it.
func (s *server) stop() {
	if s.cmd.ProcessState != nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(30*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	<-s.eof
	_ = s.cmd.Wait()
}

// publication is what a directory tells of its checkpoints.
type publication struct {
	Signed, Served *struct {
		TreeSize   uint64   `json:"tree_size"`
		QuorumMet  bool     `json:"quorum_met"`
		CosignedBy []string `json:"cosigned_by"`
	}
	SigningStopped bool `json:"signing_stopped"`
	Witnesses      []struct {
		Name         string  `json:"name"`
		TreeSize     uint64  `json:"tree_size"`
		FailingSince *string `json:"failing_since"`
	}
}

// await waits until the directory's checkpoints are as cond says.
func (s *server) await(what string, cond func(publication) bool) publication {
	s.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		var p publication
		s.get("/api/v1/log/publication", &p)
		if cond(p) {
			return p
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: not in time: %+v\n%s", what, p, s.stderr())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// get gets a JSON object.
func (s *server) get(path string, v any) {
	s.t.Helper()
	body := s.fetch(path)
	if err := json.Unmarshal(body, v); err != nil {
		s.t.Fatalf("%s: %v: %s", path, err, body)
	}
}

func (s *server) fetch(path string) []byte {
	s.t.Helper()
	resp, err := http.Get(s.url + path)
	fatalIfErr(s.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fatalIfErr(s.t, err)
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s: %s", path, resp.Status, body)
	}
	return body
}

// treeSize returns how many log entries the directory has.
func (s *server) treeSize() uint64 {
	s.t.Helper()
	var log struct {
		TreeSize uint64 `json:"tree_size"`
	}
	s.get("/api/v1/log", &log)
	return log.TreeSize
}
