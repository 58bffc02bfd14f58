package keytrans

import (
	"errors"
	"fmt"
)

// DeploymentMode says who, beside the operator, keeps a log honest: KEYTRANS,
// "Tree Head Signature".
type DeploymentMode uint8

// The registered deployment modes.
const (
	ContactMonitoring    DeploymentMode = 1
	ThirdPartyManagement DeploymentMode = 2
	ThirdPartyAuditing   DeploymentMode = 3
)

// Configuration is the long-term configuration of a log. Users pin it; every
// signature covers it. Durations are in milliseconds.
type Configuration struct {
	Suite              CipherSuite
	Mode               DeploymentMode
	SignaturePublicKey []byte
	VRFPublicKey       []byte

	// LeafPublicKey is present under ThirdPartyManagement only.
	LeafPublicKey []byte

	// These are present under ThirdPartyAuditing only.
	MaxAuditorLag    uint64
	AuditorStartPos  uint64
	AuditorPublicKey []byte

	// MaxAhead and MaxBehind bound how far the rightmost entry's timestamp may
	// be from the user's clock.
	MaxAhead, MaxBehind uint64

	ReasonableMonitoringWindow uint64

	// MaximumLifetime of log entries, or nil. It exceeds the window.
	MaximumLifetime *uint64
}

// Marshal returns the encoding of c. It fails if c is not valid.
func (c *Configuration) Marshal() ([]byte, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	var b builder
	c.add(&b)
	return b.Bytes()
}

func (c *Configuration) add(b *builder) {
	b.AddUint16(uint16(c.Suite))
	b.AddUint8(uint8(c.Mode))
	b.opaque16(c.SignaturePublicKey)
	b.opaque16(c.VRFPublicKey)
	switch c.Mode {
	case ThirdPartyManagement:
		b.opaque16(c.LeafPublicKey)
	case ThirdPartyAuditing:
		b.AddUint64(c.MaxAuditorLag)
		b.AddUint64(c.AuditorStartPos)
		b.opaque16(c.AuditorPublicKey)
	}
	b.AddUint64(c.MaxAhead)
	b.AddUint64(c.MaxBehind)
	b.AddUint64(c.ReasonableMonitoringWindow)
	b.optional64(c.MaximumLifetime)
}

// ParseConfiguration decodes a Configuration. The error wraps ErrMalformed if
// the encoding is wrong; other errors say which field has a value that cannot
// be used.
func ParseConfiguration(data []byte) (*Configuration, error) {
	r := reader{s: data}
	c := &Configuration{
		Suite: CipherSuite(r.u16("ciphersuite")),
		Mode:  DeploymentMode(r.u8("mode")),
	}
	c.SignaturePublicKey = r.opaque16("signature_public_key")
	c.VRFPublicKey = r.opaque16("vrf_public_key")
	switch c.Mode {
	case ThirdPartyManagement:
		c.LeafPublicKey = r.opaque16("leaf_public_key")
	case ThirdPartyAuditing:
		c.MaxAuditorLag = r.u64("max_auditor_lag")
		c.AuditorStartPos = r.u64("auditor_start_pos")
		c.AuditorPublicKey = r.opaque16("auditor_public_key")
	}
	c.MaxAhead = r.u64("max_ahead")
	c.MaxBehind = r.u64("max_behind")
	c.ReasonableMonitoringWindow = r.u64("reasonable_monitoring_window")
	c.MaximumLifetime = r.optional64("maximum_lifetime")
	if err := r.end(); err != nil {
		return nil, err
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// checkPublicKeys verifies that the keys that signatures are verified with can be
// used. The VRF's is not one of them.
func (c *Configuration) checkPublicKeys() error {
	keys := map[string][]byte{"signature": c.SignaturePublicKey}
	switch c.Mode {
	case ThirdPartyManagement:
		keys["leaf"] = c.LeafPublicKey
	case ThirdPartyAuditing:
		keys["auditor"] = c.AuditorPublicKey
	}
	for name, key := range keys {
		// With a key of the suite, no signature is one that does not verify.
		if err := c.Suite.verify(key, nil, nil); !errors.Is(err, ErrSignature) {
			return fmt.Errorf("the configuration's %s public key: %w", name, err)
		}
	}
	return nil
}

func (c *Configuration) validate() error {
	if _, err := c.Suite.params(); err != nil {
		return err
	}
	switch c.Mode {
	case ContactMonitoring, ThirdPartyManagement, ThirdPartyAuditing:
	default:
		return fmt.Errorf("deployment mode %d is not defined", c.Mode)
	}
	if l := c.MaximumLifetime; l != nil && *l <= c.ReasonableMonitoringWindow {
		// SPEC: it MUST be greater than zero and greater than the RMW.
		return fmt.Errorf("maximum_lifetime %d ms does not exceed the reasonable monitoring window of %d ms",
			*l, c.ReasonableMonitoringWindow)
	}
	return nil
}
