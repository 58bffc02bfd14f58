package tile

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// A source is a log, its tiles and the roots of all its sizes.
type source interface {
	// node returns a node whose leaves the log has all.
	node(level uint, index uint64) merkle.Hash
	root(size uint64) merkle.Hash
}

// randomLog is a log of different leaves.
type randomLog struct {
	nodes map[compact.NodeID]merkle.Hash
	roots []merkle.Hash // by size
}

func newRandomLog(t testing.TB, size int) *randomLog {
	t.Helper()
	l := &randomLog{nodes: make(map[compact.NodeID]merkle.Hash), roots: make([]merkle.Hash, 1)}
	r := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for i := range size {
		leaf := rfc6962.DefaultHasher.HashLeaf(fmt.Appendf(nil, "entry %d", i))
		fatalIfErr(t, r.Append(leaf, func(id compact.NodeID, hash []byte) { l.nodes[id] = merkle.Hash(hash) }))
		root, err := r.GetRootHash(nil)
		fatalIfErr(t, err)
		l.roots = append(l.roots, merkle.Hash(root))
	}
	return l
}

func (l *randomLog) node(level uint, index uint64) merkle.Hash {
	h, ok := l.nodes[compact.NewNodeID(level, index)]
	if !ok {
		panic("a node that the log does not have")
	}
	return h
}

func (l *randomLog) root(size uint64) merkle.Hash { return l.roots[size] }

// sameLog is a log of any size of which all leaves are the same, so that all nodes
// of a level are.
type sameLog struct{ levels [64]merkle.Hash }

func newSameLog() *sameLog {
	l := &sameLog{}
	copy(l.levels[0][:], rfc6962.DefaultHasher.HashLeaf([]byte("the same")))
	for i := range l.levels[1:] {
		copy(l.levels[i+1][:], rfc6962.DefaultHasher.HashChildren(l.levels[i][:], l.levels[i][:]))
	}
	return l
}

func (l *sameLog) node(level uint, _ uint64) merkle.Hash { return l.levels[level] }

// root chains the perfect subtrees from the smallest, at the right, up.
func (l *sameLog) root(size uint64) merkle.Hash {
	var h []byte
	for level := range l.levels {
		switch {
		case size>>level&1 == 0:
		case h == nil:
			h = l.levels[level][:]
		default:
			h = rfc6962.DefaultHasher.HashChildren(l.levels[level][:], h)
		}
	}
	return merkle.Hash(h)
}

// server is a Fetch that polices its caller: it asks only for tiles that a log of
// size has, in their full width at that size.
type server struct {
	t      testing.TB
	log    source
	size   uint64
	mu     sync.Mutex
	served [][]byte // what it returned last
	tamper func(tiles []Tile, data [][]byte) ([][]byte, error)
}

func (s *server) fetch(tiles []Tile) ([][]byte, error) {
	var data [][]byte
	for i, tl := range tiles {
		next := tl
		next.Width++
		if !hasTile(s.size, tl) || tl.Width < FullWidth && hasTile(s.size, next) || tl.Kind != Hashes || slices.Contains(tiles[:i], tl) {
			s.t.Errorf("a tree of %d asks for %s, among %v", s.size, tl.Path(), tiles)
		}
		if again, err := ParsePath(tl.Path()); err != nil || again != tl {
			s.t.Errorf("a tree of %d asks for %+v", s.size, tl)
		}
		var b []byte
		for j := range uint64(tl.Width) {
			h := s.log.node(uint(tl.Level)*8, tl.Index*256+j)
			b = append(b, h[:]...)
		}
		data = append(data, b)
	}
	if s.tamper != nil {
		return s.tamper(tiles, data)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.served = data
	return data, nil
}

func newTestTree(t testing.TB, l source, size uint64) (*Tree, *server) {
	t.Helper()
	s := &server{t: t, log: l, size: size}
	tree, err := NewTree(size, l.root(size), s.fetch)
	fatalIfErr(t, err)
	return tree, s
}

func bytesOf(hashes []merkle.Hash) [][]byte {
	var out [][]byte
	for i := range hashes {
		out = append(out, hashes[i][:])
	}
	return out
}

// checkLeaf verifies all that a tree says about a leaf.
func checkLeaf(t testing.TB, tree *Tree, l source, index uint64) {
	t.Helper()
	leaf, err := tree.LeafHash(index)
	fatalIfErr(t, err)
	if leaf != l.node(0, index) {
		t.Fatalf("leaf %d of %d is %s, want %s", index, tree.size, leaf, l.node(0, index))
	}
	inclusion, err := tree.Inclusion(index)
	fatalIfErr(t, err)
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, tree.size, leaf[:], bytesOf(inclusion), tree.root[:]); err != nil {
		t.Fatalf("leaf %d of %d: %v", index, tree.size, err)
	}
}

// checkOld verifies all that a tree says about an older size.
func checkOld(t testing.TB, tree *Tree, l source, old uint64) {
	t.Helper()
	root, err := tree.RootAt(old)
	fatalIfErr(t, err)
	if root != l.root(old) {
		t.Fatalf("the root at %d of %d is %s, want %s", old, tree.size, root, l.root(old))
	}
	consistency, err := tree.Consistency(old)
	fatalIfErr(t, err)
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old, tree.size, bytesOf(consistency), root[:], tree.root[:]); err != nil {
		t.Fatalf("%d to %d: %v", old, tree.size, err)
	}
}

func TestTreeSmall(t *testing.T) {
	l := newRandomLog(t, 600)
	rng := rand.New(rand.NewPCG(5, 6))
	for size := uint64(1); size <= 600; size++ {
		tree, _ := newTestTree(t, l, size)
		at := []uint64{0, size - 1, size / 2, size / 256 * 256, rng.Uint64N(size)}
		if size <= 20 || size >= 255 && size <= 257 {
			at = nil
			for i := range size {
				at = append(at, i)
			}
		}
		for _, i := range at {
			if i < size {
				checkLeaf(t, tree, l, i)
				checkOld(t, tree, l, i+1)
			}
		}
	}
}

func TestTreeLarge(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	l := newRandomLog(t, 66_000)
	for _, size := range []uint64{65535, 65536, 65537, 65536 + 255, 65536 + 256, 66_000} {
		tree, _ := newTestTree(t, l, size)
		for _, i := range []uint64{0, 255, 256, 65279, 65280, size - 256, size - 2, size - 1, rng.Uint64N(size), rng.Uint64N(size)} {
			checkLeaf(t, tree, l, i)
			checkOld(t, tree, l, i+1)
		}
	}
}

func TestTreeHuge(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	l := newSameLog()
	for _, size := range []uint64{1 << 24, 1<<24 + 1, 1<<32 - 1, 1 << 32, 1<<32 + 257, 1<<48 + 1<<40 + 1, 1 << 56, 1<<56 - 1, 1<<56 + 1, 1<<59 + 12345, 1<<60 - 1, 1 << 60} {
		tree, _ := newTestTree(t, l, size)
		for _, i := range []uint64{0, 1, 255, 256, 65536, size / 2, size - 256, size - 1, rng.Uint64N(size)} {
			checkLeaf(t, tree, l, i)
			checkOld(t, tree, l, i+1)
		}
	}
}

func TestTreeTooLarge(t *testing.T) {
	l := newSameLog()
	for _, size := range []uint64{1<<60 + 1, 1 << 61, math.MaxInt64, 1 << 63, math.MaxUint64} {
		tree, err := NewTree(size, l.root(size), func([]Tile) ([][]byte, error) { panic("it fetches") })
		wantErr(t, err, err, "is larger than 1152921504606846976")
		if tree != nil {
			t.Errorf("a tree of %d", size)
		}
	}
}

// TestTreeOutside asks for what no tree of the size has. That is a mistake of the
// caller, and must not be taken for one of the log, nor cost anything.
func TestTreeOutside(t *testing.T) {
	l := newSameLog()
	for _, size := range []uint64{0, 1, 2, 255, 256, 257, 70_000, 1 << 60} {
		var root merkle.Hash
		if size > 0 {
			root = l.root(size)
		}
		tree, err := NewTree(size, root, func([]Tile) ([][]byte, error) { panic("it fetches") })
		fatalIfErr(t, err)
		outside := []uint64{size, size + 1, size + 256, 1 << 61, 1 << 62, math.MaxInt64, 1 << 63, 1<<63 + 1, math.MaxUint64 - 1, math.MaxUint64}
		for _, i := range outside {
			leaf, err := tree.LeafHash(i)
			refused(t, err, leaf != merkle.Hash{})
			hashes, err := tree.Inclusion(i)
			refused(t, err, hashes != nil)
			for _, old := range []uint64{0, max(i, size+1)} {
				root, err := tree.RootAt(old)
				refused(t, err, root != merkle.Hash{})
				hashes, err = tree.Consistency(old)
				refused(t, err, hashes != nil)
			}
		}
	}
}

// refused fails the test unless there is an error that does not blame the tiles,
// and nothing else.
func refused(t *testing.T, err error, something bool) {
	t.Helper()
	if err == nil || errors.Is(err, ErrTiles) || something {
		t.Errorf("error %v; something was returned: %v", err, something)
	}
}

// query is one question to a tree.
type query func(*Tree) error

func queries(size uint64) map[string]query {
	return map[string]query{
		"first leaf":  func(t *Tree) error { _, err := t.LeafHash(0); return err },
		"last leaf":   func(t *Tree) error { _, err := t.LeafHash(size - 1); return err },
		"inclusion":   func(t *Tree) error { _, err := t.Inclusion(size / 3); return err },
		"root":        func(t *Tree) error { _, err := t.RootAt(size/2 + 1); return err },
		"same root":   func(t *Tree) error { _, err := t.RootAt(size); return err },
		"consistency": func(t *Tree) error { _, err := t.Consistency(size/2 + size/4); return err },
	}
}

// TestTreeFlipped flips each byte of each tile that a question takes; of large
// trees, for most questions, one in 131.
func TestTreeFlipped(t *testing.T) {
	l := newRandomLog(t, 600)
	for _, size := range []uint64{2, 3, 4, 9, 255, 256, 257, 300, 512, 600} {
		tree, s := newTestTree(t, l, size)
		for name, ask := range queries(size) {
			step := 131
			if size < 100 || size == 300 && name == "first leaf" || size == 257 && name == "inclusion" {
				step = 1
			}
			checkFlipped(t, tree, s, name, ask, step)
		}
	}
	huge := newSameLog()
	for _, size := range []uint64{1<<24 + 70_000, 1<<60 - 1, 1 << 60} {
		tree, s := newTestTree(t, huge, size)
		for name, ask := range queries(size) {
			checkFlipped(t, tree, s, name, ask, 997)
		}
	}
}

// checkFlipped flips every step-th byte.
func checkFlipped(t *testing.T, tree *Tree, s *server, name string, ask query, step int) {
	t.Helper()
	s.tamper = nil
	fatalIfErr(t, ask(tree))
	n := 0
	for i := range s.served {
		for at := 0; at < len(s.served[i]); at += step {
			s.tamper = func(_ []Tile, data [][]byte) ([][]byte, error) {
				data[i][at] ^= 1 << (at % 8)
				return data, nil
			}
			err := ask(tree)
			if !errors.Is(err, ErrTiles) {
				t.Fatalf("size %d, %s: byte %d of tile %d flipped: %v", s.size, name, at, i, err)
			}
			n++
		}
	}
	if n == 0 {
		t.Fatalf("size %d, %s: no tile is fetched", s.size, name)
	}
}

func TestTreeWrongTiles(t *testing.T) {
	l := newRandomLog(t, 600)
	for _, size := range []uint64{2, 255, 256, 257, 512, 600} {
		tree, s := newTestTree(t, l, size)
		other := l.node(0, 1)
		for name, tamper := range map[string]func(tiles []Tile, data [][]byte) [][]byte{
			"no tiles":      func([]Tile, [][]byte) [][]byte { return nil },
			"a tile less":   func(_ []Tile, data [][]byte) [][]byte { return data[:len(data)-1] },
			"a tile more":   func(_ []Tile, data [][]byte) [][]byte { return append(data, data[0]) },
			"an empty tile": func(_ []Tile, data [][]byte) [][]byte { data[0] = nil; return data },
			"all empty":     func(_ []Tile, data [][]byte) [][]byte { return make([][]byte, len(data)) },
			"a byte less":   func(_ []Tile, data [][]byte) [][]byte { data[0] = data[0][:len(data[0])-1]; return data },
			"a byte more":   func(_ []Tile, data [][]byte) [][]byte { data[0] = append(data[0], 0); return data },
			"a hash less":   func(_ []Tile, data [][]byte) [][]byte { data[0] = data[0][32:]; return data },
			"a hash more":   func(_ []Tile, data [][]byte) [][]byte { data[0] = append(data[0], other[:]...); return data },
			"the last, longer": func(_ []Tile, data [][]byte) [][]byte {
				i := len(data) - 1
				data[i] = append(data[i], other[:]...)
				return data
			},
			"the full tile": func(tiles []Tile, data [][]byte) [][]byte {
				// What a log may have instead of a partial one: Fetch has to cut it.
				data[0] = append(data[0], make([]byte, (FullWidth-int(tiles[0].Width))*32+1)...)
				return data
			},
			"a leaf, repeated": func(tiles []Tile, data [][]byte) [][]byte {
				data[0] = bytes.Repeat(other[:], int(tiles[0].Width))
				return data
			},
			"two hashes swapped": func(_ []Tile, data [][]byte) [][]byte {
				i := len(data) - 1
				if len(data[i]) < 64 {
					return nil
				}
				data[i] = slices.Concat(data[i][32:64], data[i][:32], data[i][64:])
				return data
			},
		} {
			s.tamper = func(tiles []Tile, data [][]byte) ([][]byte, error) { return tamper(tiles, data), nil }
			for what, ask := range queries(size) {
				if err := ask(tree); !errors.Is(err, ErrTiles) {
					t.Errorf("size %d, %s: %s: %v", size, what, name, err)
				}
			}
		}
	}
}

// TestTreeOfAnother has good tiles of one log, and the root or size of another.
func TestTreeOfAnother(t *testing.T) {
	l := newRandomLog(t, 600)
	for _, size := range []uint64{2, 3, 255, 256, 257, 600} {
		root := l.root(size)
		for i := range root {
			s := &server{t: t, log: l, size: size}
			wrong := root
			wrong[i] ^= 0x10
			tree, err := NewTree(size, wrong, s.fetch)
			fatalIfErr(t, err)
			for what, ask := range queries(size) {
				if err := ask(tree); !errors.Is(err, ErrTiles) {
					t.Errorf("size %d, %s: byte %d of the root: %v", size, what, i, err)
				}
			}
		}
		for _, other := range []uint64{size - 1, size + 1} {
			if other < 2 || other > 600 {
				continue
			}
			s := &server{t: t, log: l, size: other}
			tree, err := NewTree(other, root, s.fetch)
			fatalIfErr(t, err)
			for what, ask := range queries(other) {
				if err := ask(tree); !errors.Is(err, ErrTiles) {
					t.Errorf("size %d as %d, %s: %v", size, other, what, err)
				}
			}
		}
	}
}

func TestTreeFetchFails(t *testing.T) {
	l := newRandomLog(t, 600)
	errBroken := errors.New("broken")
	for _, size := range []uint64{2, 256, 600} {
		tree, s := newTestTree(t, l, size)
		for what, ask := range queries(size) {
			// The data is not looked at, be it good or not.
			s.tamper = func(_ []Tile, data [][]byte) ([][]byte, error) { return data, errBroken }
			if err := ask(tree); err != errBroken {
				t.Errorf("size %d, %s: %v", size, what, err)
			}
			s.tamper = func([]Tile, [][]byte) ([][]byte, error) { return nil, errBroken }
			if err := ask(tree); err != errBroken {
				t.Errorf("size %d, %s: %v", size, what, err)
			}
			// It is not remembered.
			s.tamper = nil
			fatalIfErr(t, ask(tree))
		}
	}
}

// TestTreeTilesOfQueries spells out which tiles questions take.
func TestTreeTilesOfQueries(t *testing.T) {
	l := newRandomLog(t, 600)
	for _, test := range []struct {
		size uint64
		ask  query
		want []string
	}{
		{1, func(t *Tree) error { _, err := t.LeafHash(0); return err }, []string{"tile/0/000.p/1"}},
		{1, func(t *Tree) error { _, err := t.Inclusion(0); return err }, nil},
		{1, func(t *Tree) error { _, err := t.Consistency(1); return err }, nil},
		{256, func(t *Tree) error { _, err := t.LeafHash(9); return err }, []string{"tile/0/000", "tile/1/000.p/1"}},
		{600, func(t *Tree) error { _, err := t.LeafHash(9); return err }, []string{"tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2"}},
		{600, func(t *Tree) error { _, err := t.LeafHash(599); return err }, []string{"tile/0/002.p/88", "tile/1/000.p/2"}},
		{600, func(t *Tree) error { _, err := t.RootAt(512); return err }, []string{"tile/0/002.p/88", "tile/1/000.p/2"}},
		{600, func(t *Tree) error { _, err := t.RootAt(300); return err }, []string{"tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"}},
	} {
		tree, s := newTestTree(t, l, test.size)
		var got []string
		s.tamper = func(tiles []Tile, data [][]byte) ([][]byte, error) {
			for _, tl := range tiles {
				got = append(got, tl.Path())
			}
			return data, nil
		}
		fatalIfErr(t, test.ask(tree))
		slices.Sort(got)
		if !slices.Equal(got, test.want) {
			t.Errorf("size %d: %v, want %v", test.size, got, test.want)
		}
	}
}

// TestTreePartialOfFull is a Fetch that has only the full tiles of a log that has
// grown, and cuts them.
func TestTreePartialOfFull(t *testing.T) {
	l := newRandomLog(t, 1024)
	for _, size := range []uint64{1, 3, 200, 255, 300, 512, 600, 767} {
		tree, err := NewTree(size, l.root(size), func(tiles []Tile) ([][]byte, error) {
			var data [][]byte
			for _, tl := range tiles {
				n := uint64(FullWidth)
				if tl.Level == 1 {
					n = 4
				}
				var full []byte
				for i := range n {
					h := l.node(uint(tl.Level)*8, tl.Index*256+i)
					full = append(full, h[:]...)
				}
				data = append(data, full[:int(tl.Width)*32])
			}
			return data, nil
		})
		fatalIfErr(t, err)
		checkLeaf(t, tree, l, size-1)
		checkOld(t, tree, l, size/2+1)
	}
}

func TestTreeConcurrent(t *testing.T) {
	l := newRandomLog(t, 600)
	tree, _ := newTestTree(t, l, 600)
	var wg sync.WaitGroup
	for i := range uint64(8) {
		wg.Go(func() {
			leaf, err := tree.LeafHash(i * 70)
			if err != nil || leaf != l.node(0, i*70) {
				t.Errorf("leaf %d: %s, %v", i*70, leaf, err)
			}
			root, err := tree.RootAt(i*70 + 1)
			if err != nil || root != l.root(i*70+1) {
				t.Errorf("root at %d: %s, %v", i*70+1, root, err)
			}
		})
	}
	wg.Wait()
}

// FuzzTree has a byte of a tile changed, and a leaf and an older size asked for.
func FuzzTree(f *testing.F) {
	l := newRandomLog(f, 600)
	f.Add(uint16(600), uint16(7), uint16(300), uint8(0), uint16(99), uint8(1))
	f.Add(uint16(256), uint16(255), uint16(256), uint8(1), uint16(0), uint8(0x80))
	f.Add(uint16(1), uint16(0), uint16(1), uint8(0), uint16(31), uint8(0))
	f.Fuzz(func(t *testing.T, size, index, old uint16, tile uint8, at uint16, flip uint8) {
		if size == 0 || size > 600 || index >= size || old == 0 || old > size {
			return
		}
		tree, s := newTestTree(t, l, uint64(size))
		s.tamper = func(_ []Tile, data [][]byte) ([][]byte, error) {
			d := data[int(tile)%len(data)]
			d[int(at)%len(d)] ^= flip
			return data, nil
		}
		if flip == 0 {
			checkLeaf(t, tree, l, uint64(index))
			checkOld(t, tree, l, uint64(old))
			return
		}
		_, err := tree.LeafHash(uint64(index))
		wantErr(t, err, ErrTiles, "")
		_, err = tree.RootAt(uint64(old))
		wantErr(t, err, ErrTiles, "")
	})
}
