package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
)

// ExecConfig says what an Exec runs. Argv is required.
type ExecConfig struct {
	// Argv is the program and its arguments. There is no shell.
	Argv []string
	// Dir is the monitor's folder, which paths of evidence are made absolute with.
	Dir string
	// Timeout is how long the program may take, 30 seconds by default. Then its
	// process group is killed.
	Timeout time.Duration
}

// Exec runs a program for each alert, private form: as JSON on the standard input, and
// in the environment. A status other than 0 says that it has to be run again. What it
// writes is discarded. Of the monitor's environment it gets PATH, HOME, LANG and TZ.
type Exec struct {
	name string
	cfg  ExecConfig
}

// killDelay is how long a program may keep its input open after it was killed.
const killDelay = 5 * time.Second

// NewExec returns a sink that runs a program, which must exist.
func NewExec(name string, cfg ExecConfig) (*Exec, error) {
	if len(cfg.Argv) == 0 {
		return nil, fmt.Errorf("sink %s: it has no program", name)
	}
	if _, err := exec.LookPath(cfg.Argv[0]); err != nil {
		return nil, fmt.Errorf("sink %s: %w", name, err)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	return &Exec{name, cfg}, nil
}

// Name implements alert.Sink.
func (e *Exec) Name() string { return e.name }

// Deliver implements alert.Sink.
func (e *Exec) Deliver(ctx context.Context, a *alert.Alert) error {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, e.cfg.Argv[0], e.cfg.Argv[1:]...)
	cmd.Stdin = bytes.NewReader(append(a.Line(), '\n'))
	cmd.Env = e.environment(a)
	cmd.WaitDelay = killDelay
	killGroup(cmd)
	err := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("the program was killed: %w", ctx.Err())
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil // it succeeded, and left somebody with its input
	}
	return err
}

// maxVariable is the most bytes of a variable, of which systems have bounds.
const maxVariable = 8 << 10

func (e *Exec) environment(a *alert.Alert) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "LANG", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	evidence := ""
	if a.Evidence != "" {
		evidence = filepath.Join(e.cfg.Dir, filepath.FromSlash(a.Evidence))
	}
	for _, v := range [][2]string{
		{"ALERT_ID", a.ID}, {"NUMBER", strconv.FormatUint(a.Number, 10)},
		{"STATE", string(a.State)}, {"RESOLVES", a.Resolves},
		{"RULE", string(a.Rule)}, {"CLASS", string(a.Class)}, {"SEVERITY", string(a.Severity)},
		{"DIRECTORY", a.Directory}, {"ROLE", a.Role},
		{"SUMMARY", a.Summary}, {"DETAIL", a.Detail}, {"HINT", a.Hint}, {"EVIDENCE", evidence},
		{"FOUND_AT", a.FoundAt.Format(time.RFC3339)}, {"RAISED_AT", a.RaisedAt.Format(time.RFC3339)},
	} {
		env = append(env, "GHOSTLIGHT_"+v[0]+"="+alert.OneLine(v[1], maxVariable))
	}
	return env
}
