package web

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/web/audit"
)

// server answers the requests for one directory.
type server struct {
	*frame
	dir        *directory.Directory
	verifier   *keytrans.Verifier
	auditBytes int         // maxAuditBytes
	view       *audit.View // nil if none is served
}

// New returns the handler of everything that the package serves. It is safe for
// concurrent use, and to be served by NewServer, at whose shutdown streams of events end.
// The error says what of the Config, or of the directory's Configuration, cannot be used.
func New(cfg Config) (http.Handler, error) {
	s, err := newServer(cfg)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.router.ServeHTTP(w, r) }

// EndStreams ends the streams of events.
func (s *server) EndStreams() {
	if s.view != nil {
		s.view.EndStreams()
	}
}

func newServer(cfg Config) (*server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	configuration := cfg.Directory.Configuration()
	s := &server{dir: cfg.Directory, auditBytes: maxAuditBytes}
	if s.frame, err = newFrame(cfg, configuration); err != nil {
		return nil, err
	}
	if s.verifier, err = keytrans.NewVerifier(configuration); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	switch managed := configuration.Mode == keytrans.ThirdPartyManagement; {
	case managed && cfg.Link == nil:
		return nil, errors.New("web: Link is required for a log that a third party manages")
	case managed && cfg.View != nil:
		return nil, errors.New("web: the View of a log that a third party manages is not the manager's to serve")
	case managed:
		s.route(s.managerRoutes)
	default:
		s.route(func(r chi.Router) { err = s.routes(r) })
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// routes adds all that a directory serves.
func (s *server) routes(r chi.Router) error {
	s.userOperations(r)
	r.Post("/v1/update", s.handle(s.update))
	s.jsonAPI(r)
	s.routeOpenAPI(r)
	s.publicRoutes(r)
	return s.routeView(r)
}

// userOperations adds the operations of the protocol that only read.
func (s *server) userOperations(r chi.Router) {
	d, c := s.dir, s.dir.Configuration()
	s.operation(r, "search", answerer(c, keytrans.ParseSearchRequest, d.Search))
	s.operation(r, "contact-monitor", answerer(c, keytrans.ParseContactMonitorRequest, d.ContactMonitor))
	s.operation(r, "owner-init", answerer(c, keytrans.ParseOwnerInitRequest, d.OwnerInit))
	s.operation(r, "owner-monitor", answerer(c, keytrans.ParseOwnerMonitorRequest, d.OwnerMonitor))
	s.operation(r, "distinguished", answerer(c, keytrans.ParseDistinguishedRequest, d.Distinguished))
	s.operation(r, "absence", answerer(c, keytrans.ParseAbsenceRequest, d.Absence))
	s.batch(r, s.answerBatch)
	s.operation(r, "credential-update", answerer(c, keytrans.ParseCredentialUpdateRequest, d.CredentialUpdate))
	s.open(r, http.MethodGet, "/v1/configuration", s.serveConfiguration)
}

func (s *server) jsonAPI(r chi.Router) {
	s.open(r, http.MethodGet, "/api/v1/log", s.object(s.answerLog))
	s.open(r, http.MethodGet, "/api/v1/log/entries", s.object(s.answerEntries))
	s.open(r, http.MethodGet, "/api/v1/stats", s.object(s.answerStats))
	s.open(r, http.MethodPost, "/api/v1/lookup", s.lookup)
}

// publicRoutes adds what tells nothing of labels: the public log, and how the
// directory is.
func (s *server) publicRoutes(r chi.Router) {
	s.open(r, http.MethodGet, "/api/v1/log/publication", s.object(s.answerPublication))
	s.routeLog(r)
	s.routeAudit(r)

	r.Method(http.MethodGet, "/metrics", s.metricsHandler())
	r.Get("/livez", s.handle(s.livez))
	r.Get("/readyz", s.handle(s.readyz))
}

// open adds a route that scripts of every origin may use.
func (s *frame) open(r chi.Router, method, pattern string, h handlerFunc) {
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
func (s *frame) handle(h handlerFunc) http.HandlerFunc {
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
