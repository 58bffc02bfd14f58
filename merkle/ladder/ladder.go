// Package ladder computes binary ladders: the versions of a label that are
// looked up in one log entry's prefix tree to bound the greatest version that
// exists there. KEYTRANS, "Binary Ladder" and its appendix.
package ladder

import "slices"

// limit is one more than the greatest possible version. Lookups at or above
// it are skipped as if they had shown non-inclusion. Midpoints need 64 bits:
// in 32, the search for the greatest versions does not end.
const limit = uint64(1) << 32

// Base returns the versions, in lookup order, that establish greatest as the
// greatest version of a label: powers of two minus one until one exceeds it,
// then a binary search. It has at most 64 elements.
func Base(greatest uint32) []uint32 {
	n := uint64(greatest)
	out := make([]uint32, 0, 64)
	add := func(v uint64) {
		if v < limit {
			out = append(out, uint32(v))
		}
	}
	lower, upper := uint64(0), uint64(0)
	for k := 0; ; k++ {
		v := uint64(1)<<k - 1
		add(v)
		if v > n {
			upper = v
			break
		}
		lower = v
	}
	for lower+1 < upper {
		v := (lower + upper) / 2
		add(v)
		if v <= n {
			lower = v
		} else {
			upper = v
		}
	}
	return out
}

// Monitoring returns the versions of the monitoring binary ladder for target:
// those of Base that are not greater. All of them exist if the log is honest.
func Monitoring(target uint32) []uint32 {
	return slices.DeleteFunc(Base(target), func(v uint32) bool { return v > target })
}

// Order is what a search binary ladder says of the greatest version of a label
// that exists, compared with the target version.
type Order int

// The outcomes of a search binary ladder.
const (
	Less    Order = -1
	Equal   Order = 0
	Greater Order = 1
)

// Step interprets one lookup of a search binary ladder for target. done is true
// if the lookup ends the ladder with the given order: a version not above the
// target is missing, or one above it exists. A ladder that runs to the end of
// Base(target) without that is Equal.
//
// Until that lookup a ladder for target and one for the actual greatest
// version are the same, so every search ladder is a prefix of Base(target).
func Step(target, version uint32, included bool) (order Order, done bool) {
	switch {
	case version <= target && !included:
		return Less, true
	case version > target && included:
		return Greater, true
	}
	return Equal, false
}

// Search returns the lookups of a search binary ladder for target, where
// greatest is the greatest version that exists, or -1 if none does, without
// leaving out any.
func Search(target uint32, greatest int64) []uint32 {
	base := Base(target)
	for i, v := range base {
		if _, done := Step(target, v, int64(v) <= greatest); done {
			return base[:i+1]
		}
	}
	return base
}
