package vantage

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

const alice = "alice@example.org"

func fatalIfErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// host is a server whose answers can be exchanged.
type host struct {
	*httptest.Server
	mu      sync.Mutex
	handler http.Handler
	hosts   []string // that were asked for
}

func newHost(t *testing.T, h http.Handler) *host {
	t.Helper()
	s := &host{handler: h}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		h := s.handler
		s.hosts = append(s.hosts, r.Host)
		s.mu.Unlock()
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *host) become(h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler = h
}

func (s *host) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hosts
}

// world is a directory and a monitor.
type world struct {
	*testing.T
	dir    *clienttest.Directory
	server *host
	root   string // of the client
	cfg    Config
	v      *Vantage
	// timeout is for servers that do not answer; 0 is the default.
	timeout time.Duration
}

// newWorld returns a directory with some distinguished entries, and no monitor yet.
func newWorld(t *testing.T) *world {
	t.Helper()
	d := clienttest.New()
	d.Insert(clienttest.Update{Label: alice, Values: [][]byte{[]byte("keys")}})
	d.Tick(6, clienttest.Window)
	return worldOf(t, d)
}

func worldOf(t *testing.T, d *clienttest.Directory) *world {
	t.Helper()
	w := &world{T: t, dir: d, server: newHost(t, d), root: t.TempDir()}
	w.cfg = Config{
		Name: "example", Dir: filepath.Join(t.TempDir(), "vantage"), Policy: d.Policy("any"), Now: d.Clock.Now,
		HTTP: monitor.HTTPConfig{Client: w.server.Client(), Retries: -1},
	}
	return w
}

func (w *world) client() *client.Client {
	w.Helper()
	cfg := client.Config{
		Now: w.dir.Clock.Now, HTTP: w.server.Client(), Retries: -1, Timeout: w.timeout, LockWait: time.Minute,
		InsecureHTTP: true, MaxResponse: 1 << 20,
	}
	_, err := client.Trust(w.Context(), w.root, w.server.URL, "", cfg)
	fatalIfErr(w.T, err)
	c, err := client.Open(w.root, w.server.URL, cfg)
	fatalIfErr(w.T, err)
	return c
}

// impatient has the monitor wait for nobody for long. It is called before open.
func (w *world) impatient() {
	w.timeout = 500 * time.Millisecond
	w.cfg.HTTP.Timeout = w.timeout
}

// open opens the role, as after a restart.
func (w *world) open() {
	w.Helper()
	if w.cfg.Client == nil {
		w.cfg.Client = w.client()
	}
	var err error
	w.v, err = Open(w.cfg)
	fatalIfErr(w.T, err)
	v := w.v
	w.Cleanup(func() { _ = v.Close() }) // or a proxy waits for the connections of a test that failed
}

// round does a round, and checks what every one has to be.
func (w *world) round() finding.Round {
	w.Helper()
	if w.v == nil {
		w.open()
	}
	r := w.v.Round(w.Context())
	keys := make(map[string]bool)
	for _, f := range r.Findings {
		if keys[f.Key()] {
			w.Errorf("twice: %+v", f)
		}
		keys[f.Key()] = true
		if strings.Contains(f.Summary, "127.0.0.1") || strings.Contains(f.Summary, "example.org") || f.Directory != "example" {
			w.Errorf("summary %q of %q", f.Summary, f.Directory)
		}
		if f.Class == finding.Evidence {
			w.verify(f)
		}
	}
	return r
}

// verify verifies the evidence of a finding, with nothing but what the directory is
// known by.
func (w *world) verify(f finding.Finding) {
	w.Helper()
	data, err := os.ReadFile(f.File)
	fatalIfErr(w.T, err)
	e, err := evidence.Parse(data)
	fatalIfErr(w.T, err)
	if _, err := e.Verify(evidence.Expected{}); err != nil || string(e.Kind) != string(f.Rule) || f.Severity != finding.Critical || f.Condition {
		w.Errorf("%+v: %v", f, err)
	}
	if strings.Contains(string(data), alice) {
		w.Error("the evidence has a label")
	}
}

// rules returns the rules of what was found.
func rules(r finding.Round) string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, string(f.Rule))
	}
	return strings.Join(out, " ")
}

// want checks which rules a round found.
func (w *world) want(r finding.Round, want ...string) {
	w.Helper()
	if rules(r) != strings.Join(want, " ") {
		w.Errorf("found %q, not %q: %+v", rules(r), want, r.Findings)
	}
}

// named returns the finding of a rule, whose summary has some text.
func (w *world) named(r finding.Round, rule finding.Rule, summary string) finding.Finding {
	w.Helper()
	for _, f := range r.Findings {
		if f.Rule == rule && strings.Contains(f.Summary, summary) {
			return f
		}
	}
	w.Fatalf("no %q about %q: %+v", rule, summary, r.Findings)
	return finding.Finding{}
}

// fork returns another log of the directory, which goes its own way from now on. Both
// get new distinguished entries.
func (w *world) fork() *clienttest.Directory {
	other := w.dir.Fork()
	w.dir.Tick(3, clienttest.Window)
	other.Tick(5, time.Second)
	return other
}

// peerOf returns the base URL of a monitor that is shown a directory.
func (w *world) peerOf(d *clienttest.Directory) (string, *world) {
	w.Helper()
	p := worldOf(w.T, d)
	p.want(p.round())
	return newHost(w.T, NewGossip(p.v)).URL, p
}

func files(t *testing.T, dir string) int {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return len(list)
}

// tell returns a handler that answers everything with a body.
func tell(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
}

// post asks a directory for the distinguished heads.
func post(t *testing.T, base string, body []byte) *clienttest.Answer {
	r, err := http.Post(base+"/v1/distinguished", "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return nil
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return &clienttest.Answer{Status: r.StatusCode, Type: r.Header.Get("Content-Type"), Body: data}
}
