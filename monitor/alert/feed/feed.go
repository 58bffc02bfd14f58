// Package feed publishes the latest alerts, public form, as an Atom feed (RFC 4287)
// and as a JSON Feed 1.1. Neither has labels or values in it.
package feed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
)

// Length is how many alerts a feed has.
const Length = 100

// Source has the latest alerts, the newest first; *alert.Ledger does.
type Source interface {
	Latest(n int) ([]alert.Alert, error)
}

// Config says what a feed says of itself.
type Config struct {
	Title string // "Ghostlight monitor" by default
	// URL is where the monitor's pages are, such as "https://monitor.example.org". It is
	// required, and must be https or http.
	URL string
	// Since is a date on which the monitor had the host of URL, such as "2026" or
	// "2026-11-26". It is part of the IDs of entries, which are tag: URIs (RFC 4151),
	// and must not change. It is required.
	Since  string
	Logger *slog.Logger // nil discards
}

// Feed answers requests for the feeds.
type Feed struct {
	cfg    Config
	source Source
	base   string // URL without the slash at its end
	tag    string // what the IDs begin with
}

var dateForm = regexp.MustCompile(`^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$`)

// New returns the feeds of a monitor.
func New(source Source, cfg Config) (*Feed, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the URL of a feed's monitor must be like https://monitor.example.org")
	}
	if !dateForm.MatchString(cfg.Since) {
		return nil, errors.New("the date of a feed must be like 2026 or 2026-11-26")
	}
	if cfg.Title == "" {
		cfg.Title = "Ghostlight monitor"
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Feed{cfg, source, strings.TrimSuffix(cfg.URL, "/"), "tag:" + u.Hostname() + "," + cfg.Since + ":ghostlight:"}, nil
}

// Atom returns the handler of the Atom feed, whose URL ends in /alerts.atom.
func (f *Feed) Atom() http.Handler { return f.handler("application/atom+xml; charset=utf-8", f.atom) }

// JSON returns the handler of the JSON feed, whose URL ends in /alerts.feed.json.
func (f *Feed) JSON() http.Handler { return f.handler("application/feed+json", f.json) }

func (f *Feed) handler(contentType string, write func([]alert.Alert) ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "use GET", http.StatusMethodNotAllowed)
			return
		}
		alerts, err := f.alerts()
		var body []byte
		if err == nil {
			body, err = write(alerts)
		}
		if err != nil {
			f.cfg.Logger.Error("making a feed", "err", err)
			http.Error(w, "the feed cannot be made now", http.StatusInternalServerError)
			return
		}
		sum := sha256.Sum256(body)
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, "", modified(alerts), bytes.NewReader(body))
	})
}

// alerts returns the latest alerts, public form whatever the source gives.
func (f *Feed) alerts() ([]alert.Alert, error) {
	alerts, err := f.source.Latest(Length)
	for i := range alerts {
		alerts[i] = alerts[i].Public()
	}
	return alerts[:min(len(alerts), Length)], err
}

// modified returns when the feed changed last: the beginning of time if it never did.
func modified(alerts []alert.Alert) time.Time {
	if len(alerts) == 0 {
		return time.Unix(0, 0).UTC()
	}
	return alerts[0].RaisedAt
}

// title is the first line that a reader sees.
func title(a *alert.Alert) string {
	where := a.Directory
	if where == "" {
		where = "this monitor"
	}
	return string(a.Severity) + ": " + where + ": " + a.Summary
}

// text is the whole of an entry.
func text(a *alert.Alert) string {
	kind := "report: it is not proof of anything"
	if a.Class == "evidence" {
		kind = "evidence: it proves the directory's misbehaviour to others"
	}
	return a.Summary + "\n\n" + string(a.State) + " by the rule " + string(a.Rule) + " in the role " + a.Role + "\n" + kind
}
