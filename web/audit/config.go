package audit

import (
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// Config describes a view. Fields without a default are required.
type Config struct {
	// Base is the path that the view is below, such as "/audit": a slash, and no slash
	// at the end.
	Base string

	// Source is what is shown.
	Source Source

	// Directory is the base URL of the directory that browsers talk to, without a slash
	// at the end. Default: the origin and the root of the view's own server.
	Directory string

	// LogPrefix is the URL or path of the public log. Default: Directory + "/log".
	LogPrefix string

	// Policy is what browsers pin of the public log. Default: the policy of the Source's
	// publication.
	Policy *checkpoint.Policy

	// Host says who serves the view.
	Host Host

	// Home is the path of the host's own pages, with a slash at its end, such as "/". A
	// monitor's status.json is below it. Default: it has none.
	Home string

	// Note says in a sentence or two, for visitors, what the pages rest on.
	Note string

	// Monitors are linked to, and browsers may ask them.
	Monitors []Monitor

	// API is the OpenAPI document of the server in JSON, and APIPath where it is
	// served. Default: the page says that the directory has it.
	API     []byte
	APIPath string

	// MaxInFlight bounds the pages that are made at the same time, MaxStreams the
	// streams of events. Default 64 and 256.
	MaxInFlight, MaxStreams int

	// Poll is how often the Source is asked for news while somebody listens to
	// events. Default 1 s.
	Poll time.Duration

	// Logger takes what fails. Labels and values are never logged. nil discards.
	Logger *slog.Logger

	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// HostKind says whose server a view is on.
type HostKind string

// The kinds of hosts. An operator shows its own claims; a monitor shows the log as it
// replayed it.
const (
	Operator    HostKind = "operator"
	MonitorHost HostKind = "monitor"
)

// Host is who serves a view. It is what the page's own claims rest on.
type Host struct {
	Kind HostKind `json:"kind"`
	Name string   `json:"name"` // for people; can be empty
}

// Monitor is a monitor of the log that the view links to.
type Monitor struct {
	Name string `json:"name"`
	URL  string `json:"url"` // base URL, without a slash at the end
}

// CheckMonitor verifies that a monitor can be linked to.
func CheckMonitor(m Monitor) error {
	if m.Name == "" || len(m.Name) > 100 {
		return errors.New("the name of a monitor must have 1 to 100 bytes")
	}
	return checkURL(m.URL)
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(text, "/") || strings.ContainsAny(text, " ;,'\"*") {
		return fmt.Errorf("%q is not an http or https URL without user, query, fragment and slash at the end", text)
	}
	return nil
}

func (c Config) withDefaults() (Config, error) {
	if c.Source == nil {
		return c, errors.New("audit: Source is required")
	}
	if !strings.HasPrefix(c.Base, "/") || strings.HasSuffix(c.Base, "/") || strings.ContainsAny(c.Base, "{}%?#") {
		return c, fmt.Errorf("audit: Base: %q is not a path with a slash before it and none after it", c.Base)
	}
	if c.Directory != "" {
		if err := checkURL(c.Directory); err != nil {
			return c, fmt.Errorf("audit: Directory: %w", err)
		}
	}
	for _, m := range c.Monitors {
		if err := CheckMonitor(m); err != nil {
			return c, fmt.Errorf("audit: monitor %q: %w", m.Name, err)
		}
	}
	if c.LogPrefix == "" {
		c.LogPrefix = c.Directory + "/log"
	}
	c.MaxInFlight = orDefault(c.MaxInFlight, 64)
	c.MaxStreams = orDefault(c.MaxStreams, 256)
	c.Poll = orDefault(c.Poll, time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Host.Kind == "" {
		c.Host.Kind = Operator
	}
	return c, nil
}

func orDefault[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// View is a view of one log. It implements http.Handler, for all paths below its base,
// and is safe for concurrent use.
type View struct {
	cfg       Config
	mux       *http.ServeMux
	templates map[string]*template.Template
	assets    *assets
	policy    string // the Content-Security-Policy of pages
	pinned    pinned
	verifier  *keytrans.Verifier
	api       *apiData // nil if there is no document

	room    chan struct{} // of pages that are being made
	samples *samples
	events  *Stream
}

// New returns the view that a Config describes. The error says what of it cannot be
// used.
func New(cfg Config) (*View, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	v := &View{cfg: cfg, room: make(chan struct{}, cfg.MaxInFlight), samples: newSamples()}
	if v.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if v.templates, err = parseTemplates(v.assets); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	configuration := cfg.Source.Configuration()
	if v.verifier, err = keytrans.NewVerifier(configuration); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if v.pinned, err = newPinned(configuration); err != nil {
		return nil, fmt.Errorf("audit: the configuration: %w", err)
	}
	if cfg.API != nil {
		if v.api, err = newAPI(cfg.API, cfg.APIPath); err != nil {
			return nil, fmt.Errorf("audit: the OpenAPI document: %w", err)
		}
	}
	v.policy = contentSecurityPolicy(cfg)
	v.events = newEvents(v)
	v.route()
	return v, nil
}

// EndStreams ends the streams of events, and refuses new ones. It is for servers that
// shut down: http.Server.Shutdown waits for streams.
func (v *View) EndStreams() { v.events.End() }
