package web

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/web/audit"
	"github.com/ghostlight-kt/ghostlight/web/audit/audittest"
)

const formType = "application/x-www-form-urlencoded"

// newViewWorld returns a world with a view and a publisher, whose log has some entries
// with a label each.
func newViewWorld(t testing.TB, entries int) *world {
	t.Helper()
	w := newLogWorld(t, entries)
	w.publishLog()
	return w
}

// publishLog signs a checkpoint of the log as it is, and adds the view.
func (w *world) publishLog() {
	w.t.Helper()
	logger := w.server.cfg.Logger
	w.withPublisher("witness away " + witnessKey(w.t, "away.example") + " http://127.0.0.1:1\nquorum none\n")
	var err error
	cfg := w.server.cfg
	cfg.Logger = logger
	cfg.View = &ViewConfig{Monitors: []audit.Monitor{{Name: "Lamp", URL: "https://lamp.example/kt"}}}
	w.server, err = newServer(cfg)
	fatalIfErr(w.t, err)
	w.handler = w.server
}

// visit returns a page, which must have a status and be as every page has to be.
func (w *world) visit(status int, method, path string, form url.Values) *audittest.Page {
	w.t.Helper()
	var body []byte
	var headers []header
	if method == http.MethodPost {
		body, headers = []byte(form.Encode()), []header{{"Content-Type", formType}}
	}
	rec := w.do(method, ViewPath+path, body, headers...)
	if rec.Code != status {
		w.t.Fatalf("%s %s: status %d: %.300s", method, path, rec.Code, rec.Body)
	}
	page, err := audittest.Parse(rec.Body.String())
	fatalIfErr(w.t, err)
	for _, problem := range append(page.Problems(), audittest.PolicyProblems(rec.Header())...) {
		w.t.Errorf("%s %s: %s", method, path, problem)
	}
	return page
}

func (w *world) see(path string) *audittest.Page {
	w.t.Helper()
	return w.visit(http.StatusOK, http.MethodGet, path, nil)
}

func (w *world) ask(path string, form url.Values) *audittest.Page {
	w.t.Helper()
	return w.visit(http.StatusOK, http.MethodPost, path, form)
}

// wantText checks that the element with an id has texts.
func wantText(t testing.TB, p *audittest.Page, id string, want ...string) {
	t.Helper()
	text := audittest.Text(p.ID(id))
	for _, part := range want {
		if !strings.Contains(text, part) {
			t.Errorf("#%s does not say %q: %.600s", id, part, text)
		}
	}
}

var viewPages = []string{
	"/", "/log", "/log/0", "/log/3", "/checkpoint", "/consistency", "/consistency?old=1&new=3", "/lookup", "/history",
	"/compare", "/roster", "/monitors", "/verify", "/api", "/limits", "/about",
}

func TestViewPages(t *testing.T) {
	w := newViewWorld(t, 4)
	for _, path := range viewPages {
		p := w.see(path)
		verdict := p.ID("verdict")
		if static := path == "/api" || path == "/limits" || path == "/about"; static != (verdict == nil) {
			t.Errorf("%s: verdict %v", path, verdict)
		}
		if verdict == nil {
			wantText(t, p, "unchecked", "Nothing on this page was checked: it is only the operator’s claim.")
		} else {
			if audittest.Attribute(verdict, "data-verdict") != "unchecked" || audittest.Attribute(verdict, "role") != "status" {
				t.Errorf("%s: %v", path, verdict.Attr)
			}
			wantText(t, p, "verdict", "could not check", "Nothing on this page was checked.", "nobody: this is only the operator’s claim")
		}
		body := p.All(func(n *html.Node) bool { return n.Data == "body" })[0]
		if audittest.Attribute(body, "data-page") == "" || audittest.Attribute(body, "data-base") != ViewPath {
			t.Errorf("%s: %v", path, body.Attr)
		}
		if current := p.All(func(n *html.Node) bool { return audittest.Attribute(n, "aria-current") == "page" }); len(current) != 1 {
			t.Errorf("%s: %d current pages in the menu", path, len(current))
		}
		w.followLinks(p)
	}
}

// followLinks checks that the links of a page to pages of the view lead somewhere.
func (w *world) followLinks(p *audittest.Page) {
	w.t.Helper()
	for _, a := range p.All(func(n *html.Node) bool { return n.Data == "a" || n.Data == "link" || n.Data == "script" }) {
		target := audittest.Attribute(a, "href") + audittest.Attribute(a, "src")
		if id, ok := strings.CutPrefix(target, "#"); ok && p.ID(id) == nil {
			w.t.Errorf("%s leads nowhere", target)
		}
		if !strings.HasPrefix(target, "/") {
			continue
		}
		path, fragment, _ := strings.Cut(target, "#")
		if rec := w.do(http.MethodGet, path, nil); rec.Code != http.StatusOK || fragment != "" {
			w.t.Errorf("%s: status %d", target, rec.Code)
		}
	}
}

// TestViewAPI finds the objects of the document on the page.
func TestViewAPI(t *testing.T) {
	w := newViewWorld(t, 2)
	p := w.see("/api")
	wantText(t, p, "op-lookup", "Lookup")
	wantText(t, p, "schema-LookupRequest", "labelstring. The label", "version, optionalinteger or null.")
	wantText(t, p, "schema-Entries", "array of Entry")
}

func TestViewOverview(t *testing.T) {
	w := newViewWorld(t, 4)
	w.advance(90 * time.Second)
	p := w.see("/")
	wantText(t, p, "head", "4 entries in the log", "90 s ago", "3 labels, 3 versions")
	if rows := p.All(func(n *html.Node) bool { return n.Data == "tr" && audittest.Attribute(n, "data-y") != "" }); len(rows) != 4+4+4 {
		t.Errorf("%d rows in the tables of the charts", len(rows))
	}
	wantText(t, p, "data-growth", "4")
	wantText(t, p, "data-sizes", "02", "11")
	wantText(t, p, "monitors", "Lamp")
	if rec := w.do("GET", ViewPath+"/", nil); !strings.Contains(rec.Header().Get("Content-Security-Policy"), "connect-src 'self' https://lamp.example;") {
		t.Errorf("policy %s", rec.Header().Get("Content-Security-Policy"))
	}
	wantText(t, w.visit(http.StatusNotFound, "GET", "/log/4", nil), "unchecked", "Nothing on this page was checked")
	w.advance(48 * time.Hour)
	wantText(t, w.see("/"), "head", "older than users accept")
}

// TestViewLogPages goes through the log by its links, both ways.
func TestViewLogPages(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 119 {
		w.advance(time.Second)
		w.publish(fmt.Sprint("label", i), nil, "x")
	}
	w.publishLog()
	positions := func(p *audittest.Page) (out []string) {
		for _, n := range p.All(func(n *html.Node) bool { return n.Data == "tr" && audittest.Attribute(n, "id") != "" }) {
			out = append(out, audittest.Attribute(n, "id"))
		}
		return out
	}
	link := func(p *audittest.Page, rel string) string {
		for _, n := range p.All(func(n *html.Node) bool { return audittest.Attribute(n, "rel") == rel }) {
			return strings.TrimPrefix(audittest.Attribute(n, "href"), ViewPath)
		}
		return ""
	}
	seen := make(map[string]int)
	pages := 0
	for path := "/log"; path != ""; pages++ {
		p := w.see(path)
		for _, pos := range positions(p) {
			seen[pos]++
		}
		path = link(p, "prev")
	}
	if pages != 3 || len(seen) != 120 || seen["e0"] != 1 || seen["e119"] != 1 {
		t.Errorf("%d pages, %d entries", pages, len(seen))
	}
	oldest := w.see(link(w.see("/log"), "first"))
	if got := positions(oldest); len(got) != 50 || got[49] != "e0" || link(oldest, "prev") != "" || link(oldest, "next") != "/log?from=50" {
		t.Errorf("the oldest page has %v", got)
	}
	if newer := w.see("/log?from=50"); positions(newer)[0] != "e99" || link(newer, "next") != "/log?from=70" {
		t.Errorf("%v, then %s", positions(newer)[0], link(newer, "next"))
	}
	// Whatever is beyond the last page is the last page.
	if got := positions(w.see("/log?from=119")); got[0] != "e119" || len(got) != 50 {
		t.Errorf("%v", got)
	}
}

func TestViewLogJump(t *testing.T) {
	w := newWorld(t, nil)
	start := w.now()
	for i := range 99 {
		w.advance(time.Minute)
		w.publish(fmt.Sprint("label", i), nil, "x")
	}
	w.publishLog()
	marked := func(query string) string {
		for _, n := range w.see("/log?" + query).All(func(n *html.Node) bool { return audittest.Attribute(n, "class") == "marked" }) {
			return audittest.Attribute(n, "id")
		}
		return ""
	}
	date := func(d time.Duration) string {
		return "date=" + url.QueryEscape(start.Add(d).UTC().Format("2006-01-02 15:04:05"))
	}
	for query, want := range map[string]string{
		"position=0": "e0", "position=99": "e99", "position=42": "e42", "position=+42+": "e42",
		date(-time.Hour): "e0", date(0): "e0", date(time.Second): "e1", date(42 * time.Minute): "e42", date(1000 * time.Hour): "e99",
		"date=1969-12-31": "e0", "date=9999-12-31": "e99",
	} {
		if got := marked(query); got != want {
			t.Errorf("%s leads to %q, want %s", query, got, want)
		}
	}
	for query, status := range map[string]int{
		"position=100": 404, "position=18446744073709551615": 404, "position=18446744073709551616": 400, "position=-1": 400,
		"position=x": 400, "date=yesterday": 400, "position=3&date=2026-11-26": 400, "from=-1": 400, "from=100": 404, "from=1e3": 400,
	} {
		w.visit(status, "GET", "/log?"+query, nil)
	}
	for path, status := range map[string]int{
		"/log/100": 404, "/log/-1": 400, "/log/00": 404, "/log/%201": 404, "/log/x": 400, "/log/99999999999999999999999": 400,
		"/log/1/2": 404, "/nothing": 404, "/log/1?from=x": 400, "/assets/nothing.js": 404, "/assets/manifest.json": 404,
	} {
		w.visit(status, "GET", path, nil)
	}
}

// TestViewDistinguished goes from one distinguished entry to the next by their links.
func TestViewDistinguished(t *testing.T) {
	w := newWorld(t, nil)
	step := time.Duration(w.dir.Configuration().ReasonableMonitoringWindow) * time.Millisecond / 3
	for i := range 20 {
		w.advance(step)
		w.publish(fmt.Sprint("label", i), nil, "x")
	}
	w.publishLog()
	head, err := w.dir.Head()
	fatalIfErr(t, err)
	seen, none := 0, 0
	for pos := range head.TreeSize {
		if strings.Contains(audittest.Text(w.see(fmt.Sprintf("/log/%d", pos)).ID("distinguished")), "It is none of the distinguished entries.") {
			none++
		}
	}
	for path := "/log/0"; path != ""; seen++ {
		p := w.see(path)
		if rightmost := strings.Contains(audittest.Text(p.ID("distinguished")), "It is the rightmost distinguished entry."); rightmost != (path == fmt.Sprintf("/log/%d", *head.Distinguished)) {
			t.Errorf("%s: %s", path, audittest.Text(p.ID("distinguished")))
		}
		path = ""
		for _, a := range p.All(func(n *html.Node) bool {
			return n.Data == "a" && strings.HasPrefix(audittest.Text(n), "The one after is ")
		}) {
			path = strings.TrimPrefix(audittest.Attribute(a, "href"), ViewPath)
		}
	}
	if none == 0 || uint64(seen+none) != head.TreeSize {
		t.Errorf("%d distinguished entries, and %d others, of %d", seen, none, head.TreeSize)
	}
}

// TestViewEntry verifies the proof that a page shows, as its list has it.
func TestViewEntry(t *testing.T) {
	w := newViewWorld(t, 13)
	head, err := w.dir.PublicRoot(13)
	fatalIfErr(t, err)
	for pos := range uint64(13) {
		p := w.see(fmt.Sprintf("/log/%d", pos))
		entries, err := w.dir.Entries(t.Context(), pos, pos+1)
		fatalIfErr(t, err)
		raw := entries[0].Marshal()
		leaf := rfc6962.DefaultHasher.HashLeaf(raw)
		wantText(t, p, "entry", hex.EncodeToString(raw), hex.EncodeToString(leaf), entries[0].PrefixTree.String(), entries[0].Hash().String())
		var hashes [][]byte
		for _, n := range p.All(func(n *html.Node) bool { return n.Data == "code" && n.Parent.Data == "li" }) {
			h, err := hex.DecodeString(audittest.Text(n))
			fatalIfErr(t, err)
			hashes = append(hashes, h)
		}
		var siblings [][]byte
		for i := 1; i+1 < len(hashes); i += 2 {
			siblings = append(siblings, hashes[i])
		}
		if !bytes.Equal(hashes[0], leaf) || !bytes.Equal(hashes[len(hashes)-1], head[:]) {
			t.Fatalf("entry %d: the proof is from %x to %x", pos, hashes[0], hashes[len(hashes)-1])
		}
		fatalIfErr(t, proof.VerifyInclusion(rfc6962.DefaultHasher, pos, 13, leaf, siblings, head[:]))
		wantText(t, p, "proof", "the checkpoint", "what comes out is the root.")
	}
	w.publish("more", nil, "x")
	wantText(t, w.see("/log/13"), "proof", "no checkpoint has it yet")
}

func TestViewChanges(t *testing.T) {
	w := newWorld(t, nil)
	w.insertMany(1, 250)
	w.publishLog()
	numbers := func(p *audittest.Page) (first string, n int) {
		rows := p.All(func(n *html.Node) bool { return n.Data == "th" && audittest.Attribute(n, "scope") == "row" })
		if len(rows) > 0 {
			first = audittest.Text(rows[0])
		}
		return first, len(rows)
	}
	added, leaves, err := w.dir.Change(1, 0, 1000)
	if err != nil || added != 250 || len(leaves) != 250 {
		t.Fatalf("%d added, %d leaves, %v", added, len(leaves), err)
	}
	for query, want := range map[string]string{"": "0 added 100", "?from=100": "100 added 100", "?from=200": "200 added 50", "?from=250": " 0", "?from=4000000000": " 0"} {
		p := w.see("/log/1" + query)
		first, n := numbers(p)
		if got := fmt.Sprint(first, " ", n); got != want {
			t.Errorf("%q shows %s, want %s", query, got, want)
		}
		if query == "?from=100" {
			wantText(t, p, "changes", "250 leaves added", hex.EncodeToString(leaves[100].Key[:]), leaves[199].Commitment.String())
		}
	}
}

func TestViewConsistency(t *testing.T) {
	w := newViewWorld(t, 13)
	for _, sizes := range [][2]uint64{{1, 13}, {4, 7}, {12, 13}, {8, 8}, {5, 12}} {
		p := w.see(fmt.Sprintf("/consistency?old=%d&new=%d", sizes[0], sizes[1]))
		var hashes [][]byte
		for _, n := range p.All(func(n *html.Node) bool { return n.Data == "code" && n.Parent.Data == "li" }) {
			h, err := hex.DecodeString(audittest.Text(n))
			fatalIfErr(t, err)
			hashes = append(hashes, h)
		}
		var roots []merkle.Hash
		for _, size := range sizes {
			root, err := w.dir.PublicRoot(size)
			fatalIfErr(t, err)
			roots = append(roots, root)
			wantText(t, p, "result", root.String())
		}
		fatalIfErr(t, proof.VerifyConsistency(rfc6962.DefaultHasher, sizes[0], sizes[1], hashes, roots[0][:], roots[1][:]))
	}
	for _, query := range []string{"old=0&new=3", "old=4&new=3", "old=1&new=14", "old=x", "new=4", "old=1&new=99999999999999999999"} {
		wantText(t, w.see("/consistency?"+query), "result", "Give two sizes", "the log has 13 entries")
	}
}

func TestViewCheckpoint(t *testing.T) {
	w := newViewWorld(t, 4)
	p := w.see("/checkpoint")
	note := w.do("GET", "/log/checkpoint", nil).Body.String()
	if got := audittest.Text(p.ID("note")); got != strings.Join(strings.Fields(note), " ") {
		t.Errorf("note %q, want %q", got, note)
	}
	wantText(t, p, "signatures", "keys.example.org/log", "the log")
	wantText(t, p, "witnesses", "away", "none since the start", "does not answer as it should")
	wantText(t, p, "main", "the policy requires no witness", "What the server says of recent checkpoints")
	wantText(t, p, "policy", "quorum none", "log keys.example.org/log+")
	unpublished := newWorld(t, func(c *Config, _ *directory.Config) { c.View = &ViewConfig{} })
	wantText(t, unpublished.see("/checkpoint"), "main", "This log is not published")
	wantText(t, unpublished.see("/"), "main", "1 entry in the log", "This log is not published")
	wantText(t, unpublished.see("/log/0"), "proof", "no checkpoint has it yet")
	wantText(t, unpublished.see("/log"), "main", "Entries 0 to 0 of 1")
}

func TestViewDescription(t *testing.T) {
	w := newViewWorld(t, 2)
	rec := w.do("GET", ViewPath+"/view.json", nil)
	var d map[string]any
	fatalIfErr(t, json.Unmarshal(rec.Body.Bytes(), &d))
	if d["directory"] != "" || d["log_prefix"] != "/log" || d["origin"] != "keys.example.org/log" || d["configuration_sha256"] != w.server.digest {
		t.Errorf("%v", d)
	}
	if host := d["host"].(map[string]any); host["kind"] != "operator" || host["name"] != "keys.example.org/log" {
		t.Errorf("host %v", host)
	}
	if !strings.Contains(d["policy"].(string), "quorum none\n") || len(d["monitors"].([]any)) != 1 {
		t.Errorf("%v", d)
	}
	tag := rec.Header().Get("ETag")
	if again := w.do("GET", ViewPath+"/view.json", nil, header{"If-None-Match", tag}); tag == "" || again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("status %d for the tag %s", again.Code, tag)
	}
	unpublished := newWorld(t, func(c *Config, _ *directory.Config) { c.View = &ViewConfig{} })
	if body := unpublished.do("GET", ViewPath+"/view.json", nil).Body.String(); !strings.Contains(body, `"policy":null,"monitors":[]`) {
		t.Error(body)
	}
}

func TestViewOff(t *testing.T) {
	w := newWorld(t, nil)
	for _, path := range []string{"/", ViewPath, ViewPath + "/"} {
		wantProblem(t, w.do("GET", path, nil), 404, ProblemNotFound, "")
	}
	on := newViewWorld(t, 2)
	for path, want := range map[string]string{"/": ViewPath + "/", ViewPath: ViewPath + "/"} {
		if rec := on.do("GET", path, nil); rec.Code/100 != 3 || rec.Header().Get("Location") != want {
			t.Errorf("%s: status %d to %q", path, rec.Code, rec.Header().Get("Location"))
		}
	}
	m := newManagedWorld(t)
	_, err := New(Config{Directory: m.dir, Link: linkOnly{}, View: &ViewConfig{}})
	if err == nil || !strings.Contains(err.Error(), "View") {
		t.Errorf("a manager serves a view: %v", err)
	}
	for _, monitor := range []audit.Monitor{
		{}, {Name: "x"}, {Name: "x", URL: "javascript:alert(1)"}, {Name: "x", URL: "https://x/"}, {Name: "x", URL: "https://u@x"},
		{Name: "x", URL: "https://x; script-src *"}, {Name: "x", URL: "https://x?q"}, {Name: strings.Repeat("x", 101), URL: "https://x"},
	} {
		if _, err := New(Config{Directory: w.dir, View: &ViewConfig{Monitors: []audit.Monitor{monitor}}}); err == nil {
			t.Errorf("a view with the monitor %+v", monitor)
		}
	}
}
