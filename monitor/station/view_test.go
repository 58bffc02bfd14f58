package station

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestImports holds the direction of imports: a monitor knows nothing of a directory.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	fatalIfErr(t, err)
	const module = "github.com/ghostlight-kt/ghostlight/"
	for name := range strings.FieldsSeq(string(out)) {
		if name == module+"directory" || strings.HasPrefix(name, module+"directory/") || name == module+"web" {
			t.Errorf("a monitor depends on %s", name)
		}
	}
	if !strings.Contains(string(out), module+"web/audit\n") {
		t.Error("the list has no packages of this module")
	}
}

// reconfigure edits the configuration file, and opens the monitor again.
func (w *world) reconfigure(old, new string) {
	w.Helper()
	data, err := os.ReadFile(w.path)
	fatalIfErr(w, err)
	text := strings.Replace(string(data), old, new, 1)
	if text == string(data) {
		w.Fatalf("%q is not in the configuration", old)
	}
	fatalIfErr(w, os.WriteFile(w.path, []byte(text), 0o600))
	w.open()
}

// page returns a page, which must have a status, and texts in it.
func (w *world) page(path string, code int, texts ...string) string {
	w.Helper()
	r := w.get(path)
	body := r.Body.String()
	if r.Code != code {
		w.Errorf("%s: %d", path, r.Code)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			w.Errorf("%s lacks %q", path, text)
		}
	}
	return body
}

// TestViews serves a view of a mirror, and of a log that is not mirrored.
func TestViews(t *testing.T) {
	for name, c := range map[string]struct{ audit, note string }{
		"mirror":   {"audit: {mode: mirror}", "replayed the whole log"},
		"no audit": {"", "keeps no copy of the log"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.insert(alice, "a")
			w.dir.Tick(3, time.Second)
			w.reconfigure("policy: policy\n", "policy: policy\n    "+c.audit+"\n")
			fatalIfErr(t, w.s.Once(t.Context()))
			for _, path := range []string{"", "log", "log/0", "checkpoint", "consistency?old=1", "lookup", "monitors", "limits", "about"} {
				w.page("/view/example/"+path, http.StatusOK, "seen by the monitor", c.note, `data-base="/view/example"`)
			}
			w.page("/view/example/monitors", http.StatusOK, `data-monitor="/"`, `href="/status.json"`)
			w.page("/", http.StatusOK, `href="/view/example/"`)
			w.describes()
			form := httptest.NewRequest(http.MethodPost, "/view/example/lookup", strings.NewReader("label=alice%40example.org"))
			form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			out := httptest.NewRecorder()
			w.s.web.server.Handler.ServeHTTP(out, form)
			if out.Code != http.StatusOK || !strings.Contains(out.Body.String(), "The operator’s claim about") {
				t.Errorf("a lookup: %d %s", out.Code, out.Body)
			}
		})
	}
}

// describes checks what a browser learns: what this monitor pinned, and nothing else.
func (w *world) describes() {
	w.Helper()
	var d struct {
		Directory     string
		Configuration []byte
		Policy        string
		Host          struct{ Kind string }
	}
	fatalIfErr(w, json.Unmarshal(w.get("/view/example/view.json").Body.Bytes(), &d))
	configuration, err := w.dir.Configuration().Marshal()
	fatalIfErr(w, err)
	if string(d.Configuration) != string(configuration) || d.Policy != string(w.dir.Policy("any")) || d.Host.Kind != "monitor" || d.Directory != w.s.cfg.Directories[0].URL {
		w.Errorf("view.json: %+v", d)
	}
}

// TestNoViews leaves the views out.
func TestNoViews(t *testing.T) {
	w := newWorld(t)
	w.reconfigure("data: state", "data: state\nview: false\nname: Lamp & Co")
	w.page("/view/example/", http.StatusNotFound, "There is no such page")
	if page := w.page("/", http.StatusOK, "Lamp &amp; Co"); strings.Contains(page, "/view/") {
		t.Error("the page links to a view")
	}
	w.s.cfg.Name = "a\nb"
	if err := w.s.cfg.check(); err == nil || !strings.Contains(err.Error(), "name: ") {
		t.Errorf("a name of two lines: %v", err)
	}
}

// TestViewOfDeadDirectory has the directory die: a mirror is still shown, and what is not
// mirrored is said not to be there. The monitor's own pages go on.
func TestViewOfDeadDirectory(t *testing.T) {
	dead := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for name, mirrored := range map[string]bool{"mirror": true, "no audit": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.insert(alice, "a")
			if mirrored {
				w.reconfigure("policy: policy\n", "policy: policy\n    audit: {mode: mirror}\n")
				fatalIfErr(t, w.s.Once(t.Context()))
			}
			w.show = dead
			w.describes()
			w.page("/", http.StatusOK, "Directories")
			if mirrored {
				w.page("/view/example/log/0", http.StatusOK, "Log entry")
				return
			}
			for _, path := range []string{"", "log", "log/0", "checkpoint"} {
				w.page("/view/example/"+path, http.StatusBadGateway, "The directory does not answer")
			}
		})
	}
}

// TestViewOfPrunedLog shows what is left of a log.
func TestViewOfPrunedLog(t *testing.T) {
	w := newWorld(t)
	w.dir.Tick(600, time.Second)
	w.dir.PruneLog(512)
	w.page("/view/example/", http.StatusOK, "600")
	w.page("/view/example/log/7", http.StatusGone, "This entry was removed")
	w.page("/view/example/log/512", http.StatusOK)
}

// TestPolicyOfPages holds the headers: pages do nothing but what their own scripts do,
// and only what is for everybody is read from other origins.
func TestPolicyOfPages(t *testing.T) {
	w := newWorld(t)
	w.insert(alice, "a")
	own := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'none'; connect-src 'self'"
	rest := "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	for path, want := range map[string]string{
		"/": own + rest, "/alerts/0-1": own + rest, "/nothing": own + rest,
		"/view/example/": own + " " + w.s.cfg.Directories[0].URL + rest,
	} {
		if got := w.get(path).Header().Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
	shared := map[string]bool{"/status.json": true, "/alerts.atom": true, "/alerts.feed.json": true, "/evidence/0-1.json": true}
	for path := range shared {
		w.sharedWith(path, true)
	}
	for _, path := range []string{"/", "/metrics", "/view/example/", "/view/example/view.json", "/alerts/0-1"} {
		w.sharedWith(path, false)
	}
	for path := range shared {
		out := httptest.NewRecorder()
		w.s.web.server.Handler.ServeHTTP(out, httptest.NewRequest(http.MethodPost, path, nil))
		if out.Code != http.StatusMethodNotAllowed || out.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("POST %s: %d", path, out.Code)
		}
	}
}

func (w *world) sharedWith(path string, all bool) {
	w.Helper()
	h := w.get(path).Header()
	if got := h.Get("Access-Control-Allow-Origin"); (got == "*") != all || h.Get("Access-Control-Allow-Credentials") != "" {
		w.Errorf("%s: %v", path, h)
	}
}

// hostile is what a dishonest directory would like to be on a page.
const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`

// forged is evidence that is well-formed and proves nothing; private, if it has a label.
func (w *world) forged(private bool) string {
	w.Helper()
	e := &evidence.Evidence{
		Summary: hostile, Schema: evidence.Schema, Class: evidence.ClassEvidence, Kind: evidence.TreeHeads, FoundAt: time.Unix(1, 0).UTC(),
		Configuration: []byte("x"), Heads: make([]evidence.Head, 2),
	}
	if private {
		e.Kind, e.Operation, e.Request, e.Response, e.Heads = evidence.Contradiction, "search", []byte(alice), []byte("x"), nil
		e.RetainedView = &evidence.View{}
	}
	data, err := e.Marshal()
	fatalIfErr(w, err)
	path := filepath.Join(w.TempDir(), "evidence.json")
	fatalIfErr(w, os.WriteFile(path, data, 0o600))
	return path
}

// TestAlertPages shows an alert with evidence, one whose evidence has a label, and a
// report.
func TestAlertPages(t *testing.T) {
	w := newWorld(t)
	base := finding.Finding{Severity: finding.Critical, Directory: "example", Summary: hostile, Detail: "secret " + alice, Hint: "secret"}
	public, private, report := base, base, base
	public.Rule, public.Class, public.File = "tree-heads", finding.Evidence, w.forged(false)
	private.Rule, private.Class, private.File = "contradiction", finding.Evidence, w.forged(true)
	report.Rule, report.Class, report.Severity, report.Condition = finding.Stalled, finding.Report, finding.Warning, true
	w.found(public, private, report)
	ids := make(map[finding.Rule]string)
	for _, a := range w.s.Status().Alerts {
		ids[a.Rule] = a.ID
	}
	if len(ids) != 3 {
		t.Fatal(text(w.s.Status()))
	}
	w.alert(ids["tree-heads"], `data-evidence="/evidence/`+ids["tree-heads"]+`.json"`, `data-view="/view/example"`, "Two signed roots for one size", "/verify.html", `data-verdict="unchecked"`)
	w.alert(ids["contradiction"], "only those who run the monitor have it")
	w.alert(ids[finding.Stalled], "cannot prove it to you", "older than its Configuration permits", "The condition lasts")
	w.page("/evidence/"+ids["tree-heads"]+".json", http.StatusOK)
	w.page("/evidence/"+ids["contradiction"]+".json", http.StatusNotFound)
	w.found()
	w.alert(ids[finding.Stalled], "The condition is over")
	for _, id := range []string{"0-1", "x", "..%2f..", ids["tree-heads"] + "0"} {
		w.page("/alerts/"+id, http.StatusNotFound)
	}
}

// alert checks the page of an alert, and what no page and no feed may have.
func (w *world) alert(id string, texts ...string) {
	w.Helper()
	w.page("/alerts/"+id, http.StatusOK, texts...)
	for _, path := range []string{"/alerts/" + id, "/", "/status.json", "/alerts.atom", "/alerts.feed.json"} {
		body := w.page(path, http.StatusOK)
		if strings.Contains(body, alice) || strings.Contains(body, "secret") {
			w.Errorf("%s tells what is private", path)
		}
		if !strings.HasSuffix(path, "json") && (strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x")) {
			w.Errorf("%s has the markup of a directory", path)
		}
	}
}

// TestNamesOfDirectories refuses markup in names, which are in paths and pages.
func TestNamesOfDirectories(t *testing.T) {
	for _, name := range []string{"<b>", "a/b", "..", "{x}", "a b", "", strings.Repeat("a", 64)} {
		c := &Config{}
		if err := c.checkDirectory(&Directory{Name: name}); err == nil || !strings.Contains(err.Error(), "name: ") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// listen reads events from a running monitor.
func (w *world) listen(ctx context.Context, path string) (*http.Response, <-chan string) {
	w.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.s.Addr().String()+path, nil)
	fatalIfErr(w, err)
	r, err := http.DefaultClient.Do(req)
	fatalIfErr(w, err)
	w.Cleanup(func() { _ = r.Body.Close() })
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(r.Body); in.Scan(); {
			lines <- in.Text()
		}
	}()
	return r, lines
}

// expect reads lines until one has a text.
func expect(t testing.TB, lines <-chan string, want string) {
	t.Helper()
	for line := range lines {
		if strings.Contains(line, want) {
			return
		}
	}
	t.Errorf("the stream ended without %q", want)
}

// TestEvents listens to a monitor that finds something, and then ends: the streams must
// not hold it up.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	w.insert(alice, "a")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.s.Run(ctx) }()
	r, lines := w.listen(t.Context(), "/events")
	if h := r.Header; h.Get("Content-Type") != "text/event-stream" || h.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v", h)
	}
	expect(t, lines, "event: status")
	w.found(finding.Finding{Rule: finding.RolledBack, Class: finding.Report, Severity: finding.Critical, Directory: "example", Summary: hostile, Detail: "secret"})
	expect(t, lines, "event: alert")
	line := <-lines
	var a AlertStatus
	if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &a); err != nil || a.Rule == "" || strings.Contains(line, "secret") || strings.Contains(line, alice) {
		t.Errorf("%q: %v", line, err)
	}
	_, view := w.listen(t.Context(), "/view/example/events")
	expect(t, view, "event: head")
	stop()
	fatalIfErr(t, <-done)
	for range lines { // until it ends
	}
	for range view {
	}
}

// TestStreamsAreBounded listens more often than there is room.
func TestStreamsAreBounded(t *testing.T) {
	const most = 3
	hold := make(chan struct{})
	entered := make(chan struct{}, most)
	h := limitStreams(most, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			entered <- struct{}{}
			<-hold
		}
	}))
	ask := func(path string) int {
		out := httptest.NewRecorder()
		h.ServeHTTP(out, httptest.NewRequest(http.MethodGet, path, nil))
		return out.Code
	}
	done := make(chan int, most)
	for range most {
		go func() { done <- ask("/view/example/events") }()
	}
	for range most {
		<-entered
	}
	if code := ask("/events"); code != http.StatusServiceUnavailable {
		t.Errorf("one more: %d", code)
	}
	if code := ask("/status.json"); code != http.StatusOK {
		t.Errorf("no stream: %d", code)
	}
	close(hold)
	for range most {
		if code := <-done; code != http.StatusOK {
			t.Errorf("a stream: %d", code)
		}
	}
	if code := ask("/events"); code != http.StatusOK {
		t.Errorf("after the others: %d", code)
	}
}

// TestFresh tells of each alert once.
func TestFresh(t *testing.T) {
	a := newAnnouncer()
	list := func(ids ...string) (out []AlertStatus) {
		for _, id := range ids {
			out = append(out, AlertStatus{ID: id})
		}
		return out
	}
	for i, c := range []struct {
		alerts []AlertStatus
		want   int
	}{{list("b", "a"), 0}, {list("b", "a"), 0}, {list("d", "c", "b", "a"), 2}, {list("d", "c"), 0}, {list("f", "e"), 2}} {
		if got := a.fresh(c.alerts); len(got) != c.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}
