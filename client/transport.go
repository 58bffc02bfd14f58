package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// errNetwork is wrapped by errors of the way to the server: repeating may
// help, and a request may or may not have arrived.
var errNetwork = errors.New("the server was not reached")

// errResponse is wrapped by errors for responses that no directory, or log, gives.
var errResponse = errors.New("the response is not what was asked for")

// transport speaks the HTTP binding with one directory, or reads one log.
type transport struct {
	base string // as ParseURL returns it
	cfg  Config
	http *http.Client
	traffic
}

func newTransport(base string, cfg Config) *transport {
	client := *cfg.HTTP
	client.CheckRedirect = checkRedirect
	client.Jar = nil
	return &transport{base: base, cfg: cfg, http: &client}
}

// checkRedirect follows redirects within one host, without a change of scheme
// or method. A request says whom its user looks up: it is not for other hosts.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case len(via) > 3:
		return fmt.Errorf("%w: too many redirects", errResponse)
	case req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme:
		return fmt.Errorf("%w: a redirect to another host, %s://%s", errResponse, req.URL.Scheme, req.URL.Host)
	case req.Method != first.Method:
		return fmt.Errorf("%w: a redirect from %s to %s", errResponse, first.Method, req.Method)
	}
	return nil
}

// call is one request of the HTTP binding.
type call struct {
	method, path string
	body         []byte
	token        string // authorisation, if not empty
	once         bool   // never repeated
	// file is the size limit of a file that says itself whether it is what it
	// should be: whoever serves it may give it any content type. 0: the response
	// is a message of the protocol.
	file int64
}

// do makes a request, repeating it where that is harmless and may help. The
// error is a *Problem, or wraps errNetwork, errResponse or the context's.
func (t *transport) do(ctx context.Context, c call) ([]byte, error) {
	for attempt := 0; ; attempt++ {
		body, err := t.attempt(ctx, c)
		if err == nil {
			return body, nil
		}
		pause, repeat := t.pause(attempt, err)
		if !repeat || c.once || ctx.Err() != nil {
			return nil, err
		}
		t.cfg.Logger.DebugContext(ctx, "retrying", "path", c.path, "pause", pause, "err", err)
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}

// pause returns how long to wait after a failed attempt, and whether to repeat
// the request at all.
func (t *transport) pause(attempt int, err error) (time.Duration, bool) {
	const longest = 30 * time.Second
	if attempt >= t.cfg.Retries {
		return 0, false
	}
	pause := t.cfg.Backoff << min(attempt, 16)
	pause += rand.N(pause/2 + 1)
	var p *Problem
	switch {
	case errors.As(err, &p):
		if p.Status != http.StatusServiceUnavailable || p.retryAfter > longest {
			return 0, false
		}
		pause = max(pause, p.retryAfter)
	case !errors.Is(err, errNetwork):
		return 0, false
	}
	return min(pause, longest), true
}

func (t *transport) attempt(ctx context.Context, c call) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, c.method, t.base+c.path, bytes.NewReader(c.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", t.cfg.UserAgent)
	if c.file == 0 {
		req.Header.Set("Accept", typeBinary+", "+typeProblem)
	}
	if c.method == http.MethodPost {
		req.Header.Set("Content-Type", typeBinary)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	start := time.Now()
	t.sent(len(c.body))
	r, err := t.http.Do(req)
	if err != nil {
		return nil, t.networkError(err)
	}
	defer r.Body.Close()
	body, err := t.read(r, c)
	t.received(len(body))
	t.cfg.Logger.DebugContext(ctx, "request", "method", c.method, "path", c.path, "status", r.StatusCode,
		"request_bytes", len(c.body), "response_bytes", len(body), "took", time.Since(start), "err", err)
	return body, err
}

// networkError drops the URL from an error of package net/http, which the user
// knows, and keeps refused redirects apart.
func (t *transport) networkError(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	switch {
	case errors.Is(err, errResponse):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: no answer from %s in time", errNetwork, t.base)
	}
	return fmt.Errorf("%w: %w", errNetwork, err)
}

// read returns the body of a successful response, and a *Problem for others.
func (t *transport) read(r *http.Response, c call) ([]byte, error) {
	limit := t.cfg.MaxResponse
	if c.file > 0 {
		limit = c.file
	}
	if r.StatusCode != http.StatusOK {
		limit = maxProblem
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	switch {
	case r.StatusCode != http.StatusOK:
		// The status says enough if the document did not arrive.
		return nil, parseProblem(r, body)
	case err != nil:
		return nil, t.networkError(err)
	case int64(len(body)) > limit:
		return nil, fmt.Errorf("%w: it is larger than %d bytes", errResponse, limit)
	case c.file == 0 && !hasType(r, typeBinary):
		return nil, fmt.Errorf("%w: its content type is %q, not %s", errResponse, r.Header.Get("Content-Type"), typeBinary)
	}
	return body, nil
}
