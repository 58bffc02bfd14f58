//go:build !linux

package main

import "time"

// peakMemory returns 0: how much memory the process has had is not known.
func peakMemory() int64 { return 0 }

// cpuTime returns 0: it is not known.
func cpuTime() time.Duration { return 0 }
