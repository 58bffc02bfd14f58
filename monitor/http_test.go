package monitor

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// readText reads a resource as text.
func readText(ctx context.Context, s *HTTPSource, path string) (string, error) {
	data, err := readAll(ctx, s, path, 1<<20)
	return string(data), err
}

func newHTTPSource(t *testing.T, prefix string, cfg HTTPConfig) *HTTPSource {
	t.Helper()
	s, err := NewHTTPSource(prefix, cfg)
	fatalIfErr(t, err)
	return s
}

func TestNewHTTPSourceErrors(t *testing.T) {
	for _, bad := range []string{
		"", "log", "keys.example.org/log", "/log", "ftp://keys.example.org/log", "http:///log", "https://",
		"https://me@keys.example.org/log", "https://keys.example.org/log?x", "https://keys.example.org/log#x", "http://a b/", "://",
	} {
		_, err := NewHTTPSource(bad, HTTPConfig{})
		wantKind(t, err, Usage, nil, "is not an http or https URL")
	}
}

// TestHTTPPrefix checks which URLs and headers a server sees.
func TestHTTPPrefix(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+r.UserAgent())
	}))
	defer server.Close()
	for _, prefix := range []string{"/some/log", "/some/log/"} {
		s := newHTTPSource(t, server.URL+prefix, HTTPConfig{UserAgent: "me"})
		got, err := readText(t.Context(), s, "tile/0/000.p/7")
		fatalIfErr(t, err)
		if got != "GET /some/log/tile/0/000.p/7 me" {
			t.Errorf("the server saw %q", got)
		}
	}
}

func TestHTTPRedirectAndGzip(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusMovedPermanently)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, "content")
		_ = z.Close()
	}))
	defer server.Close()
	got, err := readText(t.Context(), newHTTPSource(t, server.URL, HTTPConfig{}), "old")
	if err != nil || got != "content" {
		t.Errorf("%q, %v", got, err)
	}
}

// roundTripper is a network.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func respond(status int, header http.Header, body io.Reader) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(body), ProtoMajor: 1, ProtoMinor: 1}
}

// TestHTTPRetries counts attempts, and the time between them.
func TestHTTPRetries(t *testing.T) {
	errBroken := errors.New("broken")
	busy := func(after string) func() (*http.Response, error) {
		return func() (*http.Response, error) {
			return respond(503, http.Header{"Retry-After": {after}}, strings.NewReader("")), nil
		}
	}
	for name, c := range map[string]struct {
		answer     func() (*http.Response, error)
		want       error
		attempts   int
		atLeast    time.Duration
		atMostDiff time.Duration
	}{
		"no connection":   {func() (*http.Response, error) { return nil, errBroken }, errBroken, 4, 7 * time.Second, 4 * time.Second},
		"busy":            {busy(""), errNetwork, 4, 7 * time.Second, 4 * time.Second},
		"busy for long":   {busy("20"), errNetwork, 4, 60 * time.Second, time.Second},
		"busy for ever":   {busy("60000"), errNetwork, 4, 90 * time.Second, time.Second},
		"busy, nonsense":  {busy("-1"), errNetwork, 4, 7 * time.Second, 4 * time.Second},
		"not found":       {func() (*http.Response, error) { return respond(404, nil, strings.NewReader("")), nil }, ErrNotFound, 1, 0, 0},
		"gone":            {func() (*http.Response, error) { return respond(410, nil, strings.NewReader("")), nil }, ErrPruned, 1, 0, 0},
		"no answer":       {func() (*http.Response, error) { return respond(418, nil, strings.NewReader("")), nil }, errResponse, 1, 0, 0},
		"breaks off":      {func() (*http.Response, error) { return respond(200, nil, brokenReader{errBroken}), nil }, errBroken, 4, 7 * time.Second, 4 * time.Second},
		"cut in the body": {func() (*http.Response, error) { return respond(200, nil, brokenReader{io.ErrUnexpectedEOF}), nil }, errNetwork, 4, 7 * time.Second, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				client := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
					attempts++
					return c.answer()
				})}
				s := newHTTPSource(t, "http://log.example", HTTPConfig{Client: client, Retries: 3, Backoff: time.Second})
				start := time.Now()
				_, err := readText(t.Context(), s, "checkpoint")
				if !errors.Is(err, c.want) || attempts != c.attempts {
					t.Errorf("%d attempts, %v; want %d, %v", attempts, err, c.attempts, c.want)
				}
				if took := time.Since(start); took < c.atLeast || took > c.atLeast+c.atMostDiff {
					t.Errorf("it took %v", took)
				}
				if err != nil && !strings.Contains(err.Error(), "http://log.example/checkpoint") {
					t.Errorf("the error does not name the URL: %v", err)
				}
			})
		})
	}
}

// brokenReader returns some bytes and then an error.
type brokenReader struct{ err error }

func (b brokenReader) Read(p []byte) (int, error) { return copy(p, "abc"), b.err }

// TestHTTPOwnErrors checks that errors of who reads are not taken for the
// network's.
func TestHTTPOwnErrors(t *testing.T) {
	var attempts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		attempts.Add(1)
		_, _ = io.WriteString(w, "content")
	}))
	defer server.Close()
	own := errors.New("own")
	err := newHTTPSource(t, server.URL, HTTPConfig{}).Read(t.Context(), "x", func(io.Reader) error { return own })
	if err != own || attempts.Load() != 1 {
		t.Errorf("%v after %d attempts", err, attempts.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = newHTTPSource(t, server.URL, HTTPConfig{}).Read(ctx, "x", func(r io.Reader) error {
		cancel()
		_, err := io.ReadAll(r)
		return errors.Join(err, ctx.Err())
	})
	if !errors.Is(err, context.Canceled) || attempts.Load() != 2 {
		t.Errorf("%v after %d attempts", err, attempts.Load())
	}
}

// TestHTTPPatience reads from servers of different speed: what counts is how long
// they are waited for, not how long reading takes in all.
func TestHTTPPatience(t *testing.T) {
	for name, c := range map[string]struct {
		first, piece, pause time.Duration // pause between pieces; first before the headers
		bytes, pieces       int
		reader              time.Duration // what the reader does between pieces
		ok                  bool
	}{
		"at once":              {bytes: 100, pieces: 1, ok: true},
		"late":                 {first: 29 * time.Second, bytes: 100, pieces: 1, ok: true},
		"too late":             {first: 31 * time.Second, bytes: 100, pieces: 1},
		"a byte each second":   {pause: time.Second, bytes: 1, pieces: 1000},
		"32 KiB each second":   {pause: time.Second, bytes: 32 << 10, pieces: 1000, ok: true},
		"fast, then a stall":   {pause: 31 * time.Second, bytes: 32 << 20, pieces: 2},
		"a reader that dreams": {bytes: 100, pieces: 100, reader: time.Hour, ok: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					body := &slowReader{ctx: r.Context(), pause: c.pause, bytes: c.bytes, pieces: c.pieces}
					if err := body.wait(c.first); err != nil {
						return nil, err
					}
					return respond(200, nil, body), nil
				})}
				s := newHTTPSource(t, "http://log.example", HTTPConfig{Client: client, Retries: -1})
				err := s.Read(t.Context(), "x", func(r io.Reader) error {
					buf := make([]byte, 64<<20)
					for {
						if _, err := r.Read(buf); err == io.EOF {
							return nil
						} else if err != nil {
							return err
						}
						time.Sleep(c.reader)
					}
				})
				if c.ok && err != nil || !c.ok && !errors.Is(err, errNetwork) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

// slowReader returns pieces, after pauses.
type slowReader struct {
	ctx           context.Context
	pause         time.Duration
	bytes, pieces int
}

func (s *slowReader) wait(d time.Duration) error {
	select {
	case <-s.ctx.Done():
		return s.ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (s *slowReader) Read(p []byte) (int, error) {
	if s.pieces == 0 {
		return 0, io.EOF
	}
	s.pieces--
	return min(s.bytes, len(p)), s.wait(s.pause)
}
