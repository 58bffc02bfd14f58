package station

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/monitor/alert"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/witness"
)

const alice = "alice@example.org"

// world is a directory, and a monitor of it that has a status page.
type world struct {
	testing.TB
	dir  *clienttest.Directory
	show http.Handler // what answers for the directory
	path string       // of the configuration
	s    *Station
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, dir: clienttest.New()}
	w.dir.Clock.Add(time.Since(w.dir.Clock.Now()))
	w.show = w.dir
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.show.ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	folder := t.TempDir()
	configuration, err := w.dir.Configuration().Marshal()
	fatalIfErr(t, err)
	write(t, folder, "configuration", string(configuration))
	write(t, folder, "policy", string(w.dir.Policy("any")))
	if _, err := witness.CreateKey(folder+"/witness.key", "example.org/witness"); err != nil {
		t.Fatal(err)
	}
	w.path = write(t, folder, "ktmon.yaml", `
data: state
listen: 127.0.0.1:0
directories:
  - name: example
    url: `+server.URL+`
    configuration: configuration
    policy: policy
    watch: [{label: `+alice+`, role: owner, alias: somebody}]
witness: {key: witness.key}
`)
	w.open()
	return w
}

// open opens the monitor, again if it was open.
func (w *world) open() {
	w.Helper()
	if w.s != nil {
		fatalIfErr(w, w.s.Close())
	}
	cfg, err := ReadConfig(w.path)
	fatalIfErr(w, err)
	w.s, err = Open(w.Context(), cfg, Options{})
	fatalIfErr(w, err)
	w.Cleanup(func() { _ = w.s.Close() })
}

// round opens the monitor and does one round.
func (w *world) round() Status {
	w.Helper()
	w.open()
	fatalIfErr(w, w.s.Once(w.Context()))
	return w.s.Status()
}

// get returns what the status page has.
func (w *world) get(path string) *httptest.ResponseRecorder {
	w.Helper()
	out := httptest.NewRecorder()
	w.s.web.server.Handler.ServeHTTP(out, httptest.NewRequest(http.MethodGet, path, nil))
	return out
}

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rules returns the rules of the alerts of a status.
func rules(s Status) (out []finding.Rule) {
	for _, a := range s.Alerts {
		out = append(out, a.Rule)
	}
	return out
}

// text returns a status for people.
func text(s Status) string {
	data, _ := json.MarshalIndent(s, "", "  ")
	return string(data)
}

func (w *world) insert(label, value string) {
	w.dir.Clock.Add(time.Since(w.dir.Clock.Now()))
	w.dir.Insert(clienttest.Update{Label: label, Values: [][]byte{[]byte(value)}})
}

// TestOnce watches a label through an insertion and a fork, with a restart before each
// round.
func TestOnce(t *testing.T) {
	w := newWorld(t)
	w.insert(alice, "a")
	if s := w.round(); s.Verdict != finding.Verified || len(s.Alerts) != 1 || s.Alerts[0].Severity != finding.Info {
		t.Fatal(text(s), w.files())
	}
	w.insert(alice, "b")
	s := w.round()
	if s.Verdict != finding.Changed || s.Alerts[0].Rule != finding.UnexpectedVersion || s.Open[finding.Critical] != 1 {
		t.Fatal(text(s), w.files())
	}
	if again := w.round(); len(again.Alerts) != len(s.Alerts) {
		t.Errorf("it was told twice: %v", rules(again))
	}
	w.acknowledge(s.Alerts[0].ID)

	other := w.dir.Fork()
	w.insert(alice, "c")
	w.round()
	other.Insert(clienttest.Update{Label: alice, Values: [][]byte{[]byte("d")}})
	other.Insert()
	w.show = other
	s = w.round()
	if s.Verdict != finding.Misbehaviour {
		t.Fatal(text(s), w.files())
	}
	w.public(s)
}

func (w *world) acknowledge(id string) {
	w.Helper()
	fatalIfErr(w, alert.WriteAck(w.s.cfg.Folder(), id, "a test", ""))
	for _, a := range w.round().Alerts {
		if a.ID == id && (!a.Acknowledged || a.Open) {
			w.Errorf("not acknowledged: %+v", a)
		}
	}
}

// found has a role of the directory find something.
func (w *world) found(f ...finding.Finding) {
	w.Helper()
	w.s.record(w.Context(), &slot{directory: "example", name: "audit"}, finding.Round{Findings: f})
	fatalIfErr(w, w.s.ledgerError())
}

// public checks what everybody can read, in which no label is.
func (w *world) public(s Status) {
	w.Helper()
	paths := []string{"/", "/verify.html", "/view/example/", "/view/example/view.json", "/view/example/monitors", "/status.json", "/metrics", "/alerts.atom", "/alerts.feed.json", "/livez", "/readyz", "/gossip/", "/witness/key"}
	evidence := 0
	for _, a := range s.Alerts {
		if a.Evidence {
			evidence++
			paths = append(paths, "/evidence/"+a.ID+".json")
		} else if r := w.get("/evidence/" + a.ID + ".json"); r.Code != http.StatusNotFound {
			w.Errorf("evidence that is not public: %d", r.Code)
		}
	}
	if evidence == 0 {
		w.Error("no evidence is public")
	}
	for _, path := range paths {
		r := w.get(path)
		if r.Code != http.StatusOK || r.Body.Len() == 0 {
			w.Errorf("%s: %d", path, r.Code)
		}
		if strings.Contains(r.Body.String(), alice) || strings.Contains(r.Body.String(), "YWxpY2VAZXhhbXBsZS5vcmc") {
			w.Errorf("%s has a label: %s", path, r.Body)
		}
		if csp := r.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			w.Errorf("%s: Content-Security-Policy %q", path, csp)
		}
	}
	if page := w.get("/").Body.String(); !strings.Contains(page, "misbehaviour proven") || !strings.Contains(page, "somebody has a version") {
		w.Errorf("the page:\n%s", page)
	}
	for _, path := range []string{"/nothing", "/evidence/", "/evidence/x", "/evidence/..%2fledger.json", "/gossip/00", "/witness/00/checkpoint"} {
		if r := w.get(path); r.Code != http.StatusNotFound {
			w.Errorf("%s: %d", path, r.Code)
		}
	}
}

// TestReady runs a monitor, whose page says when it is ready.
func TestReady(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.s.Run(ctx) }()
	url := "http://" + w.s.Addr().String()
	for ready := false; !ready; time.Sleep(10 * time.Millisecond) {
		var s Status
		w.read(url+"/status.json", &s)
		ready = true
		for _, r := range s.Roles {
			ready = ready && r.Rounds > 0
		}
	}
	var h health
	if w.read(url+"/readyz", &h); !h.OK {
		t.Errorf("not ready: %+v", h)
	}
	last := w.s.slots[len(w.s.slots)-1]
	last.mu.Lock()
	last.ended = time.Now().Add(-time.Hour)
	last.mu.Unlock()
	if w.read(url+"/readyz", &h); h.OK || len(h.Reasons) != 1 || h.Reasons[0] != notComplete {
		t.Errorf("ready: %+v", h)
	}
	stop()
	fatalIfErr(t, <-done)
}

func (w *world) read(url string, into any) {
	w.Helper()
	r, err := http.Get(url)
	fatalIfErr(w, err)
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	fatalIfErr(w, err)
	fatalIfErr(w, json.Unmarshal(data, into))
}

// TestOpenRefused opens monitors that cannot work.
func TestOpenRefused(t *testing.T) {
	w := newWorld(t)
	cfg, err := ReadConfig(w.path)
	fatalIfErr(t, err)
	if _, err := Open(t.Context(), cfg, Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second monitor of one folder: %v", err)
	}
	fatalIfErr(t, w.s.Close())
	fatalIfErr(t, os.Chmod(cfg.path("witness.key"), 0o644))
	if _, err := Open(t.Context(), cfg, Options{}); err == nil || !strings.Contains(err.Error(), "witness.key") {
		t.Errorf("a key that everybody can read: %v", err)
	}
	fatalIfErr(t, os.Chmod(cfg.path("witness.key"), 0o600))
	cfg.Listen = w.s.Addr().String() + "0"
	if _, err := Open(t.Context(), cfg, Options{}); err == nil || !strings.Contains(err.Error(), "listen") {
		t.Errorf("an address that is none: %v", err)
	}
	w.s = nil
	w.open()
}

// files returns the alerts of a monitor as files have them.
func (w *world) files() string {
	names, err := filepath.Glob(w.s.folder("alerts", "*.json"))
	fatalIfErr(w, err)
	var out strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(name)
		fatalIfErr(w, err)
		out.Write(data)
	}
	return out.String()
}

// TestFolderIsPrivate has the folder be there, readable by all.
func TestFolderIsPrivate(t *testing.T) {
	dir := folder(t)
	data := filepath.Join(dir, "state")
	if err := os.Mkdir(data, 0o755); err != nil {
		t.Fatal(err)
	}
	cfg, err := ReadConfig(write(t, dir, "ktmon.yaml", "data: state\ndirectories: [{name: one, url: 'https://keys.example.org', configuration: configuration}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	info, err := os.Stat(data)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
