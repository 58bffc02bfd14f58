package audit

import (
	"html/template"
	"io/fs"
	"path"
	"strings"

	"github.com/ghostlight-kt/ghostlight/web/audit/internal/manifest"
)

// layoutData is what every template gets.
type layoutData struct {
	Page      *page
	Base      string
	Home      string // path of the host's own pages, with a slash at its end; "" if it has none
	Note      string
	Origin    string // what the log calls itself, or the host's name
	Host      Host
	Monitors  []Monitor
	Directory string
	LogPrefix string
	Digest    string // of the Configuration
	Nav       []NavGroup
	Footer    []NavLink
	Scripts   []string
	Data      any
}

// Name, Title and Unchecked are those of the page.
func (d layoutData) Name() string      { return d.Page.name }
func (d layoutData) Title() string     { return d.Page.title }
func (d layoutData) Unchecked() string { return d.Page.unchecked }

// FromMonitor tells that a monitor serves the page.
func (d layoutData) FromMonitor() bool { return d.Host.Kind == MonitorHost }

// AsksMonitors tells that there is a monitor to ask: the host, or one that is linked to.
func (d layoutData) AsksMonitors() bool {
	return len(d.Monitors) > 0 || d.FromMonitor() && d.Home != ""
}

// NavGroup is a part of the menu.
type NavGroup struct {
	Title string
	Links []NavLink
}

// NavLink is a link of the menu. Path is below the base, and Current tells that it is
// that of the page.
type NavLink struct {
	Path, Title string
	Current     bool
}

// footer is what every page of a view links to at its end.
var footer = []NavLink{{Path: "limits", Title: "What this cannot tell you"}, {Path: "about", Title: "About"}}

// navigation is the menu.
var navigation = []NavGroup{
	{"See", []NavLink{{Path: "", Title: "Overview"}, {Path: "log", Title: "Log"}, {Path: "checkpoint", Title: "Checkpoint"}, {Path: "consistency", Title: "Consistency"}}},
	{"Check", []NavLink{{Path: "lookup", Title: "Look up"}, {Path: "history", Title: "History"}, {Path: "compare", Title: "Compare"}, {Path: "roster", Title: "Roster"}, {Path: "verify", Title: "Verify a file"}}},
	{"Watch", []NavLink{{Path: "monitors", Title: "Monitors"}}},
	{"Know", []NavLink{{Path: "limits", Title: "Limits"}, {Path: "api", Title: "API"}, {Path: "about", Title: "About"}}},
}

func navigationFor(p *page) []NavGroup {
	section, _, _ := strings.Cut(p.path, "/")
	if p.name == problemPage.name {
		section = "none"
	}
	return withCurrent(navigation, section)
}

// withCurrent returns a menu in which the link of a path is the current one.
func withCurrent(menu []NavGroup, path string) []NavGroup {
	out := make([]NavGroup, len(menu))
	for i, g := range menu {
		out[i].Title = g.Title
		for _, l := range g.Links {
			l.Current = l.Path == path
			out[i].Links = append(out[i].Links, l)
		}
	}
	return out
}

func (v *View) layout(p *page, data any) layoutData {
	return layoutData{
		Page: p, Base: v.cfg.Base, Home: v.cfg.Home, Note: v.cfg.Note, Footer: footer, Host: v.cfg.Host, Monitors: v.cfg.Monitors, Directory: v.cfg.Directory,
		LogPrefix: v.cfg.LogPrefix, Digest: v.pinned.digest, Nav: navigationFor(p), Scripts: v.assets.scripts(p.name), Data: data,
	}
}

// parseTemplates returns the template of each page, by its name. Those of own are files
// templates/page-NAME.html, as here.
func parseTemplates(a *assets, own ...fs.FS) (map[string]*template.Template, error) {
	funcs := template.FuncMap{
		"asset": func(name string) string { return a.hashed[name] }, "num": number, "at": instantOf, "hex": hexOf,
		"short": short, "bytes": byteSize, "took": took, "plural": plural, "lower": strings.ToLower, "dict": dict,
	}
	shared, err := template.New("").Funcs(funcs).ParseFS(embedded, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	out := make(map[string]*template.Template)
	for _, from := range append([]fs.FS{embedded}, own...) {
		files, err := fs.Glob(from, "templates/page-*.html")
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			t, err := shared.Clone()
			if err == nil {
				t, err = t.ParseFS(from, file)
			}
			if err != nil {
				return nil, err
			}
			out[strings.TrimSuffix(strings.TrimPrefix(path.Base(file), "page-"), ".html")] = t
		}
	}
	return out, nil
}

// standalone is what the page that verifies files is.
func (v *View) standalone() manifest.File { return v.assets.manifest.Files[manifest.Standalone] }
