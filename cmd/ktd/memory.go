package main

import (
	"math"
	"os"
	"runtime/debug"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
)

// gcPercent lets the heap grow to three times what is in use before it is
// collected: publishing then takes a tenth less CPU time than with Go's
// default of twice. The memory limit keeps that in bounds.
const gcPercent = 200

// baseMemory is what the process needs beside its caches, in bytes: some epochs
// of 10,000 labels under way, and the store's memtables.
const baseMemory = 384 << 20

// tuneMemory sets how the garbage collector trades memory for CPU time, for a
// directory with the given caches: under 1 GiB with the default ones. GOGC and
// GOMEMLIMIT in the environment win. The limit is soft.
func tuneMemory(cfg instance.Config) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	caches := int64(cfg.TreeCacheBytes) + int64(cfg.KeyCacheBytes) + int64(cfg.StoreCacheBytes)
	if os.Getenv("GOMEMLIMIT") == "" && caches < math.MaxInt64/4 {
		debug.SetMemoryLimit(baseMemory + 2*caches)
	}
}
