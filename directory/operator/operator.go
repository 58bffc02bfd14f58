package operator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// Config describes an Operator. Fields without a default are required.
type Config struct {
	// Configuration is what users pin, of mode ThirdPartyManagement.
	Configuration *keytrans.Configuration

	// LeafKey signs new values. It is that of Configuration.LeafPublicKey.
	LeafKey keytrans.SigningKey

	// Store keeps what was signed, and nothing else. The Operator does not close
	// it.
	Store directory.Store

	// Authorizer decides who may write.
	Authorizer directory.Authorizer

	// Policy, if not nil, decides which new versions are signed. The operator does
	// not know what it signs as long as it is not known what became of the update
	// before, and first finds that out.
	Policy directory.Policy

	// Link is the way to the manager.
	Link *Link

	// MaxValueSize is the size in bytes of the largest value, at most that of the
	// manager. Default 128 KiB.
	MaxValueSize int

	// Interval is how often the log is looked at if nothing else leads to it.
	// Default 10 s, or a quarter of the Configuration's MaxBehind if that is less.
	Interval time.Duration

	// Retries and Backoff say how often a request is sent again, and how long to
	// wait before, twice as long each time and up to half as long more. A Retries
	// below 0 means never. Default 3 and 100 ms.
	Retries int
	Backoff time.Duration

	// KeepEvidence stores evidence of the manager's misbehaviour. Default: it is
	// only logged that there was some.
	KeepEvidence func(*evidence.Evidence) error

	// Distrusted, if not nil, says that the manager's misbehaviour was proven
	// before: nothing is forwarded.
	Distrusted error

	// Logger takes what happens to the link and the log; nil discards. Labels and
	// values are never logged.
	Logger *slog.Logger

	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// defaultInterval is the longest time between two looks at the log.
const defaultInterval = 10 * time.Second

func (c Config) withDefaults() (Config, error) {
	if c.Configuration == nil || c.LeafKey == nil || c.Store == nil || c.Authorizer == nil || c.Link == nil {
		return c, errors.New("operator: Configuration, LeafKey, Store, Authorizer and Link are required")
	}
	if err := CheckConfiguration(c.Configuration, c.LeafKey); err != nil {
		return c, err
	}
	if c.MaxValueSize == 0 {
		c.MaxValueSize = 128 << 10
	}
	if c.Interval == 0 {
		c.Interval = max(min(defaultInterval, time.Duration(c.Configuration.MaxBehind)*time.Millisecond/4), time.Millisecond)
	}
	if c.Retries == 0 {
		c.Retries = 3
	}
	if c.Backoff == 0 {
		c.Backoff = 100 * time.Millisecond
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

// CheckConfiguration verifies that a Configuration is of a log that a third party
// manages for the operator with the given key.
func CheckConfiguration(c *keytrans.Configuration, leaf keytrans.SigningKey) error {
	switch {
	case c.Mode != keytrans.ThirdPartyManagement:
		return errors.New("the manager's log is not one that a third party manages: deployment mode " + fmt.Sprint(c.Mode))
	case !bytes.Equal(c.LeafPublicKey, leaf.Public()):
		return errors.New("the manager's log has the leaf key of another operator")
	}
	return nil
}

var (
	// ErrManager is wrapped by errors of requests that the manager did not answer,
	// or not with anything that can be used.
	ErrManager = errors.New("the manager does not answer")

	// ErrDistrusted is wrapped by the errors of all requests once misbehaviour of
	// the manager was proven.
	ErrDistrusted = errors.New("the manager has misbehaved; nothing of its log is forwarded any more")

	// ErrAhead is wrapped by the error for an update of a label for which much was
	// signed of which it is not known whether the manager has it.
	ErrAhead = errors.New("too many signed versions of the label wait for the manager")
)

// Operator is a running Service Operator. It is safe for concurrent use.
type Operator struct {
	cfg    Config
	labels labels
	log    follower

	mu      sync.Mutex
	reached error // of the last exchange with the manager: whether it answered
}

// Open returns the Operator of what was signed before, or of nothing in a new
// store. It does not contact the manager; Run does.
func Open(cfg Config) (*Operator, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	o := &Operator{cfg: cfg, reached: errNotAsked}
	if err := o.log.load(cfg); err != nil {
		return nil, err
	}
	return o, nil
}

var errNotAsked = fmt.Errorf("%w: it was not asked yet", ErrManager)

// Configuration returns what users pin. It must not be modified.
func (o *Operator) Configuration() *keytrans.Configuration { return o.cfg.Configuration }

// Run follows the manager's log until ctx ends. If the manager does not answer it
// is asked more often, from a tenth of the interval on.
func (o *Operator) Run(ctx context.Context) {
	pause := o.cfg.Interval
	for {
		switch err := o.Follow(ctx); {
		case ctx.Err() != nil:
			return
		case err == nil:
			pause = o.cfg.Interval
		case pause == o.cfg.Interval:
			pause = max(o.cfg.Interval/10, time.Millisecond)
		default:
			pause = min(2*pause, o.cfg.Interval)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// Status says how an operator does.
type Status struct {
	// Manager is why the manager does not answer, nil if it did when it was asked
	// last.
	Manager error
	// Log is why nothing of the log is forwarded, nil if it is. It wraps
	// ErrDistrusted if that is for good.
	Log error
	// TreeSize and Timestamp, in milliseconds, are those of the last verified head,
	// 0 if there is none.
	TreeSize, Timestamp uint64
}

// Status returns how the operator does.
func (o *Operator) Status() Status {
	s := o.log.status()
	o.mu.Lock()
	defer o.mu.Unlock()
	s.Manager = o.reached
	return s
}

// setReached remembers whether the manager answered, and logs a change.
func (o *Operator) setReached(err error) {
	o.mu.Lock()
	before := o.reached
	o.reached = err
	o.mu.Unlock()
	switch {
	case err != nil && (before == nil || errors.Is(before, errNotAsked)):
		o.cfg.Logger.Warn("the manager does not answer", "err", err)
	case err == nil && before != nil:
		o.cfg.Logger.Info("the manager answers")
	}
}
