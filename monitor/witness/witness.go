package witness

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
)

// Config says what a witness witnesses, and how. Dir, KeyFile and Logs are required.
type Config struct {
	// Dir is the folder for what the witness must not forget. It is made if there is
	// none. A folder belongs to one key and one process.
	Dir string
	// KeyFile is a file that CreateKey made, or of the format of Key.
	KeyFile string
	// Logs are policies that name the logs.
	Logs []Logs
	// HTTP makes the requests to logs. The default has a transport of its own.
	HTTP *http.Client
	// Now is the clock. The default is time.Now.
	Now func() time.Time
	// Logger is told what happens. The default discards.
	Logger *slog.Logger
	// Delay is how long a log must not be reached, or not publish what was cosigned,
	// before anybody is told. The default is 24 h.
	Delay time.Duration
	// Timeout is how long a request may take to arrive. The default is 10 s.
	Timeout time.Duration
	// Patience is how long a round waits for one log, all in all. The default is 10 min.
	Patience time.Duration
	// MaxRequests is how many requests are answered at a time; others are told to come
	// again. The default is 256.
	MaxRequests int
}

// Logs are the logs that the log lines of a policy name (C2SP tlog-policy): their
// keys, of which one origin can have several, and their URLs, if they are to be
// polled. Its witnesses and quorum do not matter.
type Logs struct {
	// Directory is what findings about these logs call their directory; it may be
	// empty.
	Directory string
	// Policy is the content of the policy file.
	Policy []byte
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Delay == 0 {
		c.Delay = 24 * time.Hour
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Minute
	}
	if c.MaxRequests == 0 {
		c.MaxRequests = 256
	}
	return c
}

// Witness is a witness: a role of a monitor, and the http.Handler that logs ask. The
// handler is safe for concurrent use, also with one Round at a time and with Close.
type Witness struct {
	cfg     Config
	key     *Key
	logs    map[string]*witnessed // by origin
	hashes  map[string]*witnessed // by the hash of the origin
	order   []*witnessed
	mux     *http.ServeMux
	slots   chan struct{}
	metrics *Metrics

	storeMu  sync.RWMutex // held to replace store
	store    *store
	reopened int // guarded by storeMu

	keepMu sync.Mutex // held to keep evidence and refused checkpoints

	repairs []repair // guarded by roundMu
	roundMu sync.Mutex

	hook func(step string) error // of tests
}

// witnessed is a log of a witness.
type witnessed struct {
	origin, hash string
	directory    string
	policy       *checkpoint.Policy   // all keys of the origin
	single       []*checkpoint.Policy // each of them alone
	verifiers    []note.Verifier
	sources      []source

	// published is what mu guards as latest, for those who only read.
	published atomic.Pointer[anchor]

	// mu is held while a checkpoint is compared with the latest one and stored.
	mu     sync.Mutex
	latest *anchor // nil if nothing was cosigned yet
	damage error   // why nothing is cosigned at present, nil if it is
}

// source is where a log is polled.
type source struct {
	url string
	monitor.Source
}

// Open opens a witness. The caller closes it. The error says what to do if the
// configuration is wrong, the key file is not private, or another process has the
// folder.
//
// That the state of some log is damaged is no error: it is a finding, and this log
// alone is refused.
func Open(cfg Config) (*Witness, error) {
	cfg = cfg.withDefaults()
	key, err := ReadKey(cfg.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("the witness's key: %w", err)
	}
	w := &Witness{
		cfg: cfg, key: key, logs: make(map[string]*witnessed), hashes: make(map[string]*witnessed),
		slots: make(chan struct{}, cfg.MaxRequests), metrics: newMetrics(),
	}
	if err := w.configure(); err != nil {
		return nil, err
	}
	var lost error
	if w.store, lost, err = openStore(cfg.Dir, cfg.Logger); err != nil {
		return nil, fmt.Errorf("opening the witness's folder %s: %w", cfg.Dir, err)
	}
	if lost != nil {
		w.noteLoss(lost)
	}
	for _, l := range w.order {
		if err := w.load(l); err != nil {
			return nil, errors.Join(fmt.Errorf("opening the witness's folder %s: %w", cfg.Dir, err), w.Close())
		}
	}
	w.mux = w.routes()
	return w, nil
}

// configure sets up the logs that the policies name.
func (w *Witness) configure() error {
	lines := make(map[string][]string)
	seen := make(map[string]bool)
	for _, from := range w.cfg.Logs {
		policy, err := checkpoint.ParsePolicy(from.Policy)
		if err != nil {
			return err
		}
		for i := range policy.Logs {
			log := &policy.Logs[i]
			l, err := w.addLog(log.Origin, from.Directory)
			if err != nil {
				return err
			}
			if log.URL != nil {
				if err := w.addSource(l, log.URL.String()); err != nil {
					return err
				}
			}
			if !seen[log.VerifierKey] {
				seen[log.VerifierKey] = true
				lines[l.origin] = append(lines[l.origin], "log "+log.VerifierKey+"\n")
			}
		}
	}
	if len(w.order) == 0 {
		return errors.New("a witness needs logs: name policies with lines: log VKEY [URL]")
	}
	for _, l := range w.order {
		if err := l.setKeys(lines[l.origin]); err != nil {
			return err
		}
	}
	return nil
}

func (w *Witness) addLog(origin, directory string) (*witnessed, error) {
	if l := w.logs[origin]; l != nil {
		return l, nil
	}
	// SPEC: opaque log_origin<1..2^8-1>
	if err := checkpoint.CheckOrigin(origin); err != nil {
		return nil, err
	}
	// SPEC: The origin hash is the SHA-256 hash of the log's origin, hex encoded, in
	// lowercase.
	hash := sha256.Sum256([]byte(origin))
	l := &witnessed{origin: origin, hash: hex.EncodeToString(hash[:]), directory: directory}
	w.logs[origin], w.hashes[l.hash] = l, l
	w.order = append(w.order, l)
	return l, nil
}

func (w *Witness) addSource(l *witnessed, url string) error {
	for _, s := range l.sources {
		if s.url == url {
			return nil
		}
	}
	s, err := monitor.NewHTTPSource(url, monitor.HTTPConfig{Client: w.cfg.HTTP, Logger: w.cfg.Logger, Retries: 1, UserAgent: "ghostlight-witness"})
	if err != nil {
		return err
	}
	l.sources = append(l.sources, source{url, s})
	return nil
}

// setKeys sets the keys of a log, from lines of policies.
func (l *witnessed) setKeys(lines []string) (err error) {
	all := "quorum none\n"
	for _, line := range lines {
		single, err := checkpoint.ParsePolicy([]byte(line + "quorum none\n"))
		if err != nil {
			return err
		}
		verifier, err := note.NewVerifier(single.Logs[0].VerifierKey)
		if err != nil {
			return err
		}
		l.single, l.verifiers = append(l.single, single), append(l.verifiers, verifier)
		all += line
	}
	l.policy, err = checkpoint.ParsePolicy([]byte(all))
	return err
}

// Name implements the role of a monitor.
func (w *Witness) Name() string { return "witness" }

// VerifierKeys returns the witness's public keys, as Key.VerifierKeys does.
func (w *Witness) VerifierKeys() []string { return w.key.VerifierKeys() }

// Metrics returns the witness's metrics.
func (w *Witness) Metrics() *Metrics { return w.metrics }

// errClosed says that the witness does not cosign any more.
var errClosed = errors.New("the witness is closing")

// Close waits for what is being cosigned, and ends the witness. Requests are refused
// from then on.
func (w *Witness) Close() error {
	for _, l := range w.order {
		l.mu.Lock()
		l.damage = errClosed
		l.mu.Unlock()
	}
	w.storeMu.Lock()
	defer w.storeMu.Unlock()
	if w.store == nil {
		return nil
	}
	err := w.store.close()
	w.store = nil
	return err
}

// step calls the hook of tests.
func (w *Witness) step(name string) error {
	if w.hook == nil {
		return nil
	}
	return w.hook(name)
}
