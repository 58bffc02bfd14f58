// Package exporter writes the public log of a directory as files, with the names
// that they have below /log when 'ktd serve' serves them, so that any web server
// can.
//
// The files of an export are a log at any time, also after a failure: tiles and
// bundles never change, each is replaced whole, and the checkpoint that needs
// them comes last.
package exporter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/durable"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// checkpointFile is the name of the checkpoint in an export.
const checkpointFile = "checkpoint"

// ErrOther says that a folder has the export of another log.
var ErrOther = errors.New("this folder has another log, one that this log does not continue, or something else")

// Result says what an export wrote.
type Result struct {
	// From and Size are how many entries the folder had and has.
	From, Size uint64
	// Files and Bytes were written.
	Files int
	Bytes int64
	// Pruned is how many files were not written because the directory has pruned
	// what is in them.
	Pruned int
}

// Export writes the log up to the signed checkpoint, which is the directory's,
// into a folder, which it creates if there is none. What an earlier export wrote
// stays and is not written again. Progress, if not nil, is called with how many
// of the files that are to be written are. The error wraps ErrOther if what is in
// the folder is not an earlier state of the log.
func Export(ctx context.Context, d *directory.Directory, signed []byte, dir string, progress func(done, total int)) (*Result, error) {
	c, err := checkpoint.Peek(signed)
	if err != nil {
		return nil, err
	}
	from, err := exported(d, c, dir)
	if err != nil {
		return nil, err
	}
	var tiles []tile.Tile
	_ = tile.Added(from, c.Size, func(t tile.Tile) error { tiles = append(tiles, t); return nil })
	r := &Result{From: from, Size: c.Size}
	e := &export{dir: dir, synced: make(map[string]bool)}
	for i, t := range tiles {
		n, err := e.write(t.Path(), func(w io.Writer) error { return d.WriteTile(ctx, t, w) })
		switch {
		case errors.Is(err, directory.ErrPruned):
			r.Pruned++
		case err != nil:
			return nil, err
		default:
			r.Files, r.Bytes = r.Files+1, r.Bytes+n
		}
		if progress != nil {
			progress(i+1, len(tiles))
		}
	}
	if _, err := e.write(checkpointFile, durable.Bytes(signed)); err != nil {
		return nil, err
	}
	return r, removePartial(dir, from, c.Size)
}

// export is one run of Export.
type export struct {
	dir    string
	synced map[string]bool // folders that are there, durably, and tidy
}

// write replaces a file, and returns its size in bytes.
func (e *export) write(name string, write func(io.Writer) error) (size int64, err error) {
	path := filepath.Join(e.dir, filepath.FromSlash(name))
	if folder := filepath.Dir(path); !e.synced[folder] {
		if err := prepare(folder); err != nil {
			return 0, err
		}
		e.synced[folder] = true
	}
	counted := &counter{}
	err = durable.Replace(path, 0o644, func(w io.Writer) error { return write(io.MultiWriter(w, counted)) })
	if err != nil {
		return 0, fmt.Errorf("writing %s: %w", path, err)
	}
	return counted.n, nil
}

// counter counts the bytes that are written to it.
type counter struct{ n int64 }

func (c *counter) Write(b []byte) (int, error) { c.n += int64(len(b)); return len(b), nil }

// prepare makes a folder, and removes what an export left there that was cut off.
func prepare(folder string) error {
	if err := durable.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(folder, durable.TempPrefix+"*"))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// exported returns the size of the log that a folder has.
func exported(d *directory.Directory, c checkpoint.Checkpoint, dir string) (uint64, error) {
	signed, err := os.ReadFile(filepath.Join(dir, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, checkEmpty(dir)
	}
	if err != nil {
		return 0, err
	}
	old, err := checkpoint.Peek(signed)
	if err != nil {
		return 0, fmt.Errorf("%s: %w: its checkpoint: %w", dir, ErrOther, err)
	}
	if old.Size == 0 || old.Size > c.Size || old.Origin != c.Origin {
		return 0, fmt.Errorf("%s: %w: a checkpoint of %q with %d entries", dir, ErrOther, old.Origin, old.Size)
	}
	root, err := d.PublicRoot(old.Size)
	if err == nil && root != old.Root {
		err = fmt.Errorf("%s: %w: %d entries with another root", dir, ErrOther, old.Size)
	}
	return old.Size, err
}

// checkEmpty verifies that a folder without a checkpoint is absent, or has nothing
// but what an export that was cut off left.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); name != "tile" && name != "changes" && !strings.HasPrefix(name, durable.TempPrefix) {
			return fmt.Errorf("%s: %w: it has %s", dir, ErrOther, name)
		}
	}
	return nil
}

// removePartial removes the partial tiles that a log of from entries has and that
// are full in one of size entries: nobody needs them any more (C2SP tlog-tiles,
// "Partial Tiles").
func removePartial(dir string, from, size uint64) error {
	return tile.Added(0, from, func(t tile.Tile) error {
		full := t
		full.Width = tile.FullWidth
		if need, ok := full.Size(); t.Width == tile.FullWidth || !ok || need > size {
			return nil
		}
		return os.RemoveAll(filepath.Join(dir, filepath.FromSlash(full.Path())+".p"))
	})
}
