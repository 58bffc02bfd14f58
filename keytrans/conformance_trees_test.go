package keytrans

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// flatIndex is a node's index in the vectors' numbering of the log tree.
func flatIndex(n logtree.Node) uint64 {
	lo, hi := n.Range()
	return lo + hi - 1
}

func runLogMath(t *testing.T, c *vectorCase) outcome {
	var in struct {
		Kind     string
		Size     uint64
		Leaves   []uint64
		Retained uint64 `json:"retained_size"`
	}
	var want struct{ Indices []uint64 }
	c.decode(t, &in, &want)
	var nodes []logtree.Node
	switch in.Kind {
	case "full-subtrees":
		nodes = logtree.FullSubtrees(in.Size)
	case "batch-copath":
		nodes = logtree.Proof(in.Size, in.Retained, in.Leaves)
	default:
		t.Fatalf("kind %q", in.Kind)
	}
	var got []uint64
	for _, n := range nodes {
		got = append(got, flatIndex(n))
	}
	same(t, in.Kind, got, want.Indices)
	return agreed
}

type vectorEntry struct {
	Timestamp  uint64
	PrefixTree hexHash `json:"prefix_tree"`
}

func (e vectorEntry) hash() merkle.Hash {
	return LogEntry{Timestamp: e.Timestamp, PrefixTree: merkle.Hash(e.PrefixTree)}.Hash()
}

// grownLog is a log tree that grew leaf by leaf.
type grownLog struct {
	nodes map[logtree.Node]merkle.Hash
	heads [][]merkle.Hash // by size
}

func growLog(t *testing.T, leaves []merkle.Hash) *grownLog {
	t.Helper()
	g := &grownLog{make(map[logtree.Node]merkle.Hash), [][]merkle.Hash{nil}}
	for i, leaf := range leaves {
		heads, err := logtree.Append(uint64(i), g.heads[i], leaf, func(n logtree.Node, h merkle.Hash) { g.nodes[n] = h })
		fatalIfErr(t, err)
		g.heads = append(g.heads, heads)
	}
	return g
}

// provenLeaves returns leaves as a verifier has them.
func provenLeaves(positions []uint64, values []merkle.Hash) []logtree.Leaf {
	var out []logtree.Leaf
	for i, pos := range positions {
		out = append(out, logtree.Leaf{Pos: pos, Value: values[i]})
	}
	return out
}

func runLogAppend(t *testing.T, c *vectorCase) outcome {
	var in struct {
		Entries []vectorEntry
		Leaves  []hexHash
		Size    uint64
	}
	var want struct {
		FullSubtrees []hexHash `json:"full_subtrees"`
		Root         hexHash
	}
	c.decode(t, &in, &want)
	leaves := hashList(in.Leaves)
	in.Leaves[in.Size-1].check(t, "last leaf", in.Entries[0].hash())
	heads := growLog(t, leaves).heads[in.Size]
	same(t, "full subtrees", heads, hashList(want.FullSubtrees))
	root, err := logtree.Root(in.Size, heads)
	fatalIfErr(t, err)
	var positions []uint64
	for i := range in.Size {
		positions = append(positions, i)
	}
	rebuilt, err := logtree.Evaluate(in.Size, 0, nil, provenLeaves(positions, leaves), nil)
	fatalIfErr(t, err)
	want.Root.check(t, "root", root)
	want.Root.check(t, "root of all leaves", rebuilt.Root)
	return agreed
}

func runLogTree(t *testing.T, c *vectorCase) outcome {
	var in struct {
		Entries  []vectorEntry
		Requests []struct {
			Leaves   []uint64 `json:"proven_leaves"`
			Retained uint64   `json:"retained_size"`
		}
	}
	var want struct {
		FullSubtrees []hexHash `json:"full_subtrees"`
		LeafValues   []hexHash `json:"leaf_values"`
		Root         hexHash
		Proofs       []struct {
			Elements []hexHash
			Proof    hexBytes
		}
	}
	c.decode(t, &in, &want)
	var leaves []merkle.Hash
	for _, e := range in.Entries {
		leaves = append(leaves, e.hash())
	}
	same(t, "leaves", leaves, hashList(want.LeafValues))
	size := uint64(len(leaves))
	log := growLog(t, leaves)
	heads := log.heads[size]
	same(t, "full subtrees", heads, hashList(want.FullSubtrees))
	if len(in.Requests) != len(want.Proofs) {
		t.Fatalf("%d proofs for %d requests", len(want.Proofs), len(in.Requests))
	}
	for i, q := range in.Requests {
		what := fmt.Sprintf("proof of %v after %d", q.Leaves, q.Retained)
		var elements []merkle.Hash
		for _, n := range logtree.Proof(size, q.Retained, q.Leaves) {
			elements = append(elements, log.nodes[n])
		}
		same(t, what, elements, hashList(want.Proofs[i].Elements))
		var b builder
		b.count16(len(elements))
		b.hashes(elements)
		sameBytes(t, what, b.BytesOrPanic(), want.Proofs[i].Proof)

		var values []merkle.Hash
		for _, pos := range q.Leaves {
			values = append(values, leaves[pos])
		}
		got, err := logtree.Evaluate(size, q.Retained, log.heads[q.Retained], provenLeaves(q.Leaves, values), hashList(want.Proofs[i].Elements))
		fatalIfErr(t, err)
		want.Root.check(t, what+": root", got.Root)
		same(t, what+": heads", got.Heads, heads)
	}
	return agreed
}

// mapStore stores a prefix tree. Writes count after commit.
type mapStore struct{ stored, pending map[string][]byte }

func (s *mapStore) Get(key []byte) ([]byte, error) { return s.stored[string(key)], nil }

func (s *mapStore) Last(lo, hi []byte) (key, value []byte, err error) {
	for _, k := range slices.Backward(slices.Sorted(maps.Keys(s.stored))) {
		if k >= string(lo) && k < string(hi) {
			return []byte(k), s.stored[k], nil
		}
	}
	return nil, nil, nil
}

func (s *mapStore) Set(key, value []byte) error {
	s.pending[string(key)] = value
	return nil
}

func (s *mapStore) Append(key, value []byte) error {
	return s.Set(key, slices.Concat(s.stored[string(key)], value))
}

// storedTree returns a prefix tree that log entries put the leaves into.
func storedTree(t *testing.T, entries ...[]prefixtree.Leaf) *prefixtree.Version {
	t.Helper()
	tree := &prefixtree.Tree{Prefix: []byte("p")}
	s := &mapStore{make(map[string][]byte), make(map[string][]byte)}
	for i, leaves := range entries {
		_, err := tree.Insert(s, s, uint64(i), leaves)
		fatalIfErr(t, err)
		maps.Copy(s.stored, s.pending)
	}
	v, err := tree.At(s, uint64(len(entries)))
	fatalIfErr(t, err)
	return v
}

func runPrefixTree(t *testing.T, c *vectorCase) outcome {
	var in struct {
		Entries  []vectorLeaf
		Searches []hexHash
	}
	var want struct {
		vectorPrefixProof
		Commitments []hexBytes
		Proof       hexBytes
		Root        hexHash
	}
	c.decode(t, &in, &want)
	var entries [][]prefixtree.Leaf
	for _, l := range leafList(in.Entries) {
		entries = append(entries, []prefixtree.Leaf{l})
	}
	tree := storedTree(t, entries...)
	want.Root.check(t, "root", tree.Hash())
	var keys []prefixtree.Key
	var commitments []*merkle.Hash
	for i, key := range in.Searches {
		keys = append(keys, prefixtree.Key(key))
		var commitment *merkle.Hash
		if b := want.Commitments[i]; len(b) > 0 {
			commitment = ptr(merkle.Hash(b))
		}
		commitments = append(commitments, commitment)
	}
	proof, found, err := prefixtree.Prove(tree.Root(), keys)
	fatalIfErr(t, err)
	want.check(t, &proof, want.Proof)
	for i := range commitments {
		if (found[i] == nil) != (commitments[i] == nil) || found[i] != nil && *found[i] != *commitments[i] {
			t.Errorf("search %d: got commitment %v, want %v", i, found[i], commitments[i])
		}
	}
	parsed, err := decodePrefixProof(want.Proof)
	fatalIfErr(t, err)
	want.check(t, &parsed, want.Proof)
	root, err := parsed.Root(keys, commitments)
	fatalIfErr(t, err)
	want.Root.check(t, "root of the proof", root)
	return agreed
}

// leafKeys returns the search keys of an update's proof.
func leafKeys(added, removed []prefixtree.Leaf) []prefixtree.Key {
	var out []prefixtree.Key
	for _, l := range slices.Concat(added, removed) {
		out = append(out, l.Key)
	}
	return out
}

func runPrefixMutation(t *testing.T, c *vectorCase) outcome {
	var in struct {
		Entries, Add, Remove []vectorLeaf
		Uncovered            bool `json:"sibling_uncovered"`
	}
	var want struct {
		vectorPrefixProof
		Proof         hexBytes
		Before, After hexHash
		PeerBefore    *hexHash `json:"peer_before"`
		PeerAfter     *hexHash `json:"peer_after"`
		PeerError     string   `json:"peer_error"`
	}
	c.decode(t, &in, &want)
	entries, added, removed := leafList(in.Entries), leafList(in.Add), leafList(in.Remove)
	tree := storedTree(t, entries)
	want.Before.check(t, "tree before", tree.Hash())
	proof, _, err := prefixtree.Prove(tree.Root(), leafKeys(added, removed))
	fatalIfErr(t, err)
	want.check(t, &proof, want.Proof)
	left := slices.DeleteFunc(leafList(in.Entries), func(l prefixtree.Leaf) bool { return slices.Contains(removed, l) })
	want.After.check(t, "tree after", storedTree(t, slices.Concat(left, added)).Hash())

	parsed, err := decodePrefixProof(want.Proof)
	fatalIfErr(t, err)
	before, after, determined, err := prefixtree.Mutate(parsed, added, removed)
	fatalIfErr(t, err)
	want.Before.check(t, "replayed before", before)
	if want.PeerBefore != nil {
		want.PeerBefore.check(t, "replayed before, by the peer", before)
	}
	if determined == in.Uncovered {
		t.Errorf("determined: %t", determined)
	}
	switch {
	case in.Uncovered:
		want.PeerAfter.check(t, "replayed after", after)
		c.note("The update empties a slot beside a node of which the proof has only the value, so that the new root is not a function " +
			"of the proof. Like the peer we report the root for a node that is a parent and stays, which is what is compared; Mutate " +
			"also says that this is not determined")
	default:
		want.After.check(t, "replayed after", after)
		if want.PeerAfter == nil || *want.PeerAfter != want.After {
			c.note("The peer's verifier does not reach the root of the log's own tree here, or refuses the proof; ours reaches it")
		}
	}
	return agreed
}
