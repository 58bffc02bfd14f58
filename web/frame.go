package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// frame is what every server of this package has around its routes: limits,
// problems, the log of requests.
type frame struct {
	cfg    Config // Directory and Publisher may be absent
	router *chi.Mux

	configuration []byte // encoded
	digest        string // its SHA-256, in hexadecimal

	reads, updates gate
	batches        gate
	streams        gate // bundles of changes, and updates for auditors
	bodies         budget

	began    time.Time
	requests map[string]*atomic.Uint64 // by route pattern; not modified
	inFlight atomic.Int64
}

// newFrame returns a frame without routes for a log.
func newFrame(cfg Config, configuration *keytrans.Configuration) (*frame, error) {
	f := &frame{
		cfg: cfg, began: cfg.Now(),
		reads: newGate(cfg.MaxInFlight), updates: newGate(cfg.MaxInFlight), streams: newGate(maxStreams),
		batches: newGate(max(cfg.MaxInFlight/batchShare, 1)),
		bodies:  budget{limit: 16 * cfg.MaxUpdateBytes},
	}
	var err error
	if f.configuration, err = configuration.Marshal(); err != nil {
		return nil, fmt.Errorf("web: the configuration: %w", err)
	}
	digest := sha256.Sum256(f.configuration)
	f.digest = hex.EncodeToString(digest[:])
	return f, nil
}

// route makes the router of the routes that add adds. All requests pass through
// the middlewares, including those that no route matches.
func (s *frame) route(add func(r chi.Router)) {
	r := chi.NewRouter()
	s.router = r
	r.Use(s.observe, s.recoverPanics, secureHeaders, middleware.GetHead)
	r.NotFound(s.handle(func(http.ResponseWriter, *http.Request) error {
		return problemNotFound.because("there is nothing at this path")
	}))
	r.MethodNotAllowed(s.handle(s.methodNotAllowed))
	add(r)
	s.requests = countersOf(r)
}

// operation adds an operation of the protocol that only reads.
func (s *frame) operation(r chi.Router, name string, answer answerFunc) {
	s.open(r, http.MethodPost, "/v1/"+name, func(w http.ResponseWriter, r *http.Request) error {
		return s.serveRead(w, r, answer)
	})
}
