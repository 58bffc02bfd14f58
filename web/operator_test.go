package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/operator"
	"github.com/ghostlight-kt/ghostlight/directory/pebblestore"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

const linkToken = "token-of-the-link"

// linkOnly admits one token on the link.
type linkOnly struct{}

func (linkOnly) Identify(c directory.Credential) (directory.Identity, error) {
	if c.Token != linkToken {
		return directory.Identity{}, directory.ErrUnauthenticated
	}
	return directory.Identity{}, nil
}

// managedWorld is a manager, and an operator in front of it, whose handler is that
// of the embedded world. The manager's is direct.
type managedWorld struct {
	*world
	direct  http.Handler
	op      *operator.Operator
	absent  atomic.Bool // the manager is not reached
	linkLog lockedBuffer
}

func newManagedWorld(t testing.TB) *managedWorld {
	t.Helper()
	leaf, err := keytrans.NewEd25519SigningKey(bytes.Repeat([]byte{11}, 32))
	fatalIfErr(t, err)
	m := &managedWorld{world: newWorld(t, func(c *Config, d *directory.Config) {
		d.Configuration.Mode, d.Configuration.LeafPublicKey = keytrans.ThirdPartyManagement, leaf.Public()
		d.Authorizer, c.Link = nil, linkOnly{}
	})}
	m.direct = m.handler
	manager := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.absent.Load() {
			panic(http.ErrAbortHandler)
		}
		m.direct.ServeHTTP(w, r)
	}))
	manager.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(manager.Close)
	store, err := pebblestore.Open("store", pebblestore.Options{FS: vfs.NewMem()})
	fatalIfErr(t, err)
	t.Cleanup(func() { fatalIfErr(t, store.Close()) })
	link, err := operator.NewLink(operator.LinkConfig{Manager: manager.URL, Token: linkToken})
	fatalIfErr(t, err)
	logger := slog.New(slog.NewJSONHandler(&m.linkLog, &slog.HandlerOptions{Level: slog.LevelDebug}))
	m.op, err = operator.Open(operator.Config{
		Configuration: m.dir.Configuration(), LeafKey: leaf, Store: store, Authorizer: tokens{}, Link: link,
		Backoff: time.Millisecond, Now: m.now, Logger: logger,
	})
	fatalIfErr(t, err)
	m.handler, err = NewOperator(OperatorConfig{Operator: m.op, Logger: logger, Now: m.now})
	fatalIfErr(t, err)
	fatalIfErr(t, m.op.Follow(t.Context()))
	return m
}

// put publishes by way of the operator.
func (m *managedWorld) put(label string, greatest *uint32, values ...string) {
	m.t.Helper()
	q := &keytrans.UpdateRequest{Label: []byte(label), GreatestVersion: greatest}
	for _, v := range values {
		q.Values = append(q.Values, []byte(v))
	}
	m.answer("update", q, bearer(aliceToken))
}

// toManager performs a request of the operator's at the manager.
func (m *managedWorld) toManager(method, path string, body []byte, headers ...header) *httptest.ResponseRecorder {
	user := m.handler
	m.handler = m.direct
	defer func() { m.handler = user }()
	return m.do(method, path, body, append(headers, bearer(linkToken))...)
}

func TestOperatorForwards(t *testing.T) {
	m := newManagedWorld(t)
	m.advance(2 * window)
	m.put("alice", nil, "zero")
	m.put("alice", ptr(uint32(0)), "one")
	name := []byte("alice")
	for _, q := range []marshaler{
		&keytrans.SearchRequest{Label: name},
		&keytrans.SearchRequest{Label: name, Version: ptr(uint32(0))},
		&keytrans.SearchRequest{Label: name, Version: ptr(uint32(9))},
		&keytrans.SearchRequest{Label: []byte("bob")},
		&keytrans.SearchRequest{Label: name, Last: ptr(uint64(99))},
		&keytrans.SearchRequest{Label: name, Last: ptr(uint64(2))},
		&keytrans.ContactMonitorRequest{Label: name},
		&keytrans.OwnerInitRequest{Label: name, Start: 1},
		&keytrans.OwnerInitRequest{Label: name, Start: 99},
		&keytrans.OwnerMonitorRequest{Label: name, Start: 1, GreatestVersion: ptr(uint32(1))},
		&keytrans.DistinguishedRequest{},
		&keytrans.AbsenceRequest{Label: []byte("bob")},
		&keytrans.AbsenceRequest{Label: name},
		&keytrans.BatchRequest{Queries: []keytrans.BatchQuery{
			{Label: name}, {Label: name, Version: ptr(uint32(0))}, {Label: name, Version: ptr(uint32(9))}, {Label: []byte("bob")},
		}},
		&keytrans.BatchRequest{Last: ptr(uint64(2)), Queries: []keytrans.BatchQuery{{Label: name}}},
	} {
		path, body := pathOf(q), encode(t, q)
		got, want := m.post(path, body), m.toManager("POST", path, body)
		if got.Code != want.Code || got.Body.String() != want.Body.String() {
			t.Errorf("%s %+v: %d %s; the manager said %d %s", path, q, got.Code, got.Body, want.Code, want.Body)
		}
	}
	for _, path := range []string{"/v1/configuration", "/api/v1/log", "/api/v1/log/entries?from=1&limit=1", "/log/tile/0/000.p/3", "/log/changes/000.p/3"} {
		got, want := m.do("GET", path, nil), m.toManager("GET", path, nil)
		if got.Code != http.StatusOK || got.Body.String() != want.Body.String() || got.Header().Get("Content-Type") != want.Header().Get("Content-Type") {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	lookup := []byte(`{"label":"alice"}`)
	if got := m.post("/api/v1/lookup", lookup); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), base64.StdEncoding.EncodeToString([]byte("one"))) {
		t.Errorf("lookup: %d %s", got.Code, got.Body)
	}
	for _, accept := range []string{"", "gzip", "gzip;q=0"} {
		const path = "/log/tile/entries/000.p/3"
		got, want := m.do("GET", path, nil, header{"Accept-Encoding", accept}), m.toManager("GET", path, nil, header{"Accept-Encoding", accept})
		if got.Body.String() != want.Body.String() || got.Header().Get("Content-Encoding") != want.Header().Get("Content-Encoding") || want.Code != 200 {
			t.Errorf("entries, accepting %q: %d %v", accept, got.Code, got.Header())
		}
	}
	if rec := m.do("HEAD", "/log/tile/0/000.p/3", nil); rec.Code != http.StatusOK || rec.Body.Len() > 0 {
		t.Errorf("HEAD: %d, %d bytes", rec.Code, rec.Body.Len())
	}
	wantProblem(t, m.do("GET", "/log/tile/0/000.p/99", nil), 404, ProblemNotFound, "")
	wantProblem(t, m.do("GET", "/log/../v1/configuration", nil), 400, ProblemInvalidRequest, "")
	wantProblem(t, m.do("GET", "/api/v1/stats", nil), 404, ProblemNotFound, "")
	wantProblem(t, m.post("/v1/manager-update", nil), 404, ProblemNotFound, "")
	wantProblem(t, m.post("/v1/update", encode(t, &keytrans.UpdateRequest{Label: name, Values: [][]byte{nil}})), 401, ProblemUnauthenticated, "")
	wantProblem(t, m.post("/v1/update", encode(t, &keytrans.UpdateRequest{Label: name, Values: [][]byte{nil}}), bearer(bobToken)), 403, ProblemForbidden, "")
	wantProblem(t, m.post("/v1/search", []byte{9}), 400, ProblemMalformedRequest, "last")
}

// TestOperatorAlone: without its manager an operator answers soon, and says what
// is wrong.
func TestOperatorAlone(t *testing.T) {
	m := newManagedWorld(t)
	m.put("alice", nil, "zero")
	if rec := m.do("GET", "/readyz", nil); rec.Code != http.StatusOK {
		t.Fatalf("%s", rec.Body)
	}
	m.absent.Store(true)
	search := encode(t, &keytrans.SearchRequest{Label: []byte("alice")})
	wantProblem(t, m.post("/v1/search", search), 503, ProblemUnavailable, "")
	for _, token := range []string{aliceToken, ""} {
		q := &keytrans.UpdateRequest{Label: []byte("alice"), GreatestVersion: ptr(uint32(0)), Values: [][]byte{[]byte("one")}}
		if token == "" {
			q.Values = nil
		}
		wantProblem(t, m.post("/v1/update", encode(t, q), bearer(token)), 503, ProblemUnavailable, "")
	}
	wantProblem(t, m.do("GET", "/api/v1/log", nil), 503, ProblemUnavailable, "")
	wantProblem(t, m.do("GET", "/log/checkpoint", nil), 503, ProblemUnavailable, "")
	wantProblem(t, m.post("/api/v1/lookup", []byte(`{"label":"alice"}`)), 503, ProblemUnavailable, "")
	if rec := m.do("GET", "/readyz", nil); rec.Code != http.StatusServiceUnavailable || !strings.Contains(rec.Body.String(), reasonUnreachable) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := m.do("GET", "/livez", nil); rec.Code != http.StatusOK {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := m.do("GET", "/v1/configuration", nil); rec.Code != http.StatusOK {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if rec := m.do("GET", "/metrics", nil); !strings.Contains(rec.Body.String(), "ghostlight_manager_up 0\n") {
		t.Errorf("%s", rec.Body)
	}
	m.absent.Store(false)
	if rec := m.post("/v1/search", search); rec.Code != http.StatusOK {
		t.Errorf("after that: %d %s", rec.Code, rec.Body)
	}
	if rec := m.do("GET", "/metrics", nil); !strings.Contains(rec.Body.String(), "ghostlight_manager_up 1\n") ||
		!strings.Contains(rec.Body.String(), "ghostlight_manager_log_accepted 1\n") || !strings.Contains(rec.Body.String(), "ghostlight_tree_size 2\n") {
		t.Errorf("%s", rec.Body)
	}
}

// TestOperatorBreaksOff: a file of which the rest does not arrive does not look
// complete.
func TestOperatorBreaksOff(t *testing.T) {
	m := newManagedWorld(t)
	m.direct = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", octetStream)
		_, _ = w.Write(bytes.Repeat([]byte{1}, 64<<10))
		panic(http.ErrAbortHandler)
	})
	server := httptest.NewServer(m.handler)
	defer server.Close()
	resp, err := http.Get(server.URL + "/log/changes/000.p/1")
	fatalIfErr(t, err)
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("half of a file was received as a whole one")
	}
}

// TestOperatorPrivacy: labels, values and tokens are in no log on either side.
func TestOperatorPrivacy(t *testing.T) {
	const label, value = "secretlabel", "secretvalue"
	m := newManagedWorld(t)
	requests := []marshaler{
		&keytrans.UpdateRequest{Label: []byte(label), Values: [][]byte{[]byte(value)}},
		&keytrans.UpdateRequest{Label: []byte(label), Values: [][]byte{[]byte(value + "2")}},
		&keytrans.UpdateRequest{Label: []byte(label), GreatestVersion: ptr(uint32(9)), Values: [][]byte{[]byte(value)}},
		&keytrans.SearchRequest{Label: []byte(label)},
		&keytrans.SearchRequest{Label: []byte(label), Version: ptr(uint32(7))},
		&keytrans.OwnerInitRequest{Label: []byte(label), Start: 1},
	}
	for _, absent := range []bool{true, false} {
		m.absent.Store(absent)
		for _, q := range requests {
			for _, token := range []string{aliceToken, bobToken, badToken} {
				m.post(pathOf(q), encode(t, q), bearer(token))
			}
		}
		m.post("/api/v1/lookup", fmt.Appendf(nil, `{"label":%q}`, label))
		m.do("GET", "/log/"+label, nil)
		m.do("GET", "/api/v1/log/entries?from="+label, nil)
	}
	for side, log := range map[string]string{"operator": m.linkLog.String(), "manager": m.log.String()} {
		if !strings.Contains(log, `"route":"/v1/search"`) {
			t.Errorf("the log of the %s is not what it should be", side)
		}
		for _, secret := range []string{label, value, aliceToken, bobToken, badToken, linkToken} {
			if strings.Contains(log, secret) {
				t.Errorf("the log of the %s has %q", side, secret)
			}
		}
	}
}

func TestNewOperatorErrors(t *testing.T) {
	if _, err := NewOperator(OperatorConfig{}); err == nil {
		t.Error("no operator")
	}
	m := newManagedWorld(t)
	if _, err := NewOperator(OperatorConfig{Operator: m.op, Timeout: -1}); err == nil {
		t.Error("a negative limit")
	}
	if _, err := New(Config{Directory: m.dir}); err == nil {
		t.Error("a manager without a link")
	}
}

// TestManagerUpdateProblems: what a manager says of signed updates.
func TestManagerUpdateProblems(t *testing.T) {
	m := newManagedWorld(t)
	m.put("alice", nil, "zero")
	leaf, err := keytrans.NewEd25519SigningKey(bytes.Repeat([]byte{11}, 32))
	fatalIfErr(t, err)
	sign := func(greatest *uint32, version uint32) *keytrans.ManagerUpdateRequest {
		u, err := keytrans.SignUpdate(m.dir.Configuration(), leaf, []byte("alice"), version, []byte("value"))
		fatalIfErr(t, err)
		return &keytrans.ManagerUpdateRequest{Label: []byte("alice"), GreatestVersion: greatest, Values: []keytrans.UpdateValue{u}, SignedVersion: version}
	}
	unsigned := sign(ptr(uint32(0)), 1)
	unsigned.SignedVersion++
	const path = "/v1/manager-update"
	wantProblem(t, m.toManager("POST", path, encode(t, sign(ptr(uint32(0)), 0))), 409, ProblemConflict, "signed_version")
	wantProblem(t, m.toManager("POST", path, encode(t, sign(ptr(uint32(0)), 1000))), 400, ProblemInvalidRequest, "signed_version")
	wantProblem(t, m.toManager("POST", path, encode(t, sign(ptr(uint32(4)), 5))), 409, ProblemConflict, "greatest_version")
	wantProblem(t, m.toManager("POST", path, encode(t, unsigned)), 400, ProblemInvalidRequest, "values")
	wantProblem(t, m.toManager("POST", path, []byte{7}), 400, ProblemMalformedRequest, "last")
	wantProblem(t, m.toManager("POST", path, nil, header{"Content-Type", "text/plain"}), 415, ProblemUnsupportedMediaType, "")
	if rec := m.toManager("POST", path, encode(t, sign(ptr(uint32(0)), 1))); rec.Code != http.StatusOK {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if _, err := m.dir.Update(context.Background(), directory.Credential{Token: linkToken},
		&keytrans.UpdateRequest{Label: []byte("bob"), Values: [][]byte{nil}}); !errors.Is(err, directory.ErrManaged) {
		t.Errorf("a plain update: %v", err)
	}
}
