package prefixtree

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"sync"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

func randHash(rng *rand.Rand) (h merkle.Hash) {
	for i := range h {
		h[i] = byte(rng.Uint32())
	}
	return h
}

// randKey returns a random key, or one that shares a random number of bits, up
// to maxShared, with one of near and differs in the next.
func randKey(rng *rand.Rand, near []Leaf, maxShared int) Key {
	k := Key(randHash(rng))
	if len(near) == 0 || maxShared == 0 || rng.IntN(3) == 0 {
		return k
	}
	o := near[rng.IntN(len(near))].Key
	n := rng.IntN(maxShared + 1)
	for i := range n + 1 {
		b := o.bit(i)
		if i == n {
			b = 1 - b
		}
		m := byte(1) << (7 - i%8)
		k[i/8] &^= m
		if b == 1 {
			k[i/8] |= m
		}
	}
	return k
}

// freshLeaves returns n leaves with keys that are not in all, to which it adds
// them, and none of which shares 255 bits with another.
func freshLeaves(rng *rand.Rand, all *[]Leaf, n, maxShared int) []Leaf {
	var ls []Leaf
next:
	for len(ls) < n {
		k := randKey(rng, *all, maxShared)
		for _, l := range *all {
			if commonBits(&l.Key, &k) >= 255 {
				continue next
			}
		}
		l := Leaf{k, randHash(rng)}
		ls = append(ls, l)
		*all = append(*all, l)
	}
	return ls
}

// checkVersion compares a version with the reference.
func checkVersion(t *testing.T, rng *rand.Rand, v *Version, all []Leaf, maxShared int) {
	t.Helper()
	ls := sortedLeaves(all)
	if got, want := v.Hash(), refHash(ls, 0); got != want {
		t.Fatalf("root %v, want %v (%d leaves)", got, want, len(ls))
	}
	for range 4 {
		var keys []Key
		for range rng.IntN(6) {
			if len(ls) > 0 && rng.IntN(2) == 0 {
				keys = append(keys, ls[rng.IntN(len(ls))].Key)
			} else {
				k := randKey(rng, ls, maxShared)
				keys = append(keys, k)
			}
		}
		checkProof(t, v.Root(), ls, keys)
	}
}

// checkProof compares the proof for keys with the reference, and verifies it.
func checkProof(t *testing.T, root Node, ls []Leaf, keys []Key) {
	t.Helper()
	want, wantCs := refProve(ls, keys)
	got, cs, err := Prove(root, keys)
	fatalIfErr(t, err)
	if !sameProof(got, want) || len(keys) > 0 && !reflect.DeepEqual(cs, wantCs) {
		t.Fatalf("proof %v, want %v", got, want)
	}
	h, err := got.Root(keys, cs)
	fatalIfErr(t, err)
	if h != refHash(ls, 0) {
		t.Fatalf("proof leads to root %v, want %v", h, refHash(ls, 0))
	}
}

func TestHistory(t *testing.T) {
	for _, c := range []struct {
		name               string
		entries, batch     int
		maxShared, maxSize int
		cache              int
	}{
		{"singles", 200, 1, 0, 200, 0},
		{"singles cached", 250, 1, 0, 250, 1 << 20},
		{"batches", 25, 60, 0, 1500, 1 << 18},
		{"large batch", 2, 1500, 0, 3000, 0},
		{"shared prefixes", 25, 30, 20, 700, 1 << 20},
		{"long shared prefixes", 16, 25, 254, 300, 1 << 16},
		{"tiny cache", 40, 20, 30, 500, 3000},
	} {
		t.Run(c.name, func(t *testing.T) { testHistory(t, c.entries, c.batch, c.maxShared, c.maxSize, c.cache) })
	}
}

func testHistory(t *testing.T, entries, batch, maxShared, maxSize, cache int) {
	rng := rand.New(rand.NewPCG(1, uint64(entries)))
	tr, s := &Tree{Prefix: []byte{7}}, &memStore{}
	if cache > 0 {
		tr.Cache = NewCache(cache)
	}
	var all []Leaf
	ends := []int{} // ends[e] leaves are in the version of entry e
	for e := range entries {
		n := 1 + rng.IntN(batch)
		if e%7 == 3 || len(all)+n > maxSize {
			n = 0
		}
		ls := freshLeaves(rng, &all, n, maxShared)
		ins := insert(t, tr, s, uint64(e), ls)
		if want := refHash(sortedLeaves(all), 0); ins.Root != want {
			t.Fatalf("entry %d: root %v, want %v", e, ins.Root, want)
		}
		ends = append(ends, len(all))
	}
	for _, tr := range []*Tree{tr, {Prefix: tr.Prefix}} {
		for e, n := range ends {
			if entries > 50 && e%5 != 0 {
				continue
			}
			v, err := tr.At(s, uint64(e))
			fatalIfErr(t, err)
			checkVersion(t, rng, v, all[:n], maxShared)
		}
	}
	v, err := tr.At(s, math.MaxUint64)
	fatalIfErr(t, err)
	checkVersion(t, rng, v, all, maxShared)
	var keys []Key
	for _, l := range all {
		keys = append(keys, l.Key)
	}
	checkProof(t, v.Root(), sortedLeaves(all), keys)
	if tr.Cache.Bytes() > cache {
		t.Errorf("cache holds %d bytes of %d", tr.Cache.Bytes(), cache)
	}
}

func TestInsertErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	tr, s := &Tree{}, &memStore{}
	var all []Leaf
	first := freshLeaves(rng, &all, 300, 0)
	insert(t, tr, s, 5, first)
	for _, c := range []struct {
		name   string
		entry  uint64
		leaves []Leaf
		want   error
	}{
		{"present", 6, []Leaf{{Key: first[7].Key}}, ErrExists},
		{"twice", 6, []Leaf{{Key: Key{1}}, {Key: Key{2}}, {Key: Key{1}}}, ErrExists},
		{"same entry", 5, []Leaf{{Key: Key{1}}}, errEntry},
		{"earlier entry", 4, []Leaf{{Key: Key{1}}}, errEntry},
		{"too deep", 6, []Leaf{{Key: Key{31: 2}}, {Key: Key{31: 3}}}, errTooDeep},
	} {
		_, err := tr.Insert(s, newBatch(), c.entry, c.leaves)
		t.Log(c.name, err)
		wantErr(t, err, c.want)
	}
	k := first[7].Key
	k[31] ^= 1
	_, err := tr.Insert(s, newBatch(), 6, []Leaf{{Key: k}})
	wantErr(t, err, errTooDeep)

	b := newBatch()
	ins, err := tr.Insert(s, b, 1, nil)
	fatalIfErr(t, err)
	if ins.Root != refHash(sortedLeaves(all), 0) || len(b.set)+len(b.app) != 0 {
		t.Error("inserting nothing changed something")
	}
}

// TestDeepest fills the last levels with keys that share up to 254 bits.
func TestDeepest(t *testing.T) {
	tr, s := &Tree{}, &memStore{}
	var all []Leaf
	for i := range 128 {
		all = append(all, Leaf{Key: Key{31: byte(2 * i)}, Commitment: merkle.Hash{byte(i)}})
	}
	insert(t, tr, s, 0, all[:40])
	insert(t, tr, s, 1, all[40:])
	for e, n := range []int{40, 128} {
		v, err := tr.At(s, uint64(e))
		fatalIfErr(t, err)
		ls := sortedLeaves(all[:n])
		checkProof(t, v.Root(), ls, []Key{all[3].Key, {31: 0xfd}, {31: 0x81}, {0: 1}})
	}
}

var errBroken = errors.New("broken")

type brokenStore struct{ Reader }

func (brokenStore) Get([]byte) ([]byte, error) { return nil, errBroken }

type brokenWriter struct{ n int }

func (w *brokenWriter) write() error {
	if w.n--; w.n < 0 {
		return errBroken
	}
	return nil
}
func (w *brokenWriter) Set(k, v []byte) error    { return w.write() }
func (w *brokenWriter) Append(k, v []byte) error { return w.write() }

func TestStoreErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	tr, s := &Tree{}, &memStore{}
	var all []Leaf
	insert(t, tr, s, 0, freshLeaves(rng, &all, 100, 0))
	v, err := tr.At(brokenStore{s}, 0)
	fatalIfErr(t, err)
	sr := NewSearcher(v.Root())
	for range 2 {
		_, _, err = sr.Search(all[0].Key)
		wantErr(t, err, errBroken)
		_, err = sr.Proof()
		wantErr(t, err, errBroken)
	}
	_, _, err = Prove(v.Root(), []Key{all[0].Key})
	wantErr(t, err, errBroken)
	_, err = tr.Insert(brokenStore{s}, newBatch(), 1, freshLeaves(rng, &all, 1, 0))
	wantErr(t, err, errBroken)
	for n := range 4 {
		_, err = tr.Insert(s, &brokenWriter{n}, 1, []Leaf{{Key: Key{1}}, {Key: Key{0x11}}, {Key: Key{0x21}}})
		if n < 4 {
			wantErr(t, err, errBroken)
		}
	}
}

// TestCorrupt damages every record in several ways: whatever is then searched,
// the answer is an error that says so, or the right one.
func TestCorrupt(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	tr, s := &Tree{Prefix: []byte("p")}, &memStore{}
	var all []Leaf
	for e := range 6 {
		insert(t, tr, s, uint64(e), freshLeaves(rng, &all, 50, 8))
	}
	ls := sortedLeaves(all)
	root := refHash(ls, 0)
	var keys []Key
	for _, l := range ls {
		keys = append(keys, l.Key)
	}
	detected := 0
	for _, k := range s.keys {
		good := s.vals[k]
		for i := range 24 {
			bad := append([]byte(nil), good...)
			switch at := rng.IntN(len(bad)); i % 4 {
			case 0:
				bad = bad[:at]
			case 1:
				bad = append(bad, bad[at:]...)
			default:
				bad[at] ^= 1 << rng.IntN(8)
			}
			s.vals[k] = bad
			v, err := tr.At(s, 5)
			if err == nil && v.Hash() != root {
				detected++ // the root page: the caller knows the root
				continue
			}
			var p Proof
			var cs []*merkle.Hash
			if err == nil {
				p, cs, err = Prove(v.Root(), keys)
			}
			if err != nil {
				detected++
				wantErr(t, err, ErrCorrupt)
				continue
			}
			if h, err := p.Root(keys, cs); err != nil || h != root {
				t.Fatalf("record %x: wrong proof from a damaged record: %v", k, err)
			}
			_, err = tr.Insert(s, newBatch(), 6, ls[:1])
			if !errors.Is(err, ErrExists) {
				wantErr(t, err, ErrCorrupt)
			}
		}
		delete(s.vals, k)
		if v, err := tr.At(s, 5); err == nil && v.root != nil {
			if _, _, err := Prove(v.Root(), keys); err != nil {
				wantErr(t, err, ErrCorrupt)
			}
		}
		s.vals[k] = good
	}
	t.Log(len(s.keys), "records,", detected, "damages detected")
	if detected < 100 {
		t.Errorf("only %d damages detected", detected)
	}
}

// TestConcurrent has readers of old snapshots share a cache with the writer.
func TestConcurrent(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	tr, s := &Tree{Cache: NewCache(1 << 18)}, &memStore{}
	var all []Leaf
	var wg sync.WaitGroup
	for e := range 12 {
		insert(t, tr, s, uint64(e), freshLeaves(rng, &all, 40, 10))
		snap, ls := s.snapshot(), sortedLeaves(all)
		want, seed := refHash(ls, 0), rng.Uint64()
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 0))
			for range 30 {
				keys := []Key{ls[rng.IntN(len(ls))].Key, randKey(rng, ls, 10)}
				v, err := tr.At(snap, uint64(e))
				if err != nil {
					t.Error(err)
					return
				}
				p, cs, err := Prove(v.Root(), keys)
				if err != nil {
					t.Error(err)
					return
				}
				if h, err := p.Root(keys, cs); err != nil || h != want {
					t.Errorf("entry %d: root %v, %v, want %v", e, h, err, want)
				}
			}
		})
	}
	wg.Wait()
}

// TestFailedCommit inserts other leaves at the entry of a batch that was lost.
func TestFailedCommit(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	tr, s := &Tree{Cache: NewCache(1 << 20)}, &memStore{}
	var all []Leaf
	insert(t, tr, s, 0, freshLeaves(rng, &all, 100, 0))
	lost := append([]Leaf(nil), all...)
	_, err := tr.Insert(s, newBatch(), 1, freshLeaves(rng, &lost, 50, 0))
	fatalIfErr(t, err)
	insert(t, tr, s, 1, freshLeaves(rng, &all, 50, 0))
	v, err := tr.At(s, 1)
	fatalIfErr(t, err)
	checkVersion(t, rng, v, all, 0)
}

func TestChunks(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	tr, s := &Tree{}, &memStore{}
	var all []Leaf
	for e := range 300 {
		insert(t, tr, s, uint64(e), freshLeaves(rng, &all, 1, 0))
	}
	chunks := 0
	for _, k := range s.keys {
		if k[0] == 0 { // the root page
			chunks++
		}
	}
	if chunks != 3 {
		t.Errorf("%d chunks of the root page after 300 changes, want 3", chunks)
	}
}

func TestRecordRoundTrip(t *testing.T) {
	st := &pageState{first: 1000, last: 1000}
	st.slots[2] = pageSlot{merkle.Hash{1}, 3, slotBucket}
	st.slots[15] = pageSlot{merkle.Hash{2}, 1000, slotPage}
	b := appendPageFull(nil, st)
	next := *st
	next.last = 5000
	next.slots[0] = pageSlot{merkle.Hash{3}, 5000, slotLeaf}
	next.slots[15] = pageSlot{merkle.Hash{4}, 5000, slotPage}
	next.changes = 2
	b = appendPageDelta(b, &next, 1000, 1<<0|1<<15)
	for upTo, want := range map[uint64]*pageState{1000: st, 4999: st, 5000: &next, math.MaxUint64: &next} {
		got, err := decodePage(b, 1000, upTo)
		fatalIfErr(t, err)
		if *got != *want {
			t.Errorf("page as of %d: %v, want %v", upTo, got, want)
		}
	}
	leaves := []Leaf{{Key{2}, merkle.Hash{1}}, {Key{1}, merkle.Hash{2}}, {Key{3}, merkle.Hash{3}}}
	b = appendBucket(appendBucket(nil, leaves[:2], 0, 7), leaves[2:], 7, 300)
	for upTo, n := range map[uint64]int{7: 2, 299: 2, 300: 3} {
		got, _, err := decodeBucket(b, upTo)
		fatalIfErr(t, err)
		if !reflect.DeepEqual(got, leaves[:n]) {
			t.Errorf("bucket as of %d: %v", upTo, got)
		}
	}
	_, _, err := decodeBucket(b, 6)
	wantErr(t, err, errRecord)
}

func TestCacheEvicts(t *testing.T) {
	c := NewCache(cacheShards * 3 * (pageSize + viewOverhead))
	for i := range 1000 {
		p := path{}.child(i & 15).child(i >> 4 & 15).child(i >> 8)
		c.put(p, 1, &page{})
		if c.get(p, 1) == nil || c.get(p, 2) != nil {
			t.Fatal("lookup in the cache is wrong")
		}
	}
	if n := c.Bytes(); n > cacheShards*3*(pageSize+viewOverhead) || n < cacheShards*2*(pageSize+viewOverhead) {
		t.Errorf("%d bytes in the cache", n)
	}
}

// TestCacheCounts compares what the cache says it holds with the heap.
func TestCacheCounts(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	tr, s := &Tree{Cache: NewCache(64 << 20)}, &memStore{}
	for e := range 20 {
		ls := make([]Leaf, 1000)
		for i := range ls {
			ls[i] = Leaf{Key(randHash(rng)), randHash(rng)}
		}
		insert(t, tr, s, uint64(e), ls)
	}
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	with, counted := heap(), tr.Cache.Bytes()
	runtime.KeepAlive(tr)
	tr.Cache = nil
	real := with - heap()
	runtime.KeepAlive(s)
	t.Logf("%d bytes counted, %d on the heap", counted, real)
	if counted < real*8/10 || counted > real*12/10 {
		t.Errorf("cache counts %d bytes, the heap %d", counted, real)
	}
}

func ExampleTree() {
	var store memStore
	tree := &Tree{Prefix: []byte{'t'}}
	batch := newBatch()
	ins, err := tree.Insert(&store, batch, 0, []Leaf{{Key: Key{1}, Commitment: merkle.Hash{2}}})
	if err != nil {
		panic(err)
	}
	store.commit(batch)

	v, err := tree.At(&store, 0)
	if err != nil {
		panic(err)
	}
	keys := []Key{{1}, {3}}
	proof, commitments, err := Prove(v.Root(), keys)
	if err != nil {
		panic(err)
	}
	root, err := proof.Root(keys, commitments)
	fmt.Println(root == ins.Root, err, proof.Results[1].Type == NonInclusionLeaf)
	// Output: true <nil> true
}
