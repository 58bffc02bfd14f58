// Package tile has the resources of the public log: the tiles and entry bundles
// of C2SP tlog-tiles, and bundles of the changes that each log entry made to the
// prefix tree, which are an addition of Ghostlight's in the same manner.
//
// The tree of which tiles have the hashes is that of RFC 6962, over the very
// LogEntry structures that are the leaves of the log tree of KEYTRANS. The two
// trees hash differently (package logtree) and have different roots.
//
// The package does no I/O and authenticates nothing: what a tile or bundle says
// is to be believed once it leads to the root in a verified checkpoint (package
// checkpoint).
package tile

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// FullWidth is how many hashes, entries or entries' changes a full tile has.
const FullWidth = 256

// levelBits is how many levels of the tree a tile spans.
const levelBits = 8

// maxLevel is the highest level that a path can name.
const maxLevel = 63

// Kind is what a Tile has.
type Kind uint8

// The kinds of tiles. The names in parentheses begin the paths of C2SP
// tlog-tiles, "Merkle Tree" and "Log entries", and of docs/log.md.
const (
	Hashes  Kind = iota // hashes of the RFC 6962 tree (tile/<L>/)
	Entries             // log entries (tile/entries/)
	Changes             // changes of the prefix tree, by log entry (changes/)
)

// A Tile names a resource of the log. It is comparable.
type Tile struct {
	Kind Kind
	// Level is that of a tile of hashes, 0 to 63, and 0 for other kinds.
	Level uint8
	// Index is the number of the tile within its level.
	Index uint64
	// Width is how many elements the tile has, 1 to FullWidth. A tile with
	// fewer than FullWidth is partial.
	Width uint16
}

// Path returns the path of t below the prefix of the log, without a slash at
// the start, such as "tile/0/x001/234.p/5".
func (t Tile) Path() string {
	var b strings.Builder
	switch t.Kind {
	case Hashes:
		fmt.Fprintf(&b, "tile/%d/", t.Level)
	case Entries:
		b.WriteString("tile/entries/")
	case Changes:
		b.WriteString("changes/")
	}
	b.WriteString(indexPath(t.Index))
	if t.Width != FullWidth {
		fmt.Fprintf(&b, ".p/%d", t.Width)
	}
	return b.String()
}

// indexPath encodes an index into three-digit path elements, of which all but
// the last begin with an x.
func indexPath(n uint64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}

var errPath = errors.New("not the path of a tile")

// ParsePath is the inverse of Tile.Path. It accepts nothing that Path does not
// return.
func ParsePath(path string) (Tile, error) {
	t, err := parsePath(path)
	if err != nil || t.Path() != path {
		return Tile{}, errPath
	}
	return t, nil
}

func parsePath(path string) (Tile, error) {
	t := Tile{Width: FullWidth}
	rest, ok := strings.CutPrefix(path, "tile/entries/")
	switch {
	case ok:
		t.Kind = Entries
	case strings.HasPrefix(path, "changes/"):
		t.Kind, rest = Changes, strings.TrimPrefix(path, "changes/")
	case strings.HasPrefix(path, "tile/"):
		level, after, _ := strings.Cut(strings.TrimPrefix(path, "tile/"), "/")
		n, err := strconv.ParseUint(level, 10, 8)
		if err != nil || n > maxLevel {
			return Tile{}, errPath
		}
		t.Level, rest = uint8(n), after
	default:
		return Tile{}, errPath
	}
	index, width, partial := strings.Cut(rest, ".p/")
	if partial {
		w, err := strconv.ParseUint(width, 10, 8)
		if err != nil || w == 0 {
			return Tile{}, errPath
		}
		t.Width = uint16(w)
	}
	var err error
	t.Index, err = strconv.ParseUint(strings.NewReplacer("/", "", "x", "").Replace(index), 10, 64)
	return t, err
}

// Size returns the least size of a log that has t; ok is false if no log of
// less than 2^63 entries does.
func (t Tile) Size() (size uint64, ok bool) {
	hi, ends := bits.Mul64(t.Index, FullWidth)
	ends, carry := bits.Add64(ends, uint64(t.Width), 0)
	shift := levelBits * uint(t.Level)
	if hi != 0 || carry != 0 || shift >= 63 || ends > math.MaxInt64>>shift {
		return 0, false
	}
	return ends << shift, true
}

// Range returns the numbers [lo, hi) of the elements of t within its level: of
// a tile of hashes the nodes at level 8·Level of the tree, of others log
// entries. Requires that Size says ok.
func (t Tile) Range() (lo, hi uint64) {
	lo = t.Index * FullWidth
	return lo, lo + uint64(t.Width)
}

// Added calls f for each tile and bundle that a log of size entries has and one of
// old entries had not: everything that one who has the old log fetches to have
// the new one. For each level, and then for entries and changes, that is the
// full tiles and at most one partial one, from left to right. It stops at the
// first error of f and returns it. Requires old <= size.
func Added(old, size uint64, f func(Tile) error) error {
	for level := uint8(0); size>>(levelBits*uint(level)) > 0; level++ {
		if err := addedAt(Tile{Kind: Hashes, Level: level}, old, size, f); err != nil {
			return err
		}
	}
	for _, kind := range []Kind{Entries, Changes} {
		if err := addedAt(Tile{Kind: kind}, old, size, f); err != nil {
			return err
		}
	}
	return nil
}

func addedAt(t Tile, old, size uint64, f func(Tile) error) error {
	shift := levelBits * uint(t.Level)
	from, to := old>>shift, size>>shift
	if from == to {
		return nil
	}
	for t.Index = from / FullWidth; t.Index <= (to-1)/FullWidth; t.Index++ {
		t.Width = uint16(min(to-t.Index*FullWidth, FullWidth))
		if err := f(t); err != nil {
			return err
		}
	}
	return nil
}
