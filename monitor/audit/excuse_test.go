package audit

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestOtherExcuses has the directory and its log be silent in turn, so that nothing is
// audited. Neither is over before something is, or nobody would ever be told.
func TestOtherExcuses(t *testing.T) {
	w := newWorld(t, Mirror)
	w.cfg.LogURL = strings.Replace(w.cfg.URL, "127.0.0.1", "localhost", 1) + "/log" // elsewhere
	r := w.open()
	w.round(r)
	w.grow(3)
	w.set(func() { w.intercept = none("", http.StatusServiceUnavailable) })
	first := w.round(r, finding.Unreachable).Findings[0]
	for _, path := range []string{"/log", "", "/log"} {
		w.set(func() { w.intercept = none(path, http.StatusServiceUnavailable) })
		keys := map[string]bool{}
		for _, f := range r.Round(t.Context()).Findings {
			keys[f.Key()] = true
		}
		if !keys[first.Key()] {
			t.Error("the first condition is over, and nothing was audited")
		}
	}
	w.set(func() { w.intercept = none("/log/checkpoint", http.StatusOK) }) // told at once
	w.round(r, finding.Refused, finding.QuorumOverdue)
	w.set(func() { w.intercept = nil })
	w.round(r)
}
