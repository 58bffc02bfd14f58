package monitor

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

// newSpine returns the spine of a log as of a size, which reads from source and
// appends what it keeps to kept.
func newSpine(t *testing.T, log *monitortest.Log, size uint64, source Source, kept *[]tile.Tile) *spine {
	return &spine{
		Checkpoint: checkpoint.Checkpoint{Size: size, Root: log.RootAt(t, size)},
		read: func(ctx context.Context, tl tile.Tile, _ bool) ([]byte, error) {
			return readTile(ctx, source, tl)
		},
		keep: func(tl tile.Tile, _ []byte) error { *kept = append(*kept, tl); return nil },
	}
}

// TestSpine authenticates all tiles of logs of every size, and none with a
// flipped bit.
func TestSpine(t *testing.T) {
	log := monitortest.New(t, 4)
	log.Grow(t, 800, 1)
	source := logSource{log}
	for size := uint64(1); size <= 800; size++ {
		var kept []tile.Tile
		s := newSpine(t, log, size, source, &kept)
		fatalIfErr(t, s.readEdge(t.Context(), false))
		for i := range size / tile.FullWidth {
			tl := tile.Tile{Index: i, Width: tile.FullWidth}
			data, err := readTile(t.Context(), source, tl)
			fatalIfErr(t, err)
			fatalIfErr(t, s.check(t.Context(), tl, data, false))
			data[size%uint64(len(data))] ^= 1
			if err := s.check(t.Context(), tl, data, false); !errors.Is(err, tile.ErrTiles) {
				t.Fatalf("size %d, tile %d with a flipped bit: %v", size, i, err)
			}
		}
		if len(kept) > 0 {
			t.Fatalf("size %d: kept %v, which are on the edge", size, kept)
		}
		s.Root[size%32] ^= 1
		if err := s.readEdge(t.Context(), false); !errors.Is(err, tile.ErrTiles) {
			t.Fatalf("size %d, another root: %v", size, err)
		}
	}
}

// TestSpineOfManyTiles reads the tiles of a tree that has full ones of level 1,
// and reads and keeps each of these once.
func TestSpineOfManyTiles(t *testing.T) {
	// A tree of equal leaves, which needs no log of its size.
	const size = 3*tile.FullWidth*tile.FullWidth + 2*tile.FullWidth + 7
	uniform := uniformTree(size)
	root, err := uniform.root()
	fatalIfErr(t, err)
	reads := make(map[tile.Tile]int)
	var kept []tile.Tile
	s := &spine{
		Checkpoint: checkpoint.Checkpoint{Size: size, Root: root},
		read: func(_ context.Context, tl tile.Tile, _ bool) ([]byte, error) {
			reads[tl]++
			return uniform.tile(tl), nil
		},
		keep: func(tl tile.Tile, _ []byte) error { kept = append(kept, tl); return nil },
	}
	fatalIfErr(t, s.readEdge(t.Context(), false))
	for i := uint64(0); i < size/tile.FullWidth; i++ {
		tl := tile.Tile{Index: i, Width: tile.FullWidth}
		fatalIfErr(t, s.check(t.Context(), tl, uniform.tile(tl), false))
	}
	for tl, n := range reads {
		if n != 1 {
			t.Errorf("%s was read %d times", tl.Path(), n)
		}
	}
	if len(kept) != 3 || len(reads) != 3+3 {
		t.Errorf("kept %v, read %v", kept, reads)
	}
	// A tile of level 1 with a flipped bit authenticates nothing below it.
	read := s.read
	s.read = func(ctx context.Context, tl tile.Tile, again bool) ([]byte, error) {
		data, err := read(ctx, tl, again)
		if tl.Level == 1 {
			data = bytes.Clone(data)
			data[0] ^= 1
		}
		return data, err
	}
	s.full[1].data = nil
	tl := tile.Tile{Index: 300, Width: tile.FullWidth}
	if err := s.check(t.Context(), tl, uniform.tile(tl), false); !errors.Is(err, tile.ErrTiles) {
		t.Errorf("below a changed tile: %v", err)
	}
}
