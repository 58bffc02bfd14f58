package client_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

func TestParseURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://Keys.Example.org/":        "https://keys.example.org",
		"https://keys.example.org:443/kt/": "https://keys.example.org/kt",
		"https://keys.example.org:8443":    "https://keys.example.org:8443",
		"http://localhost:8080":            "http://localhost:8080",
		"http://127.0.0.1:80/":             "http://127.0.0.1",
		"http://[::1]:8080":                "http://[::1]:8080",
	} {
		if got, err := client.ParseURL(in, false); got != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"", "keys.example.org", "http://keys.example.org", "http://10.0.0.1", "ftp://keys.example.org", "https://",
		"https://user:pw@keys.example.org", "https://keys.example.org/?x=1", "https://keys.example.org/#x", "https://:443", "://",
		"http://localhost.example.org",
	} {
		_, err := client.ParseURL(in, false)
		wantKind(t, err, client.Usage, "")
	}
	if _, err := client.ParseURL("http://keys.example.org", true); err != nil {
		t.Error(err)
	}
}

// TestBadAnswers has a server that is no directory, in many ways.
func TestBadAnswers(t *testing.T) {
	answer := func(a clienttest.Answer) func(string, []byte) *clienttest.Answer {
		return func(op string, _ []byte) *clienttest.Answer {
			if op != "search" {
				return nil
			}
			if a.Status == 0 {
				a.Status = http.StatusOK
			}
			return &a
		}
	}
	const binary = "application/octet-stream"
	for name, bad := range map[string]struct {
		answer   clienttest.Answer
		text     string
		requests int
	}{
		"empty":             {clienttest.Answer{Type: binary}, "malformed", 1},
		"garbage":           {clienttest.Answer{Type: binary, Body: []byte("hello")}, "malformed", 1},
		"HTML":              {clienttest.Answer{Type: "text/html", Body: []byte("<p>log in")}, "content type", 1},
		"too large":         {clienttest.Answer{Type: binary, Body: make([]byte, 1<<20+1)}, "larger than", 1},
		"500":               {clienttest.Answer{Status: 500, Type: "text/plain", Body: []byte("oops")}, "500: Internal Server Error", 1},
		"502":               {clienttest.Answer{Status: 502, Type: "text/html"}, "502", 1},
		"503":               {clienttest.Answer{Status: 503, Type: "text/plain"}, "503", 3},
		"503, later":        {clienttest.Answer{Status: 503, Type: "text/plain", Header: map[string]string{"Retry-After": "600"}}, "503", 1},
		"204":               {clienttest.Answer{Status: 204, Type: binary}, "204", 1},
		"large problem":     {clienttest.Answer{Status: 404, Type: "application/problem+json", Body: []byte(`{"detail":"` + strings.Repeat("x", 1<<20) + `"}`)}, "404: Not Found", 1},
		"broken problem":    {clienttest.Answer{Status: 404, Type: "application/problem+json", Body: []byte(`{"detail":`)}, "404: Not Found", 1},
		"problem":           {*clienttest.Problem(404, "unknown-label", "", "no such label"), "no such label", 1},
		"other host":        {clienttest.Answer{Status: 307, Header: map[string]string{"Location": "https://other.example/v1/search"}}, "another host", 1},
		"changed method":    {clienttest.Answer{Status: 302, Header: map[string]string{"Location": "/v1/other"}}, "from POST to GET", 1},
		"redirect in rings": {clienttest.Answer{Status: 307, Header: map[string]string{"Location": "/v1/search"}}, "too many redirects", 4},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			cfg := w.config()
			cfg.MaxResponse = 1 << 20
			c, err := client.Open(w.root, "", cfg)
			if err != nil {
				t.Fatal(err)
			}
			before := w.readState()
			w.dir.Plain = true
			w.dir.Before = answer(bad.answer)
			_, err = c.Lookup(bg, alice, nil)
			wantKind(t, err, client.Undecided, bad.text)
			if n := w.dir.Requests("search"); n != bad.requests {
				t.Errorf("%d requests, want %d", n, bad.requests)
			}
			if w.readState() != before {
				t.Error("the state changed")
			}
		})
	}
}

// TestRetry loses two requests before one is answered.
func TestRetry(t *testing.T) {
	w := newWorld(t)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
	lost := 0
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if lost++; lost <= 2 {
			panic(http.ErrAbortHandler)
		}
		return nil
	}
	if r := w.lookup(alice); r.Version != 0 || lost != 3 {
		t.Errorf("%+v after %d requests", r, lost)
	}
}

// TestRedirectWithinHost follows a directory that moved to another path.
func TestRedirectWithinHost(t *testing.T) {
	w := newWorld(t)
	w.dir.Insert(clienttest.Update{Label: alice, Values: [][]byte{keys("a")}})
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "/new"+r.URL.Path, http.StatusPermanentRedirect)
	})
	mux.Handle("/new/", http.StripPrefix("/new", w.dir))
	w.server.Config.Handler = mux
	if r := w.lookup(alice); r.Version != 0 {
		t.Errorf("%+v", r)
	}
}

// TestSlow has a directory that sends a byte now and then.
func TestSlow(t *testing.T) {
	w := newWorld(t)
	var requests atomic.Int32
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		rw.Header().Set("Content-Type", "application/octet-stream")
		for {
			if _, err := rw.Write([]byte{0}); err != nil || r.Context().Err() != nil {
				return
			}
			rw.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	cfg := w.config()
	cfg.Timeout, cfg.Retries = 50*time.Millisecond, 1
	c, err := client.Open(w.root, "", cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Lookup(bg, alice, nil)
	wantKind(t, err, client.Undecided, "no answer from")
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests", n)
	}
}

// TestHeaders checks what a request carries.
func TestHeaders(t *testing.T) {
	w := newWorld(t)
	w.dir.Token = "secret"
	next := w.server.Config.Handler
	tokens := make(map[string]int)
	w.server.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.UserAgent() != "ghostlight-kt" || r.URL.RawQuery != "" || strings.Contains(r.URL.Path, "alice") {
			t.Errorf("%s, %s", r.UserAgent(), r.URL)
		}
		if r.Method == http.MethodPost && r.Header.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("content type %q", r.Header.Get("Content-Type"))
		}
		if r.Header.Get("Authorization") != "" {
			tokens[r.Header.Get("Authorization")+" "+r.URL.Path]++
		}
		next.ServeHTTP(rw, r)
	})
	w.publish(alice, keys("a"))
	w.publish(alice, keys("a"))
	w.watch()
	w.lookup(alice)
	if len(tokens) != 1 || tokens["Bearer secret /v1/update"] != 1 {
		t.Errorf("the token was sent with %v", tokens)
	}
}

func TestUnreachable(t *testing.T) {
	w := newWorld(t)
	w.own(alice)
	w.own("bob@example.org")
	before := w.dir.Requests("update")
	w.dir.Before = func(op string, _ []byte) *clienttest.Answer {
		if op == "update" {
			panic(http.ErrAbortHandler)
		}
		return nil
	}
	r := w.watch()
	for _, report := range r.Reports {
		wantKind(t, report.Err, client.Undecided, "not reached")
		w.outcome(report.Verdict, client.OutcomeUnchecked)
	}
	if n := w.dir.Requests("update") - before; n != 3 {
		t.Errorf("%d requests: a lost directory is asked about every label", n)
	}
	w.server.Close()
	_, err := w.c.Lookup(bg, alice, nil)
	wantKind(t, err, client.Undecided, "not reached")
	_, err = client.Trust(bg, t.TempDir(), w.server.URL, "", w.config())
	wantKind(t, err, client.Undecided, "not reached")
}

func TestNoDirectory(t *testing.T) {
	for name, body := range map[string]string{"HTML": "<html>", "empty": ""} {
		for _, contentType := range []string{"text/html", "application/octet-stream"} {
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", contentType)
				rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
				_, _ = rw.Write([]byte(body))
			}))
			root := t.TempDir()
			_, err := client.Trust(bg, root, server.URL, "", client.Config{})
			wantKind(t, err, client.Undecided, "")
			if _, err = client.Open(root, "", client.Config{}); client.KindOf(err) != client.Usage {
				t.Errorf("%s: something was pinned: %v", name, err)
			}
			server.Close()
		}
	}
}
