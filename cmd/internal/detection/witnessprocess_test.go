package detection

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/station"
)

// newWitness starts a witness, a process that runs as long as the scene.
func (s *scene) newWitness(name string) *witness {
	s.Helper()
	dir := filepath.Join(s.dir, name)
	fatalIfErr(s.T, makeDir(dir))
	key := execute(s.T, "ktmon", "keygen", "--witness", name+".example/witness", filepath.Join(dir, "key"))
	w := &witness{
		name: name, vkey: strings.TrimSpace(key.stdout), dir: dir, url: "http://" + freeAddress(s) + "/witness",
		door: s.d.open(s.T, &view{history: s.d.honest}), old: make(map[string]uint64), cosigned: make(map[string][]byte),
	}
	policy := fmt.Sprintf("log %s %s/log\nquorum none\n", s.d.signer.VerifierKey(), w.door.url)
	writeFile(s.T, filepath.Join(dir, "policy"), []byte(policy))
	config := fmt.Sprintf("data: data\ninterval: 1s\nlisten: %s\nwitness: {key: key, logs: [policy]}\nalerts: {stdout: true}\n", w.address())
	writeFile(s.T, filepath.Join(dir, "ktmon.yaml"), []byte(config))
	w.start(s)
	return w
}

// address returns what the witness listens at.
func (w *witness) address() string {
	return strings.TrimSuffix(strings.TrimPrefix(w.url, "http://"), "/witness")
}

// freeAddress returns an address that nothing listens at.
func freeAddress(s *scene) string {
	s.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(s.T, err)
	defer l.Close()
	return l.Addr().String()
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

// start starts the process and waits until it has done a round.
func (w *witness) start(s *scene) {
	s.Helper()
	programs, err := programs()
	fatalIfErr(s.T, err)
	cmd := exec.Command(filepath.Join(programs, "ktmon"), "run", filepath.Join(w.dir, "ktmon.yaml"))
	var stderr output
	cmd.Stdout, cmd.Stderr = &w.stdout, &stderr
	fatalIfErr(s.T, cmd.Start())
	s.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	w.nextRound(s, &stderr)
}

// nextRound waits until the witness has completed a round that begins now, and
// returns what it says of it.
func (w *witness) nextRound(s *scene, stderr fmt.Stringer) station.RoleStatus {
	s.Helper()
	begun, rounds := time.Now(), 0
	var last time.Time
	for ; time.Since(begun) < time.Minute; time.Sleep(50 * time.Millisecond) {
		status, ok := w.status()
		if !ok || status.FinishedAt.Equal(last) {
			continue
		}
		// The first to end may have begun before.
		if last = status.FinishedAt; last.Add(-status.Took).After(begun) {
			return status
		}
		rounds++
	}
	s.Fatalf("the witness does no rounds, beside %d:\n%v", rounds, stderr)
	return station.RoleStatus{}
}

// status returns what the witness's status page says of its last round.
func (w *witness) status() (station.RoleStatus, bool) {
	r, err := http.Get("http://" + w.address() + "/status.json")
	if err != nil {
		return station.RoleStatus{}, false // it has not begun to listen
	}
	var status station.Status
	if json.Unmarshal(readAll(r.Body), &status) != nil {
		return station.RoleStatus{}, false
	}
	for _, role := range status.Roles {
		if role.Role == "witness" && role.Rounds > 0 {
			return role, true
		}
	}
	return station.RoleStatus{}, false
}

// theWitness is a witness, of which the status is read after each of its rounds.
func theWitness(name string) observer {
	return observer{
		name: "witness", does: "`ktmon run`, as a witness",
		prepare: func(p *person) { p.dir = p.witness(name).dir },
		look: func(p *person) []ran {
			w := p.witness(name)
			status := w.nextRound(p.scene, &w.stdout)
			r := ran{args: []string{"ktmon", "run"}, code: exitCode(status.Verdict), stdout: w.stdout.String()}
			for _, x := range status.Reasons {
				r.stderr += fmt.Sprintf("ktmon:   %s (%s: %s)\n", x.Summary, x.Class, x.Rule)
			}
			return []ran{r}
		},
	}
}

func (s *scene) witness(name string) *witness {
	for _, w := range s.witnesses {
		if w.name == name {
			return w
		}
	}
	s.Fatalf("there is no witness %s", name)
	return nil
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
