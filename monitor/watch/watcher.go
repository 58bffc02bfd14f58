package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// The roles in which a label is watched.
const (
	Owner   = client.RoleOwner
	Contact = client.RoleContact
)

// Label is a label to watch.
type Label struct {
	// Label is as label.Normalize returns it.
	Label string
	Role  string // Owner or Contact
	// Alias is what summaries call the label, which are public. If it is empty, they
	// say "a label".
	Alias string
}

// Config says what to watch.
type Config struct {
	// Name is what the monitor's configuration calls the directory.
	Name string
	// Client talks to the directory. Its state belongs to the monitor.
	Client *client.Client
	// Dir is a private folder for what was told. It is made if it is not there.
	Dir string
	// Labels are what is watched. One that is not among them any more is forgotten.
	Labels []Label
	// Expected is the folder of Expect. It may be missing.
	Expected string
	// Unreachable is how long the directory may not be reached, and Overdue how long its
	// auditor and its witnesses may be overdue, before anybody is told. Default: 24 h.
	Unreachable, Overdue time.Duration
	// Now is the clock. It must be that of Client. Default: time.Now.
	Now func() time.Time
	// Logger gets debug output, without labels and values. Default: none.
	Logger *slog.Logger
}

// Watcher watches labels of one directory. Rounds must not be concurrent.
type Watcher struct {
	cfg    Config
	labels map[watchedKey]*Label
	record *record // as it is stored; nil if it must be read
	// last are the conditions of the round before.
	last []finding.Finding
	// missed are the labels that it did not come to.
	missed map[watchedKey]bool
}

// Open returns a watcher. It contacts nobody. The error says what is wrong with the
// configuration, or with this machine.
func Open(cfg Config) (*Watcher, error) {
	if cfg.Client == nil || cfg.Name == "" || cfg.Dir == "" {
		return nil, errors.New("a watcher takes a name, a client and a folder")
	}
	const day = 24 * time.Hour
	cfg.Unreachable, cfg.Overdue = cmp.Or(cfg.Unreachable, day), cmp.Or(cfg.Overdue, day)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	w := &Watcher{cfg: cfg, labels: make(map[watchedKey]*Label)}
	seen := make(map[string]bool)
	for i := range cfg.Labels {
		l := &cfg.Labels[i]
		normal, err := label.Normalize(l.Label)
		switch {
		case err != nil:
			return nil, fmt.Errorf("label %d of %s: %w", i+1, cfg.Name, err)
		case normal != l.Label:
			return nil, fmt.Errorf("label %d of %s, %q, must be written as %q", i+1, cfg.Name, l.Label, normal)
		case l.Role != Owner && l.Role != Contact:
			return nil, fmt.Errorf("label %d of %s: its role is %q, not %s or %s", i+1, cfg.Name, l.Role, Owner, Contact)
		case seen[l.Label]:
			return nil, fmt.Errorf("label %d of %s, %q, is there twice", i+1, cfg.Name, l.Label)
		}
		seen[l.Label] = true
		w.labels[watchedKey{l.Role, l.Label}] = l
	}
	return w, durable.MakeFolder(cfg.Dir)
}

// Name returns the name of the role.
func (w *Watcher) Name() string { return "watch" }

// Close ends watching. Nothing is lost without it.
func (w *Watcher) Close() error { return nil }

// of returns the labels that are watched in a role, in the order of the configuration.
func (w *Watcher) of(role string) []string {
	var out []string
	for i := range w.cfg.Labels {
		if l := &w.cfg.Labels[i]; l.Role == role {
			out = append(out, l.Label)
		}
	}
	return out
}

// called returns what a summary calls a label.
func (w *Watcher) called(role, label string) string {
	if l := w.labels[watchedKey{role, label}]; l != nil && l.Alias != "" {
		return l.Alias
	}
	if role == Owner {
		return "an owned label"
	}
	return "a contact's label"
}

// Round does one round of monitoring. If ctx is cancelled meanwhile, what was a
// condition before the round still is one.
func (w *Watcher) Round(ctx context.Context) finding.Round {
	r := newRound(w)
	if err := r.begin(ctx); err != nil {
		r.failed("", err)
		r.nothingReached = true
	} else {
		r.run(ctx)
	}
	r.end()
	if errors.Is(ctx.Err(), context.Canceled) {
		r.conditions, r.unreached = w.last, w.missed
	}
	w.last, w.missed = r.conditions, r.unreached
	return r.result()
}
