package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// HTTPConfig adjusts an HTTPSource. The zero value is usable.
type HTTPConfig struct {
	// Client makes the requests; it need not have a Timeout. Its CheckRedirect
	// and Jar are not used. The default has a transport of its own.
	Client *http.Client
	// UserAgent is sent with every request. The default names this package.
	UserAgent string
	// Timeout is how long to wait for a response, all in all, beyond the time that
	// its bytes take at 16 KiB/s. The default is 30 s.
	Timeout time.Duration
	// Retries is how often a request is repeated that did not get an answer. The
	// default is 4, and a negative number is none.
	Retries int
	// Backoff is how long to wait before the first repetition; each further one
	// waits twice as long, and half a minute at most. The default is 250 ms.
	Backoff time.Duration
	// Logger is told of every request, at level debug. The default discards.
	Logger *slog.Logger
}

func (c HTTPConfig) withDefaults() HTTPConfig {
	if c.Client == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 32
		t.MaxResponseHeaderBytes = 64 << 10
		c.Client = &http.Client{Transport: t}
	}
	if c.UserAgent == "" {
		c.UserAgent = "ghostlight-monitor"
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Retries == 0 {
		c.Retries = 4
	}
	if c.Backoff == 0 {
		c.Backoff = 250 * time.Millisecond
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// HTTPSource is a log over HTTP. Responses can be compressed with gzip.
type HTTPSource struct {
	base string
	cfg  HTTPConfig
	http *http.Client
}

// NewHTTPSource returns the log at a prefix, such as
// https://keys.example.org/log. The error says what is wrong with the URL.
func NewHTTPSource(prefix string, cfg HTTPConfig) (*HTTPSource, error) {
	u, err := url.Parse(prefix)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, usage("give the prefix of the log, such as https://keys.example.org/log",
			"%q is not an http or https URL without user, query and fragment", prefix)
	}
	cfg = cfg.withDefaults()
	client := *cfg.Client
	client.CheckRedirect = checkRedirect
	client.Jar = nil
	return &HTTPSource{base: strings.TrimRight(u.String(), "/") + "/", cfg: cfg, http: &client}, nil
}

// checkRedirect follows redirects within one host, without a change of scheme:
// a log does not decide which other hosts a monitor sends requests to.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case len(via) > 3:
		return fmt.Errorf("%w: too many redirects", errResponse)
	case req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme:
		return fmt.Errorf("%w: a redirect to another host, %s://%s", errResponse, req.URL.Scheme, req.URL.Host)
	}
	return nil
}

// Read implements Source. Besides f's, ErrNotFound and the context's, its errors
// say that the log was not reached, or that the response is not a log's.
func (s *HTTPSource) Read(ctx context.Context, path string, f func(io.Reader) error) error {
	return s.repeat(ctx, path, func() error { return s.attempt(ctx, http.MethodGet, path, nil, f) })
}

// post sends a body to an operation of a directory, and calls f with what it
// answers, again from the beginning if that is interrupted.
func (s *HTTPSource) post(ctx context.Context, path string, body []byte, f func(io.Reader) error) error {
	return s.repeat(ctx, path, func() error { return s.attempt(ctx, http.MethodPost, path, body, f) })
}

// repeat repeats a request until it gets an answer, or there is no use in it.
func (s *HTTPSource) repeat(ctx context.Context, path string, request func() error) error {
	for attempt := 0; ; attempt++ {
		start := time.Now()
		err := request()
		s.cfg.Logger.DebugContext(ctx, "request", "path", path, "took", time.Since(start), "err", err)
		if err == nil || ctx.Err() != nil {
			return err
		}
		pause, repeat := s.pause(attempt, err)
		if !repeat {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// statusError is a response with which a log asks to come again later.
type statusError struct {
	status     int
	retryAfter time.Duration
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%v: its server answered %d %s", errNetwork, e.status, http.StatusText(e.status))
}
func (e *statusError) Unwrap() error { return errNetwork }

// pause returns how long to wait after a failed attempt, and whether to repeat
// the request at all.
func (s *HTTPSource) pause(attempt int, err error) (time.Duration, bool) {
	const longest = 30 * time.Second
	if attempt >= s.cfg.Retries || !errors.Is(err, errNetwork) {
		return 0, false
	}
	pause := min(s.cfg.Backoff<<min(attempt, 16), longest)
	pause += rand.N(pause/2 + 1)
	if e := (*statusError)(nil); errors.As(err, &e) {
		pause = max(pause, e.retryAfter)
	}
	return min(pause, longest), true
}

func (s *HTTPSource) attempt(ctx context.Context, method, path string, body []byte, f func(io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	req.Header.Set("User-Agent", s.cfg.UserAgent)
	wait := &patience{left: s.cfg.Timeout, most: s.cfg.Timeout, end: func() {
		cancel(fmt.Errorf("%w: no answer in time, or too slow a one", errNetwork))
	}}
	var r *http.Response
	wait.during(func() int { r, err = s.http.Do(req); return 0 })
	if err != nil {
		return s.fail(ctx, path, err)
	}
	defer r.Body.Close()
	answer := &bodyReader{r: r.Body, wait: wait}
	if err := checkResponse(r, method, answer); err != nil {
		return s.fail(ctx, path, err)
	}
	err = f(answer)
	if answer.err != nil {
		return s.fail(ctx, path, answer.err)
	}
	return err
}

// fail makes an error of package net/http, or of checkResponse, one of this
// package's.
func (s *HTTPSource) fail(ctx context.Context, path string, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errNetwork) {
		return cause // the caller's
	} else if cause != nil {
		err = cause
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the URL comes anyway
	}
	if !errors.Is(err, errNetwork) && !errors.Is(err, errResponse) && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: %w", errNetwork, err)
	}
	return fmt.Errorf("%s%s: %w", s.base, path, err)
}

// checkResponse returns nil if the response has the resource, or says that there is
// nothing to say.
func checkResponse(r *http.Response, method string, body io.Reader) error {
	// The transport has undone gzip, and removed the header.
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return fmt.Errorf("%w: its content encoding is %q", errResponse, enc)
	}
	switch {
	case r.StatusCode == http.StatusOK, r.StatusCode == http.StatusNoContent && method == http.MethodPost:
		return nil
	case r.StatusCode == http.StatusNotFound:
		return ErrNotFound
	case r.StatusCode == http.StatusGone:
		return ErrPruned
	case r.StatusCode == http.StatusTooManyRequests, r.StatusCode >= 500:
		seconds, _ := strconv.ParseUint(r.Header.Get("Retry-After"), 10, 16)
		return &statusError{r.StatusCode, time.Duration(seconds) * time.Second}
	}
	return &refusalError{r.StatusCode, problemDetail(r, body)}
}

// refusalError is a response with which a server refuses a request for good.
type refusalError struct {
	status int
	detail string // what a directory says about it; may be empty
}

func (e *refusalError) Error() string {
	return fmt.Sprintf("%v: status %d %s %s", errResponse, e.status, http.StatusText(e.status), e.detail)
}
func (e *refusalError) Unwrap() error { return errResponse }

// problemDetail returns what a problem details object (RFC 9457) says.
func problemDetail(r *http.Response, body io.Reader) string {
	const limit = 4 << 10
	var p struct{ Detail, Field string }
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/problem+json") ||
		json.NewDecoder(io.LimitReader(body, limit)).Decode(&p) != nil {
		return ""
	}
	return strings.TrimSpace(p.Field + " " + p.Detail)
}

// patience is how much longer to wait for a server. It wears off while waiting,
// and comes back with what arrives: a server that sends too slowly is given up,
// not one whose reader is slow.
type patience struct {
	left, most time.Duration
	end        func()
}

// bytesPerSecond is the rate of arrival at which patience lasts.
const bytesPerSecond = 16 << 10

// during waits for f, which returns how many bytes arrived.
func (p *patience) during(f func() int) {
	start := time.Now()
	timer := time.AfterFunc(p.left, p.end)
	n := f()
	timer.Stop()
	p.left -= time.Since(start)
	p.left += time.Duration(n) * time.Second / bytesPerSecond
	p.left = min(p.left, p.most)
}

// bodyReader reads a response, and keeps apart the errors of reading it.
type bodyReader struct {
	r    io.Reader
	wait *patience
	err  error
}

func (b *bodyReader) Read(p []byte) (n int, err error) {
	b.wait.during(func() int { n, err = b.r.Read(p); return n })
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
