package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// CopyIn returns the copy of a log in the folder of a mirror, for those who only read. A
// Mirror may be at work in it: what the checkpoint covers does not change, and the next
// checkpoint comes after what it covers. What is in the folder was verified when it was
// written.
func CopyIn(dir string) Source { return &files{dir: dir} }

// ServedCheckpoint returns the checkpoint that a Source has, of which nothing is verified.
func ServedCheckpoint(ctx context.Context, src Source) ([]byte, error) {
	return readAll(ctx, src, checkpointPath, checkpoint.MaxNoteSize)
}

// ReadTile returns the content of a tile of hashes or a bundle of entries, or the
// beginning of the full one if there is no partial one. It has the right length; nothing
// else is verified.
func ReadTile(ctx context.Context, src Source, t tile.Tile) ([]byte, error) {
	return readTile(ctx, src, t)
}

// ReadChanges calls f with a bundle of changes, or with the full one, which begins with
// it. It may do so again, from the beginning.
func ReadChanges(ctx context.Context, src Source, t tile.Tile, f func(io.Reader) error) error {
	return readStored(ctx, src, t, func(_ tile.Tile, r io.Reader) error { return f(r) })
}

// EqualHead returns the largest head of the directory that the mirror in a folder found
// to be of its entries; nil if there is none. Its signature is verified.
func EqualHead(ctx context.Context, dir string, cfg *keytrans.Configuration) (*evidence.Head, error) {
	data, err := readAll(ctx, CopyIn(dir), headsName, maxHeadsFile)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var kept heads
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", headsName, errContent, err)
	}
	if kept.Equal == nil {
		return nil, nil
	}
	return kept.Equal, kept.Equal.Verify(cfg)
}
