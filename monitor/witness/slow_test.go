package witness

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestSlowLog has a log answer with a checkpoint, and then slowly. The round ends, and says
// that the log was not reached.
func TestSlowLog(t *testing.T) {
	w := newWorld(t, 30)
	w.round()
	w.log.Grow(t, 300, 1)
	var tiles atomic.Int64
	end := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/tile/") {
			tiles.Add(1)
			select {
			case <-end:
			case <-r.Context().Done():
			}
		}
		w.log.ServeHTTP(rw, r)
	}))
	t.Cleanup(slow.Close)
	t.Cleanup(func() { close(end) })
	w.restart(func() {
		w.logURL = slow.URL
		w.cfg.Logs[0].Policy = w.policy(w.log.Signer)
		w.cfg.Patience = 200 * time.Millisecond
	})
	f := w.round(finding.Unreachable)[0]
	if n := tiles.Load(); n != 1 || !f.Condition || f.After != 24*time.Hour || w.size() != 30 {
		t.Errorf("%d tiles were asked for, size %d, %+v", n, w.size(), f)
	}
}
