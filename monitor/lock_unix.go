//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package monitor

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes an exclusive lock that ends with the file's descriptor.
func tryLock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errLocked
		}
		return err
	}
}
