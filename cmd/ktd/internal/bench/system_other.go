//go:build !unix

package bench

import (
	"io/fs"
	"time"
)

// cpuTime returns the CPU time that the process has used; 0 here.
func cpuTime() time.Duration { return 0 }

// allocated returns the bytes that a file takes on the disk.
func allocated(info fs.FileInfo) int64 { return info.Size() }
