package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// unmatched stands for the route of a request that no route matches. Its path
// is not logged.
const unmatched = "unmatched"

// routeOf returns the pattern of the route that serves r.
func routeOf(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil {
		if p := c.RoutePattern(); p != "" {
			return p
		}
	}
	return unmatched
}

// countersOf returns a counter for each pattern of a router, and for requests
// that match none.
func countersOf(routes chi.Routes) map[string]*atomic.Uint64 {
	out := map[string]*atomic.Uint64{unmatched: new(atomic.Uint64)}
	_ = chi.Walk(routes, func(_, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if out[pattern] == nil {
			out[pattern] = new(atomic.Uint64)
		}
		return nil
	})
	return out
}

// knownMethods are the methods that are logged by name: others are the client's
// invention.
var knownMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace,
}

func methodOf(r *http.Request) string {
	for _, m := range knownMethods {
		if r.Method == m {
			return m
		}
	}
	return "other"
}

// observe counts and logs requests.
func (s *frame) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.cfg.Now()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		s.inFlight.Add(1)
		defer func() {
			s.inFlight.Add(-1)
			route := routeOf(r)
			counter, ok := s.requests[route]
			if !ok {
				counter = s.requests[unmatched]
			}
			counter.Add(1)
			level := slog.LevelDebug
			if ww.Status() >= http.StatusInternalServerError {
				level = slog.LevelWarn
			}
			s.cfg.Logger.Log(context.WithoutCancel(r.Context()), level, "request", "method", methodOf(r),
				"route", route, "status", ww.Status(), "bytes", ww.BytesWritten(),
				"ms", s.cfg.Now().Sub(began).Milliseconds())
		}()
		next.ServeHTTP(ww, r)
	})
}

// recoverPanics answers with a 500 when a handler panics, or breaks the
// connection if the response had begun.
func (s *frame) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			reason := recover()
			switch {
			case reason == nil:
				return
			case reason == http.ErrAbortHandler: // not a failure
				panic(reason)
			}
			s.cfg.Logger.ErrorContext(r.Context(), "panic", "route", routeOf(r),
				"reason", fmt.Sprint(reason), "stack", string(debug.Stack()))
			if ww, ok := w.(middleware.WrapResponseWriter); ok && ww.Status() != 0 {
				panic(http.ErrAbortHandler)
			}
			problemInternal.because("").write(w)
		}()
		next.ServeHTTP(w, r)
	})
}

// secureHeaders sets the headers of all responses. Handlers of cacheable
// resources set another Cache-Control, handlers of pages another policy.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (s *frame) methodNotAllowed(w http.ResponseWriter, r *http.Request) error {
	allow := s.allowed(r)
	w.Header().Set("Allow", allow)
	return problemMethodNotAllowed.because("allowed: " + allow)
}

// allowed returns the methods that the path of r has, as in the header Allow.
func (s *frame) allowed(r *http.Request) string {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	var out []string
	for _, m := range knownMethods {
		matched := s.router.Match(chi.NewRouteContext(), m, path)
		if m == http.MethodHead { // as GET, by middleware.GetHead
			matched = s.router.Match(chi.NewRouteContext(), http.MethodGet, path)
		}
		if matched {
			out = append(out, m)
		}
	}
	return strings.Join(out, ", ")
}
