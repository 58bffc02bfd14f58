package vantage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// anchorName is the file with the largest checkpoint that was believed, as its log
// has signed it: that is what proves it intact. Beside it is the one before.
const (
	anchorName = "checkpoint"
	previous   = ".previous"
)

// anchor is the largest checkpoint that was believed.
type anchor struct {
	path   string
	latest *checkpoint.Signed // nil: there was none yet
	damage error              // of the file, from which the one before was taken
}

// openAnchor reads the anchor. Without a policy there is none.
func openAnchor(path string, policy *checkpoint.Policy) (*anchor, error) {
	a := &anchor{path: path}
	if policy == nil {
		return a, nil
	}
	latest, err := readAnchor(path, policy)
	older, olderErr := readAnchor(path+previous, policy)
	none, noneOlder := errors.Is(err, fs.ErrNotExist), errors.Is(olderErr, fs.ErrNotExist)
	switch {
	case err == nil:
		a.latest = latest
	case none && noneOlder:
	case olderErr == nil:
		a.latest, a.damage = older, err
	default:
		return nil, fmt.Errorf("what was seen of the log before is damaged: %w (%s: %w); "+
			"if you have no copy of these files, remove both to begin anew: what the log showed before is not held against it then", err, path+previous, olderErr)
	}
	return a, nil
}

func readAnchor(path string, policy *checkpoint.Policy) (*checkpoint.Signed, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, checkpoint.MaxNoteSize+1)
	n, err := readUpTo(f, data)
	if err != nil {
		return nil, err
	}
	signed, err := policy.Open(data[:n])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return signed, nil
}

// put stores a checkpoint durably, and keeps the one before beside it.
func (a *anchor) put(signed *checkpoint.Signed) error {
	temp := a.path + ".tmp"
	if err := writeSynced(temp, signed.Note); err != nil {
		return err
	}
	if a.damage == nil && a.latest != nil { // what is damaged replaces nothing
		if err := os.Rename(a.path, a.path+previous); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(temp, a.path); err != nil {
		return err
	}
	a.latest = signed
	return syncFolder(filepath.Dir(a.path))
}

func writeSynced(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
