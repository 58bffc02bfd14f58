package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// An auditor's folder has, beside its key:
//
//	configuration     the Configuration, encoded, under which it signs
//	state             what it verified: a keytrans.Auditor; nothing else is signed
//	progress          the same, ahead of state, in the middle of a long round
//	log-head.json     the latest head that the directory signed
//	evidence/         of misbehaviour; as long as there is any, nothing is signed
//	lock, tmp/        of the process at work
const (
	configurationName = "configuration"
	auditorStateName  = "state"
	progressName      = "progress"
	logHeadName       = "log-head.json"
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
	if a.key, a.suite, err = readAuditorKey(a.files.dir); err != nil {
		return err
	}
	if err := a.openConfiguration(ctx); err != nil {
		return err
	}
	if err := a.openSeen(ctx); err != nil {
		return err
	}
	return a.openState(ctx)
}

// openConfiguration reads the pinned Configuration, or pins the given one or, on
// first use, the directory's. None is pinned that names another auditor's key.
func (a *Auditor) openConfiguration(ctx context.Context) error {
	pinned, err := readAll(ctx, a.files, configurationName, maxConfiguration)
	if err != nil && !errors.Is(err, ErrNotFound) {
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
		// It is signed under the old configuration.
		if err := os.Remove(a.files.path(logHeadName)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	a.configuration, a.config = next, config
	return errors.Join(a.files.write(configurationName, next), a.files.sync())
}

// parseConfiguration decodes a Configuration, which must name this auditor's key.
func (a *Auditor) parseConfiguration(data []byte) (*keytrans.Configuration, error) {
	config, err := keytrans.ParseConfiguration(data)
	if err != nil {
		return nil, fmt.Errorf("the configuration: %w: %w", errContent, err)
	}
	if _, err := keytrans.NewAuditor(config); err != nil {
		return nil, usage("only a directory in the mode third-party-auditing has an auditor", "the configuration: %w", err)
	}
	if a.suite != config.Suite || !bytes.Equal(a.key.Public(), config.AuditorPublicKey) {
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

// openSeen reads the latest head that the directory signed.
func (a *Auditor) openSeen(ctx context.Context) error {
	data, err := readAll(ctx, a.files, logHeadName, maxConfiguration)
	if errors.Is(err, ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	var seen evidence.Head
	if err := json.Unmarshal(data, &seen); err != nil {
		return fmt.Errorf("%s: %w", logHeadName, err)
	}
	if err := seen.Verify(a.config); err != nil {
		return fmt.Errorf("%s: %w", logHeadName, err)
	}
	a.seen = &seen
	return nil
}

// openState reads what was verified.
func (a *Auditor) openState(ctx context.Context) (err error) {
	err = a.files.Read(ctx, auditorStateName, func(r io.Reader) error {
		a.verified, err = io.ReadAll(r)
		return err
	})
	switch {
	case errors.Is(err, ErrNotFound) && a.cfg.View != nil:
		a.log, err = keytrans.NewAuditorAt(a.config, a.cfg.View)
	case errors.Is(err, ErrNotFound):
		a.log, err = keytrans.NewAuditor(a.config)
	case err == nil:
		if a.log, err = keytrans.ParseAuditor(a.config, a.verified); err != nil {
			return fmt.Errorf("%s: %w", a.files.path(auditorStateName), err)
		}
	}
	if err != nil {
		return err
	}
	a.verified, a.verifiedSize = a.log.Marshal(), a.log.Size()
	return a.openProgress(ctx)
}

// openProgress reads what a long round had come to when it was interrupted. It is
// of use only if it leads to a signed root in the end.
func (a *Auditor) openProgress(ctx context.Context) error {
	var data []byte
	err := a.files.Read(ctx, progressName, func(r io.Reader) (err error) {
		data, err = io.ReadAll(r)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if log, err := keytrans.ParseAuditor(a.config, data); err == nil && log.Size() > a.verifiedSize {
		a.log, a.savedSize = log, log.Size()
		return nil
	}
	return a.dropProgress()
}

// saveProgress stores what a round has come to, now and then.
func (a *Auditor) saveProgress() error {
	if a.log.Size() < max(a.savedSize, a.verifiedSize)+a.cfg.progressEvery {
		return nil
	}
	a.savedSize = a.log.Size()
	return a.keep(progressName, a.log.Marshal())
}

// dropProgress removes what saveProgress stored.
func (a *Auditor) dropProgress() error {
	a.savedSize = 0
	if err := os.Remove(a.files.path(progressName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
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
