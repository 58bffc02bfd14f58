package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// apiDocument holds exchanges against the OpenAPI document.
type apiDocument struct {
	t          *testing.T
	compiler   *jsonschema.Compiler
	operations map[string]*apiOperation // by method, space, and route of the router
	problems   map[string]bool          // problem types that were seen, by operation ID
}

type apiOperation struct {
	ID          string `json:"operationId"`
	Tags        []string
	RequestBody struct {
		Content map[string]apiContent
	}
	Responses map[string]struct {
		Ref     string `json:"$ref"`
		Content map[string]apiContent
	}
	route string
	seen  map[string]bool // by the key of Responses
}

type apiContent struct {
	Schema *struct {
		Ref string `json:"$ref"`
	}
}

const documentURL = "file:///openapi.json"

func readAPI(t *testing.T) *apiDocument {
	t.Helper()
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]json.RawMessage
	}
	fatalIfErr(t, json.Unmarshal(openAPI, &doc))
	if doc.OpenAPI != "3.1.0" {
		t.Fatalf("openapi %q", doc.OpenAPI)
	}
	d := &apiDocument{t: t, operations: make(map[string]*apiOperation), problems: make(map[string]bool)}
	ids := make(map[string]bool)
	for path, item := range doc.Paths {
		route := path
		if raw := item["x-route"]; raw != nil {
			fatalIfErr(t, json.Unmarshal(raw, &route))
			delete(item, "x-route")
		}
		for method, raw := range item {
			op := &apiOperation{route: strings.ToUpper(method) + " " + route, seen: make(map[string]bool)}
			fatalIfErr(t, json.Unmarshal(raw, op))
			if ids[op.ID] || op.ID == "" || len(op.Tags) != 1 {
				t.Errorf("%s has the operationId %q and the tags %q", op.route, op.ID, op.Tags)
			}
			ids[op.ID], d.operations[op.route] = true, op
		}
	}
	d.compile()
	return d
}

// compile makes schemas of the document that refuse what it does not describe, so that
// it has every field that is answered.
func (d *apiDocument) compile() {
	d.t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPI))
	fatalIfErr(d.t, err)
	for name, schema := range doc.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any) {
		s := schema.(map[string]any)
		if s["properties"] == nil || s["additionalProperties"] != nil || s["description"] == nil {
			d.t.Errorf("the schema %s has no properties, says what else there can be, or has no description", name)
		}
		s["additionalProperties"] = false
	}
	d.compiler = jsonschema.NewCompiler()
	d.compiler.AssertFormat()
	fatalIfErr(d.t, d.compiler.AddResource(documentURL, doc))
}

// watch returns a handler that holds the exchanges of another against the document.
func (d *apiDocument) watch(h http.Handler, router chi.Routes) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		ctx := chi.NewRouteContext()
		if !router.Match(ctx, r.Method, r.URL.Path) {
			d.t.Errorf("no route for %s %s", r.Method, r.URL.Path)
		}
		d.check(r.Method+" "+ctx.RoutePattern(), r, rec)
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

func (d *apiDocument) check(route string, r *http.Request, rec *httptest.ResponseRecorder) {
	op := d.operations[route]
	if op == nil {
		d.t.Errorf("%s is not in the document", route)
		return
	}
	key := fmt.Sprint(rec.Code)
	response, ok := op.Responses[key]
	if !ok {
		key = "default"
		if response, ok = op.Responses[key]; !ok || rec.Code < 400 {
			d.t.Errorf("%s: status %d is not in the document", op.ID, rec.Code)
			return
		}
	}
	op.seen[key] = true
	d.problems[op.ID] = d.problems[op.ID] || rec.Code >= 400
	mediaType := rec.Header().Get("Content-Type")
	if response.Ref != "" { // the only one is that of problems
		if mediaType != problemJSON {
			d.t.Errorf("%s: status %d with %q", op.ID, rec.Code, mediaType)
		}
		d.validate(op, "#/components/schemas/Problem", rec.Body.Bytes())
		return
	}
	d.checkContent(op, response.Content, mediaType, rec.Body.Bytes())
}

// checkContent checks the body of an answer that is no problem.
func (d *apiDocument) checkContent(op *apiOperation, documented map[string]apiContent, mediaType string, body []byte) {
	if len(documented) == 0 {
		if len(body) > 0 || mediaType != "" {
			d.t.Errorf("%s: a body that is not in the document, of %q", op.ID, mediaType)
		}
		return
	}
	content, ok := documented[mediaType]
	if !ok {
		base, _, err := mime.ParseMediaType(mediaType)
		fatalIfErr(d.t, err)
		if content, ok = documented[base]; !ok {
			d.t.Errorf("%s: %q is not in the document", op.ID, mediaType)
			return
		}
	}
	if content.Schema != nil && content.Schema.Ref != "" {
		d.validate(op, content.Schema.Ref, body)
	}
}

func (d *apiDocument) validate(op *apiOperation, ref string, body []byte) {
	schema, err := d.compiler.Compile(documentURL + ref)
	if err != nil {
		d.t.Errorf("%s: %s: %v", op.ID, ref, err)
		return
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		d.t.Errorf("%s: %v in %s", op.ID, err, body)
	}
}

// TestAPIRoutes holds the routes of all servers against the document.
func TestAPIRoutes(t *testing.T) {
	d := readAPI(t)
	managed := newManagedWorld(t)
	routes := make(map[string]bool)
	collect := func(r chi.Routes) {
		fatalIfErr(t, chi.Walk(r, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
			if method != http.MethodOptions {
				routes[method+" "+route] = true
			}
			return nil
		}))
	}
	viewed := newWorld(t, func(c *Config, _ *directory.Config) { c.View = &ViewConfig{} })
	for _, r := range []chi.Routes{newWorld(t, nil).server.router, newAuditWorld(t).server.router, managed.server.router} {
		collect(r)
	}
	for route := range routes {
		if d.operations[route] == nil {
			t.Errorf("%s is not in the document", route)
		}
	}
	for route, op := range d.operations {
		if !routes[route] {
			t.Errorf("%s, %s, is no route", op.ID, route)
		}
	}
	// An operator has no routes of its own: it forwards the log's files under one.
	collect(managed.handler.(chi.Routes))
	delete(routes, "GET "+LogPrefix+"*")
	if len(routes) != len(d.operations) {
		t.Errorf("an operator has other routes than a directory: %d and %d", len(routes), len(d.operations))
	}
	// The view adds its own paths only.
	collect(viewed.server.router)
	for route := range routes {
		_, path, _ := strings.Cut(route, " ")
		if d.operations[route] == nil && path != "/" && path != ViewPath && path != ViewPath+"/*" {
			t.Errorf("%s is not in the document", route)
		}
	}
}

// TestAPI drives every operation of the document.
func TestAPI(t *testing.T) {
	d := readAPI(t)
	for _, flow := range []func(*testing.T, *world){goThroughOperations, goThroughExtensions, goThroughCredentialUpdate} {
		w := newWorld(t, nil)
		w.handler = d.watch(w.handler, w.server.router)
		flow(t, w)
	}
	d.driveReads()
	d.driveThirdParties()
	for _, op := range d.operations {
		d.checkSeen(op)
	}
}

// checkSeen checks that an operation gave every answer that the document says.
func (d *apiDocument) checkSeen(op *apiOperation) {
	for status := range op.Responses {
		if status != "default" && !op.seen[status] {
			d.t.Errorf("%s was never answered with %s", op.ID, status)
		}
	}
	if len(op.RequestBody.Content) > 0 && !d.problems[op.ID] {
		d.t.Errorf("%s was never refused", op.ID)
	}
}

// driveReads asks for everything that is read with GET, well and badly, and sends every
// body with a wrong type.
func (d *apiDocument) driveReads() {
	w := newLogWorld(d.t, 3)
	w.withPublisher("witness away " + witnessKey(d.t, "away.example") + " http://127.0.0.1:1\nquorum none\n")
	w.handler = d.watch(w.handler, w.server.router)
	etag := w.do("GET", "/v1/configuration", nil).Header().Get("ETag")
	w.do("GET", "/v1/configuration", nil, header{"If-None-Match", etag})
	for _, path := range []string{
		"/api/v1/log", "/api/v1/log/entries?from=1&limit=1", "/api/v1/log/publication", "/api/v1/stats", openAPIPath,
		"/log/checkpoint", "/log/tile/0/000.p/3", "/log/tile/entries/000.p/2", "/log/changes/000.p/1", "/livez", "/readyz", "/metrics",
	} {
		if rec := w.do("GET", path, nil); rec.Code != 200 {
			d.t.Errorf("%s: status %d: %s", path, rec.Code, rec.Body)
		}
	}
	wantProblem(d.t, w.do("GET", "/api/v1/log/entries?limit=0", nil), 400, ProblemInvalidRequest, "limit")
	wantProblem(d.t, w.do("GET", "/log/tile/0/999", nil), 404, ProblemNotFound, "")
	w.post("/api/v1/lookup", []byte(`{"label":"label1"}`))
	w.post("/api/v1/lookup", []byte(`{"label":"label1","version":0}`))
	wantProblem(d.t, w.post("/api/v1/lookup", []byte(`{"label":"nobody"}`)), 404, ProblemUnknownLabel, "label")
	for route := range d.operations {
		path, post := strings.CutPrefix(route, "POST ")
		if post && w.server.router.Match(chi.NewRouteContext(), "POST", path) {
			rec := w.post(path, []byte("x"), header{"Content-Type", "text/html"})
			wantProblem(d.t, rec, 415, ProblemUnsupportedMediaType, "")
		}
	}
	w.advance(48 * time.Hour)
	if rec := w.do("GET", "/readyz", nil); rec.Code != 503 {
		d.t.Errorf("a directory whose head is old is ready: %s", rec.Body)
	}
}

// driveThirdParties has an auditor and the operator of a managed log ask.
func (d *apiDocument) driveThirdParties() {
	a := newAuditWorld(d.t)
	a.handler = d.watch(a.handler, a.server.router)
	a.insert("alice", 3)
	a.do("GET", "/api/v1/log", nil) // without an auditor's head
	if rec := a.post(headPath, encode(d.t, a.follow())); rec.Code != http.StatusNoContent {
		d.t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
	a.do("GET", "/api/v1/log", nil)
	wantProblem(d.t, a.post(headPath, []byte("x")), 400, ProblemMalformedRequest, "")
	wantProblem(d.t, a.post("/v1/audit-updates", encode(d.t, &keytrans.AuditRequest{})), 400, ProblemInvalidRequest, "count")

	m := newManagedWorld(d.t)
	m.direct = d.watch(m.direct, m.server.router)
	m.put("alice", nil, "one", "two")
	wantStatus(d.t, m.toManager("POST", "/v1/manager-update", []byte("x")), 400)
}

// TestAPIDocument holds the document against answers that it does not describe.
func TestAPIDocument(t *testing.T) {
	for name, change := range map[string]struct {
		route, mediaType, body string
		status                 int
	}{
		"unknown route":  {"GET /api/v2/log", jsonType, "{}", 200},
		"unknown status": {"GET /api/v1/log", jsonType, "{}", 204},
		"unknown type":   {"GET /api/v1/log", "text/html", "{}", 200},
		"missing fields": {"GET /livez", jsonType, `{"schema_version":1}`, 200},
		"more fields":    {"GET /livez", jsonType, `{"schema_version":1,"ok":true,"reasons":[],"warnings":[],"mood":"good"}`, 200},
		"unknown value":  {"GET /livez", jsonType, `{"schema_version":1,"ok":true,"reasons":["bored"],"warnings":[]}`, 200},
		"no problem":     {"GET /livez", jsonType, `{}`, 500},
		"no JSON":        {"GET /livez", jsonType, `{`, 200},
	} {
		t.Run(name, func(t *testing.T) {
			d := readAPI(t)
			failed := &testing.T{}
			d.t = failed
			rec := httptest.NewRecorder()
			rec.Header().Set("Content-Type", change.mediaType)
			rec.WriteHeader(change.status)
			rec.Body.WriteString(change.body)
			d.check(change.route, nil, rec)
			if !failed.Failed() {
				t.Error("nothing was noticed")
			}
		})
	}
}
