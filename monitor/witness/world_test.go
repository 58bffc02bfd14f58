package witness

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a log, and a witness of it over HTTP.
type world struct {
	t      testing.TB
	log    *monitortest.Log
	served atomic.Pointer[monitortest.Log] // what the log's server shows
	logURL string
	cfg    Config
	vkey   string
	w      *Witness
	server *httptest.Server
	now    atomic.Int64
}

// newWorld returns a world in which the log has some entries, of which the witness
// knows nothing.
func newWorld(t testing.TB, entries int) *world {
	t.Helper()
	w := &world{t: t, log: monitortest.New(t, 1)}
	w.now.Store(1_800_000_000)
	w.log.Grow(t, entries, 1)
	w.served.Store(w.log)
	logs := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.served.Load().ServeHTTP(rw, r) }))
	t.Cleanup(logs.Close)
	w.logURL = logs.URL
	dir := t.TempDir()
	w.cfg = Config{
		Dir: filepath.Join(dir, "witness"), KeyFile: filepath.Join(dir, "witness.key"),
		Logs:   []Logs{{Directory: "example", Policy: w.policy(w.log.Signer)}},
		Now:    func() time.Time { return time.Unix(w.now.Load(), 0) },
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	var err error
	w.vkey, err = CreateKey(w.cfg.KeyFile, "witness.example/w1")
	fatalIfErr(t, err)
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.w.ServeHTTP(rw, r) }))
	t.Cleanup(w.server.Close)
	w.open()
	t.Cleanup(func() { w.w.Close() })
	return w
}

// policy returns a policy that names keys of the log and where it is.
func (w *world) policy(keys ...*checkpoint.Signer) []byte {
	out := "quorum none\n"
	for _, k := range keys {
		out += fmt.Sprintf("log %s %s\n", k.VerifierKey(), w.logURL)
	}
	return []byte(out)
}

func (w *world) open() {
	w.t.Helper()
	var err error
	w.w, err = Open(w.cfg)
	fatalIfErr(w.t, err)
}

// restart ends the witness, changes something, and starts it again.
func (w *world) restart(change func()) {
	w.t.Helper()
	fatalIfErr(w.t, w.w.Close())
	change()
	w.open()
}

// fork returns a log that has the first shared entries of w's, and then others.
func (w *world) fork(shared, size int) *monitortest.Log {
	w.t.Helper()
	l := monitortest.New(w.t, 1)
	l.Grow(w.t, shared, 1)
	l.Append(w.t, 77, []prefixtree.Leaf{{Key: prefixtree.Key{77}}}, nil)
	l.Grow(w.t, size-shared-1, 1)
	return l
}

// proof returns the consistency proof of a log.
func (w *world) proof(l *monitortest.Log, old, size uint64) []merkle.Hash {
	w.t.Helper()
	if old == 0 {
		return nil
	}
	tree, err := tile.NewTree(size, l.RootAt(w.t, size), func(tiles []tile.Tile) ([][]byte, error) {
		var out [][]byte
		for _, t := range tiles {
			data, _ := l.Resource(t.Path())
			out = append(out, data)
		}
		return out, nil
	})
	fatalIfErr(w.t, err)
	proof, err := tree.Consistency(old)
	fatalIfErr(w.t, err)
	return proof
}

// request returns the request for a checkpoint of a log.
func (w *world) request(l *monitortest.Log, old, size uint64) checkpoint.AddCheckpoint {
	w.t.Helper()
	return checkpoint.AddCheckpoint{Old: old, Proof: w.proof(l, old, size), Note: l.SignAt(w.t, size)}
}

// answered is an answer over HTTP.
type answered struct {
	status int
	kind   string // Content-Type
	body   string
}

func (w *world) post(body []byte) answered {
	w.t.Helper()
	resp, err := http.Post(w.server.URL+"/add-checkpoint", "text/plain", bytes.NewReader(body))
	fatalIfErr(w.t, err)
	return w.read(resp)
}

func (w *world) get(path string) answered {
	w.t.Helper()
	resp, err := http.Get(w.server.URL + path)
	fatalIfErr(w.t, err)
	return w.read(resp)
}

func (w *world) read(resp *http.Response) answered {
	w.t.Helper()
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	fatalIfErr(w.t, err)
	return answered{resp.StatusCode, resp.Header.Get("Content-Type"), string(data)}
}

// refuses requires a status for a request, and that nothing is cosigned.
func (w *world) refuses(req checkpoint.AddCheckpoint, status int) {
	w.t.Helper()
	w.refusesBody(req.Marshal(), status)
}

func (w *world) refusesBody(body []byte, status int) {
	w.t.Helper()
	before := w.latest()
	got := w.post(body)
	if got.status != status || strings.Contains(got.body, "— ") {
		w.t.Errorf("answered %d %q, want %d", got.status, got.body, status)
	}
	if after := w.latest(); after != before {
		w.t.Errorf("the latest checkpoint became\n%s\nfrom\n%s", after, before)
	}
	if status == http.StatusConflict && (got.kind != "text/x.tlog.size" || got.body != fmt.Sprintf("%d\n", w.size())) {
		w.t.Errorf("a conflict is told as %s %q", got.kind, got.body)
	}
}

// cosigns requires a good cosignature.
func (w *world) cosigns(req checkpoint.AddCheckpoint) {
	w.t.Helper()
	got := w.post(req.Marshal())
	if got.status != http.StatusOK {
		w.t.Fatalf("answered %d %s", got.status, got.body)
	}
	policy, err := checkpoint.ParsePolicy(fmt.Appendf(w.cfg.Logs[0].Policy[len("quorum none\n"):len(w.cfg.Logs[0].Policy):len(w.cfg.Logs[0].Policy)], "witness w1 %s\nwitness w2 %s\ngroup g all w1 w2\nquorum g\n", w.vkey, w.w.VerifierKeys()[1]))
	fatalIfErr(w.t, err)
	signed, err := policy.Open(append(bytes.Clone(req.Note), got.body...))
	fatalIfErr(w.t, err)
	fatalIfErr(w.t, signed.Witnessed())
	for _, c := range signed.Cosignatures {
		if c.Time.Unix() != w.now.Load() {
			w.t.Errorf("cosigned at %v", c.Time)
		}
	}
	// What is published has the same, and the log's signature.
	published, err := policy.Open([]byte(w.latest()))
	fatalIfErr(w.t, err)
	if published.Checkpoint != signed.Checkpoint || !strings.HasSuffix(w.latest(), got.body) || published.Witnessed() != nil {
		w.t.Errorf("published is\n%s", w.latest())
	}
}

// latest returns what the witness publishes of the log, "" if there is none.
func (w *world) latest() string {
	w.t.Helper()
	got := w.get("/" + originHash + "/checkpoint")
	switch got.status {
	case http.StatusOK:
		return got.body
	case http.StatusNotFound:
		return ""
	}
	w.t.Fatalf("%+v", got)
	return ""
}

// originHash is the hash of monitortest.Origin, from sha256sum.
const originHash = "532213b32bedae37190eb28363b6649263a853635665635438635cced0bf4be0"

// size returns the size that the witness publishes.
func (w *world) size() uint64 {
	w.t.Helper()
	latest := w.latest()
	if latest == "" {
		return 0
	}
	size, err := strconv.ParseUint(strings.Split(latest, "\n")[1], 10, 64)
	fatalIfErr(w.t, err)
	return size
}

// round does a round and requires findings of the given rules, in any order.
func (w *world) round(rules ...finding.Rule) []finding.Finding {
	w.t.Helper()
	r := w.w.Round(w.t.Context())
	left := append([]finding.Rule{}, rules...)
	for _, f := range r.Findings {
		w.t.Logf("%s (%s, %s): %s [%s] %s", f.Rule, f.Class, f.Severity, f.Summary, f.Detail, f.Hint)
		known := false
		for i, rule := range left {
			if rule == f.Rule {
				left, known = append(left[:i], left[i+1:]...), true
				break
			}
		}
		if !known {
			w.t.Errorf("unexpected finding %s: %s", f.Rule, f.Summary)
		}
	}
	if len(left) > 0 {
		w.t.Errorf("not found: %v", left)
	}
	return r.Findings
}

// emptyRoot is the root of no entries.
var emptyRoot = merkle.Hash(tlog.Hash{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55})
