// Package pebbleguard keeps Pebble, an embedded store, from going on after a failed
// write, sync or background job. Pebble's own ways to go on are to exit the process,
// to panic, or to try again forever.
package pebbleguard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrLocked is returned by Lock if another process has the store open.
var ErrLocked = errors.New("another process has this directory open")

// A Guard stops the store at its first failure. It is the file system and the
// logger that Pebble gets.
//
// Pebble v2.1.7 answers a failed write in one of these ways: Fatalf, for the
// log and the manifest, which by default exits and which, if it returns, makes
// Apply return nil; a panic, in whatever goroutine, when a new log cannot be made
// or a directory not be synced, once even ending in an unlock of an unlocked
// mutex, so that recover would not help; and an immediate retry without end, for
// flushes and compactions. So it never gets to see one. The guard answers a
// failed write by stopping the store: neither that call nor any later one that
// would change a file returns. To Pebble the disk hangs. Reads need none of the
// locks that Pebble holds meanwhile. Whatever else may need one goes through
// Run, which waits for the stop as well.
type Guard struct {
	vfs.FS
	logger *slog.Logger

	stopped chan struct{} // closed by Stop
	once    sync.Once
	cause   error // set before stopped is closed

	// ops is read-locked by each change under way.
	ops  sync.RWMutex
	lock *dirLock // nil until Lock
}

var (
	_ vfs.FS        = (*Guard)(nil)
	_ pebble.Logger = (*Guard)(nil)
)

// New returns a Guard of fs. The logger gets Pebble's messages, at Debug level except
// for errors.
func New(fs vfs.FS, logger *slog.Logger) *Guard {
	return &Guard{FS: fs, logger: logger, stopped: make(chan struct{})}
}

// Stop stops the store because of err.
func (g *Guard) Stop(err error) {
	g.once.Do(func() {
		g.logger.Error("the store stops", "err", err)
		g.cause = err
		close(g.stopped)
	})
}

// Stopped returns a channel that is closed when the store stops.
func (g *Guard) Stopped() <-chan struct{} { return g.stopped }

// Err returns why the store has stopped, nil if it has not.
func (g *Guard) Err() error {
	select {
	case <-g.stopped:
		return fmt.Errorf("the store has stopped: %w", g.cause)
	default:
		return nil
	}
}

// Run calls f in a goroutine of its own, and returns its error, or why the store
// has stopped, in which case f may never return. Once the store has stopped it
// calls nothing: an f that was given up may not even have begun, and Pebble
// panics if that writes to a database that the next f has closed.
func (g *Guard) Run(f func() error) error {
	if err := g.Err(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		if stopped := g.Err(); stopped != nil {
			return stopped
		}
		return err
	case <-g.stopped:
		return g.Err()
	}
}

// Unlock gives up the directory's lock when the store has stopped. That is safe:
// no change is under way and later ones hang.
func (g *Guard) Unlock() error {
	g.ops.Lock()
	defer g.ops.Unlock()
	if g.lock == nil {
		return nil
	}
	return g.lock.Close()
}

// change runs op, which changes a file.
func (g *Guard) change(op func() error) error {
	g.ops.RLock()
	if g.Err() == nil {
		err := op()
		if err == nil {
			g.ops.RUnlock()
			return nil
		}
		g.Stop(err) // before another change begins
	}
	g.ops.RUnlock()
	select {}
}

// Infof implements pebble.Logger.
func (g *Guard) Infof(format string, args ...any) {
	if g.logger.Enabled(context.Background(), slog.LevelDebug) {
		g.logger.Debug("pebble: " + fmt.Sprintf(format, args...))
	}
}

// Errorf implements pebble.Logger.
func (g *Guard) Errorf(format string, args ...any) {
	g.logger.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf implements pebble.Logger. It returns, although Pebble does not expect
// that, because readers may be calling: they get an error after it. Whatever
// Pebble does next, it changes no file.
func (g *Guard) Fatalf(format string, args ...any) {
	g.Stop(fmt.Errorf(format, args...))
}

// Lock implements vfs.FS.
func (g *Guard) Lock(name string) (io.Closer, error) {
	lock, err := g.FS.Lock(name)
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return nil, err
	}
	if err != nil {
		// Opening the file worked, locking it did not.
		return nil, fmt.Errorf("%w (%v)", ErrLocked, err)
	}
	l := &dirLock{unlock: sync.OnceValue(lock.Close)}
	g.ops.Lock()
	g.lock = l
	g.ops.Unlock()
	return l, nil
}

// dirLock is the lock of the directory. It can be closed twice.
type dirLock struct{ unlock func() error }

func (l *dirLock) Close() error { return l.unlock() }

// Unwrap implements vfs.FS.
func (g *Guard) Unwrap() vfs.FS { return g.FS }

func (g *Guard) file(open func() (vfs.File, error)) (f vfs.File, err error) {
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
func (g *Guard) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	// Pebble creates the manifest, then the marker that names it, then syncs the
	// directory. Nothing says that a crash in between keeps the first if it keeps
	// the second, without which Pebble cannot be opened. Found by TestCrash.
	if strings.HasPrefix(g.PathBase(name), "marker.") {
		if err := g.syncDir(g.PathDir(name)); err != nil {
			return nil, err
		}
	}
	return g.file(func() (vfs.File, error) { return g.FS.Create(name, c) })
}

// OpenReadWrite implements vfs.FS.
func (g *Guard) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return g.file(func() (vfs.File, error) { return g.FS.OpenReadWrite(name, c, opts...) })
}

// ReuseForWrite implements vfs.FS.
func (g *Guard) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.file(func() (vfs.File, error) { return g.FS.ReuseForWrite(oldname, newname, c) })
}

// OpenDir implements vfs.FS. Directories are opened to be synced.
func (g *Guard) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &guardedFile{f, g}, nil
}

func (g *Guard) syncDir(name string) error {
	dir, err := g.OpenDir(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Link implements vfs.FS.
func (g *Guard) Link(oldname, newname string) error {
	return g.change(func() error { return g.FS.Link(oldname, newname) })
}

// Rename implements vfs.FS.
func (g *Guard) Rename(oldname, newname string) error {
	return g.change(func() error { return g.FS.Rename(oldname, newname) })
}

// MkdirAll implements vfs.FS.
func (g *Guard) MkdirAll(dir string, perm os.FileMode) error {
	return g.change(func() error { return g.FS.MkdirAll(dir, perm) })
}

// Remove implements vfs.FS. A failure is Pebble's to handle: the file is no
// longer needed, and the next Open tries again.
func (g *Guard) Remove(name string) (err error) {
	_ = g.change(func() error {
		err = g.FS.Remove(name)
		return nil
	})
	return err
}

// RemoveAll implements vfs.FS. See Remove.
func (g *Guard) RemoveAll(name string) (err error) {
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
	g *Guard
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
