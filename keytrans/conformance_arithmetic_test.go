package keytrans

import (
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
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
	if all := min(in.Size, 64); in.Size == all && len(want.Nodes) != int(all) || in.Size > all && len(want.Nodes) != len(want.Frontier) {
		t.Errorf("%d nodes", len(want.Nodes))
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

func above(greatest uint32) func(uint32) bool { return func(v uint32) bool { return v > greatest } }

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
		got := slices.DeleteFunc(ladder.Search(in.Target, int64(in.Greatest)), func(v uint32) bool {
			return slices.Contains(in.Left, v) || slices.Contains(in.Right, v)
		})
		same(t, "ladder", got, want.Versions)
		if slices.ContainsFunc(in.Left, above(in.Greatest)) || slices.ContainsFunc(in.Right, upTo(in.Greatest)) {
			c.note("A version that exists here is absent from an entry to the right: no honest log has such a state, and only who knows " +
				"the greatest version, as the appendix's function does, can tell where the ladder ends. That function is what is " +
				"compared; a walk, which knows the log by its answers alone, ends the ladder at the outcome it knows of")
			return agreed
		}
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
		same(t, "ladder of a walk", src.asked, want.Versions)
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
	var rightmost []uint64
	if ok {
		rightmost = []uint64{pos}
	}
	check("rightmost", rightmost, want.Rightmost)
	same(t, "requested for the rightmost", firstRequests(requested), want.RequestedRightmost)

	// What an owner's update needs: the rightmost one before the last entry.
	last := in.Size - 1
	requested = []uint64{last}
	var previous []uint64
	if in.Size > 1 {
		path, err := ibst.DistinguishedPath(last-1, in.Size, in.Timestamps[last], in.Window, ts)
		fatalIfErr(t, err)
		previous = slices.DeleteFunc(path, func(pos uint64) bool { return pos == last })
	}
	check("rightmost before the last entry", previous, want.PreviousRightmost)
	requested = firstRequests(requested)
	if slices.Equal(append(requested, last-1), want.RequestedPrevious) {
		requested = append(requested, last-1)
		c.note("Where the answer is the entry before the last one, the peer also requests that entry's own timestamp. We do not need it: " +
			"whether an entry is distinguished depends on those around it")
	}
	same(t, "requested for the previous", requested, want.RequestedPrevious)
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
