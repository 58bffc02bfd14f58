package station

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS []byte

var page = template.Must(template.New("page").Funcs(template.FuncMap{"class": verdictClass, "severity": severityClass}).Parse(pageHTML))

// verdictClass returns the style of a verdict.
func verdictClass(v finding.Verdict) string {
	switch v {
	case finding.Verified:
		return "good"
	case finding.Misbehaviour:
		return "bad"
	}
	return "doubt"
}

// severityClass returns the style of a severity.
func severityClass(s finding.Severity) string {
	switch s {
	case finding.Critical:
		return "bad"
	case finding.Warning:
		return "doubt"
	}
	return "good"
}

// web is the monitor's web server.
type web struct {
	listener net.Listener
	server   *http.Server
	logger   *slog.Logger
	served   bool
}

// listen begins to listen, without answering yet.
func (s *Station) listen(ctx context.Context) (*web, error) {
	handler, err := s.handler()
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return nil, err
	}
	s.opts.Logger.InfoContext(ctx, "listening", "address", l.Addr().String())
	return newWeb(l, handler, s.opts.Logger), nil
}

func newWeb(l net.Listener, handler http.Handler, logger *slog.Logger) *web {
	return &web{listener: newBounded(l, maxConnections), logger: logger, server: &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}}
}

// serve answers until ctx ends, and then until what was asked is answered: the witness
// and the ledger are closed after that.
func (w *web) serve(ctx context.Context) {
	w.served = true
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		const patience = 5 * time.Second
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		if w.server.Shutdown(end) != nil {
			w.server.Close()
		}
	})
	if err := w.server.Serve(w.listener); !errors.Is(err, http.ErrServerClosed) {
		w.logger.ErrorContext(ctx, "the status page is not served any more", "err", err)
	}
	if !stop() {
		<-ended // Serve returns when that begins
	}
}

func (w *web) close() error {
	if w.served {
		return nil
	}
	return w.listener.Close()
}

// maxBody is the largest body of a request, in bytes: an add-checkpoint.
const maxBody = 1 << 20

// handler returns everything that the monitor serves.
func (s *Station) handler() (http.Handler, error) {
	r := chi.NewRouter()
	r.Use(secure)
	r.Get("/", s.servePage)
	r.Get("/page.css", func(w http.ResponseWriter, _ *http.Request) { send(w, "text/css; charset=utf-8", pageCSS) })
	r.Get("/status.json", func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, http.StatusOK, s.Status()) })
	r.Get("/livez", func(w http.ResponseWriter, _ *http.Request) { sendHealth(w, []string{}) })
	r.Get("/readyz", func(w http.ResponseWriter, _ *http.Request) { sendHealth(w, s.reasons()) })
	r.Handle("/metrics", promhttp.HandlerFor(s.metrics(), promhttp.HandlerOpts{}))
	if err := s.addFeeds(r); err != nil {
		return nil, err
	}
	r.Handle("/gossip/*", s.gossip)
	if s.witness != nil {
		r.Mount("/witness", http.StripPrefix("/witness", s.witness))
	}
	return http.MaxBytesHandler(r, maxBody), nil
}

// secure keeps a browser from doing anything with a page but showing it.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

func (s *Station) servePage(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	if err := page.Execute(&b, s.Status()); err != nil {
		s.opts.Logger.Error("the status page", "err", err)
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	send(w, "text/html; charset=utf-8", b.Bytes())
}

// health is the answer of /livez and /readyz.
type health struct {
	SchemaVersion int      `json:"schema_version"`
	OK            bool     `json:"ok"`
	Reasons       []string `json:"reasons"`
}

func sendHealth(w http.ResponseWriter, reasons []string) {
	status := http.StatusOK
	if len(reasons) > 0 {
		status = http.StatusServiceUnavailable
	}
	sendJSON(w, status, health{schemaVersion, len(reasons) == 0, reasons})
}

func sendJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic("station: a status has no encoding: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // the reader may be gone
}

func send(w http.ResponseWriter, contentType string, data []byte) {
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(data) // the reader may be gone
}
