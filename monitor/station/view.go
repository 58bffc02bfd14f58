package station

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/ghostlight-kt/ghostlight/monitor/audit"
	"github.com/ghostlight-kt/ghostlight/monitor/logview"
	view "github.com/ghostlight-kt/ghostlight/web/audit"
)

const (
	// maxStreams is how many streams of events there are at a time, of the monitor and of
	// all views. Each takes a connection.
	maxStreams = 128
	// viewTime is how long a page of a view may take to make, if it takes the directory.
	viewTime = 20 * time.Second
	// viewPoll is how often a view looks for news while somebody listens.
	viewPoll = 2 * time.Second
)

func viewPath(name string) string { return "/view/" + name }

// hasViews reports whether there are audit views.
func (c *Config) hasViews() bool { return c.Listen != "" && (c.View == nil || *c.View) }

// viewOf returns the path of the view of a directory, "" if there is none.
func (c *Config) viewOf(name string) string {
	if name == "" || !c.hasViews() {
		return ""
	}
	return viewPath(name)
}

// addViews adds the audit view of each directory.
func (s *Station) addViews(r chi.Router) error {
	if !s.cfg.hasViews() {
		return nil
	}
	cache := logview.NewCache()
	for i := range s.cfg.Directories {
		d := &s.cfg.Directories[i]
		v, err := s.newView(d, cache)
		if err != nil {
			return fmt.Errorf("the view of %s: %w", d.Name, err)
		}
		s.views = append(s.views, v)
		handler := limitTime(v)
		r.Handle(viewPath(d.Name), handler)
		r.Handle(viewPath(d.Name)+"/*", handler)
	}
	return nil
}

// newView returns the view of a directory. What it rests on is what the monitor itself
// pinned, and its mirror if it keeps one.
func (s *Station) newView(d *Directory, cache *logview.Cache) (*view.View, error) {
	cfg := logview.Config{
		Directory: d.URL, Log: d.Log, HTTP: s.http, UserAgent: s.userAgent(), Cache: cache, Logger: s.opts.Logger, Now: s.opts.Now,
	}
	var err error
	if cfg.Configuration, err = s.cfg.configuration(d); err != nil {
		return nil, err
	}
	if cfg.Policy, err = s.cfg.policy(d.Policy); err != nil {
		return nil, err
	}
	if d.Audit != nil && d.Audit.Mode == audit.Mirror {
		cfg.Mirror = filepath.Join(s.folder(directoriesFolder, d.Name, auditFolder), string(audit.Mirror))
	}
	source, err := logview.New(cfg)
	if err != nil {
		return nil, err
	}
	return view.New(view.Config{
		Base: viewPath(d.Name), Source: source, Policy: source.Policy(), Directory: strings.TrimRight(d.URL, "/"), LogPrefix: strings.TrimRight(d.Log, "/"),
		Host: s.cfg.host(), Home: "/", Note: source.Note(), Monitors: s.cfg.peerMonitors(), MaxInFlight: maxPages, MaxStreams: maxStreams,
		Poll: viewPoll, Logger: s.opts.Logger, Now: s.opts.Now,
	})
}

// maxPages is how many pages of one view are made at a time.
const maxPages = 16

// peerMonitors are the peers, as other monitors that views link to.
func (c *Config) peerMonitors() (out []view.Monitor) {
	for _, peer := range c.Peers {
		m := view.Monitor{URL: strings.TrimRight(peer, "/")}
		_, m.Name, _ = strings.Cut(m.URL, "://")
		if view.CheckMonitor(m) == nil {
			out = append(out, m)
		}
	}
	return out
}

// limitTime ends what takes long, but no stream.
func limitTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/events") {
			ctx, cancel := context.WithTimeout(r.Context(), viewTime)
			defer cancel()
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

// limitStreams bounds the streams of events.
func limitStreams(most int, next http.Handler) http.Handler {
	room := make(chan struct{}, most)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			select {
			case room <- struct{}{}:
				defer func() { <-room }()
			default:
				w.Header().Set("Retry-After", "5")
				http.Error(w, "too many listen to events at this moment", http.StatusServiceUnavailable)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
