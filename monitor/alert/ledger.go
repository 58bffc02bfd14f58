package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// Config says how a Ledger works. Dir is required.
type Config struct {
	// Dir is the monitor's folder, which is made if there is none.
	Dir string
	// Sinks get the alerts. Their names must differ.
	Sinks []Sink

	// MaxConditions is how many conditions of a role are kept, 10,000 by default. What
	// more there are is told in one alert.
	MaxConditions int
	// MaxPerDay is how many alerts of one severity a role raises about a directory by one
	// rule in 24 hours of observing, 100 by default, and as many with evidence. What more
	// there are is told in one alert, but for the first about each finding.Finding.About.
	MaxPerDay int
	// MaxGap is the longest time between two rounds of a role for which conditions
	// are held to have lasted, 1 hour by default. It should be at least as long as
	// rounds are apart.
	MaxGap time.Duration

	// DeliveryTimeout bounds one attempt to deliver, 1 minute by default.
	DeliveryTimeout time.Duration
	// FirstDelay and MaxDelay are the shortest and the longest time from a failed
	// attempt to the next, 1 second and 1 hour by default. It doubles, and about a
	// quarter of it is random.
	FirstDelay, MaxDelay time.Duration

	// Now tells the date, time.Now by default. How long things last is measured by
	// the clock of the process, which nobody sets.
	Now func() time.Time
	// Logger gets what becomes of deliveries. Nil discards.
	Logger *slog.Logger
	// Metrics are counted in, if not nil.
	Metrics *Metrics

	fs   vfs.FS                                         // of the database, for tests
	hook func(op, name string, step func() error) error // see folder
	fail func(point string) error                       // called between steps, for tests
}

func (c Config) withDefaults() Config {
	def := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	def(&c.MaxGap, time.Hour)
	def(&c.DeliveryTimeout, time.Minute)
	def(&c.FirstDelay, time.Second)
	def(&c.MaxDelay, time.Hour)
	if c.MaxConditions == 0 {
		c.MaxConditions = 10_000
	}
	if c.MaxPerDay == 0 {
		c.MaxPerDay = 100
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics()
	}
	if c.fs == nil {
		c.fs = vfs.Default
	}
	if c.fail == nil {
		c.fail = func(string) error { return nil }
	}
	return c
}

// Sink delivers alerts to one receiver.
type Sink interface {
	// Name is the sink's in the configuration: 1 to 60 of the characters a-z, 0-9
	// and "-". Under another name it is another sink.
	Name() string
	// Deliver returns nil if the receiver has the alert. It obeys the context's
	// deadline. After an error, or a crash, it is called again with the same alert,
	// until it succeeds; it must tell the receiver the alert's ID, so that this one
	// can drop what it has. Its errors must not have secrets in them.
	Deliver(ctx context.Context, a *Alert) error
}

var sinkName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,59}$`)

// Ledger is what a monitor has found out and whom it has told. It is safe for
// concurrent use. One process at a time can have one open.
//
// A Ledger survives a crash at any moment. If the disk is full, methods return the
// error, nothing has happened or is half told, and later calls try again.
type Ledger struct {
	cfg    Config
	folder *folder
	queues []*queue

	// mu guards what follows, and is not held while a sink delivers.
	mu     sync.Mutex
	store  *store
	secret idKey
	rounds map[string]time.Time // when a role observed last, by the process's clock
}

// Open opens the ledger in a folder. The findings say which of its files were damaged
// and what was done about it; they are for a round of the monitor's own.
//
// It returns an error if another process has the ledger open, if this program does
// not know its format, or if files cannot be read or written.
func Open(cfg Config) (*Ledger, []finding.Finding, error) {
	cfg = cfg.withDefaults()
	l := &Ledger{cfg: cfg, folder: &folder{cfg.Dir, cfg.hook}, rounds: make(map[string]time.Time)}
	l.store = &store{folder: l.folder, fs: cfg.fs, logger: cfg.Logger}
	if err := l.addQueues(); err != nil {
		return nil, nil, err
	}
	found, err := l.open()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("opening the ledger of alerts in %s: %w", cfg.Dir, err), l.store.close())
	}
	return l, found, nil
}

func (l *Ledger) addQueues() error {
	seen := make(map[string]bool)
	for _, s := range l.cfg.Sinks {
		name := s.Name()
		if !sinkName.MatchString(name) {
			return fmt.Errorf("a sink cannot be named %q: use the letters a to z, digits and hyphens", OneLine(name, 60))
		}
		if seen[name] {
			return fmt.Errorf("two sinks are named %q", name)
		}
		seen[name] = true
		l.queues = append(l.queues, newQueue(s))
	}
	return nil
}

// open brings the folder in order.
func (l *Ledger) open() ([]finding.Finding, error) {
	if err := l.folder.make(); err != nil {
		return nil, err
	}
	r := &repair{l: l}
	if err := r.run(); err != nil {
		return nil, err
	}
	if err := l.file(); err != nil {
		return nil, err
	}
	if err := l.openQueues(r); err != nil {
		return nil, err
	}
	return r.found, l.takeAcks()
}

// Close closes the ledger. Run and Flush must have returned.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.store.close()
	l.store.guard = nil
	return err
}
