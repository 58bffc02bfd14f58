package operator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// Media types.
const (
	octetStream = "application/octet-stream"
	jsonType    = "application/json"
)

// The methods below forward the encoded requests of KEYTRANS, "User Operations",
// unchanged, and return the manager's encoded responses, unchanged. The error
// wraps keytrans.ErrMalformed if the request does not decode; it is a *Refusal,
// or wraps ErrManager or ErrDistrusted.

// Search forwards a SearchRequest. The operator must have signed the value in the
// response.
func (o *Operator) Search(ctx context.Context, body []byte) ([]byte, error) {
	q, err := keytrans.ParseSearchRequest(body)
	if err != nil {
		return nil, err
	}
	return o.forward(ctx, "search", body, q.Last, func(data []byte) (*keytrans.FullTreeHead, error) {
		p, err := keytrans.ParseSearchResponse(o.cfg.Configuration, q, data)
		if err != nil {
			return nil, err
		}
		return o.checkSearch(q.Label, q.Version, p)
	})
}

// checkSearch verifies that the operator has signed the value in the response to a
// search, and returns the response's head.
func (o *Operator) checkSearch(label []byte, version *uint32, p *keytrans.SearchResponse) (*keytrans.FullTreeHead, error) {
	if version == nil {
		version = p.Version
	}
	return &p.FullTreeHead, keytrans.VerifyUpdate(o.cfg.Configuration, label, *version, p.Value)
}

// ContactMonitor forwards a ContactMonitorRequest.
func (o *Operator) ContactMonitor(ctx context.Context, body []byte) ([]byte, error) {
	q, err := keytrans.ParseContactMonitorRequest(body)
	if err != nil {
		return nil, err
	}
	return o.forward(ctx, "contact-monitor", body, q.Last, func(data []byte) (*keytrans.FullTreeHead, error) {
		p, err := keytrans.ParseContactMonitorResponse(o.cfg.Configuration, data)
		if err != nil {
			return nil, err
		}
		return &p.FullTreeHead, nil
	})
}

// OwnerInit forwards an OwnerInitRequest.
func (o *Operator) OwnerInit(ctx context.Context, body []byte) ([]byte, error) {
	q, err := keytrans.ParseOwnerInitRequest(body)
	if err != nil {
		return nil, err
	}
	return o.forward(ctx, "owner-init", body, q.Last, func(data []byte) (*keytrans.FullTreeHead, error) {
		p, err := keytrans.ParseOwnerInitResponse(o.cfg.Configuration, data)
		if err != nil {
			return nil, err
		}
		return &p.FullTreeHead, nil
	})
}

// OwnerMonitor forwards an OwnerMonitorRequest.
func (o *Operator) OwnerMonitor(ctx context.Context, body []byte) ([]byte, error) {
	q, err := keytrans.ParseOwnerMonitorRequest(body)
	if err != nil {
		return nil, err
	}
	return o.forward(ctx, "owner-monitor", body, q.Last, func(data []byte) (*keytrans.FullTreeHead, error) {
		p, err := keytrans.ParseOwnerMonitorResponse(o.cfg.Configuration, data)
		if err != nil {
			return nil, err
		}
		return &p.FullTreeHead, nil
	})
}

// Distinguished forwards a DistinguishedRequest.
func (o *Operator) Distinguished(ctx context.Context, body []byte) ([]byte, error) {
	q, err := keytrans.ParseDistinguishedRequest(body)
	if err != nil {
		return nil, err
	}
	return o.forward(ctx, "distinguished", body, q.Last, func(data []byte) (*keytrans.FullTreeHead, error) {
		p, err := keytrans.ParseDistinguishedResponse(o.cfg.Configuration, data)
		if err != nil {
			return nil, err
		}
		return &p.FullTreeHead, nil
	})
}

// Object returns a JSON object of the manager's, at a path with a query. Nothing in
// it is verified. Errors are as those of Search.
func (o *Operator) Object(ctx context.Context, path string) ([]byte, error) {
	if err := o.log.trusted(); err != nil {
		return nil, err
	}
	data, err := o.cfg.Link.Get(ctx, path, jsonType)
	o.noteReached(ctx, err)
	return data, err
}

// PostObject is Object with a JSON object to send.
func (o *Operator) PostObject(ctx context.Context, path string, body []byte) ([]byte, error) {
	if err := o.log.trusted(); err != nil {
		return nil, err
	}
	data, err := o.cfg.Link.Post(ctx, path, jsonType, body)
	o.noteReached(ctx, err)
	return data, err
}

// File returns the response to a GET of a file of the public log for a user who
// accepts the given encodings, as in the header Accept-Encoding. The caller closes
// its body. Errors are as those of Search.
func (o *Operator) File(ctx context.Context, path, encodings string) (*http.Response, error) {
	if err := o.log.trusted(); err != nil {
		return nil, err
	}
	r, err := o.cfg.Link.Open(ctx, path, encodings)
	o.noteReached(ctx, err)
	return r, err
}

// forward sends a request of a user who advertised last, and returns a response
// of which read returns the head.
func (o *Operator) forward(ctx context.Context, operation string, body []byte, last *uint64, read func([]byte) (*keytrans.FullTreeHead, error)) ([]byte, error) {
	if err := o.log.trusted(); err != nil {
		return nil, err
	}
	return o.exchange(ctx, operation, body, func(ctx context.Context, floor uint64, data []byte) error {
		head, err := read(data)
		if err != nil {
			return err
		}
		return o.checkHead(ctx, head, last, floor)
	})
}

// exchange sends a request of the protocol until there is a response that check
// does not object to, or the retries are used up. A request that is repeated is
// answered with what exists by then. floor is the size of the log that the
// operator had seen when the request was sent.
func (o *Operator) exchange(ctx context.Context, operation string, body []byte,
	check func(ctx context.Context, floor uint64, response []byte) error,
) ([]byte, error) {
	for attempt := 0; ; attempt++ {
		floor := o.log.size()
		response, err := o.cfg.Link.Post(ctx, "/v1/"+operation, octetStream, body)
		o.noteReached(ctx, err)
		if err == nil {
			if err = check(ctx, floor, response); err == nil {
				return response, nil
			}
			if !errors.Is(err, ErrManager) && !errors.Is(err, ErrDistrusted) {
				err = fmt.Errorf("%w with what can be used: %w", ErrManager, err)
			}
		}
		if !o.again(ctx, attempt, err) {
			return nil, err
		}
	}
}

// again reports whether to send a request again after an error, and waits before
// that as long as the backoff wants.
func (o *Operator) again(ctx context.Context, attempt int, err error) bool {
	var refusal *Refusal
	switch {
	case attempt >= o.cfg.Retries || errors.Is(err, ErrDistrusted):
		return false
	case errors.As(err, &refusal) && !refusal.temporary():
		return false
	}
	pause := o.cfg.Backoff << min(attempt, 16)
	pause += rand.N(pause/2 + 1)
	o.cfg.Logger.DebugContext(ctx, "asking the manager again", "pause", pause, "err", err)
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// noteReached remembers whether the manager answered. That a user went away says
// nothing about it.
func (o *Operator) noteReached(ctx context.Context, err error) {
	var refusal *Refusal
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
	case errors.As(err, &refusal):
		o.setReached(nil)
	default:
		o.setReached(err)
	}
}

// checkHead holds the head of a response to a user who advertised last against
// the log that the operator follows, which had floor entries when the request was
// sent: a head is larger than the advertised one, or the same, and not older than
// what the manager has shown before.
func (o *Operator) checkHead(ctx context.Context, head *keytrans.FullTreeHead, last *uint64, floor uint64) error {
	if head.TreeHead == nil {
		if last == nil || *last < floor {
			return fmt.Errorf("%w with an old head: the same for a log of %d entries that has %d", ErrManager, valueOr(last, 0), floor)
		}
		return o.checkFresh(ctx)
	}
	size := head.TreeHead.TreeSize
	if last != nil && size <= *last || size < floor {
		return fmt.Errorf("%w with an old head: of %d entries", ErrManager, size)
	}
	root, err := o.rootAt(ctx, size)
	if err != nil {
		return err
	}
	if err := keytrans.VerifyTreeHead(o.cfg.Configuration, head.TreeHead, root); err != nil {
		o.cfg.Logger.WarnContext(ctx, "the manager answered with a head that is not of its log", "tree_size", size)
		return fmt.Errorf("%w with a head of the log: of %d entries: %w", ErrManager, size, err)
	}
	return o.checkFresh(ctx)
}

// checkHeads is checkHead of the heads of one answer, each of which is for a user
// who has seen the one before.
func (o *Operator) checkHeads(ctx context.Context, heads []*keytrans.FullTreeHead, last *uint64, floor uint64) error {
	for _, head := range heads {
		if err := o.checkHead(ctx, head, last, floor); err != nil {
			return err
		}
		if head.TreeHead != nil {
			last = &head.TreeHead.TreeSize
		}
	}
	return nil
}

// checkFresh verifies that the log's last head is one that users accept.
func (o *Operator) checkFresh(ctx context.Context) error {
	if !o.log.stale(o.cfg.Now()) {
		return nil
	}
	return o.Follow(ctx)
}

func valueOr(v *uint64, fallback uint64) uint64 {
	if v == nil {
		return fallback
	}
	return *v
}
