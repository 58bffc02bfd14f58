package main

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
)

// batchAnswers are the answers to one BatchRequest.
type batchAnswers []*keytrans.BatchAnswer

func (b *batchAnswers) Marshal(c *keytrans.Configuration) ([]byte, error) {
	return keytrans.MarshalBatchAnswers(c, *b)
}

func (a *asker) absence(label string, version *uint32) *answer {
	q := &keytrans.AbsenceRequest{Last: a.seen.Last(), Label: []byte(label), Version: version}
	p := must(a.Prover().Absence(a.state(a.size), a.Label(label), q))
	name := label
	if version != nil {
		name = fmt.Sprintf("version %d of %s", *version, label)
	}
	out := a.answered("absence", name, q, p, a.worldAt(a.size).AbsenceSearch(q.Last, label))
	out.label = label
	out.parse = parser(keytrans.ParseAbsenceResponse, a.Config)
	return out
}

func absenceAnswers(ask func(uint64) *asker) []*answer {
	return []*answer{
		ask(0).absence("alice", ptr(uint32(8))),
		ask(last).absence("nobody", nil),
		ask(size).absence("bob", ptr(uint32(1<<32-1))),
	}
}

// absenceLies deny the greatest version, and a label.
func absenceLies(c *collection, d deployment) {
	a := ordinary(d).asker(d.name, size, 0)
	for _, lie := range []struct {
		name, label string
		claim       *uint32
	}{
		{"a greatest version that is not the greatest", "alice", ptr(uint32(6))},
		{"a label that has versions", "alice", nil},
		{"a greatest version that does not exist", "alice", ptr(uint32(8))},
	} {
		q := &keytrans.AbsenceRequest{Label: []byte(lie.label), Version: ptr(uint32(9))}
		if lie.claim == nil {
			q.Version = nil
		}
		target := uint32(0)
		if lie.claim != nil {
			target = *lie.claim
		}
		world := a.worldAt(size)
		world.Inserted[lie.label] = world.Inserted[lie.label][:min(int(target+1), 8)]
		trace := world.AbsenceSearch(nil, lie.label)
		steps := a.steps(lie.label, ladder.Base(target), 1<<32-1)
		for i, v := range ladder.Base(target) {
			switch {
			case lie.claim == nil || v > target:
				steps[i].Commitment = nil
			case steps[i].Commitment == nil:
				steps[i].Commitment = steps[0].Commitment
			}
		}
		c.lie(a, lie.name, q, &keytrans.AbsenceResponse{
			FullTreeHead: a.head(), Greatest: lie.claim, BinaryLadder: steps, Absence: a.prove(lie.label, &target, trace),
		}, nil, vectors.Proof)
	}
}

func (a *asker) batch(name string, queries ...keytrans.BatchQuery) *answer {
	q := &keytrans.BatchRequest{Last: a.seen.Last(), Queries: queries}
	labels := func(name []byte) (keytrans.Label, error) { return a.Label(string(name)), nil }
	answers := batchAnswers(must(a.Prover().Batch(a.state(a.size), labels, q)))
	out := a.answered("batch", name, q, &answers, naive.Trace{})
	out.parse = func(data []byte) (response, error) {
		b, err := keytrans.ParseBatchAnswers(a.Config, q, data)
		return (*batchAnswers)(&b), err
	}
	return out
}

func batchAnswersOf(ask func(uint64) *asker) []*answer {
	query := func(label string, version *uint32) keytrans.BatchQuery {
		return keytrans.BatchQuery{Label: []byte(label), Version: version}
	}
	greatest, fixed := query("alice", nil), query("carol", ptr(uint32(2)))
	none, expired := query("nobody", nil), query("alice", ptr(uint32(0)))
	return []*answer{
		ask(0).batch("found, absent, expired, found", greatest, none, expired, fixed),
		ask(last).batch("found twice", greatest, fixed),
		ask(size).batch("found, expired, absent", fixed, expired, none),
	}
}

// batchLies have the second answer be from another state than the first.
func batchLies(c *collection, d deployment) {
	h := ordinary(d)
	a, older := h.asker(d.name, size, 0), h.asker(d.name, last, 0)
	queries := []keytrans.BatchQuery{{Label: []byte("alice")}, {Label: []byte("carol")}}
	q := &keytrans.BatchRequest{Queries: queries}
	var answers batchAnswers
	for i, from := range []*asker{older, a} {
		sq := &keytrans.SearchRequest{Label: queries[i].Label}
		if i == 1 {
			sq.Last = ptr(uint64(last))
		}
		p := must(h.Prover().Search(from.state(from.size), h.Label(string(sq.Label)), sq))
		answers = append(answers, &keytrans.BatchAnswer{Kind: keytrans.AnswerSearch, Search: p})
	}
	c.lie(a, "answers from two states", q, &answers, nil, vectors.Proof)
}

var extensionTamperings = []tampering{
	{"a greater greatest version", proof, func(p *parts) bool {
		if p.absence == nil || p.absence.Greatest == nil {
			return false
		}
		*p.absence.Greatest++
		return true
	}},
	{"a greatest version, or none", proof, func(p *parts) bool {
		if p.absence == nil {
			return false
		}
		if p.absence.Greatest != nil {
			p.absence.Greatest = nil
		} else {
			p.absence.Greatest = ptr(uint32(0))
		}
		return true
	}},
	{"answers swapped", []string{vectors.Proof, vectors.Malformed}, func(p *parts) bool {
		if p.batch == nil {
			return false
		}
		b := *p.batch
		b[0], b[1] = b[1], b[0]
		return true
	}},
}
