package client

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

const (
	stateName     = "state.json"
	evidenceName  = "evidence"
	maxStateBytes = 1 << 30
)

// DefaultStateDir returns the folder under which state is kept unless the user
// says otherwise: $XDG_STATE_HOME/ghostlight, or ~/.local/state/ghostlight.
func DefaultStateDir() (string, error) {
	// SPEC (XDG Base Directory): all paths must be absolute; a relative one
	// is invalid and ignored.
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "ghostlight"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fail(Operational, "finding a place for state", err)
	}
	return filepath.Join(home, ".local", "state", "ghostlight"), nil
}

// stateID names the folder of a directory's state. It is a hash so that
// a listing of folders does not tell whom the user talks to.
func stateID(directory string, configuration []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "ghostlight state\n%s\n", directory)
	h.Write(configuration)
	return hex.EncodeToString(h.Sum(nil)[:10])
}

// readState reads a state file and checks that what it retains is what the directory
// signed. The error is errStateVersion, a *damageError, fs.ErrNotExist, or that it
// cannot be read.
func readState(path string) (*state, error) {
	data, err := durable.ReadFile(path, maxStateBytes)
	if err != nil {
		return nil, err
	}
	s, err := decodeState(data)
	if errors.Is(err, errStateVersion) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return nil, &damageError{fmt.Errorf("%s: %w", path, err)}
	}
	return s, nil
}

// check verifies the retained head, and what is retained for the witnesses: state
// that was damaged must not turn an honest directory into a culprit.
func (s *state) check() error {
	cfg, err := keytrans.ParseConfiguration(s.configuration)
	if err != nil {
		return fmt.Errorf("the pinned configuration: %w", err)
	}
	if s.view.Head.TreeSize == 0 {
		return nil
	}
	root, err := s.view.Root()
	if err != nil {
		return fmt.Errorf("the retained view: %w", err)
	}
	if err := keytrans.VerifyTreeHead(cfg, &s.view.Head, root); err != nil {
		return fmt.Errorf("the retained tree head: %w", err)
	}
	if err := s.recent.Check(s.view); err != nil {
		return err
	}
	if s.witness != nil {
		return s.witness.check(cfg, s.view)
	}
	return nil
}

// saveState replaces the state in a folder, and keeps the one before as the previous
// one. After an error the old state is there, or the new one, whole; after success the
// new one, even if the machine loses power. The caller holds the folder's lock, and
// the state was loaded under it, so that the file is not damaged.
func saveState(dir string, s *state) error {
	data, err := encodeState(s)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, stateName)
	old, err := os.ReadFile(path)
	if err == nil && bytes.Equal(old, data) {
		return nil
	}
	temporary := path + ".new"
	if err := durable.Write(temporary, data, os.O_TRUNC); err != nil {
		return err
	}
	if err := keepPrevious(dir, old); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return durable.SyncFolder(dir)
}
