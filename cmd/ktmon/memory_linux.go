package main

import "syscall"

// peakMemory returns how many bytes of memory the process has had at most, 0 if
// that is not known.
func peakMemory() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return int64(u.Maxrss) << 10
}
