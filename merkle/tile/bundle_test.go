package tile

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

func TestEntries(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := range FullWidth + 1 {
		var want [][]byte
		var bundle []byte
		for i := range n {
			size := rng.IntN(60)
			if i == 0 {
				size = []int{0, 1, 255, 256, 65535}[n%5]
			}
			want = append(want, bytes.Repeat([]byte{byte(i)}, size))
			bundle = AppendEntry(bundle, want[i])
		}
		got, err := ParseEntries(bundle, n)
		fatalIfErr(t, err)
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("%d entries: %x, want %x", n, got, want)
		}
		for _, other := range []int{0, 1, n - 1, n + 1, FullWidth, 2 * n} {
			if other == n || other < 0 {
				continue
			}
			if got, err := ParseEntries(bundle, other); !errors.Is(err, errBundle) || got != nil {
				t.Fatalf("%d entries as %d: %d, %v", n, other, len(got), err)
			}
		}
	}
}

// TestEntriesLayout is the encoding byte for byte: C2SP tlog-tiles, "Log entries".
func TestEntriesLayout(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 258)
	got := AppendEntry(AppendEntry(AppendEntry([]byte{}, []byte("ab")), nil), long)
	want := append([]byte{0, 2, 'a', 'b', 0, 0, 1, 2}, long...)
	if !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestEntriesRefused(t *testing.T) {
	bundle := AppendEntry(AppendEntry(AppendEntry(nil, []byte("one")), nil), []byte("three"))
	for i := range bundle {
		for n := range 5 {
			got, err := ParseEntries(bundle[:i], n)
			// After an entry, a bundle of fewer ends.
			if n == 0 && i == 0 || n == 1 && i == 5 || n == 2 && i == 7 {
				fatalIfErr(t, err)
				continue
			}
			if !errors.Is(err, errBundle) || got != nil {
				t.Errorf("the first %d bytes as %d entries: %d, %v", i, n, len(got), err)
			}
		}
	}
	for c := range 256 {
		got, err := ParseEntries(append(slices.Clone(bundle), byte(c)), 3)
		if !errors.Is(err, errBundle) || got != nil {
			t.Errorf("with a byte more: %d, %v", len(got), err)
		}
	}
	for name, b := range map[string][]byte{
		"another entry":         AppendEntry(slices.Clone(bundle), []byte("four")),
		"another empty entry":   AppendEntry(slices.Clone(bundle), nil),
		"a length of 65535":     {0xff, 0xff, 1, 2, 3},
		"a little-endian size":  {3, 0, 'o', 'n', 'e'},
		"one byte less":         {0, 4, 'o', 'n', 'e'},
		"one byte more":         {0, 2, 'o', 'n', 'e'},
		"nothing but a length":  {0, 1},
		"half a length":         {0},
		"a 32 bit length first": {0, 0, 0, 3, 'o', 'n', 'e'},
	} {
		if got, err := ParseEntries(b, 3); !errors.Is(err, errBundle) || got != nil {
			t.Errorf("%s: %d, %v", name, len(got), err)
		}
	}
	_, err := ParseEntries(bundle[:7], 3)
	wantErr(t, err, errBundle, "2 entries instead of 3")
}

// TestEntriesShareMemory verifies that appending to an entry leaves the next one
// as it is.
func TestEntriesShareMemory(t *testing.T) {
	entries, err := ParseEntries(AppendEntry(AppendEntry(nil, []byte("one")), []byte("two")), 2)
	fatalIfErr(t, err)
	_ = append(entries[0], "xxxxxxxx"...)
	if string(entries[1]) != "two" {
		t.Errorf("%q", entries[1])
	}
}

func FuzzParseEntries(f *testing.F) {
	f.Add([]byte{}, uint16(0))
	f.Add(AppendEntry(AppendEntry(nil, []byte("one")), nil), uint16(2))
	f.Add([]byte{0xff, 0xff, 0}, uint16(1))
	f.Fuzz(func(t *testing.T, bundle []byte, n uint16) {
		entries, err := ParseEntries(bundle, int(n))
		if err != nil {
			wantErr(t, err, errBundle, "")
			return
		}
		if len(entries) != int(n) {
			t.Fatalf("%d entries, want %d", len(entries), n)
		}
		var got []byte
		for _, e := range entries {
			got = AppendEntry(got, e)
		}
		if !bytes.Equal(got, bundle) {
			t.Fatalf("%x re-encodes to %x", bundle, got)
		}
	})
}

// leavesOf returns leaves with keys that begin with the given bytes.
func leavesOf(first ...byte) []prefixtree.Leaf {
	out := []prefixtree.Leaf{}
	for _, b := range first {
		out = append(out, prefixtree.Leaf{Key: prefixtree.Key{b}, Commitment: merkle.Hash{31: b}})
	}
	return out
}

// replaced returns leaves with the same keys and other commitments.
func replaced(leaves []prefixtree.Leaf) []prefixtree.Leaf {
	for i := range leaves {
		leaves[i].Commitment[0] ^= 1
	}
	return leaves
}

// TestNoOp refuses what would change nothing: anybody could add it to a bundle that
// leads to the right roots.
func TestNoOp(t *testing.T) {
	for _, c := range []Change{
		{Added: leavesOf(9), Removed: leavesOf(9)},
		{Added: leavesOf(1, 5, 9), Removed: leavesOf(0, 5)},
		{Added: leavesOf(1, 5, 9), Removed: leavesOf(2, 3, 9, 10)},
		{Added: leavesOf(0), Removed: leavesOf(0, 1)},
	} {
		_, err := ReadChange(bytes.NewReader(c.Marshal()))
		wantErr(t, err, errBundle, "added and removed")
	}
}

func TestChange(t *testing.T) {
	changes := []Change{
		{Added: leavesOf(), Removed: leavesOf()},
		{Added: leavesOf(0), Removed: leavesOf()},
		{Added: leavesOf(), Removed: leavesOf(255)},
		{Added: leavesOf(1, 2, 3), Removed: leavesOf(0, 4)},
		{Added: leavesOf(1, 8, 9), Removed: replaced(leavesOf(0, 8, 9))},
		{Added: leavesOf(5, 6), Removed: leavesOf()},
	}
	// 3000 leaves are more than the first read makes room for.
	many := Change{Added: []prefixtree.Leaf{}, Removed: []prefixtree.Leaf{}}
	for i := range 3000 {
		var l prefixtree.Leaf
		binary.BigEndian.PutUint32(l.Key[:], uint32(i))
		many.Added = append(many.Added, l)
		l.Key[31], l.Commitment[0] = 1, byte(i)
		many.Removed = append(many.Removed, l)
	}
	changes = append(changes, many)

	var bundle []byte
	for _, c := range changes {
		bundle = append(bundle, c.Marshal()...)
	}
	for name, r := range map[string]io.Reader{
		"whole":        bytes.NewReader(bundle),
		"byte by byte": iotest.OneByteReader(bytes.NewReader(bundle)),
		"by halves":    iotest.HalfReader(bytes.NewReader(bundle)),
		"data and EOF": iotest.DataErrReader(bytes.NewReader(bundle)),
	} {
		for i, want := range changes {
			got, err := ReadChange(r)
			if err != nil {
				t.Fatalf("%s: change %d: %v", name, i, err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: change %d: %+v, want %+v", name, i, got, want)
			}
		}
		if got, err := ReadChange(r); err != io.EOF || got.Added != nil || got.Removed != nil {
			t.Errorf("%s: at the end: %+v, %v", name, got, err)
		}
	}
}

// TestChangeLayout is the encoding byte for byte.
func TestChangeLayout(t *testing.T) {
	c := Change{
		Added:   []prefixtree.Leaf{{Key: prefixtree.Key{1, 31: 2}, Commitment: merkle.Hash{3, 31: 4}}},
		Removed: []prefixtree.Leaf{{Key: prefixtree.Key{5}, Commitment: merkle.Hash{6}}, {Key: prefixtree.Key{7}, Commitment: merkle.Hash{8}}},
	}
	z := func(n int) string { return hex.EncodeToString(make([]byte, n)) }
	want := "00000001" + "00000002" +
		"01" + z(30) + "02" + "03" + z(30) + "04" +
		"05" + z(31) + "06" + z(31) +
		"07" + z(31) + "08" + z(31)
	if got := hex.EncodeToString(c.Marshal()); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := hex.EncodeToString(Change{}.Marshal()); got != z(8) {
		t.Errorf("nothing: %s", got)
	}
}

func TestChangeTruncated(t *testing.T) {
	for _, c := range []Change{{}, {Added: leavesOf(1)}, {Removed: leavesOf(1)}, {Added: leavesOf(1, 2, 3), Removed: leavesOf(0, 4)}} {
		b := c.Marshal()
		for i := range b {
			want := io.ErrUnexpectedEOF
			if i == 0 {
				want = io.EOF
			}
			for _, r := range []io.Reader{bytes.NewReader(b[:i]), iotest.OneByteReader(bytes.NewReader(b[:i])), iotest.DataErrReader(bytes.NewReader(b[:i]))} {
				got, err := ReadChange(r)
				if err != want || got.Added != nil || got.Removed != nil {
					t.Fatalf("the first %d of %d bytes: %+v, %v; want %v", i, len(b), got, err, want)
				}
			}
		}
		// What follows is the next change.
		r := bytes.NewReader(append(b, 1, 2, 3))
		_, err := ReadChange(r)
		fatalIfErr(t, err)
		if r.Len() != 3 {
			t.Errorf("it leaves %d of 3 bytes", r.Len())
		}
		if _, err := ReadChange(r); err != io.ErrUnexpectedEOF {
			t.Errorf("trailing data: %v", err)
		}
	}
}

func TestChangeReaderFails(t *testing.T) {
	b := Change{Added: leavesOf(1, 2, 3), Removed: leavesOf(0, 4)}.Marshal()
	errBroken := errors.New("broken")
	for i := range b {
		r := io.MultiReader(bytes.NewReader(b[:i]), iotest.ErrReader(errBroken))
		if got, err := ReadChange(r); err != errBroken || got.Added != nil || got.Removed != nil {
			t.Errorf("after %d bytes: %+v, %v", i, got, err)
		}
	}
}

func TestChangeOrder(t *testing.T) {
	for name, keys := range map[string][]byte{
		"a duplicate":                {1, 1},
		"a duplicate of zeros":       {0, 0},
		"a duplicate in the middle":  {1, 2, 2, 3},
		"a duplicate at the end":     {1, 2, 3, 3},
		"a duplicate, not next":      {1, 2, 1},
		"descending":                 {3, 2, 1},
		"the last two descending":    {1, 3, 2},
		"as if bytes were signed":    {0x80, 0x7f},
		"as if keys were read lower": {2, 1, 3},
	} {
		for list, c := range map[string]Change{
			"added":        {Added: leavesOf(keys...)},
			"removed":      {Removed: leavesOf(keys...)},
			"added, both":  {Added: leavesOf(keys...), Removed: leavesOf(9)},
			"removed, too": {Added: leavesOf(9), Removed: leavesOf(keys...)},
		} {
			got, err := ReadChange(bytes.NewReader(c.Marshal()))
			wantErr(t, err, errBundle, "ascending")
			if got.Added != nil || got.Removed != nil {
				t.Errorf("%s, %s: %+v", name, list, got)
			}
		}
	}
	// Keys that differ in one bit, at any place.
	for bit := range 256 {
		var lo, hi prefixtree.Leaf
		hi.Key[bit/8] = 0x80 >> (bit % 8)
		// A commitment does not decide.
		lo.Commitment = merkle.Hash{255}
		_, err := ReadChange(bytes.NewReader(Change{Added: []prefixtree.Leaf{lo, hi}}.Marshal()))
		fatalIfErr(t, err)
		_, err = ReadChange(bytes.NewReader(Change{Added: []prefixtree.Leaf{hi, lo}}.Marshal()))
		wantErr(t, err, errBundle, "ascending")
		hi.Key = lo.Key
		_, err = ReadChange(bytes.NewReader(Change{Removed: []prefixtree.Leaf{hi, lo}}.Marshal()))
		wantErr(t, err, errBundle, "ascending")
	}
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestChangeAnnounced announces numbers of leaves and sends fewer.
func TestChangeAnnounced(t *testing.T) {
	head := func(added, removed uint32) []byte {
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, added), removed)
	}
	for _, test := range []struct {
		added, removed uint32
		want           error
	}{
		{1, 0, io.ErrUnexpectedEOF},
		{0, 1, io.ErrUnexpectedEOF},
		{MaxLeaves, 0, io.ErrUnexpectedEOF},
		{0, MaxLeaves, io.ErrUnexpectedEOF},
		{MaxLeaves / 2, MaxLeaves / 2, io.ErrUnexpectedEOF},
		{1, MaxLeaves - 1, io.ErrUnexpectedEOF},
		{MaxLeaves + 1, 0, errBundle},
		{0, MaxLeaves + 1, errBundle},
		{1, MaxLeaves, errBundle},
		{MaxLeaves, 1, errBundle},
		{MaxLeaves, MaxLeaves, errBundle},
		{1<<31 - 1, 0, errBundle},
		{1 << 31, 0, errBundle},
		{1 << 31, 1 << 31, errBundle},
		{1<<32 - 1, 0, errBundle},
		{0, 1<<32 - 1, errBundle},
		{1<<32 - 1, 1, errBundle}, // the sum is 0 in 32 bits
		{1, 1<<32 - 1, errBundle},
		{1<<32 - 1, 1<<32 - 1, errBundle},
		{1<<32 - 1, MaxLeaves + 1, errBundle}, // the sum is MaxLeaves in 32 bits
	} {
		for _, sent := range []int{0, 1, 63} {
			b := append(head(test.added, test.removed), make([]byte, sent)...)
			var got Change
			var err error
			n := allocated(func() { got, err = ReadChange(bytes.NewReader(b)) })
			if !errors.Is(err, test.want) || got.Added != nil || got.Removed != nil {
				t.Errorf("%d and %d leaves: %+v, %v; want %v", test.added, test.removed, got, err, test.want)
			}
			if n > 256<<10 {
				t.Errorf("%d and %d leaves: %d bytes of memory for %d", test.added, test.removed, n, len(b))
			}
		}
	}
	_, err := ReadChange(bytes.NewReader(head(1<<32-1, 1<<32-1)))
	wantErr(t, err, errBundle, "8589934590")
}

// numberedLeaves is an endless list of ascending leaves.
type numberedLeaves struct{ at uint64 }

// Read implements io.Reader. It gives whole leaves.
func (r *numberedLeaves) Read(b []byte) (int, error) {
	n := 0
	for ; len(b)-n >= leafSize; n += leafSize {
		clear(b[n : n+leafSize])
		binary.BigEndian.PutUint64(b[n:], r.at)
		r.at++
	}
	return n, nil
}

// TestChangeLargest reads as many leaves as there may be.
func TestChangeLargest(t *testing.T) {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, MaxLeaves-1), 1)
	c, err := ReadChange(io.MultiReader(bytes.NewReader(head), &numberedLeaves{}))
	fatalIfErr(t, err)
	if len(c.Added) != MaxLeaves-1 || len(c.Removed) != 1 {
		t.Fatalf("%d and %d leaves", len(c.Added), len(c.Removed))
	}
	var last prefixtree.Key
	binary.BigEndian.PutUint64(last[:], MaxLeaves-2)
	if c.Added[MaxLeaves-2].Key != last {
		t.Errorf("the last key is %x", c.Added[MaxLeaves-2].Key)
	}
}

func FuzzReadChange(f *testing.F) {
	f.Add([]byte{})
	f.Add(Change{}.Marshal())
	f.Add(Change{Added: leavesOf(1, 2), Removed: leavesOf(0)}.Marshal())
	f.Add(Change{Added: leavesOf(2, 1)}.Marshal())
	f.Add(append(Change{Removed: leavesOf(2, 3)}.Marshal(), Change{Added: leavesOf(9)}.Marshal()...))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		var got []byte
		for {
			c, err := ReadChange(r)
			if err == io.EOF {
				break
			}
			if err != nil {
				if !errors.Is(err, errBundle) && err != io.ErrUnexpectedEOF {
					t.Fatalf("%x: %v", b, err)
				}
				return
			}
			got = append(got, c.Marshal()...)
		}
		if !bytes.Equal(got, b) {
			t.Fatalf("%x re-encodes to %x", b, got)
		}
	})
}
