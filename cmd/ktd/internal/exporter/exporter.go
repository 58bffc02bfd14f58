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

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// checkpointFile is the name of the checkpoint in an export.
const checkpointFile = "checkpoint"

// ErrOther says that a folder has the export of another log.
var ErrOther = errors.New("this folder has another log, or one that this log does not continue")

// Result says what an export wrote.
type Result struct {
	// From and Size are how many entries the folder had and has.
	From, Size uint64
	// Files and Bytes were written.
	Files int
	Bytes int64
}

// Export writes the log up to the signed checkpoint, which is the directory's,
// into a folder, which it creates if there is none. What an earlier export wrote
// stays and is not written again. Progress, if not nil, is called with the number
// of files that are written. The error wraps ErrOther if what is in the folder is
// not an earlier state of the log.
func Export(ctx context.Context, d *directory.Directory, signed []byte, dir string, progress func(files int)) (*Result, error) {
	c, err := checkpoint.Peek(signed)
	if err != nil {
		return nil, err
	}
	from, err := exported(d, c, dir)
	if err != nil {
		return nil, err
	}
	r := &Result{From: from, Size: c.Size}
	var full []tile.Tile
	err = tile.New(from, c.Size, func(t tile.Tile) error {
		if t.Width == tile.FullWidth {
			full = append(full, t)
		}
		n, err := replace(filepath.Join(dir, filepath.FromSlash(t.Path())), func(w io.Writer) error { return d.WriteTile(ctx, t, w) })
		if err != nil {
			return err
		}
		r.Files, r.Bytes = r.Files+1, r.Bytes+n
		if progress != nil {
			progress(r.Files)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if _, err := replace(filepath.Join(dir, checkpointFile), func(w io.Writer) error { _, err := w.Write(signed); return err }); err != nil {
		return nil, err
	}
	return r, removePartial(dir, full)
}

// exported returns the size of the log that a folder has.
func exported(d *directory.Directory, c checkpoint.Checkpoint, dir string) (uint64, error) {
	signed, err := os.ReadFile(filepath.Join(dir, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
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

// removePartial removes the partial tiles of those that are full now, which
// nobody needs any more (C2SP tlog-tiles, "Partial Tiles").
func removePartial(dir string, full []tile.Tile) error {
	for _, t := range full {
		if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(t.Path())+".p")); err != nil {
			return err
		}
	}
	return nil
}

// replace makes what write writes the content of a file, durably: after a crash or
// an error the file has the old content or the new one. It returns how many bytes
// that are.
func replace(path string, write func(io.Writer) error) (n int64, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name()) // fails once it is renamed
	err = errors.Join(write(f), f.Chmod(0o644), f.Sync())
	if err == nil {
		n, err = f.Seek(0, io.SeekCurrent)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return 0, err
	}
	return n, syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
