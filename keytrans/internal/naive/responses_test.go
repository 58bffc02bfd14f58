package naive

import (
	"slices"
	"strings"
	"testing"
)

// logInput is how the vectors of whole responses describe a log and a request.
type logInput struct {
	Timestamps []uint64 `json:"entry_timestamps"`
	Label      string
	Last       *uint64
	Lifetime   uint64 `json:"maximum_lifetime"`
	Window     uint64 `json:"monitoring_window"`
	Mutations  []struct {
		Add []struct{ Label string }
	}
	Version   *uint32
	Operation string
	Entries   []MapEntry
	Start     uint64
	Greatest  *uint32 `json:"greatest_version"`
	Owner     struct {
		Starting uint64
		Upcoming []uint64
		Version  *uint32 `json:"version_at_starting"`
	}
	Position uint64
	Versions uint32
	Ladder   []struct{ Version uint32 }
}

// proofExpected is what they say about the response.
type proofExpected struct {
	Error      string
	Timestamps []uint64
	Proofs     []struct {
		Results []struct {
			Type int `json:"result_type"`
		}
	} `json:"prefix_proofs"`
	Roots     []string `json:"prefix_roots"`
	Inclusion []string
	Version   *uint32
	Versions  []uint32 `json:"greatest_versions"`
	Ladder    []struct {
		Proof      string
		Commitment *string
	} `json:"binary_ladder"`
	Contact       *MapEntry
	Distinguished bool
}

func (in logInput) world() *World {
	w := &World{Timestamps: in.Timestamps, RMW: in.Window, Inserted: map[string][]uint64{}}
	if in.Lifetime > 0 {
		w.MaximumLifetime = &in.Lifetime
	}
	for position, m := range in.Mutations {
		for _, a := range m.Add {
			w.Inserted[a.Label] = append(w.Inserted[a.Label], uint64(position))
		}
	}
	return w
}

// checkProof compares what the vectors reveal of the positions: the timestamps
// in order, the outcome of each lookup, and how many values the rest has.
func checkProof(t *testing.T, w *World, got Trace, want proofExpected) {
	t.Helper()
	var timestamps []uint64
	for _, p := range got.Timestamps {
		timestamps = append(timestamps, w.Timestamps[p])
	}
	if !slices.Equal(timestamps, want.Timestamps) {
		t.Errorf("timestamps of %v: got %v, want %v", got.Timestamps, timestamps, want.Timestamps)
	}
	var outcomes, expected [][]bool
	for _, p := range got.PrefixProofs {
		outcomes = append(outcomes, p.Included)
	}
	for _, p := range want.Proofs {
		var row []bool
		for _, r := range p.Results {
			row = append(row, r.Type == 1)
		}
		expected = append(expected, row)
	}
	if !slices.EqualFunc(outcomes, expected, slices.Equal) {
		t.Errorf("lookups: got %v, want %v", outcomes, expected)
	}
	if len(got.PrefixRoots) != len(want.Roots) {
		t.Errorf("prefix roots: got %v, want %d", got.PrefixRoots, len(want.Roots))
	}
	if len(got.Inclusion) != len(want.Inclusion) {
		t.Errorf("inclusion: got %v, want %d", got.Inclusion, len(want.Inclusion))
	}
}

// ladderChecker also compares binary_ladder fields: across all cases, the same
// version of the same label has the same VRF proof.
type ladderChecker map[string]string

// check returns the versions whose commitment the peer leaves out although they
// exist. The draft omits a commitment only for versions that do not exist and
// for the target; the peer, for those that no lookup shows to be included.
func (l ladderChecker) check(t *testing.T, in logInput, got Trace, want proofExpected, target *uint32) []uint32 {
	t.Helper()
	if len(want.Ladder) != len(got.LadderVersions) {
		t.Errorf("ladder: got %v, want %d steps", got.LadderVersions, len(want.Ladder))
		return nil
	}
	shown := map[uint32]bool{}
	for _, p := range got.PrefixProofs {
		for i, v := range p.Versions {
			shown[v] = shown[v] || p.Included[i]
		}
	}
	w := in.world()
	var missing []uint32
	for i, v := range got.LadderVersions {
		step := want.Ladder[i]
		key := in.Label + string(rune(v))
		if earlier, seen := l[key]; seen && earlier != step.Proof {
			t.Errorf("ladder step %d is not for version %d", i, v)
		}
		l[key] = step.Proof
		if v == *target || !w.has(in.Label, v, w.Size()-1) {
			if step.Commitment != nil {
				t.Errorf("commitment of version %d", v)
			}
			continue
		}
		if shown[v] != (step.Commitment != nil) {
			t.Errorf("commitment of version %d", v)
		}
		if step.Commitment == nil {
			missing = append(missing, v)
		}
	}
	return missing
}

// repinned is the one case whose proof the present text of view updates
// changes. (greatest-version-with-advertised-size has the same proof under
// both: its search requires what the view update left out.)
const repinned = "fixed-version-with-advertised-size"

// withoutCommitment are the cases in which the peer leaves out commitments that
// the draft has, and for which versions.
var withoutCommitment = map[string][]uint32{
	"fixed-version-middle":               {5, 4},
	"fixed-version-with-expired-entries": {6},
}

// checkRepinned states what that one response has under the present text.
func checkRepinned(t *testing.T, got Trace) {
	t.Helper()
	if !slices.Equal(got.Timestamps, []uint64{5, 6, 1, 2}) ||
		!slices.Equal(got.PrefixRoots, []uint64{5, 6}) ||
		!slices.Equal(got.Inclusion, []Range{{0, 1}, {3, 4}, {4, 5}}) {
		t.Errorf("present text: %+v", got)
	}
}

func TestVectorsSearch(t *testing.T) {
	ladders := ladderChecker{}
	for _, c := range vectors(t, "search") {
		t.Run(c.Name, func(t *testing.T) {
			var in logInput
			var want proofExpected
			c.decode(t, &in, &want)
			w := in.world()
			search := func() Trace {
				if in.Version != nil {
					return w.FixedVersionSearch(in.Last, in.Label, *in.Version)
				}
				return w.GreatestVersionSearch(in.Last, in.Label)
			}
			got := search()
			if want.Error != "" {
				if got.Err != ErrExpired || !strings.Contains(want.Error, "expired") {
					t.Errorf("got %q, want %q", got.Err, want.Error)
				}
				return
			}
			if c.Name == repinned {
				checkRepinned(t, got)
				w.oldViewUpdate = true
				got = search()
			}
			checkProof(t, w, got, want)
			switch {
			case c.Name == "label-does-not-exist":
				// The draft has no such response; the peer's ladder is cut short.
				if got.Err != ErrNoVersion || len(want.Ladder) != 1 {
					t.Errorf("got %q", got.Err)
				}
				return
			case c.Name == "fixed-version-above-the-greatest":
				// Nor this one.
				if got.Err != ErrNoVersion {
					t.Errorf("got %q", got.Err)
				}
			case got.Err != "" || got.Terminal == nil:
				t.Errorf("failed: %q", got.Err)
			}
			target := in.Version
			if target == nil {
				target = want.Version
				if *w.GreatestAt(in.Label, w.Size()-1) != *target {
					t.Error("greatest version")
				}
			}
			if missing := ladders.check(t, in, got, want, target); !slices.Equal(missing, withoutCommitment[c.Name]) {
				t.Errorf("no commitments for %v", missing)
			}
		})
	}
}

func TestVectorsMonitor(t *testing.T) {
	for _, c := range vectors(t, "monitor") {
		t.Run(c.Name, func(t *testing.T) {
			var in logInput
			var want proofExpected
			c.decode(t, &in, &want)
			w := in.world()
			var got Trace
			switch in.Operation {
			case "contact":
				got = w.ContactMonitor(in.Last, in.Label, in.Entries)
			case "owner-init":
				got = w.OwnerInit(in.Last, in.Label, in.Start)
				if !slices.Equal(got.GreatestVersions, want.Versions) {
					t.Errorf("greatest versions: %v", got.GreatestVersions)
				}
				if len(want.Ladder) != len(got.LadderVersions) {
					t.Errorf("ladder: %v", got.LadderVersions)
				}
			case "owner-monitor":
				got = w.OwnerMonitor(in.Last, in.Label, OwnerRequest{in.Entries, in.Start, in.Greatest}, 0)
			default:
				t.Fatal(in.Operation)
			}
			if got.Err != "" {
				t.Errorf("failed: %q", got.Err)
			}
			checkProof(t, w, got, want)
		})
	}
}

func TestVectorsUpdate(t *testing.T) {
	for _, c := range vectors(t, "update") {
		t.Run(c.Name, func(t *testing.T) {
			var in logInput
			var want proofExpected
			c.decode(t, &in, &want)
			w := in.world()
			u := UpdateInput{Position: in.Position, Record: map[uint32]uint64{}, Start: in.Owner.Starting}
			next := uint32(0)
			if in.Owner.Version != nil {
				next = *in.Owner.Version + 1
			}
			for _, p := range in.Owner.Upcoming {
				u.Record[next] = p
				next++
			}
			if next > 0 {
				u.PrevGreatest = ptr(next - 1)
			}
			u.NewGreatest = next + in.Versions - 1
			got := w.Update(in.Last, in.Label, u)
			if got.Err != "" || got.PositionDistinguished != want.Distinguished {
				t.Errorf("failed: %q", got.Err)
			}
			checkProof(t, w, got, want)
			var entries []MapEntry
			if want.Contact != nil {
				entries = []MapEntry{*want.Contact}
			}
			if !slices.Equal(got.Map, entries) {
				t.Errorf("map: %v", got.Map)
			}
			var looked, expected []uint32
			for _, p := range got.PrefixProofs {
				looked = append(looked, p.Versions...)
			}
			for _, l := range in.Ladder {
				expected = append(expected, l.Version)
			}
			if !slices.Equal(union(looked), union(expected)) {
				t.Errorf("versions looked up: %v, want %v", looked, expected)
			}
		})
	}
}
