package keytrans_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

func TestVectorsLogTree(t *testing.T) {
	cases := readVectors[vectors.LogTree](t, "log-tree").Cases
	log, proofs := cases[0], cases[1:]
	var heads []merkle.Hash
	for i, e := range log.Entries {
		entry, err := keytrans.ParseLogEntry(log.Encodings[i])
		fatalIfErr(t, err)
		if entry.Timestamp != e.Timestamp || vectors.Hash(entry.PrefixTree) != e.PrefixTree || vectors.Hash(entry.Hash()) != log.LeafHashes[i] {
			t.Errorf("entry %d: %+v", i, entry)
		}
		heads, err = logtree.Append(uint64(i), heads, entry.Hash(), func(logtree.Node, merkle.Hash) {})
		fatalIfErr(t, err)
		root, err := logtree.Root(uint64(i)+1, heads)
		fatalIfErr(t, err)
		if vectors.Hash(root) != log.Roots[i] {
			t.Errorf("root of %d entries", i+1)
		}
	}
	for _, c := range proofs {
		err := evaluate(&c, log.Roots)
		checkRefusal(t, c.Name, c.Refused, err)
		if c.Refused {
			continue
		}
		var want []logtree.Node
		for _, n := range c.Nodes {
			want = append(want, logtree.Node{Level: uint8(n[0]), Index: n[1]})
		}
		if got := logtree.Proof(c.Size, c.Old, c.Leaves, earlier(&c)...); !slices.Equal(got, want) {
			t.Errorf("%s: proof %v, want %v", c.Name, got, want)
		}
	}
}

func earlier(c *vectors.LogTree) []uint64 {
	if c.Earlier == nil {
		return nil
	}
	return []uint64{*c.Earlier}
}

// evaluate verifies a proof, also of an earlier root.
func evaluate(c *vectors.LogTree, roots []vectors.Hash) error {
	var leaves []logtree.Leaf
	for i, pos := range c.Leaves {
		leaves = append(leaves, logtree.Leaf{Pos: pos, Value: merkle.Hash(c.Values[i])})
	}
	r, err := logtree.Evaluate(c.Size, c.Old, vectors.MerkleHashes(c.Heads), leaves, vectors.MerkleHashes(c.Elements), earlier(c)...)
	if err != nil {
		return err
	}
	if vectors.Hash(r.Root) != *c.Root {
		return errors.New("another root")
	}
	if c.Earlier == nil {
		return nil
	}
	heads, ok := r.Subtrees(*c.Earlier)
	if !ok {
		return errors.New("the earlier root does not follow")
	}
	root, err := logtree.Root(*c.Earlier, heads)
	if err == nil && vectors.Hash(root) != roots[*c.Earlier-1] {
		err = errors.New("another earlier root")
	}
	return err
}

func TestVectorsPrefixTree(t *testing.T) {
	trees := make(map[string]*prefixtree.Memory)
	for _, c := range readVectors[vectors.PrefixTree](t, "prefix-tree").Cases {
		if c.Tree == "" {
			trees[c.Name] = buildTree(t, &c)
			continue
		}
		err := lookUp(&c)
		checkRefusal(t, c.Name, c.Refused, err)
		if trees[c.Tree].Root() != merkle.Hash(*c.Root) {
			t.Errorf("%s: another root than the tree's", c.Name)
		}
	}
}

func buildTree(t *testing.T, c *vectors.PrefixTree) *prefixtree.Memory {
	t.Helper()
	tree := &prefixtree.Memory{}
	var leaves []prefixtree.Leaf
	for i, l := range c.Leaves {
		leaf := prefixtree.Leaf{Key: prefixtree.Key(l.SearchKey), Commitment: merkle.Hash(l.Commitment)}
		if vectors.Hash(prefixtree.LeafHash(leaf)) != c.Hashes[i] {
			t.Errorf("%s: hash of leaf %d", c.Name, i)
		}
		leaves = append(leaves, leaf)
	}
	if len(leaves) > 0 {
		_, err := tree.Apply(leaves, nil)
		fatalIfErr(t, err)
	}
	if vectors.Hash(tree.Root()) != *c.Root {
		t.Errorf("%s: root", c.Name)
	}
	return tree
}

// lookUp verifies a proof. A PrefixProof is never sent alone: it is decoded as
// the only one of a CombinedTreeProof.
func lookUp(c *vectors.PrefixTree) error {
	const same = 1
	cfg := &keytrans.Configuration{Suite: keytrans.KT_128_SHA256_Ed25519, Mode: keytrans.ContactMonitoring}
	p, err := keytrans.ParseDistinguishedResponse(cfg, slices.Concat([]byte{same, 0, 1}, c.Proof, []byte{0, 0, 0}))
	if err != nil {
		return err
	}
	var keys []prefixtree.Key
	var commitments []*merkle.Hash
	for i, k := range c.Keys {
		keys = append(keys, prefixtree.Key(k))
		commitments = append(commitments, (*merkle.Hash)(c.Commitments[i]))
	}
	root, err := p.Distinguished.PrefixProofs[0].Root(keys, commitments)
	if err == nil && vectors.Hash(root) != *c.Root {
		err = errors.New("another root")
	}
	return err
}

func TestVectorsImplicitTree(t *testing.T) {
	for _, c := range readVectors[vectors.ImplicitTree](t, "implicit-tree").Cases {
		if ibst.Root(c.Size) != c.Root || !slices.Equal(ibst.Frontier(c.Size), c.Frontier) {
			t.Errorf("size %d: root or frontier", c.Size)
		}
		for pos, want := range c.Paths {
			slices.Reverse(want)
			want = append(want, uint64(pos)) // as Path has it, from the root on
			if got := ibst.Path(uint64(pos), c.Size); !slices.Equal(got, want) {
				t.Errorf("size %d: path of %d: %v, want %v", c.Size, pos, got, want)
			}
		}
		for old, want := range c.Updates {
			if got := ibst.UpdateView(uint64(old), c.Size); !slices.Equal(got, want) {
				t.Errorf("size %d: update from %d: %v, want %v", c.Size, old, got, want)
			}
		}
	}
}

func TestVectorsBinaryLadder(t *testing.T) {
	for _, c := range readVectors[vectors.Ladder](t, "binary-ladder").Cases {
		if got := ladder.Base(c.Version); !slices.Equal(got, c.Base) {
			t.Errorf("base ladder of %d: %v, want %v", c.Version, got, c.Base)
		}
		if got := ladder.Monitoring(c.Version); !slices.Equal(got, c.Monitoring) {
			t.Errorf("monitoring ladder of %d: %v, want %v", c.Version, got, c.Monitoring)
		}
		for _, s := range c.Search {
			if got := ladder.Search(c.Version, s.Greatest); !slices.Equal(got, s.Lookups) {
				t.Errorf("search ladder of %d at %d: %v, want %v", c.Version, s.Greatest, got, s.Lookups)
			}
			order := ladder.Equal
			for _, v := range s.Lookups {
				order, _ = ladder.Step(c.Version, v, int64(v) <= s.Greatest)
			}
			if int(order) != s.Order {
				t.Errorf("search ladder of %d at %d: %v, want %d", c.Version, s.Greatest, order, s.Order)
			}
		}
	}
}

func TestVectorsDistinguishedEntries(t *testing.T) {
	for _, c := range readVectors[vectors.Distinguished](t, "distinguished-entries").Cases {
		n := uint64(len(c.Timestamps))
		timestamp := func(pos uint64) (uint64, error) { return c.Timestamps[pos], nil }
		got := []uint64{}
		for pos := range n {
			path, err := ibst.DistinguishedPath(pos, n, c.Timestamps[n-1], c.Window, timestamp)
			fatalIfErr(t, err)
			if len(path) > 0 && path[len(path)-1] == pos {
				got = append(got, pos)
			}
		}
		if !slices.Equal(got, c.Distinguished) {
			t.Errorf("%s: %v, want %v", c.Name, got, c.Distinguished)
		}
		pos, ok, err := ibst.RightmostDistinguished(n, c.Window, timestamp)
		fatalIfErr(t, err)
		if ok != (len(got) > 0) || ok && pos != got[len(got)-1] {
			t.Errorf("%s: the rightmost is %d, %v", c.Name, pos, ok)
		}
	}
}
