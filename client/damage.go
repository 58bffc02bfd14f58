package client

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/client/durable"
)

// What was stored before the present state is kept beside it. If the state file is
// damaged, that is the last good anchor: verified, signed by the directory, and at most
// one operation old. What followed is verified anew against it.
const (
	previousName = stateName + ".previous"
	damagedName  = stateName + ".damaged"
)

// Damage tells that the state of a directory was damaged, and that the client went back
// to what it had stored before.
type Damage struct {
	// File is what was found, or says that nothing was. As long as it is there, Damage
	// is told of.
	File string
	// SHA256 is the hash of its content, in hexadecimal.
	SHA256 string
}

// String says what happened and what to do.
func (d *Damage) String() string {
	return fmt.Sprintf("the state was damaged, and what was stored before it is used; what was found is kept as %s: "+
		"look whether this disk is failing or somebody changed the file, then remove it", d.File)
}

// Damage returns what became of damaged state, nil if none was found. The error is an
// *Error.
func (c *Client) Damage() (*Damage, error) { return DamageIn(c.dir) }

// DamageIn is Client.Damage for the folder of TrustResult.StateDir.
func DamageIn(dir string) (*Damage, error) {
	path := filepath.Join(dir, damagedName)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	h := sha256.New()
	if err == nil {
		_, err = io.Copy(h, io.LimitReader(f, maxStateBytes))
		f.Close()
	}
	if err != nil {
		return nil, fail(Operational, "reading damaged state", err)
	}
	return &Damage{path, hex.EncodeToString(h.Sum(nil))}, nil
}

// damageError is the error for a state file that was written whole and is not any more.
type damageError struct{ error }

func (e *damageError) Unwrap() error { return e.error }

// loadState reads the state in a folder, and the previous one if that is damaged or
// gone: damage says so then. The error is an *Error, or fs.ErrNotExist if there is
// neither.
func loadState(dir string) (s *state, damage, err error) {
	s, err = readState(filepath.Join(dir, stateName))
	var d *damageError
	if gone := errors.Is(err, fs.ErrNotExist); gone || errors.As(err, &d) {
		previous, previousErr := readState(filepath.Join(dir, previousName))
		if previousErr == nil {
			return previous, err, nil
		}
		switch neither := errors.Is(previousErr, fs.ErrNotExist); {
		case gone && neither:
			return nil, nil, err
		case gone: // not wrapped: this is not a folder without state
			err = fmt.Errorf("%s is missing, and %w", filepath.Join(dir, stateName), previousErr)
		case !neither:
			err = fmt.Errorf("%w, and %w", err, previousErr)
		}
	}
	if err != nil {
		e := fail(Operational, "reading the state", err)
		switch {
		case errors.Is(err, errStateVersion):
			e.Hint = "use the newer kt that wrote it"
		case errors.As(err, &d):
			e.Hint = "nothing was changed; restore the file from a backup, or move the folder away and trust the directory anew, which forgets what was verified"
		}
		return nil, nil, e
	}
	return s, nil, nil
}

// openState is loadState for those who hold the folder's lock. If the state is damaged,
// it is put aside, and the previous one in its place.
func openState(dir string) (*state, error) {
	s, damage, err := loadState(dir)
	if err != nil || damage == nil {
		return s, err
	}
	if err := putAside(dir, damage); err != nil {
		return nil, fail(Operational, "going back to the state before", err)
	}
	return s, nil
}

// putAside keeps a damaged state as such, and puts the previous one in its place. It
// can be interrupted anywhere: the previous one stays until the end.
func putAside(dir string, damage error) error {
	path, damaged := filepath.Join(dir, stateName), filepath.Join(dir, damagedName)
	if !errors.Is(damage, fs.ErrNotExist) {
		if err := os.Rename(path, damaged); err != nil {
			return err
		}
	} else if _, err := os.Stat(damaged); errors.Is(err, fs.ErrNotExist) {
		if err := durable.Write(damaged, []byte(stateName+" was missing\n"), os.O_TRUNC); err != nil {
			return err
		}
	}
	if err := durable.SyncFolder(dir); err != nil {
		return err
	}
	previous, err := durable.ReadFile(filepath.Join(dir, previousName), maxStateBytes)
	if err != nil {
		return err
	}
	// Not a link: what damages the one must not damage the other.
	if err := durable.Write(path+".new", previous, os.O_TRUNC); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return durable.SyncFolder(dir)
}

// keepPrevious makes the state file the previous one, too, until it is replaced. old is
// its content, nil if there is none.
func keepPrevious(dir string, old []byte) error {
	if old == nil {
		return nil
	}
	path, temporary := filepath.Join(dir, stateName), filepath.Join(dir, previousName+".new")
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Link(path, temporary); err != nil { // not every file system can
		if err := durable.Write(temporary, old, os.O_EXCL); err != nil {
			return err
		}
	}
	return os.Rename(temporary, filepath.Join(dir, previousName))
}
