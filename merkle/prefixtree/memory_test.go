package prefixtree

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// checkMemory compares m with the reference tree of leaves, which are sorted,
// and checks that no element of its arenas got lost.
func checkMemory(t *testing.T, m *Memory, leaves []Leaf) {
	t.Helper()
	if got, want := m.Root(), refHash(leaves, 0); got != want {
		t.Fatalf("root %v, want %v, of %d leaves", got, want, len(leaves))
	}
	if m.Len() != len(leaves) {
		t.Fatalf("%d leaves, want %d", m.Len(), len(leaves))
	}
	used, branches := int(m.leaves.last)-len(m.leaves.freed), int(m.branches.last)-len(m.branches.freed)
	if used != len(leaves) || branches != max(0, len(leaves)-1) {
		t.Fatalf("%d leaves and %d branches in use for %d leaves", used, branches, len(leaves))
	}
}

func apply(t *testing.T, m *Memory, added, removed []Leaf) {
	t.Helper()
	root, err := m.Apply(added, removed)
	fatalIfErr(t, err)
	if root != m.Root() {
		t.Fatalf("Apply returned %v, the root is %v", root, m.Root())
	}
}

// changesTo returns the lists that lead from one sorted set of leaves to another.
func changesTo(from, to []Leaf) (added, removed []Leaf) {
	for _, l := range to {
		if !slices.Contains(from, l) {
			added = append(added, l)
		}
	}
	for _, l := range from {
		if !slices.Contains(to, l) {
			removed = append(removed, l)
		}
	}
	return added, removed
}

// keyOf returns the key with the given leading bits, and zeros behind them.
func keyOf(bits string) (k Key) {
	for i, b := range bits {
		if b == '1' {
			k[i/8] |= 0x80 >> (i % 8)
		}
	}
	return k
}

// withLastBits returns k with its last byte replaced.
func withLastBits(k Key, last byte) Key {
	k[len(k)-1] = last
	return k
}

// TestMemoryAllSmallTrees goes from every set of a few search keys to every
// other one, and back.
func TestMemoryAllSmallTrees(t *testing.T) {
	ones := Key(slices.Repeat([]byte{0xff}, len(Key{})))
	for name, keys := range map[string][]Key{
		"spread":         {keyOf("0"), keyOf("01"), keyOf("1"), keyOf("101"), keyOf("1011"), keyOf("11")},
		"a comb":         {keyOf("1"), keyOf("01"), keyOf("001"), keyOf("0001"), keyOf("00001"), keyOf("000001")},
		"at the bottom":  {withLastBits(Key{}, 0), withLastBits(Key{}, 2), withLastBits(Key{}, 4), keyOf("1"), withLastBits(ones, 0xff), withLastBits(ones, 0xfd)},
		"chains between": {keyOf("1"), keyOf("00000001"), keyOf("0000000000000001"), keyOf("0000000000000000000001"), withLastBits(Key{}, 2), Key{}},
	} {
		t.Run(name, func(t *testing.T) {
			var sets [][]Leaf
			for bits := range 1 << len(keys) {
				var set []Leaf
				for i, k := range keys {
					if bits>>i&1 == 1 {
						set = append(set, Leaf{k, merkle.Hash{byte(i)}})
					}
				}
				sets = append(sets, sortedLeaves(set))
			}
			var m Memory
			for _, from := range sets {
				added, removed := changesTo(nil, from)
				apply(t, &m, added, removed)
				for _, to := range sets {
					added, removed := changesTo(from, to)
					apply(t, &m, added, removed)
					checkMemory(t, &m, to)
					apply(t, &m, removed, added)
					checkMemory(t, &m, from)
				}
				apply(t, &m, nil, from)
			}
			checkMemory(t, &m, nil)
		})
	}
}

// TestMemoryRandom applies random changes to trees of random and of adversarial
// search keys.
func TestMemoryRandom(t *testing.T) {
	for _, maxShared := range []int{0, 3, 20, 254} {
		t.Run(fmt.Sprint(maxShared), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(31, uint64(maxShared)))
			var m Memory
			var tree []Leaf
			for step := range 300 {
				var removed, added, after []Leaf
				for _, l := range tree {
					switch n := rng.IntN(20); {
					case n == 0 || len(tree) > 300 && n < 10:
						removed = append(removed, l)
						continue
					case n == 19:
						removed = append(removed, l)
						l.Commitment = randHash(rng)
						added = append(added, l)
					}
					after = append(after, l)
				}
				known := slices.Concat(after, removed)
				fresh := freshLeaves(rng, &known, rng.IntN(12), maxShared)
				added, after = sortedLeaves(append(added, fresh...)), sortedLeaves(append(after, fresh...))
				apply(t, &m, added, removed)
				if step%3 == 0 { // back and forth again
					apply(t, &m, removed, added)
					checkMemory(t, &m, tree)
					apply(t, &m, added, removed)
				}
				checkMemory(t, &m, after)
				tree = after
			}
		})
	}
}

// TestMemoryTwins replaces a leaf by the one whose search key differs in the
// last bit, which is fine as long as they are never there together.
func TestMemoryTwins(t *testing.T) {
	a, b := Leaf{withLastBits(Key{}, 0), merkle.Hash{1}}, Leaf{withLastBits(Key{}, 1), merkle.Hash{2}}
	var m Memory
	apply(t, &m, []Leaf{a, {Key: Key{9}}}, nil)
	apply(t, &m, []Leaf{b}, []Leaf{a})
	checkMemory(t, &m, []Leaf{b, {Key: Key{9}}})
}

func TestMemoryErrors(t *testing.T) {
	low, high := Leaf{Key{1}, merkle.Hash{1}}, Leaf{Key{200}, merkle.Hash{2}}
	twin := Leaf{withLastBits(low.Key, 1), merkle.Hash{3}}
	absent, absent2 := Leaf{Key{7}, merkle.Hash{4}}, Leaf{Key{8}, merkle.Hash{5}}
	absentTwin := Leaf{withLastBits(absent.Key, 1), merkle.Hash{6}}
	otherLow := Leaf{low.Key, merkle.Hash{9}}
	for _, c := range []struct {
		name           string
		added, removed []Leaf
		want           error
	}{
		{"added is there", []Leaf{low}, nil, ErrExists},
		{"added is there with another commitment", []Leaf{otherLow}, nil, ErrExists},
		{"added is there, another removed", []Leaf{low}, []Leaf{high}, ErrExists},
		{"second added is there", []Leaf{absent, high}, nil, ErrExists},
		{"added descend", []Leaf{absent2, absent}, nil, errOrder},
		{"added twice", []Leaf{absent, absent}, nil, errOrder},
		{"added twice with two commitments", []Leaf{absent, {absent.Key, merkle.Hash{8}}}, nil, errOrder},
		{"removed descend", nil, []Leaf{high, low}, errOrder},
		{"removed twice", nil, []Leaf{low, low}, errOrder},
		{"removed is not there", nil, []Leaf{absent}, errAbsent},
		{"second removed is not there", nil, []Leaf{low, {Key{201}, merkle.Hash{}}}, errAbsent},
		{"removed with another commitment", nil, []Leaf{otherLow}, errAbsent},
		{"removed the twin", nil, []Leaf{{twin.Key, low.Commitment}}, errAbsent},
		{"replaced is not there", []Leaf{absent}, []Leaf{absent}, errAbsent},
		{"replaced with another commitment", []Leaf{low}, []Leaf{otherLow}, errAbsent},
		{"added the twin", []Leaf{twin}, nil, errTooDeep},
		{"added the twin, another removed", []Leaf{twin}, []Leaf{high}, errTooDeep},
		{"added two twins", []Leaf{absent, absentTwin}, nil, errTooDeep},
		{"added the twin of a replaced leaf", []Leaf{otherLow, twin}, []Leaf{low}, errTooDeep},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Memory
			apply(t, &m, []Leaf{low, high}, nil)
			root, err := m.Apply(c.added, c.removed)
			t.Log(err)
			wantErr(t, err, c.want)
			for _, other := range []error{ErrExists, errOrder, errAbsent, errTooDeep, errFull} {
				if other != c.want && errors.Is(err, other) {
					t.Errorf("the error also says: %v", other)
				}
			}
			if root != (merkle.Hash{}) {
				t.Errorf("a root came with the error: %v", root)
			}
			checkMemory(t, &m, []Leaf{low, high})
		})
	}
	var empty Memory
	_, err := empty.Apply(nil, []Leaf{low})
	wantErr(t, err, errAbsent)
	full := Memory{len: maxLeaves}
	_, err = full.Apply([]Leaf{low}, nil)
	wantErr(t, err, errFull)
}

// TestMemoryBytes holds the memory that a Memory takes against what its comment
// says, for random search keys and for those that make the deepest tree.
func TestMemoryBytes(t *testing.T) {
	if n := unsafe.Sizeof(Leaf{}) + unsafe.Sizeof(branch{}); n > 108 {
		t.Errorf("a leaf and a branch take %d bytes", n)
	}
	const n = 100_000
	rng := rand.New(rand.NewPCG(5, 5))
	for name, key := range map[string]func(i int) Key{
		"random": func(int) Key { return Key(randHash(rng)) },
		// 256 combs of 246 levels.
		"combs": func(i int) Key {
			k := Key{0: byte(i)}
			d := 8 + i>>8%246
			k[d/8] |= 0x80 >> (d % 8)
			return k
		},
	} {
		leaves := make([]Leaf, n)
		for i := range leaves {
			leaves[i] = Leaf{key(i), merkle.Hash{byte(i)}}
		}
		leaves = sortedLeaves(leaves)
		leaves = slices.CompactFunc(leaves, func(a, b Leaf) bool { return a.Key == b.Key })
		var m Memory
		before := heap()
		apply(t, &m, leaves, nil)
		// Everything freed and taken again is the most there can be.
		apply(t, &m, nil, leaves)
		grown := float64(heap()-before) / float64(len(leaves))
		apply(t, &m, leaves, nil)
		t.Logf("%s: %.1f bytes a leaf, of %d", name, grown, len(leaves))
		if grown > 128 {
			t.Errorf("%s: %.1f bytes a leaf, not 128", name, grown)
		}
		runtime.KeepAlive(&m)
	}
}

func heap() uint64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// FuzzMemory applies arbitrary changes to a tree of search keys that collide and
// share long prefixes. Whatever Apply accepts leads to the reference's tree, and
// it accepts all that Memory's rules allow.
func FuzzMemory(f *testing.F) {
	f.Add([]byte{0x10, 0x20, 0x31, 0xff}, []byte{0x10, 0x11, 0x80}, []byte{0x10})
	f.Add([]byte{0x1f}, []byte{0x0f}, []byte{0x1f})
	f.Add([]byte{}, []byte{}, []byte{3})
	f.Add([]byte{7}, []byte{7, 9}, []byte{7})
	f.Fuzz(func(t *testing.T, tree, added, removed []byte) {
		if len(tree) > 60 || len(added) > 60 || len(removed) > 60 {
			return
		}
		leaf := func(b, commitment byte) Leaf {
			k := Key{}
			k[2*int(b&0xf)] = b & 0xf0
			if b&0xf == 0xf {
				k[len(k)-1] = b >> 4
			}
			return Leaf{k, merkle.Hash{commitment}}
		}
		had, goal := map[Key]Leaf{}, map[Key]Leaf{}
		for _, b := range tree {
			l := leaf(b, 1)
			if twin := withLastBits(l.Key, l.Key[len(l.Key)-1]^1); had[twin] == (Leaf{}) {
				had[l.Key], goal[l.Key] = l, l
			}
		}
		var m Memory
		apply(t, &m, sortedMap(had), nil)
		legal := true
		var out, in []Leaf
		for i, b := range removed {
			l := leaf(b, 1)
			legal = legal && had[l.Key] == l && (i == 0 || compareKeys(&out[i-1].Key, &l.Key) < 0)
			out = append(out, l)
			delete(goal, l.Key)
		}
		for i, b := range added {
			l := leaf(b, 2)
			_, there := goal[l.Key]
			legal = legal && !there && (i == 0 || compareKeys(&in[i-1].Key, &l.Key) < 0)
			in = append(in, l)
			goal[l.Key] = l
		}
		for k := range goal {
			_, both := goal[withLastBits(k, k[len(k)-1]^1)]
			legal = legal && !both
		}
		_, err := m.Apply(in, out)
		if (err == nil) != legal {
			t.Fatalf("error %v for a change that is legal: %t", err, legal)
		}
		if err != nil {
			goal = had
		}
		checkMemory(t, &m, sortedMap(goal))
	})
}

func sortedMap(m map[Key]Leaf) []Leaf {
	var ls []Leaf
	for _, l := range m {
		ls = append(ls, l)
	}
	return sortedLeaves(ls)
}

// BenchmarkMemory applies changes to a tree of PREFIXTREE_KEYS leaves.
func BenchmarkMemory(b *testing.B) {
	rng := rand.NewChaCha8([32]byte{3})
	var m Memory
	before := heap()
	for m.Len() < envInt("PREFIXTREE_KEYS", 1_000_000) {
		if _, err := m.Apply(sortedLeaves(benchLeaves(rng, benchBatch)), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("%d leaves, %.1f bytes each", m.Len(), float64(heap()-before)/float64(m.Len()))
	for _, n := range []int{1, 100, benchBatch} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			changes := 0
			for b.Loop() {
				b.StopTimer()
				leaves := sortedLeaves(benchLeaves(rng, n))
				b.StartTimer()
				if _, err := m.Apply(leaves, nil); err != nil {
					b.Fatal(err)
				}
				changes += n
			}
			b.ReportMetric(float64(changes)/b.Elapsed().Seconds(), "changes/s")
		})
	}
}
