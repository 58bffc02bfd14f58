package bench

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
)

// peakMemory returns the process's peak resident set size in bytes since
// resetPeak, or since its start. It is 0 where the system does not tell.
func peakMemory() int64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(data) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kib, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte("kB")))), 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

// resetPeak gives memory back and makes peakMemory forget what was before,
// where the system can do that.
func resetPeak() {
	debug.FreeOSMemory()
	const forgetPeak = "5" // proc(5), clear_refs
	_ = os.WriteFile("/proc/self/clear_refs", []byte(forgetPeak), 0)
}
