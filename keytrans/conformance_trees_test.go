package keytrans

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

func runIBST(t *testing.T, c *vectorCase) outcome {
	var in struct{ Size uint64 }
	var want struct {
		Frontier []uint64
		Root     uint64
		Nodes    []struct {
			Index       uint64
			Left, Right *uint64
		}
	}
	c.decode(t, &in, &want)
	if got := ibst.Root(in.Size); got != want.Root {
		t.Errorf("root %d, want %d", got, want.Root)
	}
	same(t, "frontier", ibst.Frontier(in.Size), want.Frontier)
	child := func(what string, of, got uint64, ok bool, want *uint64) {
		if ok != (want != nil) || ok && got != *want {
			t.Errorf("%s child of %d: got %d, %t", what, of, got, ok)
		}
	}
	for _, n := range want.Nodes {
		left, ok := ibst.Left(n.Index)
		child("left", n.Index, left, ok, n.Left)
		right, ok := ibst.Right(n.Index, in.Size)
		child("right", n.Index, right, ok, n.Right)
	}
	return agreed
}

// olderUpdateView is the text before 2026-07-28: a user whose rightmost entry
// is still on the frontier gets nothing.
func olderUpdateView(old, n uint64) []uint64 {
	if old > 0 && slices.Max(ibst.Path(old-1, n)) < old {
		return nil
	}
	return ibst.UpdateView(old, n)
}

func runUpdateView(t *testing.T, c *vectorCase) outcome {
	var in struct {
		Size       uint64
		Advertised uint64
	}
	var want struct {
		Entries, Frontier []uint64
		Unchecked         bool `json:"right_edge_unchecked"`
	}
	c.decode(t, &in, &want)
	if in.Advertised == 0 {
		same(t, "frontier", ibst.Frontier(in.Size), want.Frontier)
	}
	same(t, "older reading", olderUpdateView(in.Advertised, in.Size), want.Entries)
	got := ibst.UpdateView(in.Advertised, in.Size)
	if !want.Unchecked {
		same(t, "entries", got, want.Entries)
		return agreed
	}
	rest := ibst.FrontierFrom(in.Advertised-1, in.Size)[1:]
	if len(rest) == 0 {
		t.Error("nothing is to the right of the old rightmost entry")
	}
	same(t, "entries under the present text", got, rest)
	c.note("The old rightmost entry is still on the frontier. The text before 2026-07-28 gives the user nothing " +
		"then, which the vector pins and a function of the test reproduces. Ghostlight follows the present text, " +
		"which gives the frontier to the right of that entry. In all other cases both texts give the same entries")
	return olderReading
}

// scriptedSource answers lookups in whatever entry, and records them.
type scriptedSource struct {
	included func(uint32) bool
	asked    []uint32
	results  []bool
}

func (*scriptedSource) timestamp(uint64) (uint64, error) { return 0, nil }

func (s *scriptedSource) lookup(_ uint64, versions []uint32, last func(uint32, bool) bool) ([]bool, error) {
	for _, v := range versions {
		included := s.included(v)
		s.asked, s.results = append(s.asked, v), append(s.results, included)
		if last(v, included) {
			break
		}
	}
	return s.results, nil
}

func upTo(greatest uint32) func(uint32) bool { return func(v uint32) bool { return v <= greatest } }

func runBinaryLadder(t *testing.T, c *vectorCase) outcome {
	var in struct {
		Kind             string
		Greatest, Target uint32
		Left             []uint32 `json:"left_inclusion"`
		Right            []uint32 `json:"right_non_inclusion"`
	}
	var want struct{ Versions []uint32 }
	c.decode(t, &in, &want)
	switch in.Kind {
	case "base":
		same(t, "ladder", ladder.Base(in.Greatest), want.Versions)
	case "monitoring":
		same(t, "ladder", ladder.Monitoring(in.Target), want.Versions)
	case "search":
		const left, pos, right = 0, 1, 2
		src := &scriptedSource{included: upTo(in.Greatest)}
		w := newWalk(src, testConfiguration(), 3)
		for _, v := range in.Left {
			w.note(left, v, true)
		}
		for _, v := range in.Right {
			w.note(right, v, false)
		}
		_, err := w.searchLadder(pos, in.Target, omitRedundant)
		fatalIfErr(t, err)
		same(t, "ladder", src.asked, want.Versions)
		if len(in.Left)+len(in.Right) == 0 {
			same(t, "complete ladder", ladder.Search(in.Target, int64(in.Greatest)), want.Versions)
		}
	default:
		t.Fatalf("kind %q", in.Kind)
	}
	return agreed
}

func runLadderInterpretation(t *testing.T, c *vectorCase) outcome {
	var in struct {
		Greatest, Target uint32
		Ladder           []uint32
		Results          []bool
	}
	var want struct{ Verdict ladder.Order }
	c.decode(t, &in, &want)
	src := &scriptedSource{included: upTo(in.Greatest)}
	got, err := newWalk(src, testConfiguration(), 1).searchLadder(0, in.Target, completely)
	fatalIfErr(t, err)
	same(t, "ladder", src.asked, in.Ladder)
	same(t, "results", src.results, in.Results)
	if got != want.Verdict {
		t.Errorf("order %d, want %d", got, want.Verdict)
	}
	return agreed
}

func runDistinguished(t *testing.T, c *vectorCase) outcome {
	var in struct {
		Size, Window uint64
		Timestamps   []uint64
	}
	var want struct {
		Rightmost          *uint64  // nil if there is none
		PreviousRightmost  *uint64  `json:"previous_rightmost"`
		Requested          []uint64 // in either search, ascending
		RequestedRightmost []uint64 `json:"requested_rightmost"`
		RequestedPrevious  []uint64 `json:"requested_previous"`
	}
	c.decode(t, &in, &want)
	if in.Size == 0 {
		same(t, "requested", want.Requested, nil)
		if want.Rightmost != nil || want.PreviousRightmost != nil {
			t.Error("an empty log has distinguished entries")
		}
		c.note("An empty log has no entries to choose from; our functions require that there is one, so that the " +
			"test only checks that the vector has none")
		return agreed
	}
	var requested []uint64
	ts := func(pos uint64) (uint64, error) {
		requested = append(requested, pos)
		return in.Timestamps[pos], nil
	}
	check := func(what string, got []uint64, want *uint64) {
		if want == nil && len(got) > 0 || want != nil && (len(got) == 0 || got[len(got)-1] != *want) {
			t.Errorf("%s: got the last of %v", what, got)
		}
	}
	pos, ok, err := ibst.RightmostDistinguished(in.Size, in.Window, ts)
	fatalIfErr(t, err)
	check("rightmost", slices.Repeat([]uint64{pos}, map[bool]int{true: 1}[ok]), want.Rightmost)
	same(t, "requested for the rightmost", firstRequests(requested), want.RequestedRightmost)

	// A log's last entry never is the one before it: what an owner's update
	// calls the previous tree.
	last := in.Size - 1
	requested = []uint64{last}
	var previous []uint64
	if in.Size > 1 {
		path, err := ibst.DistinguishedPath(last-1, in.Size, in.Timestamps[last], in.Window, ts)
		fatalIfErr(t, err)
		previous = slices.DeleteFunc(path, func(pos uint64) bool { return pos == last })
	}
	check("rightmost before the last entry", previous, want.PreviousRightmost)
	same(t, "requested for the previous", firstRequests(requested), want.RequestedPrevious)
	union := firstRequests(slices.Concat(want.RequestedRightmost, want.RequestedPrevious))
	slices.Sort(union)
	same(t, "requested", union, want.Requested)
	return agreed
}

// firstRequests leaves out what was requested before.
func firstRequests(requested []uint64) []uint64 {
	var out []uint64
	for _, pos := range requested {
		if !slices.Contains(out, pos) {
			out = append(out, pos)
		}
	}
	return out
}

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

// undetermined is what there is to say of an update that leaves the new root open.
const undetermined = "The update empties a slot beside a node of which the proof has only the value, so that the new root is not " +
	"a function of the proof. The peer assumes that the node is a parent and stays; we report the root under the same " +
	"assumption, equal to the peer's, together with ErrUndetermined: an auditor must decline to sign it"

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
	if determined == in.Uncovered {
		t.Errorf("determined: %t", determined)
	}
	switch {
	case in.Uncovered:
		want.PeerAfter.check(t, "replayed after", after)
		c.note(undetermined)
	default:
		want.After.check(t, "replayed after", after)
		if want.PeerAfter == nil || *want.PeerAfter != want.After {
			c.note("The peer's verifier does not reach the root of the log's own tree here, or refuses the proof; ours reaches it")
		}
	}
	return agreed
}
