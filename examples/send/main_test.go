package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

const (
	bob   = "bob@example.org"
	carol = "carol@example.org"
)

func fatalIfErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a ktd process with a directory, and what it takes to use it.
type world struct {
	*testing.T
	kt, url, state, token string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	bin, dir := t.TempDir(), filepath.Join(t.TempDir(), "directory")
	if out, err := exec.Command("go", "build", "-o", bin, "../../cmd/ktd", "../../cmd/kt").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ktd := filepath.Join(bin, "ktd")
	if out, err := exec.Command(ktd, "init", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w := &world{T: t, kt: filepath.Join(bin, "kt"), state: t.TempDir(), token: filepath.Join(dir, "registration-token")}
	serve := exec.Command(ktd, "serve", dir, "--listen", "127.0.0.1:0", "--log-level", "error")
	stderr, err := serve.StderrPipe()
	fatalIfErr(t, err)
	fatalIfErr(t, serve.Start())
	t.Cleanup(func() { _ = serve.Process.Kill(); _ = serve.Wait() })
	lines := bufio.NewScanner(stderr)
	for lines.Scan() && w.url == "" {
		if u, ok := strings.CutPrefix(lines.Text(), "ktd: serving on "); ok {
			w.url = u
			break
		}
	}
	if w.url == "" {
		t.Fatal("ktd does not serve")
	}
	go io.Copy(io.Discard, stderr)
	w.run("trust", w.url)
	return w
}

func (w *world) run(args ...string) {
	w.Helper()
	out, err := exec.Command(w.kt, append([]string{"--state", w.state}, args...)...).CombinedOutput()
	if err != nil {
		w.Fatalf("kt %v: %v\n%s", args, err, out)
	}
}

func (w *world) file(content string) string {
	w.Helper()
	path := filepath.Join(w.TempDir(), "file")
	fatalIfErr(w.T, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// publish publishes a new key of a label, and returns it.
func (w *world) publish(label string) *age.X25519Identity {
	w.Helper()
	id, err := age.GenerateX25519Identity()
	fatalIfErr(w.T, err)
	w.run("publish", label, w.file(id.Recipient().String()+"\n"), "--token-file", w.token)
	return id
}

// send runs the app and returns what it wrote.
func (w *world) send(want int, message, book string, flags ...string) (sealed []byte, stderr string) {
	w.Helper()
	var out, told bytes.Buffer
	args := append([]string{"--state", w.state, "--book", w.file(book)}, flags...)
	if got := run(w.Context(), args, strings.NewReader(message), &out, &told); got != want {
		w.Fatalf("exit code %d, want %d: %s", got, want, &told)
	}
	return out.Bytes(), told.String()
}

func (w *world) opens(sealed []byte, id age.Identity, want string) {
	w.Helper()
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	fatalIfErr(w.T, err)
	got, err := io.ReadAll(r)
	if err != nil || string(got) != want {
		w.Errorf("%v: %q, want %q", err, got, want)
	}
}

func TestSend(t *testing.T) {
	w := newWorld(t)
	ids := map[string]*age.X25519Identity{bob: w.publish(bob), carol: w.publish(carol)}
	line := func(label string, id *age.X25519Identity) string {
		return fmt.Sprintf("%s %s\n", label, id.Recipient())
	}
	book := line(bob, ids[bob]) + line(carol, ids[carol])
	sealed, _ := w.send(exitSent, "hello", book)
	w.opens(sealed, ids[bob], "hello")
	w.opens(sealed, ids[carol], "hello")

	// Somebody slipped a key of their own into the address book.
	ghost, err := age.GenerateX25519Identity()
	fatalIfErr(t, err)
	slipped := book + line(bob, ghost)
	sealed, told := w.send(exitRefused, "secret", slipped)
	if len(sealed) != 0 || !strings.Contains(told, `NOT to "bob@example.org": ghost-device`) || !strings.Contains(told, "nothing was sent") {
		t.Errorf("%d bytes, %s", len(sealed), told)
	}
	sealed, _ = w.send(exitRefused, "secret", slipped, "--partial")
	w.opens(sealed, ids[bob], "secret")
	var none *age.NoIdentityMatchError
	if _, err := age.Decrypt(bytes.NewReader(sealed), ghost); !errors.As(err, &none) {
		t.Errorf("the ghost could read it: %v", err)
	}

	// Bob has another key now: the one in the address book is stale.
	old := ids[bob]
	ids[bob] = w.publish(bob)
	if _, told := w.send(exitRefused, "x", line(bob, old)); !strings.Contains(told, "stale-key") {
		t.Error(told)
	}
	if _, told := w.send(exitRefused, "x", line("nobody@example.org", old), "--partial"); !strings.Contains(told, "ghost-user") {
		t.Error(told)
	}
	w.send(exitFailed, "x", "bob@example.org age1nonsense")
	w.send(exitUsage, "x", book, "surplus")
}
