package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
)

// A flag whose variable is not set must not leave out what it asks for: the pin, the
// signature or the comparison.
func TestEmptyFlagsRefused(t *testing.T) {
	x := newTerminal(t)
	x.kt(exitOK, "publish", "bob@example.org", x.file(sshKey))
	size, file := x.dir.Size(), x.file(x.rosterText(nil))
	fresh := t.TempDir()
	for _, args := range [][]string{
		{"trust", x.server.URL, "--sha256", "", "--state", fresh},
		{"trust", x.server.URL, "--policy=", "--state", fresh},
		{"publish", alice, x.file(sshKey), "--account-key", ""},
		{"publish", alice, x.file(sshKey), "--token-file="},
		{"roster", "digest", file, "--compare", ""},
		{"roster", "digest", file, "--qr", ""},
		{"lookup", "bob@example.org", "--directory", ""},
		{"own", alice, "--state", ""},
	} {
		stdout, stderr := x.kt(exitUsage, args...)
		x.contains(stderr, "is given, but empty", "is a variable not set?")
		if stdout != "" {
			t.Errorf("%q: %s", args, stdout)
		}
	}
	if entries, err := os.ReadDir(fresh); err != nil || len(entries) > 0 || x.dir.Size() != size {
		t.Errorf("%v: %d files, %d log entries", err, len(entries), x.dir.Size())
	}
	stdout, _ := x.kt(exitUsage, "own", alice, "--policy", "", "--json")
	x.contains(stdout, `"kind": "usage"`, "--policy is given, but empty")
}

// Nobody is advised to publish with --raw what may be a private key.
func TestNoAdviceToPublishPrivateKeys(t *testing.T) {
	x := newTerminal(t)
	for _, bare := range []string{strings.Repeat("A", 43) + "=\n", strings.Repeat("5a", 32)} {
		_, stderr := x.kt(exitOperational, "publish", alice, x.file(bare))
		x.contains(stderr, "public or private", `"X25519 KEY"`)
		if strings.Contains(stderr, "--raw") || strings.Contains(stderr, strings.TrimSpace(bare)) {
			t.Errorf("%s", stderr)
		}
	}
	_, stderr := x.kt(exitOperational, "publish", alice, x.file("hello\n"))
	x.contains(stderr, "for whoever asks to see, use --raw")
	if x.dir.Size() != 1 {
		t.Errorf("something was published: %d log entries", x.dir.Size())
	}
}

func TestSecondAnnouncementIsTold(t *testing.T) {
	x := newTerminal(t)
	one, _ := x.accountKey("ed25519")
	two, public := x.accountKey("ed25519")
	three, _ := x.accountKey("p256")
	x.kt(exitOK, "publish", alice, x.file(sshKey), "--account-key", one)
	stdout, _ := x.kt(exitOK, "account", "reset", alice, "--new-account-key", two)
	if strings.Contains(stdout, "ATTENTION") {
		t.Errorf("the first announcement: %s", stdout)
	}
	x.dir.Tick(1, time.Hour)
	stdout, _ = x.kt(exitOK, "account", "reset", alice, "--new-account-key", three)
	x.contains(stdout, "announced the account key in version 2", "ATTENTION: the account key "+public+", which was announced before, is announced no more")
}

func TestHintsSayWhatToDo(t *testing.T) {
	x := newTerminal(t)
	_, stderr := x.kt(exitAbsent, "account", "show", "acount.pem")
	x.contains(stderr, "there is no file of that name either")
	x.server.Close()
	stdout, stderr := x.kt(exitUndecided, "lookup", alice, "--json")
	x.contains(stderr, "kt: hint: see that the network and the directory's URL are right")
	x.contains(stdout, `"hint": "see that the network`)
	if e := errorOf(&client.Error{Kind: client.Operational, Err: os.ErrNotExist}); e.Hint != "" {
		t.Errorf("a hint for a missing file: %s", e.Hint)
	}
}

// What is left out is told, but not line by line for thousands of lines.
func TestSkippedAreFew(t *testing.T) {
	x := newTerminal(t)
	_, stderr := x.kt(exitOK, "publish", alice, x.file(sshKey+strings.Repeat("age1\n", 500)))
	x.contains(stderr, "line 2: malformed", "kt: skipped: 480 more\n")
	if n := strings.Count(stderr, "\n"); n != 21 {
		t.Errorf("%d lines:\n%s", n, stderr)
	}
}

// A pipe that nobody writes to does not keep kt from ending.
func TestInterruptedWhileReading(t *testing.T) {
	x := newTerminal(t)
	silent, writer := io.Pipe()
	defer writer.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var stderr bytes.Buffer
	a := &app{stdin: &cancelling{silent, cancel}, stdout: io.Discard, stderr: &stderr}
	if code := a.run(ctx, []string{"--state", x.state, "roster", "-"}); code != exitOperational {
		t.Errorf("exit code %d", code)
	}
	x.contains(stderr.String(), "-: interrupted")
}

// cancelling calls cancel when somebody reads.
type cancelling struct {
	io.Reader
	cancel context.CancelFunc
}

func (c *cancelling) Read(p []byte) (int, error) {
	c.cancel()
	return c.Reader.Read(p)
}
