package monitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// A mirror's folder has the resources of the log under the names that they have
// there, so that any web server can serve it as a log, and besides:
//
//	policy            the policy, as it was given first
//	checkpoint.next   the checkpoint that is being mirrored; no other log is
//	                  believed even if that takes long, or fails
//	checkpoint.anchor a copy of the largest checkpoint that was believed, for the
//	                  case that the others are damaged
//	log-heads.json    heads of the directory's that are compared with the log
//	evidence/         of misbehaviour
//	lock, tmp/        of the process at work
//
// What checkpoint covers is complete and was verified. Partial tiles of earlier
// checkpoints, which are kept for those who have these (see isStale), were verified
// when they were written and are not again. Beyond the checkpoint, up to
// checkpoint.next, there can be full tiles and bundles, which were believed when
// they were written, and are verified again when they are used.
const (
	policyName   = "policy"
	nextName     = "checkpoint.next"
	anchorName   = "checkpoint.anchor"
	evidenceName = "evidence"
	lockName     = "lock"
	tmpName      = "tmp"
)

// files is a mirror's folder. It is safe for concurrent use.
type files struct {
	dir  string
	lock *os.File

	mu    sync.Mutex
	dirty map[string]bool // folders whose entries are not durable yet

	// hook, of tests, does the steps that change the folder, or fails them.
	hook func(op, path string, step func() error) error
}

// errLocked says that another process holds the lock.
var errLocked = errors.New("another process is using the mirror")

// openFiles locks a folder.
func openFiles(dir string) (*files, error) {
	path := filepath.Join(dir, lockName)
	// What is written to the lock must not end up in another file.
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := tryLock(lock); err != nil {
		holder, _ := io.ReadAll(io.NewSectionReader(lock, 0, 200))
		lock.Close()
		if errors.Is(err, errLocked) {
			return nil, fmt.Errorf("%w %s: %s", err, dir, strings.TrimSpace(string(holder)))
		}
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	if err := lock.Truncate(0); err == nil {
		fmt.Fprintf(io.NewOffsetWriter(lock, 0), "process %d, since %s\n", os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	}
	return &files{dir: dir, lock: lock, dirty: make(map[string]bool)}, nil
}

// close releases the lock.
func (f *files) close() error {
	if f.lock == nil {
		return nil
	}
	return f.lock.Close()
}

func (f *files) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// Read implements Source. Besides f's and ErrNotFound, its errors are those of
// the file system.
func (f *files) Read(ctx context.Context, path string, use func(io.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	info, err := os.Stat(f.path(path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", path, ErrNotFound)
	case err != nil:
		return err
	case !info.Mode().IsRegular(): // a pipe would make this wait for ever
		return fmt.Errorf("%s: %w: it is not a regular file", path, errContent)
	}
	file, err := os.Open(f.path(path))
	if err != nil {
		return err
	}
	defer file.Close()
	return use(file)
}

// do does a step that changes the folder.
func (f *files) do(op, path string, step func() error) error {
	if f.hook != nil {
		return f.hook(op, path, step)
	}
	return step()
}

// createTemp creates a file that publish or discard ends.
func (f *files) createTemp() (file *os.File, err error) {
	err = f.do("create", tmpName, func() error {
		file, err = os.CreateTemp(f.path(tmpName), "")
		return err
	})
	return file, err
}

// write replaces the file at path, whole, and makes its content durable. Its name
// is durable after sync.
func (f *files) write(path string, data []byte) error {
	file, err := f.createTemp()
	if err != nil {
		return err
	}
	if err := f.do("write", path, func() error { _, err := file.Write(data); return err }); err != nil {
		return errors.Join(err, f.discard(file))
	}
	return f.publish(file, path)
}

// publish makes a file from createTemp durable, and the one at path.
func (f *files) publish(file *os.File, path string) error {
	err := f.do("sync", path, func() error {
		// CreateTemp made it private; what a log publishes is not.
		return errors.Join(file.Chmod(0o644), file.Sync())
	})
	if err == nil {
		err = f.makeParents(path)
	}
	if err == nil {
		err = f.do("rename", path, func() error { return os.Rename(file.Name(), f.path(path)) })
	}
	if err != nil {
		return errors.Join(err, f.discard(file))
	}
	return file.Close()
}

// discard ends a file from createTemp. What it cannot remove, clean does.
func (f *files) discard(file *os.File) error {
	_ = os.Remove(file.Name())
	return file.Close()
}

// makeParents makes the folders above path, and notes what has to be synced.
func (f *files) makeParents(path string) error {
	dir := filepath.Dir(f.path(path))
	_, err := os.Stat(dir)
	missing := errors.Is(err, fs.ErrNotExist)
	if missing {
		err = f.do("mkdir", path, func() error { return os.MkdirAll(dir, 0o755) })
	}
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dirty[dir] = true
	for missing && dir != f.dir {
		dir = filepath.Dir(dir)
		f.dirty[dir] = true
	}
	return nil
}

// sync makes the names of all files durable that were written. Requires that
// nothing is written meanwhile.
func (f *files) sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for dir := range f.dirty {
		if err := f.do("syncdir", dir, func() error { return durable.SyncFolder(dir) }); err != nil {
			return err
		}
		delete(f.dirty, dir)
	}
	return nil
}

// clean removes what an earlier process left: temporary files, and partial tiles
// that a mirror of size entries does not keep.
func (f *files) clean(size uint64) error {
	if err := os.RemoveAll(f.path(tmpName)); err != nil {
		return err
	}
	if err := os.Mkdir(f.path(tmpName), 0o700); err != nil {
		return err
	}
	return errors.Join(f.removeStale("tile", size, size), f.removeStale("changes", size, size))
}

// removeOutgrown removes the partial tiles that the mirror keeps no longer after it
// has grown from old to size entries.
func (f *files) removeOutgrown(old, size uint64) error {
	for _, t := range partials(old) {
		if err := f.removeStale(path.Dir(t.Path()), size, old); err != nil {
			return err
		}
	}
	return nil
}

// removeStale removes the stale tiles below a folder.
func (f *files) removeStale(top string, size, old uint64) error {
	return filepath.WalkDir(f.path(top), func(file string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(f.dir, file)
		if err != nil {
			return err
		}
		t, err := tile.ParsePath(filepath.ToSlash(name))
		if err != nil || !isStale(t, size, old) {
			return nil
		}
		if err := f.do("remove", t.Path(), func() error { return os.Remove(file) }); err != nil {
			return err
		}
		_ = os.Remove(filepath.Dir(file)) // fails if it is not empty
		return nil
	})
}

// isStale reports whether a mirror that has grown from old to size entries does
// not keep a tile.
//
// SPEC: Logs MUST serve partial tiles corresponding to tree sizes for which a
// checkpoint was produced, but MAY delete any partial tile once the corresponding
// full tile is available.
//
// Partial bundles of changes, which are no part of C2SP tlog-tiles and can be
// large, are kept for the last two checkpoints only: so long that who has read the
// last one can still read what belongs to it.
func isStale(t tile.Tile, size, old uint64) bool {
	if t.Width == tile.FullWidth {
		return false
	}
	n := size >> (8 * t.Level)
	switch {
	case t.Index != n/tile.FullWidth: // it is full, or beyond
		return true
	case t.Kind == tile.Changes && t.Index == old/tile.FullWidth && uint64(t.Width) == old%tile.FullWidth:
		return false
	case t.Kind == tile.Changes:
		return uint64(t.Width) != n%tile.FullWidth
	}
	return uint64(t.Width) > n%tile.FullWidth
}

// partials returns the partial tiles and bundles of a log of size entries.
func partials(size uint64) []tile.Tile {
	var out []tile.Tile
	for level := uint8(0); size>>(8*level) > 0; level++ {
		n := size >> (8 * level)
		t := tile.Tile{Level: level, Index: n / tile.FullWidth, Width: uint16(n % tile.FullWidth)}
		if t.Width == 0 {
			continue
		}
		out = append(out, t)
		if level == 0 {
			for _, kind := range []tile.Kind{tile.Entries, tile.Changes} {
				t.Kind = kind
				out = append(out, t)
			}
		}
	}
	return out
}
