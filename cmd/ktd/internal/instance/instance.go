package instance

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/pebblestore"
	"github.com/ghostlight-kt/ghostlight/directory/publisher"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
	"github.com/ghostlight-kt/ghostlight/web"
)

// Options say how to open an instance. The zero Options are usable.
type Options struct {
	// Logger takes the directory's and the store's records; nil discards.
	Logger *slog.Logger

	// Heartbeat, if not 0, replaces the configured one. Commands that work on
	// an instance nobody is served from set it high, not to add log entries
	// that nobody needs.
	Heartbeat time.Duration
}

// Instance is a running directory. Its methods are safe for concurrent use.
type Instance struct {
	Dir       string
	Config    Config
	Directory *directory.Directory

	tokens *directory.TokenFile
	store  *pebblestore.Store
	keys   *keyRing
	logger *slog.Logger
}

// Open starts the directory in dir. One process at a time can have it open. The
// error wraps directory.ErrNoLog if the log that Init made is gone.
func Open(dir string, opts Options) (*Instance, error) {
	cfg, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	keys, err := readKeys(dir, cfg.Suite)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, StoreDir)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("opening the directory in %s: %w", dir, directory.ErrNoLog)
	}
	return start(dir, cfg, keys, opts, false)
}

// start runs the directory in dir, with a new log if create is set.
func start(dir string, cfg Config, keys *keyRing, opts Options, create bool) (*Instance, error) {
	tokens, err := directory.OpenTokenFile(filepath.Join(dir, TokensFile))
	if err != nil {
		return nil, err
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Heartbeat == 0 {
		opts.Heartbeat = time.Duration(cfg.Heartbeat)
	}
	store, err := pebblestore.Open(filepath.Join(dir, StoreDir), pebblestore.Options{
		CacheSize: int64(cfg.StoreCacheBytes),
		Logger:    opts.Logger,
	})
	if err != nil {
		return nil, err
	}
	if !create {
		if cfg, err = settleConfig(dir, cfg, keys, store); err != nil {
			return nil, errors.Join(err, store.Close())
		}
	}
	evidence := &evidenceFolder{dir: filepath.Join(dir, EvidenceDir), logger: opts.Logger}
	d, err := directory.Open(directory.Config{
		Configuration: cfg.configuration(keys),
		SigningKey:    keys.signing,
		VRFKey:        keys.vrf,
		Store:         store,
		Create:        create,
		Authorizer:    tokens,
		Policy:        policyOf(cfg.AccountKeys, cfg.ResetWait),
		Heartbeat:     opts.Heartbeat,
		MaxValueSize:  cfg.MaxValueBytes,
		MaxEpoch:      cfg.MaxEpoch,
		TreeCache:     cfg.TreeCacheBytes,
		KeyCache:      cfg.KeyCacheBytes,
		Logger:        opts.Logger,

		OnAuditorFault: evidence.keep,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the directory in %s: %w", dir, err), store.Close())
	}
	return &Instance{
		Dir: dir, Config: cfg.withOrigin(keys.checkpoint), Directory: d,
		tokens: tokens, store: store, keys: keys, logger: opts.Logger,
	}, nil
}

// Handler returns what serves the directory, with the checkpoints of p if that is
// not nil, over HTTP. The version is that of the program.
func (i *Instance) Handler(p *publisher.Publisher, version string) (http.Handler, error) {
	cfg := web.Config{
		Directory:      i.Directory,
		Publisher:      p,
		Logger:         i.logger,
		MaxUpdateBytes: max(16<<20, 2*int64(i.Config.MaxValueBytes)),
		Version:        version,
	}
	if i.Config.Mode == ModeThirdPartyManagement {
		cfg.Link = i.tokens
	} else {
		cfg.View = i.Config.View.view()
	}
	return web.New(cfg)
}

// VRFKey returns the key that search keys are computed with, for measurements.
func (i *Instance) VRFKey() vrf.PrivateKey { return i.keys.vrf }

// Close stops the directory after the epoch that it is making. Every request
// must have ended.
func (i *Instance) Close() error {
	i.Directory.Close()
	return i.store.Close()
}
