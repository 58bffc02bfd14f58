package naive

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// expect compares the parts of a trace that a test states.
func expect(t *testing.T, got Trace, timestamps []uint64, proofs []Lookup, roots []uint64, inclusion []Range) {
	t.Helper()
	if !slices.Equal(got.Timestamps, timestamps) {
		t.Errorf("timestamps: got %v, want %v", got.Timestamps, timestamps)
	}
	if len(got.PrefixProofs)+len(proofs) > 0 && !reflect.DeepEqual(got.PrefixProofs, proofs) {
		t.Errorf("proofs: got %v, want %v", got.PrefixProofs, proofs)
	}
	if !slices.Equal(got.PrefixRoots, roots) {
		t.Errorf("roots: got %v, want %v", got.PrefixRoots, roots)
	}
	if !slices.Equal(got.Inclusion, inclusion) {
		t.Errorf("inclusion: got %v, want %v", got.Inclusion, inclusion)
	}
}

// The worked example of the draft's appendix on CombinedTreeProof.
func TestWorkedExample(t *testing.T) {
	w := &World{
		Timestamps: []uint64{10, 10, 10, 20, 20, 20, 20, 100, 100, 100, 100, 150, 180},
		RMW:        50,
		Inserted:   map[string][]uint64{"label": {1, 2, 9}},
	}
	if d := w.Distinguished(); !slices.Contains(d, 7) || d[len(d)-1] != 11 {
		t.Fatalf("distinguished: %v", d)
	}
	got := w.GreatestVersionSearch(ptr(uint64(4)), "label")
	expect(t, got, []uint64{7, 11, 12}, []Lookup{
		{11, []uint32{0, 1, 3, 2}, []bool{true, true, false, true}},
		{12, []uint32{3}, []bool{false}},
	}, []uint64{7}, []Range{{4, 6}, {6, 7}, {8, 10}, {10, 11}})
	if got.Err != "" || *got.Terminal != 11 || got.MonitoringNeeded {
		t.Errorf("outcome: %+v", got)
	}
	if !slices.Equal(got.LadderVersions, []uint32{0, 1, 3, 2}) {
		t.Errorf("ladder: %v", got.LadderVersions)
	}
}

// The draft's other examples: 50 entries, and version 6 being the greatest.
func TestExamples(t *testing.T) {
	if f := NewTree(50).Frontier(); !slices.Equal(f, []uint64{31, 47, 49}) {
		t.Errorf("frontier: %v", f)
	}
	if l := BaseLadder(6); !slices.Equal(l, []uint32{0, 1, 3, 7, 5, 6}) {
		t.Errorf("ladder: %v", l)
	}
	if p := Inclusion(6, []uint64{2}, nil, 0); !slices.Equal(p, []Range{{0, 2}, {3, 4}, {4, 6}}) {
		t.Errorf("inclusion proof: %v", p)
	}
	if p := Inclusion(7, nil, ptr(uint64(5)), 0); !slices.Equal(p, []Range{{5, 6}, {6, 7}}) {
		t.Errorf("consistency proof: %v", p)
	}
	l := BaseLadder(1<<32 - 1)
	if last := l[len(l)-1]; last != 1<<32-1 || len(l) != 33 {
		t.Errorf("greatest possible version: %v", l)
	}
	if l := BaseLadder(1<<32 - 2); len(l) != 64 || l[32] != 1<<32-1 {
		t.Errorf("second greatest version: %v", l)
	}
}

// A transcription of the appendix's search_binary_ladder, which starts from the
// ladder of the greatest version rather than that of the target.
func appendixSearchLadder(target, greatest uint32) []uint32 {
	var ladder []uint32
	for _, v := range BaseLadder(greatest) {
		ladder = append(ladder, v)
		if v <= greatest && v > target || v > greatest && v <= target {
			break
		}
	}
	return ladder
}

func TestSearchLadderIsAppendix(t *testing.T) {
	for target := range uint32(70) {
		for greatest := range uint32(70) {
			got := SearchLadder(target, func(v uint32) bool { return v <= greatest })
			if want := appendixSearchLadder(target, greatest); !slices.Equal(got, want) {
				t.Errorf("target %d, greatest %d: %v, appendix %v", target, greatest, got, want)
			}
		}
	}
}

// randomWorld has clustered timestamps, so that all sorts of entries are
// distinguished, and several versions per entry now and then.
func randomWorld(r *rand.Rand) *World {
	w := &World{RMW: r.Uint64N(40), Inserted: map[string][]uint64{}}
	now := r.Uint64N(100)
	for range 1 + r.IntN(40) {
		w.Timestamps = append(w.Timestamps, now)
		if r.IntN(3) > 0 {
			now += r.Uint64N(20)
		}
	}
	if r.IntN(2) == 0 {
		w.MaximumLifetime = ptr(w.RMW + 1 + r.Uint64N(100))
	}
	for p := r.Uint64N(5); p < w.Size(); p++ {
		for r.IntN(3) == 0 {
			w.Inserted["l"] = append(w.Inserted["l"], p)
		}
	}
	return w
}

// randomLast is a size to advertise.
func randomLast(r *rand.Rand, w *World) *uint64 {
	if r.IntN(3) == 0 {
		return nil
	}
	return ptr(1 + r.Uint64N(w.Size()))
}

// checkSound verifies that a user can compute the root of the log tree from a
// trace, and each retained head that lies above a leaf given.
func checkSound(t *testing.T, w *World, last *uint64, got Trace) {
	t.Helper()
	values := map[Range]bool{}
	for _, p := range got.Timestamps {
		values[Range{p, p + 1}] = true
	}
	for _, r := range got.Inclusion {
		if values[r] || !balanced(r.Hi-r.Lo) {
			t.Fatalf("head %v is redundant or unbalanced", r)
		}
		values[r] = true
	}
	var derive func(lo, hi uint64) bool
	derive = func(lo, hi uint64) bool {
		if values[Range{lo, hi}] {
			return true
		}
		return hi-lo > 1 && derive(lo, split(lo, hi)) && derive(split(lo, hi), hi)
	}
	var retained []Range
	if last != nil {
		retained = FullSubtrees(*last)
	}
	for _, r := range retained {
		touched := slices.ContainsFunc(got.Timestamps, func(p uint64) bool { return r.Lo <= p && p < r.Hi })
		if touched != derive(r.Lo, r.Hi) {
			t.Fatalf("retained head %v: touched %t", r, touched)
		}
	}
	for _, r := range retained {
		values[r] = true
	}
	if !derive(0, w.Size()) {
		t.Fatalf("size %d, last %v: root cannot be computed from %+v", w.Size(), last, got)
	}
}

// Every operation gives a sound proof, whatever the log; isDistinguished also
// panics where a user could not tell.
func TestRandomWorlds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[ErrorKind]int{}
	for range 4000 {
		w := randomWorld(r)
		last := randomLast(r, w)
		position := r.Uint64N(w.Size())
		traces := []Trace{
			w.ViewUpdate(last),
			w.GreatestVersionSearch(last, "l"),
			w.FixedVersionSearch(last, "l", r.Uint32N(12)),
			w.OwnerInit(last, "l", position),
			w.DistinguishedWalk(last, randomLast(r, w), r.IntN(6)),
			w.OwnerMonitor(last, "l", OwnerRequest{randomMap(r, w), position, w.GreatestAt("l", position)}, r.IntN(4)),
			w.ContactMonitor(last, "l", randomMap(r, w)),
		}
		for v := range w.Inserted["l"] {
			traces = append(traces, w.Update(last, "l", randomUpdate(w, uint32(v))))
		}
		for i, got := range traces {
			seen[got.Err]++
			if got.Err == ErrRequest {
				continue
			}
			if got.Err == ErrLadder || got.Err == ErrDowngrade {
				t.Fatalf("operation %d of an honest log: %q", i, got.Err)
			}
			checkSound(t, w, last, got)
			checkKnown(t, last, got)
		}
	}
	t.Log(seen)
}

// checkKnown verifies that no timestamp is given twice or although retained, and
// that every entry with a lookup has its timestamp given or retained.
func checkKnown(t *testing.T, last *uint64, got Trace) {
	t.Helper()
	var known []uint64
	if last != nil {
		known = NewTree(*last).Frontier()
	}
	for _, p := range got.Timestamps {
		if slices.Contains(known, p) {
			t.Fatalf("timestamp of %d is already known", p)
		}
		known = append(known, p)
	}
	for _, l := range got.PrefixProofs {
		if !slices.Contains(known, l.Position) {
			t.Fatalf("timestamp of %d is not known", l.Position)
		}
	}
}

// randomMap is a monitoring map that the log accepts, if it comes to one.
func randomMap(r *rand.Rand, w *World) []MapEntry {
	var entries []MapEntry
	for v, first := range w.Inserted["l"] {
		position := first
		if above := NewTree(w.Size()).DirectPath(first); len(above) > 0 && r.IntN(2) == 0 {
			position = above[r.IntN(len(above))]
		}
		added := append(slices.Clone(entries), MapEntry{position, uint32(v)})
		if r.IntN(3) == 0 && w.ValidEntries("l", added) {
			entries = added
		}
	}
	return entries
}

// randomUpdate is the update that created a version, for an owner from entry 0.
func randomUpdate(w *World, version uint32) UpdateInput {
	inserted := w.Inserted["l"]
	u := UpdateInput{Position: inserted[version], Record: map[uint32]uint64{}}
	for v, p := range inserted {
		if p < u.Position {
			u.PrevGreatest = ptr(uint32(v))
			u.Record[uint32(v)] = p
		} else if p == u.Position {
			u.NewGreatest = uint32(v)
		}
	}
	return u
}

// The appendix's statements about distinguished entries.
func TestDistinguishedStatements(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		w := randomWorld(r)
		tree, distinguished := NewTree(w.Size()), w.Distinguished()
		for _, d := range distinguished {
			for _, p := range tree.DirectPath(d) {
				if !slices.Contains(distinguished, p) {
					t.Fatalf("%d is distinguished, %d above it is not", d, p)
				}
			}
		}
		if n := len(distinguished); n > 0 {
			if d := distinguished[n-1]; !slices.Contains(tree.Frontier(), d) || w.Expired(d) {
				t.Fatalf("rightmost distinguished entry %d is off the frontier or expired", d)
			}
		}
		// Stable: what is distinguished now remains so in a longer log.
		longer := &World{Timestamps: append(slices.Clone(w.Timestamps), w.Timestamps[w.Size()-1]+5), RMW: w.RMW}
		for _, d := range distinguished {
			if !slices.Contains(longer.Distinguished(), d) {
				t.Fatalf("%d is no longer distinguished", d)
			}
		}
	}
}
