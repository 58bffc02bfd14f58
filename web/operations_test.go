package web

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// user is a client of the protocol: it believes what it verified only.
type user struct {
	*world
	verifier *keytrans.Verifier
	view     *keytrans.View
}

// newUser pins the configuration that the server hands out.
func newUser(w *world) *user {
	w.t.Helper()
	rec := w.do(http.MethodGet, "/v1/configuration", nil)
	c, err := keytrans.ParseConfiguration(rec.Body.Bytes())
	fatalIfErr(w.t, err)
	v, err := keytrans.NewVerifier(c)
	fatalIfErr(w.t, err)
	return &user{w, v, &keytrans.View{}}
}

func (u *user) search(label string, version *uint32) *keytrans.SearchResult {
	u.t.Helper()
	q := &keytrans.SearchRequest{Last: u.view.Last(), Label: []byte(label), Version: version}
	p, err := keytrans.ParseSearchResponse(u.verifier.Configuration(), q, u.answer("search", q))
	fatalIfErr(u.t, err)
	r, err := u.verifier.Search(u.view, q, p, u.now())
	fatalIfErr(u.t, err)
	u.view = r.View
	return r
}

func (u *user) ownerInit(label string, start uint64) *keytrans.Owner {
	u.t.Helper()
	q := &keytrans.OwnerInitRequest{Last: u.view.Last(), Label: []byte(label), Start: start}
	p, err := keytrans.ParseOwnerInitResponse(u.verifier.Configuration(), u.answer("owner-init", q))
	fatalIfErr(u.t, err)
	r, err := u.verifier.OwnerInit(u.view, q, p, u.now())
	fatalIfErr(u.t, err)
	u.view = r.View
	return r.Owner
}

func (u *user) ownerMonitor(owner *keytrans.Owner, label string) *keytrans.OwnerResult {
	u.t.Helper()
	q := owner.OwnerMonitorRequest(u.view, []byte(label))
	p, err := keytrans.ParseOwnerMonitorResponse(u.verifier.Configuration(), u.answer("owner-monitor", q))
	fatalIfErr(u.t, err)
	r, err := u.verifier.OwnerMonitor(u.view, owner, p, u.now())
	fatalIfErr(u.t, err)
	u.view = r.View
	return r
}

func (u *user) update(owner *keytrans.Owner, label string, token string, values ...string) (*keytrans.Owner, []*keytrans.UpdateResult) {
	u.t.Helper()
	q := &keytrans.UpdateRequest{Last: u.view.Last(), Label: []byte(label), GreatestVersion: owner.Greatest()}
	for _, v := range values {
		q.Values = append(q.Values, []byte(v))
	}
	var headers []header
	if token != "" {
		headers = append(headers, bearer(token))
	}
	responses, err := keytrans.ParseUpdateResponses(u.verifier.Configuration(), u.answer("update", q, headers...))
	fatalIfErr(u.t, err)
	var results []*keytrans.UpdateResult
	for _, p := range responses {
		r, err := u.verifier.Update(u.view, owner, q, p, u.now())
		fatalIfErr(u.t, err)
		u.view, owner, q = r.View, r.Owner, r.Next(q)
		results = append(results, r)
	}
	return owner, results
}

// TestOperations has an owner and a contact go through all operations, and
// verify every answer.
func TestOperations(t *testing.T) { goThroughOperations(t, newWorld(t, nil)) }

func goThroughOperations(t *testing.T, w *world) {
	t.Helper()
	w.advance(2 * window)
	w.publish("somebody@else", nil, "x")
	head, err := w.dir.Head()
	if err != nil || head.Distinguished == nil {
		t.Fatal("no distinguished entry", err)
	}

	owner, contact := newUser(w), newUser(w)
	o := owner.ownerInit("alice", *head.Distinguished)
	if o.Greatest() != nil {
		t.Fatal("the label exists before its first version")
	}
	w.advance(time.Second)
	o, results := owner.update(o, "alice", aliceToken, "one", "two")
	if len(results) != 1 || !results[0].Requested || *o.Greatest() != 1 {
		t.Fatalf("results %+v", results)
	}

	found := contact.search("alice", nil)
	if found.Version != 1 || string(found.Value.Value) != "two" || !found.Monitor {
		t.Fatalf("found %+v", found)
	}
	monitored, err := (&keytrans.Contact{}).Observe(found)
	fatalIfErr(t, err)
	if r := contact.search("alice", ptr(uint32(0))); string(r.Value.Value) != "one" {
		t.Fatalf("version 0 is %q", r.Value.Value)
	}

	// Somebody with the same credential adds versions, in two epochs, that the
	// owner's other device learns of without a credential.
	w.advance(time.Second)
	w.publish("alice", ptr(uint32(1)), "three")
	w.advance(2 * window)
	w.publish("alice", ptr(uint32(2)), "four", "")
	o, results = owner.update(o, "alice", "")
	if len(results) != 2 || results[0].Requested || *o.Greatest() != 4 || len(results[1].Values) != 2 {
		t.Fatalf("results %+v", results)
	}

	w.advance(2 * window)
	w.publish("somebody@else", ptr(uint32(0)), "y")
	for complete := false; !complete; {
		r := owner.ownerMonitor(o, "alice")
		o, complete = r.Owner, r.Complete
	}

	q := &keytrans.ContactMonitorRequest{Last: contact.view.Last(), Label: []byte("alice"), Entries: monitored.Map}
	p, err := keytrans.ParseContactMonitorResponse(contact.verifier.Configuration(), contact.answer("contact-monitor", q))
	fatalIfErr(t, err)
	cr, err := contact.verifier.ContactMonitor(contact.view, monitored, q, p, w.now())
	fatalIfErr(t, err)
	if len(cr.Contact.Map) != 0 {
		t.Fatalf("still to be monitored: %+v", cr.Contact.Map)
	}

	dq := &keytrans.DistinguishedRequest{Last: cr.View.Last()}
	dp, err := keytrans.ParseDistinguishedResponse(contact.verifier.Configuration(), contact.answer("distinguished", dq))
	fatalIfErr(t, err)
	_, err = contact.verifier.Distinguished(cr.View, dq, dp, w.now())
	fatalIfErr(t, err)
}

func TestConfiguration(t *testing.T) {
	w := newWorld(t, nil)
	rec := w.do(http.MethodGet, "/v1/configuration", nil)
	want, err := w.dir.Configuration().Marshal()
	fatalIfErr(t, err)
	if rec.Code != 200 || !bytes.Equal(rec.Body.Bytes(), want) || rec.Header().Get("Content-Type") != octetStream {
		t.Fatalf("status %d, headers %v", rec.Code, rec.Header())
	}
	etag := rec.Header().Get("ETag")
	if !strings.Contains(rec.Header().Get("Cache-Control"), "max-age") || len(etag) < 10 {
		t.Fatalf("headers %v", rec.Header())
	}
	for _, match := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
		rec := w.do(http.MethodGet, "/v1/configuration", nil, header{"If-None-Match", match})
		if rec.Code != http.StatusNotModified || rec.Body.Len() != 0 || rec.Header().Get("ETag") != etag {
			t.Errorf("If-None-Match %s: status %d", match, rec.Code)
		}
	}
	if rec := w.do(http.MethodGet, "/v1/configuration", nil, header{"If-None-Match", `"other"`}); rec.Code != 200 {
		t.Errorf("another tag: status %d", rec.Code)
	}
}

func TestCredential(t *testing.T) {
	for _, test := range []struct {
		headers []string
		want    string
	}{
		{nil, ""},
		{[]string{"Bearer abc"}, "abc"},
		{[]string{"bearer  abc "}, "abc"},
		{[]string{"Bearer"}, ""},
		{[]string{"Bearer "}, ""},
		{[]string{"Basic abc"}, ""},
		{[]string{"Bearerabc"}, ""},
		{[]string{"abc"}, ""},
		{[]string{"Bearer abc", "Bearer def"}, ""},
	} {
		r := &http.Request{Header: http.Header{"Authorization": test.headers}}
		if got := credentialOf(r).Token; got != test.want {
			t.Errorf("%q: token %q, want %q", test.headers, got, test.want)
		}
	}
}
