package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// Config describes a Directory. Fields without a default are required.
type Config struct {
	// Configuration is what users pin. It never changes during the life of a
	// log.
	Configuration *keytrans.Configuration
	SigningKey    keytrans.SigningKey
	VRFKey        vrf.PrivateKey

	// Store keeps the data. The Directory does not close it.
	Store Store

	// Create makes a new log if the store is empty. Without it, Open returns
	// ErrNoLog then: a second log under keys that have signed one would prove
	// to everybody that the operator shows two histories.
	Create bool

	// Authorizer decides who may write. It is not needed under
	// ThirdPartyManagement, where the Service Operator decides that.
	Authorizer Authorizer

	// Policy, if not nil, decides which new versions are admitted. It is not for
	// ThirdPartyManagement, where that is the Service Operator's business, too.
	Policy Policy

	// Heartbeat is the longest time between two epochs. Default: a quarter of
	// the Configuration's MaxBehind.
	Heartbeat time.Duration

	// MaxValueSize is the size in bytes of the largest value. Default 128 KiB.
	MaxValueSize int

	// MaxEpoch is the most labels with new versions in one epoch. Default 10,000.
	// In ThirdPartyAuditing an epoch has at most keytrans.MaxChanges new versions,
	// and what is submitted together can take several.
	MaxEpoch int

	// TreeCache and KeyCache are how many bytes of the prefix tree and of VRF
	// proofs are kept in memory. Default 128 MiB and 64 MiB.
	TreeCache, KeyCache int

	// OnAuditorFault, if not nil, is told of heads of the auditor that were refused
	// because their signature does not verify over the log's own root. It is called
	// by SetAuditorHead, possibly at the same time by several.
	OnAuditorFault func(AuditorFault)

	// Logger takes one record an epoch; nil discards. Labels and values are
	// never logged.
	Logger *slog.Logger

	// Now is the clock, Rand the source of openings and padding. Default
	// time.Now and crypto/rand.
	Now  func() time.Time
	Rand io.Reader
}

func (c Config) withDefaults() (Config, error) {
	if c.Configuration == nil || c.SigningKey == nil || c.VRFKey == nil || c.Store == nil {
		return c, errors.New("directory: Configuration, SigningKey, VRFKey and Store are required")
	}
	if c.Authorizer == nil && c.Configuration.Mode != keytrans.ThirdPartyManagement {
		return c, errors.New("directory: Authorizer is required")
	}
	if c.Policy != nil && c.Configuration.Mode == keytrans.ThirdPartyManagement {
		return c, errors.New("directory: a managed log takes what its operator signs; a Policy is the operator's")
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = time.Duration(c.Configuration.MaxBehind) * time.Millisecond / 4
	}
	if c.Heartbeat < time.Millisecond {
		return c, errors.New("directory: the heartbeat is shorter than a millisecond; is max_behind too short?")
	}
	c.MaxValueSize = orDefault(c.MaxValueSize, 128<<10)
	c.MaxEpoch = orDefault(c.MaxEpoch, 10_000)
	c.TreeCache = orDefault(c.TreeCache, 128<<20)
	c.KeyCache = orDefault(c.KeyCache, 64<<20)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return c, nil
}

func orDefault(v, fallback int) int {
	if v == 0 {
		return fallback
	}
	return v
}

var (
	// ErrUnknownLabel says that a label has no versions.
	ErrUnknownLabel = errors.New("the directory does not know this label")

	// ErrErased says that the value was deleted and can no longer be served.
	ErrErased = keytrans.ErrErased

	// ErrGreatestVersion says that an update does not follow the greatest
	// version.
	ErrGreatestVersion = errors.New("greatest_version is not the label's greatest version, or nothing follows it")

	// ErrNoLog says that the store is empty.
	ErrNoLog = errors.New("the store holds no log; restore it from a backup: a new log under the same keys would prove misbehaviour")

	// ErrClosed says that the directory was closed.
	ErrClosed = errors.New("the directory is closed")

	// ErrFailed says that the directory takes no more writes because the outcome
	// of a commit could not be settled. It has to be opened anew.
	ErrFailed = errors.New("the directory stopped writing after a failed commit")
)

// Directory is a running key directory. It is safe for concurrent use.
type Directory struct {
	cfg    Config
	tree   *prefixtree.Tree
	keys   *keyCache
	prover *keytrans.Prover

	mu      sync.Mutex
	current *state // the last published epoch; nil before the first and after Close
	// published is closed when current changes, and replaced.
	published chan struct{}

	recent recentEpochs

	submissions chan *submission
	tasks       chan *task // without a buffer: what is in it was taken
	pruning     sync.Mutex
	stop        context.CancelCauseFunc
	stopping    context.Context
	done        chan struct{} // closed when the sequencer has ended
}

// Open loads a directory from its store, or creates it with a first epoch if
// Config.Create says so, and starts its sequencer.
//
// The first epoch holds two padding leaves: from then on the root of the prefix
// tree is a parent, whatever one thinks of trees with a single leaf.
func Open(cfg Config) (*Directory, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	d := &Directory{
		cfg:         cfg,
		tree:        &prefixtree.Tree{Prefix: []byte{keyPrefix}, Cache: prefixtree.NewCache(cfg.TreeCache)},
		keys:        newKeyCache(cfg.VRFKey, cfg.KeyCache),
		prover:      &keytrans.Prover{Config: cfg.Configuration},
		submissions: make(chan *submission, 64),
		tasks:       make(chan *task),
		done:        make(chan struct{}),
		published:   make(chan struct{}),
	}
	d.stopping, d.stop = context.WithCancelCause(context.Background())
	if err := d.load(); err != nil {
		return nil, err
	}
	go d.sequence()
	return d, nil
}

func (d *Directory) load() error {
	snap, err := d.cfg.Store.Snapshot()
	if err != nil {
		return err
	}
	s, err := loadState(snap, d.tree, d.cfg.Configuration.Mode)
	if s == nil {
		err = errors.Join(err, snap.Close())
		if err == nil && !d.cfg.Create {
			err = ErrNoLog
		}
		if err != nil {
			return err
		}
		return d.commitEpoch(&epoch{padding: 2})
	}
	root, err := s.root()
	if err == nil {
		err = keytrans.VerifyTreeHead(d.cfg.Configuration, &s.head, root)
	}
	if err == nil {
		err = s.checkAuditor(d.cfg.Configuration)
	}
	if err != nil {
		s.release()
		return fmt.Errorf("the stored tree head does not verify; are these the keys and the configuration of this store? %w", err)
	}
	d.publish(s)
	return nil
}

// publish makes s the state that readers get. It takes over the caller's
// reference.
func (d *Directory) publish(s *state) {
	d.mu.Lock()
	old := d.current
	d.current = s
	close(d.published)
	d.published = make(chan struct{})
	d.mu.Unlock()
	if old != nil {
		old.release()
	}
}

// acquire returns the last published state, which the caller releases. The
// error is ErrClosed after Close.
func (d *Directory) acquire() (*state, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil {
		return nil, ErrClosed
	}
	d.current.acquire()
	return d.current, nil
}

// Close stops the sequencer after the epoch that it is making and waits for it.
// Requests under way go on, later ones get ErrClosed. The store can be closed
// when they have ended.
func (d *Directory) Close() {
	d.stop(ErrClosed)
	<-d.done
	d.publish(nil)
}

// Err returns why the directory takes no more writes, nil if it does.
func (d *Directory) Err() error { return context.Cause(d.stopping) }

// Configuration returns what users pin. It must not be modified.
func (d *Directory) Configuration() *keytrans.Configuration { return d.cfg.Configuration }
