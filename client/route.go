package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// Route is another way to the directory: another URL, or a client for HTTP that goes
// through a proxy.
type Route struct {
	// URL is the base URL. The default is that of the directory.
	URL string
	// HTTP is the client to use, in the place of Config.HTTP; its CheckRedirect is
	// not.
	HTTP *http.Client
}

var (
	// ErrOwnWay is wrapped by the error of a comparison that came to nothing because
	// the directory gave no verified answer on this client's own way to it.
	ErrOwnWay = errors.New("this client's own way to the directory")
	// ErrNotContinued is wrapped by the error of a comparison if the directory does not
	// prove that the log which others were shown and this client's are one. It proves
	// nothing: an answer can have been damaged on the way.
	ErrNotContinued = errors.New("it is not proven that both were shown the same log")
)

// parse returns the base URL. The requests of a newcomer say nothing of their
// sender, and their answers prove themselves: over http they are as good to an onion
// service, which has no certificate.
func (r *Route) parse(c *Client) (string, error) {
	if r.URL == "" {
		return c.directory, nil
	}
	u, err := url.Parse(r.URL)
	onion := err == nil && strings.HasSuffix(strings.ToLower(u.Hostname()), ".onion")
	return ParseURL(r.URL, c.cfg.InsecureHTTP || onion)
}

// CompareRoute compares what this client was shown with what the directory shows
// somebody without a view on another way: from another network, or under another
// name. The client's own view is brought up to date if it is older and that is
// possible. The directory is asked to prove that the longer one of the two logs
// continues the other. Others can use the state while it is asked as a newcomer.
//
// The error is of kind Misbehaved only if it is proven that the directory signed two
// logs. See also ErrOwnWay and ErrNotContinued.
func (c *Client) CompareRoute(ctx context.Context, route Route) (*HeadsComparison, error) {
	base, err := route.parse(c)
	if err != nil {
		return nil, err
	}
	cfg := c.cfg
	if route.HTTP != nil {
		cfg.HTTP = route.HTTP
	}
	t := newTransport(base, cfg)
	request, response, err := fetchNewcomer(ctx, t)
	if err != nil {
		return nil, fail(Undecided, comparingHeads, fmt.Errorf("%s: %w", base, err))
	}
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	n, err := s.verifyNewcomer(request, response)
	if err != nil {
		e := fail(Undecided, comparingHeads, fmt.Errorf("%s: %w", base, err))
		e.Hint = "is this another way to the same directory? Its configuration must be the one that is pinned"
		return nil, e
	}
	return s.compareLogs(ctx, n, t)
}

// CompareLog is CompareHeads for a list from somebody who cannot be relied on to have
// an up-to-date one: if it is signed, and newer than this client's view, that is
// brought up to date, and the directory is asked to prove that its log continues the
// one of the list. The errors are those of CompareRoute.
func (c *Client) CompareLog(ctx context.Context, data []byte) (*HeadsComparison, error) {
	return c.compareList(ctx, data, func(s *session, ctx context.Context, n *newcomer) (*HeadsComparison, error) {
		return s.compareLogs(ctx, n, nil)
	})
}

// compareLogs compares the client's log with what a newcomer was shown, by t if that
// is not nil.
func (s *session) compareLogs(ctx context.Context, n *newcomer, t *transport) (*HeadsComparison, error) {
	var stale error
	if s.state.view.Head.TreeSize < n.View.Head.TreeSize {
		if _, err := s.distinguished(ctx); KindOf(err) == Misbehaved || isCanceled(err) {
			return nil, err
		} else if err != nil {
			stale = err
		}
	}
	r, err := s.compareNewcomer(ctx, n)
	if err != nil {
		return nil, err
	}
	if stale == nil || t != nil {
		if err := s.proveContinuation(ctx, r, n, t); err != nil {
			return nil, err
		}
	}
	if stale != nil && !r.Continued {
		return nil, fail(KindOf(stale), comparingHeads, fmt.Errorf("%w: %w", ErrOwnWay, stale))
	}
	return r, nil
}

// proveContinuation notes in r whether the longer one of two logs continues the other:
// that of n, which t leads to, or the client's own. There may be no t.
//
// Heads that contradict each other prove a fork; but two logs that fork after their
// last common distinguished entry have none that do.
func (s *session) proveContinuation(ctx context.Context, r *HeadsComparison, n *newcomer, t *transport) error {
	own := s.state.view
	switch {
	case own.Head.TreeSize == n.View.Head.TreeSize: // all of the two has been compared
		r.continued(own)
		return nil
	case own.Head.TreeSize < n.View.Head.TreeSize && t == nil:
		return nil // this client's way leads to an older log: nobody can be asked
	case own.Head.TreeSize < n.View.Head.TreeSize:
		reached, err := s.continuation(ctx, own, t)
		return s.concludeContinuation(r, reached, n.View, err)
	}
	reached, err := s.continuation(ctx, n.View, s.transport)
	if errors.Is(err, errNetwork) {
		return fail(Undecided, comparingHeads, fmt.Errorf("%w: %w", ErrOwnWay, err))
	}
	if err == nil && reached.Head.TreeSize > own.Head.TreeSize {
		if _, err := s.distinguished(ctx); err != nil {
			return fail(KindOf(err), comparingHeads, fmt.Errorf("%w: %w", ErrOwnWay, err))
		}
		own = s.state.view
	}
	return s.concludeContinuation(r, reached, own, err)
}

// concludeContinuation notes in r what an answer proves that continued one log to
// reached, if reached is what the other log is known to have become.
func (s *session) concludeContinuation(r *HeadsComparison, reached, other *keytrans.View, err error) error {
	var p *Problem
	switch {
	case errors.As(err, &p) && p.aboutLast():
		return fail(Undecided, comparingHeads, fmt.Errorf("%w: the log is said to be smaller than it is: %w", ErrNotContinued, err))
	case errors.As(err, &p): // such as of log entries that were pruned
		return nil
	case KindOf(err) == Misbehaved:
		return err
	case errors.Is(err, errNetwork), isCanceled(err):
		return fail(Undecided, comparingHeads, err)
	case err != nil:
		return fail(Undecided, comparingHeads, fmt.Errorf("%w: %w", ErrNotContinued, err))
	}
	if what := contradictingViews(reached, other); what != nil {
		return fail(Undecided, comparingHeads, fmt.Errorf("%w: %w", ErrNotContinued, what))
	}
	if reached.Head.TreeSize == other.Head.TreeSize {
		r.continued(reached)
	}
	return nil
}

// continued notes that both logs are one, up to the size of view.
func (r *HeadsComparison) continued(view *keytrans.View) {
	r.Continued, r.kind, r.Hint = true, 0, ""
	r.Verdict = verdict(OutcomeVerified, "both were shown the same log, up to its %s", count.Of(view.Head.TreeSize, "entry", "entries"))
}

// continuation asks for the present log as somebody with the given view does, whose
// view need not be the client's, and verifies that it continues it. Nothing is retained.
func (s *session) continuation(ctx context.Context, view *keytrans.View, t *transport) (*keytrans.View, error) {
	q := &keytrans.DistinguishedRequest{Last: view.Last()}
	body, err := q.Marshal()
	if err != nil {
		return nil, err
	}
	// It is one of many such requests, and others wait for the state.
	response, err := t.attempt(ctx, call{method: http.MethodPost, path: "/v1/distinguished", body: body})
	if err != nil {
		return nil, err
	}
	p, err := keytrans.ParseDistinguishedResponse(s.verifier.Configuration(), response)
	if err != nil {
		return nil, err
	}
	result, err := s.verifier.Unaudited().Timeless().Distinguished(view, q, p, s.cfg.Now())
	var m *keytrans.Misbehaviour
	if errors.As(err, &m) {
		x := exchange{operation: "distinguished", request: body, response: response, view: view}
		return nil, s.accuse(s.newEvidence(evidence.Contradiction, m.Error(), x), verifyingStep(x), "", m)
	}
	if err != nil {
		return nil, err
	}
	return result.View, nil
}
