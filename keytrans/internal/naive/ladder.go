package naive

import "slices"

// firstTooGreat is the first version counter that cannot exist.
const firstTooGreat = uint64(1) << 32

// BaseLadder plays the series of lookups that determines that n is the greatest
// version, and lists the versions looked up.
func BaseLadder(n uint32) []uint32 {
	var ladder []uint32
	lookup := func(v uint64) bool {
		if v >= firstTooGreat {
			return false // skipped; continue as after a non-inclusion
		}
		ladder = append(ladder, uint32(v))
		return v <= uint64(n)
	}
	// Step 1: versions one less than the powers of two, until one is missing.
	power := uint64(1)
	for lookup(power - 1) {
		power *= 2
	}
	if power == 1 {
		return ladder
	}
	// Step 2: binary search between the greatest one found and that one.
	there, missing := power/2-1, power-1
	for there+1 < missing {
		middle := (there + missing) / 2
		if lookup(middle) {
			there = middle
		} else {
			missing = middle
		}
	}
	return ladder
}

// SearchLadder lists the lookups of a search binary ladder before any are
// omitted: those of the target's ladder, up to the first inclusion of a version
// greater than the target or the first non-inclusion of one not greater.
func SearchLadder(target uint32, included func(uint32) bool) []uint32 {
	var ladder []uint32
	for _, v := range BaseLadder(target) {
		ladder = append(ladder, v)
		if included(v) != (v <= target) {
			break
		}
	}
	return ladder
}

// MonitoringLadder lists the lookups of a monitoring binary ladder: those of
// the target's ladder that are not greater than the target.
func MonitoringLadder(target uint32) []uint32 {
	var ladder []uint32
	for _, v := range BaseLadder(target) {
		if v <= target {
			ladder = append(ladder, v)
		}
	}
	return ladder
}

// union merges lists of versions into one that ascends without duplicates.
func union(lists ...[]uint32) []uint32 {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
