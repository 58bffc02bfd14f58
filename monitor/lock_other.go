//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package monitor

import (
	"errors"
	"os"
)

// tryLock fails: without a lock two processes could write into one mirror.
func tryLock(*os.File) error {
	return errors.New("file locks are not supported on this operating system")
}
