package web

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

func jsonInto(rec *httptest.ResponseRecorder, v any) error {
	return json.Unmarshal(rec.Body.Bytes(), v)
}

// get reads a JSON object that has to be there.
func (w *world) get(path string, v any) {
	w.t.Helper()
	rec := w.do("GET", path, nil)
	if rec.Code != 200 || rec.Header().Get("Content-Type") != jsonType {
		w.t.Fatalf("%s: status %d, %v: %s", path, rec.Code, rec.Header(), rec.Body)
	}
	decoder := json.NewDecoder(rec.Body)
	decoder.DisallowUnknownFields()
	fatalIfErr(w.t, decoder.Decode(v))
}

func TestLog(t *testing.T) {
	w := newWorld(t, nil)
	w.advance(2 * window)
	w.publish("alice", nil, "one")
	w.advance(1500 * time.Millisecond)
	w.publish("alice", ptr(uint32(0)), "two")
	var log logObject
	w.get("/api/v1/log", &log)
	if log.SchemaVersion != 1 || log.TreeSize != 3 || log.TimestampMS != uint64(w.clock.Load()) {
		t.Fatalf("log %+v", log)
	}
	if ts, err := time.Parse(time.RFC3339Nano, log.Timestamp); err != nil || uint64(ts.UnixMilli()) != log.TimestampMS {
		t.Errorf("timestamp %s", log.Timestamp)
	}
	if log.RightmostDistinguished == nil || *log.RightmostDistinguished != 1 {
		t.Errorf("rightmost distinguished entry %v", log.RightmostDistinguished)
	}
	root, err := hex.DecodeString(log.Root)
	fatalIfErr(t, err)
	head := &keytrans.TreeHead{TreeSize: log.TreeSize, Signature: log.Signature}
	fatalIfErr(t, keytrans.VerifyTreeHead(w.dir.Configuration(), head, merkle.Hash(root)))
	if etag := w.do("GET", "/v1/configuration", nil).Header().Get("ETag"); etag != `"`+log.ConfigurationSHA256+`"` {
		t.Errorf("digest of the configuration %s, ETag %s", log.ConfigurationSHA256, etag)
	}
}

func TestLogOfNothing(t *testing.T) {
	w := newWorld(t, func(_ *Config, d *directory.Config) {
		d.Configuration.ReasonableMonitoringWindow = 1 << 62 // nothing is distinguished
	})
	if body := w.do("GET", "/api/v1/log", nil).Body.String(); !strings.Contains(body, `"rightmost_distinguished":null`) {
		t.Error(body)
	}
}

func TestEntries(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 7 {
		w.advance(time.Second)
		w.publish(fmt.Sprint("label", i), nil, "x")
	}
	want, err := w.dir.Entries(t.Context(), 0, 8)
	fatalIfErr(t, err)
	var got []entryObject
	pages := 0
	for path := "/api/v1/log/entries?limit=3"; ; pages++ {
		var page entriesObject
		w.get(path, &page)
		if page.SchemaVersion != 1 || page.TreeSize != 8 || len(page.Entries) > 3 {
			t.Fatalf("page %+v", page)
		}
		got = append(got, page.Entries...)
		if page.Next == nil {
			break
		}
		path = *page.Next
	}
	if pages != 2 || len(got) != len(want) {
		t.Fatalf("%d entries and more on %d pages", len(got), pages)
	}
	for i, e := range got {
		if e.Position != uint64(i) || e.TimestampMS != want[i].Timestamp || e.PrefixTreeRoot != hex.EncodeToString(want[i].PrefixTree[:]) {
			t.Errorf("entry %d: %+v, want %+v", i, e, want[i])
		}
	}
	var end entriesObject
	w.get("/api/v1/log/entries?from=8&limit=1000", &end)
	if end.Entries == nil || len(end.Entries) != 0 || end.Next != nil {
		t.Errorf("the end: %+v", end)
	}
	for query, field := range map[string]string{
		"from=9": "from", "from=-1": "from", "from=x": "from", "from=": "from", "from=1&from=2": "from",
		"from=18446744073709551615": "from", "from=18446744073709551616": "from", "from=1.5": "from", "from=%2B1": "from",
		"limit=0": "limit", "limit=1001": "limit", "limit=18446744073709551615": "limit", "limit=ten": "limit",
	} {
		wantProblem(t, w.do("GET", "/api/v1/log/entries?"+query, nil), 400, ProblemInvalidRequest, field)
	}
}

func TestStats(t *testing.T) {
	w := newWorld(t, nil)
	w.publish("alice", nil, "x")
	w.post("/v1/search", encode(t, &keytrans.SearchRequest{Label: []byte("alice")}))
	w.post("/v1/search", nil)
	w.post("/not/here", nil)
	w.do("GET", "/v1/update", nil)
	w.advance(90 * time.Second)
	var stats statsObject
	w.get("/api/v1/stats", &stats)
	if stats.TreeSize != 2 || stats.UptimeSeconds != 90 || stats.Version != "v0.0.0-test" || stats.InFlight != 1 {
		t.Errorf("stats %+v", stats)
	}
	if stats.Requests["/v1/search"] != 2 || stats.Requests["unmatched"] < 1 || len(stats.Requests) > 25 {
		t.Errorf("requests %v", stats.Requests)
	}
}

// TestLookup checks that whoever gets the JSON can verify it from the raw
// response alone.
func TestLookup(t *testing.T) {
	w := newWorld(t, nil)
	w.advance(2 * window)
	w.publish("zoë@example.org", nil, "one")
	w.publish("zoë@example.org", ptr(uint32(0)), "\x00\xff", "")
	verifier, err := keytrans.NewVerifier(w.dir.Configuration())
	fatalIfErr(t, err)
	for _, test := range []struct {
		body     string
		version  uint32
		greatest bool
		value    string
	}{
		{`{"label":"zoë@example.org"}`, 2, true, ""},
		{`{"label":"zo\u00eb@example.org","version":null}`, 2, true, ""},
		{` {"label":"zoë@example.org","version":0} `, 0, false, "one"},
		{`{"version":1,"label":"zoë@example.org"}`, 1, false, "\x00\xff"},
	} {
		rec := w.post("/api/v1/lookup", []byte(test.body))
		var got lookupObject
		fatalIfErr(t, jsonInto(rec, &got))
		if rec.Code != 200 || got.Version != test.version || got.Greatest != test.greatest || string(got.Value) != test.value {
			t.Fatalf("%s: status %d: %s", test.body, rec.Code, rec.Body)
		}
		if got.Verified || !strings.Contains(got.Statement, "operator's claim") || got.Value == nil || got.SchemaVersion != 1 {
			t.Errorf("%s: %s", test.body, rec.Body)
		}
		q, err := keytrans.ParseSearchRequest(got.Request)
		fatalIfErr(t, err)
		p, err := keytrans.ParseSearchResponse(w.dir.Configuration(), q, got.Response)
		fatalIfErr(t, err)
		r, err := verifier.Search(&keytrans.View{}, q, p, w.now())
		fatalIfErr(t, err)
		root, err := r.View.Root()
		fatalIfErr(t, err)
		if r.Version != got.Version || r.Terminal != got.TerminalPosition || r.Monitor != got.MustMonitor ||
			string(r.Value.Value) != test.value || hex.EncodeToString(root[:]) != got.Head.Root || got.Head.TreeSize != 3 {
			t.Errorf("%s: %+v, verified %+v", test.body, got, r)
		}
	}
}

func TestLookupProblems(t *testing.T) {
	w := newWorld(t, nil)
	w.publish("alice", nil, "one")
	for _, test := range []struct {
		body   string
		status int
		name   string
		field  string
	}{
		{``, 400, ProblemMalformedRequest, ""},
		{`null`, 400, ProblemInvalidRequest, "label"},
		{`[]`, 400, ProblemMalformedRequest, ""},
		{`"alice"`, 400, ProblemMalformedRequest, ""},
		{`{"label":"alice"`, 400, ProblemMalformedRequest, ""},
		{`{"label":"alice"}{}`, 400, ProblemMalformedRequest, ""},
		{`{"label":"alice"} x`, 400, ProblemMalformedRequest, ""},
		{`{"label":"alice","extra":1}`, 400, ProblemMalformedRequest, ""},
		{`{"label":7}`, 400, ProblemMalformedRequest, "label"},
		{`{"label":["alice"]}`, 400, ProblemMalformedRequest, "label"},
		{`{"label":"alice","version":"0"}`, 400, ProblemMalformedRequest, "version"},
		{`{"label":"alice","version":-1}`, 400, ProblemMalformedRequest, "version"},
		{`{"label":"alice","version":0.5}`, 400, ProblemMalformedRequest, "version"},
		{`{"label":"alice","version":4294967296}`, 400, ProblemMalformedRequest, "version"},
		{"{\"label\":\"al\xffice\"}", 400, ProblemMalformedRequest, ""},
		{`{"label":"al\ud800ice"}`, 400, ProblemInvalidRequest, "label"},
		{`{}`, 400, ProblemInvalidRequest, "label"},
		{`{"label":""}`, 400, ProblemInvalidRequest, "label"},
		{`{"label":"` + strings.Repeat("a", 256) + `"}`, 400, ProblemInvalidRequest, "label"},
		{`{"label":"` + strings.Repeat("a", 70_000) + `"}`, 413, ProblemTooLarge, ""},
		{`{"label":"Alice"}`, 404, ProblemUnknownLabel, "label"},
		{`{"label":"alice","version":1}`, 404, ProblemNoSuchVersion, "version"},
	} {
		wantProblem(t, w.post("/api/v1/lookup", []byte(test.body)), test.status, test.name, test.field)
	}
	wantProblem(t, w.post("/api/v1/lookup", []byte(`{"label":"alice"}`), header{"Content-Type", octetStream}),
		415, ProblemUnsupportedMediaType, "")
	w.advance(25 * time.Hour) // no client accepts the head any more
	wantProblem(t, w.post("/api/v1/lookup", []byte(`{"label":"alice"}`)), 503, ProblemUnavailable, "")
}

func TestHealth(t *testing.T) {
	w := newWorld(t, nil)
	check := func(path string, status int, reasons ...string) {
		t.Helper()
		rec := w.do("GET", path, nil)
		var got healthObject
		fatalIfErr(t, jsonInto(rec, &got))
		if rec.Code != status || got.OK != (status == 200) || fmt.Sprint(got.Reasons) != fmt.Sprint(reasons) {
			t.Errorf("%s: status %d: %s; want %d %v", path, rec.Code, rec.Body, status, reasons)
		}
	}
	check("/livez", 200)
	check("/readyz", 200)
	w.advance(24*time.Hour + time.Millisecond)
	check("/readyz", 503, "head-too-old")
	w.advance(-48 * time.Hour)
	check("/readyz", 200) // a clock set back makes no head old
	w.dir.Close()
	check("/readyz", 503, "closing")
	check("/livez", 200)

	label := []byte("alice")
	for _, q := range []marshaler{
		&keytrans.SearchRequest{Label: label}, &keytrans.ContactMonitorRequest{Label: label},
		&keytrans.OwnerInitRequest{Label: label}, &keytrans.OwnerMonitorRequest{Label: label},
		&keytrans.UpdateRequest{Label: label}, &keytrans.UpdateRequest{Label: label, Values: [][]byte{{1}}},
		&keytrans.DistinguishedRequest{}, &keytrans.AbsenceRequest{Label: label},
		&keytrans.BatchRequest{Queries: []keytrans.BatchQuery{{Label: label}}},
	} {
		wantProblem(t, w.post(pathOf(q), encode(t, q), bearer(aliceToken)), 503, ProblemUnavailable, "")
	}
	for _, path := range []string{"/api/v1/log", "/api/v1/log/entries", "/api/v1/stats"} {
		wantProblem(t, w.do("GET", path, nil), 503, ProblemUnavailable, "")
	}
}

// TestWritesStopped has another writer get in the way: what is published is
// still served, writes are not.
func TestWritesStopped(t *testing.T) {
	w := newWorld(t, nil)
	w.publish("alice", nil, "x")
	w.store.onCommit.Store(ptr(func() error { return directory.ErrConflict }))
	update := encode(t, &keytrans.UpdateRequest{Label: []byte("alice"), GreatestVersion: ptr(uint32(0)), Values: [][]byte{{1}}})
	for range 2 {
		wantProblem(t, w.post("/v1/update", update, bearer(aliceToken)), 503, ProblemUnavailable, "")
	}
	if rec := w.do("GET", "/readyz", nil); rec.Code != 503 || !strings.Contains(rec.Body.String(), "writes-stopped") {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
	w.answer("search", &keytrans.SearchRequest{Label: []byte("alice")})
}
