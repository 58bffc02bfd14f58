package monitor

import (
	"path/filepath"
	"runtime"
	"testing"
)

// TestMemory mirrors a log with large changes from plain files, and measures the
// heap on the way: it has the prefix tree, and besides what is read ahead.
func TestMemory(t *testing.T) {
	w := newWorld(t, 1500, 200)
	w.mustUpdate(1500)
	w.log, w.served = nil, nil
	w.server.Close()
	f, err := openFiles(w.dir)
	fatalIfErr(t, err)
	defer f.close()
	w.cfg.Ahead = 2
	before, most := heap(), uint64(0)
	var m *Mirror
	w.cfg.Progress = func(p Progress) {
		if p.Entries%100 == 50 {
			most = max(most, heap())
		}
	}
	m, err = OpenMirror(t.Context(), filepath.Join(t.TempDir(), "second"), f, w.cfg)
	fatalIfErr(t, err)
	fatalIfErr(t, m.Update(t.Context()))
	changes := m.Status().Changes
	limit := 122*changes + 2*2<<20 + 1<<20
	t.Logf("%d changes: %d bytes at most, limit %d", changes, most-before, limit)
	if most-before > limit {
		t.Errorf("the heap grew by %d bytes for %d changes, not %d", most-before, changes, limit)
	}
	fatalIfErr(t, m.Close())
}

func heap() uint64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}
