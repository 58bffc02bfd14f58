//go:build unix

package trillianlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// binaries, in the environment, names a directory that install.sh has filled. By
// default the test does that itself, once, in the user's cache directory.
const binaries = "GHOSTLIGHT_TRILLIAN_BIN"

// stack is Trillian on PostgreSQL, run by the scripts.
type stack struct {
	t              *testing.T
	dir            string
	addr           string
	postgres       *cluster
	server, signer *process
	logged         bytes.Buffer // by the Logs that were opened
}

func newStack(t *testing.T) *stack {
	s := &stack{t: t, dir: installed(t), addr: freePort(t), postgres: newCluster(t)}
	output(t, s.script("schema.sh"))
	s.server = newProcess(t, "server", func() *exec.Cmd { return s.script("server.sh") })
	s.signer = newProcess(t, "signer", func() *exec.Cmd { return s.script("signer.sh") })
	fatalIfErr(t, s.startServer())
	fatalIfErr(t, s.startSigner())
	return s
}

// installed returns a directory that install.sh has filled.
func installed(t *testing.T) string {
	if dir := os.Getenv(binaries); dir != "" {
		return dir
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("no directory to build Trillian in (%v); set HOME, or %s to one that install.sh has filled", err, binaries)
	}
	dir := filepath.Join(cache, "ghostlight", "trillian-"+installVersion(t))
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	t.Logf("building Trillian into %s, which takes minutes the first time", dir)
	fatalIfErr(t, os.MkdirAll(filepath.Dir(dir), 0o700))
	unfinished, err := os.MkdirTemp(filepath.Dir(dir), "unfinished-")
	fatalIfErr(t, err)
	defer os.RemoveAll(unfinished)
	cmd := exec.Command(filepath.Join(deploy, "install.sh"))
	cmd.Env = append(os.Environ(), "TRILLIAN_DIR="+unfinished)
	output(t, cmd)
	// If another test was faster, its directory stays.
	if err := os.Rename(unfinished, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	return dir
}

// freePort returns an address on which nobody listened a moment ago.
func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	defer l.Close()
	return l.Addr().String()
}

// script returns the command of a script, with the environment that the operator
// would set.
func (s *stack) script(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(deploy, name), args...)
	cmd.Env = append(os.Environ(),
		"PATH="+s.postgres.bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"PGPASSFILE="+s.postgres.passfile,
		"TRILLIAN_DIR="+s.dir,
		"TRILLIAN_POSTGRESQL_URI="+s.postgres.uri("trillian", "trillian"),
		"TRILLIAN_SERVER_RPC="+s.addr,
		"TRILLIAN_SERVER_HTTP=",
		"TRILLIAN_SIGNER_RPC=127.0.0.1:0",
		"TRILLIAN_SIGNER_HTTP=",
	)
	return cmd
}

func (s *stack) startServer() error {
	return s.server.start(func() error {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// startSigner starts the signer, of which nothing tells when it is ready.
func (s *stack) startSigner() error { return s.signer.start(func() error { return nil }) }

func (s *stack) createTree(args ...string) int64 {
	s.t.Helper()
	id, err := strconv.ParseInt(output(s.t, s.script("create-tree.sh", args...)), 10, 64)
	fatalIfErr(s.t, err)
	return id
}

// dial returns a connection that tries soon again after a failure.
func dial(addr string) (*grpc.ClientConn, error) {
	soon := backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.2, MaxDelay: 200 * time.Millisecond}
	return grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: soon, MinConnectTimeout: time.Second}))
}

func (s *stack) dial() *grpc.ClientConn {
	s.t.Helper()
	conn, err := dial(s.addr)
	fatalIfErr(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// readBack returns how often a batch had to be read back, and forgets it.
func (s *stack) readBack() int {
	defer s.logged.Reset()
	return strings.Count(s.logged.String(), "reading them back")
}

// open opens a Log as a process that has just started does.
func (s *stack) open(conn grpc.ClientConnInterface, tree int64) *Log {
	s.t.Helper()
	l, err := Open(s.t.Context(), Config{
		Conn: conn, TreeID: tree, Poll: 20 * time.Millisecond, BatchSize: 100,
		Logger: slog.New(slog.NewTextHandler(&s.logged, nil)),
	})
	fatalIfErr(s.t, err)
	return l
}

// lossy is a connection that loses the answer to every third call that adds
// leaves.
type lossy struct {
	grpc.ClientConnInterface
	adds, lost int
}

func (c *lossy) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	err := c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
	if filepath.Base(method) == "AddSequencedLeaves" {
		if c.adds++; c.adds%3 == 0 && err == nil {
			c.lost++
			return fmt.Errorf("lost the answer to %s", method)
		}
	}
	return err
}
