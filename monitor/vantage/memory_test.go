package vantage

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

func (w *world) file(name string) string { return filepath.Join(w.cfg.Dir, name) }

func (w *world) read(name string) []byte {
	w.Helper()
	data, err := os.ReadFile(w.file(name))
	fatalIfErr(w.T, err)
	return data
}

// TestDamage damages the file in every way, and has the role go back to the one before.
func TestDamage(t *testing.T) {
	w := newWorld(t)
	w.want(w.round())
	w.dir.Tick(1, clienttest.Window)
	w.want(w.round())
	intact, older := w.read(memoryName), w.read(olderName)
	if bytes.Equal(intact, older) {
		t.Fatal("the older file is the newer one")
	}
	root := bytes.Index(intact, []byte(`"root"`)) + 12
	for name, damaged := range map[string][]byte{
		"empty": {}, "cut off": intact[:len(intact)/2], "zeros": make([]byte, len(intact)),
		"one character": append(append(bytes.Clone(intact[:root]), intact[root]^1), intact[root+1:]...),
		"another":       []byte(`{"schema":"ghostlight/watch/v1","sha256":"","content":{}}`),
		"too large":     bytes.Repeat([]byte{' '}, maxMemory+1),
		"gone":          nil,
	} {
		t.Run(name, func(t *testing.T) {
			w := *w
			w.T = t
			fatalIfErr(t, os.WriteFile(w.file(olderName), older, 0o600))
			if damaged == nil {
				fatalIfErr(t, os.Remove(w.file(memoryName)))
			} else {
				fatalIfErr(t, os.WriteFile(w.file(memoryName), damaged, 0o600))
			}
			w.open()
			if w.v.believed == nil || w.v.believed.Size != w.dir.Size()-1 {
				t.Errorf("went back to %+v", w.v.believed)
			}
			for range 2 {
				r := w.round()
				w.want(r, "state-damaged")
				if f := r.Findings[0]; f.Class != finding.Report || f.Condition || r.Verdict() != finding.Unchecked {
					t.Errorf("%+v", f)
				}
			}
			if damaged != nil && !bytes.Equal(w.read(damagedName), damaged) {
				t.Error("the damaged file was not kept")
			}
			w.open() // the report survives
			w.want(w.round(), "state-damaged")
			// Both are damaged: there is nothing to go on from.
			fatalIfErr(t, os.WriteFile(w.file(memoryName), []byte("x"), 0o600))
			fatalIfErr(t, os.WriteFile(w.file(olderName), []byte("y"), 0o600))
			if _, err := Open(w.cfg); err == nil || !strings.Contains(err.Error(), "restore") {
				t.Errorf("opened, %v", err)
			}
		})
	}
}

// TestFirstDamage damages the file after the very first round.
func TestFirstDamage(t *testing.T) {
	w := newWorld(t)
	w.want(w.round())
	fatalIfErr(t, os.WriteFile(w.file(memoryName), nil, 0o600))
	w.open()
	w.want(w.round(), "state-damaged")
}

// TestRolledBack restarts the monitor with a client that has forgotten everything, and a
// directory that serves an older state: what the role kept notices.
func TestRolledBack(t *testing.T) {
	w := newWorld(t)
	old := w.dir.Fork()
	w.dir.Tick(2, time.Minute)
	w.want(w.round())
	w.server.become(old)
	w.root, w.cfg.Client = t.TempDir(), nil
	for range 2 {
		w.open()
		r := w.round()
		w.want(r, "rolled-back", "rolled-back")
		w.named(r, finding.RolledBack, "the directory's log is smaller than it was")
		f := w.named(r, finding.RolledBack, "the public log is smaller than it was")
		if f.Class != finding.Report || !f.Condition || f.After != 0 {
			t.Errorf("%+v", f)
		}
		r = w.round() // it lasts, and what was kept is not replaced by less
		w.want(r, "rolled-back", "rolled-back")
		if w.v.published.Load() != nil || w.v.believed.Size != w.dir.Size() {
			t.Error("the older state was taken over")
		}
	}
	w.server.become(w.dir)
	w.want(w.round())
}

// TestRollBackIsFork: what follows an older state is another log.
func TestRollBackIsFork(t *testing.T) {
	w := newWorld(t)
	other := w.dir.Fork()
	w.dir.Tick(3, clienttest.Window)
	w.want(w.round())
	other.Tick(5, time.Second)
	w.server.become(other)
	w.root, w.cfg.Client = t.TempDir(), nil
	w.open()
	r := w.round()
	w.named(r, finding.Rule("fork"), "in an earlier round")
	w.named(r, finding.Rule("inconsistency"), "before")
	w.open()
	w.want(w.round(), "fork", "inconsistency")
}

// TestClientNotices rolls the log back under a client that remembers it.
func TestClientNotices(t *testing.T) {
	w := newWorld(t)
	old := w.dir.Fork()
	w.dir.Tick(2, time.Minute)
	w.want(w.round())
	w.server.become(old)
	r := w.round()
	w.named(r, finding.RolledBack, "the directory says that its log is smaller")
	other := w.fork()
	w.round()
	w.server.become(w.dir)
	w.want(w.round())
	w.server.become(other)
	w.named(w.round(), finding.Rule("fork"), "contradicts what it has signed before")
}

// TestEvidenceIsGone has somebody remove an evidence file: it is found again.
func TestEvidenceIsGone(t *testing.T) {
	w := newWorld(t)
	base, _ := w.peerOf(w.fork())
	w.dir.Tick(3, time.Second)
	w.cfg.Peers = []string{base}
	r := w.round()
	w.want(r, "fork", "inconsistency")
	for _, f := range r.Findings {
		fatalIfErr(t, os.Remove(f.File))
	}
	w.want(w.round(), "fork", "inconsistency")
}

// TestUnstored cannot store the evidence, and says so, until it can.
func TestUnstored(t *testing.T) {
	w := newWorld(t)
	base, _ := w.peerOf(w.fork())
	w.dir.Tick(3, time.Second)
	w.cfg.Peers = []string{base}
	w.open()
	for _, path := range []string{w.file("evidence"), filepath.Join(w.cfg.Client.StateDir(), "evidence")} {
		fatalIfErr(t, os.WriteFile(path, nil, 0o600))
	}
	r := w.round()
	w.want(r, "refused", "refused")
	if f := w.named(r, finding.Refused, "two"); f.Class != finding.Report || f.Severity != finding.Critical || f.File != "" || !strings.Contains(f.Detail, "could not be stored") {
		t.Errorf("%+v", f)
	}
	for _, path := range []string{w.file("evidence"), filepath.Join(w.cfg.Client.StateDir(), "evidence")} {
		fatalIfErr(t, os.Remove(path))
	}
	r = w.round()
	w.want(r, "fork", "inconsistency")
	w.named(r, finding.Rule("fork"), "peer 1")
	w.named(r, finding.Rule("inconsistency"), "peer 1")
}

// TestDiskFull cannot write the file at the end of a round.
func TestDiskFull(t *testing.T) {
	w := newWorld(t)
	w.want(w.round())
	fatalIfErr(t, os.Mkdir(w.file(memoryName+".new"), 0o700)) // in its way
	w.dir.Tick(1, clienttest.Window)
	w.want(w.round(), "failed")
	fatalIfErr(t, os.Remove(w.file(memoryName+".new")))
	w.want(w.round())
	w.open()
	w.want(w.round())
}

// TestMemoryIsBounded: what others send without end is not read to the end.
func TestMemoryIsBounded(t *testing.T) {
	w := newWorld(t)
	endless := evil()["10 GB"]
	w.cfg.Routes = []Route{{URL: newHost(t, endless).URL}}
	for range 9 {
		w.cfg.Peers = append(w.cfg.Peers, newHost(t, endless).URL)
	}
	w.open()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w.round()
	runtime.ReadMemStats(&after)
	// io.ReadAll allocates a few times of what it reads.
	if n := after.TotalAlloc - before.TotalAlloc; n > 10*8*MaxDocumentSize {
		t.Errorf("%d bytes were allocated", n)
	}
	if len(w.v.memory.Happened) > 0 {
		t.Errorf("%+v", w.v.memory.Happened)
	}
	for i := range 2 * maxHappened {
		w.v.memory.note(finding.Happened{Rule: finding.Refused, Subject: strings.Repeat("x", i), Detail: strings.Repeat("y", 1<<20)})
	}
	fatalIfErr(t, w.v.write(w.v.memory))
	if info, err := os.Stat(w.file(memoryName)); err != nil || info.Size() > maxMemory/2 {
		t.Errorf("%v, %v", info.Size(), err)
	}
}
