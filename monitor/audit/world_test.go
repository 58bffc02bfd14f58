package audit

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a directory over HTTP, honest or not. In the mode Stateless its entries
// are log's, in the mode Mirror public's.
type world struct {
	t   *testing.T
	cfg Config
	now time.Time

	mu        sync.Mutex
	log       *keytranstest.Log
	public    *monitortest.Log
	head      uint64 // size of the head that is served; 0 for the latest
	lie       bool   // about the root in the head
	auditor   *keytrans.AuditorTreeHead
	configure []byte // Configuration that is served
	intercept func(w http.ResponseWriter, r *http.Request) bool
	update    func(pos uint64, u *keytrans.AuditorUpdate)
}

const start = 1_700_000_000_000 // ms, of the first entry

func newWorld(t *testing.T, mode Mode) *world {
	t.Helper()
	w := &world{t: t, now: time.UnixMilli(start + 5000), public: monitortest.New(t, 1).KeepLeaves()}
	opts := keytranstest.Options{Mode: keytrans.ContactMonitoring, Seed: t.Name(), Window: 1000}
	if mode == Stateless {
		opts.Mode = keytrans.ThirdPartyAuditing
	}
	w.log = keytranstest.New(opts)
	var err error
	w.configure, err = w.log.Config.Marshal()
	fatalIfErr(t, err)
	server := httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(server.Close)
	w.cfg = Config{
		Name: "example", URL: server.URL, Dir: filepath.Join(t.TempDir(), "audit"), Mode: mode,
		Configuration: w.configure, Policy: w.public.Policy(), Overdue: time.Hour, Unreachable: 2 * time.Hour,
		HTTP: monitor.HTTPConfig{Retries: -1, Timeout: 2 * time.Second}, Now: func() time.Time { return w.now },
	}
	w.grow(10)
	return w
}

// grow adds entries, and has the public log's checkpoint follow.
func (w *world) grow(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cfg.Mode == Mirror {
		w.public.Grow(w.t, n, 2)
		return
	}
	for range n {
		w.log.Append(start+100*w.log.Size(), keytranstest.Pad(2))
	}
	w.publish(w.log.Size())
}

// publish signs a checkpoint of the audited log.
func (w *world) publish(size uint64) {
	w.public.Serve(w.public.Sign(w.t, size, w.rfcRoot(size)))
}

func (w *world) rfcRoot(size uint64) merkle.Hash {
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, e := range w.log.Entries()[:size] {
		fatalIfErr(w.t, tree.Append(rfc6962.DefaultHasher.HashLeaf(e.Marshal()), nil))
	}
	root, err := tree.GetRootHash(nil)
	fatalIfErr(w.t, err)
	return merkle.Hash(root)
}

// size returns the log's size, and logRoot its root at one.
func (w *world) size() uint64 {
	if w.cfg.Mode == Mirror {
		return w.public.Size()
	}
	return w.log.Size()
}

func (w *world) logRoot(size uint64) merkle.Hash {
	if w.cfg.Mode == Stateless {
		return w.log.Root(size)
	}
	var subtrees []merkle.Hash
	for i, data := range w.public.Entries()[:size] {
		e, err := keytrans.ParseLogEntry(data)
		fatalIfErr(w.t, err)
		subtrees, err = logtree.Append(uint64(i), subtrees, e.Hash(), func(logtree.Node, merkle.Hash) {})
		fatalIfErr(w.t, err)
	}
	root, err := logtree.Root(size, subtrees)
	fatalIfErr(w.t, err)
	return root
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.intercept != nil && w.intercept(rw, r) {
		return
	}
	switch path := r.URL.Path; {
	case path == "/v1/configuration":
		_, _ = rw.Write(w.configure)
	case path == "/api/v1/log":
		w.serveHead(rw)
	case path == "/v1/audit-updates":
		w.serveUpdates(rw, r.Body)
	case strings.HasPrefix(path, "/log/"):
		http.StripPrefix("/log", w.public).ServeHTTP(rw, r)
	default:
		http.NotFound(rw, r)
	}
}

func (w *world) serveHead(rw http.ResponseWriter) {
	size := w.head
	if size == 0 {
		size = w.size()
	}
	root := w.logRoot(size)
	if w.lie {
		root[0] ^= 1
	}
	head, err := keytrans.SignTreeHead(w.log.Config, w.log.Keys.Signer, size, root)
	if err != nil {
		w.t.Error(err)
		return
	}
	answer := map[string]any{"tree_size": size, "root": hex.EncodeToString(root[:]), "signature": head.Signature}
	if a := w.auditor; a != nil {
		answer["auditor"] = map[string]any{"tree_size": a.TreeSize, "timestamp_ms": a.Timestamp, "signature": a.Signature}
	}
	_ = json.NewEncoder(rw).Encode(answer)
}

func (w *world) serveUpdates(rw http.ResponseWriter, r io.Reader) {
	body, err := io.ReadAll(r)
	if err != nil {
		return
	}
	q, err := keytrans.ParseAuditRequest(body)
	if err != nil {
		http.Error(rw, "malformed", http.StatusBadRequest)
		return
	}
	for pos := q.Start; pos < min(q.Start+uint64(q.Count), w.log.Size()); pos++ {
		u := w.log.AuditorUpdate(pos)
		if w.update != nil {
			w.update(pos, u)
		}
		data, err := u.Marshal()
		if err != nil {
			w.t.Error(err)
		}
		_, _ = rw.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...))
	}
}

// set changes what the directory does.
func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *world) open() *Role {
	w.t.Helper()
	r, err := Open(w.t.Context(), w.cfg)
	fatalIfErr(w.t, err)
	w.t.Cleanup(func() { _ = r.Close() })
	return r
}

// round is a round that must find just what is wanted: rules, in their order.
func (w *world) round(r *Role, want ...finding.Rule) finding.Round {
	w.t.Helper()
	out := r.Round(w.t.Context())
	var got []finding.Rule
	for _, f := range out.Findings {
		got = append(got, f.Rule)
		if f.Directory != "example" || f.Summary == "" || f.Class != finding.Evidence && f.File != "" {
			w.t.Errorf("%+v", f)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Fatalf("found %v, want %v: %+v", got, want, out.Findings)
	}
	return out
}

// none answers with a status.
func none(path string, status int) func(http.ResponseWriter, *http.Request) bool {
	return func(rw http.ResponseWriter, r *http.Request) bool {
		if path != "" && !strings.HasPrefix(r.URL.Path, path) {
			return false
		}
		rw.WriteHeader(status)
		return true
	}
}
