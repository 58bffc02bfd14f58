package sink

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func newWebhook(t testing.TB, h http.HandlerFunc) *Webhook {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	w, err := NewWebhook("w", WebhookConfig{URL: s.URL + "/token", SecretFile: secret(t, webhookSecret+"\n"), Timeout: 2 * time.Second})
	fatalIfErr(t, err)
	return w
}

// TestWebhook verifies what is sent as a receiver does.
func TestWebhook(t *testing.T) {
	var got atomic.Int32
	w := newWebhook(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		verifier, err := standardwebhooks.NewWebhook(webhookSecret)
		if err == nil {
			err = verifier.Verify(body, r.Header)
		}
		if err != nil || string(body) != string(example().Line()) {
			t.Errorf("%v: %s", err, body)
		}
		if id := r.Header.Get("webhook-id"); id != example().ID || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("the header is %v", r.Header)
		}
		got.Add(1)
		rw.WriteHeader(204)
	})
	for range 2 {
		fatalIfErr(t, w.Deliver(t.Context(), example()))
	}
	if got.Load() != 2 {
		t.Errorf("%d requests", got.Load())
	}
}

// TestWebhookAnswers gives all kinds of answers.
func TestWebhookAnswers(t *testing.T) {
	var followed atomic.Bool
	endless := func(rw http.ResponseWriter, wait time.Duration) {
		chunk := make([]byte, 1<<20)
		if wait > 0 {
			chunk = chunk[:1]
		}
		for range 10 << 10 {
			if _, err := rw.Write(chunk); err != nil {
				return
			}
			rw.(http.Flusher).Flush()
			time.Sleep(wait)
		}
		t.Error("all of an endless answer was read")
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"200": {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(200) }, ""},
		"400": {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(400) }, "answered 400"},
		"500": {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) }, "answered 500"},
		"redirect": {func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/other", http.StatusTemporaryRedirect)
		}, "answered 307"},
		"10 GB":             {func(rw http.ResponseWriter, _ *http.Request) { endless(rw, 0) }, ""},
		"10 GB of an error": {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500); endless(rw, 0) }, "answered 500"},
		"1 byte/s":          {func(rw http.ResponseWriter, _ *http.Request) { endless(rw, time.Second) }, ""},
		"silence":           {func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() }, "Timeout exceeded"},
		"abort":             {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"large header": {func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("X", strings.Repeat("x", 1<<20))
		}, "headers exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWebhook(t, func(rw http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/token" {
					followed.Store(true)
				}
				c.answer(rw, r)
			})
			switch err := w.Deliver(t.Context(), example()); {
			case c.want == "":
				fatalIfErr(t, err)
			default:
				wantErr(t, err, c.want)
				if strings.Contains(err.Error(), "token") {
					t.Errorf("the URL is in the error: %v", err)
				}
			}
			if followed.Load() {
				t.Error("a redirect was followed")
			}
		})
	}
}

func TestWebhookContext(t *testing.T) {
	w := newWebhook(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	wantErr(t, w.Deliver(ctx, example()), context.DeadlineExceeded.Error())
}

func TestWebhookConfig(t *testing.T) {
	good := secret(t, webhookSecret)
	for _, c := range []struct{ url, secret, want string }{
		{"http://example.org/", good, "use https"},
		{"http://127.0.0.1.example.org/", good, "use https"},
		{"ftp://example.org/", good, "https://"},
		{"example.org", good, "parsed"},
		{"https://", good, "parsed"},
		{"https://a\nb/token", good, "parsed"},
		{"https://example.org/", "/nowhere", "reading the secret"},
		{"https://example.org/", secret(t, ""), "not one line"},
		{"https://example.org/", secret(t, "a\nb"), "not one line"},
		{"https://example.org/", secret(t, strings.Repeat("a", 10_000)), "not one line"},
		{"https://example.org/", secret(t, "whsec_?"), "24 to 64 bytes"},
		{"https://example.org/", secret(t, "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 23))), "24 to 64 bytes"},
		{"https://example.org/", secret(t, "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 65))), "24 to 64 bytes"},
	} {
		_, err := NewWebhook("w", WebhookConfig{URL: c.url, SecretFile: c.secret})
		wantErr(t, err, c.want)
		if strings.Contains(err.Error(), "token") {
			t.Errorf("the URL is in the error: %v", err)
		}
	}
	for _, cfg := range []WebhookConfig{{URL: "http://[::1]:1/"}, {URL: "http://localhost/"}, {URL: "https://a/"}} {
		cfg.SecretFile = good
		_, err := NewWebhook("w", cfg)
		fatalIfErr(t, err)
	}
}
