// Package durable reads and writes the small files that the programs of a client and
// of a monitor must not lose: each is on the disk, whole, when a function returns
// without an error. Names and contents are the caller's; nothing here locks.
package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Suffix is that of the name under which Replace writes what takes a file's place. A
// crash can leave such a file; the next Replace overwrites it.
const Suffix = ".new"

// ErrNotSmallFile is wrapped by the error of ReadFile for what is not a regular file,
// or larger than is permitted.
var ErrNotSmallFile = errors.New("not a small regular file")

// ReadFile reads a regular file of limit bytes at most. A pipe, which could make this
// wait for ever, is refused. The error wraps that of the file system, or
// ErrNotSmallFile.
func ReadFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is something else: %w", path, ErrNotSmallFile)
	case info.Size() > limit:
		return nil, tooLarge(path, limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1)) // it may have grown
	if err == nil && int64(len(data)) > limit {
		err = tooLarge(path, limit)
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

func tooLarge(path string, limit int64) error {
	return fmt.Errorf("%s has more than %d bytes: %w", path, limit, ErrNotSmallFile)
}

// Replace replaces a private file, or makes it. After an error the old one is there,
// or the new one, whole.
func Replace(path string, data []byte) error {
	if err := Write(path+Suffix, data, os.O_TRUNC); err != nil {
		return err
	}
	if err := os.Rename(path+Suffix, path); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// Create makes a private file, such as one with a key. The error wraps fs.ErrExist if
// there is one.
func Create(path string, data []byte) error {
	if err := Write(path, data, os.O_EXCL); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// Write writes a private file and makes its content durable, but not its name, which
// SyncFolder does. flag is os.O_TRUNC or os.O_EXCL. After an error there can be a part
// of the file.
func Write(path string, data []byte, flag int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flag, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Remove removes a file, if it is there.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// MakeFolder makes a private folder, if there is none, and those above it.
func MakeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(dir))
}

// SyncFolder makes the names in a folder durable.
func SyncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
