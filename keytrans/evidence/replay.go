package evidence

import (
	"errors"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// The operations of which responses can be replayed.
const (
	operationSearch        = "search"
	operationAbsence       = "absence"
	operationBatch         = "batch"
	operationDistinguished = "distinguished"
	operationOwnerInit     = "owner-init"

	operationContactMonitor = "contact-monitor"
	operationOwnerMonitor   = "owner-monitor"
)

// at is the time of every replay: a log's Timeless Verifier does not look at it.
var at time.Time

// replay verifies an exchange anew, against a view that was proven. The error is a
// *keytrans.Misbehaviour if the directory contradicts itself. Nothing of the request
// is relied on: an accuser may have made it up. earlier is what the directory answered
// before, for those responses that are verified by means of it.
func (l *log) replay(view *keytrans.View, operation string, request, response []byte, earlier []answer) ([]answer, error) {
	switch operation {
	case operationSearch:
		return l.replaySearch(view, request, response)
	case operationAbsence:
		return l.replayAbsence(view, request, response)
	case operationBatch:
		return l.replayBatch(view, request, response)
	case operationDistinguished:
		_, err := l.replayDistinguished(view, request, response)
		return nil, err
	case operationOwnerInit:
		return nil, l.replayOwnerInit(view, request, response)
	case operationContactMonitor:
		return nil, l.replayContactMonitor(view, request, response, earlier)
	case operationOwnerMonitor:
		return nil, l.replayOwnerMonitor(view, request, response, earlier)
	}
	return nil, fmt.Errorf("%w: the response to %s is verified by means of what was remembered of the label", ErrReport, operation)
}

// replayExchange is replay for an exchange with all that it needs.
func (l *log) replayExchange(x *Exchange, earlier []answer) ([]answer, error) {
	signer, view, err := l.open(x)
	if err != nil {
		return nil, err
	}
	return signer.replay(view, x.Operation, x.Request, x.Response, earlier)
}

// open returns what an exchange is verified against.
func (l *log) open(x *Exchange) (*log, *keytrans.View, error) {
	signer, err := l.under(x.Configuration)
	if err != nil {
		return nil, nil, err
	}
	view, err := signer.view(x.RetainedView, x.RetainedConfiguration)
	return signer, view, err
}

var errLast = errors.New("the request is not one of somebody who retains this view")

// checkLast verifies that a request was for somebody who has the view.
func checkLast(view *keytrans.View, last *uint64) error {
	want := view.Last()
	if (want == nil) != (last == nil) || want != nil && *want != *last {
		return errLast
	}
	return nil
}

func (l *log) replaySearch(view *keytrans.View, request, response []byte) ([]answer, error) {
	q, err := keytrans.ParseSearchRequest(request)
	if err != nil {
		return nil, err
	}
	if err := checkLast(view, q.Last); err != nil {
		return nil, err
	}
	p, err := keytrans.ParseSearchResponse(l.cfg, q, response)
	if err != nil {
		return nil, err
	}
	r, err := l.verifier.Search(view, q, p, at)
	if err != nil {
		return nil, err
	}
	return []answer{searchAnswer(q.Label, q.Version == nil, r)}, nil
}

func (l *log) replayAbsence(view *keytrans.View, request, response []byte) ([]answer, error) {
	q, err := keytrans.ParseAbsenceRequest(request)
	if err != nil {
		return nil, err
	}
	if err := checkLast(view, q.Last); err != nil {
		return nil, err
	}
	p, err := keytrans.ParseAbsenceResponse(l.cfg, response)
	if err != nil {
		return nil, err
	}
	r, err := l.verifier.Absence(view, q, p, at)
	if err != nil {
		return nil, err
	}
	return []answer{absenceAnswer(q.Label, r)}, nil
}

func (l *log) replayBatch(view *keytrans.View, request, response []byte) ([]answer, error) {
	q, err := keytrans.ParseBatchRequest(request)
	if err != nil {
		return nil, err
	}
	if err := checkLast(view, q.Last); err != nil {
		return nil, err
	}
	answers, err := keytrans.ParseBatchAnswers(l.cfg, q, response)
	if err != nil {
		return nil, err
	}
	results, err := l.verifier.Batch(view, q, answers, at)
	if err != nil {
		return nil, err
	}
	var out []answer
	for i, r := range results {
		switch {
		case r.Search != nil:
			out = append(out, searchAnswer(q.Queries[i].Label, q.Queries[i].Version == nil, r.Search))
		case r.Absence != nil:
			out = append(out, absenceAnswer(q.Queries[i].Label, r.Absence))
		}
	}
	return out, nil
}

func (l *log) replayDistinguished(view *keytrans.View, request, response []byte) (*keytrans.DistinguishedResult, error) {
	q, err := keytrans.ParseDistinguishedRequest(request)
	if err != nil {
		return nil, err
	}
	if err := checkLast(view, q.Last); err != nil {
		return nil, err
	}
	p, err := keytrans.ParseDistinguishedResponse(l.cfg, response)
	if err != nil {
		return nil, err
	}
	return l.verifier.Distinguished(view, q, p, at)
}

func (l *log) replayOwnerInit(view *keytrans.View, request, response []byte) error {
	q, err := keytrans.ParseOwnerInitRequest(request)
	if err != nil {
		return err
	}
	if err := checkLast(view, q.Last); err != nil {
		return err
	}
	p, err := keytrans.ParseOwnerInitResponse(l.cfg, response)
	if err != nil {
		return err
	}
	_, err = l.verifier.OwnerInit(view, q, p, at)
	return err
}
