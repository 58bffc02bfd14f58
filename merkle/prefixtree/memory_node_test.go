package prefixtree

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// TestMemoryProve proves what is and what is not in trees of random and of
// adversarial search keys.
func TestMemoryProve(t *testing.T) {
	for _, maxShared := range []int{0, 3, 20, 254} {
		t.Run(fmt.Sprint(maxShared), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(37, uint64(maxShared)))
			var m Memory
			var tree []Leaf
			for range 60 {
				proveAll(t, &m, tree, rng, maxShared)
				l := Leaf{randomKey(rng, tree, maxShared), merkle.Hash{byte(len(tree))}}
				if _, err := m.Apply([]Leaf{l}, nil); err == nil {
					tree = append(tree, l)
				}
			}
			if len(tree) < 30 {
				t.Errorf("%d leaves", len(tree))
			}
		})
	}
}

// randomKey returns a key that shares some leading bits with one in the tree.
func randomKey(rng *rand.Rand, tree []Leaf, maxShared int) (k Key) {
	for i := range k {
		k[i] = byte(rng.Uint32())
	}
	if len(tree) == 0 {
		return k
	}
	near := tree[rng.IntN(len(tree))].Key
	for d := range rng.IntN(maxShared + 1) {
		mask := byte(0x80) >> (d % 8)
		k[d/8] = k[d/8]&^mask | near[d/8]&mask
	}
	return k
}

// proveAll proves the search keys of all leaves, each alone and all together, and
// random ones.
func proveAll(t *testing.T, m *Memory, tree []Leaf, rng *rand.Rand, maxShared int) {
	t.Helper()
	want := m.Root()
	var keys []Key
	for _, l := range tree {
		keys = append(keys, l.Key)
	}
	for range 5 {
		keys = append(keys, randomKey(rng, tree, maxShared))
	}
	check := func(keys []Key) []*merkle.Hash {
		p, commitments, err := m.Prove(keys)
		fatalIfErr(t, err)
		root, err := p.Root(keys, commitments)
		fatalIfErr(t, err)
		if root != want || m.Root() != want {
			t.Fatalf("a proof leads to %v, not %v", root, want)
		}
		return commitments
	}
	check(keys)
	if root := (memoryNode{m, m.root, 0}); m.root != 0 && root.Hash() != want {
		t.Fatalf("the root's node has the value %v, not %v", root.Hash(), want)
	}
	for i, k := range keys {
		c := check([]Key{k})[0]
		if i < len(tree) && (c == nil || *c != tree[i].Commitment) || i >= len(tree) && c != nil {
			t.Fatalf("key %d of %d leaves has the commitment %v", i, len(tree), c)
		}
	}
}
