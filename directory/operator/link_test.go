package operator_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/operator"
)

const octetStream = "application/octet-stream"

// TestLinkAnswers: what is no manager's answer is ErrManager, and a manager's
// refusal is told as it is.
func TestLinkAnswers(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed with the token")
	}))
	defer elsewhere.Close()
	problem := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		refusal string // type of the Refusal, if it is one
	}{
		"a redirect": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, ""},
		"a page":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, ""},
		"too much": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", octetStream)
			_, _ = w.Write(make([]byte, 1001))
		}, ""},
		"half an answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", octetStream)
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write(make([]byte, 50))
		}, ""},
		"no answer": {func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that nobody waits
			<-r.Context().Done()
		}, ""},
		"a proxy's error":            {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, ""},
		"a problem that is none":     {problem(400, "{"), ""},
		"a token that is no good":    {problem(401, "{}"), ""},
		"a refusal":                  {problem(404, `{"type":"x"}`), "x"},
		"a refusal with a long type": {problem(404, `{"type":"`+strings.Repeat("x", 5000)+`"}`), strings.Repeat("x", 1024)},
	} {
		server := httptest.NewServer(test.handler)
		l, err := operator.NewLink(operator.LinkConfig{Manager: server.URL, Token: "x", Timeout: 300 * time.Millisecond, MaxResponse: 1000})
		fatalIfErr(t, err)
		_, err = l.Post(t.Context(), "/v1/search", octetStream, []byte("body"))
		var refusal *operator.Refusal
		switch {
		case test.refusal == "" && (!errors.Is(err, operator.ErrManager) || errors.As(err, &refusal)):
			t.Errorf("%s: %v", name, err)
		case test.refusal != "" && (!errors.As(err, &refusal) || refusal.Type != test.refusal):
			t.Errorf("%s: %v", name, err)
		case strings.Contains(err.Error(), "127.0.0.1"):
			t.Errorf("%s: the error has the URL: %v", name, err)
		}
		server.Close()
	}
}

// TestLabelTaken: who waits for another update of the label does not wait longer
// than its context.
func TestLabelTaken(t *testing.T) {
	w := newWorld(t)
	held, release := make(chan struct{}), make(chan struct{})
	w.link.set(func(q exchanged, send func() (*http.Response, error)) (*http.Response, error) {
		if q.path == "/v1/manager-update" {
			close(held)
			<-release
		}
		return send()
	})
	done := make(chan error, 1)
	go func() {
		_, err := w.update(aliceToken, "alice", nil, "zero")
		done <- err
	}()
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.op.Update(ctx, directory.Credential{Token: aliceToken}, updateOf("alice", nil, "one"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("while the label is taken: %v", err)
	}
	w.link.set(nil)
	if _, err := w.update(aliceToken, "bob", nil, "zero"); err != nil {
		t.Errorf("another label: %v", err)
	}
	close(release)
	fatalIfErr(t, <-done)
	w.expect("alice", "zero")
}

// TestDamagedStore: what does not decode is not taken for nothing.
func TestDamagedStore(t *testing.T) {
	w := newWorld(t)
	if _, err := w.update(aliceToken, "alice", nil, "zero"); err != nil {
		t.Fatal(err)
	}
	w.link.cut(false)
	if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "one"); !errors.Is(err, operator.ErrManager) {
		t.Fatal(err)
	}
	snap, err := w.store.Snapshot()
	fatalIfErr(t, err)
	record, err := snap.Get([]byte("lalice"))
	fatalIfErr(t, err)
	update, err := snap.Get([]byte("ualice"))
	fatalIfErr(t, err)
	fatalIfErr(t, snap.Close())
	put := func(key string, value []byte) {
		t.Helper()
		var b directory.Batch
		if value == nil {
			b.Delete([]byte(key))
		} else {
			_ = b.Set([]byte(key), value)
		}
		fatalIfErr(t, w.store.Commit(&b))
	}
	for _, damage := range []struct {
		key   string
		value []byte
	}{
		{"lalice", record[:len(record)-1]}, {"lalice", append(record[:len(record):len(record)], 0)},
		{"ualice", nil}, {"ualice", update[:len(update)-1]},
		{"lalice", append(record[:len(record)-1:len(record)-1], 9)}, // known is beyond next
	} {
		put(damage.key, damage.value)
		if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "two"); !errors.Is(err, directory.ErrCorrupt) {
			t.Errorf("%s %x: %v", damage.key, damage.value, err)
		}
		put("lalice", record)
		put("ualice", update)
	}
	w.link.set(nil)
	if _, err := w.update(aliceToken, "alice", ptr(uint32(0)), "one"); err != nil {
		t.Error(err)
	}
	w.expect("alice", "zero", "one")
}
