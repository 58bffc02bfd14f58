package monitor

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// An auditor's folder has, beside its key:
//
//	configuration     the Configuration, encoded, under which it signs, and its SHA-256
//	state             what it verified; nothing else is signed
//	state.previous    what it had verified before, for the case that state is damaged
//	verified.json     the head that state was verified under
//	progress          as state, but ahead of it, in the middle of a long round
//	log-head.json     the latest head that the directory signed
//	differing.json    a checkpoint and a head of other entries than each other
//	evidence/         of misbehaviour; as long as there is any, nothing is signed
//	lock, tmp/        of the process at work
const (
	configurationName = "configuration"
	// configurationSumName is the SHA-256 of it, as sha256sum prints it.
	configurationSumName = "configuration.sha256"
	auditorStateName     = "state"
	previousStateName    = "state.previous"
	verifiedHeadName     = "verified.json"
	progressName         = "progress"
	logHeadName          = "log-head.json"
	differingName        = "differing.json"
)

// maxConfiguration bounds an encoded Configuration, in bytes, and small answers.
const maxConfiguration = 64 << 10

// open reads the folder.
func (a *Auditor) open(ctx context.Context) error {
	if _, err := os.Stat(a.files.path(policyName)); !errors.Is(err, os.ErrNotExist) {
		return usage("give the auditor a folder of its own", "%s is a mirror", a.files.dir)
	}
	if err := a.files.clean(0); err != nil {
		return err
	}
	found, err := os.ReadDir(a.files.path(evidenceName))
	switch {
	case len(found) > 0:
		path := filepath.Join(a.files.path(evidenceName), found[0].Name())
		return &Error{
			Kind: Misbehaved, Evidence: path, Err: errors.New("the directory has misbehaved, and nothing of it is signed any more"),
			Hint: "to audit it all the same, move the evidence away",
		}
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return err // there may be some
	}
	if !a.cfg.VerifyOnly {
		if a.key, a.suite, err = readAuditorKey(cmp.Or(a.cfg.KeyDir, a.files.dir)); err != nil {
			return err
		}
	}
	if err := a.openConfiguration(ctx); err != nil {
		return err
	}
	if a.seen, err = a.openHead(ctx, logHeadName); err != nil {
		return err
	}
	if err := a.openState(ctx); err != nil {
		return err
	}
	return a.openCheckpoint(ctx)
}

// openConfiguration reads the pinned Configuration, or pins the given one or, on
// first use, the directory's. None is pinned that names another auditor's key.
func (a *Auditor) openConfiguration(ctx context.Context) error {
	pinned, err := a.readPinned(ctx)
	if err != nil {
		return err
	}
	next := a.cfg.Configuration
	if pinned == nil && next == nil {
		if next, err = readAll(ctx, a.source, "v1/configuration", maxConfiguration); err != nil {
			return fmt.Errorf("reading the configuration: %w", err)
		}
		a.FirstUse = true
	}
	if next == nil || bytes.Equal(pinned, next) {
		a.configuration = pinned
		a.config, err = a.parseConfiguration(pinned)
		return err
	}
	config, err := a.parseConfiguration(next)
	if err != nil {
		return err
	}
	if pinned != nil {
		if err := onlyAuditorDiffers(pinned, config); err != nil {
			return err
		}
		// They are signed under the old configuration.
		for _, name := range []string{logHeadName, verifiedHeadName} {
			if err := os.Remove(a.files.path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	a.configuration, a.config = next, config
	sum := fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(next), configurationName)
	return errors.Join(a.files.write(configurationSumName, sum), a.files.write(configurationName, next), a.files.sync())
}

// readPinned reads the pinned Configuration; nil if there is none. One that is
// damaged is told from another one by its SHA-256, and the given one takes its place.
func (a *Auditor) readPinned(ctx context.Context) ([]byte, error) {
	pinned, err := readAll(ctx, a.files, configurationName, maxConfiguration)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	} else if err != nil && !errors.Is(err, errContent) {
		return nil, err
	}
	sum, sumErr := readAll(ctx, a.files, configurationSumName, 1<<10)
	right := fmt.Sprintf("%x  %s\n", sha256.Sum256(pinned), configurationName)
	_, parseErr := keytrans.ParseConfiguration(pinned)
	switch {
	case err == nil && parseErr == nil && (errors.Is(sumErr, ErrNotFound) || string(sum) == right):
		return pinned, nil
	case err == nil && parseErr == nil && bytes.Equal(pinned, a.cfg.Configuration):
		a.damaged(configurationSumName, "the configuration is the given one")
		return nil, nil
	case a.cfg.Configuration == nil:
		return nil, usage("give it again, from where you had it: --configuration FILE", "%s was damaged", a.files.path(configurationName))
	}
	a.damaged(configurationName, "the given one was put in its place")
	return nil, nil
}

// parseConfiguration decodes a Configuration, which must name this auditor's key.
func (a *Auditor) parseConfiguration(data []byte) (*keytrans.Configuration, error) {
	return parseAudited(data, a.key, a.suite)
}

// CheckAuditor checks that the directory of an encoded Configuration has an auditor and,
// unless keyDir is empty, that it is the one whose key that folder has.
func CheckAuditor(configuration []byte, keyDir string) error {
	var key keytrans.SigningKey
	var suite keytrans.CipherSuite
	if keyDir != "" {
		var err error
		if key, suite, err = readAuditorKey(keyDir); err != nil {
			return err
		}
	}
	_, err := parseAudited(configuration, key, suite)
	return err
}

// parseAudited decodes a Configuration, which must name an auditor: the one with this
// key, unless it is nil.
func parseAudited(data []byte, key keytrans.SigningKey, suite keytrans.CipherSuite) (*keytrans.Configuration, error) {
	config, err := keytrans.ParseConfiguration(data)
	if err != nil {
		return nil, fmt.Errorf("the configuration: %w: %w", errContent, err)
	}
	if _, err := keytrans.NewAuditor(config); err != nil {
		return nil, usage("only a directory in the mode third-party-auditing has an auditor", "the configuration: %w", err)
	}
	if key != nil && (suite != config.Suite || !bytes.Equal(key.Public(), config.AuditorPublicKey)) {
		return nil, usage("the operator has to name this auditor's key: ktd auditor DIR --auditor-key FILE",
			"the directory's configuration names another auditor's key")
	}
	return config, nil
}

// onlyAuditorDiffers verifies that a configuration is of the same log as a pinned
// one.
func onlyAuditorDiffers(pinned []byte, next *keytrans.Configuration) error {
	old, err := keytrans.ParseConfiguration(pinned)
	if err != nil {
		return err
	}
	same := *next
	same.MaxAuditorLag, same.AuditorStartPos, same.AuditorPublicKey = old.MaxAuditorLag, old.AuditorStartPos, old.AuditorPublicKey
	data, err := same.Marshal()
	if err != nil {
		return err
	}
	if !bytes.Equal(data, pinned) {
		return usage("audit another log in another folder", "the configuration is of another log than the one that is audited here")
	}
	return nil
}

// keep stores a file of the folder, durably.
func (a *Auditor) keep(name string, data []byte) error {
	err := errors.Join(a.files.write(name, data), a.files.sync())
	if err != nil {
		a.broken = err
	}
	return err
}
