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
	Origin    string // what the log calls itself, or the host's name
	Host      Host
	Monitors  []Monitor
	Directory string
	LogPrefix string
	Digest    string // of the Configuration
	Nav       []navGroup
	Scripts   []string
	Data      any
}

// Name, Title and Unchecked are those of the page.
func (d layoutData) Name() string      { return d.Page.name }
func (d layoutData) Title() string     { return d.Page.title }
func (d layoutData) Unchecked() string { return d.Page.unchecked }

// FromMonitor tells that a monitor serves the page.
func (d layoutData) FromMonitor() bool { return d.Host.Kind == MonitorHost }

type navGroup struct {
	Title string
	Links []navLink
}

type navLink struct {
	Path, Title string
	Current     bool
}

// navigation is the menu.
var navigation = []navGroup{
	{"See", []navLink{{Path: "", Title: "Overview"}, {Path: "log", Title: "Log"}, {Path: "checkpoint", Title: "Checkpoint"}, {Path: "consistency", Title: "Consistency"}}},
	{"Check", []navLink{{Path: "lookup", Title: "Look up"}, {Path: "history", Title: "History"}, {Path: "compare", Title: "Compare"}, {Path: "roster", Title: "Roster"}, {Path: "verify", Title: "Verify a file"}}},
	{"Watch", []navLink{{Path: "monitors", Title: "Monitors"}}},
	{"Know", []navLink{{Path: "limits", Title: "Limits"}, {Path: "api", Title: "API"}, {Path: "about", Title: "About"}}},
}

func navigationFor(p *page) []navGroup {
	section, _, _ := strings.Cut(p.path, "/")
	out := make([]navGroup, len(navigation))
	for i, g := range navigation {
		out[i].Title = g.Title
		for _, l := range g.Links {
			l.Current = l.Path == section && p.name != problemPage.name
			out[i].Links = append(out[i].Links, l)
		}
	}
	return out
}

func (v *View) layout(p *page, data any) layoutData {
	return layoutData{
		Page: p, Base: v.cfg.Base, Host: v.cfg.Host, Monitors: v.cfg.Monitors, Directory: v.cfg.Directory,
		LogPrefix: v.cfg.LogPrefix, Digest: v.pinned.digest, Nav: navigationFor(p), Scripts: v.assets.scripts(p.name), Data: data,
	}
}

// parseTemplates returns the template of each page, by its name.
func parseTemplates(a *assets) (map[string]*template.Template, error) {
	funcs := template.FuncMap{
		"asset": func(name string) string { return a.hashed[name] }, "num": number, "at": instantOf, "hex": hexOf,
		"short": short, "bytes": byteSize, "took": took, "plural": plural, "lower": strings.ToLower, "dict": dict,
	}
	shared, err := template.New("").Funcs(funcs).ParseFS(embedded, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(embedded, "templates/page-*.html")
	if err != nil {
		return nil, err
	}
	out := make(map[string]*template.Template)
	for _, file := range files {
		t, err := shared.Clone()
		if err == nil {
			t, err = t.ParseFS(embedded, file)
		}
		if err != nil {
			return nil, err
		}
		out[strings.TrimSuffix(strings.TrimPrefix(path.Base(file), "page-"), ".html")] = t
	}
	return out, nil
}

// standalone is what the page that verifies files is.
func (v *View) standalone() manifest.File { return v.assets.manifest.Files[manifest.Standalone] }
