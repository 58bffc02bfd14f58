//go:build unix

package instance

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockDir waits for the exclusive use of a directory among those who ask with
// lockDir, and returns what ends it. It is for changes that take milliseconds.
func lockDir(dir string) (unlock func() error, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", dir, err), f.Close())
	}
	return f.Close, nil
}
