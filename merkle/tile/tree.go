package tile

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Fetch returns the data of tiles of hashes, in order: 32 bytes for each of a
// tile's hashes. A log need not have a partial tile any more once it has the
// full one, of which the partial one is the beginning. A Fetch that reads from a
// log therefore asks for the full tile if there is no partial one.
type Fetch func(tiles []Tile) ([][]byte, error)

// Tree is the RFC 6962 tree of a log whose size and root are known from a
// checkpoint. It reads tiles and checks that they lead to that root, so that
// whatever it returns is authenticated. It is safe for concurrent use if its
// Fetch is.
//
// Its methods return the errors of Fetch as they are, and ErrTiles for tiles that
// do not lead to the root: these prove nothing against the log, because anybody
// on the way can have changed them.
type Tree struct {
	size  uint64
	root  merkle.Hash
	fetch Fetch
}

// ErrTiles is returned for tiles that do not lead to the root.
var ErrTiles = errors.New("the tiles do not lead to the root in the checkpoint")

// maxTree is the size of the largest Tree: indices of its nodes are int64.
const maxTree = 1 << 60

// NewTree returns a tree of size leaves. The error says that it is too large.
func NewTree(size uint64, root merkle.Hash, fetch Fetch) (*Tree, error) {
	if size > maxTree {
		return nil, fmt.Errorf("a log of %d entries is larger than %d", size, uint64(maxTree))
	}
	return &Tree{size: size, root: root, fetch: fetch}, nil
}

// LeafHash returns the hash of a leaf. Requires index < size.
func (t *Tree) LeafHash(index uint64) (merkle.Hash, error) {
	hashes, err := t.LeafHashes(index, index+1)
	if err != nil {
		return merkle.Hash{}, err
	}
	return hashes[0], nil
}

// LeafHashes returns the hashes of the leaves in [lo, hi), which it checks all at once.
// Requires lo < hi <= size.
func (t *Tree) LeafHashes(lo, hi uint64) ([]merkle.Hash, error) {
	if lo >= hi || hi > t.size {
		return nil, fmt.Errorf("entries [%d, %d) are not in a log of %d entries", lo, hi, t.size)
	}
	indexes := make([]int64, 0, hi-lo)
	for index := lo; index < hi; index++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, int64(index)))
	}
	hashes, err := t.read(indexes)
	if err != nil {
		return nil, err
	}
	return hashesOf(hashes), nil
}

// Inclusion returns the RFC 6962 inclusion proof of a leaf, from its sibling
// upwards. Requires index < size.
func (t *Tree) Inclusion(index uint64) ([]merkle.Hash, error) {
	proof, err := tlog.ProveRecord(int64(t.size), int64(index), tlog.HashReaderFunc(t.read))
	return hashesOf(proof), err
}

// RootAt returns the root of the first size leaves: what a checkpoint of that
// size must have had. Requires 0 < size <= t's size.
func (t *Tree) RootAt(size uint64) (merkle.Hash, error) {
	if size == 0 || size > t.size {
		return merkle.Hash{}, fmt.Errorf("a log of %d entries has no root at %d", t.size, size)
	}
	root, err := tlog.TreeHash(int64(size), tlog.HashReaderFunc(t.read))
	return merkle.Hash(root), err
}

// Consistency returns the RFC 6962 consistency proof from the first old leaves.
// Requires 0 < old <= size.
func (t *Tree) Consistency(old uint64) ([]merkle.Hash, error) {
	proof, err := tlog.ProveTree(int64(t.size), int64(old), tlog.HashReaderFunc(t.read))
	return hashesOf(proof), err
}

func hashesOf[P ~[]tlog.Hash](in P) []merkle.Hash {
	var out []merkle.Hash
	for _, h := range in {
		out = append(out, merkle.Hash(h))
	}
	return out
}

// read returns authenticated nodes.
func (t *Tree) read(indexes []int64) ([]tlog.Hash, error) {
	r := &tileReader{fetch: t.fetch}
	hashes, err := tlog.TileHashReader(tlog.Tree{N: int64(t.size), Hash: tlog.Hash(t.root)}, r).ReadHashes(indexes)
	switch {
	case r.err != nil:
		return nil, r.err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrTiles, err)
	}
	return hashes, nil
}

// tileReader implements tlog.TileReader.
type tileReader struct {
	fetch Fetch
	err   error // of fetch
}

// Height implements tlog.TileReader.
func (r *tileReader) Height() int { return levelBits }

// ReadTiles implements tlog.TileReader.
func (r *tileReader) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	want := make([]Tile, len(tiles))
	for i, t := range tiles {
		want[i] = Tile{Kind: Hashes, Level: uint8(t.L), Index: uint64(t.N), Width: uint16(t.W)}
	}
	data, r.err = r.fetch(want)
	return data, r.err
}

// SaveTiles implements tlog.TileReader.
func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
