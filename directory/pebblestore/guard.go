package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A guard stops the store at its first failure. It is the file system and the
// logger that Pebble gets.
//
// Pebble v2.1.7 answers a failed write in one of these ways: Fatalf, for the
// log and the manifest, which by default exits and which, if it returns, makes
// Apply return nil; a panic that ends in an unlock of an unlocked mutex, so that
// not even recover helps, when a new log cannot be made; and an immediate retry
// without end, for flushes and compactions. So it never gets to see one. Once
// armed, the guard answers a failed write by stopping the store: neither that
// call nor any later one that would change a file returns. To Pebble the disk
// hangs, and it holds none of the locks that readers need while it waits for
// the disk. Commit waits for the stop as well as for Pebble.
//
// Before it is armed (during Open) and after it is disarmed (during Close), the
// guard passes errors on, which Pebble then returns.
type guard struct {
	vfs.FS
	logger *slog.Logger

	stopped chan struct{} // closed by stop
	once    sync.Once
	cause   error // set before stopped is closed

	armed atomic.Bool
	// ops is read-locked by each change under way.
	ops  sync.RWMutex
	lock io.Closer // of the directory
}

var (
	_ vfs.FS        = (*guard)(nil)
	_ pebble.Logger = (*guard)(nil)
)

func newGuard(fs vfs.FS, logger *slog.Logger) *guard {
	return &guard{FS: fs, logger: logger, stopped: make(chan struct{})}
}

// stop stops the store because of err.
func (g *guard) stop(err error) {
	g.once.Do(func() {
		g.logger.Error("the store stops", "err", err)
		g.cause = err
		close(g.stopped)
	})
}

// err returns why the store has stopped, nil if it has not.
func (g *guard) err() error {
	select {
	case <-g.stopped:
		return fmt.Errorf("the store has stopped: %w", g.cause)
	default:
		return nil
	}
}

// arm is called when Pebble is open. It returns an error if something failed
// meanwhile that Pebble did not report.
func (g *guard) arm() error {
	g.armed.Store(true)
	if err := g.err(); err != nil {
		g.armed.Store(false)
		return err
	}
	return nil
}

// disarm is called before Pebble is closed. It reports whether Pebble can be
// closed, which it cannot once the store has stopped.
func (g *guard) disarm() bool {
	g.ops.Lock() // no change is under way, so none can fail while armed
	defer g.ops.Unlock()
	if g.err() != nil {
		return false
	}
	g.armed.Store(false)
	return true
}

// unlock gives up the directory's lock for a Pebble that cannot be closed. That
// is safe: no change is under way and later ones hang.
func (g *guard) unlock() error {
	g.ops.Lock()
	defer g.ops.Unlock()
	return g.lock.Close()
}

// change runs op, which changes a file.
func (g *guard) change(op func() error) error {
	g.ops.RLock()
	armed := g.armed.Load()
	if armed && g.err() != nil {
		g.ops.RUnlock()
		select {}
	}
	err := op()
	if err != nil && armed {
		g.stop(err) // before another change begins
		g.ops.RUnlock()
		select {}
	}
	g.ops.RUnlock()
	return err
}

// Infof implements pebble.Logger.
func (g *guard) Infof(format string, args ...any) {
	if g.logger.Enabled(context.Background(), slog.LevelDebug) {
		g.logger.Debug("pebble: " + fmt.Sprintf(format, args...))
	}
}

// Errorf implements pebble.Logger.
func (g *guard) Errorf(format string, args ...any) {
	g.logger.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf implements pebble.Logger. It returns, although Pebble does not expect
// that, because readers may be calling: they get an error after it. Whatever
// Pebble does next, it changes no file.
func (g *guard) Fatalf(format string, args ...any) {
	g.stop(fmt.Errorf(format, args...))
}

// Lock implements vfs.FS.
func (g *guard) Lock(name string) (io.Closer, error) {
	lock, err := g.FS.Lock(name)
	if pe := (*fs.PathError)(nil); err != nil && !errors.As(err, &pe) {
		// Opening the file worked, locking it did not.
		return nil, fmt.Errorf("%w (%v)", errLocked, err)
	}
	g.lock = lock
	return lock, err
}

// Unwrap implements vfs.FS.
func (g *guard) Unwrap() vfs.FS { return g.FS }

func (g *guard) file(open func() (vfs.File, error)) (f vfs.File, err error) {
	err = g.change(func() (err error) {
		f, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &guardedFile{f, g}, nil
}

// Create implements vfs.FS.
func (g *guard) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.file(func() (vfs.File, error) { return g.FS.Create(name, c) })
}

// OpenReadWrite implements vfs.FS.
func (g *guard) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return g.file(func() (vfs.File, error) { return g.FS.OpenReadWrite(name, c, opts...) })
}

// ReuseForWrite implements vfs.FS.
func (g *guard) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.file(func() (vfs.File, error) { return g.FS.ReuseForWrite(oldname, newname, c) })
}

// OpenDir implements vfs.FS. Directories are opened to be synced.
func (g *guard) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &guardedFile{f, g}, nil
}

// Link implements vfs.FS.
func (g *guard) Link(oldname, newname string) error {
	return g.change(func() error { return g.FS.Link(oldname, newname) })
}

// Rename implements vfs.FS.
func (g *guard) Rename(oldname, newname string) error {
	return g.change(func() error { return g.FS.Rename(oldname, newname) })
}

// MkdirAll implements vfs.FS.
func (g *guard) MkdirAll(dir string, perm os.FileMode) error {
	return g.change(func() error { return g.FS.MkdirAll(dir, perm) })
}

// Remove implements vfs.FS. A failure is Pebble's to handle: the file is no
// longer needed, and the next Open tries again.
func (g *guard) Remove(name string) (err error) {
	_ = g.change(func() error {
		err = g.FS.Remove(name)
		return nil
	})
	return err
}

// RemoveAll implements vfs.FS. See Remove.
func (g *guard) RemoveAll(name string) (err error) {
	_ = g.change(func() error {
		err = g.FS.RemoveAll(name)
		return nil
	})
	return err
}

// guardedFile is a file open for writing, or a directory. Preallocate may fail,
// it only saves time.
type guardedFile struct {
	vfs.File
	g *guard
}

// Write implements vfs.File.
func (f *guardedFile) Write(p []byte) (n int, err error) {
	err = f.g.change(func() (err error) {
		n, err = f.File.Write(p)
		return err
	})
	return n, err
}

// WriteAt implements vfs.File.
func (f *guardedFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.g.change(func() (err error) {
		n, err = f.File.WriteAt(p, off)
		return err
	})
	return n, err
}

// Sync implements vfs.File.
func (f *guardedFile) Sync() error { return f.g.change(f.File.Sync) }

// SyncData implements vfs.File.
func (f *guardedFile) SyncData() error { return f.g.change(f.File.SyncData) }

// SyncTo implements vfs.File.
func (f *guardedFile) SyncTo(length int64) (full bool, err error) {
	err = f.g.change(func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}
