package directory

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// epoch is what one commit adds: changes that were checked against the state it
// follows, no two for one label, and padding leaves.
type epoch struct {
	changes []*change
	padding int
}

// add returns what a log with the given counts holds with the epoch.
func (e *epoch) add(c counts) counts {
	for _, change := range e.changes {
		if change.first == 0 {
			c.labels++
		}
		c.versions += uint64(len(change.records))
	}
	return c
}

// commitEpoch appends one log entry with everything that e adds, durably, and
// publishes the new state. Only the sequencer calls it, and Open before it
// starts.
//
// After an error nothing was published. If the error wraps ErrFailed the
// outcome of the commit could not be settled, and no other epoch may follow.
func (d *Directory) commitEpoch(e *epoch) error {
	began, clock := d.cfg.Now(), time.Now()
	p, err := d.prepare(e)
	if err != nil {
		return err
	}
	commitErr := d.cfg.Store.Commit(&p.batch)
	next, err := d.settle(p, commitErr)
	if err != nil {
		return err
	}
	d.tree.Publish(p.inserted)
	d.publish(next)
	d.recent.add(Epoch{Position: p.batch.Base, Took: time.Since(clock)})
	d.cfg.Logger.Info("epoch", "tree_size", p.batch.Size, "leaves", p.leaves,
		"ms", d.cfg.Now().Sub(began).Milliseconds())
	return nil
}

// prepared is an epoch that is ready to be committed.
type prepared struct {
	batch    Batch
	head     *keytrans.TreeHead
	root     merkle.Hash
	leaves   int
	inserted *prefixtree.Inserted
}

// prepare computes the records of an epoch.
func (d *Directory) prepare(e *epoch) (*prepared, error) {
	var (
		base     *state
		snap     Snapshot
		size     uint64
		subtrees []merkle.Hash
		public   [][]byte
		last     keytrans.LogEntry
		total    counts
		err      error
	)
	if base = d.current; base != nil {
		snap, size, last, total = base.snap, base.head.TreeSize, base.last, base.counts
		subtrees, public = base.subtrees, base.public
	} else if snap, err = d.cfg.Store.Snapshot(); err != nil {
		return nil, err
	} else {
		defer snap.Close()
	}
	p := &prepared{batch: Batch{Base: size, Size: size + 1}}
	leaves, err := d.leaves(p, e)
	if err != nil {
		return nil, err
	}
	p.leaves = len(leaves)
	p.inserted, err = d.tree.Insert(snap, &p.batch, size, leaves)
	if err != nil {
		return nil, err
	}
	entry := keytrans.LogEntry{Timestamp: d.timestamp(last), PrefixTree: p.inserted.Root}
	_ = p.batch.Set(entryKey(size), entry.Marshal())
	if err := p.addPublic(public, entry, leaves); err != nil {
		return nil, err
	}
	subtrees, err = logtree.Append(size, subtrees, entry.Hash(), func(n logtree.Node, h merkle.Hash) {
		_ = p.batch.Set(nodeKey(n), slices.Clone(h[:]))
	})
	if err != nil {
		return nil, err
	}
	if p.root, err = logtree.Root(size+1, subtrees); err != nil {
		return nil, err
	}
	p.head, err = keytrans.SignTreeHead(d.cfg.Configuration, d.cfg.SigningKey, size+1, p.root)
	if err != nil {
		return nil, err
	}
	record := headRecord{counts: e.add(total), signature: p.head.Signature}
	_ = p.batch.Set(headKey(), record.marshal())
	return p, nil
}

// timestamp returns the time of a new log entry, which is never before the last
// one's, whatever the clock does.
func (d *Directory) timestamp(last keytrans.LogEntry) uint64 {
	return max(uint64(max(d.cfg.Now().UnixMilli(), 0)), last.Timestamp)
}

// leaves adds the records of an epoch's changes to the batch and returns the
// leaves of the prefix tree.
func (d *Directory) leaves(p *prepared, e *epoch) ([]prefixtree.Leaf, error) {
	var leaves []prefixtree.Leaf
	for _, c := range e.changes {
		for i := range c.records {
			r := &c.records[i]
			r.position = p.batch.Base
			_ = p.batch.Set(versionKey(c.label, c.first+uint32(i)), r.marshal())
			leaves = append(leaves, prefixtree.Leaf{Key: prefixtree.Key(r.searchKey), Commitment: r.commitment})
		}
		record := labelRecord{identity: c.identity, greatest: c.last(), policy: c.policy}
		_ = p.batch.Set(labelKey(c.label), record.marshal())
	}
	for range e.padding {
		var leaf prefixtree.Leaf
		if err := errors.Join(fill(d.cfg.Rand, leaf.Key[:]), fill(d.cfg.Rand, leaf.Commitment[:])); err != nil {
			return nil, err
		}
		leaves = append(leaves, leaf)
	}
	return leaves, nil
}

func fill(rand io.Reader, b []byte) error {
	_, err := io.ReadFull(rand, b)
	return err
}

// How often and how long settle looks at the store after a commit failed.
const (
	settleAttempts = 5
	settleDelay    = 200 * time.Millisecond
)

// settle returns the state that a commit led to. If the commit failed with an
// unknown outcome, it looks at the store: either the epoch is there as it was
// prepared, or the store is as it was.
func (d *Directory) settle(p *prepared, commitErr error) (*state, error) {
	if errors.Is(commitErr, ErrConflict) {
		return nil, fmt.Errorf("%w: another writer: %w", ErrFailed, commitErr)
	}
	var err error
	for attempt := range settleAttempts {
		if attempt > 0 {
			time.Sleep(settleDelay)
		}
		var s *state
		if s, err = d.reload(); err != nil {
			if commitErr == nil {
				commitErr = err
			}
			continue
		}
		if s != nil && s.head.TreeSize == p.batch.Size {
			root, err := s.root()
			if err == nil && root == p.root {
				return s, nil
			}
		}
		size := uint64(0)
		if s != nil {
			size = s.head.TreeSize
			s.release()
		}
		if size == p.batch.Base && commitErr != nil {
			return nil, fmt.Errorf("the epoch was not committed: %w", commitErr)
		}
		return nil, fmt.Errorf("%w: the store holds another epoch of size %d", ErrFailed, size)
	}
	return nil, fmt.Errorf("%w: %w", ErrFailed, errors.Join(commitErr, err))
}

func (d *Directory) reload() (*state, error) {
	snap, err := d.cfg.Store.Snapshot()
	if err != nil {
		return nil, err
	}
	s, err := loadState(snap, d.tree, d.cfg.Configuration.Mode)
	if s == nil {
		return nil, errors.Join(err, snap.Close())
	}
	return s, nil
}
