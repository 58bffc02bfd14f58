package control

import (
	"fmt"
	"os"
	"path/filepath"
)

// maxPath is how long the path of a socket can be, in bytes, on the systems where
// that is least.
const maxPath = 103

// withShortPath calls f with a path of a socket in a folder. If the usual one is
// too long for a socket, that is one through a link, which exists during the call.
func withShortPath(dir, name string, f func(path string) error) error {
	path := filepath.Join(dir, name)
	if len(path) <= maxPath {
		return f(path)
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "ktd")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	link := filepath.Join(temp, "d")
	if err := os.Symlink(absolute, link); err != nil {
		return err
	}
	short := filepath.Join(link, name)
	if len(short) > maxPath {
		return fmt.Errorf("%s is too long for a socket, and so is a link to it in the folder for temporary files; set TMPDIR to a shorter one", path)
	}
	return f(short)
}
