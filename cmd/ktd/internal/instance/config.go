package instance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/web/audit"
)

// The files of an instance.
const (
	ConfigFile        = "config.json"
	SigningKeyFile    = "signing.key"
	VRFKeyFile        = "vrf.key"
	CheckpointKeyFile = "checkpoint.key"
	PolicyFile        = "policy"
	TokensFile        = "tokens"
	TokenFile         = "registration-token"
	StoreDir          = "db"
)

const configVersion = 1

// Config is the content of config.json. Unknown keys are refused; a key that
// is absent has its default. Durations are strings such as "1h30m", in whole
// milliseconds.
//
// Suite, Mode, what is about the auditor, and the four durations from
// ReasonableMonitoringWindow to MaximumLifetime are what users pin, together with the public keys: changing
// one after the first start makes a different log, which the stored tree head
// does not verify for. Origin is what witnesses know the log by, and cannot be
// changed either. Everything below them can be changed at any time, and takes
// effect at the next start.
type Config struct {
	// Version is that of this format: 1.
	Version int `json:"version"`

	// Suite is "ed25519" (KT_128_SHA256_Ed25519, the default) or "p256"
	// (KT_128_SHA256_P256).
	Suite Suite `json:"suite"`

	// Mode is "contact-monitoring": users and owners monitor the log themselves; or
	// "third-party-auditing": an auditor verifies every change besides; or
	// "third-party-management": the log is kept for an operator.
	Mode string `json:"mode"`

	// AuditorPublicKey is the auditor's key, as 'ktmon keygen' prints it; and
	// MaxAuditorLag how far its newest head may be behind the log until users refuse
	// everything, more than Heartbeat; the default is MaxBehind. AuditorStartPos is
	// the first log entry that the auditor processed. 'ktd auditor' changes them.
	// They are for ThirdPartyAuditing only.
	AuditorPublicKey []byte   `json:"auditor_public_key,omitempty"`
	MaxAuditorLag    Duration `json:"max_auditor_lag,omitempty"`
	AuditorStartPos  uint64   `json:"auditor_start_pos,omitempty"`

	// LeafPublicKey is the key of the operator, as its leaf.pub has it. It is for
	// the mode "third-party-management" only, and is part of what users pin.
	LeafPublicKey []byte `json:"leaf_public_key,omitempty"`

	// ReasonableMonitoringWindow is how often owners have to look. Default 24h.
	ReasonableMonitoringWindow Duration `json:"reasonable_monitoring_window"`

	// MaxAhead and MaxBehind are how far the newest log entry's time may be
	// ahead of and behind a user's clock. Default 5m and 1h.
	MaxAhead  Duration `json:"max_ahead"`
	MaxBehind Duration `json:"max_behind"`

	// MaximumLifetime of log entries, more than the window; or "none", the
	// default.
	MaximumLifetime Lifetime `json:"maximum_lifetime"`

	// Origin is the origin line of the log's checkpoints: a URL without a scheme,
	// such as keys.example.org/log, that need not be reachable. Default: a name
	// below ghostlight.invalid that follows from the checkpoint key.
	Origin string `json:"origin"`

	// Listen is where 'ktd serve' listens. Default 127.0.0.1:8480.
	Listen string `json:"listen"`

	// Heartbeat is the longest time between two log entries, less than
	// MaxBehind. Default: a quarter of it.
	Heartbeat Duration `json:"heartbeat"`

	// AccountKeys says whether new versions have to be signed by the account key of
	// their label, if it has one: "enforce", the default, or "off". In the mode
	// "third-party-management" it is off: that is up to the operator.
	AccountKeys AccountKeys `json:"account_keys"`

	// ResetWait is the time from the announcement of another account key to its
	// reset, less than MaximumLifetime. Default 72h, or half of MaximumLifetime if
	// that is less.
	ResetWait Duration `json:"reset_wait"`

	// MaxValueBytes is the size of the largest value. Default 131072.
	MaxValueBytes int `json:"max_value_bytes"`

	// MaxEpoch is the most new versions in one log entry. Default 10000.
	MaxEpoch int `json:"max_epoch"`

	// TreeCacheBytes, KeyCacheBytes and StoreCacheBytes bound what is kept in
	// memory of the prefix tree, of VRF proofs, and of the store's blocks. The
	// process takes up to twice their sum. Default 128, 64 and 64 MiB.
	TreeCacheBytes  int `json:"tree_cache_bytes"`
	KeyCacheBytes   int `json:"key_cache_bytes"`
	StoreCacheBytes int `json:"store_cache_bytes"`

	// View is the audit view, the pages below /audit. It is not for the mode
	// "third-party-management": users do not talk to a manager.
	View ViewConfig `json:"view"`
}

// The deployment modes.
const (
	ModeContactMonitoring  = "contact-monitoring"
	ModeThirdPartyAuditing = "third-party-auditing"
)

// DefaultConfig returns the configuration with every default.
func DefaultConfig() Config {
	return Config{
		Version:                    configVersion,
		Suite:                      Suite(keytrans.KT_128_SHA256_Ed25519),
		Mode:                       ModeContactMonitoring,
		ReasonableMonitoringWindow: Duration(24 * time.Hour),
		MaxAhead:                   Duration(5 * time.Minute),
		MaxBehind:                  Duration(time.Hour),
		Listen:                     "127.0.0.1:8480",
		AccountKeys:                AccountKeysEnforce,
		MaxValueBytes:              128 << 10,
		MaxEpoch:                   10_000,
		TreeCacheBytes:             128 << 20,
		KeyCacheBytes:              64 << 20,
		StoreCacheBytes:            64 << 20,
		View:                       ViewConfig{Serve: true, Monitors: []audit.Monitor{}},
	}
}

// withDefaults fills in what follows from other settings.
func (c Config) withDefaults() Config {
	if c.Heartbeat == 0 {
		c.Heartbeat = Duration(time.Duration(c.MaxBehind).Truncate(4*time.Millisecond) / 4)
	}
	if c.Mode == ModeThirdPartyAuditing && c.MaxAuditorLag == 0 {
		c.MaxAuditorLag = c.MaxBehind
	}
	if c.ResetWait == 0 {
		c.ResetWait = DefaultResetWait
		if half := Duration(time.Duration(c.MaximumLifetime).Truncate(2*time.Millisecond) / 2); half > 0 {
			c.ResetWait = min(c.ResetWait, half)
		}
	}
	if c.Mode == ModeThirdPartyManagement {
		c.AccountKeys = AccountKeysOff
	}
	return c
}

// maxValueBytes bounds MaxValueBytes: values travel in one message.
const maxValueBytes = 16 << 20

// maxEpoch bounds MaxEpoch: an epoch is one batch in memory.
const maxEpoch = 1_000_000

func (c *Config) validate() error {
	if c.Version != configVersion {
		return fmt.Errorf("version: %d is not known, this program knows %d", c.Version, configVersion)
	}
	for _, d := range []struct {
		name string
		d    Duration
	}{
		{"reasonable_monitoring_window", c.ReasonableMonitoringWindow},
		{"max_ahead", c.MaxAhead},
		{"max_behind", c.MaxBehind},
		{"heartbeat", c.Heartbeat},
		{"reset_wait", c.ResetWait},
	} {
		if d.d < Duration(time.Millisecond) {
			return fmt.Errorf("%s: %v is less than a millisecond", d.name, d.d)
		}
	}
	if c.Heartbeat >= c.MaxBehind {
		return fmt.Errorf("heartbeat: %v is not less than max_behind, %v: users would find an idle log stale", c.Heartbeat, c.MaxBehind)
	}
	if l := c.MaximumLifetime; l != 0 && time.Duration(l) <= time.Duration(c.ReasonableMonitoringWindow) {
		return fmt.Errorf("maximum_lifetime: %v is not more than reasonable_monitoring_window, %v", l, c.ReasonableMonitoringWindow)
	}
	if l := c.MaximumLifetime; l != 0 && time.Duration(l) <= time.Duration(c.ResetWait) {
		return fmt.Errorf("reset_wait: %v is not less than maximum_lifetime, %v", c.ResetWait, l)
	}
	if c.Origin != "" {
		if err := checkpoint.CheckOrigin(c.Origin); err != nil {
			return err
		}
	}
	if err := c.validateMode(); err != nil {
		return err
	}
	if err := c.View.validate(); err != nil {
		return err
	}
	return c.validateLimits()
}

func (c *Config) validateLimits() error {
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "" {
		return fmt.Errorf("listen: %q is not HOST:PORT", c.Listen)
	}
	for _, l := range []struct {
		name       string
		n, min, to int
	}{
		{"max_value_bytes", c.MaxValueBytes, 1, maxValueBytes},
		{"max_epoch", c.MaxEpoch, 1, maxEpoch},
		{"tree_cache_bytes", c.TreeCacheBytes, 1 << 20, math.MaxInt},
		{"key_cache_bytes", c.KeyCacheBytes, 1 << 20, math.MaxInt},
		{"store_cache_bytes", c.StoreCacheBytes, 1 << 20, math.MaxInt},
	} {
		if l.n < l.min {
			return fmt.Errorf("%s: %d is less than %d", l.name, l.n, l.min)
		}
		if l.n > l.to {
			return fmt.Errorf("%s: %d is more than %d", l.name, l.n, l.to)
		}
	}
	return nil
}

// ReadConfig reads the configuration of the instance in dir. The error names
// the key that is wrong.
func ReadConfig(dir string) (Config, error) {
	data, err := readConfigFile(dir)
	if err != nil {
		return Config{}, err
	}
	if roleOf(data) == RoleOperator {
		return Config{}, fmt.Errorf("%s: %w", dir, ErrOperator)
	}
	c, err := parseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", filepath.Join(dir, ConfigFile), err)
	}
	return c, nil
}

// ErrNotInstance says that a directory holds no config.json: 'ktd init' was not
// run there, or did not get to its end.
var ErrNotInstance = errors.New("it has no " + ConfigFile)

func parseConfig(data []byte) (Config, error) {
	c := DefaultConfig()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Config{}, configError(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Config{}, errors.New("there is something after the configuration")
	}
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// configError says what is wrong with the JSON in the file's own words.
func configError(err error) error {
	var typeErr *json.UnmarshalTypeError
	var syntaxErr *json.SyntaxError
	switch {
	case errors.As(err, &typeErr) && typeErr.Field != "":
		return fmt.Errorf("%s: a JSON %s does not fit", typeErr.Field, typeErr.Value)
	case errors.As(err, &syntaxErr):
		return fmt.Errorf("byte %d: %w", syntaxErr.Offset, err)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

func (c *Config) marshal() ([]byte, error) {
	data, err := json.MarshalIndent(c, "", "  ")
	return append(data, '\n'), err
}

// configuration returns what users pin.
func (c *Config) configuration(keys *keyRing) *keytrans.Configuration {
	out := &keytrans.Configuration{
		Suite:                      keytrans.CipherSuite(c.Suite),
		Mode:                       keytrans.ContactMonitoring,
		SignaturePublicKey:         keys.signing.Public(),
		VRFPublicKey:               keys.vrf.Public(),
		MaxAhead:                   c.MaxAhead.millis(),
		MaxBehind:                  c.MaxBehind.millis(),
		ReasonableMonitoringWindow: c.ReasonableMonitoringWindow.millis(),
	}
	if c.Mode == ModeThirdPartyManagement {
		out.Mode, out.LeafPublicKey = keytrans.ThirdPartyManagement, c.LeafPublicKey
	}
	if c.Mode == ModeThirdPartyAuditing {
		out.Mode = keytrans.ThirdPartyAuditing
		out.AuditorPublicKey, out.AuditorStartPos = c.AuditorPublicKey, c.AuditorStartPos
		out.MaxAuditorLag = c.MaxAuditorLag.millis()
	}
	if c.MaximumLifetime != 0 {
		lifetime := Duration(c.MaximumLifetime).millis()
		out.MaximumLifetime = &lifetime
	}
	return out
}
