package directory_test

import (
	"context"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// asker asks for what does not exist, and for many labels at once.
type asker struct {
	away
	view keytrans.View
}

func (a *asker) visit(m *model) {
	label := []byte("nobody")
	var version, greatest *uint32
	if len(m.labels) > 0 {
		name := m.labels[m.rng.IntN(len(m.labels))]
		greatest = m.greatest(name)
		label, version = []byte(name), ptr(*greatest+1+uint32(m.rng.IntN(5)))
	}
	q := &keytrans.AbsenceRequest{Last: a.view.Last(), Label: label, Version: version}
	p, err := m.Absence(context.Background(), q)
	if err != nil && a.view.Last() != nil && a.tooLong(m) {
		m.did["asker away too long"]++
		*a = asker{}
		return
	}
	fatalIfErr(m.t, err)
	r, err := m.verifier.Absence(&a.view, q, p, time.Now())
	fatalIfErr(m.t, err)
	if (r.Greatest == nil) != (greatest == nil) || greatest != nil && *r.Greatest != *greatest {
		m.t.Fatalf("%s: the greatest version is %v, want %v", label, r.Greatest, greatest)
	}
	m.did["absence"]++
	a.view = *r.View
	a.batch(m)
	a.since = time.Now()
}

func (a *asker) batch(m *model) {
	q := &keytrans.BatchRequest{Last: a.view.Last(), Queries: []keytrans.BatchQuery{{Label: []byte("nobody")}}}
	for _, label := range m.labels[:min(len(m.labels), 5)] {
		q.Queries = append(q.Queries, keytrans.BatchQuery{Label: []byte(label)})
	}
	answers, err := m.Batch(context.Background(), q)
	fatalIfErr(m.t, err)
	results, err := m.verifier.Batch(&a.view, q, answers, time.Now())
	fatalIfErr(m.t, err)
	if len(results) != len(q.Queries) || results[0].Absence == nil || results[0].Absence.Greatest != nil {
		m.t.Fatalf("%d answers to %d queries: %+v", len(results), len(q.Queries), results)
	}
	a.view = *results[0].Absence.View
	for i, r := range results[1:] {
		label := m.labels[i]
		if version := *m.greatest(label); r.Kind == keytrans.AnswerErased {
			m.expectFound(label, version, nil, keytrans.ErrErased)
		} else {
			m.expectFound(label, version, r.Search, nil)
		}
	}
	m.did["batch"]++
}
