package web

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// auditWorld is a world with an auditor, who may lag ten minutes.
type auditWorld struct {
	*world
	key     keytrans.SigningKey
	auditor *keytrans.Auditor
	faults  int
}

func newAuditWorld(t *testing.T) *auditWorld {
	t.Helper()
	a := &auditWorld{}
	var err error
	a.key, err = keytrans.NewEd25519SigningKey(bytes.Repeat([]byte{5}, 32))
	fatalIfErr(t, err)
	a.world = newWorld(t, func(_ *Config, c *directory.Config) {
		k := c.Configuration
		k.Mode, k.AuditorPublicKey, k.MaxAuditorLag = keytrans.ThirdPartyAuditing, a.key.Public(), 600_000
		c.OnAuditorFault = func(directory.AuditorFault) { a.faults++ }
	})
	a.auditor, err = keytrans.NewAuditor(a.dir.Configuration())
	fatalIfErr(t, err)
	return a
}

// insert adds a version without asking for a proof of it.
func (a *auditWorld) insert(label string, versions int) {
	a.t.Helper()
	u := directory.NewVersions{Label: []byte(label), Identity: directory.Identity{1}}
	for range versions {
		u.Values = append(u.Values, []byte("value"))
	}
	outcomes, err := a.dir.Insert(a.t.Context(), []directory.NewVersions{u})
	fatalIfErr(a.t, err)
	fatalIfErr(a.t, outcomes[0])
}

// updates asks for updates and takes the answer apart.
func (a *auditWorld) updates(start uint64, count uint16) []*keytrans.AuditorUpdate {
	a.t.Helper()
	body := a.answer("audit-updates", &keytrans.AuditRequest{Start: start, Count: count})
	var out []*keytrans.AuditorUpdate
	for len(body) > 0 {
		n := binary.BigEndian.Uint32(body)
		u, err := keytrans.ParseAuditorUpdate(body[4 : 4+n])
		fatalIfErr(a.t, err)
		out, body = append(out, u), body[4+n:]
	}
	return out
}

// follow returns the head that the auditor signs of all there is.
func (a *auditWorld) follow() *keytrans.AuditorTreeHead {
	a.t.Helper()
	for _, u := range a.updates(a.auditor.Size(), 1000) {
		fatalIfErr(a.t, a.auditor.Apply(u))
	}
	h, err := a.auditor.Head(a.key)
	fatalIfErr(a.t, err)
	return h
}

const headPath = "/v1/auditor-tree-head"

func (a *auditWorld) wantWarnings(want string) {
	a.t.Helper()
	var health healthObject
	a.get("/readyz", &health)
	if got := fmt.Sprint(health.Warnings); !health.OK || got != want {
		a.t.Errorf("ready %t, warnings %s, want %s", health.OK, got, want)
	}
}

// TestAuditor has an auditor that keeps up, falls behind, and keeps up again.
func TestAuditor(t *testing.T) {
	a := newAuditWorld(t)
	a.insert("alice", 150)
	search := &keytrans.SearchRequest{Label: []byte("alice")}
	a.wantWarnings("[auditor-missing]")
	wantProblem(t, a.post("/v1/search", encode(t, search)), 503, ProblemAuditorOverdue, "")

	if rec := a.post(headPath, encode(t, a.follow())); rec.Code != http.StatusNoContent || rec.Body.Len() > 0 {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	a.wantWarnings("[]")
	a.answer("search", search)
	a.advance(6 * time.Minute)
	a.insert("bob", 1)
	a.wantWarnings("[auditor-lagging]")
	a.answer("search", search)
	a.advance(5 * time.Minute)
	a.insert("carol", 1)
	a.wantWarnings("[auditor-overdue]")
	metrics := a.do(http.MethodGet, "/metrics", nil).Body.String()
	for _, want := range []string{"ghostlight_auditor_size 2\n", "ghostlight_auditor_lag_seconds 660\n", "ghostlight_auditor_max_lag_seconds 600\n"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
	wantProblem(t, a.post("/v1/search", encode(t, search)), 503, ProblemAuditorOverdue, "")
	update := &keytrans.UpdateRequest{Label: []byte("dave"), Values: [][]byte{{1}}}
	wantProblem(t, a.post("/v1/update", encode(t, update), bearer(aliceToken)), 503, ProblemAuditorOverdue, "")

	a.post(headPath, encode(t, a.follow()))
	a.wantWarnings("[]")
	var log logObject
	a.get("/api/v1/log", &log)
	if log.Auditor == nil || log.Auditor.TreeSize != log.TreeSize || log.Auditor.TimestampMS != log.TimestampMS {
		t.Errorf("the auditor's head: %+v", log.Auditor)
	}
	a.answer("search", search)
	a.answer("update", update, bearer(aliceToken))
}

// TestAuditorHeadRefused sends heads that do not fit.
func TestAuditorHeadRefused(t *testing.T) {
	a := newAuditWorld(t)
	older := a.follow()
	a.insert("alice", 1)
	latest := a.follow()
	changed := func(change func(h *keytrans.AuditorTreeHead)) []byte {
		h := *latest
		h.Signature = bytes.Clone(h.Signature)
		change(&h)
		return encode(t, &h)
	}
	refused := func(body []byte, status int, name, field string) {
		t.Helper()
		wantProblem(t, a.post(headPath, body), status, name, field)
	}
	refused(changed(func(h *keytrans.AuditorTreeHead) { h.TreeSize++ }), 400, ProblemInvalidRequest, "tree_size")
	refused(changed(func(h *keytrans.AuditorTreeHead) { h.TreeSize = 0 }), 400, ProblemInvalidRequest, "tree_size")
	refused(changed(func(h *keytrans.AuditorTreeHead) { h.Timestamp-- }), 400, ProblemInvalidRequest, "timestamp")
	refused(changed(func(h *keytrans.AuditorTreeHead) { h.Signature[0]++ }), 400, ProblemInvalidRequest, "signature")
	refused(encode(t, latest)[1:], 400, ProblemMalformedRequest, "")
	refused(nil, 400, ProblemMalformedRequest, "")
	refused(make([]byte, maxSmallBody+1), 413, ProblemTooLarge, "")
	wantProblem(t, a.post(headPath, encode(t, latest), header{"Content-Type", jsonType}), 415, ProblemUnsupportedMediaType, "")
	if a.faults != 1 {
		t.Errorf("%d heads kept as evidence", a.faults)
	}
	for range 2 {
		if rec := a.post(headPath, encode(t, latest)); rec.Code != http.StatusNoContent {
			t.Errorf("status %d: %s", rec.Code, rec.Body)
		}
	}
	refused(encode(t, older), 409, ProblemConflict, "tree_size")
}

// TestAuditUpdates asks for updates in pieces, and in ways that are wrong.
func TestAuditUpdates(t *testing.T) {
	a := newAuditWorld(t)
	for i := range 6 {
		a.insert(fmt.Sprint("label", i), 1)
	}
	for start := range uint64(7) {
		if n := len(a.updates(start, 3)); n != int(min(3, 7-start)) {
			t.Errorf("%d updates from %d on", n, start)
		}
	}
	all := a.updates(0, 7)
	a.server.auditBytes = 600
	want, size := 0, 0 // the answer ends with the update that fills it
	for ; want < len(all) && size < 600; want++ {
		size += 4 + len(encode(t, all[want]))
	}
	if n := len(a.updates(0, 7)); n != want || want == len(all) {
		t.Errorf("%d of %d updates in an answer of some 600 bytes, want %d", n, len(all), want)
	}
	a.server.auditBytes = 1
	if n := len(a.updates(3, 7)); n != 1 {
		t.Errorf("%d updates in the smallest answer", n)
	}
	if n := len(a.updates(7, 1)); n != 0 {
		t.Errorf("%d updates of the future", n)
	}
	const path = "/v1/audit-updates"
	ask := func(start uint64, count uint16) []byte {
		return encode(t, &keytrans.AuditRequest{Start: start, Count: count})
	}
	wantProblem(t, a.post(path, ask(8, 1)), 400, ProblemInvalidRequest, "start")
	wantProblem(t, a.post(path, ask(0, 0)), 400, ProblemInvalidRequest, "count")
	wantProblem(t, a.post(path, ask(0, 1)[:9]), 400, ProblemMalformedRequest, "")
	wantProblem(t, a.post(path, append(ask(0, 1), 0)), 400, ProblemMalformedRequest, "")
	wantProblem(t, a.post(path, ask(0, 1), header{"Content-Type", jsonType}), 415, ProblemUnsupportedMediaType, "")
	wantProblem(t, a.do(http.MethodGet, path, nil), 405, ProblemMethodNotAllowed, "")
	for range maxStreams {
		a.server.streams.enter()
	}
	wantProblem(t, a.post(path, ask(0, 1)), 503, ProblemOverloaded, "")
	plain := newWorld(t, nil)
	wantProblem(t, plain.post(path, ask(0, 1)), 404, ProblemNotFound, "")
	wantProblem(t, plain.post(headPath, nil), 404, ProblemNotFound, "")
	if metrics := plain.do(http.MethodGet, "/metrics", nil).Body.String(); strings.Contains(metrics, "auditor") {
		t.Error("metrics of an auditor that is not there")
	}
}
