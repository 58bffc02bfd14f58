package client

import (
	"context"
	"fmt"
	"net/http"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// checkFork is called for an answer that does not continue the retained view.
// It asks for the directory's head as somebody without a view would be shown
// it. If that verifies, and cannot be the head of a log that continues the
// retained one, there are two signed heads of two logs, and the error is proof
// of that. It returns nil if nothing is proven: a broken answer may have been
// made on the way, and a log that is smaller than before may be an old copy.
func (s *session) checkFork(ctx context.Context, x exchange) *Error {
	old := s.state.view
	if old.Head.TreeSize == 0 {
		return nil
	}
	fresh, err := s.asNewcomer(ctx, s.transport)
	if err != nil {
		s.cfg.Logger.DebugContext(ctx, "fork check", "err", err)
		return nil
	}
	what := contradictingViews(old, fresh.View)
	if what == nil {
		return nil
	}
	m := &keytrans.Misbehaviour{Err: fmt.Errorf("the directory shows two logs under one key: %w", what)}
	// The exchange adds nothing, and may tell a label.
	e := s.newEvidence(evidence.Fork, m.Error(), exchange{})
	e.Fork = fresh.evidence()
	return s.accuse(e, verifyingStep(x), "", m)
}

// newcomer is what the directory shows to somebody without a view.
type newcomer struct {
	*keytrans.DistinguishedResult
	request, response []byte
}

// newcomerRequest is the request of somebody without a view.
func newcomerRequest() ([]byte, error) { return (&keytrans.DistinguishedRequest{}).Marshal() }

// asNewcomer asks for the directory's head as somebody without a view does, and
// verifies the answer. Nothing is retained of it.
func (s *session) asNewcomer(ctx context.Context, t *transport) (*newcomer, error) {
	request, response, err := fetchNewcomer(ctx, t)
	if err != nil {
		return nil, err
	}
	return s.verifyNewcomer(request, response)
}

// fetchNewcomer asks for the directory's head as somebody without a view does.
func fetchNewcomer(ctx context.Context, t *transport) (request, response []byte, err error) {
	if request, err = newcomerRequest(); err != nil {
		return nil, nil, err
	}
	response, err = t.do(ctx, call{method: http.MethodPost, path: "/v1/distinguished", body: request})
	return request, response, err
}

// verifyNewcomer verifies the answer to a request of somebody without a view, of
// whatever time it is.
func (s *session) verifyNewcomer(body, response []byte) (*newcomer, error) {
	p, err := keytrans.ParseDistinguishedResponse(s.verifier.Configuration(), response)
	if err != nil {
		return nil, err
	}
	// Whoever vouches for a head and whenever it was made, the log has signed it.
	r, err := s.verifier.Unaudited().Timeless().Distinguished(&keytrans.View{}, &keytrans.DistinguishedRequest{}, p, s.cfg.Now())
	if err != nil {
		return nil, err
	}
	return &newcomer{r, body, response}, nil
}

func (n *newcomer) evidence() *evidence.Newcomer {
	return &evidence.Newcomer{View: evidence.NewView(n.View, nil), Request: n.request, Response: n.response}
}

// contradictingViews returns what two verified views, whose heads were both signed,
// cannot both say of one log, nil if one may be the other's past.
func contradictingViews(a, b *keytrans.View) error {
	if err := a.Contradicts(b); err != nil {
		return fmt.Errorf("two heads were both signed, and %w", err)
	}
	return nil
}
