package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

func init() { files["tiles"] = tiles }

// tiles has logs with the tiles that they consist of, paths, and bundles.
func tiles() file {
	f := &vectors.File[vectors.TileTree]{Notes: []string{
		"The resources of the public log (C2SP tlog-tiles, and docs/log.md). A case with size is a log, of which leaf i is the encoding of i in 8 bytes: its root (RFC 6962), and for each of its tiles of hashes, by path, the SHA-256 of the tile.",
		"A case with path is the path of a tile: kind is hashes, entries or changes; level and index are absent if they are 0. A case with bundle is a bundle of log entries, which is to have count entries, and has entries.",
		"refused: path is not the path of a tile, or bundle not a bundle of so many entries.",
	}}
	for _, size := range []int{0, 1, 2, 255, 256, 257, 511, 512, 700, 65535, 65536, 65537, 66000} {
		f.Cases = append(f.Cases, tileLog(size))
	}
	tilePaths(f)
	bundles(f)
	return f
}

func tileLog(size int) vectors.TileTree {
	var level [][32]byte
	for i := range uint64(size) {
		level = append(level, naive.RFC6962Leaf(binary.BigEndian.AppendUint64(nil, i)))
	}
	out := vectors.TileTree{Name: fmt.Sprintf("a log of %d", size), Size: uint64(size), Root: ptr(vectors.Hash(naive.RFC6962Root(level))), Tiles: map[string]vectors.Hash{}}
	for l := uint8(0); len(level) > 0; l++ {
		var above [][32]byte
		for lo := 0; lo < len(level); lo += tile.FullWidth {
			hi := min(lo+tile.FullWidth, len(level))
			var data []byte
			for _, h := range level[lo:hi] {
				data = append(data, h[:]...)
			}
			t := tile.Tile{Kind: tile.Hashes, Level: l, Index: uint64(lo / tile.FullWidth), Width: uint16(hi - lo)}
			out.Tiles[t.Path()] = sha256.Sum256(data)
			if hi-lo == tile.FullWidth {
				above = append(above, naive.RFC6962Root(level[lo:hi]))
			}
		}
		level = above
	}
	return out
}

func tilePaths(f *vectors.File[vectors.TileTree]) {
	for _, t := range []tile.Tile{
		{Kind: tile.Hashes, Width: 256}, {Kind: tile.Hashes, Width: 1}, {Kind: tile.Hashes, Level: 63, Index: 7, Width: 255},
		{Kind: tile.Hashes, Level: 9, Index: 999, Width: 256}, {Kind: tile.Hashes, Level: 10, Index: 1000, Width: 256},
		{Kind: tile.Entries, Index: 1234067, Width: 256}, {Kind: tile.Entries, Index: 1_000_000, Width: 8},
		{Kind: tile.Changes, Index: 56, Width: 12}, {Kind: tile.Changes, Index: 1<<53 - 1, Width: 256},
	} {
		f.Cases = append(f.Cases, vectors.TileTree{Name: t.Path(), Path: ptr(t.Path()), Kind: tileKinds[t.Kind], Level: t.Level, Index: t.Index, Width: t.Width})
	}
	for _, path := range []string{
		"", "tile", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile/0/00", "tile/0/0000", "tile/0/1234", "tile/0/x000/001", "tile/0/x001/x234",
		"tile/0/001/234", "tile/0/X001/234", "tile/0/x001234", "tile/00/000", "tile/01/000", "tile/64/000", "tile/256/000", "tile/-1/000", "tile/+1/000", "tile/x/000",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/257", "tile/0/000.p/05", "tile/0/000.p/", "tile/0/000.p/-1", "tile/0/000.p/1/", "tile/0/000.p/1.p/1", "tile/0/000.P/1",
		"tile/entries", "tile/entries/", "tile/entries/0/000", "tile/Entries/000", "changes/0/000", "change/000", "changes", "tile/0/00a", "tile/0/%30%30%30", "tile/0/000\n",
		"tile/0/\u0660\u0660\u0660", "tile/data/000", "tile/0/x018/x446/x744/x073/x709/x551/616",
	} {
		_, err := tile.ParsePath(path)
		require(err != nil, "path %q", path)
		f.Cases = append(f.Cases, vectors.TileTree{Name: fmt.Sprintf("the path %q", path), Path: ptr(path), Refused: true})
	}
}

var tileKinds = map[tile.Kind]string{tile.Hashes: "hashes", tile.Entries: "entries", tile.Changes: "changes"}

func bundles(f *vectors.File[vectors.TileTree]) {
	bundle := []byte{}
	var entries []vectors.Hex
	for i, size := range []int{40, 0, 1, 300, 40} {
		entries = append(entries, make([]byte, size))
		for j := range entries[i] {
			entries[i][j] = byte(i + j)
		}
		bundle = tile.AppendEntry(bundle, entries[i])
	}
	f.Cases = append(f.Cases,
		vectors.TileTree{Name: "five entries", Bundle: ptr(vectors.Hex(bundle)), Count: 5, Entries: entries},
		vectors.TileTree{Name: "no entries", Bundle: ptr(vectors.Hex{})},
	)
	refused := func(name string, b []byte, count int) {
		_, err := tile.ParseEntries(b, count)
		require(err != nil, "%s", name)
		f.Cases = append(f.Cases, vectors.TileTree{Name: name, Bundle: ptr(vectors.Hex(b)), Count: count, Refused: true})
	}
	refused("an entry less", bundle, 6)
	refused("an entry more", bundle, 4)
	refused("a byte less", bundle[:len(bundle)-1], 5)
	refused("a byte more", append(bundle[:len(bundle):len(bundle)], 0), 5)
	refused("half a length", append(bundle[:len(bundle):len(bundle)], 0), 6)
	refused("a length and no entry", append(bundle[:len(bundle):len(bundle)], 0, 1), 6)
	refused("nothing for an entry", nil, 1)
	refused("something for no entry", []byte{0, 0}, 0)
}
