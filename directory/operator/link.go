package operator

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Link speaks with a manager over HTTP. It is safe for concurrent use.
type Link struct {
	base    string
	token   string
	client  *http.Client
	timeout time.Duration
	largest int64
}

// LinkConfig describes a Link. Fields without a default are required.
type LinkConfig struct {
	// Manager is the manager's base URL, of the scheme http or https.
	Manager string
	// Token is the bearer token by which the manager knows the operator.
	Token string
	// Transport is what requests go through. Default: a copy of
	// http.DefaultTransport.
	Transport http.RoundTripper
	// Timeout bounds one request, in all. Default 6 s.
	Timeout time.Duration
	// MaxResponse is the size in bytes of the largest response. Default 16 MiB.
	MaxResponse int64
}

// NewLink returns the way to a manager, who is not contacted.
func NewLink(cfg LinkConfig) (*Link, error) {
	u, err := url.Parse(cfg.Manager)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the manager's URL is not of the form https://HOST[:PORT][/PATH]")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the manager's URL has more than scheme, host and path")
	case cfg.Token == "":
		return nil, errors.New("there is no token for the manager")
	}
	l := &Link{
		base: strings.TrimSuffix(u.String(), "/"), token: cfg.Token, timeout: cfg.Timeout, largest: cfg.MaxResponse,
		client: &http.Client{
			Transport: cfg.Transport,
			// The token is for one host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if l.client.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 64
		t.ResponseHeaderTimeout = 30 * time.Second
		l.client.Transport = t
	}
	if l.timeout == 0 {
		l.timeout = 6 * time.Second
	}
	if l.largest == 0 {
		l.largest = 16 << 20
	}
	return l, nil
}

// Refusal is a manager's problem details object (RFC 9457): it answered, but not
// with what it was asked for.
type Refusal struct {
	Type   string `json:"type"`
	Status int    `json:"-"`
	Detail string `json:"detail"`
	Field  string `json:"field"`
}

// Error says what the manager said.
func (r *Refusal) Error() string {
	return fmt.Sprintf("the manager answered %d (%s, %s): %s", r.Status, r.Type, r.Field, r.Detail)
}

// temporary reports whether the same request may succeed later.
func (r *Refusal) temporary() bool {
	return r.Status >= 500 || r.Status == http.StatusRequestTimeout || r.Status == http.StatusTooManyRequests
}

// maxRefusal bounds what is read of a response that is not a success, and
// maxRefusalText what is kept of one of its texts.
const (
	maxRefusal     = 64 << 10
	maxRefusalText = 1 << 10
)

// Post sends a body and returns that of the response, both of a media type. The
// error is a *Refusal, or wraps ErrManager: then the request may or may not have
// arrived.
func (l *Link) Post(ctx context.Context, path, mediaType string, body []byte) ([]byte, error) {
	return l.exchange(ctx, http.MethodPost, path, mediaType, body)
}

// Get returns the body of a response of a media type. Errors are as those of
// Post.
func (l *Link) Get(ctx context.Context, path, mediaType string) ([]byte, error) {
	return l.exchange(ctx, http.MethodGet, path, mediaType, nil)
}

func (l *Link) exchange(ctx context.Context, method, path, mediaType string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	r, err := l.do(ctx, method, path, mediaType, body)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if got := mediaTypeOf(r); got != mediaType {
		return nil, fmt.Errorf("%w: a response of type %q, not %s", ErrManager, got, mediaType)
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, l.largest+1))
	switch {
	case err != nil:
		return nil, unreached(err)
	case int64(len(data)) > l.largest:
		return nil, fmt.Errorf("%w: a response of more than %d bytes", ErrManager, l.largest)
	}
	return data, nil
}

// Open returns the response to a GET of a resource that may be large, in one of the
// given encodings, as in the header Accept-Encoding. The caller closes its body.
// Errors are as those of Post.
func (l *Link) Open(ctx context.Context, path, encodings string) (*http.Response, error) {
	req, err := l.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	// What the transport decompresses by itself would not be forwarded unchanged.
	req.Header.Set("Accept-Encoding", cmp.Or(encodings, "identity"))
	return l.send(req)
}

func (l *Link) do(ctx context.Context, method, path, mediaType string, body []byte) (*http.Response, error) {
	req, err := l.request(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", mediaType)
	}
	return l.send(req)
}

func (l *Link) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, l.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	req.Header.Set("User-Agent", "ghostlight-operator")
	return req, nil
}

// send returns a response that is a success.
func (l *Link) send(req *http.Request) (*http.Response, error) {
	r, err := l.client.Do(req)
	if err != nil {
		return nil, unreached(err)
	}
	if r.StatusCode == http.StatusOK {
		return r, nil
	}
	defer r.Body.Close()
	refusal := &Refusal{}
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxRefusal)) // the status says enough if it does not arrive
	if mediaTypeOf(r) != "application/problem+json" || json.Unmarshal(body, refusal) != nil {
		return nil, fmt.Errorf("%w: status %s, from something that is no manager", ErrManager, strconv.Itoa(r.StatusCode))
	}
	refusal.Status = r.StatusCode
	for _, text := range []*string{&refusal.Type, &refusal.Detail, &refusal.Field} {
		if len(*text) > maxRefusalText {
			*text = strings.ToValidUTF8((*text)[:maxRefusalText], "")
		}
	}
	if r.StatusCode == http.StatusUnauthorized {
		return nil, fmt.Errorf("%w: it does not admit the link token", ErrManager)
	}
	return nil, refusal
}

// unreached returns the error for an exchange that failed, without its URL.
func unreached(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%w: %w", ErrManager, err)
}

func mediaTypeOf(r *http.Response) string {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// entries returns the log entries in [lo, hi), of which there are at most 1000, as
// the manager says they are.
func (l *Link) entries(ctx context.Context, lo, hi uint64) ([]keytrans.LogEntry, error) {
	data, err := l.Get(ctx, fmt.Sprintf("/api/v1/log/entries?from=%d&limit=%d", lo, hi-lo), jsonType)
	if err != nil {
		return nil, err
	}
	var page struct {
		Entries []struct {
			Position  uint64        `json:"position"`
			Timestamp uint64        `json:"timestamp_ms"`
			Root      evidence.Hash `json:"prefix_tree_root"`
		} `json:"entries"`
	}
	if err := json.Unmarshal(data, &page); err != nil || uint64(len(page.Entries)) != hi-lo {
		return nil, fmt.Errorf("%w with the log entries from %d on", ErrManager, lo)
	}
	var out []keytrans.LogEntry
	for i, e := range page.Entries {
		if e.Position != lo+uint64(i) {
			return nil, fmt.Errorf("%w with log entry %d", ErrManager, lo+uint64(i))
		}
		out = append(out, keytrans.LogEntry{Timestamp: e.Timestamp, PrefixTree: merkle.Hash(e.Root)})
	}
	return out, nil
}
