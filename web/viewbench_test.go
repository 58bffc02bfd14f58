package web

import (
	"flag"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/web/audit/audittest"
)

var viewEntries = flag.Uint64("view.entries", 10_000, "log entries in BenchmarkOverview")

// newIdleWorld returns a world with a view whose log was idle for so long that it has at
// least so many entries: each time that the directory looks at its clock, a heartbeat is
// due.
func newIdleWorld(t testing.TB, entries uint64) *world {
	t.Helper()
	var clock *atomic.Int64
	var stopped atomic.Bool
	w := newWorld(t, func(_ *Config, c *directory.Config) {
		c.Logger = slog.New(slog.DiscardHandler)
		leap, now := c.Heartbeat.Milliseconds(), c.Now
		clock = new(atomic.Int64)
		clock.Store(now().UnixMilli())
		c.Now = func() time.Time {
			if stopped.Load() {
				return time.UnixMilli(clock.Load())
			}
			return time.UnixMilli(clock.Add(leap))
		}
	})
	for size := uint64(0); size < entries; {
		var err error
		size, err = w.dir.WaitTreeSize(t.Context(), size)
		fatalIfErr(t, err)
	}
	stopped.Store(true)
	w.clock.Store(clock.Load())
	w.publishLog()
	return w
}

// BenchmarkOverview makes the first page of a log, and reports how much a browser gets
// for the first paint: the page and what it loads, as they travel.
func BenchmarkOverview(b *testing.B) {
	w := newIdleWorld(b, *viewEntries)
	accept := header{"Accept-Encoding", "gzip"}
	began := time.Now()
	first := w.do("GET", ViewPath+"/", nil)
	cold := time.Since(began)
	page, err := audittest.Parse(first.Body.String())
	fatalIfErr(b, err)
	bytes := w.do("GET", ViewPath+"/", nil, accept).Body.Len()
	for _, n := range page.All(func(n *html.Node) bool { return n.Data == "link" || n.Data == "script" }) {
		bytes += w.do("GET", audittest.Attribute(n, "href")+audittest.Attribute(n, "src"), nil, accept).Body.Len()
	}
	for b.Loop() {
		if rec := w.do("GET", ViewPath+"/", nil, accept); rec.Code != http.StatusOK || !strings.Contains(rec.Header().Get("Content-Encoding"), "gzip") {
			b.Fatalf("status %d", rec.Code)
		}
	}
	b.ReportMetric(float64(bytes), "transferred-B")
	b.ReportMetric(float64(cold.Microseconds())/1000, "first-ms")
}
