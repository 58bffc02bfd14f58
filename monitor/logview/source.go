// Package logview has what the audit view of a monitor shows of a log: out of the
// monitor's mirror of it, or, where there is none, out of the directory's own public log,
// held against its checkpoint.
//
// # What is verified
//
// Of a mirror everything was, by the monitor, when it was written. Over HTTP the
// checkpoint is, under the policy that the monitor pinned, and that log entries and tiles
// lead to its root; no checkpoint takes the place of a larger one, or of one that it does
// not continue. Changes of the prefix tree are signed by nobody, and are what the
// directory says. A lookup is always the directory's answer: the monitor asks it, and
// what it answers is its claim.
//
// # Bounds
//
// Visitors cause requests to the directory: at most 4 at a time, of at most 8 MiB each, and
// 5 lookups a second. What never changes is remembered, up to the size of the Cache. A
// directory that did not answer is not asked again for five seconds.
package logview

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/web/audit"
)

// Config describes a Source. Directory, Log and Configuration are required.
type Config struct {
	// Directory is the base URL of the directory, and Log that of its public log.
	Directory, Log string
	// Configuration is the encoded Configuration that the monitor pinned, and Policy the
	// content of its policy file (C2SP tlog-policy). Without one, the checkpoint is only
	// what the directory says.
	Configuration, Policy []byte
	// Mirror is the folder of the monitor's mirror of the log; empty if it has none.
	Mirror string
	// HTTP makes the requests, whose User-Agent is UserAgent.
	HTTP      *http.Client
	UserAgent string
	// Timeout is how long a request may take. The default is 5 s.
	Timeout time.Duration
	// Cache is what several Sources remember together. The default is one of its own.
	Cache *Cache
	// Logger is told of requests, at level debug. The default discards.
	Logger *slog.Logger
	// Now is the clock that the directory's answers are held against. The default is
	// time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	if c.HTTP == nil {
		c.HTTP = http.DefaultClient
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.Cache == nil {
		c.Cache = NewCache()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Source is an audit.Source. It is safe for concurrent use.
type Source struct {
	cfg     Config
	config  *keytrans.Configuration
	policy  *checkpoint.Policy // nil if none is pinned
	log     monitor.Source
	lookups *lookups

	refreshing sync.Mutex // held by the one who reads the checkpoint

	mu      sync.Mutex
	state   *state // nil before the first
	history []audit.Published
	first   uint64 // the first log entry that is there, as far as is known
	probed  bool   // that was looked for
}

// New returns a Source. It asks nobody. The error says what of the Config makes no sense.
func New(cfg Config) (*Source, error) {
	cfg = cfg.withDefaults()
	s := &Source{cfg: cfg}
	var err error
	if s.config, err = keytrans.ParseConfiguration(cfg.Configuration); err != nil {
		return nil, fmt.Errorf("logview: the configuration: %w", err)
	}
	if cfg.Policy != nil {
		if s.policy, err = checkpoint.ParsePolicy(cfg.Policy); err != nil {
			return nil, fmt.Errorf("logview: the policy: %w", err)
		}
	}
	if cfg.Mirror != "" {
		s.log, s.probed = monitor.CopyIn(cfg.Mirror), true
		if s.policy == nil {
			return nil, errors.New("logview: a mirror has a policy")
		}
	} else if s.log, err = newFetcher(cfg); err != nil {
		return nil, fmt.Errorf("logview: %w", err)
	}
	if s.lookups, err = newLookups(cfg, s.config); err != nil {
		return nil, fmt.Errorf("logview: %w", err)
	}
	return s, nil
}

// Configuration implements audit.Source: it is the one that the monitor pinned.
func (s *Source) Configuration() *keytrans.Configuration { return s.config }

// Policy returns the policy that the monitor pinned, nil if it pinned none.
func (s *Source) Policy() *checkpoint.Policy { return s.policy }

// Note says, in words for visitors, what the view rests on.
func (s *Source) Note() string {
	switch {
	case s.cfg.Mirror != "":
		return "This monitor replayed the whole log. Entries, changes and proofs on these pages are from its own copy; only lookups are what the directory answers."
	case s.policy != nil:
		return "This monitor keeps no copy of the log. These pages are from the directory’s public log: entries and proofs are held against its signed checkpoint, changes of the prefix tree and lookups are what the directory says."
	}
	return "This monitor keeps no copy of the log, and pinned no key of it. Everything on these pages is what the directory says."
}

// Epochs implements audit.Source: a monitor knows of none.
func (s *Source) Epochs() []audit.Epoch { return nil }

// Tiles implements audit.Source.
func (s *Source) Tiles(ctx context.Context, tiles []tile.Tile) ([][]byte, error) {
	out, err := s.tiles(ctx, tiles)
	return out, s.told(err)
}

func (s *Source) tiles(ctx context.Context, tiles []tile.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		var err error
		if out[i], err = monitor.ReadTile(ctx, s.log, t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// told returns the error that visitors are told of, or err if it is a failure here.
func (s *Source) told(err error) error {
	var p *audit.Problem
	switch {
	case err == nil || errors.As(err, &p):
		return err
	case errors.Is(err, monitor.ErrPruned):
		return &audit.Problem{Status: http.StatusGone, Title: "This part of the log was removed",
			Detail: "The directory says that it has expired and was removed."}
	case s.cfg.Mirror != "":
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return notAnswered
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, errTooLarge):
		return &audit.Problem{Status: http.StatusBadGateway, Title: "This is too large to be shown here",
			Detail: "This monitor keeps no copy of the log, and reads at most 8 MiB of it at a time."}
	case errors.Is(err, errNotAnswered), monitor.NotReached(err) && !errors.Is(err, monitor.ErrNotFound):
		return notAnswered
	}
	s.cfg.Cache.forget(s.cfg.Log + "/")
	return &audit.Problem{Status: http.StatusBadGateway, Title: "What the directory’s log has does not verify",
		Detail: "So it is not shown. That proves nothing against the directory: anybody on the way can have changed it."}
}

var notAnswered = &audit.Problem{Status: http.StatusBadGateway, Title: "The directory does not answer",
	Detail: "This page needs it, and this monitor asked it in vain. What the monitor has found out is on its own pages."}
