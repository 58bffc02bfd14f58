package logtree

import (
	"crypto/sha256"
	"errors"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

const maxTested = 130

func leafValue(i uint64) merkle.Hash { return sha256.Sum256([]byte{byte(i), byte(i >> 8), 'l'}) }

// refSplit is where the left subtree over [lo, hi) ends.
func refSplit(lo, hi uint64) uint64 {
	power := uint64(1)
	for 2*power < hi-lo {
		power *= 2
	}
	return lo + power
}

var refHashes = make(map[span]merkle.Hash) // remembered: the leaves are always the same

// refHash hashes the subtree over [lo, hi) as the draft says.
func refHash(lo, hi uint64) merkle.Hash {
	if hi-lo == 1 {
		return leafValue(lo)
	}
	if h, ok := refHashes[span{lo, hi}]; ok {
		return h
	}
	mid := refSplit(lo, hi)
	var data []byte
	for _, r := range [][2]uint64{{lo, mid}, {mid, hi}} {
		child := refHash(r[0], r[1])
		kind := byte(1)
		if r[1]-r[0] == 1 {
			kind = 0
		}
		data = append(append(data, kind), child[:]...)
	}
	refHashes[span{lo, hi}] = sha256.Sum256(data)
	return refHashes[span{lo, hi}]
}

type span struct{ lo, hi uint64 }

// refSubtrees calls f for every subtree of a log of n leaves, parents first; f
// tells whether to go on below.
func refSubtrees(lo, hi uint64, f func(span) bool) {
	if lo == hi || !f(span{lo, hi}) || hi-lo == 1 {
		return
	}
	refSubtrees(lo, refSplit(lo, hi), f)
	refSubtrees(refSplit(lo, hi), hi, f)
}

func refFull(n uint64) (out []span) {
	refSubtrees(0, n, func(s span) bool {
		balanced := bits.OnesCount64(s.hi-s.lo) == 1
		if balanced {
			out = append(out, s)
		}
		return !balanced
	})
	return out
}

// refProof lists what a verifier lacks: the largest balanced subtrees without a
// proven leaf in which no earlier log ends, except those that it retained or that
// the retained ones cover.
func refProof(n, old uint64, leaves []uint64, earlier ...uint64) (out []span) {
	full := refFull(old)
	refSubtrees(0, n, func(s span) bool {
		if slices.ContainsFunc(leaves, func(l uint64) bool { return s.lo <= l && l < s.hi }) {
			return true
		}
		if slices.ContainsFunc(earlier, func(m uint64) bool { return s.lo < m && m < s.hi }) {
			return true
		}
		if slices.Contains(full, s) {
			return false
		}
		if bits.OnesCount64(s.hi-s.lo) != 1 || s.lo < old && old < s.hi {
			return true
		}
		if s.hi <= old && !slices.ContainsFunc(full, func(f span) bool { return f.lo <= s.lo && s.hi <= f.hi }) {
			return true // above retained subtrees
		}
		out = append(out, s)
		return false
	})
	return out
}

func values(spans []span) (out []merkle.Hash) {
	for _, s := range spans {
		out = append(out, refHash(s.lo, s.hi))
	}
	return out
}

func spans(nodes []Node) (out []span) {
	for _, n := range nodes {
		lo, hi := n.Range()
		out = append(out, span{lo, hi})
	}
	return out
}

func proven(leaves []uint64) (out []Leaf) {
	for _, l := range leaves {
		out = append(out, Leaf{l, leafValue(l)})
	}
	return out
}

func TestAppend(t *testing.T) {
	var heads []merkle.Hash
	saved := make(map[Node]merkle.Hash)
	for n := range uint64(maxTested) {
		if !slices.Equal(spans(FullSubtrees(n)), refFull(n)) {
			t.Fatalf("full subtrees of %d: %v", n, FullSubtrees(n))
		}
		before := slices.Clone(heads)
		next, err := Append(n, heads, leafValue(n), func(node Node, h merkle.Hash) {
			if _, again := saved[node]; again {
				t.Fatalf("node %v saved twice", node)
			}
			saved[node] = h
		})
		if err != nil || !slices.Equal(before, heads) || !slices.Equal(next, values(refFull(n+1))) {
			t.Fatalf("appending leaf %d: %v", n, err)
		}
		heads = next
		root, err := Root(n+1, heads)
		if err != nil || root != refHash(0, n+1) {
			t.Fatalf("root of %d: %v", n+1, err)
		}
		for _, wrong := range [][]merkle.Hash{heads[1:], append(slices.Clone(heads), merkle.Hash{})} {
			if _, err := Root(n+1, wrong); err == nil {
				t.Errorf("root of %d from %d heads", n+1, len(wrong))
			}
			if _, err := Append(n+1, wrong, merkle.Hash{}, func(Node, merkle.Hash) {}); err == nil {
				t.Errorf("appended to %d heads for %d", len(wrong), n+1)
			}
		}
	}
	for node, h := range saved {
		if lo, hi := node.Range(); h != refHash(lo, hi) {
			t.Errorf("node %v is another", node)
		}
	}
	if _, err := Root(0, nil); err == nil {
		t.Error("an empty log has a root")
	}
	if _, err := Append(MaxSize, make([]merkle.Hash, 1), merkle.Hash{}, nil); err == nil {
		t.Error("a log grew beyond the greatest size")
	}
}

// checkProof verifies one proof.
func checkProof(t *testing.T, n, old uint64, leaves []uint64, earlier ...uint64) {
	t.Helper()
	nodes := Proof(n, old, leaves, earlier...)
	want := refProof(n, old, leaves, earlier...)
	if !slices.Equal(spans(nodes), want) {
		t.Fatalf("proof of %v in %d after %d and %d: %v, want %v", leaves, n, old, earlier, nodes, want)
	}
	r, err := Evaluate(n, old, values(refFull(old)), proven(leaves), values(want), earlier...)
	if err != nil || r.Root != refHash(0, n) || !slices.Equal(r.Heads, values(refFull(n))) {
		t.Fatalf("proof of %v in %d after %d and %d: %v", leaves, n, old, earlier, err)
	}
	sizes := append([]uint64{n, old}, earlier...)
	for _, l := range leaves {
		sizes = append(sizes, l+1)
	}
	for _, m := range sizes {
		if heads, ok := r.Subtrees(m); !ok || !slices.Equal(heads, values(refFull(m))) {
			t.Fatalf("proof of %v in %d after %d and %d: the subtrees of %d do not follow", leaves, n, old, earlier, m)
		}
	}
	for m := range n + 1 {
		if heads, ok := r.Subtrees(m); ok && !slices.Equal(heads, values(refFull(m))) {
			t.Fatalf("proof of %v in %d after %d and %d: wrong subtrees of %d", leaves, n, old, earlier, m)
		}
	}
}

// TestAllProofs takes every subset of the leaves of small logs, and every size
// that may have been retained.
func TestAllProofs(t *testing.T) {
	count := 0
	for n := uint64(1); n <= 10; n++ {
		for set := range uint64(1) << n {
			for old := range n + 1 {
				checkProof(t, n, old, subset(set))
				count++
				for earlier := range n + 1 {
					checkProof(t, n, old, subset(set), earlier)
					count++
				}
			}
		}
	}
	t.Logf("%d proofs", count)
}

func subset(set uint64) (leaves []uint64) {
	for i := range uint64(64) {
		if set>>i&1 == 1 {
			leaves = append(leaves, i)
		}
	}
	return leaves
}

// TestProofs takes some leaves of every size, and every size retained.
func TestProofs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := uint64(1); n <= maxTested; n++ {
		for old := range n + 1 {
			for _, leaves := range [][]uint64{nil, {0}, {n - 1}, {rng.Uint64N(n)}, {n / 3, n/3 + n/2}} {
				leaves = slices.DeleteFunc(slices.Compact(leaves), func(l uint64) bool { return l >= n })
				checkProof(t, n, old, leaves)
				checkProof(t, n, old, leaves, rng.Uint64N(n+1), rng.Uint64N(n+1))
			}
		}
	}
}

// TestTampering changes everything that a verifier is given: it must not come
// to the right root, unless nothing changed.
func TestTampering(t *testing.T) {
	count := 0
	for n := uint64(1); n <= 8; n++ {
		for set := range uint64(1) << n {
			for old := range n + 1 {
				count += tamper(t, n, old, subset(set))
				for earlier := uint64(1); n <= 6 && earlier < n; earlier++ {
					count += tamper(t, n, old, subset(set), earlier)
				}
			}
		}
	}
	t.Logf("%d wrong inputs", count)
}

func tamper(t *testing.T, n, old uint64, positions []uint64, earlier ...uint64) (count int) {
	heads, leaves, elements := values(refFull(old)), proven(positions), values(refProof(n, old, positions, earlier...))
	root := refHash(0, n)
	try := func(what string, mustFail bool, heads []merkle.Hash, leaves []Leaf, elements []merkle.Hash) {
		t.Helper()
		count++
		r, err := Evaluate(n, old, heads, leaves, elements, earlier...)
		if err == nil && (mustFail || r.Root == root) {
			t.Fatalf("%s: %v in %d after %d: accepted", what, positions, n, old)
		}
		if err != nil && (r.values != nil || r.Root != merkle.Hash{} || r.Heads != nil) {
			t.Fatalf("%s: a result beside an error", what)
		}
		if err != nil && len(heads) == bits.OnesCount64(old) && !errors.Is(err, ErrProof) {
			t.Fatalf("%s: %v", what, err)
		}
	}
	for i := range heads {
		bad := slices.Clone(heads)
		bad[i][31] ^= 1
		try("head changed", false, bad, leaves, elements)
		try("head dropped", true, slices.Delete(slices.Clone(heads), i, i+1), leaves, elements)
	}
	try("head too many", true, append(slices.Clone(heads), merkle.Hash{}), leaves, elements)
	for i := range elements {
		bad := slices.Clone(elements)
		bad[i][0] ^= 1
		try("element changed", false, heads, leaves, bad)
		try("element dropped", true, heads, leaves, slices.Delete(slices.Clone(elements), i, i+1))
		try("element doubled", true, heads, leaves, slices.Insert(slices.Clone(elements), i, elements[i]))
		if i > 0 {
			bad = slices.Clone(elements)
			bad[i-1], bad[i] = bad[i], bad[i-1]
			try("elements swapped", false, heads, leaves, bad)
		}
	}
	try("element too many", true, heads, leaves, append(slices.Clone(elements), merkle.Hash{}))
	for i := range leaves {
		bad := slices.Clone(leaves)
		bad[i].Value[5] ^= 1
		try("leaf changed", false, heads, bad, elements)
		try("leaf doubled", true, heads, slices.Insert(slices.Clone(leaves), i, leaves[i]), elements)
		bad = slices.Clone(leaves)
		bad[i].Pos = n
		try("leaf beyond", true, heads, bad, elements)
		if i > 0 {
			bad = slices.Clone(leaves)
			bad[i-1], bad[i] = bad[i], bad[i-1]
			try("leaves swapped", true, heads, bad, elements)
		}
	}
	return count
}

// TestSizes checks the limits on sizes, and that a proof in the largest logs is
// short.
func TestSizes(t *testing.T) {
	for _, s := range []struct{ n, old uint64 }{{0, 0}, {0, 1}, {3, 4}, {MaxSize + 1, 0}, {1<<64 - 1, 0}, {1<<64 - 1, 1<<64 - 1}} {
		if _, err := Evaluate(s.n, s.old, nil, nil, nil); !errors.Is(err, ErrProof) {
			t.Errorf("%d after %d: %v", s.n, s.old, err)
		}
	}
	if _, err := Evaluate(3, 0, nil, proven([]uint64{0, 1, 2}), nil, 4); !errors.Is(err, ErrProof) {
		t.Errorf("the root of 4 leaves in a log of 3: %v", err)
	}
	if got := Proof(0, 0, nil); got != nil {
		t.Errorf("proof of nothing: %v", got)
	}
	for _, n := range []uint64{1 << 32, 1<<61 - 1, 1<<61 + 1, MaxSize - 1, MaxSize} {
		for _, old := range []uint64{0, 1, n / 3, n / 2, n - 1, n} {
			leaves := []uint64{0, n / 3, n - 1}
			nodes := Proof(n, old, leaves)
			heads := make([]merkle.Hash, len(FullSubtrees(old)))
			elements := make([]merkle.Hash, len(nodes))
			if len(nodes) > 3*62 {
				t.Errorf("%d nodes for %d after %d", len(nodes), n, old)
			}
			for i := 1; i < len(nodes); i++ {
				_, end := nodes[i-1].Range()
				if lo, hi := nodes[i].Range(); lo < end || hi > n {
					t.Errorf("%d after %d: nodes out of order", n, old)
				}
			}
			_, err := Evaluate(n, old, heads, proven(leaves), elements)
			if old == 0 && err != nil {
				t.Errorf("%d after %d: %v", n, old, err)
			}
		}
	}
}
