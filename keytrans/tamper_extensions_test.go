package keytrans

import (
	"errors"
	"fmt"
	"reflect"
)

func (x *tamperCaser) absence(label string, version *uint32) {
	q := &AbsenceRequest{Last: x.last, Label: []byte(label), Version: version}
	p, err := x.prove.Absence(x.log, x.log.label(label), q)
	fatalIfErr(x.t, err)
	x.add(&tamperCase{
		name: fmt.Sprintf("absence %s %s", label, describe(version)), response: p,
		marshal: func() ([]byte, error) { return p.Marshal(x.cfg) },
		verify: func(data []byte) (any, error) {
			p, err := ParseAbsenceResponse(x.cfg, data)
			if err != nil {
				return nil, err
			}
			r, err := x.verify.Absence(x.view, q, p, x.log.now())
			if err != nil {
				return nil, err
			}
			return *r, nil
		},
	})
}

func (x *tamperCaser) batch(queries ...BatchQuery) {
	q := &BatchRequest{Last: x.last, Queries: queries}
	answers, err := x.prove.Batch(x.log, x.log.labelOf, q)
	fatalIfErr(x.t, err)
	x.add(&tamperCase{
		name: fmt.Sprintf("batch of %d", len(queries)), response: &answers,
		marshal: func() ([]byte, error) { return MarshalBatchAnswers(x.cfg, answers) },
		verify:  func(data []byte) (any, error) { return x.verifyBatch(q, data) },
		partial: func(got, honest any) bool { // more can be asked for
			g, h := got.([]BatchResult), honest.([]BatchResult)
			return len(g) < len(h) && reflect.DeepEqual(g, h[:len(g)])
		},
	})
}

func (x *tamperCaser) verifyBatch(q *BatchRequest, data []byte) (any, error) {
	answers, err := ParseBatchAnswers(x.cfg, q, data)
	if err != nil {
		return nil, err
	}
	results, err := x.verify.Batch(x.view, q, answers, x.log.now())
	if err != nil {
		return nil, err
	}
	for i, r := range results {
		switch {
		case r.Search != nil:
			r.Search.Keys = provenKeys(r.Search.Keys)
		case r.Absence == nil:
			// Claims: whoever is on the way can make them. This log makes none.
			return nil, fmt.Errorf("%w: answer %d is no proof", ErrProof, i)
		}
	}
	return results, nil
}

// labelOf gives a label, as Prover.Batch wants it.
func (l *worldLog) labelOf(name []byte) (Label, error) {
	if len(name) == 0 {
		return nil, fmt.Errorf("%w: label: it is empty", ErrRequest)
	}
	if string(name) == "broken" {
		return nil, errBroken
	}
	return l.label(string(name)), nil
}

var errBroken = errors.New("the disk is gone")
