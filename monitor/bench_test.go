package monitor

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func envInt(name string, def int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return def
}

// BenchmarkMirror mirrors a log of MONITOR_ENTRIES entries from a server in this
// process, and then verifies the mirror offline. Each entry adds some leaves, half
// of MONITOR_LEAVES on average.
func BenchmarkMirror(b *testing.B) {
	w := newWorld(b, envInt("MONITOR_ENTRIES", 100_000), envInt("MONITOR_LEAVES", 3))
	w.cfg.Logger = nil
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		w.dir = filepath.Join(b.TempDir(), strconv.Itoa(i))
		got, err := w.update()
		fatalIfErr(b, err)
		b.Logf("mirrored %d entries, %d changes, %d bytes in %.1f s: %.0f entries/s, %.0f changes/s", got.Entries, got.Changes, got.Bytes,
			got.Took.Seconds(), float64(got.Entries)/got.Took.Seconds(), float64(got.Changes)/got.Took.Seconds())
		got, err = VerifyMirror(b.Context(), w.dir, MirrorConfig{})
		fatalIfErr(b, err)
		b.Logf("verified it again in %.1f s: %.0f entries/s, %.0f changes/s",
			got.Took.Seconds(), float64(got.Entries)/got.Took.Seconds(), float64(got.Changes)/got.Took.Seconds())
	}
}
