package monitor

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// extension extends a Replay to a checkpoint of the same log.
type extension struct {
	source Source
	// cache is asked before source, for full bundles only; nil for none.
	cache  Source
	replay *Replay
	target checkpoint.Checkpoint
	// store takes what was verified; nil to keep nothing. Without it, the Replay
	// must be at a full bundle's end, and source must not call twice.
	store *store
	// tries is how often a resource is read that does not verify.
	tries int
	// ahead is how many bundles are read at a time.
	ahead    int
	progress func()

	spine spine
	bytes atomic.Int64 // that were read from source
}

// run verifies everything up to the checkpoint, and stores it. Requires that the
// tree of the checkpoint extends that of the Replay. The error wraps tile.ErrTiles,
// errContent or an *EntryError, or is one of source or store. What came before is
// in the Replay then, and in the store.
func (e *extension) run(ctx context.Context) error {
	e.spine = spine{Checkpoint: e.target, read: e.readTile, keep: e.keepTile}
	err := again(e.tries, func(again bool) error { return e.spine.readEdge(ctx, again) })
	if err != nil {
		return err
	}
	from, to := e.replay.Size()/tile.FullWidth, (e.target.Size+tile.FullWidth-1)/tile.FullWidth
	read := func(ctx context.Context, n uint64) *bundle { return e.fetch(ctx, n, false) }
	for b := range readAhead(ctx, from, to, e.ahead, read) {
		err := again(e.tries, func(again bool) error {
			if again {
				b = e.fetch(ctx, b.index, true)
			}
			return e.verify(ctx, b, again)
		})
		if err != nil {
			return err
		}
	}
	if root := e.replay.Root(); root != e.target.Root {
		return fmt.Errorf("the entries have the root %s, the checkpoint %s: %w", root, e.target.Root, tile.ErrTiles)
	}
	return e.keepEdge()
}

// again calls f until what it reads verifies, or has been read often enough: it
// may have been damaged on the way.
func again(tries int, f func(again bool) error) error {
	var err error
	for try := range tries {
		if err = f(try > 0); !isDoubtful(err) {
			return err
		}
	}
	return err
}

// networkTries is how often something is read from a network that does not
// verify.
const networkTries = 3

// aheadBytes is how many bytes of the changes of a bundle are read ahead. If it
// has more, they are read when its turn comes, and not held in memory.
const aheadBytes = 1 << 20

// bundle is 256 log entries, or the last ones, and what belongs to them.
type bundle struct {
	index  uint64
	width  uint16
	cached bool // it came from the cache
	hashes []byte
	// entries and changes are as a Source has them; changes is nil if they are too
	// large to be read ahead.
	entries, changes []byte
	stored           tile.Tile // what changes is from: this bundle, or the full one
	err              error
}

func (b *bundle) tile(kind tile.Kind) tile.Tile {
	return tile.Tile{Kind: kind, Index: b.index, Width: b.width}
}

// fetch reads a bundle; again if what was read before may be damaged.
func (e *extension) fetch(ctx context.Context, index uint64, again bool) *bundle {
	b := &bundle{index: index, width: uint16(min(e.target.Size-index*tile.FullWidth, tile.FullWidth))}
	if e.cache != nil && !again && b.width == tile.FullWidth {
		b.cached = true
		if b.err = e.fetchInto(ctx, b, e.cache); b.err == nil {
			return b
		}
		b.cached = false
	}
	b.err = e.fetchInto(ctx, b, counted{e.source, &e.bytes})
	return b
}

func (e *extension) fetchInto(ctx context.Context, b *bundle, src Source) (err error) {
	if b.width < tile.FullWidth {
		b.hashes = e.spine.edge[0]
	} else if b.hashes, err = readTile(ctx, src, b.tile(tile.Hashes)); err != nil {
		return err
	}
	if b.entries, err = readTile(ctx, src, b.tile(tile.Entries)); err != nil {
		return err
	}
	return readStored(ctx, src, b.tile(tile.Changes), func(stored tile.Tile, r io.Reader) error {
		b.stored = stored
		b.changes, err = io.ReadAll(io.LimitReader(r, aheadBytes+1))
		if len(b.changes) > aheadBytes {
			b.changes = nil
		}
		return err
	})
}

// counted counts the bytes that are read from a Source.
type counted struct {
	Source
	n *atomic.Int64
}

func (c counted) Read(ctx context.Context, path string, f func(io.Reader) error) error {
	return c.Source.Read(ctx, path, func(r io.Reader) error { return f(countedReader{r, c.n}) })
}

type countedReader struct {
	r io.Reader
	n *atomic.Int64
}

func (c countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// verify verifies a bundle and stores it.
func (e *extension) verify(ctx context.Context, b *bundle, again bool) error {
	if b.err != nil {
		return b.err
	}
	if b.width == tile.FullWidth {
		if err := e.spine.check(ctx, b.tile(tile.Hashes), b.hashes, again); err != nil {
			return err
		}
	}
	entries, err := b.parse()
	if err != nil {
		return err
	}
	if e.store != nil {
		if err := e.store.begin(ctx, b.index, uint16(e.replay.Size()-b.index*tile.FullWidth)); err != nil {
			return err
		}
	}
	if err := e.replayBundle(ctx, b, entries); err != nil {
		return err
	}
	return e.keep(b)
}

// parse returns the entries, which are those of the tile of hashes.
func (b *bundle) parse() ([][]byte, error) {
	path := b.tile(tile.Entries).Path()
	entries, err := tile.ParseEntries(b.entries, int(b.width))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, errContent, err)
	}
	for i, entry := range entries {
		if !bytes.Equal(rfc6962.DefaultHasher.HashLeaf(entry), b.hashes[i*merkle.HashSize:][:merkle.HashSize]) {
			return nil, fmt.Errorf("%s: %w: entry %d is not the one in the tree", path, errContent, i)
		}
	}
	return entries, nil
}

// replayBundle replays the entries that the Replay does not have.
func (e *extension) replayBundle(ctx context.Context, b *bundle, entries [][]byte) error {
	replay := func(stored tile.Tile, r io.Reader) error {
		err := e.replayFrom(r, b, entries, stored.Width == b.width)
		if err != nil {
			return fmt.Errorf("%s: %w", stored.Path(), err)
		}
		return nil
	}
	switch {
	case b.changes != nil:
		return replay(b.stored, bytes.NewReader(b.changes))
	case b.cached:
		return readStored(ctx, e.cache, b.tile(tile.Changes), replay)
	}
	return readStored(ctx, counted{e.source, &e.bytes}, b.tile(tile.Changes), replay)
}

// replayFrom is replayBundle for the changes in r, after which nothing comes if
// they are exactly those of the bundle.
func (e *extension) replayFrom(r io.Reader, b *bundle, entries [][]byte, exactly bool) error {
	in := bufio.NewReaderSize(r, 64<<10)
	if e.store != nil {
		if err := e.store.skip(in); err != nil {
			return err
		}
	}
	for i := e.replay.Size() - b.index*tile.FullWidth; i < uint64(len(entries)); i++ {
		change, err := tile.ReadChange(in)
		if err != nil {
			return fmt.Errorf("log entry %d: %w: %w", e.replay.Size(), errContent, err)
		}
		// Whatever is wrong has to show before the Replay has the whole bundle.
		if exactly && i == uint64(len(entries))-1 {
			if _, err := in.ReadByte(); err != io.EOF {
				return fmt.Errorf("%w: something comes behind the last change", errContent)
			}
		}
		if err := e.replay.Append(entries[i], change); err != nil {
			return err
		}
		if e.store != nil {
			if err := e.store.appendChange(change); err != nil {
				return err
			}
		}
		e.progress()
	}
	return nil
}

// keep stores a verified bundle.
func (e *extension) keep(b *bundle) error {
	switch {
	case e.store == nil:
		return nil
	case b.cached:
		return e.store.drop()
	}
	// The tile of hashes of a partial bundle is on the edge.
	if b.width == tile.FullWidth {
		if err := e.store.add(b.tile(tile.Hashes), b.hashes); err != nil {
			return err
		}
	}
	if err := e.store.add(b.tile(tile.Entries), b.entries); err != nil {
		return err
	}
	return e.store.finish(b.tile(tile.Changes))
}

// keepEdge stores the partial tiles of hashes.
func (e *extension) keepEdge() error {
	for _, t := range partials(e.target.Size) {
		if t.Kind != tile.Hashes {
			continue
		}
		if err := e.keepTile(t, e.spine.edge[t.Level]); err != nil {
			return err
		}
	}
	return nil
}

func (e *extension) keepTile(t tile.Tile, data []byte) error {
	if e.store == nil {
		return nil
	}
	return e.store.add(t, data)
}

// readTile reads a tile for the spine. The cache has it if an earlier run came
// that far.
func (e *extension) readTile(ctx context.Context, t tile.Tile, again bool) ([]byte, error) {
	if e.cache != nil && !again && t.Width == tile.FullWidth {
		if data, err := readTile(ctx, e.cache, t); err == nil {
			return data, nil
		}
	}
	return readTile(ctx, counted{e.source, &e.bytes}, t)
}
