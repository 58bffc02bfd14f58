package monitor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// lockMirror locks a folder that is a mirror, or can become one. With a policy it
// makes the folder.
func lockMirror(dir string, policy []byte) (*files, error) {
	if policy != nil {
		if _, err := parsePolicy(policy); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, classify("making the folder", err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, classify("opening the mirror", err)
	}
	others, isMirror := false, false
	for _, e := range entries {
		isMirror = isMirror || e.Name() == policyName || e.Name() == anchorName
		others = others || e.Name() != lockName && e.Name() != tmpName
	}
	switch {
	case others && !isMirror:
		return nil, usage("give a new or an empty folder", "%s has other things than a mirror in it", dir)
	case !isMirror && policy == nil:
		return nil, usage("the first time, give the policy that names the log with --policy FILE", "%s is not a mirror", dir)
	}
	f, err := openFiles(dir)
	return f, classify("opening the mirror", err)
}

// open brings the folder in order and reads it.
func (m *Mirror) open(ctx context.Context) (err error) {
	if m.policy, err = m.openPolicy(ctx); err != nil {
		return err
	}
	if err := m.openCheckpoints(ctx); err != nil {
		return err
	}
	if err := m.openHeads(ctx); err != nil {
		return err
	}
	m.replay = newReplay(m.config)
	if m.done == nil {
		return m.store.clean(0)
	}
	if err := m.store.clean(m.done.Size); err != nil {
		return err
	}
	err = verifyKept(ctx, m.accuser(), m.replay, m.done, Resuming, m.cfg)
	if KindOf(err) != Undecided {
		return err
	}
	m.damaged("the copy", "what was believed is verified and read again: "+err.Error())
	target := larger(m.done, m.next)
	m.done, m.replay = nil, newReplay(m.config)
	// Partial tiles are cheap to read again, and no later update would remove them.
	return errors.Join(m.store.clean(0), m.aimAt(target))
}

// openCheckpoints reads the checkpoints. Each is signed, so that any one that
// verifies stands in for the others.
func (m *Mirror) openCheckpoints(ctx context.Context) error {
	var kept [3]*checkpoint.Signed
	intact := true
	for i, name := range []string{checkpointPath, nextName, anchorName} {
		var err error
		kept[i], err = openKept(ctx, m.store, name, m.policy)
		switch {
		case isUndecided(err):
			m.damaged(name, "what was believed is in its other copies")
			intact = false
		case err != nil:
			return err
		}
	}
	m.done, m.next = kept[0], kept[1]
	anchor := larger(m.done, larger(m.next, kept[2]))
	switch {
	case anchor == nil && !intact:
		return &Error{
			Kind: Undecided, Err: fmt.Errorf("nothing in %s tells any more which log was mirrored: %s", m.store.dir, m.damage[0]),
			Hint: "put a copy of the file checkpoint back, from a backup or from another mirror of yours; only if there is none, move the folder away, and mirror the log anew: it could show another history then",
		}
	case anchor == nil, kept[2] != nil && intact && anchor == larger(m.done, m.next):
		return nil
	case m.done != nil && m.done.Size == anchor.Size: // only copies are missing
		m.next = nil
		return errors.Join(m.makeTmp(), m.store.write(anchorName, anchor.Note), os.RemoveAll(m.store.path(nextName)), m.store.sync())
	}
	return errors.Join(m.makeTmp(), m.aimAt(anchor))
}

// makeTmp makes the folder for temporary files, which writing needs.
func (m *Mirror) makeTmp() error { return os.MkdirAll(m.store.path(tmpName), 0o700) }

// openPolicy returns the policy, and keeps that of a new mirror.
func (m *Mirror) openPolicy(ctx context.Context) (*checkpoint.Policy, error) {
	kept, err := readAll(ctx, m.store, policyName, checkpoint.MaxPolicySize)
	switch {
	case errors.Is(err, ErrNotFound) && m.cfg.Policy == nil:
		return nil, usage("give the policy that names the log with --policy FILE", "%s has no policy", m.store.dir)
	case err != nil && !isUndecided(err):
		return nil, err
	case err == nil && (m.cfg.Policy == nil || bytes.Equal(m.cfg.Policy, kept)):
		return parsePolicy(kept)
	}
	empty, emptyErr := m.isEmpty()
	switch {
	case emptyErr != nil:
		return nil, emptyErr
	case empty: // nothing was believed under the policy that was given first
		return m.keepPolicy()
	case m.cfg.ReplacePolicy:
		return m.replacePolicy(ctx, kept)
	}
	return nil, usage("leave --policy out, or make another mirror for the other policy",
		"the policy is not the one that the mirror was made with, %s", m.store.path(policyName))
}

// replacePolicy puts the given policy in the place of the one that was kept.
func (m *Mirror) replacePolicy(ctx context.Context, kept []byte) (*checkpoint.Policy, error) {
	policy, err := parsePolicy(m.cfg.Policy)
	if err != nil {
		return nil, err
	}
	others := false
	for _, name := range []string{checkpointPath, nextName, anchorName} {
		signed, err := openKept(ctx, m.store, name, policy)
		switch {
		case errors.Is(err, checkpoint.ErrNotSigned):
			others = true
		case err == nil && signed != nil:
			if _, err := checkpoint.ParsePolicy(kept); err != nil {
				m.damaged(policyName, "the given one was put in its place")
			}
			return policy, errors.Join(m.makeTmp(), m.store.write(policyName, m.cfg.Policy), m.store.sync())
		}
	}
	if others {
		return nil, usage("make another mirror for the other log", "%s is a mirror of another log than the policy names", m.store.dir)
	}
	return policy, nil // openCheckpoints says what is damaged
}

// keepPolicy stores the policy that was given.
func (m *Mirror) keepPolicy() (*checkpoint.Policy, error) {
	// What is written first needs the folder for temporary files.
	if err := m.store.clean(0); err != nil {
		return nil, err
	}
	if err := errors.Join(m.store.write(policyName, m.cfg.Policy), m.store.sync()); err != nil {
		return nil, err
	}
	return parsePolicy(m.cfg.Policy)
}

// isEmpty reports whether no checkpoint has been believed yet.
func (m *Mirror) isEmpty() (bool, error) {
	for _, name := range []string{checkpointPath, nextName, anchorName} {
		if _, err := os.Stat(m.store.path(name)); !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return true, nil
}

// parsePolicy parses the policy of a mirror.
func parsePolicy(data []byte) (*checkpoint.Policy, error) {
	policy, err := checkpoint.ParsePolicy(data)
	switch {
	case err != nil:
		return nil, usage("C2SP tlog-policy has what a policy looks like", "%w", err)
	case len(policy.Logs) == 0:
		return nil, usage("the policy must have a line: log VKEY", "the policy names no log")
	}
	return policy, nil
}

// openKept returns a checkpoint in a mirror's folder, nil if there is none.
func openKept(ctx context.Context, f Source, name string, policy *checkpoint.Policy) (*checkpoint.Signed, error) {
	data, err := readAll(ctx, f, name, checkpoint.MaxNoteSize)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	signed, err := policy.Open(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return signed, nil
}

// verifyKept verifies what a folder has up to a checkpoint, with a new Replay.
func verifyKept(ctx context.Context, a accuser, replay *Replay, kept *checkpoint.Signed, step Step, cfg MirrorConfig) error {
	e := &extension{
		source: a.files, replay: replay, target: kept.Checkpoint, tries: 1, ahead: cfg.Ahead,
		progress: progress(step, replay, kept.Size, cfg),
	}
	err := e.run(ctx)
	switch {
	case errors.Is(err, ErrTimestamps):
		return a.timestamps(ctx, a.files, kept, err)
	case isUndecided(err):
		return &Error{
			Kind: Undecided, Err: fmt.Errorf("what is in %s does not verify: %w", a.files.dir, err),
			Hint: "its files were damaged or changed; move the folder away, and mirror the log anew",
		}
	}
	return err
}

func progress(step Step, replay *Replay, total uint64, cfg MirrorConfig) func() {
	return func() { cfg.Progress(Progress{step, replay.Size(), total, replay.Changes()}) }
}
