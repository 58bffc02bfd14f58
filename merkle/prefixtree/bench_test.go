package prefixtree

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Benchmarks over a store in memory that copies nothing but what it appends to.
// PREFIXTREE_KEYS sets the size of the tree, PREFIXTREE_CACHE the MB of cache.

func envInt(name string, def int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return def
}

func benchLeaves(rng *rand.ChaCha8, n int) []Leaf {
	ls := make([]Leaf, n)
	for i := range ls {
		for j := 0; j < merkle.HashSize; j += 8 {
			binary.LittleEndian.PutUint64(ls[i].Key[j:], rng.Uint64())
			binary.LittleEndian.PutUint64(ls[i].Commitment[j:], rng.Uint64())
		}
	}
	return ls
}

var bench struct {
	tr   *Tree
	s    *memStore
	rng  *rand.ChaCha8
	last uint64
	keys []Key // a sample: key i is in since entry i*batch/sampled
}

const benchBatch = 10_000

// benchTree returns a tree of a million keys, inserted in batches of 10,000.
// It reports what that took the first time.
func benchTree(b *testing.B) (*Tree, *memStore) {
	if bench.tr != nil {
		return bench.tr, bench.s
	}
	n := envInt("PREFIXTREE_KEYS", 1_000_000)
	bench.tr = &Tree{Prefix: []byte{'t'}}
	if c := envInt("PREFIXTREE_CACHE", 256); c > 0 {
		bench.tr.Cache = NewCache(c << 20)
	}
	bench.s, bench.rng = &memStore{}, rand.NewChaCha8([32]byte{1})
	step := max(n/10, benchBatch)
	var spent time.Duration
	size := 0
	for i := 0; i < n; i += benchBatch {
		ls := benchLeaves(bench.rng, benchBatch)
		for j := 0; j < 10; j++ {
			bench.keys = append(bench.keys, ls[j].Key)
		}
		spent += benchInsert(b, ls)
		if (i+benchBatch)%step == 0 {
			now := bench.s.bytes()
			b.Logf("%8d keys: %6.2f µs/key, %4d B/key in this step, %4d B/key in all, cache %d MB",
				i+benchBatch, float64(spent.Microseconds())/float64(step), (now-size)/step, now/(i+benchBatch), bench.tr.Cache.Bytes()>>20)
			spent, size = 0, now
		}
	}
	return bench.tr, bench.s
}

// benchInsert inserts and returns the time of Insert and Publish alone.
func benchInsert(b *testing.B, ls []Leaf) time.Duration {
	bench.last++
	batch := newBatch()
	start := time.Now()
	ins, err := bench.tr.Insert(bench.s, batch, bench.last, ls)
	spent := time.Since(start)
	if err != nil {
		b.Fatal(err)
	}
	bench.s.commit(batch)
	start = time.Now()
	bench.tr.Publish(ins)
	return spent + time.Since(start)
}

func BenchmarkInsert(b *testing.B) {
	for _, n := range []int{benchBatch, 100, 1} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			_, s := benchTree(b)
			b.ReportAllocs()
			var spent time.Duration
			before, keys, single := s.bytes(), 0, 0
			for b.Loop() {
				ls := benchLeaves(bench.rng, n)
				if n > 1 {
					spent += benchInsert(b, ls)
				} else {
					d, size := benchInsertOnly(b, ls)
					spent += d
					single += size
				}
				keys += n
			}
			b.ReportMetric(float64(spent.Nanoseconds())/1000/float64(keys), "µs/key")
			b.ReportMetric(float64(s.bytes()-before+single)/float64(keys), "B/key")
		})
	}
}

// benchInsertOnly does not commit, which costs this store far more than an
// insert of one leaf. It returns the bytes to write too.
func benchInsertOnly(b *testing.B, ls []Leaf) (time.Duration, int) {
	batch := newBatch()
	start := time.Now()
	_, err := bench.tr.Insert(bench.s, batch, bench.last+1, ls)
	if err != nil {
		b.Fatal(err)
	}
	spent, size := time.Since(start), 0
	for k, v := range batch.set {
		size += len(k) + len(v)
	}
	for _, v := range batch.app {
		size += len(v)
	}
	return spent, size
}

func BenchmarkProve(b *testing.B) {
	run := func(name string, entry func(i int) uint64, cache bool) {
		b.Run(name, func(b *testing.B) {
			tr, s := benchTree(b)
			if !cache {
				tr = &Tree{Prefix: tr.Prefix}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				v, err := tr.At(s, entry(i))
				if err != nil {
					b.Fatal(err)
				}
				keys := make([]Key, 4)
				for j := range keys {
					keys[j] = bench.keys[bench.rng.Uint64()%uint64(len(bench.keys))]
				}
				if _, _, err := Prove(v.Root(), keys); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("latest", func(int) uint64 { return bench.last }, true)
	run("recent16", func(i int) uint64 { return bench.last - uint64(i%16) }, true)
	run("old4", func(i int) uint64 { return 1 + bench.last*uint64(i%4)/5 }, true)
	run("latest-nocache", func(int) uint64 { return bench.last }, false)
	run("old4-nocache", func(i int) uint64 { return 1 + bench.last*uint64(i%4)/5 }, false)
}

func BenchmarkRoot(b *testing.B) {
	tr, s := benchTree(b)
	v, err := tr.At(s, bench.last)
	if err != nil {
		b.Fatal(err)
	}
	keys := bench.keys[:4]
	p, cs, err := Prove(v.Root(), keys)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Root(keys, cs); err != nil {
			b.Fatal(err)
		}
	}
}
