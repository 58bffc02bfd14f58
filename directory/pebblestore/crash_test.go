package pebblestore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ghostlight-kt/ghostlight/directory"
)

// hookFS calls hook for every change of a file; hook calls do, or does not.
type hookFS struct {
	vfs.FS
	hook func(what string, do func() error) error
}

type hookFile struct {
	vfs.File
	fs   *hookFS
	name string
}

func (h *hookFS) file(what, name string, open func() (vfs.File, error)) (f vfs.File, err error) {
	err = h.hook(what+" "+name, func() (err error) {
		f, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &hookFile{f, h, name}, nil
}

func (h *hookFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return h.file("create", name, func() (vfs.File, error) { return h.FS.Create(name, c) })
}

func (h *hookFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return h.file("reuse", name, func() (vfs.File, error) { return h.FS.ReuseForWrite(old, name, c) })
}

func (h *hookFS) OpenDir(name string) (vfs.File, error) {
	f, err := h.FS.OpenDir(name)
	return &hookFile{f, h, name}, err
}

func (h *hookFS) Rename(old, name string) error {
	return h.hook("rename "+name, func() error { return h.FS.Rename(old, name) })
}

func (h *hookFS) Link(old, name string) error {
	return h.hook("link "+name, func() error { return h.FS.Link(old, name) })
}

func (h *hookFS) Remove(name string) error {
	return h.hook("remove "+name, func() error { return h.FS.Remove(name) })
}

func (f *hookFile) Write(p []byte) (n int, err error) {
	err = f.fs.hook("write "+f.name, func() (err error) { n, err = f.File.Write(p); return err })
	return n, err
}

func (f *hookFile) Sync() error     { return f.fs.hook("sync "+f.name, f.File.Sync) }
func (f *hookFile) SyncData() error { return f.fs.hook("syncdata "+f.name, f.File.SyncData) }

// testBatch is the commit that makes the tree size n. It has all kinds of
// writes, and makes small memtables flush.
func testBatch(n uint64) *directory.Batch {
	b := &directory.Batch{Base: n - 1, Size: n}
	_ = b.Append([]byte("log"), fmt.Appendf(nil, "%d,", n))
	_ = b.Set(fmt.Appendf(nil, "last/%d", n), nil)
	b.Delete(fmt.Appendf(nil, "last/%d", n-1))
	for i := range 5 {
		_ = b.Set(fmt.Appendf(nil, "n/%d", i), fmt.Appendf(nil, "%d", n))
		_ = b.Append(fmt.Appendf(nil, "pad/%d/%d", i, n), make([]byte, 300))
	}
	return b
}

// checkWhole checks that s is exactly as after some number of testBatches and
// returns the number.
func checkWhole(s *Store) (uint64, error) {
	sn, err := s.Snapshot()
	if err != nil {
		return 0, err
	}
	size, err := sn.TreeSize()
	return size, errors.Join(err, checkSnapshot(sn, size), sn.Close())
}

func checkSnapshot(sn directory.Snapshot, size uint64) error {
	want := map[string]string{}
	var log strings.Builder
	for n := uint64(1); n <= size; n++ {
		fmt.Fprintf(&log, "%d,", n)
		for i := range 5 {
			want[fmt.Sprintf("n/%d", i)] = fmt.Sprint(size)
			want[fmt.Sprintf("pad/%d/%d", i, n)] = string(make([]byte, 300))
		}
	}
	if size > 0 {
		want["log"], want[fmt.Sprintf("last/%d", size)] = log.String(), ""
	}
	err := sn.Scan(nil, []byte("\xff"), func(k, v []byte) error {
		if w, ok := want[string(k)]; !ok || w != string(v) {
			return fmt.Errorf("size %d: %s is %q, want %q", size, k, v, w)
		}
		delete(want, string(k))
		return nil
	})
	if err == nil && len(want) > 0 {
		err = fmt.Errorf("size %d: %d records are missing", size, len(want))
	}
	return err
}

// wantRecovered opens the store in fs, which must be as after at least lo and at
// most hi commits, and goes on from there.
func wantRecovered(t *testing.T, fs vfs.FS, lo, hi uint64) {
	t.Helper()
	s := mustOpen(t, "db", Options{FS: fs, memTableSize: 4 << 10})
	size, err := checkWhole(s)
	fatalIfErr(t, err)
	if size < lo || size > hi {
		t.Fatalf("recovered %d commits, want %d to %d", size, lo, hi)
	}
	fatalIfErr(t, s.Commit(testBatch(size+1)))
	_, err = checkWhole(s)
	fatalIfErr(t, err)
	fatalIfErr(t, s.Close())
}

// TestCrash takes the power away before each change of a file, and after each
// commit, and looks at what is left: all that was synced, and none, some or all
// of the rest.
func TestCrash(t *testing.T) {
	const commits = 60
	type crash struct {
		fs           vfs.FS
		acknowledged uint64
		begun        uint64
		what         string
	}
	// MemFS.ReuseForWrite read-locks twice, which deadlocks with a CrashClone.
	var mu sync.RWMutex
	var crashes []crash
	var acknowledged, begun atomic.Uint64
	mem := vfs.NewCrashableMem()
	rng := rand.New(rand.NewPCG(rand.Uint64(), 0))
	take := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		for _, percent := range []int{0, 50} {
			if percent > 0 && rng.IntN(4) > 0 {
				continue
			}
			// In this order: commits go on meanwhile.
			a := acknowledged.Load()
			fs := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng})
			crashes = append(crashes, crash{fs, a, begun.Load(), what})
		}
	}
	s := mustOpen(t, "db", Options{memTableSize: 4 << 10, FS: &hookFS{mem, func(what string, do func() error) error {
		take(what)
		mu.RLock()
		defer mu.RUnlock()
		return do()
	}}})
	for n := uint64(1); n <= commits; n++ {
		begun.Store(n)
		fatalIfErr(t, s.Commit(testBatch(n)))
		acknowledged.Store(n)
		take("acknowledged")
	}
	fatalIfErr(t, s.Close())
	tables := 0
	for i, c := range crashes {
		if strings.HasPrefix(c.what, "create") && strings.HasSuffix(c.what, ".sst") {
			tables++
		}
		if testing.Short() && i%10 != 0 {
			continue
		}
		wantRecovered(t, c.fs, c.acknowledged, c.begun)
	}
	if tables == 0 {
		t.Error("nothing was flushed")
	}
	t.Logf("%d crashes, %d while a table was being made", len(crashes), tables)
}

var errTestDisk = errors.New("no space left on test device")

// TestFault fails each change of a file in turn, applied or not, and checks that
// the store stops with an error, that it can still be read, and what it left.
func TestFault(t *testing.T) {
	seen := map[string]bool{}
	step := int64(1)
	if testing.Short() {
		step = 7
	}
	for _, applied := range []bool{false, true} {
		for i := int64(0); ; i += step {
			what := testFault(t, i, applied)
			if what == "" {
				t.Logf("%d changes", i)
				break
			}
			// Without the number of the file.
			seen[strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return -1
				}
				return r
			}, what)] = true
		}
	}
	t.Logf("failed: %v", seen)
}

// testFault fails change i and returns what it was, "" if there were fewer.
func testFault(t *testing.T, i int64, applied bool) (what string) {
	const commits = 25
	var count atomic.Int64
	count.Store(-1 << 40) // not while it is being opened
	mem := vfs.NewCrashableMem()
	failed := make(chan string, 1)
	s := mustOpen(t, "db", Options{memTableSize: 4 << 10, FS: &hookFS{mem, func(what string, do func() error) error {
		// Failed removals are Pebble's business, and harmless.
		if strings.HasPrefix(what, "remove") || count.Add(1)-1 != i {
			return do()
		}
		failed <- what
		if applied {
			return errors.Join(do(), errTestDisk)
		}
		return errTestDisk
	}}})
	sn, err := s.Snapshot()
	fatalIfErr(t, err)
	count.Store(0)
	n := uint64(1)
	for ; n <= commits; n++ {
		done := make(chan error, 1)
		go func() { done <- s.Commit(testBatch(n)) }()
		select {
		case err = <-done:
		case <-time.After(20 * time.Second):
			t.Fatalf("change %d failed, commit %d hangs", i, n)
		}
		if err != nil {
			break
		}
		// Keep a snapshot that has seen something.
		fatalIfErr(t, sn.Close())
		if sn, err = s.Snapshot(); err != nil {
			break // it stopped meanwhile
		}
	}
	if err == nil {
		fatalIfErr(t, sn.Close())
		// What fails now fails in Close, in either way.
		err := s.Close()
		wantRecovered(t, mem.CrashClone(vfs.CrashCloneCfg{}), commits, commits)
		select {
		case what := <-failed:
			return what
		default:
			fatalIfErr(t, err)
			return ""
		}
	}
	what = <-failed
	if !errors.Is(err, errTestDisk) || errors.Is(err, directory.ErrConflict) {
		t.Fatalf("%s failed: commit %d: %v", what, n, err)
	}
	acknowledged := n - 1
	if sn == nil {
		acknowledged, n = n, n+1
	} else {
		fatalIfErr(t, checkSnapshot(sn, acknowledged))
		fatalIfErr(t, sn.Close())
	}
	_, serr := s.Snapshot()
	for _, err := range []error{serr, s.Commit(testBatch(n)), s.Close()} {
		if !errors.Is(err, errTestDisk) {
			t.Fatalf("%s failed: later: %v", what, err)
		}
	}
	if n := s.DiskUsage(); n != 0 {
		t.Errorf("disk usage %d", n)
	}
	wantRecovered(t, mem.CrashClone(vfs.CrashCloneCfg{}), acknowledged, n)
	wantRecovered(t, mem, acknowledged, n) // the lock is free
	return what
}

// TestOpenFault fails each change of a file while a store is opened.
func TestOpenFault(t *testing.T) {
	for _, commits := range []uint64{0, 30} {
		for i := 0; ; i++ {
			var count atomic.Int64
			mem := vfs.NewCrashableMem()
			s := mustOpen(t, "db", Options{FS: mem, memTableSize: 4 << 10})
			for n := uint64(1); n <= commits; n++ {
				fatalIfErr(t, s.Commit(testBatch(n)))
			}
			crashed := mem.CrashClone(vfs.CrashCloneCfg{})
			fatalIfErr(t, s.Close())
			if commits == 0 {
				crashed = vfs.NewCrashableMem()
			}
			s, err := Open("db", Options{memTableSize: 4 << 10, FS: &hookFS{crashed, func(what string, do func() error) error {
				if !strings.HasPrefix(what, "remove") && count.Add(1)-1 == int64(i) {
					return errTestDisk
				}
				return do()
			}}})
			if err == nil {
				_ = s.Close() // it may have stopped since
			} else if !errors.Is(err, errTestDisk) && !strings.Contains(err.Error(), errTestDisk.Error()) {
				t.Fatalf("change %d failed: %v", i, err)
			}
			done := count.Load() <= int64(i)
			wantRecovered(t, crashed, commits, commits)
			if done {
				t.Logf("%d changes", i)
				break
			}
		}
	}
}

// TestCorruption damages the tables under an open store: reads return errors,
// and the first one stops the store.
func TestCorruption(t *testing.T) {
	dir := t.TempDir()
	opts := Options{memTableSize: 64 << 10}
	s := mustOpen(t, dir, opts)
	fillRecords(t, s, 10000)
	fatalIfErr(t, s.Close())
	s = mustOpen(t, dir, opts) // this reads little
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	fatalIfErr(t, err)
	if len(tables) == 0 {
		t.Fatal("no tables")
	}
	for _, name := range tables {
		data, err := os.ReadFile(name)
		fatalIfErr(t, err)
		data[len(data)/2] ^= 1
		fatalIfErr(t, os.WriteFile(name, data, 0o600))
	}
	if sn, err := s.Snapshot(); err == nil {
		err := sn.Scan([]byte("p"), []byte("q"), func(k, v []byte) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "checksum") {
			t.Errorf("reading damaged tables: %v", err)
		}
		fatalIfErr(t, sn.Close())
	}
	if _, err := s.Snapshot(); err == nil {
		t.Error("the store goes on")
	}
	if err := s.Close(); err == nil {
		t.Error("Close returns no error")
	}
}
