package client

import (
	"context"
	"net/http"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// contradiction accuses the directory of what a response proves, be it by means of
// what was remembered of the label.
func (s *session) contradiction(ctx context.Context, x exchange, m *keytrans.Misbehaviour) *Error {
	return s.accuse(s.proveContradiction(ctx, x, m), verifyingStep(x), x.label, m)
}

// proveContradiction looks for what proves it to others: the response itself, or its
// contradiction to the exchange from which the client learned of the label. A response
// to monitoring shows nothing by itself: in its place, the label is searched for once
// more.
func (s *session) proveContradiction(ctx context.Context, x exchange, m *keytrans.Misbehaviour) *evidence.Evidence {
	e := s.newEvidence(evidence.Contradiction, m.Error(), x)
	if proves(e) || x.label == "" {
		return e
	}
	earlier := s.earlier(x.label)
	if e.Earlier = earlier; earlier == nil || proves(e) {
		return e
	}
	if x.operation == operationSearch || x.operation == operationAbsence {
		return e
	}
	for _, operation := range []string{operationSearch, operationAbsence} {
		again := s.askAgain(ctx, operation, x.label)
		if again == nil {
			continue
		}
		other := s.newEvidence(evidence.Contradiction, m.Error(), *again)
		if other.Earlier = earlier; proves(other) {
			return other
		}
	}
	return e
}

// proves reports whether e proves something to everybody.
func proves(e *evidence.Evidence) bool {
	_, err := e.Verify(evidence.Expected{})
	return err == nil
}

const (
	operationSearch  = "search"
	operationAbsence = "absence"
)

// askAgain asks for the greatest version of a label, or that it has none, for the
// evidence only: nothing is retained of the answer. It returns nil if there is none.
func (s *session) askAgain(ctx context.Context, operation, label string) *exchange {
	last := s.state.view.Last()
	request, err := (&keytrans.SearchRequest{Last: last, Label: []byte(label)}).Marshal()
	if operation == operationAbsence {
		request, err = (&keytrans.AbsenceRequest{Last: last, Label: []byte(label)}).Marshal()
	}
	x := &exchange{operation: operation, label: label, request: request}
	if err == nil {
		x.response, err = s.transport.do(ctx, call{method: http.MethodPost, path: "/v1/" + operation, body: request})
	}
	if err != nil {
		s.cfg.Logger.DebugContext(ctx, "asking for evidence", "err", err)
		return nil
	}
	return x
}

// earlier returns the exchange from which the client learned what it knows of a
// label, nil if it has none.
func (s *session) earlier(label string) *evidence.Exchange {
	k, err := s.kept(label)
	if err != nil || k == nil {
		return nil
	}
	return s.present(k.Exchange)
}
