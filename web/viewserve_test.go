package web

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/web/audit/audittest"
)

// TestViewCompressed gets pages and what they load as browsers do.
func TestViewCompressed(t *testing.T) {
	w := newViewWorld(t, 4)
	page := w.do("GET", ViewPath+"/", nil).Body.String()
	style := page[strings.Index(page, ViewPath+"/assets/view-"):]
	style, _, _ = strings.Cut(style, "\"")
	for _, path := range []string{ViewPath + "/log", style} {
		plain := w.do("GET", path, nil)
		rec := w.do("GET", path, nil, header{"Accept-Encoding", "gzip"})
		h := rec.Header()
		if h.Get("Content-Encoding") != "gzip" || h.Get("Vary") != "Accept-Encoding" || rec.Body.Len() >= plain.Body.Len()/2 {
			t.Errorf("%s: %d of %d bytes, %v", path, rec.Body.Len(), plain.Body.Len(), h)
			continue
		}
		r, err := gzip.NewReader(rec.Body)
		fatalIfErr(t, err)
		got, err := io.ReadAll(r)
		fatalIfErr(t, err)
		if string(got) != plain.Body.String() {
			t.Errorf("%s is another one when it is compressed", path)
		}
		tag := h.Get("ETag")
		again := w.do("GET", path, nil, header{"Accept-Encoding", "gzip"}, header{"If-None-Match", tag})
		if tag == "" || again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s: status %d, %d bytes for the tag %s", path, again.Code, again.Body.Len(), tag)
		}
		if immutable := strings.Contains(h.Get("Cache-Control"), "immutable"); immutable != (path == style) {
			t.Errorf("%s: Cache-Control %s", path, h.Get("Cache-Control"))
		}
	}
}

func TestViewMethods(t *testing.T) {
	w := newViewWorld(t, 2)
	for path, allow := range map[string]string{"/": "GET, HEAD", "/lookup": "GET, HEAD, POST", "/view.json": "GET, HEAD"} {
		rec := w.do(http.MethodDelete, ViewPath+path, nil)
		if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != allow {
			t.Errorf("%s: status %d, Allow %q", path, rec.Code, rec.Header().Get("Allow"))
		}
		rec = w.do(http.MethodHead, ViewPath+path, nil)
		if rec.Code != http.StatusOK || rec.Body.Len() > 0 || rec.Header().Get("Content-Length") != "" || rec.Header().Get("ETag") == "" {
			t.Errorf("HEAD %s: status %d, %d bytes", path, rec.Code, rec.Body.Len())
		}
	}
}

func TestViewTrouble(t *testing.T) {
	w := newViewWorld(t, 3)
	secret := fmt.Errorf("a disk called /dev/secret")
	fail := func() error { return secret }
	w.store.onGet.Store(&fail)
	p := w.visit(http.StatusInternalServerError, "GET", "/log/1", nil)
	wantText(t, p, "main", "Something failed here")
	if strings.Contains(audittest.Text(p.ID("main")), "secret") {
		t.Error("the page tells what failed")
	}
	w.store.onGet.Store(nil)
	w.dir.Close()
	rec := w.do("GET", ViewPath+"/", nil)
	if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" || !strings.Contains(rec.Body.String(), "<h1>Unavailable</h1>") {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
}

// TestViewStreams has streams end when the server is shut down.
func TestViewStreams(t *testing.T) {
	w := newViewWorld(t, 3)
	server := httptest.NewUnstartedServer(nil)
	server.Config = NewServer(w.handler, nil)
	server.Start()
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+ViewPath+"/events", nil)
	fatalIfErr(t, err)
	response, err := http.DefaultClient.Do(request)
	fatalIfErr(t, err)
	defer response.Body.Close()
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("status %d, %v", response.StatusCode, response.Header)
	}
	buffer, got := make([]byte, 1024), ""
	for !strings.Contains(got, "event: checkpoint\n") || !strings.Contains(got, `"tree_size":3`) {
		n, err := response.Body.Read(buffer)
		fatalIfErr(t, err)
		got += string(buffer[:n])
	}
	w.publish("news", nil, "x")
	for got = ""; !strings.Contains(got, `event: head`) || !strings.Contains(got, `"tree_size":4`); {
		n, err := response.Body.Read(buffer)
		fatalIfErr(t, err)
		got += string(buffer[:n])
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	fatalIfErr(t, server.Config.Shutdown(ctx))
	if rec := w.do("GET", ViewPath+"/events", nil); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("a new stream after the end: status %d", rec.Code)
	}
}
