package audit

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
)

// ShellConfig describes a Shell. Templates is required.
type ShellConfig struct {
	// Base is the path that the pages are below, as in Config; empty for the root.
	Base string
	// Host says who serves the pages.
	Host Host
	// Menu and Footer are on every page.
	Menu   []NavGroup
	Footer []NavLink
	// Templates has files templates/page-NAME.html. Each defines "content", and can define
	// "title" and "head".
	Templates fs.FS
	// Logger takes what fails. nil discards.
	Logger *slog.Logger
}

// Shell makes pages in the layout, style and policy of the view, for a host that has
// pages of its own. It is safe for concurrent use.
type Shell struct {
	cfg       ShellConfig
	assets    *assets
	templates map[string]*template.Template
	policy    string
}

// Page is a page of a Shell's host.
type Page struct {
	// Name is that of the template, and the body's data-page.
	Name string
	// Path is where the menu has it, below the base.
	Path  string
	Title string
	Data  any
}

// NewShell returns a Shell. The error says what is wrong with its templates.
func NewShell(cfg ShellConfig) (*Shell, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Shell{cfg: cfg, policy: contentSecurityPolicy(Config{})}
	var err error
	if s.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if s.templates, err = parseTemplates(s.assets, cfg.Templates); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return s, nil
}

// Secure sets the headers of pages, and of everything beside them.
func (s *Shell) Secure(h http.Header) { secure(h, s.policy) }

// Serve answers with a page.
func (s *Shell) Serve(w http.ResponseWriter, r *http.Request, p Page) {
	body, err := s.execute(p)
	if err != nil {
		s.cfg.Logger.ErrorContext(r.Context(), "a page could not be made", "page", p.Name, "err", err)
		s.Problem(w, &Problem{Status: http.StatusInternalServerError, Title: "Something failed here", Detail: "This page could not be made."})
		return
	}
	compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeTagged(w, r, "text/html; charset=utf-8", body)
	})).ServeHTTP(w, r)
}

// Problem answers with a page that tells of an error.
func (s *Shell) Problem(w http.ResponseWriter, p *Problem) {
	body, err := s.execute(Page{Name: problemPage.name, Path: "none", Title: problemPage.title, Data: p})
	if err != nil {
		panic("audit: the page of a problem: " + err.Error())
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the visitor may be gone
}

func (s *Shell) execute(p Page) ([]byte, error) {
	t := s.templates[p.Name]
	if t == nil {
		return nil, errors.New("there is no template of this name")
	}
	var b bytes.Buffer
	err := t.ExecuteTemplate(&b, "layout", layoutData{
		Page: &page{path: p.Path, name: p.Name, title: p.Title}, Base: s.cfg.Base, Home: s.cfg.Base + "/", Footer: s.cfg.Footer,
		Host: s.cfg.Host, Nav: withCurrent(s.cfg.Menu, p.Path), Scripts: s.assets.scripts(p.Name), Data: p.Data,
	})
	return b.Bytes(), err
}

// Asset answers with a file that pages load, whose name is the request's path value
// "name".
func (s *Shell) Asset(w http.ResponseWriter, r *http.Request) {
	s.serveFile(w, r, func(w http.ResponseWriter, r *http.Request) error { return s.assets.serve(w, r, r.PathValue("name")) })
}

// Standalone answers with the page that verifies files without a server.
func (s *Shell) Standalone(w http.ResponseWriter, r *http.Request) {
	s.serveFile(w, r, s.assets.serveStandalone)
}

func (s *Shell) serveFile(w http.ResponseWriter, r *http.Request, serve func(http.ResponseWriter, *http.Request) error) {
	compressAssets(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := serve(w, r)
		var p *Problem
		if errors.As(err, &p) {
			s.Problem(w, p)
		} else if err != nil {
			s.cfg.Logger.ErrorContext(r.Context(), "a file of the pages could not be read", "err", err)
			s.Problem(w, &Problem{Status: http.StatusInternalServerError, Title: "Something failed here", Detail: "A file is missing."})
		}
	})).ServeHTTP(w, r)
}
