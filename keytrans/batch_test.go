package keytrans

import (
	"errors"
	"slices"
	"testing"
)

// batchCaser makes batches of the queries on a lyingWorld of 14.
func askBatch(t *testing.T, x *tamperCaser, queries ...BatchQuery) (*BatchRequest, []*BatchAnswer) {
	t.Helper()
	q := &BatchRequest{Last: x.last, Queries: queries}
	answers, err := x.prove.Batch(x.log, x.log.labelOf, q)
	fatalIfErr(t, err)
	return q, answers
}

func labelsOf(names ...string) (out []BatchQuery) {
	for _, n := range names {
		out = append(out, BatchQuery{Label: []byte(n)})
	}
	return out
}

// TestBatchMixed presents answers in another order, twice, for others, or from
// another state.
func TestBatchMixed(t *testing.T) {
	w := lyingWorld(14)
	for _, last := range []uint64{0, 5, 14} {
		x := lieTo(t, w, last)
		q, answers := askBatch(t, x, labelsOf("alice", "nobody", "bob", "dave")...)
		if _, err := x.verify.Batch(x.view, q, answers, x.log.now()); err != nil {
			t.Fatal(err)
		}
		other := lieTo(t, w, 0)
		_, full := askBatch(t, other, q.Queries[2])
		older := newCaser(t, w, 12, 0)
		_, past := askBatch(t, older, q.Queries[2])
		single, err := x.prove.Search(x.log, x.log.label("bob"), q.Queries[2].search(x.last))
		fatalIfErr(t, err)
		a := answers
		for name, bad := range map[string][]*BatchAnswer{
			"none":                    nil,
			"swapped":                 {a[0], a[2], a[1], a[3]},
			"the first is dropped":    a[1:],
			"one is dropped":          {a[0], a[1], a[3]},
			"one is doubled":          {a[0], a[1], a[1], a[2]},
			"one too many":            append(slices.Clone(a), a[3]),
			"a claim and then others": {a[0], {Kind: AnswerErased}, a[1], a[2]},
			"one of an older state":   {a[0], a[1], past[0], a[3]},
		} {
			_, err := x.verify.Batch(x.view, q, bad, x.log.now())
			t.Log(name)
			expectRefused(t, err, ErrProof, ErrSignature)
		}
		// The state is the same, but the head is sent again.
		for _, again := range []*BatchAnswer{full[0], {Kind: AnswerSearch, Search: single}} {
			if again.Search.FullTreeHead.TreeHead == nil {
				continue
			}
			_, err := x.verify.Batch(x.view, q, []*BatchAnswer{a[0], a[1], again, a[3]}, x.log.now())
			expectRefused(t, err, ErrProof)
		}
		// Fewer than asked for, and claims, are permitted.
		for n := 1; n <= len(a); n++ {
			results, err := x.verify.Batch(x.view, q, a[:n], x.log.now())
			if err != nil || len(results) != n {
				t.Fatalf("%d answers: %v", n, err)
			}
		}
		results, err := x.verify.Batch(x.view, q, []*BatchAnswer{{Kind: AnswerRefused}, {Kind: AnswerExpired}}, x.log.now())
		if err != nil || results[0].Kind != AnswerRefused || results[1].Kind != AnswerExpired || results[0].Search != nil {
			t.Fatalf("%+v, %v", results, err)
		}
	}
}

// TestBatchStates has the answers to one batch come from two states, each of
// which is an honest one.
func TestBatchStates(t *testing.T) {
	w := lyingWorld(14)
	early, late := newCaser(t, w, 12, 9), newCaser(t, w, 14, 12)
	q, first := askBatch(t, early, labelsOf("alice", "bob")...)
	_, second := askBatch(t, late, labelsOf("bob")...)
	if second[0].Search.FullTreeHead.TreeHead == nil {
		t.Fatal("the second answer has no head of its own")
	}
	_, err := late.verify.Batch(early.view, q, []*BatchAnswer{first[0], second[0]}, early.log.now())
	expectRefused(t, err, ErrProof)
}

func TestBatchLimits(t *testing.T) {
	w := lyingWorld(14)
	x := lieTo(t, w, 0)
	queries := labelsOf("alice", "nobody", "bob", "dave", "fred")
	_, all := askBatch(t, x, queries...)
	one, err := all[0].Marshal(x.cfg)
	fatalIfErr(t, err)
	two, err := all[1].Marshal(x.cfg)
	fatalIfErr(t, err)
	for limit, want := range map[int]int{1: 1, len(one): 1, len(one) + len(two) - 1: 1, len(one) + len(two): 2, 1 << 30: 5, 0: 5} {
		p := &Prover{Config: x.cfg, MaxBatchBytes: limit}
		got, err := p.Batch(x.log, x.log.labelOf, &BatchRequest{Queries: queries})
		if err != nil || len(got) != want {
			t.Errorf("at most %d bytes: %d answers, want %d, %v", limit, len(got), want, err)
		}
	}
	most := make([]BatchQuery, MaxBatch)
	for i := range most {
		most[i] = queries[i%len(queries)]
	}
	q, answers := askBatch(t, x, most...)
	results, err := x.verify.Batch(x.view, q, answers, x.log.now())
	if err != nil || len(results) != MaxBatch {
		t.Fatalf("%d results: %v", len(results), err)
	}
	if _, err := (&BatchRequest{Queries: append(most, most[0])}).Marshal(); err == nil {
		t.Error("too many queries were encoded")
	}
}

// TestBatchErrors tells errors of one query from those of the request.
func TestBatchErrors(t *testing.T) {
	w := lyingWorld(14)
	x := lieTo(t, w, 0)
	for name, c := range map[string]struct {
		q    BatchRequest
		want error
	}{
		"no queries":         {BatchRequest{}, ErrRequest},
		"last beyond":        {BatchRequest{Last: ptr(uint64(15)), Queries: labelsOf("alice")}, ErrLast},
		"last is zero":       {BatchRequest{Last: ptr(uint64(0)), Queries: labelsOf("nobody")}, ErrLast},
		"trouble of the log": {BatchRequest{Queries: labelsOf("alice", "broken")}, errBroken},
	} {
		if got, err := x.prove.Batch(x.log, x.log.labelOf, &c.q); !errors.Is(err, c.want) || got != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	erased := func(name []byte) (Label, error) { return erasedLabel{x.log.label(string(name))}, nil }
	got, err := x.prove.Batch(x.log, erased, &BatchRequest{Queries: labelsOf("alice")})
	if err != nil || got[0].Kind != AnswerErased {
		t.Errorf("%+v, %v", got, err)
	}
	managed := newModeWorld(w.World, testVRFKey, ThirdPartyManagement)
	managed.Inserted["twice"] = []uint64{3, 3}
	managed = newModeWorld(managed.World, testVRFKey, ThirdPartyManagement)
	l := managed.at(14)
	got, err = (&Prover{Config: managed.cfg}).Batch(l, l.labelOf, &BatchRequest{Queries: []BatchQuery{
		{Label: []byte("twice"), Version: ptr(uint32(0))}, {Label: []byte("twice")}, {Label: []byte("twice"), Version: ptr(uint32(2))},
	}})
	if err != nil || got[0].Kind != AnswerRefused || got[1].Kind != AnswerSearch || got[2].Kind != AnswerAbsence {
		t.Errorf("a version that was skipped: %+v, %v", got, err)
	}
	for _, a := range []*BatchAnswer{{}, {Kind: AnswerSearch}, {Kind: AnswerAbsence}, {Kind: 6}} {
		if _, err := a.Marshal(x.cfg); err == nil {
			t.Errorf("%+v was encoded", a)
		}
	}
}

type erasedLabel struct{ Label }

func (erasedLabel) Open(uint32) (Opening, UpdateValue, error) {
	return Opening{}, UpdateValue{}, ErrErased
}

// TestBatchAnswerCounts parses more and fewer answers than queries.
func TestBatchAnswerCounts(t *testing.T) {
	c := testConfiguration()
	q := &BatchRequest{Queries: make([]BatchQuery, 3)}
	for n, want := range map[int]error{0: ErrMalformed, 1: nil, 3: nil, 4: ErrMalformed} {
		data := slices.Repeat([]byte{byte(AnswerErased)}, n)
		got, err := ParseBatchAnswers(c, q, data)
		if !errors.Is(err, want) || want == nil && (err != nil || len(got) != n) {
			t.Errorf("%d answers: %d, %v", n, len(got), err)
		}
	}
	for _, q := range []*BatchRequest{{}, q} {
		for _, data := range [][]byte{nil, {0}, {6}, {255}} {
			if _, err := ParseBatchAnswers(c, q, data); !errors.Is(err, ErrMalformed) {
				t.Errorf("%x: %v", data, err)
			}
		}
	}
}
