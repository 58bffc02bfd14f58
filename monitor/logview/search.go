package logview

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/web/audit"
)

const (
	// maxAnswer is the size of the largest answer to a lookup that is read, in bytes.
	maxAnswer = 4 << 20
	// Lookups of visitors count against what the directory grants this monitor: some at
	// once, for a page of history, and then few.
	lookupBurst = 60
	lookupEvery = time.Second / 5
)

// lookups asks a directory for visitors without JavaScript. The label is in the body of
// the request only.
type lookups struct {
	url       string
	http      *http.Client
	userAgent string
	timeout   time.Duration
	config    *keytrans.Configuration
	verifier  *keytrans.Verifier
	now       func() time.Time
	slots     chan struct{}

	mu   sync.Mutex
	left float64 // lookups that may be made at once
	at   time.Time
}

func newLookups(cfg Config, config *keytrans.Configuration) (*lookups, error) {
	base, err := client.ParseURL(cfg.Directory, true) // which the monitor's configuration has permitted
	if err != nil {
		return nil, err
	}
	verifier, err := keytrans.NewVerifier(config)
	if err != nil {
		return nil, err
	}
	c := *cfg.HTTP
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Jar = nil
	return &lookups{
		url: strings.TrimRight(base, "/") + "/v1/search", http: &c, userAgent: cfg.UserAgent, timeout: cfg.Timeout, config: config,
		verifier: verifier, now: cfg.Now, slots: make(chan struct{}, maxOfOne), left: lookupBurst, at: time.Now(),
	}, nil
}

// Search implements audit.Source: it is what the directory answers.
func (s *Source) Search(ctx context.Context, q *keytrans.SearchRequest) (*keytrans.SearchResponse, error) {
	return s.lookups.search(ctx, q)
}

var (
	tooMany = &audit.Problem{Status: http.StatusServiceUnavailable, Title: "Too many lookups through this monitor",
		Detail: "It asks the directory for a few at a time only. With JavaScript, your browser asks the directory itself."}
	notVerified = &audit.Problem{Status: http.StatusBadGateway, Title: "The directory’s answer does not verify",
		Detail: "So it is not shown. To whoever sees it for the first time that proves nothing against the directory: it may be old, or changed on the way."}
	notParsed = &audit.Problem{Status: http.StatusBadGateway, Title: "The directory’s answer cannot be read",
		Detail: "What it answered is no answer to a lookup."}
)

func (l *lookups) search(ctx context.Context, q *keytrans.SearchRequest) (*keytrans.SearchResponse, error) {
	body, err := q.Marshal()
	if err != nil {
		return nil, err
	}
	if !l.take() {
		return nil, tooMany
	}
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	default:
		return nil, tooMany
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	status, answer, err := l.post(ctx, body)
	switch {
	case err != nil:
		return nil, err
	case status != http.StatusOK:
		return nil, refusal(status, answer)
	}
	p, err := keytrans.ParseSearchResponse(l.config, q, answer)
	if err != nil {
		return nil, notParsed
	}
	if _, err := l.verifier.Search(&keytrans.View{}, q, p, l.now()); err != nil {
		return nil, notVerified
	}
	return p, nil
}

// take takes one of the lookups that may be made.
func (l *lookups) take() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.left = min(lookupBurst, l.left+float64(now.Sub(l.at))/float64(lookupEvery))
	l.at = now
	if l.left < 1 {
		return false
	}
	l.left--
	return true
}

// post sends a request. Its error has neither the request nor the answer in it.
func (l *lookups) post(ctx context.Context, body []byte) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("User-Agent", l.userAgent)
	r, err := l.http.Do(req)
	if err != nil {
		return 0, nil, notAnswered
	}
	defer r.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return 0, nil, ctx.Err()
	case err != nil:
		return 0, nil, notAnswered
	case len(answer) > maxAnswer:
		return 0, nil, notParsed
	}
	return r.StatusCode, answer, nil
}

// refusals are the problems that a directory answers a lookup with (docs/problems.md), in
// this monitor's words.
var refusals = map[string]*audit.Problem{
	"unknown-label":   {Status: http.StatusNotFound, Title: "The directory does not know this label", Detail: "Nothing was published under it, says the operator."},
	"no-such-version": {Status: http.StatusNotFound, Title: "The label does not have this version", Detail: "So says the operator."},
	"version-expired": {Status: http.StatusNotFound, Title: "The version has expired", Detail: "It is older than the maximum lifetime, says the operator."},
	"version-skipped": {Status: http.StatusNotFound, Title: "The version was skipped and has no value", Detail: "So says the operator."},
	"erased":          {Status: http.StatusGone, Title: "The value was erased", Detail: "So says the operator."},
	"pruned":          {Status: http.StatusGone, Title: "What has expired was removed", Detail: "So says the operator."},
}

// problemPrefix begins the types of a directory's problems.
const problemPrefix = "urn:ghostlight:problem:"

// refusal returns what visitors are told if a directory refuses a lookup.
func refusal(status int, answer []byte) error {
	var p struct{ Type string }
	_ = json.Unmarshal(answer[:min(len(answer), 4<<10)], &p) // what is none has no type
	name := strings.TrimPrefix(p.Type, problemPrefix)
	if known := refusals[name]; known != nil && known.Status == status {
		told := *known
		told.Name = name
		return &told
	}
	if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
		return notAnswered
	}
	return &audit.Problem{Status: http.StatusBadGateway, Title: "The directory refuses this lookup", Detail: "It gives no reason that this monitor knows."}
}
