package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// inbox is a mail server and a webhook that count what they get.
type inbox struct {
	t      *testing.T
	hook   *webhooks.Webhook
	secret string
	mail   string // HOST:PORT
	url    string

	mu       sync.Mutex
	hooks    []received
	messages []string
	refuse   bool // what comes, for now
}

// received is an alert as a webhook gets it.
type received struct {
	id      string
	Rule    finding.Rule  `json:"rule"`
	Class   finding.Class `json:"class"`
	Summary string        `json:"summary"`
	Detail  string        `json:"detail"`
}

func newInbox(t *testing.T) *inbox {
	b := &inbox{t: t, secret: "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("s", 32)))}
	var err error
	b.hook, err = webhooks.NewWebhook(b.secret)
	fatalIfErr(t, err)
	web := httptest.NewServer(b)
	t.Cleanup(web.Close)
	b.url = web.URL
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	server := smtp.NewServer(b)
	server.Domain = "localhost"
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	b.mail = l.Addr().String()
	return b
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		err = b.hook.Verify(body, r.Header)
	}
	got := received{id: r.Header.Get("webhook-id")}
	if err == nil {
		err = json.Unmarshal(body, &got)
	}
	switch {
	case err != nil:
		b.t.Errorf("a webhook: %v", err)
	case b.refuse:
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		b.hooks = append(b.hooks, got)
	}
}

// NewSession implements smtp.Backend.
func (b *inbox) NewSession(*smtp.Conn) (smtp.Session, error) { return session{b}, nil }

// session is a session with the mail server.
type session struct{ *inbox }

func (s session) Mail(string, *smtp.MailOptions) error { return nil }
func (s session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s session) Reset()                               {}
func (s session) Logout() error                        { return nil }

func (s session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse {
		return &smtp.SMTPError{Code: 451, Message: "later"}
	}
	s.messages = append(s.messages, string(data))
	return err
}

func (b *inbox) setRefuse(refuse bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = refuse
}

// about returns how many webhooks and e-mails came by a rule.
func (b *inbox) about(rule finding.Rule) (hooks []received, mail []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, h := range b.hooks {
		if h.Rule == rule {
			hooks = append(hooks, h)
		}
	}
	for _, m := range b.messages {
		if strings.Contains(m, string(rule)) {
			mail = append(mail, m)
		}
	}
	return hooks, mail
}

// await waits until both ways have something by a rule.
func (b *inbox) await(rule finding.Rule) {
	b.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		hooks, mail := b.about(rule)
		if len(hooks) > 0 && len(mail) > 0 {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%d webhooks and %d e-mails about %s", len(hooks), len(mail), rule)
		}
	}
}

// watching writes the configuration of a monitor of a label, and returns its path.
func watching(t *testing.T, d *clienttest.Directory, url string, b *inbox) string {
	t.Helper()
	dir := t.TempDir()
	put := func(name string, data []byte) { fatalIfErr(t, os.WriteFile(filepath.Join(dir, name), data, 0o600)) }
	configuration, err := d.Configuration().Marshal()
	fatalIfErr(t, err)
	put("configuration", configuration)
	put("secret", []byte(b.secret))
	put("ktmon.yaml", fmt.Appendf(nil, `
data: state
interval: 1s
directories:
  - name: example
    url: %s
    configuration: configuration
    watch: [{label: alice@example.org, role: owner, alias: somebody}]
alerts:
  webhooks: [{url: %s, secret: secret}]
  mail: [{server: "%s", tls: none, from: ktmon@example.org, to: [admin@example.org]}]
`, url, b.url, b.mail))
	return filepath.Join(dir, "ktmon.yaml")
}

// TestInsertedKey has a directory insert a key into a label that is watched. One
// e-mail and one webhook tell of it, although the monitor is killed again and again,
// before and after, and nothing can be delivered for a while.
func TestInsertedKey(t *testing.T) {
	b := newInbox(t)
	d := clienttest.New()
	d.Clock.Add(time.Since(d.Clock.Now()))
	server := httptest.NewServer(d)
	defer server.Close()
	config := watching(t, d, server.URL, b)
	d.Insert(clienttest.Update{Label: "alice@example.org", Values: [][]byte{[]byte("her key")}})

	p := start(t, "run", config)
	b.await("taken-over")
	fatalIfErr(t, p.cmd.Process.Kill())
	p.wait()

	b.setRefuse(true)
	d.Clock.Add(time.Since(d.Clock.Now()))
	d.Insert(clienttest.Update{Label: "alice@example.org", Values: [][]byte{[]byte("a ghost's key")}})
	const round = "msg=round role=example/watch"
	for range 3 {
		p := start(t, "run", "-v", config)
		p.until(round)
		p.until("msg=\"not delivered\"")
		fatalIfErr(t, p.cmd.Process.Kill())
		p.wait()
	}
	b.setRefuse(false)
	p = start(t, "run", "-v", config)
	// To kill it between the delivery and the record is the one case in which receivers
	// have to drop what they have.
	p.until("msg=delivered id=" + b.idOf(finding.UnexpectedVersion) + " sink=mail-1")
	p.until("msg=delivered id=" + b.idOf(finding.UnexpectedVersion) + " sink=webhook-1")
	for range 3 {
		fatalIfErr(t, p.cmd.Process.Kill())
		p.wait()
		p = start(t, "run", "-v", config)
		p.until(round)
	}

	hooks, mail := b.about(finding.UnexpectedVersion)
	if len(hooks) != 1 || len(mail) != 1 {
		t.Fatalf("%d webhooks and %d e-mails", len(hooks), len(mail))
	}
	if h := hooks[0]; h.Class != finding.Report || strings.Contains(h.Summary, "alice") || !strings.Contains(h.Detail, "alice@example.org") {
		t.Errorf("the webhook: %+v", h)
	}
	if !strings.Contains(mail[0], "Message-ID: <ghostlight-"+hooks[0].id) || !strings.Contains(mail[0], "alice@example.org") {
		t.Errorf("the e-mail:\n%s", mail[0])
	}
}

// idOf waits until both ways have an alert by a rule, and returns its ID.
func (b *inbox) idOf(rule finding.Rule) string {
	b.t.Helper()
	b.await(rule)
	hooks, _ := b.about(rule)
	return hooks[0].id
}
