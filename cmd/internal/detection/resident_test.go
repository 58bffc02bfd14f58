package detection

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/station"
)

// resident is ktmon run as a process that goes on until the scene ends.
type resident struct {
	dir, address string
	role         string // whose rounds are waited for
	stdout       output // alerts
	stderr       output
}

// output is what a process has written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// freeAddress returns an address that nothing listens at.
func freeAddress(s *scene) string {
	s.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(s.T, err)
	defer l.Close()
	return l.Addr().String()
}

// start starts the process, with the rest of a configuration, and waits until it has
// done a round.
func (r *resident) start(s *scene, config string) {
	s.Helper()
	programs, err := programs()
	fatalIfErr(s.T, err)
	config = fmt.Sprintf("data: data\ninterval: 1s\nlisten: %s\n%salerts: {stdout: true}\n", r.address, config)
	file := writeFile(s.T, filepath.Join(r.dir, "ktmon.yaml"), []byte(config))
	cmd := exec.Command(filepath.Join(programs, "ktmon"), "run", file)
	cmd.Stdout, cmd.Stderr = &r.stdout, &r.stderr
	fatalIfErr(s.T, cmd.Start())
	s.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	r.nextRound(s)
}

// nextRound waits until the process has completed a round that begins after now, and
// returns what it says of it.
func (r *resident) nextRound(s *scene) station.RoleStatus {
	s.Helper()
	for now := time.Now(); time.Since(now) < time.Minute; time.Sleep(50 * time.Millisecond) {
		if status, ok := r.status(); ok && status.FinishedAt.Add(-status.Took).After(now) {
			return status
		}
	}
	s.Fatalf("ktmon run does no rounds:\n%v", &r.stderr)
	return station.RoleStatus{}
}

// status returns what the status page says of the last round of the role.
func (r *resident) status() (station.RoleStatus, bool) {
	response, err := http.Get("http://" + r.address + "/status.json")
	if err != nil {
		return station.RoleStatus{}, false // it does not listen yet
	}
	var status station.Status
	if json.Unmarshal(readAll(response.Body), &status) != nil {
		return station.RoleStatus{}, false
	}
	for _, role := range status.Roles {
		if role.Role == r.role && role.Rounds > 0 {
			return role, true
		}
	}
	return station.RoleStatus{}, false
}

// look waits for a round, and returns what came of it in the form of one of ktmon run
// --once. Of a process that goes on, these are all alerts since the start.
func (r *resident) look(s *scene) ran {
	s.Helper()
	status := r.nextRound(s)
	out := ran{args: []string{"ktmon", "run"}, code: exitCode(status.Verdict), stdout: r.stdout.String()}
	for _, x := range status.Reasons {
		out.stderr += fmt.Sprintf("ktmon:   %s (%s: %s)\n", x.Summary, x.Class, x.Rule)
	}
	return out
}

// exitCode returns the exit code that ktmon has for a verdict.
func exitCode(v finding.Verdict) int {
	switch v {
	case finding.Verified:
		return exitVerified
	case finding.Misbehaviour:
		return exitMisbehaviour
	case finding.Changed:
		return exitAttention
	}
	return exitUndecided
}
