package vantage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// Config says which directory is looked at, and from where. Name, Client,
// Configuration and Dir are required.
type Config struct {
	// Name is the directory's name in findings.
	Name string
	// Client reaches the directory on the main route, and Configuration is the encoded
	// Configuration that it has pinned.
	Client        *client.Client
	Configuration []byte
	// Dir is the folder of this role alone, which is made if there is none.
	Dir string
	// LogURL is the prefix of the public log, and Policy the content of a policy file
	// (C2SP tlog-policy) that names it. Without a policy no checkpoints are compared.
	LogURL string
	Policy []byte
	// Routes are other ways to the directory, and Peers the base URLs of other
	// monitors.
	Routes []Route
	Peers  []string
	// Gossip, if not nil, is where others are told what a round verified.
	Gossip *Gossip
	// HTTP makes the requests that do not go through a proxy of a Route. The default
	// is a client of its own.
	HTTP *http.Client
	// UserAgent is sent with every request.
	UserAgent string
	// Timeout is how long to wait for an answer. The default is 30 s.
	Timeout time.Duration
	// Unreachable is how long the directory, a route or a peer must be out of reach
	// before anybody is told. The default is 24 h.
	Unreachable time.Duration
	// Now is the clock. The default is time.Now.
	Now func() time.Time
	// Logger is told of requests, at level debug. The default discards.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.HTTP == nil {
		c.HTTP = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Unreachable == 0 {
		c.Unreachable = 24 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Role looks at one directory. It is not safe for concurrent use.
type Role struct {
	cfg    Config
	policy *checkpoint.Policy // nil: no checkpoints
	source monitor.Source     // the public log on the main route
	routes []*route
	anchor *anchor
	hash   string // of the Configuration, for peers
}

// Open opens the role, without using the network. The error says what is wrong with
// the configuration, or what to do if nothing that is intact tells what was seen
// before.
func Open(cfg Config) (*Role, error) {
	cfg = cfg.withDefaults()
	sum := sha256.Sum256(cfg.Configuration)
	r := &Role{cfg: cfg, hash: hex.EncodeToString(sum[:])}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	if cfg.Policy != nil {
		if r.policy, err = checkpoint.ParsePolicy(cfg.Policy); err != nil {
			return nil, fmt.Errorf("the policy: %w", err)
		}
		if r.source, err = r.log(cfg.LogURL, cfg.HTTP); err != nil {
			return nil, err
		}
	}
	for i, route := range cfg.Routes {
		opened, err := r.openRoute(route)
		if err != nil {
			return nil, fmt.Errorf("route %d: %w", i+1, err)
		}
		r.routes = append(r.routes, opened)
	}
	r.anchor, err = openAnchor(filepath.Join(cfg.Dir, anchorName), r.policy)
	return r, err
}

// log returns the public log at a prefix.
func (r *Role) log(prefix string, through *http.Client) (monitor.Source, error) {
	return monitor.NewHTTPSource(prefix, monitor.HTTPConfig{
		Client: through, UserAgent: r.cfg.UserAgent, Timeout: r.cfg.Timeout, Retries: 1, Logger: r.cfg.Logger,
	})
}

// Name returns "vantage".
func (r *Role) Name() string { return "vantage" }

// Close ends the role.
func (r *Role) Close() error {
	for _, route := range r.routes {
		route.http.CloseIdleConnections()
	}
	return nil
}

// Round compares what is to be seen now. If ctx ends before it does, the round is not
// complete.
func (r *Role) Round(ctx context.Context) finding.Round {
	c := &collector{role: r}
	c.addDamage()
	heads, own := c.main(ctx)
	routes, peers := 0, 0
	for _, route := range r.routes {
		if c.route(ctx, route, own) {
			routes++
		}
	}
	for _, base := range r.cfg.Peers {
		if c.peer(ctx, base, own) {
			peers++
		}
	}
	c.addEvidence()
	c.out.Checked = fmt.Sprintf("the directory's heads and checkpoint, with those before, on %d other routes and of %d other monitors", routes, peers)
	if heads != nil {
		c.out.Size = heads.Head.TreeSize
		c.publish(heads, own)
	}
	return c.out
}

// main brings the heads of the main route up to date, and reads its checkpoint. Both
// are nil if they are not to be had.
func (c *collector) main(ctx context.Context) (*client.HeadsExport, *checkpoint.Signed) {
	cfg := &c.role.cfg
	_, err := cfg.Client.Heads(ctx, false)
	if err != nil {
		c.clientError("the directory", "", err)
	}
	var heads *client.HeadsExport
	if err == nil {
		if heads, err = cfg.Client.ExportHeads(ctx, cfg.Gossip != nil); err != nil {
			c.clientError("the directory", "", err)
		}
	}
	if c.role.policy == nil {
		return heads, nil
	}
	return heads, c.ownCheckpoint(ctx)
}

// ownCheckpoint reads the checkpoint on the main route and holds it against the one
// that was believed before.
func (c *collector) ownCheckpoint(ctx context.Context) *checkpoint.Signed {
	r := c.role
	served, err := monitor.ReadCheckpoint(ctx, r.source, r.policy)
	if err != nil {
		c.sourceError("the public log", "", err)
		return r.anchor.latest
	}
	old := r.anchor.latest
	if old == nil {
		c.keep(served)
		return r.anchor.latest
	}
	switch {
	case !c.consistent(ctx, r.source, "the public log", old, served):
	case served.Size < old.Size:
		c.add(finding.Finding{
			Rule: finding.RolledBack, Class: finding.Report, Severity: finding.Warning, Condition: true, Subject: "checkpoint",
			Summary: fmt.Sprintf("the public log shows %d entries, after %d", served.Size, old.Size),
			Hint:    "an old copy may be in between, or the directory may have been restored from a backup; ask its operator",
		})
	case served.Size > old.Size:
		c.keep(served)
	}
	return r.anchor.latest
}

// keep makes a checkpoint the one that later ones are held against.
func (c *collector) keep(served *checkpoint.Signed) {
	if err := c.role.anchor.put(served); err != nil {
		c.failed("the last checkpoint could not be stored", err)
	}
}

// isCanceled reports whether an error is that of the end of a round.
func isCanceled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
