package directory_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// TestChange reads the changes of an entry in parts, and compares them with what the
// public log serves. An entry's change is in several records if it is large.
func TestChange(t *testing.T) {
	f := newFixture(t, nil)
	var updates []directory.NewVersions
	for i := range 2500 {
		updates = append(updates, directory.NewVersions{Label: fmt.Appendf(nil, "label%d", i), Values: [][]byte{{1}}})
	}
	outcomes, err := f.Insert(t.Context(), updates)
	fatalIfErr(t, errors.Join(append(outcomes, err)...))
	size := f.size(t)
	bundle := bytes.NewReader(f.tile(t, tile.Tile{Kind: tile.Changes, Width: uint16(size)}))
	for pos := range size {
		want, err := tile.ReadChange(bundle)
		fatalIfErr(t, err)
		total := uint64(len(want.Added))
		for _, part := range []struct{ from, limit uint64 }{
			{0, 0}, {0, 1}, {0, total}, {0, total + 1}, {total / 2, 3}, {total - 1, 1}, {total, 1}, {1 << 62, 100}, {1020, 10}, {1023, 1}, {1024, 1}, {2040, 20},
		} {
			added, leaves, err := f.Change(pos, part.from, part.limit)
			fatalIfErr(t, err)
			lo := min(part.from, total)
			hi := lo + min(part.limit, total-lo)
			if added != total || uint64(len(leaves)) != hi-lo {
				t.Fatalf("entry %d, %+v: %d added, %d leaves", pos, part, added, len(leaves))
			}
			for i := range leaves {
				if leaves[i] != want.Added[lo+uint64(i)] {
					t.Fatalf("entry %d, %+v: leaf %d is another one", pos, part, i)
				}
			}
		}
	}
	if _, _, err := f.Change(size, 0, 0); !errors.Is(err, directory.ErrNotInLog) {
		t.Errorf("an entry that is not there: %v", err)
	}
	f.Close()
	if _, _, err := f.Change(0, 0, 0); !errors.Is(err, directory.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// TestRecentEpochs makes more epochs than are remembered.
func TestRecentEpochs(t *testing.T) {
	f := newFixture(t, nil)
	for i := range 70 {
		fatalIfErr(t, f.update(fmt.Sprint("label", i), "x", nil))
		recent := f.RecentEpochs()
		last := recent[len(recent)-1]
		if last.Position != f.size(t)-1 || last.Took <= 0 || len(recent) > 64 {
			t.Fatalf("%d epochs, the last is %+v", len(recent), last)
		}
	}
	recent := f.RecentEpochs()
	for i := range recent {
		if len(recent) != 64 || recent[i].Position != recent[0].Position+uint64(i) {
			t.Fatalf("%d epochs, %+v", len(recent), recent)
		}
	}
}
