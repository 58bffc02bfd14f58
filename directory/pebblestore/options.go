package pebblestore

import (
	"fmt"
	"log/slog"
	"runtime"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ghostlight-kt/ghostlight/monitor/pebbleguard"
)

// memTableSize is how much is written to the log before it is sorted into a
// table: a few epochs of 10,000 labels. Replaying it takes well under a second.
const memTableSize = 16 << 20

// Options are the settings of a Store. The zero value is usable.
type Options struct {
	// CacheSize bounds, in bytes, the blocks of tables that are kept in memory,
	// decompressed, together with the memtables (up to 4 of 16 MiB, normally
	// one or two), which take their room from it first. It does not bound the
	// indexes of a read under way, the pools of the Go heap, or the operating
	// system's page cache. The default is 64 MiB; past a million labels 256 MiB
	// halves the time of historical reads.
	CacheSize int64

	// FS is the file system, that of the operating system by default.
	FS vfs.FS

	// Logger gets Pebble's messages, at Debug level except for errors. Of keys
	// they tell the first byte and the size only, because labels are in keys. By
	// default they are discarded.
	Logger *slog.Logger

	// compression of the blocks, for benchmarks.
	compression *sstable.CompressionProfile
	// memTableSize is for tests that need many tables.
	memTableSize uint64
}

func (o Options) withDefaults() Options {
	if o.CacheSize == 0 {
		o.CacheSize = 64 << 20
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.compression == nil {
		o.compression = sstable.SnappyCompression
	}
	if o.memTableSize == 0 {
		o.memTableSize = memTableSize
	}
	return o
}

// discreet returns Pebble's default order of keys, with another way to print
// them: keys hold labels, which must not get into logs.
func discreet() *pebble.Comparer {
	c := *pebble.DefaultComparer
	c.FormatKey = func(key []byte) fmt.Formatter { return keyShape(key) }
	return &c
}

// keyShape prints what can be told of a key.
type keyShape []byte

// Format implements fmt.Formatter.
func (k keyShape) Format(s fmt.State, _ rune) {
	if len(k) == 0 {
		fmt.Fprint(s, "(no key)")
		return
	}
	fmt.Fprintf(s, "%q…(%d bytes)", k[0], len(k))
}

func (o Options) pebble(g *pebbleguard.Guard) *pebble.Options {
	po := &pebble.Options{
		CacheSize: o.CacheSize,
		FS:        g,
		Logger:    g,
		Merger:    appendMerger,
		Comparer:  discreet(),
		// Explicit, because a newer Pebble's default could lock out an older
		// program.
		FormatMajorVersion:          pebble.FormatTableFormatV6,
		MemTableSize:                o.memTableSize,
		MemTableStopWritesThreshold: 4,
		// Reads of history meet every level: keep the first one short.
		L0CompactionThreshold: 2,
		L0StopWritesThreshold: 24,
		CompactionConcurrencyRange: func() (int, int) {
			return 1, max(1, runtime.GOMAXPROCS(0)/2)
		},
		EventListener: &pebble.EventListener{
			BackgroundError: g.Stop,
			// The default is Fatalf. The reader gets the error too.
			DataCorruption: func(i pebble.DataCorruptionInfo) { g.Stop(i.Details) },
		},
	}
	for i := range po.Levels {
		po.Levels[i].BlockSize = 16 << 10
		po.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		po.Levels[i].Compression = func() *sstable.CompressionProfile { return o.compression }
	}
	return po
}
