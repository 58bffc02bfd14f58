package station

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/audit"
	"github.com/ghostlight-kt/ghostlight/monitor/watch"
	"github.com/ghostlight-kt/ghostlight/monitor/witness"
)

// The folders of a monitor, beside those of the ledger.
const (
	directoriesFolder = "directories"
	auditFolder       = "audit" // of a directory
	expectedFolder    = "expected"
	witnessFolder     = "witness"
)

// longestRound is how long a round may take whose work is bounded.
const longestRound = time.Hour

// addDirectory adds the roles for a directory.
func (s *Station) addDirectory(d *Directory) {
	add := func(name string, patience time.Duration, open func(ctx context.Context, d *Directory, slot *slot) (Role, error)) {
		added := &slot{directory: d.Name, name: name, patience: patience, health: s.cfg.Health, logger: s.opts.Logger, ended: time.Now()}
		added.open = func(ctx context.Context) (Role, error) { return open(ctx, d, added) }
		s.slots = append(s.slots, added)
	}
	s.pinning[d.Name] = new(sync.Mutex)
	if d.Audit != nil {
		add("audit", 0, s.openAudit) // a large log takes long
	}
	if len(d.Watch) > 0 {
		add("watch", longestRound, s.openWatch)
	}
	add("vantage", longestRound, s.openVantage)
}

func (s *Station) openAudit(ctx context.Context, d *Directory, slot *slot) (Role, error) {
	cfg, err := s.cfg.audit(d)
	if err != nil {
		return nil, err
	}
	cfg.Dir = s.folder(directoriesFolder, d.Name, auditFolder)
	cfg.HTTP, cfg.Now, cfg.Logger, cfg.Progress = s.httpConfig(), s.opts.Now, s.opts.Logger, slot.progress
	return audit.Open(ctx, cfg)
}

// audit returns what the configuration says of auditing a directory.
func (c *Config) audit(d *Directory) (audit.Config, error) {
	configuration, err := c.configuration(d)
	if err != nil {
		return audit.Config{}, err
	}
	policy, err := c.policy(d.Policy)
	if err != nil {
		return audit.Config{}, err
	}
	cfg := audit.Config{
		Name: d.Name, URL: d.URL, LogURL: d.Log, Mode: d.Audit.Mode, Configuration: configuration, Policy: policy,
		Unreachable: c.Health.Unreachable, Overdue: c.Health.Overdue,
	}
	if d.Audit.Key != "" {
		cfg.KeyDir = c.path(d.Audit.Key)
	}
	return cfg, nil
}

func (s *Station) openWatch(ctx context.Context, d *Directory, _ *slot) (Role, error) {
	c, err := s.pinned(ctx, d)
	if err != nil {
		return nil, err
	}
	cfg := watch.Config{
		Name: d.Name, Client: c, Dir: s.folder(directoriesFolder, d.Name, "watch"), Expected: s.cfg.ExpectedFolder(),
		Unreachable: s.cfg.Health.Unreachable, Overdue: s.cfg.Health.Overdue, Now: s.opts.Now, Logger: s.opts.Logger,
	}
	for _, l := range d.Watch {
		cfg.Labels = append(cfg.Labels, watch.Label{Label: l.Label, Role: l.Role, Alias: l.Alias})
	}
	return watch.Open(cfg)
}

// addWitness opens the witness, if there is to be one: it is asked from the
// beginning.
func (s *Station) addWitness() error {
	if s.cfg.Witness == nil {
		return nil
	}
	logs, err := s.cfg.witnessed()
	if err != nil {
		return err
	}
	path := s.cfg.path(s.cfg.Witness.Key)
	key, err := witness.ReadKey(path)
	if err != nil {
		return err
	}
	s.witnessKeys = key.VerifierKeys()
	s.witness, err = witness.Open(witness.Config{
		Dir: s.folder(witnessFolder), KeyFile: path, Logs: logs, HTTP: s.http, Now: s.opts.Now, Logger: s.opts.Logger,
		Delay: s.cfg.Health.Unreachable,
	})
	if err != nil {
		return err
	}
	s.slots = append(s.slots, &slot{name: s.witness.Name(), role: s.witness, ended: time.Now()})
	return nil
}

// ExpectedFolder returns the folder of what is expected of labels.
func (c *Config) ExpectedFolder() string { return c.path(filepath.Join(c.Data, expectedFolder)) }
