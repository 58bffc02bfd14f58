package instance

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/durable"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/pebblestore"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// validateMode verifies the deployment mode, and what belongs to it.
func (c *Config) validateMode() error {
	if err := c.validateManagement(); err != nil {
		return err
	}
	switch c.Mode {
	case ModeContactMonitoring, ModeThirdPartyManagement:
		if c.AuditorPublicKey != nil || c.MaxAuditorLag != 0 || c.AuditorStartPos != 0 {
			return fmt.Errorf("auditor_public_key, max_auditor_lag, auditor_start_pos: they are for the mode %q only", ModeThirdPartyAuditing)
		}
	case ModeThirdPartyAuditing:
		if len(c.AuditorPublicKey) == 0 {
			return fmt.Errorf("auditor_public_key: the mode %q needs it", c.Mode)
		}
		if c.MaxAuditorLag <= c.Heartbeat {
			return fmt.Errorf("max_auditor_lag: %v is not more than heartbeat, %v: users would refuse an idle log with each new entry",
				c.MaxAuditorLag, c.Heartbeat)
		}
	default:
		return fmt.Errorf("mode: %q is not supported; it is %q, %q or %q", c.Mode,
			ModeContactMonitoring, ModeThirdPartyAuditing, ModeThirdPartyManagement)
	}
	return nil
}

// ReadAuditorKey reads a file with an auditor's public key, as 'ktmon keygen'
// prints it: one line of base64.
func ReadAuditorKey(path string) ([]byte, error) {
	return readPublicKey(path, "as 'ktmon keygen' prints it")
}

// AuditorChange is what ChangeAuditor changes. Nil stays as it is.
type AuditorChange struct {
	PublicKey []byte
	MaxLag    *Duration
	// StartPos is the first log entry that the auditor processes: 0 unless it
	// trusts what another auditor signed.
	StartPos *uint64
}

// nextConfigFile is the configuration that ChangeAuditor is about to put in force.
const nextConfigFile = ConfigFile + ".next"

// ChangeAuditor makes an instance that is not running one with another auditor, or
// with other terms for the same one, and returns what users pin from then on. To
// repeat it changes nothing. Wherever it is interrupted, the next Open or
// ChangeAuditor finds either the old state or the new one, whole: the stored head
// decides, which is signed under one of the two configurations.
func ChangeAuditor(dir string, change AuditorChange) (_ *keytrans.Configuration, err error) {
	cfg, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	keys, err := readKeys(dir, cfg.Suite)
	if err != nil {
		return nil, err
	}
	store, err := pebblestore.Open(filepath.Join(dir, StoreDir), pebblestore.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if cfg, err = settleConfig(dir, cfg, keys, store); err != nil {
		return nil, err
	}
	if cfg.Mode != ModeThirdPartyAuditing {
		return nil, fmt.Errorf("%s: its mode is %q, in which there is no auditor; the mode cannot be changed", dir, cfg.Mode)
	}
	next := cfg.withAuditor(change)
	to := next.configuration(keys)
	if err := next.validate(); err != nil {
		return nil, err
	}
	if _, err := keytrans.NewVerifier(to); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(cfg, next) {
		return to, nil
	}
	return to, replaceConfig(dir, cfg, next, keys, store)
}

func (c Config) withAuditor(change AuditorChange) Config {
	if change.PublicKey != nil {
		c.AuditorPublicKey = change.PublicKey
	}
	if change.MaxLag != nil {
		c.MaxAuditorLag = *change.MaxLag
	}
	if change.StartPos != nil {
		c.AuditorStartPos = *change.StartPos
	}
	return c
}

// replaceConfig puts next in force: the file first, beside the one in force, then
// the store, then the file in its place.
func replaceConfig(dir string, cfg, next Config, keys *keyRing, store directory.Store) error {
	data, err := next.marshal()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, nextConfigFile)
	if err := durable.Replace(path, 0o600, durable.Bytes(data)); err != nil {
		return err
	}
	err = directory.ChangeAuditor(store, cfg.configuration(keys), next.configuration(keys), keys.signing)
	_, settleErr := settleConfig(dir, cfg, keys, store)
	return errors.Join(err, settleErr)
}

// settleConfig ends a ChangeAuditor that was begun, and returns the configuration
// that is in force.
func settleConfig(dir string, cfg Config, keys *keyRing, store directory.Store) (Config, error) {
	path := filepath.Join(dir, nextConfigFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, nil
	} else if err != nil {
		return cfg, err
	}
	next, err := parseConfig(data)
	if err != nil {
		return cfg, fmt.Errorf("%s: %w", path, err)
	}
	switch err := directory.CheckHead(store, next.configuration(keys)); {
	case err == nil:
		err = os.Rename(path, filepath.Join(dir, ConfigFile))
		return next, errors.Join(err, durable.SyncDir(dir))
	case !errors.Is(err, directory.ErrOtherConfiguration):
		return cfg, err
	}
	// With wrong keys the head is signed under neither: then nothing is decided.
	if err := directory.CheckHead(store, cfg.configuration(keys)); err != nil {
		return cfg, fmt.Errorf("%s and %s: %w", ConfigFile, nextConfigFile, err)
	}
	return cfg, errors.Join(os.Remove(path), durable.SyncDir(dir))
}
