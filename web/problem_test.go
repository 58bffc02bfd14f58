package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/operator"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

func TestProblemOf(t *testing.T) {
	secret := errors.New("password of the database")
	for _, test := range []struct {
		err    error
		status int
		name   string
		field  string
	}{
		{keytrans.ErrMalformed, 400, ProblemMalformedRequest, ""},
		{fmt.Errorf("%w: greatest_version", keytrans.ErrMalformed), 400, ProblemMalformedRequest, "greatest_version"},
		{fmt.Errorf("%w: trailing bytes", keytrans.ErrMalformed), 400, ProblemMalformedRequest, ""},
		{fmt.Errorf("%w: label: bad", keytrans.ErrRequest), 400, ProblemInvalidRequest, "label"},
		{fmt.Errorf("%w: entries: bad", keytrans.ErrRequest), 400, ProblemInvalidRequest, "entries"},
		{fmt.Errorf("%w: %w: values: bad", keytrans.ErrRequest, directory.ErrTooLarge), 413, ProblemTooLarge, "values"},
		{fmt.Errorf("%w: start: %w", keytrans.ErrRequest, keytrans.ErrStart), 400, ProblemInvalidRequest, "start"},
		{fmt.Errorf("%w: 9", keytrans.ErrLast), 409, ProblemConflict, "last"},
		{directory.ErrGreatestVersion, 409, ProblemConflict, "greatest_version"},
		{directory.ErrUnknownLabel, 404, ProblemUnknownLabel, "label"},
		{keytrans.ErrNoVersion, 404, ProblemNoSuchVersion, "version"},
		{keytrans.ErrVersionExpired, 404, ProblemVersionExpired, "version"},
		{fmt.Errorf("reading: %w", directory.ErrErased), 410, ProblemErased, "version"},
		{fmt.Errorf("last: %w: log entry 7", directory.ErrPruned), 410, ProblemPruned, "last"},
		{directory.ErrPruned, 410, ProblemPruned, ""},
		{fmt.Errorf("%w: %w", directory.ErrUnauthenticated, secret), 401, ProblemUnauthenticated, ""},
		{fmt.Errorf("%w: %w", directory.ErrForbidden, secret), 403, ProblemForbidden, ""},
		{fmt.Errorf("%w: no signature", directory.ErrPolicy), 403, ProblemPolicy, "values"},
		{&operator.Refusal{Status: 403, Type: ProblemPrefix + ProblemPolicy, Detail: secret.Error()}, 503, ProblemUnavailable, ""},
		{directory.ErrClosed, 503, ProblemUnavailable, ""},
		{fmt.Errorf("%w: %w", directory.ErrFailed, secret), 503, ProblemUnavailable, ""},
		{fmt.Errorf("waiting: %w", context.DeadlineExceeded), 503, ProblemUnavailable, ""},
		{context.Canceled, 503, ProblemUnavailable, ""},
		{keytrans.ErrTime, 503, ProblemUnavailable, ""},
		{fmt.Errorf("%w: it lags", keytrans.ErrAuditor), 503, ProblemAuditorOverdue, ""},
		{directory.ErrAuditorSignature, 400, ProblemInvalidRequest, "signature"},
		{directory.ErrAuditorHead, 409, ProblemConflict, "tree_size"},
		{fmt.Errorf("%w: %w", directory.ErrCorrupt, secret), 500, ProblemInternal, ""},
		{keytrans.ErrProof, 500, ProblemInternal, ""},
		{secret, 500, ProblemInternal, ""},
		{errOverloaded, 503, ProblemOverloaded, ""},
		{fmt.Errorf("reading: %w", directory.ErrSkipped), 404, ProblemVersionSkipped, "version"},
		{directory.ErrManaged, 400, ProblemInvalidRequest, "values"},
		{fmt.Errorf("%w: values: version 3: %w", keytrans.ErrRequest, directory.ErrUnsigned), 400, ProblemInvalidRequest, "values"},
		{fmt.Errorf("%w: signed_version: far", keytrans.ErrRequest), 400, ProblemInvalidRequest, "signed_version"},
		{directory.ErrSignedVersion, 409, ProblemConflict, "signed_version"},
		{fmt.Errorf("%w: %w", operator.ErrManager, secret), 503, ProblemUnavailable, ""},
		{fmt.Errorf("%w: %w", operator.ErrDistrusted, secret), 503, ProblemUnavailable, ""},
		{fmt.Errorf("%w: %w", operator.ErrManager, keytrans.ErrMalformed), 503, ProblemUnavailable, ""},
		{fmt.Errorf("%w: %w", operator.ErrAhead, &operator.Refusal{Type: ProblemPrefix + ProblemConflict}), 503, ProblemUnavailable, ""},
		{&operator.Refusal{Status: 404, Type: ProblemPrefix + ProblemVersionSkipped, Field: "version"}, 404, ProblemVersionSkipped, "version"},
		{&operator.Refusal{Status: 409, Type: ProblemPrefix + ProblemConflict, Field: "last"}, 409, ProblemConflict, "last"},
		{&operator.Refusal{Status: 409, Type: ProblemPrefix + ProblemConflict, Field: "signed_version"}, 503, ProblemUnavailable, ""},
		{&operator.Refusal{Status: 500, Type: ProblemPrefix + ProblemInternal, Detail: secret.Error()}, 503, ProblemUnavailable, ""},
		{&operator.Refusal{Status: 403, Type: ProblemPrefix + ProblemForbidden, Detail: secret.Error()}, 503, ProblemUnavailable, ""},
		{&operator.Refusal{Status: 404, Type: "about:blank", Detail: secret.Error()}, 503, ProblemUnavailable, ""},
	} {
		rec := httptest.NewRecorder()
		secureHeaders(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			problemOf(test.err).write(w)
		})).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
		wantProblem(t, rec, test.status, test.name, test.field)
		if strings.Contains(rec.Body.String(), secret.Error()) {
			t.Errorf("%v: the body tells an internal detail: %s", test.err, rec.Body)
		}
	}
}

// TestProtocolProblems sends wrong requests to every operation.
func TestProtocolProblems(t *testing.T) {
	w := newWorld(t, func(_ *Config, d *directory.Config) { d.MaxValueSize = 100 })
	w.advance(2 * window)
	w.publish("alice", nil, "one", "two") // entry 1, distinguished
	w.advance(2 * window)
	w.publish("bob", nil, "x") // entry 2
	w.publish("bob", ptr(uint32(0)), "y")
	w.publish("bob", ptr(uint32(1)), "z") // entry 4, not distinguished
	alice, nobody := []byte("alice"), []byte("nobody")
	long := bytes.Repeat([]byte("l"), keytrans.MaxLabelSize)
	entry := func(pos uint64, version uint32) keytrans.MonitorMapEntry {
		return keytrans.MonitorMapEntry{Position: pos, Version: version}
	}
	type entries = []keytrans.MonitorMapEntry
	type values = [][]byte
	for i, test := range []struct {
		q      marshaler
		status int
		name   string
		field  string
	}{
		{&keytrans.SearchRequest{}, 400, ProblemInvalidRequest, "label"},
		{&keytrans.SearchRequest{Label: nobody}, 404, ProblemUnknownLabel, "label"},
		{&keytrans.SearchRequest{Label: long}, 404, ProblemUnknownLabel, "label"},
		{&keytrans.SearchRequest{Label: nobody, Version: ptr(uint32(3))}, 404, ProblemUnknownLabel, "label"},
		{&keytrans.SearchRequest{Label: alice, Version: ptr(uint32(2))}, 404, ProblemNoSuchVersion, "version"},
		{&keytrans.SearchRequest{Label: alice, Version: ptr(uint32(1<<32 - 1))}, 404, ProblemNoSuchVersion, "version"},
		{&keytrans.SearchRequest{Label: alice, Last: ptr(uint64(0))}, 409, ProblemConflict, "last"},
		{&keytrans.SearchRequest{Label: alice, Last: ptr(uint64(6))}, 409, ProblemConflict, "last"},
		{&keytrans.SearchRequest{Label: alice, Last: ptr(uint64(1<<64 - 1))}, 409, ProblemConflict, "last"},

		{&keytrans.ContactMonitorRequest{}, 400, ProblemInvalidRequest, "label"},
		{&keytrans.ContactMonitorRequest{Label: alice, Last: ptr(uint64(9))}, 409, ProblemConflict, "last"},
		{&keytrans.ContactMonitorRequest{Label: alice, Entries: entries{entry(9, 1)}}, 400, ProblemInvalidRequest, "entries"},
		{&keytrans.ContactMonitorRequest{Label: alice, Entries: entries{entry(1, 2)}}, 400, ProblemInvalidRequest, "entries"},
		{&keytrans.ContactMonitorRequest{Label: alice, Entries: entries{entry(3, 1), entry(1, 0)}}, 400, ProblemInvalidRequest, "entries"},
		{&keytrans.ContactMonitorRequest{Label: alice, Entries: entries{entry(1, 0), entry(1, 1)}}, 400, ProblemInvalidRequest, "entries"},
		{&keytrans.ContactMonitorRequest{Label: alice, Entries: entries{entry(0, 0)}}, 400, ProblemInvalidRequest, "entries"},
		{&keytrans.ContactMonitorRequest{Label: nobody, Entries: entries{entry(1, 0)}}, 404, ProblemUnknownLabel, "label"},
		{&keytrans.SearchRequest{Label: nobody, Last: ptr(uint64(6))}, 409, ProblemConflict, "last"},

		{&keytrans.OwnerInitRequest{Start: 1}, 400, ProblemInvalidRequest, "label"},
		{&keytrans.OwnerInitRequest{Label: alice, Start: 1, Last: ptr(uint64(9))}, 409, ProblemConflict, "last"},
		{&keytrans.OwnerInitRequest{Label: alice, Start: 4}, 400, ProblemInvalidRequest, "start"},
		{&keytrans.OwnerInitRequest{Label: alice, Start: 1 << 60}, 400, ProblemInvalidRequest, "start"},

		{&keytrans.OwnerMonitorRequest{Start: 1}, 400, ProblemInvalidRequest, "label"},
		{&keytrans.OwnerMonitorRequest{Label: alice, Start: 9, GreatestVersion: ptr(uint32(1))}, 400, ProblemInvalidRequest, "start"},
		{&keytrans.OwnerMonitorRequest{Label: alice, Start: 1, GreatestVersion: ptr(uint32(2))}, 400, ProblemInvalidRequest, "greatest_version"},
		{&keytrans.OwnerMonitorRequest{Label: alice, Start: 1, GreatestVersion: ptr(uint32(0))}, 400, ProblemInvalidRequest, "greatest_version"},
		{&keytrans.OwnerMonitorRequest{Label: alice, Start: 1}, 400, ProblemInvalidRequest, "greatest_version"},
		{&keytrans.OwnerMonitorRequest{Label: alice, Start: 1, Entries: entries{entry(9, 9)}}, 400, ProblemInvalidRequest, "entries"},

		{&keytrans.DistinguishedRequest{Last: ptr(uint64(6))}, 409, ProblemConflict, "last"},

		{&keytrans.AbsenceRequest{}, 400, ProblemInvalidRequest, "label"},
		{&keytrans.AbsenceRequest{Label: alice}, 400, ProblemInvalidRequest, "label"},
		{&keytrans.AbsenceRequest{Label: alice, Version: ptr(uint32(0))}, 400, ProblemInvalidRequest, "version"},
		{&keytrans.AbsenceRequest{Label: alice, Version: ptr(uint32(1))}, 400, ProblemInvalidRequest, "version"},
		{&keytrans.AbsenceRequest{Label: nobody, Last: ptr(uint64(6))}, 409, ProblemConflict, "last"},

		{&keytrans.BatchRequest{}, 400, ProblemInvalidRequest, "queries"},
		{&keytrans.BatchRequest{Last: ptr(uint64(6)), Queries: []keytrans.BatchQuery{{Label: alice}}}, 409, ProblemConflict, "last"},
		{&keytrans.BatchRequest{Last: ptr(uint64(0)), Queries: []keytrans.BatchQuery{{Label: nobody}}}, 409, ProblemConflict, "last"},

		{&keytrans.UpdateRequest{Values: values{{1}}}, 400, ProblemInvalidRequest, "label"},
		{&keytrans.UpdateRequest{Label: nobody}, 404, ProblemUnknownLabel, "label"},
		{&keytrans.UpdateRequest{Label: nobody, GreatestVersion: ptr(uint32(0))}, 409, ProblemConflict, "greatest_version"},
		{&keytrans.UpdateRequest{Label: nobody, GreatestVersion: ptr(uint32(0)), Values: values{{1}}}, 409, ProblemConflict, "greatest_version"},
		{&keytrans.UpdateRequest{Label: alice, GreatestVersion: ptr(uint32(1))}, 409, ProblemConflict, "greatest_version"},
		{&keytrans.UpdateRequest{Label: alice, GreatestVersion: ptr(uint32(2)), Values: values{{1}}}, 409, ProblemConflict, "greatest_version"},
		{&keytrans.UpdateRequest{Label: alice, GreatestVersion: ptr(uint32(1<<32 - 1)), Values: values{{1}}}, 400, ProblemInvalidRequest, "greatest_version"},
		{&keytrans.UpdateRequest{Label: alice, GreatestVersion: ptr(uint32(1)), Values: values{make([]byte, 101)}}, 413, ProblemTooLarge, "values"},
		{&keytrans.UpdateRequest{Label: alice, GreatestVersion: ptr(uint32(1)), Values: values{{1}}, Last: ptr(uint64(9))}, 409, ProblemConflict, "last"},
	} {
		rec := w.post(pathOf(test.q), encode(t, test.q), bearer(aliceToken))
		t.Run(fmt.Sprint(i, test.q), func(t *testing.T) {
			p := wantProblem(t, rec, test.status, test.name, test.field)
			if strings.Contains(rec.Body.String(), "alice") || strings.Contains(rec.Body.String(), "nobody") {
				t.Errorf("the problem repeats the label: %+v", p)
			}
		})
	}
	if head, err := w.dir.Head(); err != nil || head.TreeSize != 5 {
		t.Fatalf("wrong requests changed the log: %d entries", head.TreeSize)
	}
}

func pathOf(q marshaler) string {
	switch q.(type) {
	case *keytrans.SearchRequest:
		return "/v1/search"
	case *keytrans.ContactMonitorRequest:
		return "/v1/contact-monitor"
	case *keytrans.OwnerInitRequest:
		return "/v1/owner-init"
	case *keytrans.OwnerMonitorRequest:
		return "/v1/owner-monitor"
	case *keytrans.UpdateRequest:
		return "/v1/update"
	case *keytrans.AbsenceRequest:
		return "/v1/absence"
	case *keytrans.BatchRequest:
		return "/v1/batch"
	}
	return "/v1/distinguished"
}

// TestMalformed cuts and extends a good request of every operation.
func TestMalformed(t *testing.T) {
	w := newWorld(t, nil)
	label := []byte("alice")
	for _, q := range []marshaler{
		&keytrans.SearchRequest{Last: ptr(uint64(1)), Label: label, Version: ptr(uint32(1))},
		&keytrans.ContactMonitorRequest{Label: label, Entries: []keytrans.MonitorMapEntry{{Position: 1}}},
		&keytrans.OwnerInitRequest{Label: label, Start: 1},
		&keytrans.OwnerMonitorRequest{Label: label, Start: 1, GreatestVersion: ptr(uint32(1))},
		&keytrans.UpdateRequest{Label: label, GreatestVersion: ptr(uint32(1)), Values: [][]byte{{1}, {2}}},
		&keytrans.DistinguishedRequest{Last: ptr(uint64(1)), Stop: ptr(uint64(1))},
		&keytrans.AbsenceRequest{Last: ptr(uint64(1)), Label: label, Version: ptr(uint32(1))},
		&keytrans.BatchRequest{Last: ptr(uint64(1)), Queries: []keytrans.BatchQuery{{Label: label, Version: ptr(uint32(1))}, {Label: label}}},
	} {
		good := encode(t, q)
		for n := range good {
			rec := w.post(pathOf(q), good[:n], bearer(aliceToken))
			var p struct{ Field string }
			_ = jsonInto(rec, &p)
			if p.Field == "" {
				t.Errorf("%T cut to %d bytes: no field: %s", q, n, rec.Body)
			}
			wantProblem(t, rec, 400, ProblemMalformedRequest, p.Field)
		}
		wantProblem(t, w.post(pathOf(q), append(good, 0), bearer(aliceToken)), 400, ProblemMalformedRequest, "")
	}
	wantProblem(t, w.post("/v1/search", []byte{2}), 400, ProblemMalformedRequest, "last")
	wantProblem(t, w.post("/v1/search", []byte{0, 9, 'a'}), 400, ProblemMalformedRequest, "label")
	wantProblem(t, w.post("/v1/update", []byte{0, 1, 'a', 0, 1, 255, 255, 255, 255}), 400, ProblemMalformedRequest, "values")
}

// TestUniform compares all refusals of writes byte for byte.
func TestUniform(t *testing.T) {
	w := newWorld(t, nil)
	w.publish("alice", nil, "one")
	w.publish("a-very-long-label-of-alice", nil, "one", "two")
	write := func(label string, greatest *uint32, size int) []byte {
		return encode(t, &keytrans.UpdateRequest{
			Label: []byte(label), GreatestVersion: greatest, Values: [][]byte{make([]byte, size)},
		})
	}
	type attempt struct {
		body    []byte
		headers []header
	}
	none := []header{}
	bad := []header{bearer(badToken)}
	bob := []header{bearer(bobToken)}
	compare := func(attempts []attempt, status int, name string) {
		t.Helper()
		var first *httptest.ResponseRecorder
		for i, a := range attempts {
			rec := w.post("/v1/update", a.body, a.headers...)
			wantProblem(t, rec, status, name, "")
			if first == nil {
				first = rec
			}
			if !bytes.Equal(rec.Body.Bytes(), first.Body.Bytes()) || fmt.Sprint(rec.Header()) != fmt.Sprint(first.Header()) {
				t.Errorf("attempt %d is told apart: %v %s, not %v %s", i, rec.Header(), rec.Body, first.Header(), first.Body)
			}
		}
	}
	compare([]attempt{
		{write("alice", ptr(uint32(0)), 1), none},
		{write("alice", ptr(uint32(0)), 1), bad},
		{write("alice", ptr(uint32(7)), 1), bad},
		{write("alice", nil, 1), none},
		{write("nobody", nil, 1), none},
		{write("nobody", nil, 1), bad},
		{write("nobody", ptr(uint32(3)), 100_000), none},
		{make([]byte, 1<<20), none},
		{write("alice", ptr(uint32(0)), 1), []header{{"Authorization", "Basic " + aliceToken}}},
		{write("alice", ptr(uint32(0)), 1), []header{{"Authorization", aliceToken}}},
	}, 401, ProblemUnauthenticated)
	compare([]attempt{
		{write("alice", ptr(uint32(0)), 1), bob},
		{write("alice", ptr(uint32(7)), 1), bob},
		{write("alice", nil, 1), bob},
		{write("a-very-long-label-of-alice", ptr(uint32(1)), 1000), bob},
	}, 403, ProblemForbidden)
}

func TestAuthorizerTrouble(t *testing.T) {
	secret := "/etc/secret/tokens: permission denied"
	w := newWorld(t, func(_ *Config, d *directory.Config) { d.Authorizer = tokens{errors.New(secret)} })
	rec := w.post("/v1/update", encode(t, &keytrans.UpdateRequest{Label: []byte("a"), Values: [][]byte{{1}}}), bearer(aliceToken))
	p := wantProblem(t, rec, 500, ProblemInternal, "")
	if p.Detail != "" || strings.Contains(rec.Body.String(), "secret") {
		t.Errorf("the body tells an internal detail: %s", rec.Body)
	}
	if !strings.Contains(w.log.String(), secret) {
		t.Error("the reason is not in the log")
	}
}

func TestHTTPProblems(t *testing.T) {
	w := newWorld(t, nil)
	w.publish("alice", nil, "one")
	search := encode(t, &keytrans.SearchRequest{Label: []byte("alice")})
	operations := []string{"search", "contact-monitor", "owner-init", "owner-monitor", "update", "distinguished", "credential-update"}
	for _, name := range operations {
		path := "/v1/" + name
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH"} {
			rec := w.do(method, path, nil)
			wantProblem(t, rec, 405, ProblemMethodNotAllowed, "")
			if allow := rec.Header().Get("Allow"); !strings.Contains(allow, "POST") || strings.Contains(allow, "GET") {
				t.Errorf("%s %s: Allow: %s", method, path, allow)
			}
		}
		for _, mediaType := range []string{"", "application/json", "text/plain", "application/octet-stream;", ";;"} {
			rec := w.post(path, search, header{"Content-Type", mediaType})
			if mediaType == "application/octet-stream;" && rec.Code != 415 {
				continue // a parameter list may be empty
			}
			wantProblem(t, rec, 415, ProblemUnsupportedMediaType, "")
		}
		wantProblem(t, w.post(path, search, header{"Content-Encoding", "gzip"}), 415, ProblemUnsupportedMediaType, "")
	}
	for _, path := range []string{"/v1/configuration", "/api/v1/log", "/api/v1/log/entries", "/api/v1/stats", "/livez", "/readyz"} {
		rec := w.post(path, nil)
		wantProblem(t, rec, 405, ProblemMethodNotAllowed, "")
		if allow := rec.Header().Get("Allow"); !strings.HasPrefix(allow, "GET, HEAD") {
			t.Errorf("%s: Allow: %s", path, allow)
		}
	}
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/search/", "/v1/search/alice", "/v2/search", "/api/v1", "/api/v1/log/", "/%2e%2e/v1/search", "/v1//search"} {
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			wantProblem(t, w.do(method, path, nil), 404, ProblemNotFound, "")
		}
	}
	if rec := w.post("/v1/search", search, header{"Content-Type", "Application/Octet-Stream; a=b"}); rec.Code != 200 {
		t.Errorf("media type with a parameter: status %d", rec.Code)
	}
	if rec := w.do("HEAD", "/v1/configuration", nil); rec.Code != 200 {
		t.Errorf("HEAD: status %d", rec.Code)
	}
}

// TestCORS checks what a browser lets pages of other origins do.
func TestCORS(t *testing.T) {
	w := newWorld(t, nil)
	preflight := func(path, method string) http.Header {
		return w.do("OPTIONS", path, nil, header{"Origin", "https://example.org"},
			header{"Access-Control-Request-Method", method},
			header{"Access-Control-Request-Headers", "content-type"}).Header()
	}
	for path, method := range map[string]string{
		"/v1/search": "POST", "/v1/owner-init": "POST", "/v1/owner-monitor": "POST", "/v1/contact-monitor": "POST",
		"/v1/distinguished": "POST", "/v1/configuration": "GET", "/v1/absence": "POST", "/v1/batch": "POST",
		"/api/v1/log": "GET", "/api/v1/log/entries": "GET", "/api/v1/stats": "GET", "/api/v1/lookup": "POST",
	} {
		h := preflight(path, method)
		if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Methods") != method ||
			h.Get("Access-Control-Allow-Headers") != "Content-Type" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("preflight %s: %v", path, h)
		}
		// Errors too can be read.
		rec := w.do(method, path, []byte("wrong"), header{"Origin", "https://example.org"})
		if rec.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %v", path, rec.Header())
		}
	}
	for _, h := range []http.Header{
		preflight("/v1/update", "POST"),
		w.post("/v1/update", nil, header{"Origin", "https://example.org"}).Header(),
		preflight("/readyz", "GET"),
	} {
		for name := range h {
			if strings.HasPrefix(name, "Access-Control") {
				t.Errorf("not to be open: %v", h)
			}
		}
	}
}

// TestProblemsDocumented: docs/problems.md has every problem with its status.
func TestProblemsDocumented(t *testing.T) {
	source, err := os.ReadFile("problem.go")
	fatalIfErr(t, err)
	document, err := os.ReadFile("../docs/problems.md")
	fatalIfErr(t, err)
	found := regexp.MustCompile(`Problem\w+ += "([a-z-]+)" +// (\d+): `).FindAllStringSubmatch(string(source), -1)
	if kinds := strings.Count(string(source), "&problemKind{"); len(found) != kinds {
		t.Fatalf("%d problems in %d kinds", len(found), kinds)
	}
	for _, m := range found {
		if row := fmt.Sprintf("| `%s` | %s | ", m[1], m[2]); !strings.Contains(string(document), row) {
			t.Errorf("docs/problems.md has no row %q", row)
		}
	}
}
