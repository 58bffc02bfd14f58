package vantage

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor"
)

// Route is another way to the directory.
type Route struct {
	// URL is the directory's base URL there, and LogURL the prefix of its public log.
	URL, LogURL string
	// Proxy is the URL of a proxy, if there is one: of the scheme http, https, socks5
	// or socks5h. With SOCKS the proxy resolves names, so that nobody else learns
	// them.
	Proxy string
}

// route is a Route that is open.
type route struct {
	Route
	number int
	http   *http.Client
	source monitor.Source // nil without a policy
}

func (r *Role) openRoute(to Route) (*route, error) {
	out := &route{Route: to, number: len(r.routes) + 1, http: r.cfg.HTTP}
	if to.Proxy != "" {
		proxy, err := url.Parse(to.Proxy)
		if err != nil {
			return nil, fmt.Errorf("the proxy: %w", err)
		}
		// A client of its own: no connection is shared with the main route.
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.Proxy = http.ProxyURL(proxy)
		transport.MaxResponseHeaderBytes = 64 << 10
		out.http = &http.Client{Transport: transport}
	}
	if r.policy == nil {
		return out, nil
	}
	var err error
	out.source, err = r.log(to.LogURL, out.http)
	return out, err
}

// name is what a route is called in public.
func (r *route) name() string { return fmt.Sprintf("route %d", r.number) }

// route compares what a route shows with what the main route does. It reports whether
// it got there.
func (c *collector) route(ctx context.Context, r *route, own *checkpoint.Signed) bool {
	compared := true
	result, err := c.role.cfg.Client.CompareVantage(ctx, r.URL, r.http)
	switch {
	case err != nil:
		c.clientError(r.name(), r.name(), err)
		compared = client.KindOf(err) == client.Misbehaved
	default:
		compared = result.Kind() == 0 // else they have nothing in common yet
	}
	if r.source == nil {
		return compared
	}
	served, err := monitor.ReadCheckpoint(ctx, r.source, c.role.policy)
	if err != nil {
		c.sourceError("the public log on "+r.name(), r.name(), err)
		return false
	}
	return c.compareCheckpoint(ctx, "the public log on "+r.name(), r.source, own, served) && compared
}

// compareCheckpoint compares another checkpoint with the one on the main route, and
// reports whether it could. elsewhere has the tiles of the other one.
func (c *collector) compareCheckpoint(ctx context.Context, whose string, elsewhere monitor.Source, own, served *checkpoint.Signed) bool {
	if own == nil {
		return false
	}
	source := c.role.source
	if served.Size > own.Size {
		source = elsewhere
	}
	return c.consistent(ctx, source, whose, own, served)
}
