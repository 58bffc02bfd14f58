package web

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/pebblestore"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

// Credentials of a world: two that may write, and one that may not.
const (
	aliceToken = "token-of-alice"
	bobToken   = "token-of-bob"
	badToken   = "token-of-nobody"
)

// tokens is an Authorizer that admits two tokens. An error stands for an
// Authorizer's own trouble.
type tokens struct{ err error }

func (a tokens) Authorize(_ context.Context, c directory.Credential, _ *directory.NewVersions) (directory.Identity, error) {
	switch {
	case a.err != nil:
		return directory.Identity{}, a.err
	case c.Token == aliceToken:
		return directory.Identity{1}, nil
	case c.Token == bobToken:
		return directory.Identity{2}, nil
	}
	return directory.Identity{}, directory.ErrUnauthenticated
}

// window is the reasonable monitoring window of a world.
const window = time.Minute

// world is a real directory behind a handler, with a clock that only moves when
// it is told to.
type world struct {
	t       testing.TB
	dir     *directory.Directory
	store   *hookedStore
	server  *server
	handler http.Handler
	log     *lockedBuffer
	clock   atomic.Int64 // ms since the Unix epoch
}

func (w *world) now() time.Time { return time.UnixMilli(w.clock.Load()) }

func (w *world) advance(d time.Duration) { w.clock.Add(d.Milliseconds()) }

func newWorld(t testing.TB, change func(*Config, *directory.Config)) *world {
	t.Helper()
	w := &world{t: t, log: &lockedBuffer{}}
	w.clock.Store(1_800_000_000_000)
	pebble, err := pebblestore.Open("store", pebblestore.Options{FS: vfs.NewMem()})
	fatalIfErr(t, err)
	w.store = &hookedStore{Store: pebble}
	signing, err := keytrans.NewEd25519SigningKey(bytes.Repeat([]byte{7}, 32))
	fatalIfErr(t, err)
	vrfKey, err := vrf.NewEd25519PrivateKey(bytes.Repeat([]byte{9}, 32))
	fatalIfErr(t, err)
	dc := directory.Config{
		Configuration: &keytrans.Configuration{
			Suite: keytrans.KT_128_SHA256_Ed25519, Mode: keytrans.ContactMonitoring,
			SignaturePublicKey: signing.Public(), VRFPublicKey: vrfKey.Public(),
			MaxAhead: 10_000, MaxBehind: uint64((24 * time.Hour).Milliseconds()),
			ReasonableMonitoringWindow: uint64(window.Milliseconds()),
		},
		SigningKey: signing, VRFKey: vrfKey, Store: w.store, Authorizer: tokens{},
		Heartbeat: 12 * time.Hour, Now: w.now, Create: true,
	}
	logger := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	dc.Logger = logger
	cfg := Config{Logger: logger, Version: "v0.0.0-test", Now: w.now}
	if change != nil {
		change(&cfg, &dc)
	}
	w.dir, err = directory.Open(dc)
	fatalIfErr(t, err)
	t.Cleanup(func() {
		w.dir.Close()
		fatalIfErr(t, pebble.Close())
	})
	cfg.Directory = w.dir
	w.server, err = newServer(cfg)
	fatalIfErr(t, err)
	w.handler = w.server.router
	return w
}

// publish adds a version through the service's Go API.
func (w *world) publish(label string, greatest *uint32, values ...string) {
	w.t.Helper()
	var list [][]byte
	for _, v := range values {
		list = append(list, []byte(v))
	}
	_, err := w.dir.Update(w.t.Context(), directory.Credential{Token: aliceToken},
		&keytrans.UpdateRequest{Label: []byte(label), GreatestVersion: greatest, Values: list})
	fatalIfErr(w.t, err)
}

// header sets a header of a request.
type header struct{ name, value string }

func bearer(token string) header { return header{"Authorization", "Bearer " + token} }

// do performs a request, with the media type that its path wants unless headers
// say otherwise.
func (w *world) do(method, path string, body []byte, headers ...header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", octetStream)
		if strings.HasPrefix(path, "/api/") {
			r.Header.Set("Content-Type", jsonType)
		}
	}
	for _, h := range headers {
		r.Header.Set(h.name, h.value)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

func (w *world) post(path string, body []byte, headers ...header) *httptest.ResponseRecorder {
	return w.do(http.MethodPost, path, body, headers...)
}

// marshaler is a request of the protocol.
type marshaler interface{ Marshal() ([]byte, error) }

func encode(t testing.TB, q marshaler) []byte {
	t.Helper()
	b, err := q.Marshal()
	fatalIfErr(t, err)
	return b
}

// answer performs an operation that has to succeed.
func (w *world) answer(name string, q marshaler, headers ...header) []byte {
	w.t.Helper()
	rec := w.post("/v1/"+name, encode(w.t, q), headers...)
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%s: status %d: %s", name, rec.Code, rec.Body)
	}
	h := rec.Header()
	if h.Get("Content-Type") != octetStream || h.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("%s: headers %v", name, h)
	}
	return rec.Body.Bytes()
}

// wantProblem checks that a response is a problem of a type, status and field,
// with the headers that go with it, and returns it.
func wantProblem(t testing.TB, rec *httptest.ResponseRecorder, status int, name, field string) problem {
	t.Helper()
	var p problem
	decoder := json.NewDecoder(bytes.NewReader(rec.Body.Bytes()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		t.Fatalf("status %d, not a problem: %v: %q", rec.Code, err, rec.Body)
	}
	if rec.Code != status || p.Status != status || p.Type != ProblemPrefix+name || p.Field != field {
		t.Fatalf("status %d, problem %+v; want %d %s, field %q", rec.Code, p, status, name, field)
	}
	h := rec.Header()
	if h.Get("Content-Type") != problemJSON || h.Get("Cache-Control") != "no-store" || p.Title == "" {
		t.Fatalf("problem %+v with headers %v", p, h)
	}
	if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") == "" {
		t.Fatalf("headers %v", h)
	}
	if (status == 401) != (h.Get("WWW-Authenticate") != "") || (status == 503) != (h.Get("Retry-After") != "") {
		t.Fatalf("status %d with headers %v", status, h)
	}
	return p
}

// lockedBuffer is a log in memory.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// hookedStore calls hooks, if set, before it reads or commits.
type hookedStore struct {
	directory.Store
	onGet, onCommit atomic.Pointer[func() error]
}

func call(hook *atomic.Pointer[func() error]) error {
	if f := hook.Load(); f != nil {
		return (*f)()
	}
	return nil
}

func (s *hookedStore) Commit(b *directory.Batch) error {
	if err := call(&s.onCommit); err != nil {
		return err
	}
	return s.Store.Commit(b)
}

func (s *hookedStore) Snapshot() (directory.Snapshot, error) {
	snap, err := s.Store.Snapshot()
	return &hookedSnapshot{snap, s}, err
}

type hookedSnapshot struct {
	directory.Snapshot
	store *hookedStore
}

func (s *hookedSnapshot) Get(key []byte) ([]byte, error) {
	if err := call(&s.store.onGet); err != nil {
		return nil, err
	}
	return s.Snapshot.Get(key)
}
