package scenario

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// programs builds kt and ktd, once, into a folder of the tests'.
var programs = sync.OnceValues(func() (string, error) {
	const module = "github.com/ghostlight-kt/ghostlight"
	out, err := exec.Command("go", "build", "-o", programsDir+string(filepath.Separator), module+"/cmd/kt", module+"/cmd/ktd").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the programs: %w\n%s", err, out)
	}
	return programsDir, nil
})

var programsDir string

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	programsDir, err = os.MkdirTemp("", "scenario-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(programsDir)
	os.Exit(code)
}

// ran is what a process came to.
type ran struct {
	args           []string
	code           int
	stdout, stderr string
}

func (r ran) String() string {
	return fmt.Sprintf("%s: exit code %d\n%s\n%s", strings.Join(r.args, " "), r.code, r.stdout, r.stderr)
}

// execute runs a program to its end. input is its standard input.
func execute(t *testing.T, input string, program string, args ...string) ran {
	t.Helper()
	dir, err := programs()
	fatalIfErr(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(dir, program), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	err = cmd.Run()
	if e := (*exec.ExitError)(nil); err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	return ran{append([]string{program}, args...), cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// serve starts ktd and returns the URL that it prints, and what stops it.
func serve(t *testing.T, dir string, flags ...string) (url string, stop func()) {
	t.Helper()
	bin, err := programs()
	fatalIfErr(t, err)
	cmd := exec.Command(filepath.Join(bin, "ktd"), append([]string{"serve", dir}, flags...)...)
	stderr, err := cmd.StderrPipe()
	fatalIfErr(t, err)
	fatalIfErr(t, cmd.Start())
	lines := bufio.NewScanner(stderr)
	for url == "" && lines.Scan() {
		if _, after, ok := strings.Cut(lines.Text(), "serving on "); ok {
			url = after
		}
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(io.Discard, stderr)
	}()
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-read
		_ = cmd.Wait()
	})
	t.Cleanup(stop)
	if url == "" {
		t.Fatalf("ktd serve %s did not start: %v", dir, lines.Err())
	}
	return url, stop
}

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
