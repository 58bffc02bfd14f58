package instance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/durable"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/operator"
	"github.com/ghostlight-kt/ghostlight/directory/pebblestore"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/web"
)

// OperatorConfig is the content of an operator's config.json. Unknown keys are
// refused; a key that is absent has its default. All but Role and Suite can be
// changed at any time, and takes effect at the next start.
type OperatorConfig struct {
	// Version is that of this format: 1.
	Version int `json:"version"`
	// Role is "operator".
	Role Role `json:"role"`
	// Suite is that of the manager's log: "ed25519", the default, or "p256".
	Suite Suite `json:"suite"`

	// Manager is the base URL of the manager. It is required to serve.
	Manager string `json:"manager"`
	// Listen is where 'ktd serve' listens. Default 127.0.0.1:8480.
	Listen string `json:"listen"`
	// MaxValueBytes is the size of the largest value, at most that of the manager.
	// Default 131072.
	MaxValueBytes int `json:"max_value_bytes"`

	// AccountKeys and ResetWait are those of Config, for the versions that the
	// operator signs. Default "enforce" and 72h.
	AccountKeys AccountKeys `json:"account_keys"`
	ResetWait   Duration    `json:"reset_wait"`
}

// DefaultOperatorConfig returns the configuration with every default.
func DefaultOperatorConfig() OperatorConfig {
	d := DefaultConfig()
	return OperatorConfig{Version: configVersion, Role: RoleOperator, Suite: d.Suite, Listen: d.Listen, MaxValueBytes: d.MaxValueBytes,
		AccountKeys: d.AccountKeys, ResetWait: DefaultResetWait}
}

func (c *OperatorConfig) validate() error {
	if c.Version != configVersion {
		return fmt.Errorf("version: %d is not known, this program knows %d", c.Version, configVersion)
	}
	if c.Role != RoleOperator {
		return fmt.Errorf("role: it is %q", RoleOperator)
	}
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "" {
		return fmt.Errorf("listen: %q is not HOST:PORT", c.Listen)
	}
	if c.MaxValueBytes < 1 || c.MaxValueBytes > maxValueBytes {
		return fmt.Errorf("max_value_bytes: %d is not 1 to %d", c.MaxValueBytes, maxValueBytes)
	}
	return nil
}

// ReadOperatorConfig reads the configuration of the operator in dir. The error
// names the key that is wrong.
func ReadOperatorConfig(dir string) (OperatorConfig, error) {
	data, err := readConfigFile(dir)
	if err != nil {
		return OperatorConfig{}, err
	}
	c := DefaultOperatorConfig()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err = dec.Decode(&c); err != nil {
		err = configError(err)
	} else if _, more := dec.Token(); !errors.Is(more, io.EOF) {
		err = errors.New("there is something after the configuration")
	} else {
		c.ResetWait = cmp.Or(c.ResetWait, DefaultResetWait)
		err = c.validate()
	}
	if err != nil {
		return OperatorConfig{}, fmt.Errorf("%s: %w", filepath.Join(dir, ConfigFile), err)
	}
	return c, nil
}

// CreatedOperator says what InitOperator made.
type CreatedOperator struct {
	Dir           string
	TokenPath     string // of the registration token
	LeafPath      string // of the public key that the manager needs
	LeafPublicKey string // the same key, base64
	Config        OperatorConfig
}

// InitOperator creates an operator in dir, which must be empty or absent.
// config.json comes last: a directory that has it is complete.
func InitOperator(dir string, cfg OperatorConfig) (*CreatedOperator, error) {
	cfg.ResetWait = cmp.Or(cfg.ResetWait, DefaultResetWait)
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	secret, _, err := generateSuite(cfg.Suite)
	if err != nil {
		return nil, err
	}
	key, err := newSigningKey(cfg.Suite, secret)
	if err != nil {
		return nil, err
	}
	if err := makeEmpty(dir); err != nil {
		return nil, err
	}
	token := directory.NewToken()
	line, err := directory.TokenLine(token, RegistrationTokenName)
	if err != nil {
		return nil, err
	}
	public := base64.StdEncoding.EncodeToString(key.Public())
	for name, content := range map[string][]byte{
		TokenFile: []byte(token + "\n"), TokensFile: []byte(tokensHeader + line), LeafPublicKeyFile: []byte(public + "\n"),
		LeafKeyFile: formatKey(kindLeaf, keytrans.CipherSuite(cfg.Suite).String(), secret),
	} {
		if err := durable.Create(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	// The store is made here: one that is not there later is known to be lost.
	store, err := pebblestore.Open(filepath.Join(dir, StoreDir), pebblestore.Options{})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(store.Close(), durable.SyncDir(dir)); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(cfg, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := durable.Replace(filepath.Join(dir, ConfigFile), 0o600, durable.Bytes(append(data, '\n'))); err != nil {
		return nil, err
	}
	return &CreatedOperator{
		Dir: dir, TokenPath: filepath.Join(dir, TokenFile), LeafPath: filepath.Join(dir, LeafPublicKeyFile),
		LeafPublicKey: public, Config: cfg,
	}, nil
}

// Operator is a running operator. Its methods are safe for concurrent use.
type Operator struct {
	Config   OperatorConfig
	Operator *operator.Operator

	store  *pebblestore.Store
	logger *slog.Logger
}

var (
	// ErrNoLink says that an operator cannot speak with its manager.
	ErrNoLink = errors.New("the operator does not know its manager")

	// ErrNoSigned says that an operator's store is gone.
	ErrNoSigned = errors.New("the store of what was signed is gone; restore the latest copy: with an older one, or none, two values would be signed for one version")
)

// OpenOperator starts the operator in dir, which no other process may have open.
// At the first start, the manager has to answer: its Configuration is pinned from
// then on.
func OpenOperator(ctx context.Context, dir string, logger *slog.Logger) (*Operator, error) {
	cfg, err := ReadOperatorConfig(dir)
	if err != nil {
		return nil, err
	}
	secret, err := readKey(dir, LeafKeyFile, kindLeaf, keytrans.CipherSuite(cfg.Suite).String())
	if err != nil {
		return nil, err
	}
	key, err := newSigningKey(cfg.Suite, secret)
	if err != nil {
		return nil, err
	}
	tokens, err := directory.OpenTokenFile(filepath.Join(dir, TokensFile))
	if err != nil {
		return nil, err
	}
	link, err := openLink(dir, cfg)
	if err != nil {
		return nil, err
	}
	configuration, err := pinnedConfiguration(ctx, dir, link, key)
	if err != nil {
		return nil, err
	}
	distrusted, err := distrust(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, StoreDir)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNoSigned)
	}
	store, err := pebblestore.Open(filepath.Join(dir, StoreDir), pebblestore.Options{Logger: logger})
	if err != nil {
		return nil, err
	}
	op, err := operator.Open(operator.Config{
		Configuration: configuration, LeafKey: key, Store: store, Authorizer: tokens, Link: link,
		Policy:       policyOf(cfg.AccountKeys, cfg.ResetWait),
		MaxValueSize: cfg.MaxValueBytes, Logger: logger, Distrusted: distrusted,
		KeepEvidence: func(e *evidence.Evidence) error { return keepEvidence(dir, e) },
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the operator in %s: %w", dir, err), store.Close())
	}
	return &Operator{Config: cfg, Operator: op, store: store, logger: logger}, nil
}

// Handler returns what serves the operator over HTTP.
func (o *Operator) Handler() (http.Handler, error) {
	return web.NewOperator(web.OperatorConfig{
		Operator: o.Operator, Logger: o.logger, MaxUpdateBytes: max(16<<20, 2*int64(o.Config.MaxValueBytes)),
	})
}

// Close releases the operator's store. Every request and Run must have ended.
func (o *Operator) Close() error { return o.store.Close() }

// openLink returns the way to the manager.
func openLink(dir string, cfg OperatorConfig) (*operator.Link, error) {
	path := filepath.Join(dir, LinkTokenFile)
	token, err := ReadToken(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s is missing; it is a copy of the manager's", ErrNoLink, path)
	case err != nil:
		return nil, err
	case cfg.Manager == "":
		return nil, fmt.Errorf("%w: manager in %s is empty", ErrNoLink, filepath.Join(dir, ConfigFile))
	}
	link, err := operator.NewLink(operator.LinkConfig{
		Manager: cfg.Manager, Token: token, MaxResponse: 16<<20 + 2*int64(cfg.MaxValueBytes),
	})
	if err != nil {
		return nil, fmt.Errorf("%s: manager: %w", filepath.Join(dir, ConfigFile), err)
	}
	return link, nil
}

// firstContact is how long the manager has to answer at the first start.
const firstContact = 10 * time.Second

// pinnedConfiguration returns the Configuration of the manager's log: the pinned
// one, or at the first start the one that the manager has.
func pinnedConfiguration(ctx context.Context, dir string, link *operator.Link, key keytrans.SigningKey) (*keytrans.Configuration, error) {
	path := filepath.Join(dir, PinnedFile)
	data, err := os.ReadFile(path)
	pinned := err == nil
	if errors.Is(err, fs.ErrNotExist) {
		ctx, cancel := context.WithTimeout(ctx, firstContact)
		defer cancel()
		data, err = link.Get(ctx, "/v1/configuration", "application/octet-stream")
	}
	if err != nil {
		return nil, fmt.Errorf("the configuration of the manager's log: %w", err)
	}
	c, err := keytrans.ParseConfiguration(data)
	if err == nil {
		_, err = keytrans.NewVerifier(c)
	}
	if err == nil {
		err = operator.CheckConfiguration(c, key)
	}
	if err != nil {
		return nil, fmt.Errorf("the configuration of the manager's log: %w", err)
	}
	if pinned {
		return c, nil
	}
	return c, durable.Replace(path, 0o600, durable.Bytes(data))
}

// managerEvidence is the folder with evidence of the manager's misbehaviour.
const managerEvidence = "evidence"

// distrust returns why the manager is not trusted, nil if it is: as long as there is
// evidence.
func distrust(dir string) (reason, err error) {
	dir = filepath.Join(dir, managerEvidence)
	files, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(files) == 0:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return fmt.Errorf("the evidence is in %s", filepath.Join(dir, files[0].Name())), nil
}

func keepEvidence(dir string, e *evidence.Evidence) error {
	data, err := e.Marshal()
	if err != nil {
		return err
	}
	dir = filepath.Join(dir, managerEvidence)
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, e.FoundAt.Format("20060102T150405.000Z")+".json")
	if err := durable.Create(path, data, 0o600); err != nil {
		return err
	}
	return durable.SyncDir(dir)
}
