package station

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/audit"
	"github.com/ghostlight-kt/ghostlight/monitor/witness"
)

// CheckFiles checks what a monitor needs to begin, beside what ReadConfig checks: keys,
// secrets, programs, and that directories and their logs have what is asked of them. It
// uses no network and changes nothing. The error has all that is wrong.
func (c *Config) CheckFiles() error {
	var errs []error
	for i := range c.Directories {
		d := &c.Directories[i]
		if err := c.checkAuditFiles(d); err != nil {
			errs = append(errs, fmt.Errorf("directories[%d] %s: %w", i, d.Name, err))
		}
	}
	if c.Witness != nil {
		_, err := witness.ReadKey(c.path(c.Witness.Key))
		if err == nil {
			err = c.checkWitnessed()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("witness: %w", err))
		}
	}
	_, err := c.sinks(Options{})
	return joined(append(errs, err)...)
}

// joined returns errors as one whose text is one line, nil if there is none.
func joined(errs ...error) error {
	var out error
	for _, err := range errs {
		switch {
		case err == nil:
		case out == nil:
			out = err
		default:
			out = fmt.Errorf("%w; %w", out, err)
		}
	}
	return out
}

// checkAuditFiles checks that a directory can be audited as it is to be.
func (c *Config) checkAuditFiles(d *Directory) error {
	policy, err := c.policy(d.Policy)
	if err == nil && policy != nil {
		err = namesLog(policy)
	}
	if err != nil {
		return fmt.Errorf("policy: %s: %w", d.Policy, err)
	}
	if d.Audit == nil || d.Audit.Mode != audit.Stateless {
		return nil
	}
	configuration, err := c.configuration(d)
	if err != nil {
		return err
	}
	key := ""
	if d.Audit.Key != "" {
		key = c.path(d.Audit.Key)
	}
	if err := monitor.CheckAuditor(configuration, key); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// checkWitnessed checks that the policies name logs to witness.
func (c *Config) checkWitnessed() error {
	logs, err := c.witnessed()
	if err != nil {
		return err
	}
	for _, l := range logs {
		if err := namesLog(l.Policy); err != nil {
			return fmt.Errorf("logs: %w", err)
		}
	}
	return nil
}

// namesLog checks that a policy names a log.
func namesLog(policy []byte) error {
	p, err := checkpoint.ParsePolicy(policy)
	if err == nil && len(p.Logs) == 0 {
		err = errors.New("the policy names no log; it takes a line: log VKEY")
	}
	return err
}
