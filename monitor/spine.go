package monitor

import (
	"context"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// levels is how many levels of tiles a log can have (checkpoint.MaxSize).
const levels = 8

// spine authenticates the tiles of hashes of one tree, from the root downwards.
// It is made for reading them from left to right: then it reads and hashes each
// tile once, and holds one full tile of each level besides the partial ones.
type spine struct {
	checkpoint.Checkpoint
	// read reads a tile, again if the one that was read before may be damaged.
	read func(ctx context.Context, t tile.Tile, again bool) ([]byte, error)
	// keep takes every full tile that was read and authenticated.
	keep func(t tile.Tile, data []byte) error

	edge [levels][]byte // the partial tile of each level, if it has one
	full [levels]struct {
		index uint64
		data  []byte
	}
}

// readEdge reads the partial tiles, of which the root is made. It comes first.
// The error is that of read, or wraps tile.ErrTiles.
func (s *spine) readEdge(ctx context.Context, again bool) error {
	for _, t := range partials(s.Size) {
		if t.Kind != tile.Hashes {
			continue
		}
		var err error
		if s.edge[t.Level], err = s.read(ctx, t, again); err != nil {
			return err
		}
	}
	var hashes [][]byte
	for _, id := range compact.RangeNodes(0, s.Size, nil) {
		// A node on the right edge is in a partial tile: it would be in the next
		// higher level if it were a full tile's.
		width := uint64(1) << (id.Level % 8)
		h := subtree(s.edge[id.Level/8], id.Index*width%tile.FullWidth, width)
		hashes = append(hashes, h[:])
	}
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	tree, err := factory.NewRange(0, s.Size, hashes)
	if err != nil {
		return err
	}
	root, err := tree.GetRootHash(nil)
	if err != nil {
		return err
	}
	if merkle.Hash(root) != s.Root {
		return fmt.Errorf("the partial tiles of %d entries: %w", s.Size, tile.ErrTiles)
	}
	return nil
}

// subtree returns the root over n hashes of a tile, from lo on. Requires that n
// is a power of two.
func subtree(data []byte, lo, n uint64) tlog.Hash {
	if n == 1 {
		return tlog.Hash(data[lo*merkle.HashSize:][:merkle.HashSize])
	}
	return tlog.NodeHash(subtree(data, lo, n/2), subtree(data, lo+n/2, n/2))
}

// check authenticates a full tile. The error is that of read or keep, or wraps
// tile.ErrTiles.
func (s *spine) check(ctx context.Context, t tile.Tile, data []byte, again bool) error {
	parent, err := s.tile(ctx, t.Level+1, t.Index/tile.FullWidth, again)
	if err != nil {
		return err
	}
	if subtree(data, 0, tile.FullWidth) != subtree(parent, t.Index%tile.FullWidth, 1) {
		return fmt.Errorf("%s: %w", t.Path(), tile.ErrTiles)
	}
	return nil
}

// tile returns an authenticated tile. Requires that the tree has it.
func (s *spine) tile(ctx context.Context, level uint8, index uint64, again bool) ([]byte, error) {
	if index == s.Size>>(8*level)/tile.FullWidth {
		return s.edge[level], nil
	}
	last := &s.full[level]
	if last.data != nil && last.index == index {
		return last.data, nil
	}
	t := tile.Tile{Level: level, Index: index, Width: tile.FullWidth}
	data, err := s.read(ctx, t, again)
	if err != nil {
		return nil, err
	}
	if err := s.check(ctx, t, data, again); err != nil {
		return nil, err
	}
	last.index, last.data = index, data
	return data, s.keep(t, data)
}
