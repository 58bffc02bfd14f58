package vantage

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// tunnel is a proxy that leads everybody to one address, whatever they ask for.
type tunnel struct {
	net.Listener
	to string

	mu     sync.Mutex
	wanted []string // what was asked for
}

// serve begins to listen. hello speaks the proxy's protocol, and returns what is asked
// for.
func (p *tunnel) serve(t *testing.T, hello func(*bufio.Reader, io.Writer) (string, error)) {
	t.Helper()
	var err error
	p.Listener, err = net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	var all sync.WaitGroup
	t.Cleanup(func() { p.Close(); all.Wait() })
	all.Go(func() {
		for {
			c, err := p.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				wanted, err := hello(r, c)
				p.mu.Lock()
				p.wanted = append(p.wanted, wanted)
				p.mu.Unlock()
				if err != nil {
					t.Errorf("proxy: %v", err)
					return
				}
				p.relay(c, r)
			})
		}
	})
}

func (p *tunnel) relay(c net.Conn, r io.Reader) {
	to, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	var all sync.WaitGroup
	all.Go(func() {
		_, _ = io.Copy(to, r)
		to.Close()
	})
	_, _ = io.Copy(c, to)
	c.Close()
	all.Wait()
}

func (p *tunnel) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wanted
}

// socks speaks SOCKS 5 (RFC 1928) with clients that may log in (RFC 1929). Only names
// are taken: a client that has resolved one is refused.
func socks(r *bufio.Reader, w io.Writer) (string, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil || head[0] != 5 {
		return "", fmt.Errorf("greeting: %v, %v", head, err)
	}
	methods := make([]byte, head[1])
	if _, err := io.ReadFull(r, methods); err != nil {
		return "", err
	}
	method := methods[len(methods)-1]
	if _, err := w.Write([]byte{5, method}); err != nil {
		return "", err
	}
	user := ""
	if method == 2 {
		var fields [2]string
		if _, err := r.ReadByte(); err != nil {
			return "", err
		}
		for i := range fields {
			n, err := r.ReadByte()
			if err != nil {
				return "", err
			}
			field := make([]byte, n)
			if _, err := io.ReadFull(r, field); err != nil {
				return "", err
			}
			fields[i] = string(field)
		}
		user = fields[0] + ":" + fields[1] + "@"
		if _, err := w.Write([]byte{1, 0}); err != nil {
			return "", err
		}
	}
	request := make([]byte, 5)
	if _, err := io.ReadFull(r, request); err != nil {
		return "", err
	}
	if request[3] != 3 {
		return "", errors.New("the client has resolved the name itself")
	}
	name := make([]byte, int(request[4])+2)
	if _, err := io.ReadFull(r, name); err != nil {
		return "", err
	}
	_, err := w.Write([]byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 80})
	host := string(name[:len(name)-2])
	return fmt.Sprintf("%s%s:%d", user, host, binary.BigEndian.Uint16(name[len(name)-2:])), err
}

// connect answers the CONNECT of an HTTP proxy.
func connect(r *bufio.Reader, w io.Writer) (string, error) {
	q, err := http.ReadRequest(r)
	if err != nil {
		return "", err
	}
	if q.Method != http.MethodConnect {
		return "", fmt.Errorf("%s, not CONNECT", q.Method)
	}
	_, err = io.WriteString(w, "HTTP/1.1 200 OK\r\n\r\n")
	return q.Host, err
}

// TestProxies goes to a directory by proxies: one that leads to the same log, and then
// to another one. Nobody else can resolve the name.
func TestProxies(t *testing.T) {
	for name, c := range map[string]struct {
		url, scheme, wanted string
		hello               func(*bufio.Reader, io.Writer) (string, error)
		tls                 bool
	}{
		"socks5":              {"http://keys.invalid", "socks5://", "keys.invalid:80", socks, false},
		"socks5h":             {"http://keys.invalid:8080", "socks5h://", "keys.invalid:8080", socks, false},
		"socks with a login":  {"http://keys.invalid", "socks5h://me:secret@", "me:secret@keys.invalid:80", socks, false},
		"an onion service":    {"http://abcdefgh.onion", "socks5h://", "abcdefgh.onion:80", socks, false},
		"https over socks":    {"https://example.com", "socks5h://", "example.com:443", socks, true},
		"https over CONNECT":  {"https://example.com", "http://", "example.com:443", connect, true},
		"another port by TLS": {"https://example.com:444", "http://", "example.com:444", connect, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			behind := newHost(t, w.dir)
			to := behind.Server
			if c.tls {
				to = httptest.NewTLSServer(behind.Config.Handler)
				t.Cleanup(to.Close)
				w.cfg.HTTP.Client = to.Client()
			}
			p := &tunnel{to: to.Listener.Addr().String()}
			p.serve(t, c.hello)
			w.cfg.Routes = []Route{{URL: c.url, Proxy: c.scheme + p.Addr().String()}}
			r := w.round()
			w.want(r)
			if !strings.Contains(r.Checked, "heads by 1 of 1") || !strings.Contains(r.Checked, "checkpoints by 1") {
				t.Error(r.Checked)
			}
			behind.become(w.fork())
			r = w.round()
			w.named(r, finding.Rule("fork"), "route 1")
			f := w.named(r, finding.Rule("inconsistency"), "route 1")
			if strings.Contains(f.Detail, "secret") || !strings.Contains(f.Detail, "by "+strings.SplitAfter(c.scheme, "//")[0]) {
				t.Errorf("detail %q", f.Detail)
			}
			for _, wanted := range p.asked() {
				if wanted != c.wanted {
					t.Errorf("asked for %q, not %q", wanted, c.wanted)
				}
			}
			w.v.Close()
		})
	}
}

// TestForwardProxy goes to a directory over http, by a proxy that forwards requests.
func TestForwardProxy(t *testing.T) {
	w := newWorld(t)
	other := w.fork()
	proxy := newHost(t, other)
	w.cfg.Routes = []Route{{URL: "http://keys.invalid/kt", LogURL: "http://log.invalid/log", Proxy: proxy.URL}}
	proxy.become(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "keys.invalid" {
			r.URL.Path = strings.TrimPrefix(r.URL.Path, "/kt")
		}
		other.ServeHTTP(w, r)
	}))
	w.want(w.round(), "fork", "inconsistency")
	if hosts := strings.Join(proxy.asked(), " "); !strings.Contains(hosts, "keys.invalid") || !strings.Contains(hosts, "log.invalid") {
		t.Errorf("asked for %q", hosts)
	}
}

// TestRouteTrouble has ways on which there is nothing to be had.
func TestRouteTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		route Route
		rules string
		text  string
	}{
		"no such name":        {Route{URL: "http://keys.invalid"}, "unreachable", "not reached"},
		"a proxy that is off": {Route{Proxy: "socks5h://127.0.0.1:1"}, "unreachable", "not reached"},
		"another directory":   {Route{URL: "stranger"}, "refused", "not verify"},
		"a web site":          {Route{URL: "site"}, "refused unreachable", "no checkpoint"},
		"garbage":             {Route{URL: "garbage"}, "refused", "not verify"},
		"the log only":        {Route{URL: "garbage", LogURL: "own"}, "refused", "not verify"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			switch c.route.URL {
			case "stranger":
				c.route.URL = newHost(t, newWorld(t).dir).URL
			case "site":
				c.route.URL = newHost(t, http.NotFoundHandler()).URL
			case "garbage":
				c.route.URL = newHost(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/octet-stream")
					_, _ = w.Write([]byte("garbage"))
				})).URL
			}
			if c.route.LogURL == "own" {
				c.route.LogURL = w.server.URL + "/log"
			}
			w.cfg.Routes = []Route{c.route}
			r := w.round()
			f := w.named(r, finding.Rule(strings.Fields(c.rules)[0]), c.text)
			if f.Class != finding.Report || !f.Condition || r.Verdict() != finding.Unchecked || !strings.Contains(f.Summary, "route 1") {
				t.Errorf("%+v", f)
			}
			if (f.Rule == finding.Unreachable) != (f.After > 0) {
				t.Errorf("told after %v", f.After)
			}
			if rules(r) != c.rules {
				t.Errorf("%s: %+v", rules(r), r.Findings)
			}
		})
	}
}

// TestEvilRoute has ways that do not end.
func TestEvilRoute(t *testing.T) {
	for name, h := range evil() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.impatient()
			w.cfg.Routes = []Route{{URL: newHost(t, h).URL}}
			r := w.round()
			for _, f := range r.Findings {
				if f.Class != finding.Report || !strings.Contains(f.Summary, "route 1") || len(f.Detail) > 2*maxText {
					t.Errorf("%+v", f)
				}
			}
			if len(r.Findings) == 0 || !strings.Contains(r.Checked, "heads by 0 of 1") {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestRefusedConfig(t *testing.T) {
	w := newWorld(t)
	w.open()
	for name, c := range map[string]struct {
		change func(*Config)
		text   string
	}{
		"no name":           {func(c *Config) { c.Name = "" }, "takes a name"},
		"no client":         {func(c *Config) { c.Client = nil }, "takes a name"},
		"no folder":         {func(c *Config) { c.Dir = "" }, "takes a name"},
		"a bad policy":      {func(c *Config) { c.Policy = []byte("log\n") }, "witness policy"},
		"a policy of none":  {func(c *Config) { c.Policy = []byte("quorum none\n") }, "names 0 logs"},
		"a bad log":         {func(c *Config) { c.LogURL = "ftp://keys.example.org" }, "http or https"},
		"a bad route":       {func(c *Config) { c.Routes = []Route{{URL: "keys.example.org"}} }, "route 1"},
		"an odd proxy":      {func(c *Config) { c.Routes = []Route{{Proxy: "socks4://127.0.0.1:9050"}} }, `scheme "socks4"`},
		"no proxy's host":   {func(c *Config) { c.Routes = []Route{{}, {Proxy: "127.0.0.1:9050"}} }, "route 2"},
		"a proxy's secret":  {func(c *Config) { c.Routes = []Route{{Proxy: "http://me:secret@h/%zz"}} }, "should look like"},
		"a proxy's path":    {func(c *Config) { c.Routes = []Route{{Proxy: "http://h/path"}} }, "should look like"},
		"a bad peer":        {func(c *Config) { c.Peers = []string{"https://monitor.example.net?x=1"} }, "peer 1"},
		"another policy":    {func(c *Config) { c.Policy = newWorld(t).dir.Policy("any") }, "give it the policy that it had"},
		"a file, no folder": {func(c *Config) { c.Dir += "/state.json" }, "not a directory"},
	} {
		w.want(w.round())
		cfg := w.cfg
		c.change(&cfg)
		_, err := Open(cfg)
		if err == nil || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPolicyOfSeveralLogs finds the directory's log by its URL.
func TestPolicyOfSeveralLogs(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	lines := func(d string) string { return strings.SplitN(d, "\n", 2)[0] }
	two := lines(string(w.dir.Policy("none"))) + " " + w.server.URL + "/log\n" + lines(string(other.dir.Policy("none"))) + " https://other.example.net/log\nquorum none\n"
	w.cfg.Policy = []byte(two)
	w.want(w.round())
	w.server.become(other.dir)
	w.named(w.round(), finding.Refused, "before")
	w.cfg.Policy = []byte(strings.ReplaceAll(two, " "+w.server.URL+"/log", ""))
	if _, err := Open(w.cfg); err == nil || !strings.Contains(err.Error(), "names 2 logs") {
		t.Error(err)
	}
}
