package alert

import (
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// hooks are all the places at which a ledger can be stopped: steps that change its
// files, those of the database's files, and the moments between.
type hooks struct {
	mu   sync.Mutex
	step func(op, name string, do func() error) error
}

func (h *hooks) do(op, name string, do func() error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.step == nil {
		return do()
	}
	return h.step(op, name, do)
}

func (h *hooks) install(cfg *Config) {
	cfg.hook = h.do
	cfg.fail = func(point string) error { return h.do("point", point, func() error { return nil }) }
	cfg.fs = &hookFS{vfs.Default, h}
}

func (h *hooks) set(step func(op, name string, do func() error) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.step = step
}

var errCrash = errors.New("the machine has stopped")

// stopAt lets nothing happen any more from step n on, step n itself being done or not.
// The result is how many steps there were.
func (h *hooks) stopAt(n int, applied bool) *int {
	steps := new(int)
	h.set(func(_, _ string, do func() error) error {
		i := *steps
		*steps++
		switch {
		case i < n:
			return do()
		case i == n && applied:
			return errors.Join(do(), errCrash)
		}
		return errCrash
	})
	return steps
}

// hookFS is the file system of the database.
type hookFS struct {
	vfs.FS
	hooks *hooks
}

type hookFile struct {
	vfs.File
	hooks *hooks
	name  string
}

func (h *hookFS) file(op, name string, open func() (vfs.File, error)) (f vfs.File, err error) {
	err = h.hooks.do(op, name, func() error {
		f, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &hookFile{f, h.hooks, name}, nil
}

func (h *hookFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return h.file("db-create", name, func() (vfs.File, error) { return h.FS.Create(name, c) })
}

func (h *hookFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return h.file("db-reuse", name, func() (vfs.File, error) { return h.FS.ReuseForWrite(old, name, c) })
}

func (h *hookFS) OpenDir(name string) (vfs.File, error) {
	f, err := h.FS.OpenDir(name)
	return &hookFile{f, h.hooks, name}, err
}

func (h *hookFS) Rename(old, name string) error {
	return h.hooks.do("db-rename", name, func() error { return h.FS.Rename(old, name) })
}

func (h *hookFS) Remove(name string) error {
	return h.hooks.do("db-remove", name, func() error { return h.FS.Remove(name) })
}

func (f *hookFile) Write(p []byte) (n int, err error) {
	err = f.hooks.do("db-write", f.name, func() (err error) { n, err = f.File.Write(p); return err })
	return n, err
}

func (f *hookFile) Sync() error { return f.hooks.do("db-sync", f.name, f.File.Sync) }

func (f *hookFile) SyncData() error { return f.hooks.do("db-sync", f.name, f.File.SyncData) }
