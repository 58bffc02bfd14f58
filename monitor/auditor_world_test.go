package monitor

import (
	"encoding/binary"
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

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// auditWorld is a directory over HTTP, honest or not, and the folder of its auditor.
type auditWorld struct {
	t   *testing.T
	url string
	dir string

	mu        sync.Mutex
	log       *keytranstest.Log
	heads     []*keytrans.AuditorTreeHead // accepted, in order
	asked     []keytrans.AuditRequest
	update    auditLie // changes what is sent
	intercept func(w http.ResponseWriter, r *http.Request) bool
}

const auditWindow = 1000 // ms, the monitoring window of an auditWorld's log

func newAuditWorld(t *testing.T, suite keytrans.CipherSuite) *auditWorld {
	t.Helper()
	w := &auditWorld{t: t, dir: filepath.Join(t.TempDir(), "auditor")}
	public, err := CreateAuditorKey(w.dir, suite)
	fatalIfErr(t, err)
	w.log = keytranstest.New(keytranstest.Options{Suite: suite, Mode: keytrans.ThirdPartyAuditing, Seed: t.Name(), Window: auditWindow})
	w.log.Config.AuditorPublicKey = public
	w.grow(3)
	server := httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// auditLie changes an update, which is for the entry at pos of a log.
type auditLie func(l *keytranstest.Log, pos uint64, u *keytrans.AuditorUpdate)

// grow adds entries, 100 ms apart.
func (w *auditWorld) grow(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	growLog(w.log, n)
}

func growLog(l *keytranstest.Log, n int) {
	for range n {
		l.Append(auditTime(l.Size()), keytranstest.Create(fmt.Sprint("label", l.Size()%5), "value"), keytranstest.Pad(2))
	}
}

func auditTime(pos uint64) uint64 { return 1_700_000_000_000 + 100*pos }

// fork returns another continuation of the log after its first entries.
func (w *auditWorld) fork(size uint64) *keytranstest.Log {
	l := w.log.Fork(size)
	l.Config.AuditorPublicKey = w.log.Config.AuditorPublicKey
	return l
}

// set makes the directory show another log, and lie about updates.
func (w *auditWorld) set(log *keytranstest.Log, update auditLie) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log, w.update = log, update
}

// between has f answer requests, or returns false for those that it does not.
func (w *auditWorld) between(f func(w http.ResponseWriter, r *http.Request) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.intercept = f
}

func (w *auditWorld) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.intercept != nil && w.intercept(rw, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /v1/configuration":
		data, _ := w.log.Config.Marshal()
		_, _ = rw.Write(data)
	case "GET /api/v1/log":
		w.serveHead(rw, w.log.Size())
	case "POST /v1/audit-updates":
		w.serveUpdates(rw, body)
	case "POST /v1/auditor-tree-head":
		w.take(rw, body)
	default:
		http.NotFound(rw, r)
	}
}

func (w *auditWorld) serveUpdates(rw http.ResponseWriter, body []byte) {
	q, err := keytrans.ParseAuditRequest(body)
	if err != nil || q.Count == 0 {
		http.Error(rw, "malformed", http.StatusBadRequest)
		return
	}
	w.asked = append(w.asked, *q)
	for pos := q.Start; pos < min(q.Start+uint64(q.Count), w.log.Size()); pos++ {
		u := w.log.AuditorUpdate(pos)
		if w.update != nil {
			w.update(w.log, pos, u)
		}
		_, _ = rw.Write(frameOf(u))
	}
}

func (w *auditWorld) serveHead(rw http.ResponseWriter, size uint64) {
	_ = json.NewEncoder(rw).Encode(map[string]any{
		"schema_version": 1, "tree_size": size, "signature": w.log.At(size).Head().Signature,
		"root": w.log.Root(size).String(), "timestamp": "of no interest",
	})
}

// frame is the honest update for an entry, behind its length.
func (w *auditWorld) frame(pos uint64) []byte { return frameOf(w.log.AuditorUpdate(pos)) }

func frameOf(u *keytrans.AuditorUpdate) []byte {
	data, err := u.Marshal()
	if err != nil {
		panic(err)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...)
}

// take verifies a head of the auditor as a directory does.
func (w *auditWorld) take(rw http.ResponseWriter, body []byte) {
	h, err := keytrans.ParseAuditorTreeHead(body)
	if err != nil || h.TreeSize == 0 || h.TreeSize > w.log.Size() || h.Timestamp != w.log.Entries()[h.TreeSize-1].Timestamp {
		http.Error(rw, "no head", http.StatusBadRequest)
		return
	}
	if err := keytrans.VerifyAuditorTreeHead(w.log.Config, h, w.log.Root(h.TreeSize)); err != nil {
		w.t.Errorf("the auditor has signed another root at %d entries: %v", h.TreeSize, err)
		http.Error(rw, "another root", http.StatusBadRequest)
		return
	}
	w.heads = append(w.heads, h)
	rw.WriteHeader(http.StatusNoContent)
}

// latest returns the size of the last head that was accepted.
func (w *auditWorld) latest() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.heads) == 0 {
		return 0
	}
	return w.heads[len(w.heads)-1].TreeSize
}

func (w *auditWorld) config() AuditorConfig {
	return AuditorConfig{
		HTTP:     HTTPConfig{Backoff: time.Microsecond, Retries: 2, Timeout: 5 * time.Second},
		Interval: time.Millisecond,
		Now:      func() time.Time { return time.UnixMilli(1_700_000_000_000) },
	}
}

func (w *auditWorld) open(change func(*AuditorConfig)) (*Auditor, error) {
	cfg := w.config()
	if change != nil {
		change(&cfg)
	}
	return OpenAuditor(w.t.Context(), w.dir, w.url, cfg)
}

func (w *auditWorld) mustOpen() *Auditor {
	w.t.Helper()
	a, err := w.open(nil)
	fatalIfErr(w.t, err)
	w.t.Cleanup(func() { _ = a.Close() })
	return a
}

// wantRefusal checks that an Update signs nothing and says why.
func (w *auditWorld) wantRefusal(a *Auditor, kind Kind, text string) error {
	w.t.Helper()
	before := w.latest()
	err := a.Update(w.t.Context())
	if KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), text) {
		w.t.Errorf("kind %v, want %v with %q: %v", KindOf(err), kind, text, err)
	}
	if w.latest() != before {
		w.t.Errorf("signed %d entries all the same", w.latest())
	}
	return err
}
