package ladder

import (
	"slices"
	"testing"
)

// refBase is the draft's series of lookups, played against a label whose
// greatest version is n. Lookups from 2^32 on show non-inclusion unseen.
func refBase(n uint64) (out []uint32) {
	lookup := func(v uint64) bool {
		if v < 1<<32 {
			out = append(out, uint32(v))
		}
		return v <= n && v < 1<<32
	}
	step := uint64(1)
	for lookup(step - 1) {
		step *= 2
	}
	low, high := step/2-1, step-1 // low exists, high does not
	for step > 1 && high-low > 1 {
		if mid := low + (high-low)/2; lookup(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return out
}

// interesting are versions around powers of two, where ladders change shape.
func interesting() []uint32 {
	out := []uint32{}
	for k := 1; k <= 32; k++ {
		for d := -3; d <= 3; d++ {
			if v := int64(1)<<k + int64(d); v >= 0 && v < 1<<32 {
				out = append(out, uint32(v))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(append(out, 3<<30, 1<<32-1000))
}

func TestBase(t *testing.T) {
	check := func(n uint32) {
		t.Helper()
		got := Base(n)
		if !slices.Equal(got, refBase(uint64(n))) {
			t.Fatalf("ladder of %d: %v", n, got)
		}
		sorted := slices.Clone(got)
		slices.Sort(sorted)
		if len(slices.Compact(sorted)) != len(got) || len(got) > 64 {
			t.Fatalf("ladder of %d repeats a lookup, or is too long: %v", n, got)
		}
		if !slices.Contains(got, n) || n < 1<<32-1 && !slices.Contains(got, n+1) {
			t.Fatalf("ladder of %d does not bound it: %v", n, got)
		}
	}
	for n := range uint32(5000) {
		check(n)
	}
	for _, n := range interesting() {
		check(n)
	}
}

// TestGreatestVersions spells out the ladders at the end of the range.
func TestGreatestVersions(t *testing.T) {
	var powers []uint32
	for k := range 33 {
		powers = append(powers, uint32(uint64(1)<<k-1))
	}
	if got := Base(1<<32 - 1); !slices.Equal(got, powers) {
		t.Errorf("2^32-1: %v", got)
	}
	if got := Base(1<<32 - 2); !slices.Equal(got[:33], powers) || len(got) != 64 || got[63] != 1<<32-2 {
		t.Errorf("2^32-2: %v", got)
	}
	if got := Base(1<<31 - 1); !slices.Equal(got[:33], powers) || got[len(got)-1] != 1<<31 {
		t.Errorf("2^31-1: %v", got)
	}
}

func TestMonitoring(t *testing.T) {
	for _, n := range append(interesting(), 0, 10, 20, 100, 12345) {
		var want []uint32
		for _, v := range refBase(uint64(n)) {
			if v <= n {
				want = append(want, v)
			}
		}
		if got := Monitoring(n); !slices.Equal(got, want) {
			t.Errorf("monitoring ladder of %d: %v", n, got)
		}
	}
}

// TestSearch plays a ladder for every target against every greatest version.
func TestSearch(t *testing.T) {
	check := func(target uint32, greatest int64) {
		t.Helper()
		ladder := Search(target, greatest)
		if !slices.Equal(ladder, Base(target)[:len(ladder)]) {
			t.Fatalf("ladder for %d of %d is no prefix: %v", target, greatest, ladder)
		}
		order, done := Equal, false
		for i, v := range ladder {
			if done {
				t.Fatalf("ladder for %d of %d goes on after it ended at %d", target, greatest, i)
			}
			order, done = Step(target, v, int64(v) <= greatest)
		}
		want := Equal
		switch {
		case greatest < int64(target):
			want = Less
		case greatest > int64(target):
			want = Greater
		}
		if order != want || done != (order != Equal) || !done && len(ladder) != len(Base(target)) {
			t.Fatalf("ladder for %d of %d says %d: %v", target, greatest, order, ladder)
		}
	}
	for target := range uint32(150) {
		for greatest := int64(-1); greatest < 160; greatest++ {
			check(target, greatest)
		}
	}
	for _, target := range interesting() {
		check(target, -1)
		for _, greatest := range interesting() {
			check(target, int64(greatest))
		}
	}
}

func FuzzSearch(f *testing.F) {
	f.Add(uint32(1<<31-1), int64(1<<31))
	f.Add(uint32(1<<32-1), int64(1<<32-1))
	f.Fuzz(func(t *testing.T, target uint32, greatest int64) {
		ladder := Search(target, greatest)
		if len(ladder) == 0 || len(ladder) > 64 || !slices.Equal(ladder, refBase(uint64(target))[:len(ladder)]) {
			t.Errorf("ladder for %d of %d: %v", target, greatest, ladder)
		}
	})
}
