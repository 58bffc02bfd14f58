//go:build unix

package trillianlog

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// process is a program that tests kill and start again. It is killed when the
// test ends, and what it wrote is then shown if the test failed.
type process struct {
	t       *testing.T
	name    string
	command func() *exec.Cmd
	log     string
	cmd     *exec.Cmd
	ended   chan struct{}
}

func newProcess(t *testing.T, name string, command func() *exec.Cmd) *process {
	p := &process{t: t, name: name, command: command, log: filepath.Join(t.TempDir(), name)}
	t.Cleanup(func() {
		p.kill()
		if out, _ := os.ReadFile(p.log); t.Failed() {
			t.Logf("the end of what %s wrote:\n%s", name, out[max(0, len(out)-4000):])
		}
	})
	return p
}

// start starts the process and waits until it is ready. It tries again if the
// process ends before that, as PostgreSQL does while remains of it are still
// there.
func (p *process) start(ready func() error) error {
	var why error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		cmd, ended := p.command(), make(chan struct{})
		cmd.Stdout, cmd.Stderr = out, out
		err = cmd.Start()
		_ = out.Close()
		if err != nil {
			return err
		}
		p.cmd, p.ended = cmd, ended
		go func() {
			_ = cmd.Wait() // killed
			close(ended)
		}()
		for p.running() && time.Now().Before(deadline) {
			if why = ready(); why == nil {
				return nil
			}
			time.Sleep(20 * time.Millisecond)
		}
		p.kill()
	}
	return fmt.Errorf("%s did not get ready within a minute: %w", p.name, why)
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill kills the process as kill -9 does, and waits for its end.
func (p *process) kill() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.ended
	}
}

// output runs a command and returns what it wrote to stdout.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, &stdout, &stderr)
	}
	return strings.TrimSpace(stdout.String())
}
