package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/operator"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// OperatorConfig describes the HTTP side of a Service Operator. The fields that
// Config has, too, mean the same.
type OperatorConfig struct {
	// Operator is what is served. It is required.
	Operator *operator.Operator

	Logger         *slog.Logger
	MaxInFlight    int
	MaxUpdateBytes int64
	Timeout        time.Duration
	Now            func() time.Time
}

// operatorServer answers the requests of users for one operator, with what the
// manager answers.
type operatorServer struct {
	*frame
	op *operator.Operator
}

// NewOperator returns the handler of everything that an operator serves: what a
// directory does, but for /api/v1/stats. It is safe for concurrent use. The error
// says what of the OperatorConfig cannot be used.
func NewOperator(cfg OperatorConfig) (http.Handler, error) {
	if cfg.Operator == nil {
		return nil, errors.New("web: Operator is required")
	}
	common, err := Config{
		Logger: cfg.Logger, MaxInFlight: cfg.MaxInFlight, MaxUpdateBytes: cfg.MaxUpdateBytes,
		Timeout: cfg.Timeout, Now: cfg.Now,
	}.withLimits()
	if err != nil {
		return nil, err
	}
	s := &operatorServer{op: cfg.Operator}
	if s.frame, err = newFrame(common, cfg.Operator.Configuration()); err != nil {
		return nil, err
	}
	s.route(s.routes)
	return s.router, nil
}

func (s *operatorServer) routes(r chi.Router) {
	s.operation(r, "search", s.op.Search)
	s.operation(r, "contact-monitor", s.op.ContactMonitor)
	s.operation(r, "owner-init", s.op.OwnerInit)
	s.operation(r, "owner-monitor", s.op.OwnerMonitor)
	s.operation(r, "distinguished", s.op.Distinguished)
	s.operation(r, "absence", s.op.Absence)
	s.batch(r, s.op.Batch)
	s.operation(r, "credential-update", s.op.CredentialUpdate)
	r.Post("/v1/update", s.handle(s.update))
	s.open(r, http.MethodGet, "/v1/configuration", s.serveConfiguration)

	for _, path := range []string{"/api/v1/log", "/api/v1/log/entries", "/api/v1/log/publication"} {
		s.open(r, http.MethodGet, path, s.forwardObject)
	}
	s.open(r, http.MethodPost, "/api/v1/lookup", s.forwardLookup)
	s.open(r, http.MethodGet, LogPrefix+"*", s.forwardLog)

	r.Method(http.MethodGet, "/metrics", s.metricsHandler())
	r.Get("/livez", s.handle(s.livez))
	r.Get("/readyz", s.handle(s.readyz))
}

// update serves the operation that writes.
func (s *operatorServer) update(w http.ResponseWriter, r *http.Request) error {
	return s.serveUpdate(w, r, func(ctx context.Context, credential directory.Credential, body []byte) ([]byte, error) {
		q, err := keytrans.ParseUpdateRequest(body)
		if err != nil {
			return nil, err
		}
		return s.op.Update(ctx, credential, q)
	})
}

// forwardObject serves an object of the manager's JSON API. Nothing in it is
// verified; it is the manager's claim.
func (s *operatorServer) forwardObject(w http.ResponseWriter, r *http.Request) error {
	path := r.URL.Path
	if q := r.URL.Query(); len(q) > 0 {
		path += "?" + q.Encode()
	}
	answer, err := s.inRoom(r, func(r *http.Request) (any, error) {
		return s.op.Object(r.Context(), path)
	})
	if err != nil {
		return err
	}
	writeBody(w, http.StatusOK, jsonType, answer.([]byte))
	return nil
}

func (s *operatorServer) forwardLookup(w http.ResponseWriter, r *http.Request) error {
	if err := requireType(r, jsonType); err != nil {
		return err
	}
	answer, err := s.answerBody(w, r, maxSmallBody, s.reads, func(ctx context.Context, body []byte) ([]byte, error) {
		return s.op.PostObject(ctx, r.URL.Path, body)
	})
	if err != nil {
		return err
	}
	writeBody(w, http.StatusOK, jsonType, answer)
	return nil
}

// forwardedHeaders are those that go on with a file of the public log.
var forwardedHeaders = []string{"Content-Type", "Content-Encoding", "Content-Length", "Cache-Control", "Vary"}

// forwardLog serves a file of the public log as it arrives.
func (s *operatorServer) forwardLog(w http.ResponseWriter, r *http.Request) error {
	path := r.URL.EscapedPath()
	if path != LogPrefix+"checkpoint" {
		if _, err := parseTile(r); err != nil {
			return err
		}
	}
	if !s.streams.enter() {
		return errOverloaded
	}
	defer s.streams.leave()
	// Whoever follows the log reads on; nobody waits for a file that stands still.
	ctx, cancel := context.WithTimeout(r.Context(), maxForward)
	defer cancel()
	file, err := s.op.File(ctx, path, strings.Join(r.Header.Values("Accept-Encoding"), ", "))
	if err != nil {
		return err
	}
	defer file.Body.Close()
	for _, name := range forwardedHeaders {
		if v := file.Header.Get(name); v != "" {
			w.Header().Set(name, v)
		}
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	out := &streamWriter{w: w, conn: http.NewResponseController(w)}
	if _, err := io.Copy(out, file.Body); err != nil {
		panic(http.ErrAbortHandler) // it must not look complete
	}
	return nil
}

// maxForward bounds how long a file of the public log may take.
const maxForward = 10 * time.Minute

// The reasons of /readyz of an operator. They are stable.
const (
	reasonUnreachable = "manager-unreachable"
	reasonMisbehaved  = "manager-misbehaved"
	reasonRefused     = "manager-log-refused"
)

// readyz says whether the manager answers, with a log that verifies.
func (s *operatorServer) readyz(w http.ResponseWriter, _ *http.Request) error {
	var reasons []string
	switch st := s.op.Status(); {
	case errors.Is(st.Log, operator.ErrDistrusted):
		reasons = append(reasons, reasonMisbehaved)
	case st.Manager != nil:
		reasons = append(reasons, reasonUnreachable)
	case st.Log != nil:
		reasons = append(reasons, reasonRefused)
	}
	return writeHealth(w, reasons, []string{})
}

var (
	metricManagerUp      = describe("manager_up", "Whether the manager answered when it was asked last.")
	metricManagerTrusted = describe("manager_log_accepted", "Whether the manager's log verifies.")
)

// operatorCollector reads the metrics of an operator when they are asked for. It
// implements prometheus.Collector.
type operatorCollector struct{ *operatorServer }

// Describe implements prometheus.Collector.
func (c operatorCollector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements prometheus.Collector.
func (c operatorCollector) Collect(ch chan<- prometheus.Metric) {
	c.collectRequests(ch)
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	st := c.op.Status()
	gauge(metricManagerUp, oneIf(st.Manager == nil))
	gauge(metricManagerTrusted, oneIf(st.Log == nil))
	if st.TreeSize > 0 {
		gauge(metricTreeSize, float64(st.TreeSize))
		gauge(metricHeadTime, float64(st.Timestamp)/1000)
	}
}

func (s *operatorServer) metricsHandler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(operatorCollector{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}
