package monitor

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// A Source has the resources of a log: over HTTP, or in a folder. Nothing that it
// returns is trusted. It is safe for concurrent use.
type Source interface {
	// Read calls f with the content of a resource: path is "checkpoint", or the
	// Path of a tile. If reading is interrupted it may call f again, from the
	// beginning. It returns the error of f, one that wraps ErrNotFound if there
	// is no such resource, or its own.
	Read(ctx context.Context, path string, f func(io.Reader) error) error
}

// ErrNotFound is wrapped by the error for a resource that a Source does not have.
var ErrNotFound = errors.New("the log does not have this resource")

// ErrPruned is wrapped, and with it ErrNotFound, if the log says that it had the
// resource and has pruned it (C2SP tlog-tiles, "Pruning").
var ErrPruned = fmt.Errorf("%w any more", ErrNotFound)

// checkpointPath is the path of the checkpoint.
const checkpointPath = "checkpoint"

// readAll returns a resource of at most limit bytes.
func readAll(ctx context.Context, src Source, path string, limit int) ([]byte, error) {
	var data []byte
	err := src.Read(ctx, path, func(r io.Reader) (err error) {
		data, err = io.ReadAll(io.LimitReader(r, int64(limit)+1))
		if err == nil && len(data) > limit {
			err = fmt.Errorf("%s: %w: it has more than %d bytes", path, errContent, limit)
		}
		return err
	})
	return data, err
}

// readTile returns the content of a tile of hashes or a bundle of entries, which
// has the right length.
func readTile(ctx context.Context, src Source, t tile.Tile) ([]byte, error) {
	var data []byte
	err := readStored(ctx, src, t, func(stored tile.Tile, r io.Reader) error {
		buf := make([]byte, sizeOf(stored)+1) // one more, which should not come
		n, err := io.ReadFull(r, buf)
		if n != len(buf)-1 || !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%s: %w: it does not have %d bytes", stored.Path(), errContent, len(buf)-1)
		}
		data = buf[:sizeOf(t):sizeOf(t)]
		return nil
	})
	return data, err
}

// sizeOf returns the length in bytes of a tile of hashes or a bundle of entries.
func sizeOf(t tile.Tile) int {
	if t.Kind == tile.Hashes {
		return int(t.Width) * merkle.HashSize
	}
	return int(t.Width) * (2 + keytrans.LogEntrySize)
}

// readStored reads a tile or, if it is partial and there is only the full tile
// (C2SP tlog-tiles, "Partial Tiles"), that one, which begins with it. f learns
// which of the two it is.
func readStored(ctx context.Context, src Source, t tile.Tile, f func(stored tile.Tile, r io.Reader) error) error {
	read := func(t tile.Tile) error {
		return src.Read(ctx, t.Path(), func(r io.Reader) error { return f(t, r) })
	}
	err := read(t)
	if !errors.Is(err, ErrNotFound) || t.Width == tile.FullWidth {
		return err
	}
	full := t
	full.Width = tile.FullWidth
	if fullErr := read(full); !errors.Is(fullErr, ErrNotFound) {
		return fullErr
	}
	return err
}

// fetchFrom returns a tile.Fetch that reads from src.
func fetchFrom(ctx context.Context, src Source) tile.Fetch {
	return func(tiles []tile.Tile) ([][]byte, error) {
		out := make([][]byte, len(tiles))
		for i, t := range tiles {
			var err error
			if out[i], err = readTile(ctx, src, t); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}
