package station

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ghostlight-kt/ghostlight/web/audit"
)

// web is the monitor's web server.
type web struct {
	listener net.Listener
	server   *http.Server
	logger   *slog.Logger
	shell    *audit.Shell
	served   bool
}

// listen begins to listen, without answering yet.
func (s *Station) listen(ctx context.Context) (*web, error) {
	shell, err := s.newShell()
	if err != nil {
		return nil, err
	}
	handler, err := s.handler(shell)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return nil, err
	}
	s.opts.Logger.InfoContext(ctx, "listening", "address", l.Addr().String())
	w := newWeb(l, handler, s.opts.Logger)
	w.shell = shell
	w.server.RegisterOnShutdown(s.endStreams)
	return w, nil
}

// endStreams ends the streams of events, for which a server that shuts down would wait.
func (s *Station) endStreams() {
	s.announcer.stream.End()
	for _, v := range s.views {
		v.EndStreams()
	}
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
func (s *Station) handler(shell *audit.Shell) (http.Handler, error) {
	r := chi.NewRouter()
	r.Use(func(next http.Handler) http.Handler { return secure(shell, next) })
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) { shell.Problem(w, noPage) })
	r.Get("/", s.servePage)
	r.Get("/alerts/{id}", s.serveAlert)
	r.Get("/assets/{name}", shell.Asset)
	r.Get("/verify.html", shell.Standalone)
	r.Get("/status.json", shared(func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, http.StatusOK, s.Status()) }))
	r.Get("/events", shared(s.announcer.stream.ServeHTTP))
	r.Get("/livez", func(w http.ResponseWriter, _ *http.Request) { sendHealth(w, []string{}) })
	r.Get("/readyz", func(w http.ResponseWriter, _ *http.Request) { sendHealth(w, s.reasons()) })
	r.Handle("/metrics", promhttp.HandlerFor(s.metrics(), promhttp.HandlerOpts{}))
	if err := s.addFeeds(r); err != nil {
		return nil, err
	}
	if err := s.addViews(r); err != nil {
		return nil, err
	}
	r.Handle("/gossip/*", s.gossip)
	if s.witness != nil {
		r.Mount("/witness", http.StripPrefix("/witness", s.witness))
	}
	return limitStreams(maxStreams, http.MaxBytesHandler(r, maxBody)), nil
}

var noPage = &audit.Problem{Status: http.StatusNotFound, Title: "There is no such page", Detail: "What this monitor has is on its first page."}

// secure keeps a browser from doing anything with a page but what its own scripts do.
func secure(shell *audit.Shell, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shell.Secure(w.Header())
		next.ServeHTTP(w, r)
	})
}

// shared has pages of other origins read what is served, such as an operator's that shows
// what monitors say. There is nothing private in it, and nothing depends on who asks.
func shared(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		next(w, r)
	}
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
