package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/directory/publisher"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// get returns a status and a body.
func (s *server) get(path string) (int, string) {
	s.t.Helper()
	resp, err := http.Get(s.url + path)
	fatalIfErr(s.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fatalIfErr(s.t, err)
	return resp.StatusCode, string(body)
}

// awaitCheckpoint waits until the checkpoint has at least size entries, and
// returns it, verified.
func (s *server) awaitCheckpoint(size uint64, vkey string) *checkpoint.Signed {
	s.t.Helper()
	policy, err := checkpoint.ParsePolicy([]byte("quorum none\nlog " + vkey))
	fatalIfErr(s.t, err)
	deadline := time.Now().Add(20 * time.Second)
	for {
		if status, body := s.get("/log/checkpoint"); status == 200 {
			signed, err := policy.Open([]byte(body))
			fatalIfErr(s.t, err)
			if signed.Size >= size {
				return signed
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no checkpoint of %d entries in time:\n%s", size, s.stderr())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestPublicLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	var out initOutput
	ktd(t, "init", dir, "--origin", "keys.example.org/log", "--json").exits(exitOK).json(&out)
	if out.Origin != "keys.example.org/log" || !strings.HasPrefix(out.VerifierKey, out.Origin+"+") {
		t.Errorf("%+v", out)
	}
	s := startServer(t, dir)
	s.awaitCheckpoint(1, out.VerifierKey)
	token := strings.TrimSpace(read(t, filepath.Join(dir, "registration-token")))
	for i := range 5 {
		if status := s.update(fmt.Sprintf("label%d@example.org", i), token); status != http.StatusOK {
			t.Fatalf("update: status %d", status)
		}
	}
	before := s.awaitCheckpoint(6, out.VerifierKey)
	if before.Origin != out.Origin {
		t.Errorf("checkpoint of %q", before.Origin)
	}
	s.stop(syscall.SIGTERM)

	// A restart serves the checkpoint again, and goes on.
	s = startServer(t, dir)
	if after := s.awaitCheckpoint(6, out.VerifierKey); after.Root != before.Root || after.Size != before.Size {
		t.Errorf("after a restart, %v", after.Checkpoint)
	}
	s.stop(syscall.SIGTERM)

	// Another origin is another log.
	config := read(t, filepath.Join(dir, "config.json"))
	write(t, filepath.Join(dir, "config.json"), strings.Replace(config, "keys.example.org/log", "keys.example.org/other", 1))
	ktd(t, "serve", dir, "--listen", "127.0.0.1:0").exits(exitFailed, "is this the origin and the checkpoint key of this log?")
	write(t, filepath.Join(dir, "config.json"), strings.Replace(config, "keys.example.org/log", "two words", 1))
	ktd(t, "serve", dir).exits(exitFailed, "config.json: origin", "without spaces")
	ktd(t, "init", filepath.Join(t.TempDir(), "new"), "--origin", "two words").exits(exitFailed, "origin", "without spaces")
}

func TestPolicy(t *testing.T) {
	dir := newDir(t)
	for policy, want := range map[string]string{
		"":                                  "no quorum line",
		"quorum w\n":                        `line 1: "w" is not defined before`,
		"witness w vkey\nquorum w\n":        "line 1: not a verifier key",
		"log keys.example.org+1+2\n":        "line 1",
		"quorum none\nlog " + otherKey(t):   "but not this one, log ghostlight.invalid/",
		"quorum none\nquorum none\n":        "line 2: there is a quorum already",
		"quorum none\nwitness none x y z\n": "line 2",
	} {
		write(t, filepath.Join(dir, "policy"), policy)
		ktd(t, "serve", dir, "--listen", "127.0.0.1:0").exits(exitFailed, filepath.Join(dir, "policy"), want)
	}
	write(t, filepath.Join(dir, "policy"), "quorum none\n")
	s := startServer(t, dir)
	if status, body := s.get("/readyz"); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	s.stop(syscall.SIGTERM)
	if r := ktd(t, "help", "policy").exits(exitOK); !strings.Contains(r.stdout, "witness NAME VKEY URL") {
		t.Errorf("help: %s", r.stdout)
	}
}

func otherKey(t *testing.T) string {
	t.Helper()
	signer, err := checkpoint.NewSigner("other.example/log", make([]byte, 32))
	fatalIfErr(t, err)
	return signer.VerifierKey()
}

// newExported returns a directory whose log of some entries has a checkpoint.
func newExported(t *testing.T, labels int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "dir")
	ktd(t, "bench", "publish", "--labels", fmt.Sprint(labels), "--batch", "1", "--vrf-time", "1ms", "--dir", dir).exits(exitOK)
	sign(t, dir)
	return dir
}

// sign has a directory's present log signed.
func sign(t *testing.T, dir string) {
	t.Helper()
	s := startServer(t, dir)
	status, body := s.get("/api/v1/log/publication")
	var p struct {
		VerifierKey string `json:"verifier_key"`
	}
	fatalIfErr(t, json.Unmarshal([]byte(body), &p))
	var log struct {
		TreeSize uint64 `json:"tree_size"`
	}
	_, body = s.get("/api/v1/log")
	fatalIfErr(t, json.Unmarshal([]byte(body), &log))
	if status != 200 || log.TreeSize == 0 {
		t.Fatal(status, body)
	}
	s.awaitCheckpoint(log.TreeSize, p.VerifierKey)
	s.stop(syscall.SIGTERM)
}

// files returns the contents of all files below a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := make(map[string]string)
	fatalIfErr(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		out[name] = read(t, path)
		return err
	}))
	return out
}

// checkExport verifies that an export has what its checkpoint needs and nothing
// else, and that ktd serves the same.
func checkExport(t *testing.T, dir, out string) {
	t.Helper()
	got := files(t, out)
	c, err := checkpoint.Peek([]byte(got["checkpoint"]))
	fatalIfErr(t, err)
	s := startServer(t, dir)
	defer s.stop(syscall.SIGTERM)
	delete(got, "checkpoint")
	fatalIfErr(t, tile.Added(0, c.Size, func(x tile.Tile) error {
		name := filepath.FromSlash(x.Path())
		if status, body := s.get("/log/" + x.Path()); status != 200 || got[name] != body {
			t.Errorf("%s: %d bytes; ktd serves %d with status %d", name, len(got[name]), len(body), status)
		}
		delete(got, name)
		return nil
	}))
	for name := range got {
		if !strings.Contains(name, ".p") {
			t.Errorf("%s is not needed", name)
		}
	}
}

func TestExportLog(t *testing.T) {
	dir, out := newDir(t), filepath.Join(t.TempDir(), "a", "log")
	ktd(t, "export-log", dir, out).exits(exitFailed, "no checkpoint has been signed yet", "hint: run 'ktd serve'")
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a checkpoint, something was exported: %v", err)
	}
	dir = newExported(t, 300)
	var first, second, third exportOutput
	ktd(t, "export-log", dir, out, "--json").exits(exitOK).json(&first)
	if first.From != 0 || first.TreeSize < 301 || first.Files == 0 || first.Bytes == 0 {
		t.Errorf("first: %+v", first)
	}
	checkExport(t, dir, out)
	write(t, filepath.Join(out, ".new-123"), "what a crash left")
	ktd(t, "export-log", dir, out, "--json").exits(exitOK).json(&second)
	if second.Files != 0 || second.From != second.TreeSize {
		t.Errorf("second: %+v", second)
	}
	if _, err := os.Stat(filepath.Join(out, ".new-123")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what a crash left is still there: %v", err)
	}

	// The log grows beyond a partial tile, which is not needed any more.
	insertLabels(t, dir, 300)
	sign(t, dir)
	ktd(t, "export-log", dir, out, "--json").exits(exitOK).json(&third)
	if third.From != first.TreeSize || third.TreeSize < 601 || third.Files > 12 {
		t.Errorf("third: %+v", third)
	}
	checkExport(t, dir, out)
	if _, err := os.Stat(filepath.Join(out, "tile", "0", "001.p")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a partial tile is left: %v", err)
	}

	// Nor does a log get among other things.
	ktd(t, "export-log", dir, dir).exits(exitFailed, "this folder has another log", "it has ")

	// An older state of the log, or another log, does not get into the folder.
	for _, other := range []string{newExported(t, 5), newExported(t, 700)} {
		before := files(t, out)
		ktd(t, "export-log", other, out).exits(exitFailed, "this folder has another log", "hint: choose another folder")
		if after := files(t, out); len(after) != len(before) || after["checkpoint"] != before["checkpoint"] {
			t.Error("a refused export changed files")
		}
	}
	write(t, filepath.Join(out, "checkpoint"), "rubbish")
	ktd(t, "export-log", dir, out).exits(exitFailed, "its checkpoint")

	s := startServer(t, dir)
	ktd(t, "export-log", dir, t.TempDir()).exits(exitFailed, "another process has this directory open")
	s.stop(syscall.SIGTERM)
}

// insertLabels adds log entries to an instance.
func insertLabels(t *testing.T, dir string, n int) {
	t.Helper()
	s := startServer(t, dir)
	token := strings.TrimSpace(read(t, filepath.Join(dir, "registration-token")))
	for i := range n {
		if status := s.update(fmt.Sprintf("more%d@example.org", i), token); status != http.StatusOK {
			t.Fatalf("update: status %d", status)
		}
	}
	s.stop(syscall.SIGTERM)
}

// TestExportDiskFull checks that an export that fails leaves the log that was
// there, and that it can go on.
func TestExportDiskFull(t *testing.T) {
	dir := newExported(t, 3)
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=96k"); err != nil {
		t.Skipf("a small file system cannot be mounted, which takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	out := filepath.Join(disk, "log")
	ktd(t, "export-log", dir, out).exits(exitOK)
	before := files(t, out)
	insertLabels(t, dir, 500)
	sign(t, dir)
	ktd(t, "export-log", dir, out).exits(exitFailed, "no space left on device")
	after := files(t, out)
	for name, content := range before {
		if after[name] != content {
			t.Errorf("%s is not what it was", name)
		}
	}
	for name := range after {
		if strings.Contains(name, ".new-") {
			t.Errorf("%s is left", name)
		}
	}
	fatalIfErr(t, syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=4m"))
	ktd(t, "export-log", dir, out).exits(exitOK)
	checkExport(t, dir, out)
}

// TestTrillianDown checks that a directory runs, but signs nothing, while its
// Trillian log does not answer.
func TestTrillianDown(t *testing.T) {
	dir := newDir(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	address := l.Addr().String()
	fatalIfErr(t, l.Close())
	s := startServer(t, dir, "--trillian", address, "--tree", "5")
	token := strings.TrimSpace(read(t, filepath.Join(dir, "registration-token")))
	if status := s.update("alice@example.org", token); status != http.StatusOK {
		t.Errorf("update: status %d", status)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		status, body := s.get("/readyz")
		if status == 200 && strings.Contains(body, "checkpoints-not-signed") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no word of it in time: %d %s", status, body)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if status, body := s.get("/log/checkpoint"); status != 404 {
		t.Errorf("a checkpoint was signed without Trillian: %s", body)
	}
	s.stop(syscall.SIGTERM)
	if !strings.Contains(s.stderr(), "Trillian does not answer") {
		t.Errorf("no word of it on standard error:\n%s", s.stderr())
	}
}

// replicaFunc is a replica that answers the same whatever it is asked.
type replicaFunc func() (uint64, merkle.Hash, error)

// Advance implements publisher.Replica.
func (f replicaFunc) Advance(context.Context, uint64, func(lo, hi uint64) ([][]byte, error)) (uint64, merkle.Hash, error) {
	return f()
}

// TestMismatchFile checks what is kept when a replica holds another log.
func TestMismatchFile(t *testing.T) {
	dir := newDir(t)
	inst, err := instance.Open(dir, instance.Options{})
	fatalIfErr(t, err)
	defer func() { fatalIfErr(t, inst.Close()) }()
	pub, err := inst.OpenPublisher(replicaFunc(func() (uint64, merkle.Hash, error) { return 1, merkle.Hash{7}, nil }))
	fatalIfErr(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); pub.Run(ctx) }()
	var found []string
	for deadline := time.Now().Add(20 * time.Second); len(found) == 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		found, err = filepath.Glob(filepath.Join(dir, "replica-mismatch-*.json"))
		fatalIfErr(t, err)
	}
	cancel()
	<-done
	if len(found) != 1 {
		t.Fatalf("files %v", found)
	}
	root, err := inst.Directory.PublicRoot(1)
	fatalIfErr(t, err)
	wantJSON(t, read(t, found[0]), map[string]any{
		"replica_size": 1.0, "replica_root": merkle.Hash{7}.String(), "directory_size": 1.0, "directory_root": root.String(),
	}, "entry", "replica_entry", "directory_entry")
	if pub.Checkpoint() != nil {
		t.Error("a checkpoint was signed")
	}
}

// wantJSON checks members of an object, and that others are absent.
func wantJSON(t *testing.T, object string, want map[string]any, absent ...string) {
	t.Helper()
	var got map[string]any
	fatalIfErr(t, json.Unmarshal([]byte(object), &got))
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
	for _, name := range absent {
		if value, ok := got[name]; ok {
			t.Errorf("%s is %v", name, value)
		}
	}
}

// TestMismatchFiles checks what is kept of other mismatches.
func TestMismatchFiles(t *testing.T) {
	for name, c := range map[string]struct {
		replica replicaFunc
		want    map[string]any
		absent  []string
	}{
		"a longer log": {
			func() (uint64, merkle.Hash, error) { return 9, merkle.Hash{7}, nil },
			map[string]any{"replica_size": 9.0, "replica_root": merkle.Hash{7}.String(), "directory_size": 1.0},
			[]string{"directory_root", "entry"},
		},
		"another entry": {
			func() (uint64, merkle.Hash, error) {
				return 0, merkle.Hash{}, &publisher.Conflict{Index: 0, Own: []byte("own"), Theirs: []byte("theirs")}
			},
			map[string]any{"entry": 0.0, "replica_entry": "dGhlaXJz", "directory_entry": "b3du"},
			[]string{"replica_size", "replica_root", "directory_root"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			inst, err := instance.Open(dir, instance.Options{})
			fatalIfErr(t, err)
			defer func() { fatalIfErr(t, inst.Close()) }()
			pub, err := inst.OpenPublisher(c.replica)
			fatalIfErr(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); pub.Run(ctx) }()
			for pub.Status().SigningErr == nil {
				time.Sleep(time.Millisecond)
			}
			cancel()
			<-done
			found, err := filepath.Glob(filepath.Join(dir, "replica-mismatch-*.json"))
			fatalIfErr(t, err)
			if len(found) != 1 {
				t.Fatalf("files %v", found)
			}
			wantJSON(t, read(t, found[0]), c.want, c.absent...)
		})
	}
}

// TestBeforePublicLogs checks what is said of an instance that has no checkpoint
// key.
func TestBeforePublicLogs(t *testing.T) {
	dir := newDir(t)
	fatalIfErr(t, os.Remove(filepath.Join(dir, "checkpoint.key")))
	ktd(t, "serve", dir).exits(exitFailed, "a ktd from before logs were public made it", "hint: its store has no public log")
}
