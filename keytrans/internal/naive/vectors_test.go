package naive

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// vectorCase is one case of a vector file.
type vectorCase struct {
	Name   string
	Input  json.RawMessage
	Expect json.RawMessage
}

// vectors reads a vector file, which is next to the repository where it is at
// all.
func vectors(t *testing.T, name string) []vectorCase {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "vectors", name+".json"))
	if os.IsNotExist(err) {
		t.Skip("no vectors at ../shared/vectors")
	}
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vectorCase }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatalf("%s.json has no cases", name)
	}
	return file.Cases
}

func (c vectorCase) decode(t *testing.T, input, expect any) {
	t.Helper()
	if err := json.Unmarshal(c.Input, input); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(c.Expect, expect); err != nil {
		t.Fatal(err)
	}
}

func decode32(t *testing.T, s string) [32]byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 {
		t.Fatalf("not 32 bytes in hex: %q", s)
	}
	return [32]byte(b)
}

func decodeAll(t *testing.T, list []string) [][32]byte {
	t.Helper()
	var values [][32]byte
	for _, s := range list {
		values = append(values, decode32(t, s))
	}
	return values
}

func ptr[T any](v T) *T { return &v }

// lastOf reads the vectors' retained sizes, where 0 stands for none.
func lastOf(n uint64) *uint64 {
	if n == 0 {
		return nil
	}
	return &n
}

func same(a, b *uint64) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

func TestVectorsSearchTree(t *testing.T) {
	for _, c := range vectors(t, "ibst") {
		var in struct{ Size uint64 }
		var want struct {
			Root     uint64
			Frontier []uint64
			Nodes    []struct {
				Index       uint64
				Left, Right *uint64
			}
		}
		c.decode(t, &in, &want)
		tree := NewTree(in.Size)
		if tree.Root() != want.Root || !slices.Equal(tree.Frontier(), want.Frontier) {
			t.Errorf("%s: root %d, frontier %v", c.Name, tree.Root(), tree.Frontier())
		}
		for _, n := range want.Nodes {
			var left, right *uint64
			if p, ok := tree.Left(n.Index); ok {
				left = &p
			}
			if p, ok := tree.Right(n.Index); ok {
				right = &p
			}
			if !same(left, n.Left) || !same(right, n.Right) {
				t.Errorf("%s: children of %d disagree", c.Name, n.Index)
			}
		}
	}
}

// Cases with right_edge_unchecked pin the text before 2026-07-28, in which
// nothing is provided when the entry that was rightmost is still on the
// frontier. The present text provides the rest of the frontier then, which is
// all that the two differ in.
func TestVectorsUpdateView(t *testing.T) {
	old := 0
	for _, c := range vectors(t, "update-view") {
		var in struct {
			Size       uint64
			Advertised *uint64
		}
		var want struct {
			Entries   []uint64
			Unchecked bool `json:"right_edge_unchecked"`
		}
		c.decode(t, &in, &want)
		tree := NewTree(in.Size)
		got := tree.ViewUpdate(in.Advertised)
		if !slices.Equal(tree.oldViewUpdate(in.Advertised), want.Entries) {
			t.Errorf("%s: old text gives %v", c.Name, tree.oldViewUpdate(in.Advertised))
		}
		if !want.Unchecked {
			if !slices.Equal(got, want.Entries) {
				t.Errorf("%s: got %v, want %v", c.Name, got, want.Entries)
			}
			continue
		}
		old++
		rest := tree.FrontierFrom(*in.Advertised - 1)[1:]
		if len(want.Entries) != 0 || len(got) == 0 || !slices.Equal(got, rest) {
			t.Errorf("%s: got %v, want the frontier after the old rightmost entry: %v", c.Name, got, rest)
		}
	}
	t.Logf("%d cases pin the older text", old)
}

func TestVectorsDistinguished(t *testing.T) {
	for _, c := range vectors(t, "distinguished") {
		var in struct {
			Size, Window uint64
			Timestamps   []uint64
		}
		var want struct {
			Rightmost *uint64
			Previous  *uint64 `json:"previous_rightmost"`
		}
		c.decode(t, &in, &want)
		w := &World{Timestamps: in.Timestamps, RMW: in.Window}
		var rightmost, previous *uint64
		for _, p := range w.Distinguished() {
			rightmost = &p
			if p != in.Size-1 {
				previous = &p
			}
		}
		if !same(rightmost, want.Rightmost) || !same(previous, want.Previous) {
			t.Errorf("%s: distinguished %v", c.Name, w.Distinguished())
		}
	}
}

func TestVectorsLadder(t *testing.T) {
	for _, c := range vectors(t, "binary-ladder") {
		var in struct {
			Kind             string
			Greatest, Target uint32
			Left             []uint32 `json:"left_inclusion"`
			Right            []uint32 `json:"right_non_inclusion"`
		}
		var want struct{ Versions []uint32 }
		c.decode(t, &in, &want)
		var got []uint32
		included := func(v uint32) bool { return v <= in.Greatest }
		switch in.Kind {
		case "base":
			got = BaseLadder(in.Greatest)
		case "monitoring":
			got = MonitoringLadder(in.Target)
		case "search":
			for _, v := range SearchLadder(in.Target, included) {
				if !slices.Contains(in.Left, v) && !slices.Contains(in.Right, v) {
					got = append(got, v)
				}
			}
		}
		if !slices.Equal(got, want.Versions) {
			t.Errorf("%s: got %v, want %v", c.Name, got, want.Versions)
		}
	}
}

func TestVectorsInterpretation(t *testing.T) {
	for _, c := range vectors(t, "ladder-interpretation") {
		var in struct {
			Greatest, Target uint32
			Ladder           []uint32
			Results          []bool
		}
		var want struct{ Verdict int }
		c.decode(t, &in, &want)
		included := func(v uint32) bool { return v <= in.Greatest }
		got := SearchLadder(in.Target, included)
		if !slices.Equal(got, in.Ladder) || Indicated(in.Target, got, included) != want.Verdict {
			t.Errorf("%s: ladder %v", c.Name, got)
		}
	}
}

// flat is the log-math vectors' index of a balanced subtree.
func flat(ranges []Range) []uint64 {
	var indices []uint64
	for _, r := range ranges {
		indices = append(indices, 2*r.Lo+(r.Hi-r.Lo)-1)
	}
	return indices
}

func TestVectorsLogMath(t *testing.T) {
	for _, c := range vectors(t, "log-math") {
		var in struct {
			Kind     string
			Size     uint64
			Leaves   []uint64
			Retained uint64 `json:"retained_size"`
		}
		var want struct{ Indices []uint64 }
		c.decode(t, &in, &want)
		var got []uint64
		switch in.Kind {
		case "full-subtrees":
			got = flat(FullSubtrees(in.Size))
		case "batch-copath":
			got = flat(Inclusion(in.Size, in.Leaves, lastOf(in.Retained), 0))
		default:
			t.Fatalf("%s: kind %q", c.Name, in.Kind)
		}
		if !slices.Equal(got, want.Indices) {
			t.Errorf("%s: got %v, want %v", c.Name, got, want.Indices)
		}
	}
}

func TestVectorsLogTree(t *testing.T) {
	for _, c := range vectors(t, "log-tree") {
		var in struct {
			Entries []struct {
				PrefixTree string `json:"prefix_tree"`
				Timestamp  uint64
			}
			Requests []struct {
				Leaves   []uint64 `json:"proven_leaves"`
				Retained uint64   `json:"retained_size"`
			}
		}
		var want struct {
			Full   []string `json:"full_subtrees"`
			Leaves []string `json:"leaf_values"`
			Root   string
			Proofs []struct{ Elements []string }
		}
		c.decode(t, &in, &want)
		var leaves [][32]byte
		for _, e := range in.Entries {
			leaves = append(leaves, LeafHash(e.Timestamp, decode32(t, e.PrefixTree)))
		}
		heads := func(ranges []Range) [][32]byte {
			var values [][32]byte
			for _, r := range ranges {
				values = append(values, LogSubtree(leaves, r.Lo, r.Hi))
			}
			return values
		}
		n := uint64(len(leaves))
		if !slices.Equal(leaves, decodeAll(t, want.Leaves)) || LogRoot(leaves) != decode32(t, want.Root) ||
			!slices.Equal(heads(FullSubtrees(n)), decodeAll(t, want.Full)) {
			t.Errorf("%s: values disagree", c.Name)
		}
		for i, r := range in.Requests {
			got := heads(Inclusion(n, r.Leaves, lastOf(r.Retained), 0))
			if !slices.Equal(got, decodeAll(t, want.Proofs[i].Elements)) {
				t.Errorf("%s: proof %d disagrees: %+v", c.Name, i, r)
			}
		}
	}
}

func TestVectorsPrefixTree(t *testing.T) {
	for _, c := range vectors(t, "prefix-tree") {
		var in struct {
			Entries []struct {
				Commitment string
				Output     string `json:"vrf_output"`
			}
			Searches []string
		}
		var want struct {
			Root     string
			Elements []string
			Results  []struct {
				Depth int
				Type  int `json:"result_type"`
				Leaf  *struct {
					Commitment string
					Output     string `json:"vrf_output"`
				}
			}
		}
		c.decode(t, &in, &want)
		var leaves [][2][32]byte
		for _, e := range in.Entries {
			leaves = append(leaves, [2][32]byte{decode32(t, e.Output), decode32(t, e.Commitment)})
		}
		if PrefixRoot(leaves) != decode32(t, want.Root) {
			t.Errorf("%s: root disagrees", c.Name)
		}
		keys := decodeAll(t, in.Searches)
		if !slices.Equal(PrefixElements(leaves, keys), decodeAll(t, want.Elements)) {
			t.Errorf("%s: elements disagree", c.Name)
		}
		for i, r := range want.Results {
			result := PrefixResult{Type: r.Type, Depth: r.Depth}
			if r.Leaf != nil {
				result.Leaf = [2][32]byte{decode32(t, r.Leaf.Output), decode32(t, r.Leaf.Commitment)}
			}
			if PrefixSearch(leaves, keys[i]) != result {
				t.Errorf("%s: result %d disagrees", c.Name, i)
			}
		}
	}
}
