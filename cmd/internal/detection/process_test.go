package detection

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// programs builds kt and ktmon, once, into a folder of the test's.
var programs = sync.OnceValues(func() (string, error) {
	const module = "github.com/ghostlight-kt/ghostlight"
	out, err := exec.Command("go", "build", "-o", programsDir+string(filepath.Separator), module+"/cmd/kt", module+"/cmd/ktmon").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the programs: %w\n%s", err, out)
	}
	return programsDir, nil
})

var programsDir string

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	programsDir, err = os.MkdirTemp("", "detection-")
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

// execute runs a program to its end.
func execute(t *testing.T, program string, args ...string) ran {
	t.Helper()
	dir, err := programs()
	fatalIfErr(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(dir, program), args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if e := (*exec.ExitError)(nil); err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	return ran{append([]string{program}, args...), cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func (r ran) String() string {
	return fmt.Sprintf("%v: exit code %d\n%s\n%s", r.args, r.code, r.stdout, r.stderr)
}

func fatalIfErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("detection: %v", err))
	}
	return v
}

func readAll(r io.ReadCloser) []byte {
	defer r.Close()
	return must(io.ReadAll(r))
}

func writeFile(t *testing.T, path string, data []byte) string {
	t.Helper()
	fatalIfErr(t, os.WriteFile(path, data, 0o600))
	return path
}

// keySeed returns 32 bytes that follow from a text.
func keySeed(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// keyOf returns a value of a label: a key set with one key.
func keyOf(label string, n int) string {
	key := keyset.Key{Format: keyset.FormatX25519, Data: keySeed(fmt.Sprint(label, n)), Name: fmt.Sprint("key ", n)}
	return string(must(keyset.Set{Keys: []keyset.Key{key}}.Marshal()))
}

// ghost is the directory's own key, to be used in the place of a label's.
func ghost(label string) string { return keyOf("ghost of "+label, 0) }
