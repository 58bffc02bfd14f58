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

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// server answers the requests for one directory.
type server struct {
	cfg    Config
	dir    *directory.Directory
	router *chi.Mux

	configuration []byte // encoded
	digest        string // its SHA-256, in hexadecimal
	verifier      *keytrans.Verifier

	reads, updates gate
	batches        gate
	streams        gate // bundles of changes, and updates for auditors
	bodies         budget
	auditBytes     int // maxAuditBytes

	began    time.Time
	requests map[string]*atomic.Uint64 // by route pattern; not modified
	inFlight atomic.Int64
}

// New returns the handler of everything that the package serves. It is safe for
// concurrent use. The error says what of the Config, or of the directory's
// Configuration, cannot be used.
func New(cfg Config) (http.Handler, error) {
	s, err := newServer(cfg)
	if err != nil {
		return nil, err
	}
	return s.router, nil
}

func newServer(cfg Config) (*server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &server{
		cfg: cfg, dir: cfg.Directory, began: cfg.Now(),
		reads: newGate(cfg.MaxInFlight), updates: newGate(cfg.MaxInFlight), streams: newGate(maxStreams),
		batches: newGate(max(cfg.MaxInFlight/batchShare, 1)),
		bodies:  budget{limit: 16 * cfg.MaxUpdateBytes}, auditBytes: maxAuditBytes,
	}
	configuration := s.dir.Configuration()
	if s.configuration, err = configuration.Marshal(); err != nil {
		return nil, fmt.Errorf("web: the configuration: %w", err)
	}
	digest := sha256.Sum256(s.configuration)
	s.digest = hex.EncodeToString(digest[:])
	if s.verifier, err = keytrans.NewVerifier(configuration); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s.router = s.routes()
	s.requests = countersOf(s.router)
	return s, nil
}

// routes returns the router. All requests pass through the middlewares,
// including those that no route matches.
func (s *server) routes() *chi.Mux {
	r := chi.NewRouter()
	r.Use(s.observe, s.recoverPanics, secureHeaders, middleware.GetHead)
	r.NotFound(s.handle(func(http.ResponseWriter, *http.Request) error {
		return problemNotFound.because("there is nothing at this path")
	}))
	r.MethodNotAllowed(s.handle(s.methodNotAllowed))

	d, c := s.dir, s.dir.Configuration()
	s.operation(r, "search", answerer(c, keytrans.ParseSearchRequest, d.Search))
	s.operation(r, "contact-monitor", answerer(c, keytrans.ParseContactMonitorRequest, d.ContactMonitor))
	s.operation(r, "owner-init", answerer(c, keytrans.ParseOwnerInitRequest, d.OwnerInit))
	s.operation(r, "owner-monitor", answerer(c, keytrans.ParseOwnerMonitorRequest, d.OwnerMonitor))
	s.operation(r, "distinguished", answerer(c, keytrans.ParseDistinguishedRequest, d.Distinguished))
	s.operation(r, "absence", answerer(c, keytrans.ParseAbsenceRequest, d.Absence))
	s.open(r, http.MethodPost, "/v1/batch", s.batch)
	s.operation(r, "credential-update", answerer(c, keytrans.ParseCredentialUpdateRequest, d.CredentialUpdate))
	r.Post("/v1/update", s.handle(s.update))
	s.open(r, http.MethodGet, "/v1/configuration", s.serveConfiguration)

	s.open(r, http.MethodGet, "/api/v1/log", s.object(s.answerLog))
	s.open(r, http.MethodGet, "/api/v1/log/entries", s.object(s.answerEntries))
	s.open(r, http.MethodGet, "/api/v1/log/publication", s.object(s.answerPublication))
	s.open(r, http.MethodGet, "/api/v1/stats", s.object(s.answerStats))
	s.open(r, http.MethodPost, "/api/v1/lookup", s.lookup)

	s.routeLog(r)
	s.routeAudit(r)

	r.Method(http.MethodGet, "/metrics", s.metricsHandler())
	r.Get("/livez", s.handle(s.livez))
	r.Get("/readyz", s.handle(s.readyz))
	return r
}

// operation adds an operation of the protocol that only reads.
func (s *server) operation(r chi.Router, name string, answer answerFunc) {
	s.open(r, http.MethodPost, "/v1/"+name, func(w http.ResponseWriter, r *http.Request) error {
		return s.serveRead(w, r, answer)
	})
}

// open adds a route that scripts of every origin may use.
func (s *server) open(r chi.Router, method, pattern string, h handlerFunc) {
	serve := s.handle(h)
	r.Method(method, pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Expose-Headers", "ETag, Retry-After")
		serve(w, r)
	}))
	r.Options(pattern, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", method)
		h.Set("Access-Control-Allow-Headers", "Content-Type")
		h.Set("Access-Control-Max-Age", "86400")
		h.Set("Allow", s.allowed(r))
		w.WriteHeader(http.StatusNoContent)
	})
}

// handlerFunc answers a request, or returns an error, which problemOf turns
// into the answer, without having written anything.
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// handle returns the http.HandlerFunc of h.
func (s *server) handle(h handlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		p := problemOf(err)
		if p.kind == problemInternal {
			s.cfg.Logger.ErrorContext(r.Context(), "request failed", "route", routeOf(r), "err", err)
		}
		p.write(w)
	}
}
