package feed

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// source returns private forms, and more than it is asked for.
type source struct {
	n   int
	err error
}

func (s *source) Latest(int) (out []alert.Alert, err error) {
	for i := s.n; i > 0; i-- {
		at := time.Date(2026, 11, 26, 8, 0, i, 0, time.UTC)
		out = append(out, alert.Alert{
			Schema: alert.Schema, ID: fmt.Sprintf("93f1c2a07be4d518-%d", i), Number: uint64(i), State: alert.Raised,
			Rule: finding.Stalled, Class: finding.Report, Severity: finding.Warning, Directory: "example", Role: "example/audit",
			Summary: "heartbeats <are> & \"missing\" \x01", Detail: "secret", Hint: "secret", Evidence: "secret", FoundAt: at, RaisedAt: at,
		})
	}
	return out, s.err
}

func newFeed(t testing.TB, s Source) *Feed {
	t.Helper()
	f, err := New(s, Config{URL: "https://monitor.example.org/", Since: "2026"})
	fatalIfErr(t, err)
	return f
}

func get(t testing.TB, h http.Handler, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	fatalIfErr(t, err)
	return w.Result(), string(body)
}

func TestAtom(t *testing.T) {
	resp, body := get(t, newFeed(t, &source{n: 250}).Atom())
	var feed atomFeed
	fatalIfErr(t, xml.Unmarshal([]byte(body), &feed))
	if len(feed.Entries) != Length || feed.ID != "tag:monitor.example.org,2026:ghostlight:alerts" || feed.Updated != "2026-11-26T08:04:10Z" {
		t.Errorf("%d entries, ID %s, updated %s", len(feed.Entries), feed.ID, feed.Updated)
	}
	e := feed.Entries[0]
	if e.ID != "tag:monitor.example.org,2026:ghostlight:alert:93f1c2a07be4d518-250" || !strings.HasPrefix(e.Title, "warning: example: heartbeats <are> & \"missing\"") {
		t.Errorf("the first entry is %+v", e)
	}
	if page := "https://monitor.example.org/alerts/93f1c2a07be4d518-250"; len(e.Links) != 1 || e.Links[0].Href != page {
		t.Errorf("the links of the first entry are %v", e.Links)
	}
	if strings.Contains(body, "secret") || resp.Header.Get("Content-Type") != "application/atom+xml; charset=utf-8" {
		t.Errorf("%v %s", resp.Header, body)
	}
}

func TestJSON(t *testing.T) {
	resp, body := get(t, newFeed(t, &source{n: 3}).JSON())
	var feed jsonFeed
	fatalIfErr(t, json.Unmarshal([]byte(body), &feed))
	if len(feed.Items) != 3 || feed.Version != "https://jsonfeed.org/version/1.1" || feed.FeedURL != "https://monitor.example.org/alerts.feed.json" {
		t.Errorf("%+v", feed)
	}
	if url := feed.Items[0].URL; url != "https://monitor.example.org/alerts/93f1c2a07be4d518-3" {
		t.Errorf("the URL of the first item is %s", url)
	}
	if a := feed.Items[0].Alert; a.ID != "93f1c2a07be4d518-3" || a.Number != 3 {
		t.Errorf("%+v", a)
	}
	if strings.Contains(body, "secret") || resp.Header.Get("Content-Type") != "application/feed+json" {
		t.Errorf("%v %s", resp.Header, body)
	}
	if _, body := get(t, newFeed(t, &source{}).JSON()); !strings.Contains(body, `"items": []`) {
		t.Errorf("the empty feed is %s", body)
	}
}

// TestCaching asks again.
func TestCaching(t *testing.T) {
	s := &source{n: 2}
	f := newFeed(t, s)
	for _, h := range []http.Handler{f.Atom(), f.JSON()} {
		s.n = 2
		first, _ := get(t, h)
		tag, at := first.Header.Get("ETag"), first.Header.Get("Last-Modified")
		for _, c := range []struct {
			header []string
			n      int
			want   int
		}{
			{[]string{"If-None-Match", tag}, 2, 304}, {[]string{"If-None-Match", tag}, 3, 200},
			{[]string{"If-Modified-Since", at}, 2, 304}, {[]string{"If-Modified-Since", at}, 3, 200},
			{[]string{"If-None-Match", `"other"`, "If-Modified-Since", at}, 2, 200},
		} {
			s.n = c.n
			if resp, _ := get(t, h, c.header...); resp.StatusCode != c.want {
				t.Errorf("%q with %d alerts: %d", c.header, c.n, resp.StatusCode)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	f := newFeed(t, &source{err: errors.New("disk of alice")})
	for _, h := range []http.Handler{f.Atom(), f.JSON()} {
		resp, body := get(t, h)
		if resp.StatusCode != 500 || strings.Contains(body, "alice") {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", "/", nil))
		if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST: %d", w.Code)
		}
	}
	for _, cfg := range []Config{
		{}, {URL: "https://a"}, {URL: "a", Since: "2026"}, {URL: "ftp://a", Since: "2026"}, {URL: "https://u:p@a", Since: "2026"},
		{URL: "https://a?b", Since: "2026"}, {URL: "https://a", Since: "today"}, {URL: "https://a", Since: "2026-11-26T"},
	} {
		if _, err := New(&source{}, cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}
