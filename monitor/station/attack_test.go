package station

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestLargeEvidence has a directory be caught with large answers, and everybody look at
// the status page.
func TestLargeEvidence(t *testing.T) {
	const size = 12 << 20
	w := newWorld(t)
	e := &evidence.Evidence{
		Summary: "large", Schema: evidence.Schema, Class: evidence.ClassEvidence, Kind: evidence.TreeHeads, FoundAt: time.Unix(1, 0).UTC(),
		Configuration: make([]byte, size), Heads: make([]evidence.Head, 2),
	}
	data, err := e.Marshal()
	fatalIfErr(t, err)
	path := filepath.Join(t.TempDir(), "large.json")
	fatalIfErr(t, os.WriteFile(path, data, 0o600))
	f := finding.Finding{Rule: "tree-heads", Class: finding.Evidence, Severity: finding.Critical, Directory: "example", Summary: "large", File: path}
	w.found(f)

	status := w.s.Status()
	if len(status.Alerts) != 1 || !status.Alerts[0].Evidence {
		t.Fatalf("%+v", status.Alerts)
	}
	if got := w.get("/evidence/" + status.Alerts[0].ID + ".json"); got.Body.String() != string(data) || got.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d bytes, %v", got.Body.Len(), got.Header())
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10 {
		w.get("/status.json")
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > size {
		t.Errorf("ten looks at the status take %d bytes", used)
	}
}

// TestOpenFinding has a role not begin because of what the client found: without a file
// that proves it, there is no evidence.
func TestOpenFinding(t *testing.T) {
	for name, c := range map[string]struct {
		err  client.Error
		want finding.Class
	}{
		"proven":     {client.Error{Evidence: "evidence.json"}, finding.Evidence},
		"a report":   {client.Error{Evidence: "evidence.json", Report: true}, finding.Report},
		"not stored": {client.Error{}, finding.Report},
	} {
		c.err.Kind, c.err.Err = client.Misbehaved, errors.New("a contradiction")
		s := &slot{name: "watch", directory: "example", open: func(context.Context) (Role, error) { return nil, &c.err }}
		f := s.do(t.Context()).Findings[0]
		if f.Class != c.want || f.Severity != finding.Critical {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
