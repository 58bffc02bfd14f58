package monitor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// A state file is stateHeader, the SHA-256 of what follows it, and
//
//	struct {
//	  uint8 subtrees;                // 255 if they are not known
//	  HashValue rfc6962[subtrees];   // of the log's full subtrees, left to right
//	  opaque auditor[rest];          // a keytrans.Auditor
//	} State;
//
// Before, it was the keytrans.Auditor alone, which begins with 1 and is read as well.
const stateHeader = "ghostlight-auditor-state-v2\n"

// unknownSubtrees stands for subtrees that are not known: those of an audit that
// began in the middle of the log, or with an earlier release.
const unknownSubtrees = 255

// errDamaged is wrapped by the error for a file that is not what was written.
var errDamaged = errors.New("the file was damaged")

// audit is what an auditor has come to: the log, and beside it the tree of RFC 6962
// over the same entries, nil if that is not known.
type audit struct {
	log *keytrans.Auditor
	rfc *compact.Range
}

// newAudit returns the audit of a log from its beginning, or from a view on.
func newAudit(config *keytrans.Configuration, view *keytrans.View) (*audit, error) {
	if view != nil {
		log, err := keytrans.NewAuditorAt(config, view)
		return &audit{log: log}, err
	}
	log, err := keytrans.NewAuditor(config)
	return &audit{log, rfcFactory.NewEmptyRange(0)}, err
}

// apply applies an update.
func (a *audit) apply(u *keytrans.AuditorUpdate) error {
	if err := a.log.Apply(u); err != nil || a.rfc == nil {
		return err
	}
	if err := a.rfc.Append(rfc6962.DefaultHasher.HashLeaf(a.log.Last().Marshal()), nil); err != nil {
		panic("monitor: appending to a compact range: " + err.Error())
	}
	return nil
}

// rfcRoot returns the root of RFC 6962. Requires that it is known.
func (a *audit) rfcRoot() merkle.Hash { return (&trees{rfc: a.rfc}).root() }

// marshal returns the content of a state file.
func (a *audit) marshal() []byte {
	body := []byte{unknownSubtrees}
	if a.rfc != nil {
		body[0] = byte(len(a.rfc.Hashes()))
		for _, h := range a.rfc.Hashes() {
			body = append(body, h...)
		}
	}
	body = append(body, a.log.Marshal()...)
	sum := sha256.Sum256(body)
	return append(append([]byte(stateHeader), sum[:]...), body...)
}

// parseAudit decodes a state file. The error wraps errDamaged or is about the
// Configuration.
func parseAudit(config *keytrans.Configuration, data []byte) (*audit, error) {
	body, isNew := bytes.CutPrefix(data, []byte(stateHeader))
	if !isNew {
		log, err := keytrans.ParseAuditor(config, data)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errDamaged, err)
		}
		return &audit{log: log}, nil
	}
	if len(body) < sha256.Size+1 {
		return nil, fmt.Errorf("%w: it is too short", errDamaged)
	}
	sum, body := [sha256.Size]byte(body[:sha256.Size]), body[sha256.Size:]
	if sha256.Sum256(body) != sum {
		return nil, fmt.Errorf("%w: it does not have the SHA-256 that it was written with", errDamaged)
	}
	n, body := int(body[0]), body[1:]
	if n == unknownSubtrees {
		log, err := keytrans.ParseAuditor(config, body)
		return &audit{log: log}, err
	}
	if n*merkle.HashSize > len(body) {
		return nil, fmt.Errorf("%w: its subtrees end early", errDamaged)
	}
	hashes := make([][]byte, n)
	for i := range hashes {
		hashes[i], body = body[:merkle.HashSize:merkle.HashSize], body[merkle.HashSize:]
	}
	log, err := keytrans.ParseAuditor(config, body)
	if err != nil {
		return nil, err
	}
	if bits.OnesCount64(log.Size()) != n {
		return nil, fmt.Errorf("%w: it has %d subtrees of %d entries", errDamaged, n, log.Size())
	}
	rfc, err := rfcFactory.NewRange(0, log.Size(), hashes)
	return &audit{log, rfc}, err
}

// readState reads a state file; nil if there is none.
func (a *Auditor) readState(ctx context.Context, name string) (*audit, []byte, error) {
	var data []byte
	err := a.files.Read(ctx, name, func(r io.Reader) (err error) {
		data, err = io.ReadAll(r)
		return err
	})
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil, nil
	case errors.Is(err, errContent):
		return nil, nil, fmt.Errorf("%w: %w", errDamaged, err)
	case err != nil:
		return nil, nil, err
	}
	state, err := parseAudit(a.config, data)
	return state, data, err
}

// openState reads what was verified. If that is damaged it takes the state before
// or, without that, the log's beginning, and has to come to the head that was
// verified once before anything else is believed: a directory must not be able to
// use the damage for another history.
func (a *Auditor) openState(ctx context.Context) error {
	verified, err := a.openHead(ctx, verifiedHeadName)
	if err != nil {
		return err
	}
	state, data, err := a.readState(ctx, auditorStateName)
	damaged := errors.Is(err, errDamaged)
	if err != nil && !damaged {
		return fmt.Errorf("%s: %w", a.files.path(auditorStateName), err)
	}
	if state == nil {
		if state, data, err = a.previousState(ctx, damaged, verified); err != nil {
			return err
		}
	}
	if state == nil {
		if state, err = newAudit(a.config, a.cfg.View); err != nil {
			return err
		}
		data = state.marshal()
	}
	a.audit, a.verified, a.verifiedSize = state, data, state.log.Size()
	a.stateDamaged = damaged
	switch {
	case verified == nil && damaged:
		verified = a.seen
	case a.seen == nil:
		a.seen = verified
	}
	if verified != nil && verified.TreeSize > a.verifiedSize {
		a.bound = verified
	}
	return a.openProgress(ctx)
}

// previousState returns the state in the place of one that is damaged, or is not
// there; nil for the log's beginning.
func (a *Auditor) previousState(ctx context.Context, damaged bool, verified *evidence.Head) (*audit, []byte, error) {
	state, data, err := a.readState(ctx, previousStateName)
	switch {
	case err != nil && !errors.Is(err, errDamaged):
		return nil, nil, fmt.Errorf("%s: %w", a.files.path(previousStateName), err)
	case damaged && verified == nil && a.seen == nil:
		return nil, nil, &Error{
			Kind: Operational, Err: fmt.Errorf("%s was damaged, and no head tells any more which log was audited", a.files.path(auditorStateName)),
			Hint: "put back the latest copy of " + logHeadName + "; only if there is none, begin with a new folder and, if the auditor signs, a new key: this one could be made to sign another history",
		}
	case state != nil && damaged:
		a.damaged(auditorStateName, fmt.Sprintf("audited again from %d entries on, the state before, up to the head that was verified", state.log.Size()))
	case state == nil && (damaged || verified != nil):
		a.damaged(auditorStateName, "audited again from the beginning, up to the head that was verified")
	}
	return state, data, nil
}

// openHead reads a head that the directory signed; nil if there is none, or it is
// damaged.
func (a *Auditor) openHead(ctx context.Context, name string) (*evidence.Head, error) {
	data, err := readAll(ctx, a.files, name, maxConfiguration)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	} else if err != nil && !errors.Is(err, errContent) {
		return nil, err
	}
	var head evidence.Head
	if err == nil {
		err = json.Unmarshal(data, &head)
	}
	if err == nil {
		err = head.Verify(a.config)
	}
	if err != nil {
		a.damaged(name, "the other files tell what was verified")
		return nil, nil
	}
	return &head, nil
}

// damaged notes that a file was damaged, and what was done about it.
func (a *Auditor) damaged(name, done string) {
	a.damage = append(a.damage, fmt.Sprintf("%s: %s", name, done))
	a.cfg.Logger.Info("a file was damaged", "path", name, "done", done)
}

// openProgress reads what a long round had come to when it was interrupted. It is
// of use only if it leads to a signed root in the end.
func (a *Auditor) openProgress(ctx context.Context) error {
	state, _, err := a.readState(ctx, progressName)
	switch {
	case errors.Is(err, errDamaged):
		a.damaged(progressName, "audited again from what was verified")
	case err != nil:
		return err
	case state == nil:
		return nil
	case state.log.Size() > a.verifiedSize:
		a.audit, a.savedSize = state, state.log.Size()
		return nil
	}
	return a.dropProgress()
}

// keepState stores what was verified under a signed head, before anything of it is
// signed. What it had before becomes the previous state.
func (a *Auditor) keepState(head *evidence.Head) error {
	data, err := json.Marshal(head)
	if err != nil {
		return err
	}
	state := a.audit.marshal()
	err = a.files.do("rename", previousStateName, func() error {
		if a.stateDamaged {
			return nil // the previous state is better
		}
		err := os.Rename(a.files.path(auditorStateName), a.files.path(previousStateName))
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
	if err == nil {
		err = a.files.write(auditorStateName, state)
	}
	if err == nil {
		err = a.keep(verifiedHeadName, data)
	}
	if err != nil {
		a.broken = err
		return err
	}
	a.verified, a.verifiedSize, a.stateDamaged = state, a.audit.log.Size(), false
	return a.dropProgress()
}

// saveProgress stores what a round has come to, now and then.
func (a *Auditor) saveProgress() error {
	if a.audit.log.Size() < max(a.savedSize, a.verifiedSize)+a.cfg.progressEvery {
		return nil
	}
	a.savedSize = a.audit.log.Size()
	return a.keep(progressName, a.audit.marshal())
}

// dropProgress removes what saveProgress stored.
func (a *Auditor) dropProgress() error {
	a.savedSize = 0
	if err := os.Remove(a.files.path(progressName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
