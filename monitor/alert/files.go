package alert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client/durable"
)

// The folders and files of a monitor that are this package's.
const (
	ledgerFolder    = "ledger"
	alertsFolder    = "alerts"
	evidenceFolder  = "evidence"
	acksFolder      = "acks"
	deliveredFolder = "delivered"
	idKeyName       = "alert-ids.key"
)

const (
	jsonSuffix = ".json"
	tempPrefix = ".tmp-"
)

func alertName(id string) string       { return alertsFolder + "/" + id + jsonSuffix }
func evidenceName(id string) string    { return evidenceFolder + "/" + id + jsonSuffix }
func ackName(id string) string         { return acksFolder + "/" + id + jsonSuffix }
func deliveredName(sink string) string { return deliveredFolder + "/" + sink + jsonSuffix }

// folder is the monitor's folder. Names in it are written with slashes.
type folder struct {
	dir string
	// hook, of tests, does the steps that change the folder, or fails them.
	hook func(op, name string, step func() error) error
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func (f *folder) do(op, name string, step func() error) error {
	if f.hook != nil {
		return f.hook(op, name, step)
	}
	return step()
}

// make makes the folders that there have to be, and removes what a crash left.
func (f *folder) make() error {
	for _, name := range []string{".", alertsFolder, evidenceFolder, acksFolder, deliveredFolder} {
		if err := f.do("mkdir", name, func() error { return os.MkdirAll(f.path(name), 0o700) }); err != nil {
			return err
		}
		if name == acksFolder {
			continue // others may be writing there
		}
		left, err := filepath.Glob(filepath.Join(f.path(name), tempPrefix+"*"))
		if err != nil {
			return err
		}
		for _, path := range left {
			_ = os.Remove(path)
		}
	}
	return f.syncDir(".")
}

func (f *folder) syncDir(name string) error {
	return f.do("syncdir", name, func() error { return durable.SyncFolder(f.path(name)) })
}

// read returns a file of at most max bytes.
func (f *folder) read(name string, max int64) ([]byte, error) {
	return durable.ReadFile(f.path(name), max)
}

// place makes a file with a content, durably, by putting a temporary one in its place
// with os.Rename or, if there must be none yet, os.Link.
func (f *folder) place(name string, data []byte, put func(temp, path string) error) (err error) {
	var temp *os.File
	err = f.do("create", name, func() error {
		temp, err = os.CreateTemp(filepath.Dir(f.path(name)), tempPrefix+"*")
		return err
	})
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	err = f.do("write", name, func() error { _, err := temp.Write(data); return err })
	if err == nil {
		err = f.do("sync", name, temp.Sync)
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := f.do("rename", name, func() error { return put(temp.Name(), f.path(name)) }); err != nil {
		return err
	}
	return f.syncDir(filepath.ToSlash(filepath.Dir(filepath.FromSlash(name))))
}

func (f *folder) replace(name string, data []byte) error { return f.place(name, data, os.Rename) }

// keep makes a file that stays as it is. What is there already with another content
// is moved aside, which the result says with the new name.
func (f *folder) keep(name string, data []byte) (aside string, err error) {
	old, err := f.read(name, int64(len(data)))
	switch {
	case err == nil && bytes.Equal(old, data):
		// A crash may have come before the name was durable.
		return "", f.syncDir(filepath.ToSlash(filepath.Dir(filepath.FromSlash(name))))
	case !errors.Is(err, fs.ErrNotExist):
		if aside, err = f.aside(name); err != nil {
			return "", err
		}
	}
	return aside, f.place(name, data, os.Rename)
}

// aside renames a file or folder that is damaged, and keeps it. It returns the new
// name.
func (f *folder) aside(name string) (string, error) {
	for n := 1; ; n++ {
		to := fmt.Sprintf("%s.damaged-%d", name, n)
		if _, err := os.Lstat(f.path(to)); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return "", err
			}
			continue
		}
		err := f.do("rename", name, func() error { return os.Rename(f.path(name), f.path(to)) })
		if err != nil {
			return "", err
		}
		return to, f.syncDir(filepath.ToSlash(filepath.Dir(filepath.FromSlash(name))))
	}
}

// ids returns the IDs that have a file in a folder, sorted.
func (f *folder) ids(name string) ([]string, error) {
	entries, err := os.ReadDir(f.path(name))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		id, isJSON := strings.CutSuffix(e.Name(), jsonSuffix)
		if _, _, err := splitID(id); isJSON && err == nil {
			out = append(out, id)
		}
	}
	return out, nil
}

// readJSON reads a small file that has exactly the fields of out.
func (f *folder) readJSON(name string, out any) error {
	data, err := f.read(name, MaxSize)
	if err != nil {
		return err
	}
	return decode(data, out)
}

// decode reads a record that has exactly the fields of out.
func decode(data []byte, out any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(out); err != nil {
		return fmt.Errorf("%w: %v", errDamaged, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows it", errDamaged)
	}
	return nil
}
