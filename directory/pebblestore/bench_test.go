package pebblestore

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/ghostlight-kt/ghostlight/directory"
)

// fillRecords writes n records of a 37-byte key (a byte, a hash, 4 bytes of
// version) and a value of 100 bytes of hashes.
func fillRecords(b testing.TB, s *Store, n int) {
	const per = 10000
	for i := 0; i < n; i += per {
		batch := &directory.Batch{Base: uint64(i), Size: uint64(i + per)}
		for j := i; j < i+per; j++ {
			_ = batch.Set(benchKey(uint64(j)), noise(uint64(j), 100))
		}
		fatalIfErr(b, s.Commit(batch))
	}
}

func noise(seed uint64, n int) []byte {
	rng := rand.NewPCG(seed, 7)
	p := make([]byte, 0, n+8)
	for len(p) < n {
		p = binary.BigEndian.AppendUint64(p, rng.Uint64())
	}
	return p[:n]
}

func benchKey(i uint64) []byte {
	return append(append([]byte{'p'}, noise(i, 32)...), 0, 0, 0, 1)
}

func BenchmarkCommit(b *testing.B) {
	for _, writes := range []int{1, 1000} {
		b.Run(fmt.Sprint(writes), func(b *testing.B) {
			s := mustOpen(b, b.TempDir(), Options{})
			size := uint64(0)
			for b.Loop() {
				batch := &directory.Batch{Base: size, Size: size + 1}
				for w := range writes {
					k := size*1000 + uint64(w)
					_ = batch.Set(benchKey(k), noise(k, 100))
				}
				fatalIfErr(b, s.Commit(batch))
				size++
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*writes), "µs/write")
			fatalIfErr(b, s.Close())
		})
	}
}

// BenchmarkRead reads at random from a million records.
func BenchmarkRead(b *testing.B) {
	const records = 1000000
	for name, compression := range map[string]*sstable.CompressionProfile{
		"None": sstable.NoCompression, "Snappy": sstable.SnappyCompression,
	} {
		dir := b.TempDir()
		opts := Options{compression: compression, CacheSize: 256 << 20}
		s := mustOpen(b, dir, opts)
		fillRecords(b, s, records)
		fatalIfErr(b, s.Close())
		for _, mib := range []int64{64, 256} {
			opts.CacheSize = mib << 20
			s := mustOpen(b, dir, opts)
			name := fmt.Sprintf("%s/%dMiB", name, mib)
			benchReads(b, name, s, records)
			fatalIfErr(b, s.Close())
		}
	}
}

func benchReads(b *testing.B, name string, s *Store, records uint64) {
	sn, err := s.Snapshot()
	fatalIfErr(b, err)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200000 { // warm the cache
		_, err := sn.Get(benchKey(rng.Uint64N(records)))
		fatalIfErr(b, err)
	}
	b.Run(name+"/Get", func(b *testing.B) {
		for b.Loop() {
			v, err := sn.Get(benchKey(rng.Uint64N(records)))
			if err != nil || len(v) != 100 {
				b.Fatal(len(v), err)
			}
		}
	})
	b.Run(name+"/GetAbsent", func(b *testing.B) {
		for b.Loop() {
			if v, err := sn.Get(benchKey(records + rng.Uint64N(records))); v != nil || err != nil {
				b.Fatal(v, err)
			}
		}
	})
	b.Run(name+"/Last", func(b *testing.B) {
		for b.Loop() {
			lo := benchKey(rng.Uint64N(records))
			hi := append([]byte(nil), lo...)
			lo, hi[36] = lo[:33], 9
			if k, _, err := sn.Last(lo, hi); err != nil || len(k) != 37 {
				b.Fatal(k, err)
			}
		}
		b.ReportMetric(float64(s.DiskUsage())/float64(records), "B/record")
	})
	fatalIfErr(b, sn.Close())
}
