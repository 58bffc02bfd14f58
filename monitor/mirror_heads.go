package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// ReadHead reads the directory's latest head, and keeps it to be compared with the
// log tree over the entries that are mirrored, by Update and CompareHeads. Requires
// MirrorConfig.Directory and Configuration. It keeps 16 at most that the mirror has
// not come to.
//
// The error is an *Error: Misbehaved if the directory has signed two heads of one
// size, Undecided if it was not reached or the head does not verify. If that wraps
// ErrRolledBack there is an answer nevertheless.
func (m *Mirror) ReadHead(ctx context.Context) (*LogAnswer, error) {
	if err := m.store.failed(); err != nil {
		return nil, classify("writing the mirror", err)
	}
	answer, err := readLog(ctx, m.cfg.Directory, m.config)
	if err != nil {
		return nil, classify("reading the directory's head", err)
	}
	largest := m.heads.largest()
	switch known := m.heads.ofSize(answer.TreeSize); {
	case known != nil && known.Root != answer.Root:
		return answer, m.accuseHeads(known, &answer.Head)
	case known == nil && answer.TreeSize > 0:
		m.heads.wait(answer.Head)
		if err := m.keepHeads(); err != nil {
			return answer, classify("keeping the directory's head", err)
		}
	}
	if answer.TreeSize < largest {
		err = fmt.Errorf("%w: the directory's head has %d entries, after one of %d", ErrRolledBack, answer.TreeSize, largest)
		return answer, &Error{Kind: Undecided, Err: err, Hint: "somebody may be showing an old answer, or the directory was put back to an old backup: ask its operator"}
	}
	return answer, nil
}

// CompareHeads compares the heads that ReadHead has kept and that the mirror is
// complete for. The error is an *Error. It wraps ErrTreesDiffer if a head is of other
// log entries than those in the checkpoint: of kind Misbehaved with evidence or, if too
// many log entries would be needed to prove it, Undecided.
func (m *Mirror) CompareHeads(ctx context.Context) error {
	if err := m.compareWaiting(ctx); err != nil {
		return classify("comparing the directory's heads", err)
	}
	if len(m.heads.Differing) == 0 || m.done == nil {
		return nil
	}
	first := m.heads.Differing[0]
	finding := fmt.Errorf("%w: %d heads, the first one of %d entries", ErrTreesDiffer, len(m.heads.Differing), first.TreeSize)
	if path := m.provenTrees(&first); path != "" {
		return &Error{Kind: Misbehaved, Err: finding, Evidence: path, Hint: "keep this file and show it to others"}
	}
	e, err := m.proveTrees(ctx, &first)
	if err != nil {
		return classify("proving that a head is of other log entries", err)
	}
	if e != nil {
		return m.accuser().accuse(e, nil, finding)
	}
	return &Error{
		Kind: Undecided, Err: finding,
		Hint: "the heads and the checkpoint are signed, and kept in the mirror: show them to others who mirror the log",
	}
}

// HeadsStatus is what a mirror knows of the directory's heads.
type HeadsStatus struct {
	// Equal is the size of the largest head that is of the mirror's entries, and Root
	// its root; 0 if there is none.
	Equal uint64
	Root  merkle.Hash
	// Waiting is the size of the smallest head that the mirror has not come to yet, 0
	// if there is none. Differing is how many heads are of other entries.
	Waiting   uint64
	Differing int
}

// Heads returns what the mirror knows of the directory's heads.
func (m *Mirror) Heads() HeadsStatus {
	s := HeadsStatus{Differing: len(m.heads.Differing)}
	if m.heads.Equal != nil {
		s.Equal, s.Root = m.heads.Equal.TreeSize, merkle.Hash(m.heads.Equal.Root)
	}
	if len(m.heads.Waiting) > 0 {
		s.Waiting = m.heads.Waiting[0].TreeSize
	}
	return s
}

// passHeads returns a progress function that compares heads on the way.
func (m *Mirror) passHeads(progress func()) func() {
	return func() {
		m.heads.pass(m.replay.Size(), m.replay.LogTreeRoot)
		progress()
	}
}

// compareWaiting compares the heads that the mirror has passed, and stores what came
// of it.
func (m *Mirror) compareWaiting(ctx context.Context) error {
	if m.done != nil && len(m.heads.Waiting) > 0 {
		m.heads.pass(m.replay.Size(), m.replay.LogTreeRoot)
		if h := m.heads.Waiting; len(h) > 0 && h[0].TreeSize < m.done.Size {
			if err := m.compareAgain(ctx); err != nil {
				return err
			}
		}
	}
	if m.config == nil {
		return nil
	}
	return m.keepHeads()
}

// compareAgain reads all log entries of the mirror again, for heads of sizes before
// its own.
func (m *Mirror) compareAgain(ctx context.Context) error {
	compared := m.heads // changed only if the entries are what they were
	compared.Waiting = append([]evidence.Head(nil), m.heads.Waiting...)
	both := newTrees()
	err := m.eachEntry(ctx, func(e keytrans.LogEntry) {
		both.append(e)
		compared.pass(both.size(), both.logRoot)
	})
	if err != nil {
		return err
	}
	if both.root() != m.done.Root {
		return fmt.Errorf("the entries in %s: %w", m.store.dir, tile.ErrTiles)
	}
	m.heads = compared
	return nil
}

// eachEntry calls f with the log entries of the mirror, in order. They are as
// authentic as its files.
func (m *Mirror) eachEntry(ctx context.Context, f func(keytrans.LogEntry)) error {
	for lo := uint64(0); lo < m.done.Size; lo += tile.FullWidth {
		t := tile.Tile{Kind: tile.Entries, Index: lo / tile.FullWidth, Width: uint16(min(m.done.Size-lo, tile.FullWidth))}
		data, err := readTile(ctx, m.store, t)
		if err != nil {
			return err
		}
		entries, err := tile.ParseEntries(data, int(t.Width))
		if err != nil {
			return fmt.Errorf("%s: %w: %w", t.Path(), errContent, err)
		}
		for _, entry := range entries {
			e, err := keytrans.ParseLogEntry(entry)
			if err != nil {
				return fmt.Errorf("%s: %w: %w", t.Path(), errContent, err)
			}
			f(e)
		}
	}
	return nil
}

// keepHeads stores the heads.
func (m *Mirror) keepHeads() error {
	data, err := json.Marshal(m.heads)
	if err == nil {
		err = errors.Join(m.store.write(headsName, data), m.store.sync())
	}
	if err != nil {
		m.store.fail(err)
	}
	return err
}

// accuseHeads accuses the directory of two heads of one size.
func (m *Mirror) accuseHeads(first, second *evidence.Head) error {
	keep := func(name string, data []byte) error {
		return errors.Join(m.store.write(name, data), m.store.sync())
	}
	return accuseHeads(m.store.dir, keep, &evidence.Evidence{
		Configuration: m.cfg.Configuration, Heads: []evidence.Head{*first, *second},
	}, m.cfg.Now())
}

// openHeads reads the Configuration and the heads.
func (m *Mirror) openHeads(ctx context.Context) error {
	if m.cfg.Configuration == nil {
		return nil
	}
	config, err := keytrans.ParseConfiguration(m.cfg.Configuration)
	if err != nil {
		return usage("give the directory's configuration", "the configuration: %w", err)
	}
	m.config = config
	data, err := readAll(ctx, m.store, headsName, maxHeadsFile)
	if errors.Is(err, ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	var kept heads
	err = json.Unmarshal(data, &kept)
	if err == nil {
		err = kept.verify(config)
	}
	if err != nil { // they are compared again when the directory shows them
		m.damaged(headsName, "heads of the directory that were kept are forgotten; the checkpoint stays")
		return nil
	}
	m.heads = kept
	return nil
}

// damaged notes that a file was damaged, and what was done about it.
func (m *Mirror) damaged(name, done string) {
	m.damage = append(m.damage, fmt.Sprintf("%s: %s", name, done))
	m.cfg.Logger.Info("a file was damaged", "path", name, "done", done)
}

// larger returns the larger one of two checkpoints, each of which may be nil.
func larger(a, b *checkpoint.Signed) *checkpoint.Signed {
	if a == nil || b != nil && b.Size > a.Size {
		return b
	}
	return a
}
