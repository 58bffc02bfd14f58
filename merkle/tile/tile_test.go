package tile

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantErr fails the test unless err is of the kind want and mentions text.
func wantErr(t testing.TB, err, want error, text string) {
	t.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
		t.Fatalf("error %v, want one that is %q and mentions %q", err, want, text)
	}
}

// edges are numbers around which paths and trees change shape.
func edges() []uint64 {
	out := []uint64{0}
	around := func(n uint64) {
		for d := uint64(0); d < 3; d++ {
			out = append(out, n-d, n+d) // from 2^64 on they wrap, to small ones
		}
	}
	for n := uint64(10); n < 1e19; n *= 10 {
		around(n)
	}
	for k := range 64 {
		around(1 << k)
	}
	out = append(out, math.MaxUint64, math.MaxUint64-1)
	slices.Sort(out)
	return slices.Compact(out)
}

// refPath is the path of a tile of hashes as the Go checksum database has it,
// without the height of 8, which C2SP leaves out.
func refPath(t *testing.T, tl Tile) string {
	t.Helper()
	p := tlog.Tile{H: 8, L: int(tl.Level), N: int64(tl.Index), W: int(tl.Width)}.Path()
	rest, ok := strings.CutPrefix(p, "tile/8/")
	if !ok {
		t.Fatalf("the path of another height: %s", p)
	}
	return "tile/" + rest
}

func TestPath(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	indexes := edges()
	for range 100 {
		indexes = append(indexes, rng.Uint64()>>rng.IntN(64))
	}
	for i, n := range indexes {
		for _, level := range []uint8{0, 1, 9, 10, 62, 63, uint8(i % 64)} {
			for _, width := range []uint16{1, 9, 10, 99, 100, 255, 256, uint16(1 + i%256)} {
				tl := Tile{Kind: Hashes, Level: level, Index: n, Width: width}
				checkRoundTrip(t, tl)
				if n <= math.MaxInt64 && tl.Path() != refPath(t, tl) {
					t.Fatalf("%+v has the path %s, the checksum database's is %s", tl, tl.Path(), refPath(t, tl))
				}
				_, rest, _ := strings.Cut(strings.TrimPrefix(tl.Path(), "tile/"), "/")
				for kind, prefix := range map[Kind]string{Entries: "tile/entries/", Changes: "changes/"} {
					other := Tile{Kind: kind, Index: n, Width: width}
					checkRoundTrip(t, other)
					if other.Path() != prefix+rest {
						t.Fatalf("%+v has the path %s, want %s", other, other.Path(), prefix+rest)
					}
				}
			}
		}
	}
}

func checkRoundTrip(t *testing.T, want Tile) {
	t.Helper()
	got, err := ParsePath(want.Path())
	if err != nil || got != want {
		t.Fatalf("%+v → %s → %+v, %v", want, want.Path(), got, err)
	}
}

// TestPathSpec has what C2SP tlog-tiles spells out.
func TestPathSpec(t *testing.T) {
	for path, want := range map[string]Tile{
		// For example, index 1234067 will be encoded as x001/x234/067.
		"tile/0/x001/x234/067":                      {Level: 0, Index: 1234067, Width: 256},
		"tile/entries/x001/x234/067":                {Kind: Entries, Index: 1234067, Width: 256},
		"changes/x001/x234/067.p/1":                 {Kind: Changes, Index: 1234067, Width: 1},
		"tile/63/x001/x234/067.p/255":               {Level: 63, Index: 1234067, Width: 255},
		"tile/0/000":                                {Width: 256},
		"tile/0/000.p/1":                            {Width: 1},
		"tile/1/000":                                {Level: 1, Width: 256},
		"tile/entries/999.p/100":                    {Kind: Entries, Index: 999, Width: 100},
		"tile/entries/x001/000.p/10":                {Kind: Entries, Index: 1000, Width: 10},
		"changes/x018/x446/x744/x073/x709/x551/615": {Kind: Changes, Index: math.MaxUint64, Width: 256},
	} {
		got, err := ParsePath(path)
		if err != nil || got != want || want.Path() != path {
			t.Errorf("%s is %+v, %v; want %+v, of which the path is %s", path, got, err, want, want.Path())
		}
	}
}

func TestPathRefused(t *testing.T) {
	// Each is a good path with one thing wrong.
	for _, path := range []string{
		"",
		"/",
		"t",
		"tile",
		"tile/",
		"tile//",
		"tile/0",
		"tile/0/",
		"tile/0//000",
		"tile/0/.p/1",
		"/tile/0/000",
		"./tile/0/000",
		"../tile/0/000",
		"x/tile/0/000",
		"tile/./0/000",
		"tile/0/../0/000",
		"tile/0/000/..",
		"tile/0/000/.",
		"tile/0/000/",
		"tile/0/000//",
		"tile/0/000\n",
		"tile/0/000 ",
		" tile/0/000",
		"tile/0/000\x00",
		"tile/0/000?",
		"tile/0/000?a=b",
		"tile/0/000#",
		"tile/0/%300",
		"tile/0/%30%30%30",
		"tile%2f0%2f000",
		"tile/0/000%2ep/1",
		"tile\\0\\000",
		"tile/0/000\\",
		"Tile/0/000",
		"TILE/0/000",
		"tile/0/X001/000",
		"tile/0/x001/000.P/1",
		"tile/Entries/000",
		"tile/ENTRIES/000",
		"tile/entries",
		"tile/entries/",
		"tile/entries/x",
		"tile/entries/.p/1",
		"tile/entries/0/000",
		"tile/entries/000/",
		"tile/entries/entries/000",
		"tile/data/000",
		"tile/names/000",
		"tile/issuer/000",
		"entries/000",
		"tiles/0/000",
		"tile/8/0/000",
		"Changes/000",
		"changes",
		"changes/",
		"changes/0/000",
		"changes/000/",
		"changes/changes/000",
		"changes//000",
		"tile/changes/000",
		"checkpoint",
		"tile/checkpoint",
		// levels
		"tile/00/000",
		"tile/01/000",
		"tile/063/000",
		"tile/64/000",
		"tile/99/000",
		"tile/255/000",
		"tile/256/000",
		"tile/18446744073709551616/000",
		"tile/-1/000",
		"tile/-0/000",
		"tile/+1/000",
		"tile/0x1/000",
		"tile/0b1/000",
		"tile/1_0/000",
		"tile/a/000",
		"tile/ 1/000",
		"tile/1 /000",
		"tile/1./000",
		"tile/1e1/000",
		"tile/\u0661/000",
		// indices
		"tile/0/0",
		"tile/0/1",
		"tile/0/00",
		"tile/0/01",
		"tile/0/0000",
		"tile/0/0001",
		"tile/0/1000",
		"tile/0/1234067",
		"tile/0/001234067",
		"tile/0/001/234/067",
		"tile/0/001/x234/067",
		"tile/0/x001/234/067",
		"tile/0/x001/x234/x067",
		"tile/0/x000/001",
		"tile/0/x000/000",
		"tile/0/x000/x001/000",
		"tile/0/x001",
		"tile/0/x001/",
		"tile/0/x001/0",
		"tile/0/x001/00",
		"tile/0/x001/0000",
		"tile/0/x1/000",
		"tile/0/x01/000",
		"tile/0/x0001/000",
		"tile/0/xx001/000",
		"tile/0/x001x/000",
		"tile/0/x001//000",
		"tile/0//x001/000",
		"tile/0/x-01/000",
		"tile/0/x+01/000",
		"tile/0/-01",
		"tile/0/+01",
		"tile/0/ 01",
		"tile/0/0_1",
		"tile/0/0x1",
		"tile/0/00a",
		"tile/0/\u0660\u0660\u0660",
		"tile/0/x001000",
		"tile/0/x001000/000",
		"tile/0/x0/x01/000",
		"tile/0/x018/x446/x744/x073/x709/x551/616",
		"tile/0/x018/x446/x744/x073/x709/x552/615",
		"tile/0/x099/x999/x999/x999/x999/x999/999",
		"tile/0/x001/x000/x000/x000/x000/x000/x000/000",
		"tile/0/x001/" + strings.Repeat("x000/", 1000) + "000",
		"tile/0/" + strings.Repeat("9", 100_000),
		"tile/0/" + strings.Repeat("0", 100_000),
		"tile/" + strings.Repeat("1", 100_000) + "/000",
		"tile/0/000.p/" + strings.Repeat("1", 100_000),
		// widths
		"tile/0/000.p",
		"tile/0/000.p/",
		"tile/0/000.p/0",
		"tile/0/000.p/00",
		"tile/0/000.p/01",
		"tile/0/000.p/001",
		"tile/0/000.p/0255",
		"tile/0/000.p/256",
		"tile/0/000.p/257",
		"tile/0/000.p/512",
		"tile/0/000.p/65537",
		"tile/0/000.p/18446744073709551617",
		"tile/0/000.p/-1",
		"tile/0/000.p/+1",
		"tile/0/000.p/1/",
		"tile/0/000.p/1/1",
		"tile/0/000.p/1.p/1",
		"tile/0/000.p/x001",
		"tile/0/000.p/0x1",
		"tile/0/000.p/1_0",
		"tile/0/000.p/a",
		"tile/0/000.p/ 1",
		"tile/0/000.p/1 ",
		"tile/0/000.p/1\n",
		"tile/0/000.p//1",
		"tile/0/000/.p/1",
		"tile/0/000.p1",
		"tile/0/000p/1",
		"tile/0/000..p/1",
		"tile/0/x001.p/1/000",
		"tile/0/x001.p/1",
		"tile/0.p/1/000",
		"tile/entries/000.p/256",
		"changes/000.p/0",
	} {
		got, err := ParsePath(path)
		if !errors.Is(err, errPath) || got != (Tile{}) {
			t.Errorf("%.60q: %+v, %v; want nothing and %v", path, got, err, errPath)
		}
	}
}

// TestPathMutated changes, adds and takes away each byte of good paths. What is
// accepted has to be the path of another tile.
func TestPathMutated(t *testing.T) {
	for _, path := range []string{"tile/0/x001/x234/067.p/25", "tile/63/999", "tile/entries/x012/345.p/9", "changes/000.p/255"} {
		for i := range len(path) + 1 {
			for c := range 256 {
				inserted := path[:i] + string([]byte{byte(c)}) + path[i:]
				mutants := []string{inserted}
				if i < len(path) {
					mutants = append(mutants, path[:i]+inserted[i:i+1]+path[i+1:], path[:i]+path[i+1:])
				}
				for _, m := range mutants {
					if tl, err := ParsePath(m); err == nil && tl.Path() != m {
						t.Fatalf("%q is read as %s", m, tl.Path())
					}
				}
			}
		}
	}
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"tile/0/x001/x234/067.p/25", "tile/63/999", "tile/entries/x012/345.p/9", "changes/000.p/255", "tile/0/x018/x446/x744/x073/x709/x551/615", "tile/00/000", "tile/0/x000/000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tl, err := ParsePath(path)
		if err != nil {
			if tl != (Tile{}) {
				t.Fatalf("%q: %+v with an error", path, tl)
			}
			return
		}
		if tl.Path() != path || tl.Width < 1 || tl.Width > FullWidth || tl.Level > maxLevel || tl.Kind != Hashes && tl.Level != 0 {
			t.Fatalf("%q is read as %+v, of which the path is %q", path, tl, tl.Path())
		}
	})
}

func TestSize(t *testing.T) {
	for _, test := range []struct {
		path string
		want uint64 // 0 if there is none
	}{
		{"tile/0/000.p/1", 1},
		{"tile/0/000", 256},
		{"tile/0/001.p/1", 257},
		{"tile/entries/000.p/7", 7},
		{"tile/entries/x001/000", 1001 * 256},
		{"changes/002.p/255", 2*256 + 255},
		{"tile/1/000.p/1", 256},
		{"tile/1/000", 65536},
		{"tile/1/001.p/17", (256 + 17) * 256},
		{"tile/2/000.p/1", 65536},
		{"tile/7/000.p/1", 1 << 56},
		{"tile/7/000.p/16", 1 << 60},
		{"tile/7/000.p/127", 127 << 56},
		{"tile/7/000.p/128", 0},
		{"tile/7/000", 0},
		{"tile/7/001.p/1", 0},
		{"tile/8/000.p/1", 0},
		{"tile/9/000.p/1", 0},
		{"tile/31/000.p/1", 0},
		{"tile/32/000.p/1", 0}, // a shift by 256, which a uint8 does not hold
		{"tile/63/000.p/1", 0},
		// 2^63 - 1 = 36028797018963967·256 + 255
		{"tile/0/x036/x028/x797/x018/x963/967.p/255", math.MaxInt64},
		{"tile/0/x036/x028/x797/x018/x963/967", 0},
		{"tile/0/x036/x028/x797/x018/x963/968.p/1", 0},
		{"tile/entries/x036/x028/x797/x018/x963/967", 0},
		// 2^56 · 256 = 2^64
		{"tile/0/x072/x057/x594/x037/x927/935", 0},
		{"tile/0/x072/x057/x594/x037/x927/936.p/1", 0},
		{"tile/0/x018/x446/x744/x073/x709/x551/615", 0},
		{"changes/x018/x446/x744/x073/x709/x551/615.p/1", 0},
		// 2^47 · 256 · 256 = 2^63
		{"tile/1/x140/x737/x488/x355/327.p/255", (1<<55 - 1) << 8},
		{"tile/1/x140/x737/x488/x355/327", 0},
		{"tile/1/x140/x737/x488/x355/328.p/1", 0},
	} {
		tl, err := ParsePath(test.path)
		fatalIfErr(t, err)
		size, ok := tl.Size()
		if size != test.want || ok != (test.want != 0) {
			t.Errorf("%s: %d, %v; want %d", test.path, size, ok, test.want)
		}
		if !ok {
			continue
		}
		if !hasTile(size, tl) || hasTile(size-1, tl) {
			t.Errorf("%s: %d is not the least size", test.path, size)
		}
		lo, hi := tl.Range()
		if lo != tl.Index*256 || hi != lo+uint64(tl.Width) || hi<<(8*tl.Level) != size {
			t.Errorf("%s: range [%d, %d)", test.path, lo, hi)
		}
	}
}

// hasTile reports whether the tiles of a log of size entries have all elements of
// tl, by the definition of C2SP tlog-tiles: element i of the n-th tile at level l
// is the hash of the entries from (n·256 + i)·256^l on, 256^l of them.
func hasTile(size uint64, tl Tile) bool {
	nodes := size
	for range tl.Level {
		nodes /= 256
	}
	return nodes/256 > tl.Index || nodes/256 == tl.Index && nodes%256 >= uint64(tl.Width)
}

// allTiles is what a log of size entries has, by definition.
func allTiles(size uint64) []Tile {
	var out []Tile
	level := func(kind Kind, l uint8, nodes uint64) {
		for n := uint64(0); n < nodes/256; n++ {
			out = append(out, Tile{Kind: kind, Level: l, Index: n, Width: 256})
		}
		if w := nodes % 256; w > 0 {
			out = append(out, Tile{Kind: kind, Level: l, Index: nodes / 256, Width: uint16(w)})
		}
	}
	l := uint8(0)
	for nodes := size; nodes > 0; nodes /= 256 {
		level(Hashes, l, nodes)
		l++
	}
	level(Entries, 0, size)
	level(Changes, 0, size)
	return out
}

func newTiles(t testing.TB, old, size uint64) []Tile {
	t.Helper()
	var out []Tile
	fatalIfErr(t, Added(old, size, func(tl Tile) error {
		out = append(out, tl)
		return nil
	}))
	return out
}

// TestNewSpec has the examples of C2SP tlog-tiles, "Partial Tiles".
func TestNewSpec(t *testing.T) {
	// A tree of size 70,000: 273 full level 0 tiles, one partial level 0 tile of
	// width 112, one full level 1 tile, one partial level 1 tile of width 17, and
	// one partial level 2 tile of width 1.
	got := newTiles(t, 0, 70_000)
	if len(got) != 274+2+1+274+274 {
		t.Fatalf("%d tiles", len(got))
	}
	for i := range uint64(273) {
		if got[i] != (Tile{Index: i, Width: 256}) {
			t.Errorf("%d: %+v", i, got[i])
		}
	}
	want := []Tile{{Index: 273, Width: 112}, {Level: 1, Width: 256}, {Level: 1, Index: 1, Width: 17}, {Level: 2, Width: 1}, {Kind: Entries, Width: 256}}
	if !slices.Equal(got[273:278], want) {
		t.Errorf("%+v", got[273:278])
	}
	// A tree of size 256: a full level 0 tile and a partial level 1 tile of
	// width 1.
	want = []Tile{{Width: 256}, {Level: 1, Width: 1}, {Kind: Entries, Width: 256}, {Kind: Changes, Width: 256}}
	if got := newTiles(t, 0, 256); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got := newTiles(t, 0, 0); got != nil {
		t.Errorf("an empty log has %+v", got)
	}
}

func TestNew(t *testing.T) {
	check := func(old, size uint64) {
		t.Helper()
		got := newTiles(t, old, size)
		// The tiles of hashes are those of the checksum database.
		var hashes []Tile
		for _, tl := range tlog.NewTiles(8, int64(old), int64(size)) {
			hashes = append(hashes, Tile{Level: uint8(tl.L), Index: uint64(tl.N), Width: uint16(tl.W)})
		}
		n := 0
		for n < len(got) && got[n].Kind == Hashes {
			n++
		}
		if !slices.Equal(got[:n], hashes) {
			t.Fatalf("%d to %d: %+v, the checksum database has %+v", old, size, got[:n], hashes)
		}
		// Entries and changes are as the tiles of level 0.
		for _, kind := range []Kind{Entries, Changes} {
			for _, tl := range hashes {
				if tl.Level > 0 {
					break
				}
				tl.Kind = kind
				if n == len(got) || got[n] != tl {
					t.Fatalf("%d to %d: %+v at %d, want %+v there", old, size, got, n, tl)
				}
				n++
			}
		}
		if n != len(got) {
			t.Fatalf("%d to %d: %+v more", old, size, got[n:])
		}
	}
	for size := range uint64(100) {
		for old := range size + 1 {
			check(old, size)
		}
	}
	for _, around := range []uint64{256, 512, 65536, 65536 + 256, 1 << 24, 1<<24 + 1<<16, 1 << 32, 1 << 40, 1 << 56, 1 << 60} {
		for old := around - 5; old < around+5; old++ {
			for size := old; size < around+300; size += 1 + size%7 {
				check(old, size)
			}
		}
	}
}

// TestNewBruteForce compares with all tiles of the new log of which not every
// element is in the old one's.
func TestNewBruteForce(t *testing.T) {
	check := func(old, size uint64) {
		t.Helper()
		var want []Tile
		for _, tl := range allTiles(size) {
			if !hasTile(old, tl) {
				want = append(want, tl)
			}
			if !hasTile(size, tl) {
				t.Fatalf("a log of %d has %+v", size, tl)
			}
		}
		got := newTiles(t, old, size)
		if !slices.Equal(got, want) {
			t.Fatalf("%d to %d: %+v, want %+v", old, size, got, want)
		}
		for _, tl := range got {
			if least, ok := tl.Size(); !ok || least <= old || least > size {
				t.Fatalf("%d to %d: %+v is in logs of %d, %v", old, size, tl, least, ok)
			}
		}
	}
	for size := range uint64(40) {
		for old := range size + 1 {
			check(old, size)
		}
	}
	for _, size := range []uint64{255, 256, 257, 511, 512, 513, 600, 65535, 65536, 65537, 65536 + 255, 65536 + 256, 65536 + 257, 131072} {
		for _, old := range []uint64{0, 1, 254, 255, 256, 257, 511, 512, 513, 599, 600, 65279, 65280, 65281, 65534, 65535, 65536, 65537, 65792, 131071, 131072} {
			if old <= size {
				check(old, size)
			}
		}
	}
}

// TestNewAtTheEnd has the largest sizes that there are. They are no log's, but
// New has to end.
func TestNewAtTheEnd(t *testing.T) {
	for _, size := range []uint64{math.MaxUint64, math.MaxUint64 - 1, math.MaxUint64 - 255, math.MaxUint64 - 256, 1 << 63, math.MaxInt64} {
		for _, old := range []uint64{size, size - 1, size - 256, size - 1000} {
			var n int
			err := Added(old, size, func(Tile) error {
				if n++; n > 100 {
					return errors.New("it goes on")
				}
				return nil
			})
			if err != nil || (n == 0) != (old == size) {
				t.Errorf("%d to %d: %d tiles, %v", old, size, n, err)
			}
		}
	}
}

func TestNewStops(t *testing.T) {
	want := len(newTiles(t, 3, 70_000))
	for stop := range want {
		errStop := fmt.Errorf("stop at %d", stop)
		n := 0
		err := Added(3, 70_000, func(Tile) error {
			if n++; n > stop {
				return errStop
			}
			return nil
		})
		if err != errStop || n != stop+1 {
			t.Fatalf("it stopped at %d with %v, want %v", n, err, errStop)
		}
	}
}
