package monitor

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// recentRoots is of how many sizes of the log an auditor knows the root of RFC 6962:
// the last ones. A checkpoint waits for its witnesses, and is behind the head.
const recentRoots = 4096

// differing is a checkpoint and a head, both signed, of which the head's log has
// other entries.
type differing struct {
	Head       evidence.Head `json:"head"`
	Checkpoint []byte        `json:"checkpoint"` // the signed note
	size       uint64
}

// openCheckpoint reads the policy, and what differed before.
func (a *Auditor) openCheckpoint(ctx context.Context) (err error) {
	if a.cfg.Policy == nil {
		return nil
	}
	if a.policy, err = parsePolicy(a.cfg.Policy); err != nil {
		return err
	}
	a.noteRoot()
	data, err := readAll(ctx, a.files, differingName, maxConfiguration)
	if err != nil {
		if isUndecided(err) { // there is none
			err = nil
		}
		return err
	}
	var d differing
	err = json.Unmarshal(data, &d)
	if err == nil {
		err = d.Head.Verify(a.config)
	}
	var signed *checkpoint.Signed
	if err == nil {
		signed, err = a.policy.Open(d.Checkpoint)
	}
	if err != nil {
		a.damaged(differingName, "it is of no use any more")
		return nil
	}
	d.size = signed.Size
	a.differing = &d
	return nil
}

// noteRoot keeps the root of RFC 6962 at the present size.
func (a *Auditor) noteRoot() {
	size := a.audit.log.Size()
	if a.policy == nil || a.audit.rfc == nil || a.target > size && a.target-size > recentRoots {
		return
	}
	a.roots[size] = a.audit.rfcRoot()
	delete(a.roots, size-recentRoots)
}

// CompareCheckpoint reads the checkpoint of the directory's public log, and compares
// it with the tree of RFC 6962 over the entries that were audited, if it is of one of
// the last sizes. Requires AuditorConfig.Log and Policy. It returns the checkpoint
// if that is signed and witnessed.
//
// The error is an *Error, of kind Undecided unless something failed here. It wraps
// ErrTreesDiffer if the checkpoint is of other entries than the head that they were
// audited under. Both are signed, but from the roots alone nobody else can tell.
func (a *Auditor) CompareCheckpoint(ctx context.Context) (*checkpoint.Signed, error) {
	data, err := readAll(ctx, a.cfg.Log, checkpointPath, checkpoint.MaxNoteSize)
	if err != nil {
		return nil, classify("reading the checkpoint", err)
	}
	signed, err := a.policy.Open(data)
	if err != nil {
		return nil, classify("verifying the checkpoint", err)
	}
	if err := a.compareCheckpoint(signed); err != nil {
		return nil, classify("comparing the checkpoint", err)
	}
	if d := a.differing; d != nil {
		return nil, &Error{
			Kind: Undecided, Err: fmt.Errorf("%w: a checkpoint of %d entries, and a head of %d", ErrTreesDiffer, d.size, d.Head.TreeSize),
			Hint: "both are signed, and kept in " + a.files.path(differingName) + ": show them to others who mirror the log",
		}
	}
	return signed, classify("verifying the checkpoint", signed.Witnessed())
}

// compareCheckpoint compares a checkpoint with what was verified.
func (a *Auditor) compareCheckpoint(signed *checkpoint.Signed) error {
	root, known := a.roots[signed.Size]
	switch {
	case !known || signed.Size > a.verifiedSize || a.seen == nil:
		return nil
	case root == merkle.Hash(signed.Root):
		a.agreed = max(a.agreed, signed.Size)
		return nil
	case a.differing != nil:
		return nil
	}
	d := &differing{*a.seen, signed.Note, signed.Size}
	data, err := json.Marshal(d)
	if err == nil {
		err = a.keep(differingName, data)
	}
	a.differing = d
	return err
}

// Comparable reports whether the tree of RFC 6962 over the audited entries is known:
// not in an audit that began in the middle of the log, or with an earlier release.
func (a *Auditor) Comparable() bool { return a.audit.rfc != nil }
