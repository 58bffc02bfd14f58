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

// TestForwardProxy goes to a directory over http, by a proxy that forwards requests, and
// that itself is asked over http or https.
func TestForwardProxy(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			w := newWorld(t)
			other := w.fork()
			behind := newHost(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Host == "keys.invalid" {
					r.URL.Path = strings.TrimPrefix(r.URL.Path, "/kt")
				}
				other.ServeHTTP(w, r)
			}))
			proxy := behind.URL
			if scheme == "https" {
				s := httptest.NewTLSServer(behind.Config.Handler)
				t.Cleanup(s.Close)
				w.cfg.HTTP.Client, proxy = s.Client(), s.URL
			}
			w.cfg.Routes = []Route{{URL: "http://keys.invalid/kt", LogURL: "http://log.invalid/log", Proxy: proxy}}
			w.want(w.round(), "fork", "inconsistency")
			if hosts := strings.Join(behind.asked(), " "); !strings.Contains(hosts, "keys.invalid") || !strings.Contains(hosts, "log.invalid") {
				t.Errorf("asked for %q", hosts)
			}
			w.v.Close()
		})
	}
}
