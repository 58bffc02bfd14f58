package station

import (
	"net/http"
	"path/filepath"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/monitor/alert"
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
	r.Get("/alerts.atom", shared(f.Atom().ServeHTTP))
	r.Get("/alerts.feed.json", shared(f.JSON().ServeHTTP))
	r.Get("/evidence/{name}", shared(s.serveEvidence))
	return nil
}

// serveEvidence serves the evidence of an alert, if everybody may have it.
func (s *Station) serveEvidence(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "name")
	id, isJSON := strings.CutSuffix(name, ".json")
	a, err := s.ledger.Get(id)
	if !isJSON || err != nil || !s.hasPublicEvidence(&a.Alert) {
		http.Error(w, "there is no such evidence, or it has labels in it, and is not public", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	http.ServeFile(w, r, s.evidencePath(&a.Alert))
}

// hasPublicEvidence reports whether there is evidence of an alert that everybody may
// have. The file of an alert does not change, and is read once: everybody can ask for
// the status.
func (s *Station) hasPublicEvidence(a *alert.Alert) bool {
	if a.Evidence == "" {
		return false
	}
	if public, known := s.evidence.Load(a.ID); known {
		return public.(bool)
	}
	data, err := durable.ReadFile(s.evidencePath(a), evidence.MaxSize)
	if err != nil {
		return false
	}
	e, err := evidence.Parse(data)
	public := err == nil && !e.Private()
	s.evidence.Store(a.ID, public)
	return public
}

func (s *Station) evidencePath(a *alert.Alert) string {
	return s.folder(filepath.FromSlash(a.Evidence))
}
