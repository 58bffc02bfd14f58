package detection

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/adversary"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// door is a URL of the directory. The directory tells its victims apart by the doors
// that they come through, as others do by address or credentials.
type door struct {
	d     *directory
	url   string
	shows *view // guarded by d.mu
	// alter changes answers on the way; nil for a network that does not.
	alter func(operation string, answer []byte) []byte
}

// open opens a door that shows a view.
func (d *directory) open(t *testing.T, first *view) *door {
	x := &door{d: d, shows: first.copy()}
	server := httptest.NewServer(x)
	t.Cleanup(server.Close)
	x.url = server.URL
	return x
}

// show has the door show another view.
func (x *door) show(v *view) {
	x.d.mu.Lock()
	defer x.d.mu.Unlock()
	x.shows = v
}

// tamper changes answers on the way.
func (x *door) tamper(alter func(operation string, answer []byte) []byte) {
	x.d.mu.Lock()
	defer x.d.mu.Unlock()
	x.alter = alter
}

// ServeHTTP implements http.Handler.
func (x *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	x.d.mu.Lock()
	defer x.d.mu.Unlock()
	recorder := httptest.NewRecorder()
	path := strings.TrimPrefix(r.URL.Path, "/")
	if resource, ok := strings.CutPrefix(path, "log/"); ok {
		x.d.serveLog(recorder, x.shows, resource)
	} else {
		x.serve(recorder, path, body)
	}
	answer := recorder.Body.Bytes()
	if x.alter != nil && recorder.Code == http.StatusOK {
		answer = x.alter(path, answer)
	}
	if kind := recorder.Header().Get("Content-Type"); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(answer)
}

// serve answers everything but the public log.
func (x *door) serve(w http.ResponseWriter, path string, body []byte) {
	v := x.shows
	operation, _ := strings.CutPrefix(path, "v1/")
	switch path {
	case "v1/configuration":
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(must(x.d.honest.log.Config.Marshal()))
	case "api/v1/log":
		_ = json.NewEncoder(w).Encode(x.d.head(v))
	case "v1/audit-updates":
		x.serveUpdates(w, body)
	case "v1/auditor-tree-head":
		x.take(w, body)
	default:
		x.answer(w, operation, body)
	}
}

// head returns the answer of GET /api/v1/log. Requires that d.mu is locked.
func (d *directory) head(v *view) map[string]any {
	size := v.shown()
	state := d.answers(v).State
	out := map[string]any{
		"schema_version": 1, "tree_size": size, "timestamp_ms": v.log.Entries()[size-1].Timestamp,
		"root": v.log.Root(size).String(), "signature": state.Head().Signature, "auditor": nil,
	}
	if a := state.AuditorHead(); a != nil {
		out["auditor"] = map[string]any{"tree_size": a.TreeSize, "timestamp_ms": a.Timestamp, "signature": a.Signature}
	}
	return out
}

// update returns what an auditor is told of an entry.
func (v *view) update(pos uint64) *keytrans.AuditorUpdate {
	u := v.log.AuditorUpdate(pos)
	if v.tell != nil {
		v.tell(pos, u)
	}
	return u
}

func (x *door) serveUpdates(w http.ResponseWriter, body []byte) {
	q, err := keytrans.ParseAuditRequest(body)
	if err != nil {
		problem(w, http.StatusBadRequest, "malformed-request", "")
		return
	}
	for pos := q.Start; pos < min(q.Start+uint64(q.Count), x.shows.shown()); pos++ {
		data := must(x.shows.update(pos).Marshal())
		_, _ = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...))
	}
}

// take takes a head of the auditor, if it is of the history that is shown here.
func (x *door) take(w http.ResponseWriter, body []byte) {
	v := x.shows
	h, err := keytrans.ParseAuditorTreeHead(body)
	if err != nil || h.TreeSize == 0 || h.TreeSize > v.log.Size() || keytrans.VerifyAuditorTreeHead(v.log.Config, h, v.log.Root(h.TreeSize)) != nil {
		problem(w, http.StatusConflict, "conflict", "auditor_tree_head")
		return
	}
	v.audited = h
	w.WriteHeader(http.StatusNoContent)
}

// errErased is a refusal to show a value that was deleted.
var errErased = errors.New("the value was erased")

// answer answers a user.
func (x *door) answer(w http.ResponseWriter, operation string, body []byte) {
	v := x.shows
	if operation == keytranstest.Search {
		if q, err := keytrans.ParseSearchRequest(body); err == nil && len(v.log.Label(string(q.Label)).Versions) == 0 {
			problem(w, http.StatusNotFound, "unknown-label", "")
			return
		}
	}
	response, err := x.d.answers(v).Answer(operation, body)
	if v.size > 0 && errors.Is(err, keytrans.ErrLast) { // as if the user had seen nothing
		response, err = x.d.answers(v.copy().lying(func(a *adversary.Directory) { a.Forget() })).Answer(operation, body)
	}
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(response)
	case operation == keytranstest.Update && errors.Is(err, keytrans.ErrRequest): // there is nothing new
		problem(w, http.StatusConflict, "conflict", "greatest_version")
	case errors.Is(err, errErased):
		problem(w, http.StatusGone, "erased", "version")
	case errors.Is(err, keytrans.ErrNoVersion):
		problem(w, http.StatusNotFound, "no-such-version", "version")
	case errors.Is(err, keytrans.ErrLast):
		problem(w, http.StatusConflict, "conflict", "last")
	default:
		problem(w, http.StatusBadRequest, "invalid-request", "")
	}
}

func problem(w http.ResponseWriter, status int, name, field string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "urn:ghostlight:problem:" + name, "title": name, "status": status, "field": field})
}
