package instance

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/durable"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// ErrNotEmpty says that Init found something in the directory.
var ErrNotEmpty = errors.New("the directory is not empty")

// RegistrationTokenName is the name of the first token in the token file.
const RegistrationTokenName = "registration"

// Created says what Init made.
type Created struct {
	Dir           string
	TokenPath     string // of the registration token, or a manager's link token
	Config        Config
	Configuration *keytrans.Configuration
	// VerifierKey is what signs checkpoints, a vkey of C2SP signed-note.
	VerifierKey string
}

// Init creates an instance in dir, which must be empty or absent. config.json
// comes last: a directory that has it is complete.
func Init(dir string, cfg Config) (*Created, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	secret, err := generateSecrets(cfg.Suite)
	if err != nil {
		return nil, err
	}
	keys, err := makeKeys(cfg.Suite, secret)
	if err != nil {
		return nil, err
	}
	if _, err := keytrans.NewVerifier(cfg.configuration(keys)); err != nil {
		return nil, err
	}
	cfg = cfg.withOrigin(keys.checkpoint)
	signer, err := checkpoint.NewSigner(cfg.Origin, keys.checkpoint)
	if err != nil {
		return nil, err
	}
	if err := makeEmpty(dir); err != nil {
		return nil, err
	}
	token := directory.NewToken()
	tokenFile, tokenName := cfg.firstToken()
	line, err := directory.TokenLine(token, tokenName)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(dir, StoreDir), 0o700); err != nil {
		return nil, err
	}
	files := map[string][]byte{tokenFile: []byte(token + "\n"), TokensFile: []byte(tokensHeader + line)}
	for _, k := range secret.files(cfg.Suite) {
		files[k.file] = formatKey(k.kind, k.algorithm, *k.secret)
	}
	for name, content := range files {
		if err := durable.Create(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	data, err := cfg.marshal()
	if err != nil {
		return nil, err
	}
	if err := durable.SyncDir(dir); err != nil {
		return nil, err
	}
	if err := createLog(dir, cfg, keys); err != nil {
		return nil, err
	}
	if err := durable.Replace(filepath.Join(dir, ConfigFile), 0o600, durable.Bytes(data)); err != nil {
		return nil, err
	}
	return &Created{
		Dir:           dir,
		TokenPath:     filepath.Join(dir, tokenFile),
		Config:        cfg,
		Configuration: cfg.configuration(keys),
		VerifierKey:   signer.VerifierKey(),
	}, nil
}

// withOrigin fills in an origin that no other log has: a name below a domain that
// does not exist, made from the seed of the checkpoint key.
func (c Config) withOrigin(seed []byte) Config {
	if c.Origin == "" {
		public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
		id := sha256.Sum256(public)
		c.Origin = fmt.Sprintf("ghostlight.invalid/%x", id[:8])
	}
	return c
}

// createLog makes the first entry of the log, so that a log that is not there
// later is known to be lost.
func createLog(dir string, cfg Config, keys *keyRing) error {
	inst, err := start(dir, cfg, keys, Options{}, true)
	if err != nil {
		return err
	}
	return inst.Close()
}

// makeEmpty creates dir, or verifies that it is empty and takes it over.
func makeEmpty(dir string) error {
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(dir)), 0o777); err != nil {
		return err
	}
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		return durable.SyncDir(filepath.Dir(filepath.Clean(dir)))
	}
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s: %w", dir, ErrNotEmpty)
	}
	return os.Chmod(dir, 0o700)
}
