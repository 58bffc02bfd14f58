package monitor

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

// TestAuditorMemory audits a log from its beginning, and measures what the auditor
// holds then, and its files: that grows with the leaves that no distinguished entry
// has published yet, and not with the log.
func TestAuditorMemory(t *testing.T) {
	w := newAuditWorld(t, keytrans.KT_128_SHA256_Ed25519)
	w.dir = filepath.Join(t.TempDir(), "auditor")
	for i := range 300 {
		w.log.Append(auditTime(w.log.Size()), keytranstest.Pad(100+i%2))
	}
	a, err := w.open(func(c *AuditorConfig) { c.VerifyOnly = true })
	fatalIfErr(t, err)
	defer a.Close()
	before := heap()
	fatalIfErr(t, a.Update(t.Context()))
	grown := int64(heap()) - int64(before)
	s := a.Status()
	if s.Changes < 30_000 || s.Waiting > 3000 || s.Waiting < 500 {
		t.Fatalf("%+v", s)
	}
	// Beside what waits: connections, their buffers, and what the server in this process
	// remembers.
	limit := int64(160*s.Waiting + 2<<20)
	t.Logf("%d changes, %d leaves wait: %d bytes, limit %d", s.Changes, s.Waiting, grown, limit)
	if grown > limit {
		t.Errorf("the heap grew by %d bytes, not %d", grown, limit)
	}
	files := int64(0)
	for _, name := range []string{auditorStateName, previousStateName, verifiedHeadName, logHeadName, configurationName} {
		if info, err := os.Stat(filepath.Join(w.dir, name)); err == nil {
			files += info.Size()
		}
	}
	if most := int64(40*s.Waiting + 4096); files > most {
		t.Errorf("the files have %d bytes, not %d", files, most)
	}
}
