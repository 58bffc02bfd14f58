package naive

import (
	"slices"
	"testing"
)

// These scenarios were worked out by hand from the draft. In the tree of 7
// entries the frontier is 3, 5, 6; in that of 8 it is 7, above 3, above 1 and 5.

// steady has n entries a millisecond apart, beginning at 1.
func steady(n, rmw uint64, inserted ...uint64) *World {
	w := &World{RMW: rmw, Inserted: map[string][]uint64{"l": inserted}}
	for i := range n {
		w.Timestamps = append(w.Timestamps, 1+i)
	}
	return w
}

// never is a window in which nothing becomes distinguished.
const never = 1 << 40

func yes(n int) []bool { return slices.Repeat([]bool{true}, n) }

func checkMap(t *testing.T, got Trace, err ErrorKind, want ...MapEntry) {
	t.Helper()
	if got.Err != err || !slices.Equal(got.Map, want) {
		t.Errorf("got %q and map %v, want %q and %v", got.Err, got.Map, err, want)
	}
}

// An entry that is not distinguished and off the frontier is inspected: its
// timestamp comes just before its ladder.
func TestContactUnknownTimestamp(t *testing.T) {
	w := steady(8, never, 4, 5)
	got := w.ContactMonitor(nil, "l", []MapEntry{{4, 0}})
	expect(t, got, []uint64{7, 5}, []Lookup{
		{5, []uint32{0}, yes(1)},
		{7, []uint32{0}, yes(1)},
	}, nil, []Range{{0, 4}, {4, 5}, {6, 7}})
	checkMap(t, got, "", MapEntry{7, 0})
}

// 3.1: where a greater version's ladder was given, the lesser version goes.
func TestContactMeetsGreater(t *testing.T) {
	w := steady(8, never, 4, 5)
	got := w.ContactMonitor(nil, "l", []MapEntry{{4, 0}, {5, 1}})
	expect(t, got, []uint64{7, 5}, []Lookup{
		{7, []uint32{0, 1}, yes(2)},
		{5, []uint32{0}, yes(1)},
	}, nil, []Range{{0, 4}, {4, 5}, {6, 7}})
	checkMap(t, got, "", MapEntry{7, 1})
}

// A map entry may come to the position of another without any ladder given
// there: the greater version stays.
func TestContactCollision(t *testing.T) {
	w := steady(6, never, 4, 5)
	got := w.ContactMonitor(nil, "l", []MapEntry{{4, 0}, {5, 1}})
	expect(t, got, []uint64{3, 5}, []Lookup{{5, []uint32{0}, yes(1)}},
		[]uint64{3}, []Range{{0, 2}, {2, 3}, {4, 5}})
	checkMap(t, got, "", MapEntry{5, 1})
}

// 3.1.2: the log's checks accept this map, but the algorithm fails: the ladder
// from 7 had a lesser target.
func TestContactMeetsLesser(t *testing.T) {
	w := steady(8, never, 4, 4)
	got := w.ContactMonitor(nil, "l", []MapEntry{{4, 1}, {5, 0}})
	expect(t, got, []uint64{7, 5}, []Lookup{
		{7, []uint32{0}, yes(1)},
		{5, []uint32{0, 1}, yes(2)},
	}, nil, []Range{{0, 4}, {4, 5}, {6, 7}})
	checkMap(t, got, ErrRepeated)
}

func TestContactRefused(t *testing.T) {
	w := steady(8, never, 4, 5)
	for _, entries := range [][]MapEntry{
		{{5, 1}, {4, 0}}, // descending
		{{5, 1}, {5, 0}}, // same position
		{{4, 0}, {5, 0}}, // same version
		{{6, 0}},         // not above entry 4
		{{4, 2}},         // no such version
		{{8, 0}},         // no such entry
	} {
		checkMap(t, w.ContactMonitor(nil, "l", entries), ErrRequest)
	}
	checkMap(t, w.ContactMonitor(ptr(uint64(9)), "l", nil), ErrRequest)
}

// Entries 1 and 3 are distinguished. The contact algorithm alone inspects 3; in
// owner monitoring it leaves that to the owner algorithm (2.4), and the map
// entry stays where it was.
func TestOwnerSkipsDistinguished(t *testing.T) {
	w := &World{
		Timestamps: []uint64{100, 100, 100, 200, 200, 200, 200},
		RMW:        150,
		Inserted:   map[string][]uint64{"l": {2}},
	}
	if d := w.Distinguished(); !slices.Equal(d, []uint64{1, 3}) {
		t.Fatal(d)
	}
	roots, inclusion := []uint64{1, 5, 6}, []Range{{0, 1}, {2, 3}, {4, 5}}
	entries := []MapEntry{{2, 0}}
	got := w.ContactMonitor(nil, "l", entries)
	expect(t, got, []uint64{3, 5, 6, 1}, []Lookup{{3, []uint32{0}, yes(1)}}, roots, inclusion)
	checkMap(t, got, "")

	got = w.OwnerMonitor(nil, "l", OwnerRequest{entries, 1, ptr(uint32(0))}, 0)
	expect(t, got, []uint64{3, 5, 6, 1}, []Lookup{{3, []uint32{0, 1}, []bool{true, false}}}, roots, inclusion)
	checkMap(t, got, "", MapEntry{2, 0})

	// From entry 3 on, there is nothing left for the owner algorithm; entry 2 is
	// to the left of the start, so the contact algorithm inspects 3.
	got = w.OwnerMonitor(nil, "l", OwnerRequest{entries, 3, ptr(uint32(0))}, 0)
	expect(t, got, []uint64{3, 5, 6, 1}, []Lookup{{3, []uint32{0}, yes(1)}}, roots, inclusion)
	checkMap(t, got, "")
}

// The stop condition is only looked at in step 4: after the third ladder the
// walk still goes left from entry 5, which takes that entry's timestamp.
func TestOwnerLimit(t *testing.T) {
	w := steady(15, 0, 0)
	got := w.OwnerMonitor(nil, "l", OwnerRequest{nil, 0, ptr(uint32(0))}, 3)
	if !slices.Equal(got.Timestamps, []uint64{7, 11, 13, 14, 3, 1, 2, 5}) {
		t.Errorf("timestamps: %v", got.Timestamps)
	}
	if !slices.Equal(got.Inspected, []uint64{1, 2, 3}) || !got.Stopped {
		t.Errorf("inspected: %v", got.Inspected)
	}
	// Without a limit, the log stops at the version that the owner ignores.
	w = steady(15, 0, 0, 6)
	got = w.OwnerMonitor(nil, "l", OwnerRequest{nil, 3, ptr(uint32(0))}, 0)
	if !slices.Equal(got.Inspected, []uint64{4, 5}) || !got.Stopped {
		t.Errorf("inspected: %v", got.Inspected)
	}
}

func TestOwnerInit(t *testing.T) {
	w := steady(15, 0, 4, 4, 4, 9)
	got := w.OwnerInit(nil, "l", 10)
	// Left of 10 on its direct path: 9, 7. The frontier is 7, 11, 13, 14.
	two := []bool{true, true, false, true}
	expect(t, got, []uint64{7, 11, 13, 14, 9, 10}, []Lookup{
		{10, []uint32{0, 1, 3, 7, 5, 4}, []bool{true, true, true, false, false, false}},
		{9, []uint32{0, 1, 3, 7, 5, 4}, []bool{true, true, true, false, false, false}},
		{7, []uint32{0, 1, 3, 2}, two},
	}, []uint64{11, 13, 14}, []Range{{0, 4}, {4, 6}, {6, 7}, {8, 9}, {12, 13}})
	if !slices.Equal(got.GreatestVersions, []uint32{3, 3, 2}) ||
		!slices.Equal(got.LadderVersions, []uint32{0, 1, 2, 3, 4, 5, 7}) {
		t.Errorf("%v %v", got.GreatestVersions, got.LadderVersions)
	}
	// Where the label does not exist, the list of versions ends but the ladders
	// do not.
	got = steady(15, 0, 8).OwnerInit(nil, "l", 7)
	if len(got.GreatestVersions) != 0 || !slices.Equal(got.LadderVersions, []uint32{0}) {
		t.Errorf("%v %v", got.GreatestVersions, got.LadderVersions)
	}
	expect(t, got, []uint64{7, 11, 13, 14}, []Lookup{{7, []uint32{0}, []bool{false}}},
		[]uint64{11, 13, 14}, []Range{{0, 4}, {4, 6}, {6, 7}, {8, 10}, {10, 11}, {12, 13}})
	if got := steady(15, never).OwnerInit(nil, "l", 7); got.Err != ErrStart {
		t.Errorf("not distinguished: %q", got.Err)
	}
}

func TestFixedExpiry(t *testing.T) {
	w := steady(7, 50, 0, 1, 2, 3, 4, 5, 6)
	for i := range w.Timestamps {
		w.Timestamps[i] = uint64(i) * 100
	}
	w.MaximumLifetime = ptr(uint64(250)) // entries 0 to 3 are expired
	got := w.FixedVersionSearch(nil, "l", 4)
	expect(t, got, []uint64{3, 5, 6, 4}, []Lookup{
		{5, []uint32{0, 1, 3, 7, 5}, []bool{true, true, true, false, true}},
		{4, []uint32{0, 1, 3, 5, 4}, []bool{true, true, true, false, true}},
	}, []uint64{3, 6}, []Range{{0, 2}, {2, 3}})
	if got.Err != "" || *got.Terminal != 4 {
		t.Errorf("%+v", got)
	}
	if got := w.FixedVersionSearch(nil, "l", 0); got.Err != ErrExpired {
		t.Errorf("expired version: %q", got.Err)
	}
	if got := w.FixedVersionSearch(nil, "l", 7); got.Err != ErrNoVersion {
		t.Errorf("no such version: %q", got.Err)
	}
}

// A version that was never the greatest: 6.3 gives a second proof, in which
// nothing is omitted.
func TestFixedStepSix(t *testing.T) {
	w := steady(7, never, 2, 2, 2)
	got := w.FixedVersionSearch(nil, "l", 1)
	expect(t, got, []uint64{3, 5, 6, 1, 2}, []Lookup{
		{3, []uint32{0, 1, 3, 2}, []bool{true, true, false, true}},
		{1, []uint32{0}, []bool{false}},
		{2, []uint32{0, 1, 2}, []bool{true, true, true}},
		{2, []uint32{1}, yes(1)},
	}, []uint64{5, 6}, []Range{{0, 1}, {4, 5}})
	if got.Err != "" || *got.Terminal != 2 || !got.MonitoringNeeded {
		t.Errorf("%+v", got)
	}
}

func TestUpdateUnknownTimestamp(t *testing.T) {
	got := steady(7, never, 5).Update(nil, "l", UpdateInput{Position: 5})
	no := []bool{false}
	expect(t, got, []uint64{3, 5, 6, 4}, []Lookup{
		{3, []uint32{0}, no},
		{4, []uint32{0}, no},
		{5, []uint32{0, 1}, []bool{true, false}},
	}, []uint64{6}, []Range{{0, 2}, {2, 3}})
	checkMap(t, got, "", MapEntry{5, 0})
}

// All of the previous frontier is distinguished, so that step 2 is skipped:
// nothing was provided that makes a lookup in step 4 redundant.
func TestUpdatePreviousAllDistinguished(t *testing.T) {
	w := &World{
		Timestamps: []uint64{10, 20, 30, 40, 50, 90, 100},
		RMW:        30,
		Inserted:   map[string][]uint64{"l": {0, 6}},
	}
	if d := w.Distinguished(); slices.Contains(d, 6) || !slices.Contains(d, 5) {
		t.Fatal(d)
	}
	u := UpdateInput{Position: 6, PrevGreatest: ptr(uint32(0)), NewGreatest: 1, Start: 3}
	got := w.Update(nil, "l", u)
	expect(t, got, []uint64{3, 5, 6}, []Lookup{{6, []uint32{0, 1, 3, 2}, []bool{true, true, false, false}}},
		[]uint64{3, 5}, []Range{{0, 2}, {2, 3}, {4, 5}})
	checkMap(t, got, "", MapEntry{6, 1})
	if !slices.Equal(got.LadderVersions, []uint32{2, 3}) {
		t.Errorf("ladder: %v", got.LadderVersions)
	}
}

func TestDistinguishedWalk(t *testing.T) {
	w := steady(7, 0)
	got := w.DistinguishedWalk(nil, nil, 2)
	expect(t, got, []uint64{3, 5, 6, 4}, nil, []uint64{3, 4, 5, 6}, []Range{{0, 2}, {2, 3}})
	if !slices.Equal(got.Recent, []uint64{5, 6}) {
		t.Errorf("recent: %v", got.Recent)
	}
	got = w.DistinguishedWalk(nil, ptr(uint64(5)), 4)
	if !slices.Equal(got.Timestamps, []uint64{3, 5, 6}) || !slices.Equal(got.Recent, []uint64{6}) {
		t.Errorf("stopping at 5: %v, %v", got.Timestamps, got.Recent)
	}
}
