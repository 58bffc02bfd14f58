//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/ghostlight-kt/ghostlight/monitor"
)

// checkOwner refuses to write into a monitor's folder as root if it is another user's:
// the monitor could not read what is written, and pass over it.
func checkOwner(folder string) error {
	info, err := os.Stat(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return ownedBy(folder, int(s.Uid), os.Geteuid())
}

func ownedBy(folder string, owner, me int) error {
	if me != 0 || owner == me {
		return nil
	}
	return &monitor.Error{
		Kind: monitor.Usage, Err: fmt.Errorf("%s belongs to the user %d, who could not read what root writes there", folder, owner),
		Hint: fmt.Sprintf("run this as that user, such as with: sudo -u '#%d' ktmon ...", owner),
	}
}
