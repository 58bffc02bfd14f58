package monitor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// MirrorConfig adjusts a Mirror. The zero value is usable with a folder that is a
// mirror already.
type MirrorConfig struct {
	// Policy is the content of a policy file (C2SP tlog-policy), which must name
	// the log. A new mirror requires and keeps it; for others nil is the one that
	// was kept, and no other is accepted.
	Policy []byte
	// ReplacePolicy makes Policy take the place of the one that was kept, if it names
	// the log that was mirrored. A kept one that was damaged is repaired so.
	ReplacePolicy bool
	// Directory, if not nil, is the directory of the log at its base URL, for ReadHead,
	// and Configuration its encoded Configuration, for ReadHead and Leaves.
	Directory     Source
	Configuration []byte
	// Ahead is how many bundles are read at a time. The default is 8.
	Ahead int
	// Progress, if not nil, is told of it after every log entry. It must be fast.
	Progress func(Progress)
	// Logger is told what happens, at level info. The default discards.
	Logger *slog.Logger
	// Now is the clock for evidence. The default is time.Now.
	Now func() time.Time

	hook func(op, path string, step func() error) error // of tests; see files
}

func (c MirrorConfig) withDefaults() MirrorConfig {
	if c.Ahead == 0 {
		c.Ahead = 8
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// A Step is what a mirror is doing.
type Step string

// The steps. Their texts are stable.
const (
	Resuming  Step = "resuming"  // reading and verifying what it has
	Mirroring Step = "mirroring" // reading and verifying what the log has more
	Verifying Step = "verifying" // what VerifyMirror does
	Auditing  Step = "auditing"  // what an Auditor does
)

// Progress is how far a step has come.
type Progress struct {
	Step Step
	// Entries are verified, of Total, when the step is complete.
	Entries, Total uint64
	// Changes is how many leaves they have changed in all.
	Changes uint64
}

// Mirror follows a log, verifies it and keeps a copy in a folder. After every
// interruption, of the process or the machine, the folder has what it had: the
// copy of the last complete checkpoint. It is not safe for concurrent use; a
// second process is refused.
type Mirror struct {
	cfg    MirrorConfig
	source Source
	policy *checkpoint.Policy
	store  *store
	replay *Replay
	done   *checkpoint.Signed // what the folder is a copy of; nil before the first
	// next is the largest checkpoint that was believed, if that is not done: there
	// may be more of its log in the folder than of done.
	next   *checkpoint.Signed
	config *keytrans.Configuration // of the directory; may be nil
	heads  heads
	damage []string
	bytes  int64
	took   time.Duration
}

// OpenMirror opens the mirror in a folder, which it makes if there is none, and
// verifies what is in it. It does not use the source. The caller closes it. The
// error is an *Error; of kind Undecided if nothing in the folder tells any more
// what was believed. What else is damaged is told by Damage, and the next Update
// verifies all of the folder again, up to the largest checkpoint that was believed,
// and reads from the source what does not verify.
func OpenMirror(ctx context.Context, dir string, source Source, cfg MirrorConfig) (_ *Mirror, err error) {
	cfg = cfg.withDefaults()
	f, err := lockMirror(dir, cfg.Policy)
	if err != nil {
		return nil, err
	}
	f.hook = cfg.hook
	m := &Mirror{cfg: cfg, source: source, store: newStore(f), replay: NewReplay()}
	start := time.Now()
	err = m.open(ctx)
	m.took = time.Since(start)
	if err != nil {
		return nil, errors.Join(classify("opening the mirror "+dir, err), m.Close())
	}
	return m, nil
}

// Damage says which files of the folder were damaged when it was opened, each with
// what was done about it.
func (m *Mirror) Damage() []string { return m.damage }

// Close ends the mirror.
func (m *Mirror) Close() error { return m.store.close() }

// Status is what a mirror has.
type Status struct {
	// Checkpoint is the last one of which everything is verified and stored, nil
	// if there is none yet.
	Checkpoint *checkpoint.Signed
	// Entries is how many log entries were verified since the mirror was opened,
	// of which it may have stored some only in part, and Changes how many leaves
	// these changed.
	Entries, Changes uint64
	// Bytes were read from the source meanwhile.
	Bytes int64
	// Took is the time that reading and verifying took, without the time between
	// updates.
	Took time.Duration
	// Target is the largest checkpoint that was believed, nil if there is none. The
	// mirror is complete if it is Checkpoint.
	Target *checkpoint.Signed
	// Timestamp is that of the last of Entries, in milliseconds.
	Timestamp uint64
}

// Status returns what the mirror has.
func (m *Mirror) Status() Status {
	return Status{m.done, m.replay.Size(), m.replay.Changes(), m.bytes, m.took, m.latest(), m.replay.Timestamp()}
}

// Update mirrors the log up to its present checkpoint, if that is new. The error
// is an *Error:
//
//   - Undecided: the log was not reached, has no checkpoint with a quorum, or
//     serves what does not verify. Another Update may do better.
//   - Misbehaved: the log has contradicted itself.
//   - Operational: all else, such as a full disk, or the end of ctx. After an
//     error of the file system the mirror is of no more use, and has to be opened
//     again.
func (m *Mirror) Update(ctx context.Context) error {
	start := time.Now()
	defer func() { m.took += time.Since(start) }()
	if err := m.store.failed(); err != nil {
		return classify("writing the mirror", err)
	}
	data, err := readAll(ctx, m.source, checkpointPath, checkpoint.MaxNoteSize)
	if err != nil {
		err = classify("reading the checkpoint", err)
		if e := (*Error)(nil); errors.Is(err, ErrNotFound) && errors.As(err, &e) {
			e.Hint = "give the URL that the log's resources are below: of a ktd, that ends in /log"
		}
		return err
	}
	served, err := m.policy.Open(data)
	if err != nil {
		return classify("verifying the checkpoint", err)
	}
	believed := classify("verifying the checkpoint", m.believe(ctx, served))
	if m.next == nil || believed != nil && KindOf(believed) != Undecided {
		return believed
	}
	// What was believed before can be mirrored even if this one is not believed.
	step := fmt.Sprintf("mirroring the log up to %d entries", m.next.Size)
	if err := classify(step, m.extend(ctx)); err != nil {
		return err
	}
	return believed
}

// latest returns the largest checkpoint that was believed, nil if there is none.
func (m *Mirror) latest() *checkpoint.Signed {
	if m.next != nil {
		return m.next
	}
	return m.done
}

// believe makes a checkpoint the next one if it is larger than the latest, does
// not contradict it, and is witnessed as the policy requires.
func (m *Mirror) believe(ctx context.Context, served *checkpoint.Signed) error {
	latest := m.latest()
	contradicts := m.compare(ctx, latest, served)
	if KindOf(contradicts) == Misbehaved {
		return contradicts
	}
	if latest != nil && served.Size <= latest.Size {
		if contradicts == nil && served.Size < latest.Size {
			m.cfg.Logger.InfoContext(ctx, "the log serves an older checkpoint", "tree_size", served.Size, "had", latest.Size)
		}
		return contradicts
	}
	if err := served.Witnessed(); err != nil {
		return err
	}
	switch {
	case contradicts != nil:
		return contradicts
	case served.Size == 0:
		return fmt.Errorf("%w: the log is empty", errContent)
	}
	return m.aimAt(served)
}

// aimAt makes a checkpoint that is believed the next one, durably, and the anchor.
func (m *Mirror) aimAt(next *checkpoint.Signed) error {
	err := errors.Join(m.store.write(nextName, next.Note), m.store.write(anchorName, next.Note), m.store.sync())
	if err != nil {
		m.store.fail(err)
		return err
	}
	m.next = next
	return nil
}

// extend mirrors the log up to the next checkpoint.
func (m *Mirror) extend(ctx context.Context) error {
	e := &extension{
		source: m.source, cache: m.store, replay: m.replay, target: m.next.Checkpoint,
		store: m.store, tries: networkTries, ahead: m.cfg.Ahead,
		progress: m.passHeads(progress(Mirroring, m.replay, m.next.Size, m.cfg)),
	}
	err := e.run(ctx)
	m.bytes += e.bytes.Load()
	// What was verified before an error is worth to be kept.
	if flushed := m.store.flush(); flushed != nil {
		return flushed
	}
	if errors.Is(err, ErrTimestamps) {
		return m.accuser().timestamps(ctx, m.source, m.next, err)
	} else if err != nil {
		return err
	}
	return m.commit(ctx)
}

// commit makes the next checkpoint the one that the folder is a copy of.
func (m *Mirror) commit(ctx context.Context) error {
	err := m.store.do("rename", checkpointPath, func() error {
		return os.Rename(m.store.path(nextName), m.store.path(checkpointPath))
	})
	if err == nil {
		err = m.store.do("syncdir", m.store.dir, func() error { return durable.SyncFolder(m.store.dir) })
	}
	if err == nil && m.done != nil {
		err = m.store.removeOutgrown(m.done.Size, m.next.Size)
	}
	if err != nil {
		m.store.fail(err)
		return err
	}
	m.done, m.next = m.next, nil
	m.cfg.Logger.InfoContext(ctx, "mirrored", "tree_size", m.done.Size, "root", m.done.Root.String())
	return nil
}

// Follow calls Update until ctx ends, waiting about interval between the calls,
// and tells after each what came of it. It returns nil when ctx ends, and earlier
// the first error that is not of kind Undecided.
func (m *Mirror) Follow(ctx context.Context, interval time.Duration, tell func(err error)) error {
	for {
		err := m.Update(ctx)
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil
		}
		tell(err)
		if err != nil && KindOf(err) != Undecided {
			return err
		}
		// A tenth more or less keeps monitors from asking all at once.
		pause := interval - interval/10 + rand.N(interval/5+1)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
