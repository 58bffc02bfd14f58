package vantage

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// logPath is where a directory has its log, below its URL.
const logPath = "/log"

// Route is another way to the directory.
type Route struct {
	// URL is the directory's base URL on this way. The default is the client's. It is
	// https, or http to this machine or an onion service.
	URL string
	// LogURL is the prefix of the log. The default is URL with /log or, if that is left
	// out as well, Config.LogURL.
	LogURL string
	// Proxy is the URL of a proxy, with the scheme http, https, socks5 or socks5h. SOCKS
	// proxies resolve the directory's name themselves, whichever of the two is given, as
	// it has to be with Tor: nothing is asked of this machine's name servers. Without a
	// proxy the route goes through none, not even through that of the environment.
	Proxy string
}

// openRoute is a route that can be gone.
type openRoute struct {
	place
	url  string
	http *http.Client
	log  *monitor.HTTPSource
}

func (r Route) open(number int, cfg *Config) (*openRoute, error) {
	if r.LogURL == "" {
		r.LogURL = cfg.LogURL
		if r.URL != "" {
			r.LogURL = r.URL + logPath
		}
	}
	w := &openRoute{
		place: place{name: fmt.Sprintf("route %d", number), id: finding.Subject("route", r.URL, r.LogURL, r.Proxy)},
		url:   r.URL,
	}
	w.detail = r.URL
	if w.detail == "" {
		w.detail = cfg.Client.Directory()
	}
	proxy, err := parseProxy(r.Proxy)
	if err != nil {
		return nil, err
	}
	if proxy != nil {
		w.detail += " by " + proxy.Redacted()
	}
	w.http = &http.Client{Transport: through(proxy, cfg.HTTP.Client)}
	logConfig := cfg.HTTP
	logConfig.Client = w.http
	w.log, err = monitor.NewHTTPSource(r.LogURL, logConfig)
	return w, err
}

// parseProxy returns the URL of a proxy, nil if there is none. Errors do not quote it:
// it may have a password.
func parseProxy(proxy string) (*url.URL, error) {
	if proxy == "" {
		return nil, nil
	}
	u, err := url.Parse(proxy)
	switch {
	case err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the URL of the proxy should look like socks5h://127.0.0.1:9050 or http://proxy.example.org:3128")
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" && u.Scheme != "socks5h":
		return nil, fmt.Errorf("the proxy has the scheme %q, not http, https, socks5 or socks5h", u.Scheme)
	}
	return u, nil
}

// through returns a transport through a proxy, or through none, with what c's has
// besides.
func through(proxy *url.URL, c *http.Client) *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if c != nil {
		if own, is := c.Transport.(*http.Transport); is {
			t, ok = own, true
		}
	}
	if !ok {
		t = &http.Transport{}
	}
	t = t.Clone()
	t.MaxResponseHeaderBytes = 64 << 10
	t.Proxy = nil
	if proxy != nil {
		t.Proxy = http.ProxyURL(proxy)
	}
	return t
}
