package station

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/alert"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
	"github.com/ghostlight-kt/ghostlight/monitor/vantage"
	"github.com/ghostlight-kt/ghostlight/monitor/witness"
	view "github.com/ghostlight-kt/ghostlight/web/audit"
)

// Options adjust a Station. The zero value is usable.
type Options struct {
	// Version is that of the program, for the User-Agent and the status.
	Version string
	// Stdout is where alerts go that the configuration wants there.
	Stdout io.Writer
	// Logger is told what happens, without labels and values. The default discards.
	Logger *slog.Logger
	// Now is the clock that heads are held against. The default is time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Version == "" {
		o.Version = "(devel)"
	}
	if o.Stdout == nil {
		o.Stdout = io.Discard
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Station is everything that a configuration asks for. Its methods are safe for
// concurrent use, but one of Run and Once is called once.
type Station struct {
	cfg    *Config
	opts   Options
	http   *http.Client
	ledger *alert.Ledger
	gossip *vantage.Gossip
	slots  []*slot
	web    *web         // nil without Config.Listen
	views  []*view.View // of the directories, in their order; none without web

	announcer   *announcer
	directories []DirectoryStatus
	since       time.Time

	alertMetrics *alert.Metrics
	witness      *witness.Witness // nil if the monitor is none
	witnessKeys  []string

	pinning map[string]*sync.Mutex // by directory; held while it is pinned

	evidence sync.Map // whether that of an alert, by ID, is for everybody

	mu       sync.Mutex
	failed   map[string]error // of the ledger, for each role whose last round it has not taken
	recorded uint64           // rounds that the ledger was told of
	told     *told            // what it has since; nil if nobody has asked
}

// Open opens the monitor's folder, which it makes if there is none, and begins to
// listen. No directory is contacted yet. The caller closes it.
func Open(ctx context.Context, cfg *Config, opts Options) (_ *Station, err error) {
	s := &Station{cfg: cfg, opts: opts.withDefaults(), http: newHTTP(), alertMetrics: alert.NewMetrics(), gossip: vantage.NewGossip(), announcer: newAnnouncer(), pinning: make(map[string]*sync.Mutex), failed: make(map[string]error), since: time.Now().UTC()}
	if s.directories, err = cfg.directoryStatuses(); err != nil {
		return nil, err
	}
	if err := makePrivate(s.folder()); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	sinks, err := cfg.sinks(s.opts)
	if err != nil {
		return nil, err
	}
	damaged, err := s.openLedger(sinks)
	if err != nil {
		return nil, err
	}
	own := &self{clock: newClock(), late: s.late, overdue: cfg.Health.Overdue, damaged: damaged}
	s.slots = append(s.slots, &slot{name: selfName, role: own, ended: time.Now()})
	if err := s.addWitness(); err != nil {
		return nil, err
	}
	for i := range cfg.Directories {
		s.addDirectory(&cfg.Directories[i])
	}
	if cfg.Listen != "" {
		if s.web, err = s.listen(ctx); err != nil {
			return nil, err
		}
		s.announcer.announce(s.Status)
	}
	return s, nil
}

// makePrivate makes a folder that only its owner can read, also of one that is there:
// not every file below it is private by itself, and they have labels.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	return os.Chmod(dir, 0o700)
}

// newHTTP returns the client for all requests, which uses the proxy of the
// environment, if there is one.
func newHTTP() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 32
	t.MaxResponseHeaderBytes = 64 << 10
	return &http.Client{Transport: t}
}

// folder returns a folder of the monitor.
func (s *Station) folder(names ...string) string {
	return filepath.Join(append([]string{s.cfg.Folder()}, names...)...)
}

// Folder returns the folder of the monitor's state.
func (c *Config) Folder() string { return c.path(c.Data) }

func (s *Station) userAgent() string { return "ghostlight-ktmon/" + s.opts.Version }

// Close ends the monitor.
func (s *Station) Close() error {
	var errs []error
	if s.web != nil {
		errs = append(errs, s.web.close())
	}
	for _, slot := range s.slots {
		errs = append(errs, slot.close())
	}
	if s.ledger != nil {
		errs = append(errs, s.ledger.Close())
	}
	s.http.CloseIdleConnections()
	return errors.Join(errs...)
}

// Run does rounds of every role, and sends alerts, until ctx ends, for which it
// returns nil.
func (s *Station) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, slot := range s.slots {
		all.Go(func() { slot.run(ctx, s.cfg.Interval, func(r finding.Round) { s.record(ctx, slot, r) }) })
	}
	all.Go(func() { s.ledger.Run(ctx) })
	if s.web != nil {
		all.Go(func() { s.web.serve(ctx) })
	}
	all.Wait()
	return nil
}

// Once does one round of every role, and sends the alerts that are due.
func (s *Station) Once(ctx context.Context) error {
	var all sync.WaitGroup
	web, stop := context.WithCancel(ctx)
	if s.web != nil { // for peers and logs, meanwhile
		all.Go(func() { s.web.serve(web) })
	}
	var rounds sync.WaitGroup
	for _, slots := range s.byDirectory() {
		rounds.Go(func() {
			for _, slot := range slots { // an auditor's signature is what the others wait for
				s.record(ctx, slot, slot.round(ctx))
			}
		})
	}
	rounds.Wait()
	stop()
	all.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.Join(s.ledgerError(), s.ledger.Flush(ctx))
}

// byDirectory returns the roles of each directory, and the monitor's own.
func (s *Station) byDirectory() map[string][]*slot {
	out := make(map[string][]*slot)
	for _, slot := range s.slots {
		out[slot.directory] = append(out[slot.directory], slot)
	}
	return out
}

// record has the ledger take what a round came to.
func (s *Station) record(ctx context.Context, slot *slot, r finding.Round) {
	err := s.ledger.Record(ctx, slot.id(), r)
	ended := ctx.Err() != nil
	s.mu.Lock()
	s.recorded, s.told = s.recorded+1, nil
	if err == nil {
		delete(s.failed, slot.id())
	} else if !ended {
		s.failed[slot.id()] = err
	}
	s.mu.Unlock()
	if ended {
		return
	}
	if err != nil {
		s.opts.Logger.ErrorContext(ctx, "the ledger cannot be written; nobody is told of anything until it can", "role", slot.id(), "err", err)
	}
	if s.web != nil {
		s.announcer.announce(s.Status)
	}
	s.opts.Logger.DebugContext(ctx, "round", "role", slot.id(), "verdict", r.Verdict(), "up_to", r.Size)
}

// ledgerError returns why the ledger could not be written last, nil if it could.
func (s *Station) ledgerError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(slices.Collect(maps.Values(s.failed))...)
}

// pinned returns the client of a directory, which pins its Configuration at the
// first contact.
func (s *Station) pinned(ctx context.Context, d *Directory) (*client.Client, error) {
	configuration, err := s.cfg.configuration(d)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(configuration)
	fingerprint := hex.EncodeToString(sum[:])
	cfg := s.clientConfig(d)
	if cfg.Policy, err = s.cfg.policy(d.Policy); err != nil {
		return nil, err
	}
	s.pinning[d.Name].Lock()
	defer s.pinning[d.Name].Unlock()
	root := s.folder(directoriesFolder, d.Name, "client")
	c, err := client.Open(root, d.URL, cfg)
	if client.KindOf(err) != client.Usage {
		return c, err
	}
	if _, err := client.Trust(ctx, root, d.URL, fingerprint, cfg); err != nil {
		return nil, err
	}
	return client.Open(root, d.URL, cfg)
}

// maxResponse is the largest answer of a directory about labels and heads, in bytes.
// It bounds the memory that a directory which sends anything can make this take.
const maxResponse = 16 << 20

func (s *Station) clientConfig(d *Directory) client.Config {
	return client.Config{
		HTTP: s.http, Now: s.opts.Now, Logger: s.opts.Logger, UserAgent: s.userAgent(), InsecureHTTP: d.InsecureHTTP,
		MaxResponse: maxResponse,
		LockWait:    time.Hour, // the roles of a directory share its state
	}
}

func (s *Station) httpConfig() monitor.HTTPConfig {
	return monitor.HTTPConfig{Client: s.http, UserAgent: s.userAgent(), Logger: s.opts.Logger}
}

// Addr returns the address of the status page; nil if there is none.
func (s *Station) Addr() net.Addr {
	if s.web == nil {
		return nil
	}
	return s.web.listener.Addr()
}
