package station

import (
	"net/http"
	"path/filepath"

	"github.com/go-chi/chi/v5"

	"github.com/ghostlight-kt/ghostlight/internal/durable"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/monitor/alert/feed"
)

// feedSince is a part of the IDs of alerts in feeds, which must never change.
const feedSince = "2026"

// addFeeds adds what is served of alerts.
func (s *Station) addFeeds(r chi.Router) error {
	f, err := feed.New(s.ledger, feed.Config{URL: s.cfg.URL, Since: feedSince, Logger: s.opts.Logger})
	if err != nil {
		return err
	}
	r.Method(http.MethodGet, "/alerts.atom", f.Atom())
	r.Method(http.MethodGet, "/alerts.feed.json", f.JSON())
	r.Get("/evidence/{name}", s.serveEvidence)
	return nil
}

// serveEvidence serves the evidence of an alert, if everybody may have it.
func (s *Station) serveEvidence(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "name")
	id := name[:len(name)-len(filepath.Ext(name))]
	data := s.publicEvidence(id)
	if filepath.Ext(name) != ".json" || data == nil {
		http.Error(w, "there is no such evidence, or it has labels in it, and is not public", http.StatusNotFound)
		return
	}
	send(w, "application/json", data)
}

// publicEvidence returns the evidence of an alert, nil if there is none or it has
// labels or values in it.
func (s *Station) publicEvidence(id string) []byte {
	a, err := s.ledger.Get(id)
	if err != nil || a.Evidence == "" {
		return nil
	}
	data, err := durable.ReadFile(s.folder(filepath.FromSlash(a.Evidence)), evidence.MaxSize)
	if err != nil {
		return nil
	}
	e, err := evidence.Parse(data)
	if err != nil || e.Private() {
		return nil
	}
	return data
}
