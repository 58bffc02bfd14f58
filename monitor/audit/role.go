// Package audit is the role of an auditor in a monitor: it replays every change of a
// directory's log, and says what it found in the form of package finding.
//
// # Modes
//
// In the mode Mirror the role keeps a copy of the public log (monitor.Mirror), in
// which every tile, log entry and change is verified, and which any web server can
// serve. In the mode Stateless it keeps the right edge of both trees and little else
// (monitor.Auditor); that needs a directory in third-party auditing, because only
// such a one serves the proofs that it takes.
//
// # What is checked
//
// In every round: that timestamps never fall, that the prefix tree in each entry is
// the one before with the entry's changes applied, in the mode Mirror that no leaf of it
// is removed or replaced, that the directory's signed head and the signed checkpoint of
// its public log are roots over these very entries, that neither was another one
// before, that the newest entry is not older than the Configuration permits, that
// witnesses and the directory's auditor keep up, and that the directory serves the
// pinned Configuration.
//
// Only what contradicts itself under a verified signature is evidence. Silence, an
// old answer, unsigned changes that lead elsewhere, and this machine's clock are
// reports.
package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// Mode is how a role audits.
type Mode string

// The modes. Their texts are stable.
const (
	Mirror    Mode = "mirror"    // keep a copy of the log
	Stateless Mode = "stateless" // keep only roots and the right edge
)

// Config describes a role. Name, URL, Dir, Mode and Configuration are required.
type Config struct {
	// Name is the directory's name in findings.
	Name string
	// URL is the directory's base URL, LogURL that of its public log. The default is
	// URL/log.
	URL, LogURL string
	// Dir is the folder of this role alone, which it makes if there is none. Each mode
	// has its own folder in it.
	Dir  string
	Mode Mode
	// KeyDir is the folder with the key of the directory's auditor (ktmon keygen). Empty
	// for everybody else: nothing is signed then. Only for Stateless.
	KeyDir string
	// Configuration is the encoded Configuration that is pinned. Policy is the content of
	// a policy file (C2SP tlog-policy), which names the public log; without one the mode
	// Stateless does not compare checkpoints, and there is no mode Mirror.
	Configuration, Policy []byte
	// Unreachable is how long the directory must be out of reach, and Overdue how long
	// witnesses, the auditor or this monitor must be behind, before anybody is told. The
	// default is 24 h.
	Unreachable, Overdue time.Duration
	// HTTP adjusts the requests.
	HTTP monitor.HTTPConfig
	// Progress, if not nil, is told of it after every log entry. It must be fast.
	Progress func(monitor.Progress)
	// Logger is told what happens, at level info. The default discards.
	Logger *slog.Logger
	// Now is the clock. The default is time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	const day = 24 * time.Hour
	c.LogURL = cmp.Or(c.LogURL, strings.TrimRight(c.URL, "/")+"/log")
	c.Unreachable, c.Overdue = cmp.Or(c.Unreachable, day), cmp.Or(c.Overdue, day)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// engine is a mode at work.
type engine interface {
	// round audits what is new, and tells c what it found.
	round(ctx context.Context, c *collector) progress
	damage() []string
	close() error
}

// progress is what a round of an engine came to.
type progress struct {
	answer    *monitor.LogAnswer // nil if the directory gave none that verifies
	size      uint64             // entries that are verified
	timestamp uint64             // of the last one, in milliseconds
	checked   string
}

// Role audits a directory. It is not safe for concurrent use.
type Role struct {
	cfg    Config
	config *keytrans.Configuration
	source *monitor.HTTPSource // the directory
	log    *monitor.HTTPSource
	engine engine // nil if it has to be opened again
	// stopped says that the engine refuses to go on, with evidence.
	stopped bool
	damage  damageFile
	clock   time.Time // of the last round
	// waiting are the conditions of the last round of which nobody is told at once.
	waiting []finding.Finding

	roots map[uint64]merkle.Hash // of the log tree, by size, for the auditor's signature
	// behind and uncovered are the first sizes that this monitor and the checkpoint
	// have not come to; 0 if there is none.
	behind, uncovered uint64
}

// Open opens the role. It does not need the network. What is damaged in the folder
// is found by Round; the error is a *monitor.Error that says what to do, of kind Usage
// if the configuration makes no sense, or if nothing in the folder tells any more what
// was audited.
func Open(ctx context.Context, cfg Config) (_ *Role, err error) {
	cfg = cfg.withDefaults()
	r := &Role{cfg: cfg, roots: make(map[uint64]merkle.Hash)}
	if r.config, err = cfg.check(); err != nil {
		return nil, err
	}
	if r.source, err = monitor.NewHTTPSource(cfg.URL, cfg.HTTP); err != nil {
		return nil, err
	}
	if r.log, err = monitor.NewHTTPSource(cfg.LogURL, cfg.HTTP); err != nil {
		return nil, err
	}
	if r.damage, err = openDamage(cfg.Dir, cfg.Now()); err != nil {
		return nil, err
	}
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// check checks what the mode requires of the Configuration and the policy.
func (c Config) check() (*keytrans.Configuration, error) {
	config, err := keytrans.ParseConfiguration(c.Configuration)
	switch {
	case err != nil:
		return nil, usage("give the directory's Configuration, as its operator published it", "the configuration of %s: %w", c.Name, err)
	case c.Mode == Mirror && c.Policy == nil:
		return nil, usage("give the policy that names the log and its witnesses", "to mirror the log of %s takes a policy", c.Name)
	case c.Mode == Mirror && c.KeyDir != "":
		return nil, usage("the directory's auditor works in the mode stateless", "the mode mirror does not sign for %s", c.Name)
	case c.Mode == Stateless && config.Mode != keytrans.ThirdPartyAuditing:
		return nil, usage("audit it in the mode mirror", "%s is not in third-party auditing, and serves no proofs to audit it without a copy", c.Name)
	case c.Mode != Mirror && c.Mode != Stateless:
		return nil, usage("mirror and stateless are the modes", "%q is no mode to audit %s in", c.Mode, c.Name)
	}
	return config, nil
}

// folder is that of the mode.
func (r *Role) folder() string { return filepath.Join(r.cfg.Dir, string(r.cfg.Mode)) }

// open opens the engine, and notes what was damaged before that is repaired.
func (r *Role) open(ctx context.Context) error {
	var err error
	if r.cfg.Mode == Mirror {
		r.engine, err = openMirror(ctx, r)
	} else {
		r.engine, err = openStateless(ctx, r)
	}
	if err != nil {
		r.engine = nil
		if r.stopped = monitor.KindOf(err) == monitor.Misbehaved; r.stopped {
			return nil // Round tells of the evidence
		}
		return err
	}
	if err := r.damage.note(r.cfg.Now(), r.engine.damage()); err != nil {
		err = errors.Join(err, r.engine.close())
		r.engine = nil
		return err
	}
	return nil
}

// Name returns "audit".
func (r *Role) Name() string { return "audit" }

// Close ends the role.
func (r *Role) Close() error {
	if r.engine == nil {
		return nil
	}
	return r.engine.close()
}

// Round audits what is new. If ctx ends before it does, the round is not complete.
func (r *Role) Round(ctx context.Context) finding.Round {
	c := &collector{role: r, now: r.cfg.Now(), seen: make(map[string]bool)}
	if r.engine == nil && !r.stopped {
		// What failed, such as a full disk, may be over.
		if err := r.open(ctx); err != nil {
			c.failure(ctx, "opening what was audited", err)
		}
	}
	if r.engine != nil {
		r.auditRound(ctx, c)
	}
	if ctx.Err() == nil {
		r.keepWaiting(c)
	}
	c.damage(r.damage)
	c.evidence()
	return c.out
}

// keepWaiting keeps conditions of which nobody was told yet, unless the round came to the
// end of the log, or somebody is told at once why it did not: a directory could give
// another reason in each round, and none would last as long as it takes to be told of.
func (r *Role) keepWaiting(c *collector) {
	said := c.out.Total > 0 && c.out.Size >= c.out.Total
	for i := range c.out.Findings {
		f := &c.out.Findings[i]
		said = said || f.Condition && f.After == 0 && f.Rule != finding.ConfigurationChanged
	}
	if !said {
		for _, f := range r.waiting {
			c.add(f)
		}
	}
	r.waiting = nil
	for _, f := range c.out.Findings {
		if f.Condition && f.After > 0 {
			r.waiting = append(r.waiting, f)
		}
	}
}

func (r *Role) auditRound(ctx context.Context, c *collector) {
	jumped := c.clockJump()
	if !c.configuration(ctx) {
		c.out.Size = 0
		return // the directory is not there
	}
	p := r.engine.round(ctx, c)
	c.out.Size, c.out.Checked = p.size, p.checked
	if p.answer == nil {
		return
	}
	c.out.Total = max(p.answer.Size(), p.size)
	if p.size >= p.answer.Size() && p.size > 0 && !jumped {
		c.cadence(p.timestamp)
	}
	c.auditor(p)
}

// reopen has the engine opened again in the next round: after an error of the file
// system only the folder tells what was done.
func (r *Role) reopen(ctx context.Context, err error) {
	if ctx.Err() == nil && monitor.KindOf(err) == monitor.Operational && r.engine != nil {
		r.cfg.Logger.Info("auditing failed here", "directory", r.cfg.Name, "err", errors.Join(err, r.engine.close()))
		r.engine = nil
	}
}

func usage(hint, format string, args ...any) error {
	return &monitor.Error{Kind: monitor.Usage, Hint: hint, Err: fmt.Errorf(format, args...)}
}
