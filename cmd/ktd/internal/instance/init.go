package instance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// ErrNotEmpty says that Init found something in the directory.
var ErrNotEmpty = errors.New("the directory is not empty")

// RegistrationTokenName is the name of the first token in the token file.
const RegistrationTokenName = "registration"

// Created says what Init made.
type Created struct {
	Dir           string
	TokenPath     string // of the registration token
	Config        Config
	Configuration *keytrans.Configuration
}

// Init creates an instance in dir, which must be empty or absent. config.json
// comes last: a directory that has it is complete.
func Init(dir string, cfg Config) (*Created, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	signing, secret, err := generateSecrets(cfg.Suite)
	if err != nil {
		return nil, err
	}
	keys, err := makeKeys(cfg.Suite, signing, secret)
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
	if err := os.Mkdir(filepath.Join(dir, StoreDir), 0o700); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{
		{SigningKeyFile, formatKey(kindSigning, cfg.Suite, signing)},
		{VRFKeyFile, formatKey(kindVRF, cfg.Suite, secret)},
		{TokenFile, []byte(token + "\n")},
		{TokensFile, []byte(tokensHeader + line)},
	} {
		if err := writeNew(filepath.Join(dir, f.name), f.data, 0o600); err != nil {
			return nil, err
		}
	}
	data, err := cfg.marshal()
	if err != nil {
		return nil, err
	}
	if err := syncDir(dir); err != nil {
		return nil, err
	}
	if err := createLog(dir, cfg, keys); err != nil {
		return nil, err
	}
	if err := replace(filepath.Join(dir, ConfigFile), data, 0o600); err != nil {
		return nil, err
	}
	return &Created{
		Dir:           dir,
		TokenPath:     filepath.Join(dir, TokenFile),
		Config:        cfg,
		Configuration: cfg.configuration(keys),
	}, nil
}

// createLog makes the first entry of the log, so that a log that is not there
// later is known to be lost.
func createLog(dir string, cfg Config, keys *keyPair) error {
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
		return syncDir(filepath.Dir(filepath.Clean(dir)))
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
