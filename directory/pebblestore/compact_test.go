package pebblestore

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
)

// secret is a value that compression leaves as it is.
func secret() []byte {
	b := make([]byte, 200)
	_, _ = rand.Read(b) // never fails
	return b
}

// tablesWith returns the tables in dir that have the bytes.
func tablesWith(t *testing.T, dir string, b []byte) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	fatalIfErr(t, err)
	for _, name := range files {
		data, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // it was about to be deleted
		}
		fatalIfErr(t, err)
		if bytes.Contains(data, b) {
			names = append(names, name)
		}
	}
	return names
}

// TestCompact: what is replaced or deleted is in no table afterwards, wherever it
// was before, and what is near it is as it was.
func TestCompact(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{memTableSize: 256 << 10})
	fatalIfErr(t, err)
	size := uint64(0)
	commit := func(writes ...directory.Write) {
		t.Helper()
		fatalIfErr(t, s.Commit(&directory.Batch{Base: size, Size: size + 1, Writes: writes}))
		size++
	}
	key := func(i int) []byte { return fmt.Appendf(nil, "key %04d", i) }
	var values [][]byte
	for i := range 4000 { // some tables, and a memtable
		values = append(values, secret())
		commit(directory.Write{Kind: directory.WriteSet, Key: key(i), Value: values[i]})
	}
	fatalIfErr(t, s.Compact(t.Context(), key(0), key(4000)))
	if len(tablesWith(t, dir, values[17])) == 0 {
		t.Fatal("values do not stand in tables as they are; the test means nothing")
	}
	for i := 7; i < 4000; i += 100 {
		kind := directory.WriteSet
		if i%200 == 7 {
			kind = directory.WriteDelete
		}
		commit(directory.Write{Kind: kind, Key: key(i), Value: []byte("erased")})
		fatalIfErr(t, s.Compact(t.Context(), key(i), append(key(i), 0)))
		if names := tablesWith(t, dir, values[i]); len(names) != 0 {
			t.Fatalf("value %d is still in %v", i, names)
		}
	}
	snap, err := s.Snapshot()
	fatalIfErr(t, err)
	for i := range values {
		got, err := snap.Get(key(i))
		fatalIfErr(t, err)
		want := values[i]
		switch {
		case i%200 == 7:
			want = nil
		case i%100 == 7:
			want = []byte("erased")
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("value %d is another one", i)
		}
	}
	fatalIfErr(t, snap.Close())
	fatalIfErr(t, s.Close())
	if err := s.Compact(t.Context(), key(0), key(1)); !errors.Is(err, errClosed) {
		t.Errorf("compacting a closed store: %v", err)
	}
}

// TestCompactWaits: a snapshot that can see a value keeps it, so that Compact
// waits for it, and ends with its context.
func TestCompactWaits(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	fatalIfErr(t, err)
	value := secret()
	fatalIfErr(t, s.Commit(&directory.Batch{Size: 1, Writes: []directory.Write{{Key: []byte("k"), Value: value}}}))
	snap, err := s.Snapshot()
	fatalIfErr(t, err)
	fatalIfErr(t, s.Commit(&directory.Batch{Base: 1, Size: 1, Writes: []directory.Write{{Kind: directory.WriteDelete, Key: []byte("k")}}}))

	fatalIfErr(t, s.db.Flush()) // into one table with the value and its deletion
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Compact(ctx, []byte("k"), []byte("l")); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("compacting what a snapshot sees: %v", err)
	}
	if err := s.Compact(t.Context(), []byte("k"), []byte("l")); !errors.Is(err, directory.ErrSnapshot) {
		t.Fatalf("compacting what a snapshot sees: %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Compact(t.Context(), []byte("k"), []byte("l")) }()
	fatalIfErr(t, snap.Close())
	fatalIfErr(t, <-done)
	if names := tablesWith(t, dir, value); len(names) != 0 {
		t.Errorf("the value is still in %v", names)
	}
	fatalIfErr(t, s.Compact(t.Context(), []byte("l"), []byte("k"))) // an empty range
	fatalIfErr(t, s.Close())
}
