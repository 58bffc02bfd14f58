//go:build unix

package bench

import (
	"io/fs"
	"syscall"
	"time"
)

// cpuTime returns the CPU time that the process has used on all cores.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// allocated returns the bytes that a file takes on the disk.
func allocated(info fs.FileInfo) int64 {
	const block = 512 // the unit of st_blocks
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int64(st.Blocks) * block
	}
	return info.Size()
}
