package directory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// batch returns the round of a user who asks for a label twice, for what it lacks,
// and for one that does not exist.
func (f *fixture) batch(label, absent string) func() error {
	view := &keytrans.View{}
	return func() error {
		q := &keytrans.BatchRequest{Last: view.Last(), Queries: []keytrans.BatchQuery{
			{Label: []byte(label)}, {Label: []byte(absent)}, {Label: []byte(label), Version: ptr(uint32(1<<32 - 1))}, {Label: []byte(label)},
		}}
		answers, err := f.Batch(context.Background(), q)
		if err != nil {
			return err
		}
		r, err := f.verifier.Batch(view, q, answers, time.Now())
		if err != nil {
			return err
		}
		switch {
		case len(r) != len(q.Queries) || r[0].Search == nil || r[1].Absence == nil || r[2].Absence == nil || r[3].Search == nil:
			return fmt.Errorf("results %+v", r)
		case r[1].Absence.Greatest != nil || *r[2].Absence.Greatest != r[0].Search.Version || r[3].Search.Version != r[0].Search.Version:
			return fmt.Errorf("results of several states: %+v", r)
		}
		view = r[3].Search.View
		return nil
	}
}

func TestAbsence(t *testing.T) {
	f := newFixture(t, nil)
	absent := func(label string, version *uint32) (*keytrans.AbsenceResult, error) {
		q := &keytrans.AbsenceRequest{Label: []byte(label), Version: version}
		p, err := f.Absence(context.Background(), q)
		if err != nil {
			return nil, err
		}
		return f.verifier.Absence(&keytrans.View{}, q, p, time.Now())
	}
	r, err := absent("alice", nil)
	if err != nil || r.Greatest != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	fatalIfErr(t, f.update("alice", "one", nil))
	if r, err = absent("alice", ptr(uint32(1))); err != nil || *r.Greatest != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, c := range []struct {
		label   string
		version *uint32
	}{{"alice", nil}, {"alice", ptr(uint32(0))}, {"", nil}, {string(make([]byte, 256)), nil}} {
		if _, err := absent(c.label, c.version); !errors.Is(err, keytrans.ErrRequest) {
			t.Errorf("%q: %v", c.label, err)
		}
	}
}

func TestBatchRefused(t *testing.T) {
	f := newFixture(t, nil)
	fatalIfErr(t, f.update("alice", "one", nil))
	q := &keytrans.BatchRequest{Queries: []keytrans.BatchQuery{{}, {Label: make([]byte, 256)}, {Label: []byte("alice")}}}
	answers, err := f.Batch(context.Background(), q)
	fatalIfErr(t, err)
	if answers[0].Kind != keytrans.AnswerRefused || answers[1].Kind != keytrans.AnswerRefused || answers[2].Search == nil {
		t.Errorf("%+v", answers)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Batch(ctx, q); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits any more: %v", err)
	}
	f.Close()
	if _, err := f.Batch(context.Background(), q); !errors.Is(err, directory.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
