package main

import (
	"bufio"
	"crypto/ed25519"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/watch"
)

// realDirectory is a directory that ktd runs, as a process.
type realDirectory struct {
	testing.TB
	program, dir, url string
	cmd               *exec.Cmd
}

func newRealDirectory(t testing.TB, labels []string) *realDirectory {
	t.Helper()
	d := &realDirectory{TB: t, program: filepath.Join(t.TempDir(), "ktd"), dir: filepath.Join(t.TempDir(), "directory")}
	out, err := exec.Command("go", "build", "-o", d.program, "../ktd").CombinedOutput()
	if err != nil {
		t.Fatalf("building ktd: %v\n%s", err, out)
	}
	d.ktd("init", d.dir)
	d.publish(labels...)
	d.start()
	return d
}

func (d *realDirectory) ktd(args ...string) {
	d.Helper()
	if out, err := exec.Command(d.program, args...).CombinedOutput(); err != nil {
		d.Fatalf("ktd %v: %v\n%s", args, err, out)
	}
}

// publish makes a version with a new key of each label. The directory must be stopped.
func (d *realDirectory) publish(labels ...string) {
	d.Helper()
	var lines strings.Builder
	for _, label := range labels {
		fmt.Fprintf(&lines, "%s %s\n", strings.TrimSpace(sshKey(d)), label)
	}
	d.publishFile(lines.String())
}

func (d *realDirectory) publishFile(content string) {
	d.Helper()
	path := filepath.Join(d.TempDir(), "keys.pub")
	fatal(d, os.WriteFile(path, []byte(content), 0o600))
	d.ktd("import", d.dir, path)
}

// sshKey returns a new key without a comment.
func sshKey(t testing.TB) string {
	public, _, err := ed25519.GenerateKey(nil)
	fatal(t, err)
	key, err := ssh.NewPublicKey(public)
	fatal(t, err)
	return string(ssh.MarshalAuthorizedKey(key))
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start serves the directory, where it was served before if it was.
func (d *realDirectory) start() {
	d.Helper()
	listen := "127.0.0.1:0"
	if d.url != "" {
		listen = strings.TrimPrefix(d.url, "http://")
	}
	d.cmd = exec.Command(d.program, "serve", d.dir, "--listen", listen)
	stderr, err := d.cmd.StderrPipe()
	fatal(d, err)
	fatal(d, d.cmd.Start())
	cmd := d.cmd
	d.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(stderr)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if url, ok := strings.CutPrefix(lines.Text(), "ktd: serving on "); ok {
			d.url = strings.TrimSuffix(url, "/")
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return
		}
	}
	d.Fatalf("ktd does not serve:\n%s", strings.Join(said, "\n"))
}

func (d *realDirectory) stop() {
	d.Helper()
	fatal(d, d.cmd.Process.Signal(syscall.SIGTERM))
	fatal(d, d.cmd.Wait())
}

// counted counts requests and bytes.
type counted struct{ requests, bytes atomic.Int64 }

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	c.bytes.Add(r.ContentLength)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		answer.Body = &countedBody{answer.Body, c}
	}
	return answer, err
}

type countedBody struct {
	io.ReadCloser
	c *counted
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.c.bytes.Add(int64(n))
	return n, err
}

// watcher returns a watcher of labels of a directory, and what it sends is counted by c.
func (d *realDirectory) watcher(folder string, labels []watch.Label, c *counted) (*watch.Watcher, *client.Client) {
	d.Helper()
	cfg := client.Config{HTTP: &http.Client{Transport: c}, Backoff: time.Millisecond}
	root := filepath.Join(folder, "client")
	_, err := client.Trust(d.Context(), root, d.url, "", cfg)
	fatal(d, err)
	k, err := client.Open(root, d.url, cfg)
	fatal(d, err)
	w, err := watch.Open(watch.Config{
		Name: "test", Client: k, Dir: filepath.Join(folder, "watch"), Labels: labels, Expected: filepath.Join(folder, "expected"),
	})
	fatal(d, err)
	return w, k
}

// rulesOf returns the rules of a round's findings, but for those of labels that are taken
// over, in order.
func rulesOf(r finding.Round) string {
	var out []string
	for _, f := range r.Findings {
		if f.Rule != finding.TakenOver {
			out = append(out, string(f.Rule))
		}
	}
	return strings.Join(out, " ")
}

// TestWatchDirectory watches a real directory through an expected version, an unexpected
// one, and one that was swapped and restored.
func TestWatchDirectory(t *testing.T) {
	const alice, bob = "alice@example.org", "bob@example.org"
	d := newRealDirectory(t, []string{alice, bob})
	folder := t.TempDir()
	labels := []watch.Label{{Label: alice, Role: watch.Owner}, {Label: bob, Role: watch.Contact}}
	w, _ := d.watcher(folder, labels, new(counted))
	r := w.Round(t.Context())
	if rulesOf(r) != "" || len(r.Findings) != 2 {
		t.Fatalf("%+v", r)
	}

	// The value is the one that ktd import, which reads files as kt publish does, makes.
	line := strings.TrimSpace(sshKey(t)) + " " + alice + "\n"
	file := filepath.Join(t.TempDir(), "new.pub")
	fatal(t, os.WriteFile(file, []byte(line), 0o600))
	value, skipped, err := watch.ValueOfFile(file, alice, false)
	if err != nil || len(skipped) > 0 {
		t.Fatal(err, skipped)
	}
	_, err = watch.Expect(filepath.Join(folder, "expected"), "test", alice, value, "rotation", time.Now())
	fatal(t, err)
	d.stop()
	if r = w.Round(t.Context()); rulesOf(r) != string(finding.Unreachable) {
		t.Fatalf("%+v", r)
	}
	d.publishFile(line)
	d.publish(bob)
	d.publish(bob)
	d.start()
	if r = w.Round(t.Context()); rulesOf(r) != "expected-version changed-value changed-value" {
		t.Fatalf("%+v", r)
	}
	d.stop()
	d.publish(alice)
	d.start()
	w, _ = d.watcher(folder, labels, new(counted)) // another process
	if r = w.Round(t.Context()); rulesOf(r) != "unexpected-version expected-version changed-value changed-value" {
		t.Fatalf("%+v", r)
	}
}

// BenchmarkWatch does rounds over 1,000 labels of a real directory on loopback.
func BenchmarkWatch(b *testing.B) {
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf("user%04d@example.org", i))
	}
	for _, role := range []string{watch.Owner, watch.Contact} {
		b.Run(role, func(b *testing.B) {
			d := newRealDirectory(b, names)
			var labels []watch.Label
			for _, n := range names {
				labels = append(labels, watch.Label{Label: n, Role: role})
			}
			var c counted
			w, k := d.watcher(b.TempDir(), labels, &c)
			first := time.Now()
			if r := w.Round(b.Context()); r.Verdict() != finding.Verified {
				b.Fatalf("%+v", r)
			}
			took, sent := time.Since(first).Seconds(), c.requests.Swap(0)
			c.bytes.Store(0)
			for b.Loop() {
				if r := w.Round(b.Context()); r.Verdict() != finding.Verified {
					b.Fatalf("%+v", r)
				}
			}
			b.ReportMetric(took, "s/first-round")
			b.ReportMetric(float64(sent), "requests/first-round")
			info, err := os.Stat(filepath.Join(k.StateDir(), "state.json"))
			fatal(b, err)
			b.ReportMetric(float64(c.requests.Load())/float64(b.N), "requests/round")
			b.ReportMetric(float64(c.bytes.Load())/float64(b.N)/1e6, "MB/round")
			b.ReportMetric(float64(info.Size())/1e6, "state-MB")
			b.ReportMetric(float64(peakMemory())/1e6, "peak-MB")
		})
	}
}
