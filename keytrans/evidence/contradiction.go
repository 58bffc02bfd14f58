package evidence

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// broken returns the proof that an error of a replay is, nil if it is none.
func broken(err error) *Proof {
	var m *keytrans.Misbehaviour
	if !errors.As(err, &m) {
		return nil
	}
	p := &Proof{Rule: ruleKeeps, Found: m.Err.Error()}
	switch {
	case errors.Is(m, keytrans.ErrOrder):
		p.Rule = ruleMonotonic
	case errors.Is(m, keytrans.ErrSignature):
		p.Rule = ruleAuthorized
	}
	return p
}

// exchange returns the exchange of kind Contradiction.
func (e *Evidence) exchange() *Exchange {
	return &Exchange{
		RetainedConfiguration: e.RetainedConfiguration, RetainedView: e.RetainedView,
		Operation: e.Operation, Request: e.Request, Response: e.Response,
	}
}

func (e *Evidence) verifyContradiction() (*Proof, error) {
	l, err := openLog(e.Configuration)
	if err != nil {
		return nil, err
	}
	var earlier []answer
	if e.Earlier != nil {
		earlier, err = l.replayExchange(e.Earlier, nil)
		if p := broken(err); p != nil {
			return p, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the earlier exchange: %w", err)
		}
	}
	answers, err := l.replayExchange(e.exchange(), earlier)
	if p := broken(err); p != nil {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	if found := l.compare(earlier, answers); found != nil {
		return &Proof{Rule: ruleKeeps, Found: found.Error()}, nil
	}
	return nil, e.remembered("the response contradicts nothing that the directory signed and that is in the file")
}

// compare returns what two lists of answers contradict each other in.
func (l *log) compare(earlier, later []answer) error {
	for i := range earlier {
		for j := range later {
			if err := earlier[i].contradicts(&later[j], l.cfg.MaximumLifetime); err != nil {
				return err
			}
		}
	}
	return nil
}

// remembered is the error for evidence that proves nothing by itself: it may be a
// report of what its finder remembered.
func (e *Evidence) remembered(what string) error {
	if len(e.RetainedContact) > 0 || len(e.RetainedOwner) > 0 {
		return fmt.Errorf("%w: %s", ErrReport, what)
	}
	return errors.New(what)
}

// label returns the label that the exchange of e is about, empty if it has none or
// asks about several.
func (e *Evidence) label() string {
	label, _ := requestLabel(e.Operation, e.Request)
	return label
}

// requestLabel returns the label that a request asks about.
func requestLabel(operation string, request []byte) (string, error) {
	switch operation {
	case operationSearch:
		q, err := keytrans.ParseSearchRequest(request)
		if err != nil {
			return "", err
		}
		return string(q.Label), nil
	case operationAbsence:
		q, err := keytrans.ParseAbsenceRequest(request)
		if err != nil {
			return "", err
		}
		return string(q.Label), nil
	}
	return "", nil
}
