package monitor

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"bytes"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

// logSource is a log without HTTP.
type logSource struct{ *monitortest.Log }

func (s logSource) Read(_ context.Context, path string, f func(io.Reader) error) error {
	data, status := s.Resource(path)
	if status != http.StatusOK {
		return ErrNotFound
	}
	return f(bytes.NewReader(data))
}

// entriesOf returns the entries of a log and their changes.
func entriesOf(t *testing.T, l *monitortest.Log) (entries [][]byte, changes []tile.Change) {
	t.Helper()
	for lo := uint64(0); lo < l.Size(); lo += tile.FullWidth {
		tl := tile.Tile{Kind: tile.Entries, Index: lo / tile.FullWidth, Width: uint16(min(l.Size()-lo, tile.FullWidth))}
		data, _ := l.Resource(tl.Path())
		part, err := tile.ParseEntries(data, int(tl.Width))
		fatalIfErr(t, err)
		entries = append(entries, part...)
		tl.Kind = tile.Changes
		data, _ = l.Resource(tl.Path())
		for r := bytes.NewReader(data); r.Len() > 0; {
			c, err := tile.ReadChange(r)
			fatalIfErr(t, err)
			changes = append(changes, c)
		}
	}
	return entries, changes
}

// TestReplay replays a log, and before each entry offers what cannot be next.
func TestReplay(t *testing.T) {
	log := monitortest.New(t, 2)
	log.Grow(t, 400, 4)
	entries, changes := entriesOf(t, log)
	r := NewReplay()
	total := uint64(0)
	for i := range entries {
		good, err := keytrans.ParseLogEntry(entries[i])
		fatalIfErr(t, err)
		older, other := good, good
		older.Timestamp = r.last.Timestamp - 1
		other.PrefixTree[i%32] ^= 1
		leaf := prefixtree.Leaf{Key: prefixtree.Key{1, 2, 3, byte(i)}}
		more := tile.Change{Added: append(slices.Clone(changes[i].Added), leaf)}
		for _, c := range []struct {
			entry  []byte
			change tile.Change
			want   error
		}{
			{other.Marshal(), changes[i], ErrChanges},
			{entries[i], tile.Change{}, ErrChanges},
			{entries[i], more, ErrChanges},
			{entries[i], tile.Change{Added: changes[i].Added, Removed: append(changes[i].Removed, leaf)}, ErrChanges},
			{entries[i][:39], changes[i], errContent},
			{append(bytes.Clone(entries[i]), 0), changes[i], errContent},
			{older.Marshal(), changes[i], ErrTimestamps},
		} {
			if i == 0 && c.want == ErrTimestamps {
				continue
			}
			err := r.Append(c.entry, c.change)
			var at *EntryError
			if !errors.Is(err, c.want) || !errors.As(err, &at) || at.Entry != uint64(i) {
				t.Fatalf("entry %d: error %v, want %v", i, err, c.want)
			}
		}
		fatalIfErr(t, r.Append(entries[i], changes[i]))
		total += uint64(len(changes[i].Added) + len(changes[i].Removed))
		if got, want := r.Root(), log.RootAt(t, uint64(i+1)); got != want || r.Size() != uint64(i+1) || r.Changes() != total {
			t.Fatalf("root %v of %d entries, want %v", got, r.Size(), want)
		}
	}
}

// TestReadAhead checks the order of results, the number of reads under way, and
// that none is when it ends.
func TestReadAhead(t *testing.T) {
	const depth = 4
	var running, most atomic.Int64
	read := func(ctx context.Context, n uint64) uint64 {
		now := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		time.Sleep(time.Duration(n%3) * time.Millisecond)
		return n
	}
	for _, stop := range []uint64{10, 30, 41} {
		want := uint64(10)
		for got := range iter.Seq[uint64](readAhead(t.Context(), 10, 40, depth, read)) {
			if got != want {
				t.Fatalf("%d came, not %d", got, want)
			}
			if want++; got == stop {
				break
			}
		}
		if running.Load() != 0 {
			t.Error("reads are under way")
		}
		if stop == 41 && want != 40 {
			t.Errorf("it ended before %d", want)
		}
	}
	if most.Load() > depth {
		t.Errorf("%d reads at once", most.Load())
	}
}
