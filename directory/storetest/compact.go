package storetest

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/directory"
)

// testCompact checks that compaction changes nothing for readers, and that an old
// snapshot is told of. That bytes are gone needs the help of the store's own tests.
func testCompact(h *harness) {
	c, ok := h.store.(directory.Compactor)
	if !ok {
		return
	}
	compact := func(lo, hi string) {
		h.Helper()
		fatalIfErr(h, c.Compact(h.Context(), []byte(lo), []byte(hi)))
	}
	compact("a", "z") // an empty store
	for i := range 100 {
		h.commit(set(fmt.Sprintf("k%02d", i), fmt.Sprint("value ", i)), add("list", fmt.Sprint(i, ",")))
	}
	for i := range 50 {
		h.commit(del(fmt.Sprintf("k%02d", 2*i)))
	}
	before := h.snapshot()
	all := before.scan("a", "z")
	compact("a", "z")
	before.wantScan("a", "z", all)
	h.snapshot().wantScan("a", "z", all)

	h.commit(del("k01"))
	if err := c.Compact(h.Context(), []byte("a"), []byte("z")); !errors.Is(err, directory.ErrSnapshot) {
		h.Fatalf("compacting what a snapshot sees: %v, want ErrSnapshot", err)
	}
	before.wantScan("a", "z", all)
	for _, s := range h.snapshots {
		s.close()
	}
	compact("k01", "k02")
	compact("z", "a") // an empty range
	h.snapshot().wantAbsent("k01")
	h.snapshot().want("k03", "value 3")
	for _, s := range h.snapshots {
		s.close()
	}
	h.reopen()
	h.snapshot().wantAbsent("k01")
	h.snapshot().want("k99", "value 99")
}
