package pebblestore

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/storetest"
	"github.com/ghostlight-kt/ghostlight/monitor/pebbleguard"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustOpen(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	s, err := Open(dir, opts)
	fatalIfErr(t, err)
	return s
}

func TestConformance(t *testing.T) {
	for _, test := range []struct {
		name    string
		options func() Options
		dir     func(t *testing.T) string
	}{
		{"Disk", func() Options { return Options{} }, (*testing.T).TempDir},
		{"Memory", func() Options { return Options{FS: vfs.NewMem()} }, func(*testing.T) string { return "db" }},
		// Many flushes and compactions.
		{"Small", func() Options { return Options{FS: vfs.NewMem(), memTableSize: 4 << 10, CacheSize: 64 << 10} },
			func(*testing.T) string { return "db" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) (directory.Store, func() directory.Store) {
				dir, opts := test.dir(t), test.options()
				return mustOpen(t, dir, opts), func() directory.Store { return mustOpen(t, dir, opts) }
			})
		})
	}
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{})
	if _, err := Open(dir, Options{}); !errors.Is(err, pebbleguard.ErrLocked) {
		t.Errorf("opened twice: %v, want %v", err, pebbleguard.ErrLocked)
	}
	fatalIfErr(t, s.Close())
	fatalIfErr(t, mustOpen(t, dir, Options{}).Close())
}

func TestFormat(t *testing.T) {
	write := func(dir string, merger *pebble.Merger, key, value string) {
		t.Helper()
		db, err := pebble.Open(dir, &pebble.Options{Merger: merger, Logger: pebbleguard.New(vfs.Default, Options{}.withDefaults().Logger)})
		fatalIfErr(t, err)
		fatalIfErr(t, db.Set([]byte(key), []byte(value), pebble.Sync))
		fatalIfErr(t, db.Close())
	}
	for _, test := range []struct {
		name       string
		merger     *pebble.Merger
		key, value string
		want       error
		text       string
	}{
		{"future", appendMerger, "\x00format", "ghostlight.store.v9", errFormat, `"ghostlight.store.v9"`},
		{"foreign", appendMerger, "somebody", "else", errForeign, "no format"},
		{"merger", nil, "somebody", "else", nil, "merger name"},
		{"empty format", appendMerger, "\x00format", "", errFormat, `""`},
	} {
		dir := t.TempDir()
		write(dir, test.merger, test.key, test.value)
		_, err := Open(dir, Options{})
		if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v, want %v with %s", test.name, err, test.want, test.text)
		}
	}
	dir := t.TempDir()
	fatalIfErr(t, mustOpen(t, dir, Options{}).Close())
	write(dir, appendMerger, "\x00size", "short")
	if _, err := Open(dir, Options{}); !errors.Is(err, errForeign) {
		t.Errorf("size of 5 bytes: %v", err)
	}
}

func TestNotADirectory(t *testing.T) {
	file := t.TempDir() + "/file"
	fatalIfErr(t, os.WriteFile(file, nil, 0o600))
	if _, err := Open(file, Options{}); err == nil || errors.Is(err, pebbleguard.ErrLocked) {
		t.Errorf("opened a file: %v", err)
	}
}

func TestClose(t *testing.T) {
	s := mustOpen(t, "db", Options{FS: vfs.NewMem()})
	sn, err := s.Snapshot()
	fatalIfErr(t, err)
	if err := s.Close(); err == nil {
		t.Fatal("closed in spite of a snapshot")
	}
	fatalIfErr(t, s.Commit(&directory.Batch{Size: 1}))
	if err := s.Close(); err == nil {
		t.Fatal("closed in spite of an old snapshot")
	}
	fatalIfErr(t, sn.Close())
	for name, err := range map[string]error{
		"Close":    sn.Close(),
		"Scan":     sn.Scan([]byte("a"), []byte("b"), nil),
		"Get":      func() error { _, err := sn.Get([]byte("a")); return err }(),
		"Last":     func() error { _, _, err := sn.Last([]byte("a"), []byte("b")); return err }(),
		"TreeSize": func() error { _, err := sn.TreeSize(); return err }(),
	} {
		if !errors.Is(err, errSnapshotClosed) {
			t.Errorf("%s of a closed snapshot: %v", name, err)
		}
	}
	if s.DiskUsage() == 0 {
		t.Error("no disk usage")
	}
	fatalIfErr(t, s.Close())
	_, err = s.Snapshot()
	for _, err := range []error{err, s.Commit(&directory.Batch{Base: 1, Size: 2}), s.Close()} {
		if !errors.Is(err, errClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	if n := s.DiskUsage(); n != 0 {
		t.Errorf("closed, and uses %d bytes", n)
	}
}

func TestConcatenation(t *testing.T) {
	for n := range 40 {
		parts := make([]string, n+1)
		for i := range parts {
			parts[i] = strings.Repeat(string(rune('a'+i)), i*i%17)
		}
		older, err := appendMerger.Merge(nil, []byte(parts[n]))
		fatalIfErr(t, err)
		newer, err := appendMerger.Merge(nil, []byte(parts[0]))
		fatalIfErr(t, err)
		for i := range n {
			fatalIfErr(t, older.MergeOlder([]byte(parts[n-1-i])))
			fatalIfErr(t, newer.MergeNewer([]byte(parts[i+1])))
		}
		a, _, err := older.Finish(true)
		fatalIfErr(t, err)
		b, _, err := newer.Finish(false)
		fatalIfErr(t, err)
		if want := strings.Join(parts, ""); string(a) != want || string(b) != want {
			t.Fatalf("%d parts: %q and %q, want %q", n, a, b, want)
		}
	}
}
