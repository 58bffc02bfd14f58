//go:build unix

package trillianlog

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// cluster is a throw-away PostgreSQL cluster that listens on a Unix socket only,
// with a database trillian that belongs to the role trillian.
type cluster struct {
	t        *testing.T
	bin      string // the directory of PostgreSQL's programs
	dir      string
	passfile string
	*process
}

// findPostgres returns the directory of PostgreSQL's programs, which Debian keeps
// out of PATH.
func findPostgres(t *testing.T) string {
	var candidates []string
	if path, err := exec.LookPath("postgres"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	versions, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.Reverse(versions)
	for _, dir := range append(candidates, versions...) {
		missing := false
		for _, program := range []string{"initdb", "postgres", "psql"} {
			_, err := os.Stat(filepath.Join(dir, program))
			missing = missing || err != nil
		}
		if !missing {
			return dir
		}
	}
	t.Fatal("this test needs PostgreSQL (initdb, postgres and psql, together in PATH or in /usr/lib/postgresql/*/bin); on Debian: apt-get install postgresql")
	return ""
}

func newCluster(t *testing.T) *cluster {
	// Not in t.TempDir: that is not open to another user, and its path can be too
	// long for a socket.
	dir, err := os.MkdirTemp("", "ghostlight-pg-")
	fatalIfErr(t, err)
	t.Cleanup(func() { fatalIfErr(t, os.RemoveAll(dir)) })
	c := &cluster{t: t, bin: findPostgres(t), dir: dir, passfile: filepath.Join(dir, "pgpass")}

	const password = "p@ss:w/rd" // must be nowhere but in files
	pwfile := filepath.Join(dir, "password")
	fatalIfErr(t, os.WriteFile(pwfile, []byte(password+"\n"), 0o600))
	fatalIfErr(t, os.WriteFile(c.passfile, []byte(`*:*:*:*:p@ss\:w/rd`+"\n"), 0o600))
	if u := c.unprivileged(); u != nil {
		fatalIfErr(t, os.Chown(dir, int(u.Uid), int(u.Gid)))
		fatalIfErr(t, os.Chown(pwfile, int(u.Uid), int(u.Gid)))
	}
	output(t, c.command("initdb", "--pgdata="+c.data(), "--username=postgres", "--auth=scram-sha-256",
		"--pwfile="+pwfile, "--encoding=UTF8", "--no-locale", "--no-sync"))
	c.process = newProcess(t, "postgres", func() *exec.Cmd {
		return c.command("postgres", "-D", c.data(), "-k", dir, "-c", "listen_addresses=")
	})
	fatalIfErr(t, c.start())
	t.Cleanup(func() { // with everything below it, so that the directory can be removed
		_ = c.cmd.Process.Signal(os.Interrupt)
		select {
		case <-c.ended:
		case <-time.After(20 * time.Second):
		}
	})
	c.psql(c.uri("postgres", "postgres"), "CREATE ROLE trillian LOGIN PASSWORD '"+password+"'")
	c.psql(c.uri("postgres", "postgres"), "CREATE DATABASE trillian OWNER trillian")
	return c
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *cluster) uri(role, database string) string {
	return "postgresql://" + role + "@/" + database + "?host=" + c.dir
}

// unprivileged returns who runs PostgreSQL, which refuses root; nil if that is
// who runs the test.
func (c *cluster) unprivileged() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		c.t.Fatalf("PostgreSQL does not run as root, and there is no user postgres: %v", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	fatalIfErr(c.t, err)
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	fatalIfErr(c.t, err)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// command returns a command of PostgreSQL's.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "PGPASSFILE="+c.passfile)
	if u := c.unprivileged(); u != nil && (name == "postgres" || name == "initdb") {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: u}
	}
	return cmd
}

func (c *cluster) start() error {
	return c.process.start(func() error {
		return c.command("psql", "--no-psqlrc", "--no-password", "-d", c.uri("postgres", "postgres"), "-c", "SELECT").Run()
	})
}

// psql runs a statement and returns its rows.
func (c *cluster) psql(uri, statement string) string {
	c.t.Helper()
	return output(c.t, c.command("psql", "--no-psqlrc", "--no-password", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1", "-d", uri, "-c", statement))
}
