// Package manifest tells what is in web/audit/dist: the scripts of the audit view as
// esbuild bundled them, and the page that verifies files without a server. The program
// web/audit/internal/bundle writes it; package audit reads it.
package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// Name is the manifest's own file.
const Name = "manifest.json"

// Version is the version of the format that this package reads and writes.
const Version = 1

// Standalone is the page that verifies files without a server.
const Standalone = "verify.html"

// Licenses has the licenses of what the scripts are built from, in words.
const Licenses = "licenses.txt"

// A Manifest names the files of web/audit/dist.
type Manifest struct {
	SchemaVersion int `json:"schema_version"`

	// Start is the module that each page loads. It imports the page's own module.
	Start string `json:"start"`

	// Preload has, for "start" and for each page that has a module of its own, that
	// module and what it imports, all of which a page can ask for at once. Pages are
	// named as in their body's data-page.
	Preload map[string][]string `json:"preload"`

	// Files has what each file must be, by name.
	Files map[string]File `json:"files"`
}

// A File is what a file of the bundle must be.
type File struct {
	SHA256 string `json:"sha256"` // in hex
	Size   int    `json:"size"`   // in bytes
}

// Read reads the manifest of the bundle in files, and checks that each file that it
// names is there.
func Read(files fs.FS) (*Manifest, error) {
	data, err := fs.ReadFile(files, Name)
	if err != nil {
		return nil, err
	}
	m := new(Manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", Name, err)
	}
	if m.SchemaVersion != Version {
		return nil, fmt.Errorf("%s has version %d, not %d", Name, m.SchemaVersion, Version)
	}
	for name, want := range m.Files {
		info, err := fs.Stat(files, name)
		if err != nil {
			return nil, err
		}
		if info.Size() != int64(want.Size) {
			return nil, fmt.Errorf("%s has %d bytes, not %d", name, info.Size(), want.Size)
		}
	}
	return m, m.checkNames()
}

// checkNames checks that the manifest refers only to files that it lists.
func (m *Manifest) checkNames() error {
	if _, ok := m.Files[m.Start]; !ok || path.Ext(m.Start) != ".js" {
		return errors.New(Name + " names no start module")
	}
	for page, names := range m.Preload {
		for _, name := range names {
			if _, ok := m.Files[name]; !ok {
				return fmt.Errorf("%s: page %s needs %s, which is not listed", Name, page, name)
			}
		}
	}
	return nil
}
