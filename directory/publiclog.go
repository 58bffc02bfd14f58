package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// The public log is the RFC 6962 tree over the log entries, and the changes that
// each made to the prefix tree. Its records are part of the epoch's own batch.
// All complete nodes of the tree are stored, two for each entry on average:
// tiles are runs of them, and proofs between any two sizes are made from them.

// addPublic adds what an epoch adds to the public log, of which public are the
// full subtrees.
func (p *prepared) addPublic(public [][]byte, entry keytrans.LogEntry, leaves []prefixtree.Leaf) error {
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	tree, err := factory.NewRange(0, p.batch.Base, slices.Clone(public))
	if err != nil {
		return err
	}
	err = tree.Append(rfc6962.DefaultHasher.HashLeaf(entry.Marshal()), func(id compact.NodeID, hash []byte) {
		_ = p.batch.Set(publicNodeKey(uint8(id.Level), id.Index), hash)
	})
	if err != nil {
		return err
	}
	sorted := slices.Clone(leaves)
	slices.SortFunc(sorted, func(a, b prefixtree.Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	change := tile.Change{Added: sorted}.Marshal()
	piece := uint32(0)
	for part := range slices.Chunk(change, changePiece) {
		_ = p.batch.Set(changeKey(p.batch.Base, piece), part)
		piece++
	}
	return nil
}

// publicNodes reads nodes of the RFC 6962 tree.
func (s *state) publicNodes(ids []compact.NodeID) ([][]byte, error) {
	out := make([][]byte, len(ids))
	for i, id := range ids {
		b, err := s.snap.Get(publicNodeKey(uint8(id.Level), id.Index))
		if err != nil {
			return nil, err
		}
		if len(b) != merkle.HashSize {
			return nil, errCorrupt(fmt.Sprintf("RFC 6962 tree node %d/%d; a version of ktd that had no public log may have made the store", id.Level, id.Index))
		}
		out[i] = b
	}
	return out, nil
}

// ErrNotInLog says that somebody asked for what takes more entries than the log
// has.
var ErrNotInLog = errors.New("the log does not have this")

// TreeSize returns the size of the log.
func (d *Directory) TreeSize() (uint64, error) {
	s, err := d.acquire()
	if err != nil {
		return 0, err
	}
	defer s.release()
	return s.head.TreeSize, nil
}

// WaitTreeSize waits until the log has more than size entries, and returns how
// many. The error is ErrClosed, why the directory stopped writing, or that of
// ctx.
func (d *Directory) WaitTreeSize(ctx context.Context, size uint64) (uint64, error) {
	for {
		d.mu.Lock()
		current, published := d.current, d.published
		d.mu.Unlock()
		if current == nil {
			return 0, ErrClosed
		}
		if n := current.head.TreeSize; n > size {
			return n, nil
		}
		select {
		case <-published:
		case <-d.stopping.Done():
			return 0, context.Cause(d.stopping)
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// PublicRoot returns the root of the RFC 6962 tree over the first size entries.
// Requires that the log has them, and that size is not 0.
func (d *Directory) PublicRoot(size uint64) (merkle.Hash, error) {
	s, err := d.acquire()
	if err != nil {
		return merkle.Hash{}, err
	}
	defer s.release()
	if size == 0 || size > s.head.TreeSize {
		return merkle.Hash{}, fmt.Errorf("%w: the root of %d entries in a log of %d", ErrNotInLog, size, s.head.TreeSize)
	}
	hashes, err := s.publicNodes(compact.RangeNodes(0, size, nil))
	if err != nil {
		return merkle.Hash{}, err
	}
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	tree, err := factory.NewRange(0, size, hashes)
	if err != nil {
		return merkle.Hash{}, err
	}
	root, err := tree.GetRootHash(nil)
	if err != nil {
		return merkle.Hash{}, err
	}
	return merkle.Hash(root), nil
}

// Consistency returns the RFC 6962 consistency proof between the first old and
// the first size entries. Requires old <= size, and that the log has them.
func (d *Directory) Consistency(old, size uint64) ([]merkle.Hash, error) {
	s, err := d.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	if old > size || size > s.head.TreeSize {
		return nil, fmt.Errorf("%w: a proof from %d to %d in a log of %d", ErrNotInLog, old, size, s.head.TreeSize)
	}
	nodes, err := proof.Consistency(old, size)
	if err != nil {
		return nil, err
	}
	hashes, err := s.publicNodes(nodes.IDs)
	if err != nil {
		return nil, err
	}
	if hashes, err = nodes.Rehash(hashes, rfc6962.DefaultHasher.HashChildren); err != nil {
		return nil, err
	}
	out := make([]merkle.Hash, len(hashes))
	for i, h := range hashes {
		out[i] = merkle.Hash(h)
	}
	return out, nil
}

// CheckTile returns nil if the log has a tile or bundle, and an error that wraps
// ErrNotInLog if it does not have it yet, or ErrPruned if no more.
func (d *Directory) CheckTile(t tile.Tile) error {
	s, err := d.acquire()
	if err != nil {
		return err
	}
	defer s.release()
	if need, ok := t.Size(); !ok || need > s.head.TreeSize {
		return fmt.Errorf("%w: it has %d entries", ErrNotInLog, s.head.TreeSize)
	}
	// The minimum is a multiple of the width of a bundle.
	if lo, _ := t.Range(); t.Kind != tile.Hashes && lo < s.minimum.entries {
		return errPruned("the log has no entries before %d any more; it proves them with its tiles of hashes, and mirrors may have them", s.minimum.entries)
	}
	return nil
}

// WriteTile writes the content of a tile or bundle to w, in pieces. The error
// is that of CheckTile if the log does not have it, and nothing was written, unless
// it was pruned meanwhile; it wraps ErrCorrupt, possibly after everything was
// written, if records are missing; or it is that of ctx, the store or w. The changes of a bundle take memory for at most
// 128 KiB, whatever their size, and w may be slow: nothing of the store is held
// while it is written to.
func (d *Directory) WriteTile(ctx context.Context, t tile.Tile, w io.Writer) error {
	if err := d.CheckTile(t); err != nil {
		return err
	}
	lo, hi := t.Range()
	c := tileCopier{d: d, kind: t.Kind, next: entryKey(lo), end: entryKey(hi)}
	switch t.Kind {
	case tile.Hashes:
		level := 8 * t.Level // < 64, because the log has the tile
		c.next, c.end = publicNodeKey(level, lo), publicNodeKey(level, hi)
	case tile.Changes:
		c.next, c.end = changeKey(lo, 0), changeKey(hi, 0)
	}
	for {
		more, err := c.read()
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(c.buffer); err != nil {
			return err
		}
		if !more {
			break
		}
	}
	if c.elements != uint64(t.Width) {
		if err := d.CheckTile(t); err != nil {
			return err
		}
		return errCorrupt(fmt.Sprintf("%s has %d of its %d elements", t.Path(), c.elements, t.Width))
	}
	return nil
}

// tileCopier reads the records of a tile, some at a time. They never change, so
// that each time can be from another snapshot.
type tileCopier struct {
	d         *Directory
	kind      tile.Kind
	next, end []byte // keys of what is yet to be read
	elements  uint64 // that were read, or begun
	buffer    []byte // what was read last
}

// copySize is how many bytes are read at a time, or up to a record more, which
// has at most changePiece.
const copySize = 64 << 10

var errEnough = errors.New("enough was read")

// read reads more of the tile, and reports whether something is left.
func (c *tileCopier) read() (more bool, err error) {
	s, err := c.d.acquire()
	if err != nil {
		return false, err
	}
	defer s.release()
	c.buffer = c.buffer[:0]
	err = s.snap.Scan(c.next, c.end, func(key, value []byte) error {
		if c.kind != tile.Changes || isFirstPiece(key) {
			c.elements++
		}
		if c.kind == tile.Entries {
			c.buffer = tile.AppendEntry(c.buffer, value)
		} else {
			c.buffer = append(c.buffer, value...)
		}
		if len(c.buffer) < copySize {
			return nil
		}
		c.next = append(bytes.Clone(key), 0) // the key that follows
		return errEnough
	})
	if errors.Is(err, errEnough) {
		return true, nil
	}
	return false, err
}

// CheckpointName names a checkpoint that is stored.
type CheckpointName string

// The checkpoints that are stored: the last one that was signed, which no later
// one may contradict, and the one that is served, with its cosignatures.
const (
	CheckpointSigned CheckpointName = "signed"
	CheckpointServed CheckpointName = "served"
)

// Checkpoint returns a stored checkpoint, nil if there is none.
func (d *Directory) Checkpoint(name CheckpointName) ([]byte, error) {
	s, err := d.cfg.Store.Snapshot()
	if err != nil {
		return nil, err
	}
	signed, err := s.Get(checkpointKey(name))
	return signed, errors.Join(err, s.Close())
}

// SetCheckpoint stores a checkpoint. It is durable when SetCheckpoint returns
// nil; after an error it is not known whether it is stored. The caller makes sure
// that no two calls are under way, in all of the directory's processes.
func (d *Directory) SetCheckpoint(ctx context.Context, name CheckpointName, signed []byte) error {
	for {
		size, err := d.TreeSize()
		if err != nil {
			return err
		}
		b := Batch{Base: size, Size: size}
		_ = b.Set(checkpointKey(name), signed)
		if err := d.cfg.Store.Commit(&b); !errors.Is(err, ErrConflict) {
			return err
		}
		// An epoch came in between.
		if _, err := d.WaitTreeSize(ctx, size); err != nil {
			return err
		}
	}
}
