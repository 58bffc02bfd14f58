package main

import (
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

func init() {
	files["implicit-tree"] = implicitTrees
	files["binary-ladder"] = binaryLadders
	files["distinguished-entries"] = distinguishedEntries
}

func implicitTrees() file {
	f := &vectors.File[vectors.ImplicitTree]{Notes: []string{
		"The implicit binary search tree over the entries of a log of size entries. frontier is from the root to the rightmost entry.",
		"direct_paths has the direct path of each entry, from its parent to the root. view_updates has for each size of an earlier log, from 0 for a user who has seen none, whose timestamps bring a view up to date, in the order of the proof.",
	}}
	list := func(l []uint64) []uint64 { return append([]uint64{}, l...) }
	for _, size := range []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 23, 31, 32, 33, 50, 63, 64, 65, 100} {
		tree := naive.NewTree(size)
		c := vectors.ImplicitTree{Size: size, Root: tree.Root(), Frontier: tree.Frontier()}
		for pos := range size {
			c.Paths = append(c.Paths, list(tree.DirectPath(pos)))
		}
		for old := range size + 1 {
			last := &old
			if old == 0 {
				last = nil
			}
			c.Updates = append(c.Updates, list(tree.ViewUpdate(last)))
		}
		f.Cases = append(f.Cases, c)
	}
	return f
}

func binaryLadders() file {
	f := &vectors.File[vectors.Ladder]{Notes: []string{
		"Binary ladders. base has the versions of the base binary ladder for version, monitoring those of the monitoring binary ladder.",
		"search has search binary ladders for version in log entries whose greatest version of the label is greatest (-1 for none): lookups are the versions looked up, before any is left out as redundant, and order is -1, 0 or 1 as they show that the greatest version is less than version, equal to it, or greater.",
	}}
	for _, v := range []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 20, 30, 31, 32, 100, 1000, 1<<16 - 1, 1 << 16, 1<<31 - 2, 1<<31 - 1, 1 << 31, 1<<32 - 2, 1<<32 - 1} {
		c := vectors.Ladder{Version: v, Base: naive.BaseLadder(v), Monitoring: naive.MonitoringLadder(v)}
		for _, greatest := range []int64{-1, 0, int64(v) / 2, int64(v) - 1, int64(v), int64(v) + 1, 2*int64(v) + 1, 1<<32 - 1} {
			if n := len(c.Search); greatest >= 1<<32 || greatest < -1 || n > 0 && c.Search[n-1].Greatest >= greatest {
				continue
			}
			included := func(w uint32) bool { return int64(w) <= greatest }
			lookups := naive.SearchLadder(v, included)
			c.Search = append(c.Search, vectors.SearchLadder{Greatest: greatest, Lookups: lookups, Order: naive.Indicated(v, lookups, included)})
		}
		f.Cases = append(f.Cases, c)
	}
	return f
}

func distinguishedEntries() file {
	f := &vectors.File[vectors.Distinguished]{Notes: []string{
		"Which entries of a log are distinguished, and which have expired, from their timestamps in milliseconds.",
	}}
	jumps := make([]uint64, 60)
	ts := uint64(1_000_000)
	for i := range jumps {
		step := uint64(sum("step", i)[0])
		if step > 200 {
			step *= 100
		}
		ts += step * (step % 3)
		jumps[i] = ts
	}
	lifetime := uint64(20_000)
	for _, c := range []vectors.Distinguished{
		{Name: "an entry a second", Timestamps: everySecond(40), Window: 3000},
		{Name: "an entry a second, no window", Timestamps: everySecond(20), Window: 0},
		{Name: "an entry a second, a window beyond all", Timestamps: everySecond(20), Window: 2_000_000},
		{Name: "an entry a second, expiring", Timestamps: everySecond(40), Window: 3000, Lifetime: &lifetime},
		{Name: "one entry", Timestamps: []uint64{1000}, Window: 1000},
		{Name: "one entry, too early", Timestamps: []uint64{999}, Window: 1000},
		{Name: "all at once", Timestamps: []uint64{5000, 5000, 5000, 5000, 5000}, Window: 1000},
		{Name: "repeats and jumps", Timestamps: jumps, Window: 500},
		{Name: "repeats and jumps, a longer window, expiring", Timestamps: jumps, Window: 5000, Lifetime: &lifetime},
	} {
		w := naive.World{Timestamps: c.Timestamps, RMW: c.Window, MaximumLifetime: c.Lifetime}
		c.Distinguished, c.Expired = append([]uint64{}, w.Distinguished()...), []uint64{}
		for pos := range w.Size() {
			if w.Expired(pos) {
				c.Expired = append(c.Expired, pos)
			}
		}
		f.Cases = append(f.Cases, c)
	}
	return f
}
