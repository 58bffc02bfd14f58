package keytrans

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
)

// absence proves the absence of everything that a label lacks, to everybody.
func (x *explorer) absence(t *testing.T, n uint64, label string) {
	l := x.at(n)
	greatest := l.naive.GreatestAt(label, n-1)
	versions := []*uint32{nil, ptr(uint32(0))}
	if greatest != nil {
		versions = append(versions, greatest, ptr(*greatest+1), ptr(uint32(1<<32-1)))
	}
	lasts(n, func(last *uint64, size uint64) {
		want := l.naive.AbsenceSearch(last, label)
		for _, version := range versions {
			what := fmt.Sprintf("absence %s %s: %d entries, last %d", label, describe(version), n, size)
			q := &AbsenceRequest{Last: last, Label: []byte(label), Version: version}
			p, err := x.prove.Absence(l, l.label(label), q)
			if exists := greatest != nil && (version == nil || *version <= *greatest); exists {
				if !errors.Is(err, ErrRequest) || errors.Is(err, ErrLast) {
					t.Fatalf("%s: it exists, and: %v", what, err)
				}
				continue
			}
			fatalIfErr(t, err)
			x.expectAbsence(t, what, l, q, p, want.LadderVersions)
			x.expect(t, what, l, label, &p.Absence, want)
		}
	})
}

func (x *explorer) expectAbsence(t *testing.T, what string, l *worldLog, q *AbsenceRequest, p *AbsenceResponse, steps []uint32) {
	t.Helper()
	label, n := string(q.Label), l.head.TreeSize
	size := uint64(0)
	if q.Last != nil {
		size = *q.Last
	}
	if len(p.BinaryLadder) != len(steps) {
		t.Fatalf("%s: %d ladder steps for versions %v", what, len(p.BinaryLadder), steps)
	}
	for i, v := range steps {
		c := p.BinaryLadder[i].Commitment
		if exists := l.naive.Inserted[label] != nil && int(v) < len(l.naive.Inserted[label]); exists != (c != nil) || exists && *c != x.commitment(label, v) {
			t.Fatalf("%s: version %d has the commitment %v", what, v, c)
		}
	}
	r, err := x.verify.Absence(x.view(t, size), q, p, l.now())
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	x.expectView(t, what, l, r.Verified)
	if want := l.naive.GreatestAt(label, n-1); describe(r.Greatest) != describe(want) {
		t.Fatalf("%s: the greatest is %s, want %s", what, describe(r.Greatest), describe(want))
	}
	for v, k := range r.Keys {
		if k.Proven != (k.Commitment != nil) {
			t.Fatalf("%s: version %d is taken on faith", what, v)
		}
	}
}

// batch asks for everything at once, to everybody.
func (x *explorer) batch(t *testing.T, n uint64) {
	l := x.at(n)
	var queries []BatchQuery
	for _, label := range append([]string{"nobody"}, x.labels...) {
		queries = append(queries, BatchQuery{Label: []byte(label)}, BatchQuery{Label: []byte(label), Version: ptr(uint32(1))})
	}
	queries = append(queries, BatchQuery{})
	lasts(n, func(last *uint64, size uint64) {
		if size > 1 && size != n/2 && size+1 < n {
			return // what is special about each size, single operations show
		}
		q := &BatchRequest{Last: last, Queries: queries}
		answers, err := x.prove.Batch(l, l.labelOf, q)
		fatalIfErr(t, err)
		results, err := x.verify.Batch(x.view(t, size), q, answers, l.now())
		if err != nil || len(results) != len(queries) {
			t.Fatalf("batch: %d entries, last %d: %d results, %v", n, size, len(results), err)
		}
		for i, r := range results {
			what := fmt.Sprintf("batch: %d entries, last %d: answer %d", n, size, i)
			x.expectAnswer(t, what, l, &queries[i], last, answers[i], &r)
			if answers[i].head() != nil {
				last = &n
			}
		}
	})
}

// expectAnswer checks an answer in a batch against the single operation.
func (x *explorer) expectAnswer(t *testing.T, what string, l *worldLog, q *BatchQuery, last *uint64, a *BatchAnswer, r *BatchResult) {
	t.Helper()
	label := string(q.Label)
	want := l.naive.GreatestVersionSearch(last, label)
	if q.Version != nil {
		want = l.naive.FixedVersionSearch(last, label, *q.Version)
	}
	if head := a.head(); head != nil && (head.TreeHead == nil) != (last != nil && *last == l.head.TreeSize) {
		t.Fatalf("%s: head %+v", what, head)
	}
	switch a.Kind {
	case AnswerSearch:
		x.expect(t, what, l, label, &a.Search.Search, want)
		x.expectView(t, what, l, r.Search.Verified)
		if string(r.Search.Value.Value) != string(x.value(label, r.Search.Version)) {
			t.Fatalf("%s: value %q", what, r.Search.Value.Value)
		}
	case AnswerAbsence:
		if greatest := l.naive.GreatestAt(label, l.head.TreeSize-1); greatest != nil && (q.Version == nil || *q.Version <= *greatest) {
			t.Fatalf("%s: absent, though the greatest is %d", what, *greatest)
		}
		x.expect(t, what, l, label, &a.Absence.Absence, l.naive.AbsenceSearch(last, label))
		x.expectView(t, what, l, r.Absence.Verified)
	case AnswerExpired:
		expectRefusal(t, what, ErrVersionExpired, want.Err)
	case AnswerRefused:
		if label != "" && (q.Version == nil || !x.skipped(label, *q.Version)) {
			t.Fatalf("%s: refused", what)
		}
	default:
		t.Fatalf("%s: kind %d", what, a.Kind)
	}
}

// claimAbsence has a log, whatever its trees hold, claim that a label has no
// version above greatest. change may change the response before it is verified.
func claimAbsence(t *testing.T, w *world, label string, greatest *uint32, last uint64, change func(*AbsenceResponse)) (*AbsenceResult, error) {
	t.Helper()
	x := lieTo(t, w, last)
	q := &AbsenceRequest{Last: x.last, Label: []byte(label), Version: ptr(uint32(1<<32 - 1))}
	p := &AbsenceResponse{Greatest: greatest}
	p.FullTreeHead, p.Absence = x.lie(label, func(o *production) error { return o.nothingBeyond(greatest) })
	var err error
	p.BinaryLadder, err = ladderSteps(x.log.label(label), ladder.Base(absenceTarget(greatest)), func(v uint32) bool { return !beyond(&v, greatest) })
	fatalIfErr(t, err)
	if change != nil {
		change(p)
	}
	return x.verify.Absence(x.view, q, p, x.log.now())
}

// hideFrom removes all versions of a label from the entries [lo, size).
func (w *world) hideFrom(label string, lo uint64) {
	for v := range w.Inserted[label] {
		w.hide(label, uint32(v), lo, uint64(len(w.entries)))
	}
}

// TestLieAboutAbsence has a log deny what exists, in one entry and in more. Of a
// lyingWorld of 15, the entries 11, 13 and 14 are inspected.
func TestLieAboutAbsence(t *testing.T) {
	for _, last := range []uint64{0, 5, 15} {
		for _, greatest := range []*uint32{nil, ptr(uint32(0)), ptr(uint32(1)), ptr(uint32(2)), ptr(uint32(3)), ptr(uint32(5)), ptr(uint32(6)), ptr(uint32(200))} {
			_, err := claimAbsence(t, lyingWorld(15), "alice", greatest, last, nil)
			expectRefused(t, err, ErrProof)
		}
		r, err := claimAbsence(t, lyingWorld(15), "alice", ptr(uint32(4)), last, nil)
		fatalIfErr(t, err)
		if *r.Greatest != 4 {
			t.Fatal("another greatest version")
		}
	}
	for _, lo := range []uint64{12, 13, 14} {
		w := lyingWorld(15)
		w.hideFrom("alice", lo)
		_, err := claimAbsence(t, w, "alice", nil, 0, nil)
		expectRefused(t, err, ErrProof)
	}
	w := lyingWorld(15)
	w.hide("alice", 4, 12, 15) // the greatest version only
	_, err := claimAbsence(t, w, "alice", ptr(uint32(3)), 0, nil)
	expectRefused(t, err, ErrProof)
}

// TestAbsenceContradicts has a log deny in all entries that are inspected what it
// has proven to somebody before. A newcomer cannot tell; those who know the
// label can.
func TestAbsenceContradicts(t *testing.T) {
	lie := func(t *testing.T, label string, lo, last uint64) *AbsenceResult {
		w := lyingWorld(14)
		w.hideFrom(label, lo)
		r, err := claimAbsence(t, w, label, nil, last, nil)
		fatalIfErr(t, err)
		return r
	}
	honest := func(t *testing.T, label string, greatest uint32) *AbsenceResult {
		r, err := claimAbsence(t, lyingWorld(14), label, &greatest, 0, nil)
		fatalIfErr(t, err)
		return r
	}
	t.Run("a contact", func(t *testing.T) {
		contact := newCaser(t, lyingWorld(10), 10, 10).contactOf("bob", 10)
		if len(contact.Map) == 0 {
			t.Fatal("nothing is monitored")
		}
		expectMisbehaviour(t, contact.CheckAbsence(lie(t, "bob", 10, 10)))
		fatalIfErr(t, contact.CheckAbsence(honest(t, "bob", 2)))
		fatalIfErr(t, (&Contact{}).CheckAbsence(lie(t, "bob", 10, 10)))
		onlyKeys := &Contact{Keys: contact.Keys}
		expectMisbehaviour(t, onlyKeys.CheckAbsence(lie(t, "bob", 10, 10)))
		r := honest(t, "bob", 2)
		r.Keys[0] = VersionKey{SearchKey: r.Keys[0].SearchKey, Commitment: &planted, Proven: true}
		expectMisbehaviour(t, contact.CheckAbsence(r))
	})
	t.Run("an owner", func(t *testing.T) {
		owner := newCaser(t, lyingWorld(7), 7, 7).takeOver("alice", 3)
		expectMisbehaviour(t, owner.CheckAbsence(lie(t, "alice", 7, 7)))
		fatalIfErr(t, owner.CheckAbsence(honest(t, "alice", 4)))
		claimed := *owner
		claimed.Created = append(slices.Clone(owner.Created), Created{Position: 9, Version: 7, Claimed: true})
		expectRefused(t, claimed.CheckAbsence(honest(t, "alice", 4)), ErrProof)
		fatalIfErr(t, (&Owner{}).CheckAbsence(honest(t, "alice", 4)))
	})
}

// TestAbsenceParts hands a verifier absences of which one part is another's.
func TestAbsenceParts(t *testing.T) {
	w := lyingWorld(15)
	for name, c := range map[string]struct {
		greatest *uint32
		change   func(p *AbsenceResponse)
	}{
		"another greatest version":    {ptr(uint32(4)), func(p *AbsenceResponse) { p.Greatest = ptr(uint32(5)) }},
		"a lesser greatest version":   {ptr(uint32(4)), func(p *AbsenceResponse) { p.Greatest = ptr(uint32(3)) }},
		"no greatest version":         {ptr(uint32(4)), func(p *AbsenceResponse) { p.Greatest = nil }},
		"the greatest of all":         {ptr(uint32(4)), func(p *AbsenceResponse) { p.Greatest = ptr(uint32(1<<32 - 1)) }},
		"a step too few":              {ptr(uint32(4)), func(p *AbsenceResponse) { p.BinaryLadder = p.BinaryLadder[:len(p.BinaryLadder)-1] }},
		"no steps":                    {ptr(uint32(4)), func(p *AbsenceResponse) { p.BinaryLadder = nil }},
		"a step too many":             {ptr(uint32(4)), func(p *AbsenceResponse) { p.BinaryLadder = append(p.BinaryLadder, p.BinaryLadder[0]) }},
		"steps in another order":      {ptr(uint32(4)), func(p *AbsenceResponse) { slices.Reverse(p.BinaryLadder) }},
		"a commitment of nothing":     {ptr(uint32(4)), func(p *AbsenceResponse) { p.BinaryLadder[len(p.BinaryLadder)-2].Commitment = &planted }},
		"a commitment is missing":     {ptr(uint32(4)), func(p *AbsenceResponse) { p.BinaryLadder[0].Commitment = nil }},
		"another commitment":          {ptr(uint32(4)), func(p *AbsenceResponse) { p.BinaryLadder[0].Commitment = &planted }},
		"no prefix proofs":            {ptr(uint32(4)), func(p *AbsenceResponse) { p.Absence.PrefixProofs = nil }},
		"the rightmost proof only":    {ptr(uint32(4)), func(p *AbsenceResponse) { p.Absence.PrefixProofs = p.Absence.PrefixProofs[2:] }},
		"all but the rightmost proof": {ptr(uint32(4)), func(p *AbsenceResponse) { p.Absence.PrefixProofs = p.Absence.PrefixProofs[:2] }},
	} {
		if _, err := claimAbsence(t, w, "alice", c.greatest, 0, nil); err != nil {
			t.Fatal(err)
		}
		_, err := claimAbsence(t, w, "alice", c.greatest, 0, c.change)
		t.Log(name)
		expectRefused(t, err, ErrProof, ErrSignature)
	}
	// A proof of other versions' absence than was asked for.
	y := lieTo(t, w, 0)
	above, err := y.prove.Absence(y.log, y.log.label("alice"), &AbsenceRequest{Label: []byte("alice"), Version: ptr(uint32(5))})
	fatalIfErr(t, err)
	for _, version := range []*uint32{nil, ptr(uint32(0)), ptr(uint32(4)), ptr(uint32(5)), ptr(uint32(9))} {
		_, err := y.verify.Absence(y.view, &AbsenceRequest{Label: []byte("alice"), Version: version}, above, y.log.now())
		if version != nil && *version > 4 {
			fatalIfErr(t, err)
		} else {
			expectRefused(t, err, ErrProof)
		}
	}
	// A label that does not exist lends its proof to one that does, for each part.
	x := lieTo(t, w, 0)
	absent, err := x.prove.Absence(x.log, x.log.label("nobody"), &AbsenceRequest{Label: []byte("nobody")})
	fatalIfErr(t, err)
	_, err = x.verify.Absence(x.view, &AbsenceRequest{Label: []byte("alice")}, absent, x.log.now())
	expectRefused(t, err, ErrProof)
	_, err = claimAbsence(t, w, "alice", nil, 0, func(p *AbsenceResponse) { p.Absence = absent.Absence })
	expectRefused(t, err, ErrProof)
	// A proof from before the label existed.
	older := newCaser(t, w, 1, 0)
	before, err := older.prove.Absence(older.log, older.log.label("alice"), &AbsenceRequest{Label: []byte("alice")})
	fatalIfErr(t, err)
	_, err = claimAbsence(t, w, "alice", nil, 0, func(p *AbsenceResponse) { p.Absence = before.Absence })
	expectRefused(t, err, ErrProof)
	_, err = x.verify.Absence(w.view(t, 9), &AbsenceRequest{Last: ptr(uint64(9)), Label: []byte("alice")}, before, x.log.now())
	expectRefused(t, err, ErrProof)
}

// TestAbsenceIsWhereOwnersLook checks the argument of docs/extensions.md: whoever
// monitors a version, wherever it was created, comes to an entry that a proof of
// its absence inspects, now and in every later state of the log.
func TestAbsenceIsWhereOwnersLook(t *testing.T) {
	const size, later = 24, 60
	for name, world := range smallWorlds(later) {
		for n := uint64(1); n <= size; n++ {
			at := func(pos uint64) (uint64, error) { return world.Timestamps[pos], nil }
			start, ok, err := ibst.RightmostDistinguished(n, world.RMW, at)
			fatalIfErr(t, err)
			if !ok {
				start = ibst.Root(n)
			}
			inspected := ibst.FrontierFrom(start, n)
			if !slices.Contains(inspected, n-1) {
				t.Fatalf("%s: the rightmost of %d entries is not inspected", name, n)
			}
			for pos := range n {
				if ok && pos <= start {
					// The owner sees the version missing in this distinguished entry,
					// which stays one.
					for m := n; m <= later; m++ {
						if !distinguishedIn(t, &world, start, m) {
							t.Fatalf("%s: entry %d is distinguished for %d entries and not for %d", name, start, n, m)
						}
					}
					continue
				}
				i := slices.IndexFunc(inspected, func(p uint64) bool { return p >= pos })
				meet := inspected[i]
				for m := n; m <= later; m++ {
					if meet != pos && !slices.Contains(rightAncestors(pos, m), meet) {
						t.Fatalf("%s: of %d entries, %d are inspected; a version of entry %d is not monitored in any with %d entries", name, n, inspected, pos, m)
					}
					// Where monitoring ends before, the owner goes on.
					for _, r := range rightAncestors(pos, m) {
						if r >= meet || meet == pos {
							break
						}
						if distinguishedIn(t, &world, r, m) && !distinguishedIn(t, &world, meet, m) {
							t.Fatalf("%s: of %d entries, %d is distinguished and %d is not", name, m, r, meet)
						}
					}
				}
			}
		}
	}
}

// distinguishedIn reports whether an entry is distinguished in a log of size
// entries.
func distinguishedIn(t *testing.T, w *naive.World, pos, size uint64) bool {
	t.Helper()
	at := func(pos uint64) (uint64, error) { return w.Timestamps[pos], nil }
	path, err := ibst.DistinguishedPath(pos, size, w.Timestamps[size-1], w.RMW, at)
	fatalIfErr(t, err)
	return slices.Contains(path, pos)
}
