//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package client

import (
	"errors"
	"os"
)

// tryLock fails: without a lock two processes could store two views.
func tryLock(*os.File) error {
	return errors.New("file locks are not supported on this operating system")
}
