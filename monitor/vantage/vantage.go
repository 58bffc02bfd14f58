package vantage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// Config says what to compare.
type Config struct {
	// Name is what the monitor's configuration calls the directory.
	Name string
	// Client talks to the directory on the monitor's own way.
	Client *client.Client
	// Dir is a private folder. It is made if it is not there. One process uses it at a
	// time.
	Dir string
	// LogURL is the prefix of the directory's public log. The default is the
	// directory's URL with /log.
	LogURL string
	// Policy is the content of a policy file (C2SP tlog-policy) that names the log.
	// Without it no checkpoints are compared.
	Policy []byte
	// Routes are other ways to the directory.
	Routes []Route
	// Peers are the base URLs of other monitors: of what /gossip/ is below.
	Peers []string
	// HTTP adjusts requests to logs and peers. Its Client's transport, if it is an
	// *http.Transport, is also what routes are made of, with their own proxies.
	HTTP monitor.HTTPConfig
	// Unreachable is how long a route or a peer may not be reached, or not be compared,
	// before anybody is told, and Overdue how long the auditor and the witnesses may be
	// overdue. The default is 24 h.
	Unreachable, Overdue time.Duration
	// Now is the clock for evidence and documents. The default is time.Now.
	Now func() time.Time
	// Logger gets debug output, without labels and values. The default discards.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.LogURL == "" {
		c.LogURL = c.Client.Directory() + logPath
	}
	const day = 24 * time.Hour
	c.Unreachable, c.Overdue = cmp.Or(c.Unreachable, day), cmp.Or(c.Overdue, day)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// longestLag is how much longer one way to a directory may show an older log than
// another, as servers do that follow each other, before anybody is told.
const longestLag = time.Hour

// lag returns how long one way may show an older log than another.
func (c *Config) lag() time.Duration { return min(longestLag, c.Unreachable) }

// Vantage compares what one directory shows. Rounds must not be concurrent.
type Vantage struct {
	cfg    Config
	policy *logPolicy // nil if there is none
	own    monitor.Source
	routes []*openRoute
	peers  []*peer

	memory *memory // as it is stored
	// believed is the checkpoint in memory, nil if there is none.
	believed *checkpoint.Signed
	// compared tells that what was kept when the role was opened has been compared.
	compared bool
	// last are the conditions of the round before.
	last      []condition
	published atomic.Pointer[published]
}

// Open returns the role. It contacts nobody. The error says what is wrong with the
// configuration, or with the folder, and what to do.
func Open(cfg Config) (*Vantage, error) {
	if cfg.Client == nil || cfg.Name == "" || cfg.Dir == "" {
		return nil, errors.New("a vantage takes a name, a client and a folder")
	}
	v := &Vantage{cfg: cfg.withDefaults()}
	cfg = v.cfg
	var err error
	if cfg.Policy != nil {
		if v.policy, err = openPolicy(cfg.Policy, cfg.LogURL); err != nil {
			return nil, fmt.Errorf("the witness policy of %s: %w", cfg.Name, err)
		}
	}
	if v.own, err = monitor.NewHTTPSource(cfg.LogURL, cfg.HTTP); err != nil {
		return nil, err
	}
	for i, r := range cfg.Routes {
		w, err := r.open(i+1, &cfg)
		if err != nil {
			return nil, fmt.Errorf("route %d of %s: %w", i+1, cfg.Name, err)
		}
		v.routes = append(v.routes, w)
	}
	for i, base := range cfg.Peers {
		p, err := openPeer(i+1, base, &cfg)
		if err != nil {
			return nil, fmt.Errorf("peer %d: %w", i+1, err)
		}
		v.peers = append(v.peers, p)
	}
	return v, v.load()
}

// Name returns the name of the role.
func (v *Vantage) Name() string { return "vantage" }

// Close ends the role. Nothing is lost without it.
func (v *Vantage) Close() error {
	for _, w := range v.routes {
		w.http.CloseIdleConnections()
	}
	return nil
}

// Round does one round of monitoring. If ctx is cancelled meanwhile, what was a
// condition before the round still is one.
func (v *Vantage) Round(ctx context.Context) finding.Round {
	r := &round{Vantage: v, reached: make(map[string]bool)}
	own, err := v.cfg.Client.Heads(ctx, true)
	if err != nil {
		r.down = true
		r.trouble(place{}, err)
	} else {
		r.configuration, r.head = own.ConfigurationSHA256, own.Head
		r.run(ctx)
	}
	return r.end(ctx)
}
