package directory_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// reference is the public log of a directory as package tlog computes it from
// the entries.
type reference struct {
	hashes  []tlog.Hash
	entries [][]byte
}

func newReference(t testing.TB, f *fixture) *reference {
	t.Helper()
	size, err := f.TreeSize()
	fatalIfErr(t, err)
	entries, err := f.Entries(t.Context(), 0, size)
	fatalIfErr(t, err)
	r := &reference{}
	for i, e := range entries {
		r.entries = append(r.entries, e.Marshal())
		stored, err := tlog.StoredHashes(int64(i), e.Marshal(), r)
		fatalIfErr(t, err)
		r.hashes = append(r.hashes, stored...)
	}
	return r
}

// ReadHashes implements tlog.HashReader.
func (r *reference) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, r.hashes[i])
	}
	return out, nil
}

func (r *reference) root(t testing.TB, size uint64) merkle.Hash {
	t.Helper()
	h, err := tlog.TreeHash(int64(size), r)
	fatalIfErr(t, err)
	return merkle.Hash(h)
}

// content returns what a tile must have, without the changes.
func (r *reference) content(t testing.TB, x tile.Tile) []byte {
	t.Helper()
	if x.Kind == tile.Entries {
		var b []byte
		lo, hi := x.Range()
		for _, e := range r.entries[lo:hi] {
			b = append(b, 0, 40)
			b = append(b, e...)
		}
		return b
	}
	b, err := tlog.ReadTileData(tlog.Tile{H: 8, L: int(x.Level), N: int64(x.Index), W: int(x.Width)}, r)
	fatalIfErr(t, err)
	return b
}

func (f *fixture) tile(t testing.TB, x tile.Tile) []byte {
	t.Helper()
	var b bytes.Buffer
	fatalIfErr(t, f.WriteTile(t.Context(), x, &b))
	return b.Bytes()
}

// newPublicLog returns a directory with a log of some size, of which one entry has
// many leaves.
func newPublicLog(t testing.TB, size uint64) *fixture {
	t.Helper()
	f := newFixture(t, nil)
	many := make([]directory.NewVersions, 2*1024+500) // more than two pieces
	for i := range many {
		many[i] = directory.NewVersions{Label: fmt.Appendf(nil, "many%d", i), Values: [][]byte{{1}}}
	}
	outcomes, err := f.Insert(t.Context(), many)
	fatalIfErr(t, errors.Join(append(outcomes, err)...))
	for i := uint64(2); i < size; i++ {
		fatalIfErr(t, f.update(fmt.Sprint("label", i), "value", nil))
	}
	return f
}

func TestPublicLog(t *testing.T) {
	const size = 300
	f := newPublicLog(t, size)
	r := newReference(t, f)
	for n := uint64(1); n <= size; n++ {
		root, err := f.PublicRoot(n)
		fatalIfErr(t, err)
		if root != r.root(t, n) {
			t.Fatalf("root of %d entries", n)
		}
	}
	for old := uint64(0); old <= size; old++ {
		for _, n := range []uint64{old, old + 1, (old + size) / 2, size - 1, size} {
			if n >= old && n <= size {
				checkConsistency(t, f, r, old, n)
			}
		}
	}
	count := 0
	for n := range uint64(size + 1) { // every partial tile, too
		fatalIfErr(t, tile.Added(0, n, func(x tile.Tile) error {
			count++
			if x.Kind != tile.Changes && !bytes.Equal(f.tile(t, x), r.content(t, x)) {
				t.Fatalf("%s differs", x.Path())
			}
			return nil
		}))
	}
	t.Logf("%d tiles", count)
}

func checkConsistency(t *testing.T, f *fixture, r *reference, old, size uint64) {
	t.Helper()
	hashes, err := f.Consistency(old, size)
	fatalIfErr(t, err)
	list := make([][]byte, len(hashes))
	for i := range hashes {
		list[i] = hashes[i][:]
	}
	var root1 merkle.Hash
	if old > 0 {
		root1 = r.root(t, old)
	}
	root2 := r.root(t, max(size, 1))
	if size == 0 {
		root2 = root1
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old, size, list, root1[:], root2[:]); err != nil {
		t.Fatalf("from %d to %d: %v", old, size, err)
	}
}

// TestChanges replays the prefix tree from what is public, naively.
func TestChanges(t *testing.T) {
	const size = 300
	f := newPublicLog(t, size)
	entries, err := f.Entries(t.Context(), 0, size)
	fatalIfErr(t, err)
	bundles := bytes.NewReader(append(f.tile(t, tile.Tile{Kind: tile.Changes, Width: tile.FullWidth}),
		f.tile(t, tile.Tile{Kind: tile.Changes, Index: 1, Width: size - tile.FullWidth})...))
	store := make(records)
	tree := prefixtree.Tree{Prefix: []byte("p")}
	for i, e := range entries {
		change, err := tile.ReadChange(bundles)
		fatalIfErr(t, err)
		inserted, err := tree.Insert(store, store, uint64(i), change.Added)
		fatalIfErr(t, err)
		if inserted.Root != e.PrefixTree || len(change.Removed) != 0 {
			t.Fatalf("entry %d: the changes lead to another root", i)
		}
		if want := map[int]int{0: 2, 1: 2*1024 + 500}[i]; want != 0 && len(change.Added) != want {
			t.Errorf("entry %d has %d changes", i, len(change.Added))
		}
	}
	if _, err := tile.ReadChange(bundles); err != io.EOF {
		t.Errorf("after the last change: %v", err)
	}
}

// records is a store in memory. It implements prefixtree.Reader and Writer.
type records map[string][]byte

func (r records) Get(key []byte) ([]byte, error) { return r[string(key)], nil }
func (r records) Last(lo, hi []byte) (key, value []byte, err error) {
	last := ""
	for k := range r {
		if k >= string(lo) && k < string(hi) && k >= last {
			last, value = k, r[k]
		}
	}
	if value == nil {
		return nil, nil, nil
	}
	return []byte(last), value, nil
}
func (r records) Set(key, value []byte) error { r[string(key)] = bytes.Clone(value); return nil }
func (r records) Append(key, value []byte) error {
	r[string(key)] = append(bytes.Clone(r[string(key)]), value...)
	return nil
}

func TestNotInLog(t *testing.T) {
	f := newPublicLog(t, 5)
	var b bytes.Buffer
	for _, x := range []tile.Tile{
		{Width: 6}, {Width: tile.FullWidth}, {Index: 1, Width: 1}, {Level: 1, Width: 1}, {Level: 63, Width: 1},
		{Index: 1 << 63, Width: tile.FullWidth}, {Index: 1<<64 - 1, Width: tile.FullWidth},
		{Kind: tile.Entries, Width: 6}, {Kind: tile.Entries, Index: 1, Width: 1},
		{Kind: tile.Changes, Width: 6}, {Kind: tile.Changes, Index: 1 << 62, Width: 1},
	} {
		if err := f.WriteTile(t.Context(), x, &b); !errors.Is(err, directory.ErrNotInLog) || b.Len() > 0 {
			t.Errorf("%s: %v", x.Path(), err)
		}
	}
	for _, size := range []uint64{0, 6, 1 << 63} {
		if _, err := f.PublicRoot(size); !errors.Is(err, directory.ErrNotInLog) {
			t.Errorf("root of %d entries: %v", size, err)
		}
	}
	for _, c := range [][2]uint64{{3, 2}, {0, 6}, {6, 6}, {5, 1 << 63}} {
		if _, err := f.Consistency(c[0], c[1]); !errors.Is(err, directory.ErrNotInLog) {
			t.Errorf("from %d to %d: %v", c[0], c[1], err)
		}
	}
}

// brokenWriter fails after some bytes.
type brokenWriter struct{ left int }

var errBroken = errors.New("nobody listens")

func (w *brokenWriter) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, errBroken
	}
	return len(b), nil
}

func TestWriteTileFails(t *testing.T) {
	f := newPublicLog(t, 3)
	changes := tile.Tile{Kind: tile.Changes, Width: 3}
	if err := f.WriteTile(t.Context(), changes, &brokenWriter{left: 100_000}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.WriteTile(ctx, changes, io.Discard); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestWaitTreeSize(t *testing.T) {
	f := newFixture(t, nil)
	if n, err := f.WaitTreeSize(t.Context(), 0); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.WaitTreeSize(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for want := uint64(2); want < 6; want++ {
		wg.Go(func() {
			if n, err := f.WaitTreeSize(t.Context(), want-1); n < want || err != nil {
				t.Error(n, err)
			}
		})
	}
	for i := range 4 {
		fatalIfErr(t, f.update(fmt.Sprint(i), "value", nil))
	}
	wg.Wait()
	wg.Go(func() {
		if _, err := f.WaitTreeSize(t.Context(), 5); !errors.Is(err, directory.ErrClosed) {
			t.Error(err)
		}
	})
	f.Close()
	wg.Wait()
}

// TestSetCheckpoint stores checkpoints while epochs are made.
func TestSetCheckpoint(t *testing.T) {
	store := openStore(t, t.TempDir())
	f := open(t, testConfig(t, store))
	if c, err := f.Checkpoint(directory.CheckpointSigned); c != nil || err != nil {
		t.Fatal(c, err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 100 {
			if err := f.update(fmt.Sprint("label", i), "value", nil); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range 100 {
		want := fmt.Appendf(nil, "checkpoint %d", i)
		fatalIfErr(t, f.SetCheckpoint(t.Context(), directory.CheckpointSigned, want))
		got, err := f.Checkpoint(directory.CheckpointSigned)
		fatalIfErr(t, err)
		if !bytes.Equal(got, want) {
			t.Fatalf("stored %q, not %q", got, want)
		}
	}
	wg.Wait()
	if c, err := f.Checkpoint(directory.CheckpointServed); c != nil || err != nil {
		t.Fatal(c, err)
	}
	size, err := f.TreeSize()
	fatalIfErr(t, err)
	f.Close()
	if err := f.SetCheckpoint(t.Context(), directory.CheckpointSigned, nil); !errors.Is(err, directory.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
	again := open(t, testConfig(t, store))
	defer func() { again.Close(); fatalIfErr(t, store.Close()) }()
	got, err := again.Checkpoint(directory.CheckpointSigned)
	fatalIfErr(t, err)
	if n, err := again.TreeSize(); n != size || string(got) != "checkpoint 99" || err != nil {
		t.Errorf("later: %d entries, %q, %v", n, got, err)
	}
}

// TestDamagedLog deletes records of the public log one at a time.
func TestDamagedLog(t *testing.T) {
	store := &deletingStore{Store: openStore(t, t.TempDir())}
	f := open(t, testConfig(t, store))
	for i := range 9 {
		fatalIfErr(t, f.update(fmt.Sprint("label", i), "value", nil))
	}
	defer func() { f.Close(); fatalIfErr(t, store.Close()) }()
	for _, c := range []struct {
		kind   tile.Kind
		prefix string
	}{{tile.Hashes, "r\x00"}, {tile.Entries, "e"}, {tile.Changes, "c"}} {
		for i := range byte(10) {
			position := []byte{0, 0, 0, 0, 0, 0, 0, i}
			store.deleted = append([]byte(c.prefix), position...)
			x := tile.Tile{Kind: c.kind, Width: 10}
			if err := f.WriteTile(t.Context(), x, io.Discard); !errors.Is(err, directory.ErrCorrupt) || !strings.Contains(err.Error(), "9 of its 10") {
				t.Errorf("%s without element %d: %v", x.Path(), i, err)
			}
		}
	}
	store.deleted = nil
	fatalIfErr(t, f.update("later", "value", nil)) // a new snapshot
}

// deletingStore hides the records whose keys begin with deleted from scans.
type deletingStore struct {
	directory.Store
	deleted []byte
}

func (s *deletingStore) Snapshot() (directory.Snapshot, error) {
	snap, err := s.Store.Snapshot()
	return &deletingSnapshot{snap, s}, err
}

type deletingSnapshot struct {
	directory.Snapshot
	store *deletingStore
}

func (s *deletingSnapshot) Scan(lo, hi []byte, fn func(key, value []byte) error) error {
	return s.Snapshot.Scan(lo, hi, func(key, value []byte) error {
		if s.store.deleted != nil && bytes.HasPrefix(key, s.store.deleted) {
			return nil
		}
		return fn(key, value)
	})
}
