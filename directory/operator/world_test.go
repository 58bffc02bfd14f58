package operator_test

import (
	"bytes"
	"context"
	"errors"
	"io"
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
	"github.com/ghostlight-kt/ghostlight/directory/operator"
	"github.com/ghostlight-kt/ghostlight/directory/pebblestore"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
	"github.com/ghostlight-kt/ghostlight/web"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

const (
	linkToken  = "link-token"
	aliceToken = "token-of-alice"
	bobToken   = "token-of-bob"
)

// admits admits one token on the link.
type admits string

func (a admits) Identify(c directory.Credential) (directory.Identity, error) {
	if c.Token != string(a) {
		return directory.Identity{}, directory.ErrUnauthenticated
	}
	return directory.Identity{}, nil
}

// users admits two tokens.
type users struct{}

func (users) Authorize(_ context.Context, c directory.Credential, _ *directory.NewVersions) (directory.Identity, error) {
	if c.Token != aliceToken && c.Token != bobToken {
		return directory.Identity{}, directory.ErrUnauthenticated
	}
	return directory.TokenIdentity(c.Token), nil
}

// exchanged is a request on the link with its body.
type exchanged struct {
	path string
	body []byte
}

// link is the transport between operator and manager. Its hook may do to a request
// whatever networks do; send delivers it to the manager.
type link struct {
	mu   sync.Mutex
	hook func(q exchanged, send func() (*http.Response, error)) (*http.Response, error)
	sent []exchanged
}

var errLost = errors.New("lost on the way")

func (l *link) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	q := exchanged{req.URL.Path, body}
	l.mu.Lock()
	hook := l.hook
	l.sent = append(l.sent, q)
	l.mu.Unlock()
	send := func() (*http.Response, error) {
		r := req.Clone(context.WithoutCancel(req.Context()))
		r.Body = io.NopCloser(bytes.NewReader(body))
		return http.DefaultTransport.RoundTrip(r)
	}
	if hook == nil {
		return send()
	}
	return hook(q, send)
}

func (l *link) set(hook func(q exchanged, send func() (*http.Response, error)) (*http.Response, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hook = hook
}

// cut loses all requests, or all answers.
func (l *link) cut(answers bool) {
	l.set(func(_ exchanged, send func() (*http.Response, error)) (*http.Response, error) {
		if answers {
			if r, err := send(); err == nil {
				r.Body.Close()
			}
		}
		return nil, errLost
	})
}

// updates returns the updates that were sent.
func (l *link) updates(t testing.TB) []*keytrans.ManagerUpdateRequest {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []*keytrans.ManagerUpdateRequest
	for _, q := range l.sent {
		if q.path == "/v1/manager-update" {
			m, err := keytrans.ParseManagerUpdateRequest(q.body)
			fatalIfErr(t, err)
			out = append(out, m)
		}
	}
	return out
}

// world is a manager behind HTTP, and an operator.
type world struct {
	t        testing.TB
	clock    atomic.Int64 // ms
	config   *keytrans.Configuration
	signing  keytrans.SigningKey
	leaf     keytrans.SigningKey
	vrf      vrf.PrivateKey
	disk     *vfs.MemFS // the manager's
	manager  *directory.Directory
	handler  atomic.Pointer[http.Handler]
	link     *link
	url      string
	store    *pebblestore.Store // the operator's
	op       *operator.Operator
	evidence []*evidence.Evidence
	log      bytes.Buffer
}

func (w *world) now() time.Time { return time.UnixMilli(w.clock.Load()) }

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, link: &link{}, disk: vfs.NewCrashableMem()}
	w.clock.Store(1_800_000_000_000)
	var err error
	w.signing, err = keytrans.NewEd25519SigningKey(bytes.Repeat([]byte{1}, 32))
	fatalIfErr(t, err)
	w.leaf, err = keytrans.NewEd25519SigningKey(bytes.Repeat([]byte{3}, 32))
	fatalIfErr(t, err)
	w.vrf, err = vrf.NewEd25519PrivateKey(bytes.Repeat([]byte{2}, 32))
	fatalIfErr(t, err)
	w.config = &keytrans.Configuration{
		Suite: keytrans.KT_128_SHA256_Ed25519, Mode: keytrans.ThirdPartyManagement,
		SignaturePublicKey: w.signing.Public(), VRFPublicKey: w.vrf.Public(), LeafPublicKey: w.leaf.Public(),
		MaxAhead: 10_000, MaxBehind: 3_600_000, ReasonableMonitoringWindow: 60_000,
	}
	w.manager = w.managerOn(w.disk, 30*time.Minute)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { (*w.handler.Load()).ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.serve(w.manager)
	w.store, err = pebblestore.Open("operator", pebblestore.Options{FS: vfs.NewMem()})
	fatalIfErr(t, err)
	t.Cleanup(func() { fatalIfErr(t, w.store.Close()) })
	w.open(nil)
	fatalIfErr(t, w.op.Follow(t.Context()))
	return w
}

// managerOn opens the directory on a disk, with a new log if there is none.
func (w *world) managerOn(disk vfs.FS, heartbeat time.Duration) *directory.Directory {
	w.t.Helper()
	store, err := pebblestore.Open("manager", pebblestore.Options{FS: disk})
	fatalIfErr(w.t, err)
	d, err := directory.Open(directory.Config{
		Configuration: w.config, SigningKey: w.signing, VRFKey: w.vrf, Store: store, Create: true,
		Heartbeat: heartbeat, Now: w.now,
	})
	fatalIfErr(w.t, err)
	w.t.Cleanup(func() {
		d.Close()
		fatalIfErr(w.t, store.Close())
	})
	return d
}

// serve makes d what the manager answers from.
func (w *world) serve(d *directory.Directory) {
	w.t.Helper()
	h, err := web.New(web.Config{Directory: d, Link: admits(linkToken), Now: w.now})
	fatalIfErr(w.t, err)
	w.handler.Store(&h)
}

// open starts an operator on the store, as after a restart.
func (w *world) open(change func(*operator.Config)) {
	w.t.Helper()
	l, err := operator.NewLink(operator.LinkConfig{Manager: w.url, Token: linkToken, Transport: w.link, Timeout: 10 * time.Second})
	fatalIfErr(w.t, err)
	cfg := operator.Config{
		Configuration: w.config, LeafKey: w.leaf, Store: w.store, Authorizer: users{}, Link: l,
		Backoff: time.Millisecond, Now: w.now, Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
		KeepEvidence: func(e *evidence.Evidence) error { w.evidence = append(w.evidence, e); return nil },
	}
	if change != nil {
		change(&cfg)
	}
	w.op, err = operator.Open(cfg)
	fatalIfErr(w.t, err)
}

func updateOf(label string, greatest *uint32, values ...string) *keytrans.UpdateRequest {
	q := &keytrans.UpdateRequest{Label: []byte(label), GreatestVersion: greatest}
	for _, v := range values {
		q.Values = append(q.Values, []byte(v))
	}
	return q
}

func (w *world) update(token, label string, greatest *uint32, values ...string) ([]*keytrans.UpdateResponse, error) {
	data, err := w.op.Update(w.t.Context(), directory.Credential{Token: token}, updateOf(label, greatest, values...))
	if err != nil {
		return nil, err
	}
	list, err := keytrans.ParseUpdateResponses(w.config, data)
	fatalIfErr(w.t, err)
	return list, nil
}

// search looks up a version, the greatest if it is nil, as somebody without a view.
func (w *world) search(label string, version *uint32) (*keytrans.SearchResult, error) {
	w.t.Helper()
	q := &keytrans.SearchRequest{Label: []byte(label), Version: version}
	p, err := w.ask(q)
	if err != nil {
		return nil, err
	}
	v, err := keytrans.NewVerifier(w.config)
	fatalIfErr(w.t, err)
	return v.Search(&keytrans.View{}, q, p, w.now())
}

// ask sends a search by way of the operator.
func (w *world) ask(q *keytrans.SearchRequest) (*keytrans.SearchResponse, error) {
	w.t.Helper()
	body, err := q.Marshal()
	fatalIfErr(w.t, err)
	data, err := w.op.Search(w.t.Context(), body)
	if err != nil {
		return nil, err
	}
	return keytrans.ParseSearchResponse(w.config, q, data)
}

// expect requires the values of all versions of a label; "" is one that was
// skipped.
func (w *world) expect(label string, values ...string) {
	w.t.Helper()
	r, err := w.search(label, nil)
	fatalIfErr(w.t, err)
	if int(r.Version) != len(values)-1 {
		w.t.Fatalf("the greatest version is %d, want %d", r.Version, len(values)-1)
	}
	for i, want := range values {
		r, err := w.search(label, ptr(uint32(i)))
		var refusal *operator.Refusal
		switch {
		case want == "" && errors.As(err, &refusal) && strings.HasSuffix(refusal.Type, web.ProblemVersionSkipped):
		case err != nil || want == "":
			w.t.Errorf("version %d: %v, want %q", i, err, want)
		case string(r.Value.Value) != want:
			w.t.Errorf("version %d is %q, want %q", i, r.Value.Value, want)
		}
	}
}
