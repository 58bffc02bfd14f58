package keytrans

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// smallWorlds are histories whose every state is checked exhaustively.
func smallWorlds(n int) map[string]naive.World {
	steady := make([]uint64, n)   // an entry a second, from long after the epoch
	bursts := make([]uint64, n)   // entries in bursts of one timestamp
	earliest := make([]uint64, n) // from time zero: the root need not be distinguished
	for i := range n {
		steady[i] = 1_000_000 + 1000*uint64(i)
		bursts[i] = 1_000_000 + 5000*uint64(i/4)
		earliest[i] = 10 * uint64(i)
	}
	busy := map[string][]uint64{
		"every":  every(n, 1, 0),       // a version in every entry
		"third":  every(n, 3, 1),       // a version in every third entry
		"late":   every(n, n/3+1, n/2), // few, late versions
		"batch":  batches(n),           // several versions at once
		"absent": nil,
	}
	lifetime := uint64(9000)
	return map[string]naive.World{
		"window of a second":   {Timestamps: steady, RMW: 1000, Inserted: busy},
		"window of six":        {Timestamps: steady, RMW: 6000, Inserted: busy},
		"window beyond all":    {Timestamps: steady, RMW: 1 << 40, Inserted: busy},
		"no window":            {Timestamps: bursts, RMW: 0, Inserted: busy},
		"bursts":               {Timestamps: bursts, RMW: 7000, Inserted: busy},
		"from the epoch":       {Timestamps: earliest, RMW: 60, Inserted: busy},
		"entries expire":       {Timestamps: steady, RMW: 2000, MaximumLifetime: &lifetime, Inserted: busy},
		"expire and no window": {Timestamps: steady, RMW: 0, MaximumLifetime: &lifetime, Inserted: busy},
	}
}

func every(n, step, first int) (out []uint64) {
	for pos := first; pos < n; pos += step {
		out = append(out, uint64(pos))
	}
	return out
}

func batches(n int) (out []uint64) {
	for pos := 2; pos < n; pos += 5 {
		for range 1 + pos%4 {
			out = append(out, uint64(pos))
		}
	}
	return out
}

// TestSmallWorlds holds prover and verifier against the naive reference: for
// every state of the small worlds up to 40 entries (24 where one more pattern
// adds little), every operation, and every tree size that a user may have
// advertised.
func TestSmallWorlds(t *testing.T) {
	large := []string{"window of six", "bursts", "entries expire"}
	for name := range smallWorlds(1) {
		size := 24
		switch {
		case raceEnabled:
			size = 9 // the same code, ten times slower
		case slices.Contains(large, name):
			size = 40
		}
		n := smallWorlds(size)[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exploreAll(t, newWorld(n, fakeVRF{}))
		})
	}
}

// TestSmallWorldsOfThirdParties does the same in the other deployment modes.
func TestSmallWorldsOfThirdParties(t *testing.T) {
	size := 12
	if raceEnabled {
		size = 7
	}
	for name, n := range smallWorlds(size) {
		for _, mode := range []DeploymentMode{ThirdPartyManagement, ThirdPartyAuditing} {
			t.Run(fmt.Sprint(name, " in mode ", mode), func(t *testing.T) {
				t.Parallel()
				exploreAll(t, newModeWorld(n, fakeVRF{}, mode))
			})
		}
	}
}

// exploreAll checks every state of a world.
func exploreAll(t *testing.T, w *world) {
	x := &explorer{world: w, expected: make(map[string]expected), roots: make(map[uint64]merkle.Hash)}
	x.verify = x.verifier()
	x.prove = &Prover{Config: x.cfg}
	size := len(w.entries)
	for n := 1; n <= size; n++ {
		x.explore(t, uint64(n))
	}
	t.Logf("%d responses", x.count)
	if x.count < size*size {
		t.Fatal("too few responses to speak of exhaustive")
	}
}

// explorer checks the operations on one world.
type explorer struct {
	*world
	verify   *Verifier
	prove    *Prover
	count    int
	expected map[string]expected
	roots    map[uint64]merkle.Hash
}

func (x *explorer) explore(t *testing.T, n uint64) {
	x.distinguished(t, n)
	for _, label := range x.labels {
		x.search(t, n, label)
		x.contactMonitor(t, n, label)
		x.ownerInit(t, n, label)
		x.owner(t, n, label)
		x.absence(t, n, label)
	}
	x.batch(t, n)
}

// lasts calls f for every tree size that can be advertised to a log of n
// entries, 0 for none.
func lasts(n uint64, f func(last *uint64, size uint64)) {
	f(nil, 0)
	for size := uint64(1); size <= n; size++ {
		f(&size, size)
	}
}

// expect compares a proof with the trace of the naive reference, byte for byte.
func (x *explorer) expect(t *testing.T, what string, l *worldLog, label string, proof *CombinedTreeProof, want naive.Trace) {
	t.Helper()
	x.count++
	if want.Err != "" {
		t.Fatalf("%s: served, but the reference says: %s", what, want.Err)
	}
	var timestamps []uint64
	for _, pos := range want.Timestamps {
		timestamps = append(timestamps, l.Timestamps[pos])
	}
	if !slices.Equal(proof.Timestamps, timestamps) {
		t.Fatalf("%s: timestamps %v, want those of entries %v", what, proof.Timestamps, want.Timestamps)
	}
	if len(proof.PrefixProofs) != len(want.PrefixProofs) {
		t.Fatalf("%s: %d prefix proofs, want %v", what, len(proof.PrefixProofs), want.PrefixProofs)
	}
	for i, lookup := range want.PrefixProofs {
		x.expectPrefixProof(t, what, label, &proof.PrefixProofs[i], lookup)
	}
	var roots []merkle.Hash
	for _, pos := range want.PrefixRoots {
		roots = append(roots, x.naiveRoot(pos))
	}
	if !slices.Equal(proof.PrefixRoots, roots) {
		t.Fatalf("%s: prefix roots differ from those of entries %v", what, want.PrefixRoots)
	}
	var inclusion []merkle.Hash
	for _, r := range want.Inclusion {
		inclusion = append(inclusion, x.subtree(r.Lo, r.Hi))
	}
	if !slices.Equal(proof.Inclusion, inclusion) {
		t.Fatalf("%s: inclusion differs from the heads of %v", what, want.Inclusion)
	}
}

// expected is the naive reference's answer to some lookups in an entry.
type expected struct {
	results  []naive.PrefixResult
	elements []merkle.Hash
}

// expectPrefixProof remembers the reference's answers: the same lookups recur
// for every size that can be advertised.
func (x *explorer) expectPrefixProof(t *testing.T, what, label string, got *prefixtree.Proof, want naive.Lookup) {
	t.Helper()
	id := fmt.Sprint(want.Position, label, want.Versions)
	e, ok := x.expected[id]
	if !ok {
		leaves := rawLeaves(x.leaves[want.Position])
		var keys [][32]byte
		for _, v := range want.Versions {
			key := x.world.prove(label, v).searchKey
			keys = append(keys, key)
			e.results = append(e.results, naive.PrefixSearch(leaves, key))
		}
		for _, h := range naive.PrefixElements(leaves, keys) {
			e.elements = append(e.elements, h)
		}
		x.expected[id] = e
	}
	if len(got.Results) != len(want.Versions) {
		t.Fatalf("%s: entry %d: %d lookups, want %v", what, want.Position, len(got.Results), want.Versions)
	}
	for i, r := range e.results {
		if int(got.Results[i].Type) != r.Type || int(got.Results[i].Depth) != r.Depth || (r.Type == 1) != want.Included[i] {
			t.Fatalf("%s: version %d in entry %d: got %v, want %v", what, want.Versions[i], want.Position, got.Results[i], r)
		}
	}
	if !slices.Equal(got.Elements, e.elements) {
		t.Fatalf("%s: entry %d: elements differ", what, want.Position)
	}
}

// naiveRoot is the reference's prefix tree root as of an entry.
func (x *explorer) naiveRoot(pos uint64) merkle.Hash {
	root, ok := x.roots[pos]
	if !ok {
		root = naive.PrefixRoot(rawLeaves(x.leaves[pos]))
		x.roots[pos] = root
	}
	return root
}

func rawLeaves(leaves []prefixtree.Leaf) [][2][32]byte {
	var out [][2][32]byte
	for _, l := range leaves {
		out = append(out, [2][32]byte{l.Key, l.Commitment})
	}
	return out
}

// expectView checks what a verified response established.
func (x *explorer) expectView(t *testing.T, what string, l *worldLog, v Verified) {
	t.Helper()
	root, err := v.View.Root()
	fatalIfErr(t, err)
	if root != l.root || v.View.Head.TreeSize != l.head.TreeSize {
		t.Fatalf("%s: verified view of %d entries has another root", what, v.View.Head.TreeSize)
	}
	for _, e := range append(slices.Clone(v.Entries), v.View.Frontier...) {
		if e.LogEntry != l.entries[e.Position] {
			t.Fatalf("%s: verified entry %d is another one", what, e.Position)
		}
	}
	for _, e := range v.Entries {
		path, ok := v.Inclusion(e.Position)
		alone, err := logtree.Evaluate(l.head.TreeSize, 0, nil, []logtree.Leaf{{Pos: e.Position, Value: e.Hash()}}, path)
		if !ok || err != nil || alone.Root != root {
			t.Fatalf("%s: the proof of entry %d alone: %v", what, e.Position, err)
		}
	}
}

func (x *explorer) distinguished(t *testing.T, n uint64) {
	l := x.at(n)
	stops := []*uint64{nil, ptr(uint64(0)), ptr(n / 2), ptr(n - 1)}
	lasts(n, func(last *uint64, size uint64) {
		for _, stop := range stops {
			what := fmt.Sprintf("distinguished: %d entries, last %d", n, size)
			q := &DistinguishedRequest{Last: last, Stop: stop}
			p, err := x.prove.Distinguished(l, q)
			fatalIfErr(t, err)
			want := l.naive.DistinguishedWalk(last, stop, RecentHeads)
			x.expect(t, what, l, "", &p.Distinguished, want)
			r, err := x.verify.Distinguished(x.view(t, size), q, p, l.now())
			fatalIfErr(t, err)
			x.expectView(t, what, l, r.Verified)
			slices.Reverse(r.Positions)
			if !slices.Equal(r.Positions, want.Recent) {
				t.Fatalf("%s: recent %v, want %v", what, r.Positions, want.Recent)
			}
			x.expectRecent(t, what, r.Recent, want.Recent)
		}
	})
}

func (x *explorer) search(t *testing.T, n uint64, label string) {
	l := x.at(n)
	versions := []*uint32{nil}
	for v := range l.naive.Inserted[label] {
		versions = append(versions, ptr(uint32(v)))
	}
	versions = append(versions, ptr(uint32(len(versions)-1)), ptr(uint32(1<<32-1)))
	lasts(n, func(last *uint64, size uint64) {
		for _, version := range versions {
			what := fmt.Sprintf("search %s %s: %d entries, last %d", label, describe(version), n, size)
			want := l.naive.GreatestVersionSearch(last, label)
			if version != nil {
				want = l.naive.FixedVersionSearch(last, label, *version)
			}
			q := &SearchRequest{Last: last, Label: []byte(label), Version: version}
			p, err := x.prove.Search(l, l.label(label), q)
			if version != nil && x.skipped(label, *version) && want.Err == "" {
				if !errors.Is(err, errSkipped) {
					t.Fatalf("%s: %v for a skipped version", what, err)
				}
				continue
			}
			if err != nil {
				expectRefusal(t, what, err, want.Err)
				continue
			}
			x.expect(t, what, l, label, &p.Search, want)
			r, err := x.verify.Search(x.view(t, size), q, p, l.now())
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			x.expectView(t, what, l, r.Verified)
			if r.Terminal != *want.Terminal || r.Monitor != want.MonitoringNeeded {
				t.Fatalf("%s: terminal %d, monitor %v", what, r.Terminal, r.Monitor)
			}
			if string(r.Value.Value) != string(x.value(label, r.Version)) {
				t.Fatalf("%s: value %q", what, r.Value.Value)
			}
		}
	})
}
