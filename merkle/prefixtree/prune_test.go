package prefixtree

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
)

// Scan implements Scanner.
func (s roStore) Scan(lo, hi []byte, fn func(key, value []byte) error) error {
	for _, k := range s.keys[sort.SearchStrings(s.keys, string(lo)):] {
		if k >= string(hi) {
			break
		}
		if err := fn([]byte(k), s.vals[k]); err != nil {
			return err
		}
	}
	return nil
}

// delete removes a key. Snapshots stay as they are.
func (s *memStore) delete(key string) {
	s.vals = maps.Clone(s.vals)
	delete(s.vals, key)
	s.keys = slices.DeleteFunc(slices.Clone(s.keys), func(k string) bool { return k == key })
}

// pruneAll prunes in steps of limit chunks, and calls between before each one is
// committed. It returns how many records went.
func pruneAll(t *testing.T, tr *Tree, s *memStore, horizon uint64, limit int, between func()) int {
	t.Helper()
	n := 0
	for from := []byte(nil); ; {
		var keys []string
		next, err := tr.Prune(s.snapshot(), horizon, from, limit, func(key []byte) { keys = append(keys, string(key)) })
		fatalIfErr(t, err)
		between()
		for _, k := range keys {
			if s.vals[k] == nil {
				t.Fatalf("pruning removes %x, which is not there", k)
			}
			s.delete(k)
			n++
		}
		if next == nil {
			return n
		}
		from = next
	}
}

// checkPruned compares all versions from the horizon on with those of an
// unpruned copy: roots, and proofs of all the given leaves and of other keys.
func checkPruned(t *testing.T, rng *rand.Rand, pruned, whole Reader, horizon, size uint64, leaves []Leaf) {
	t.Helper()
	// No cache: everything is read from the store.
	tr := &Tree{Prefix: []byte("p")}
	for entry := horizon; entry < size; entry++ {
		got, err := tr.At(pruned, entry)
		fatalIfErr(t, err)
		want, err := tr.At(whole, entry)
		fatalIfErr(t, err)
		if got.Hash() != want.Hash() {
			t.Fatalf("version %d of %d, pruned to %d, has another root", entry, size, horizon)
		}
		a, b := NewSearcher(got.Root()), NewSearcher(want.Root())
		for range 2 {
			leaves = append(leaves, Leaf{Key: randKey(rng, leaves, 20)})
		}
		for i := range leaves {
			ra, ca, err := a.Search(leaves[i].Key)
			fatalIfErr(t, err)
			rb, cb, err := b.Search(leaves[i].Key)
			fatalIfErr(t, err)
			if ra != rb || (ca == nil) != (cb == nil) || ca != nil && *ca != *cb {
				t.Fatalf("version %d, pruned to %d: %v, want %v", entry, horizon, ra, rb)
			}
		}
		pa, err := a.Proof()
		fatalIfErr(t, err)
		pb, err := b.Proof()
		fatalIfErr(t, err)
		if !slices.Equal(pa.Elements, pb.Elements) {
			t.Fatalf("version %d, pruned to %d: another proof", entry, horizon)
		}
	}
}

// TestPruneEvery prunes small trees to every horizon, and reads every version
// that has to be left.
func TestPruneEvery(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	tr := &Tree{Prefix: []byte("p")}
	var s memStore
	var all []Leaf
	const size = 60
	for entry := range uint64(size) {
		n := 0 // some entries insert nothing
		if rng.IntN(4) > 0 {
			n = 1 + rng.IntN(12)
		}
		insert(t, tr, &s, entry, freshLeaves(rng, &all, n, 10))
		if entry%7 != 0 && entry != size-1 {
			continue
		}
		whole := s.snapshot()
		for horizon := range entry + 1 {
			pruned := memStore{keys: whole.keys, vals: whole.vals}
			pruneAll(t, tr, &pruned, horizon, 1+rng.IntN(9), func() {})
			checkPruned(t, rng, pruned.snapshot(), whole, horizon, entry+1, slices.Clone(all[:min(len(all), 40)]))
			if n := pruneAll(t, tr, &pruned, horizon, 5, func() {}); n != 0 {
				t.Fatalf("pruning to %d again removes %d records", horizon, n)
			}
		}
	}
}

// TestPruneWhileInserting has epochs come in between a step of pruning and its
// commit, with a cache that still has what was pruned, and prunes again and again.
func TestPruneWhileInserting(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	tr := &Tree{Prefix: []byte("p"), Cache: NewCache(1 << 20)}
	plain := &Tree{Prefix: []byte("p")}
	var s, whole memStore
	var all []Leaf
	size := uint64(0)
	add := func() {
		leaves := freshLeaves(rng, &all, rng.IntN(20), 8)
		insert(t, plain, &whole, size, leaves)
		insert(t, tr, &s, size, leaves)
		size++
	}
	removed, most := 0, 0
	for horizon := uint64(0); size < 400; {
		for range 40 {
			add()
		}
		horizon += uint64(rng.IntN(int(size - horizon)))
		n := pruneAll(t, tr, &s, horizon, 1+rng.IntN(40), add)
		removed, most = removed+n, max(most, len(s.keys))
		sample := slices.Clone(all)
		rng.Shuffle(len(sample), func(i, j int) { sample[i], sample[j] = sample[j], sample[i] })
		checkPruned(t, rng, s.snapshot(), whole.snapshot(), horizon, size, sample[:50])
	}
	t.Logf("%d of %d records were removed", removed, len(whole.keys))
	if removed < 30 || removed != len(whole.keys)-len(s.keys) {
		t.Errorf("%d records were removed of %d, %d are left", removed, len(whole.keys), len(s.keys))
	}
}

// TestPruneRemoves checks what is left of a page that changes with every entry,
// and of the buckets above it.
func TestPruneRemoves(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	tr := &Tree{Prefix: []byte("p")}
	var s memStore
	var all []Leaf
	const size, horizon = 2000, 1990
	for entry := range uint64(size) {
		insert(t, tr, &s, entry, freshLeaves(rng, &all, 1, 0))
	}
	pruneAll(t, tr, &s, horizon, 100, func() {})
	pages, buckets := map[string]int{}, 0
	for _, k := range s.keys {
		if k[1]&bucketTag != 0 {
			buckets++
			continue
		}
		if binary.BigEndian.Uint64([]byte(k[len(k)-8:])) <= horizon {
			pages[k[:len(k)-8]]++
		}
		if _, ok := s.vals[string(append([]byte{k[0], k[1] | bucketTag}, k[2:len(k)-8]...))]; ok && k[1] > 0 {
			t.Errorf("page %x has a bucket", k)
		}
	}
	for page, n := range pages {
		if n != 1 {
			t.Errorf("page %x has %d chunks from before the horizon", page, n)
		}
	}
	if len(pages) < 17 || buckets < size/maxBucket {
		t.Errorf("%d pages and %d buckets are too few", len(pages), buckets)
	}
	whole, err := tr.At(s.snapshot(), size-1)
	fatalIfErr(t, err)
	if whole.Hash() != refHash(sortedLeaves(all), 0) {
		t.Error("the latest version has another root")
	}
	// An old version is an error, and not another tree.
	if v, err := tr.At(s.snapshot(), 0); err == nil && v.Hash() == whole.Hash() {
		t.Error("an old version is the latest")
	}
}

// TestPruneErrors: a key that is none, and errors of the store.
func TestPruneErrors(t *testing.T) {
	tr := &Tree{Prefix: []byte("p")}
	none := func([]byte) { t.Error("something is removed") }
	for _, key := range []string{"p\x00", "p\x00\x00\x00\x00\x00\x00\x00\x00", "p\x01\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00", "p\x02\x10"} {
		s := roStore{[]string{key}, map[string][]byte{key: {1}}}
		_, err := tr.Prune(s, 9, nil, 10, none)
		wantErr(t, err, ErrCorrupt)
	}
	_, err := tr.Prune(brokenScanner{}, 9, nil, 10, none)
	wantErr(t, err, errBroken)
}

// brokenScanner has one page and cannot read its bucket.
type brokenScanner struct{ brokenStore }

func (brokenScanner) Scan(_, _ []byte, fn func(key, value []byte) error) error {
	return fn(pageKey([]byte("p"), path{}.child(3), 0), nil)
}
