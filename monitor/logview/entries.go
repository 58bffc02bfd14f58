package logview

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/web/audit"
)

// errContent is wrapped by the errors for what is none of a log's.
var errContent = errors.New("not the content of a log")

// bundleOf returns the name of a bundle in a log of a size.
func bundleOf(kind tile.Kind, index, size uint64) tile.Tile {
	return tile.Tile{Kind: kind, Index: index, Width: uint16(min(size-index*tile.FullWidth, tile.FullWidth))}
}

// Entries implements audit.Source.
func (s *Source) Entries(ctx context.Context, lo, hi uint64) ([]keytrans.LogEntry, error) {
	st, err := s.current(ctx)
	if err != nil {
		return nil, s.told(err)
	}
	entries, err := s.entries(ctx, st, lo, hi)
	return entries, s.told(err)
}

func (s *Source) entries(ctx context.Context, st *state, lo, hi uint64) ([]keytrans.LogEntry, error) {
	if lo >= hi || hi > st.Size || hi-lo > audit.MaxEntries {
		return nil, fmt.Errorf("entries [%d, %d) of a log of %d", lo, hi, st.Size)
	}
	out := make([]keytrans.LogEntry, 0, hi-lo)
	for lo < hi {
		index := lo / tile.FullWidth
		end := min(hi, (index+1)*tile.FullWidth)
		part, err := s.partOf(ctx, st, index, lo, end)
		if err != nil {
			return nil, err
		}
		out, lo = append(out, part...), end
	}
	return out, nil
}

// partOf returns the entries [lo, hi), all of which are in one bundle.
func (s *Source) partOf(ctx context.Context, st *state, index, lo, hi uint64) ([]keytrans.LogEntry, error) {
	t := bundleOf(tile.Entries, index, st.Size)
	data, err := monitor.ReadTile(ctx, s.log, t)
	if err != nil {
		if errors.Is(err, monitor.ErrPruned) {
			s.pruned(index)
		}
		return nil, err
	}
	list, err := tile.ParseEntries(data, int(t.Width))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", t.Path(), errContent, err)
	}
	list = list[lo%tile.FullWidth:][:hi-lo]
	if err := s.verify(ctx, st, lo, list); err != nil {
		return nil, fmt.Errorf("%s: %w", t.Path(), err)
	}
	var out []keytrans.LogEntry
	for _, data := range list {
		entry, err := keytrans.ParseLogEntry(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %w", t.Path(), errContent, err)
		}
		out = append(out, entry)
	}
	return out, nil
}

// verify holds entries against the root in the checkpoint. In a mirror they were when
// they came.
func (s *Source) verify(ctx context.Context, st *state, lo uint64, list [][]byte) error {
	if s.cfg.Mirror != "" {
		return nil
	}
	tree, err := s.tree(ctx, st)
	if err != nil {
		return err
	}
	hashes, err := tree.LeafHashes(lo, lo+uint64(len(list)))
	if err != nil {
		return err
	}
	for i, entry := range list {
		if merkle.Hash(rfc6962.DefaultHasher.HashLeaf(entry)) != hashes[i] {
			return fmt.Errorf("%w: entry %d is not the one in the tree", errContent, lo+uint64(i))
		}
	}
	return nil
}

// Changes implements audit.Source.
func (s *Source) Changes(ctx context.Context, pos, from, limit uint64) (audit.Changes, error) {
	st, err := s.current(ctx)
	if err != nil {
		return audit.Changes{}, s.told(err)
	}
	if pos >= st.Size || limit > audit.MaxLeaves {
		return audit.Changes{}, fmt.Errorf("%d changes of entry %d of a log of %d", limit, pos, st.Size)
	}
	t := bundleOf(tile.Changes, pos/tile.FullWidth, st.Size)
	var out audit.Changes
	err = monitor.ReadChanges(ctx, s.log, t, func(r io.Reader) (err error) {
		out, err = readChanges(r, int(pos%tile.FullWidth), from, limit)
		return err
	})
	if errors.Is(err, monitor.ErrPruned) {
		s.pruned(t.Index)
	}
	if err != nil {
		return audit.Changes{}, s.told(fmt.Errorf("%s: %w", t.Path(), err))
	}
	return out, nil
}

// readChanges reads a part of the changes of one entry, behind those of some others. The
// encoding is that of tile.Change.
func readChanges(r io.Reader, before int, from, limit uint64) (audit.Changes, error) {
	in, ok := r.(io.ReadSeeker)
	if !ok {
		return audit.Changes{}, errors.New("changes that cannot be skipped")
	}
	for range before {
		added, removed, err := readNumbers(in)
		if err == nil {
			err = skipLeaves(in, added+removed)
		}
		if err != nil {
			return audit.Changes{}, err
		}
	}
	added, removed, err := readNumbers(in)
	if err != nil {
		return audit.Changes{}, err
	}
	out := audit.Changes{Added: added, Removed: removed}
	from = min(from, added+removed)
	n := min(limit, added+removed-from)
	if err := skipLeaves(in, from); err != nil {
		return audit.Changes{}, err
	}
	for range n {
		var l prefixtree.Leaf
		for _, part := range [][]byte{l.Key[:], l.Commitment[:]} {
			if _, err := io.ReadFull(in, part); err != nil {
				return audit.Changes{}, fmt.Errorf("%w: %w", errContent, err)
			}
		}
		out.Leaves = append(out.Leaves, l)
	}
	return out, nil
}

// leafSize is that of a leaf in a bundle of changes.
const leafSize = 64

func readNumbers(r io.Reader) (added, removed uint64, err error) {
	var b [8]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, 0, fmt.Errorf("%w: %w", errContent, err)
	}
	added, removed = uint64(binary.BigEndian.Uint32(b[:])), uint64(binary.BigEndian.Uint32(b[4:]))
	if added+removed > tile.MaxLeaves {
		err = fmt.Errorf("%w: a log entry with %d changes", errContent, added+removed)
	}
	return added, removed, err
}

func skipLeaves(r io.Seeker, n uint64) error {
	_, err := r.Seek(int64(n)*leafSize, io.SeekCurrent)
	return err
}
