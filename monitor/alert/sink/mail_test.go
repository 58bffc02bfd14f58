package sink

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// post is a mail server that keeps what it accepts.
type post struct {
	password string // "" lets everybody in

	mu    sync.Mutex
	mails []letter
	hook  func(letter) error // called before a message is accepted
}

type letter struct {
	from string
	to   []string
	data string
}

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &session{post: p, in: p.password == ""}, nil
}

func (p *post) letters() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]letter(nil), p.mails...)
}

type session struct {
	post *post
	in   bool
	letter
}

func (s *session) Reset()        { s.letter = letter{} }
func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "monitor" || password != s.post.password {
			return errors.New("wrong password")
		}
		s.in = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.in {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, Message: "no such user\x1b[2J"}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.data = string(data)
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	if s.post.hook != nil {
		if err := s.post.hook(s.letter); err != nil {
			return err
		}
	}
	s.post.mails = append(s.post.mails, s.letter)
	return nil
}

// serve runs the server, and returns its address.
func (p *post) serve(t testing.TB, config *tls.Config, implicit bool) string {
	t.Helper()
	s := smtp.NewServer(p)
	s.TLSConfig = config
	s.AllowInsecureAuth = config == nil
	s.Domain = "localhost"
	s.ErrorLog = log.New(io.Discard, "", 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	addr := l.Addr().String()
	if implicit {
		l = tls.NewListener(l, config)
	}
	done := make(chan error)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return addr
}

// certificate returns the configurations of a server and of its clients.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: pool}
}

func newMail(t testing.TB, cfg MailConfig) *Mail {
	t.Helper()
	cfg.From = "Monitor <monitor@example.org>"
	if cfg.To == nil {
		cfg.To = []string{"ops@example.org", "Second <two@example.org>"}
	}
	m, err := NewMail("m", cfg)
	fatalIfErr(t, err)
	return m
}

// TestMail sends over each kind of connection, with a password and without.
func TestMail(t *testing.T) {
	server, client := certificate(t)
	for _, policy := range []TLS{NoTLS, StartTLS, Implicit} {
		for _, password := range []string{"", "pass word"} {
			p := &post{password: password}
			config := server
			if policy == NoTLS {
				config = nil
			}
			cfg := MailConfig{Server: p.serve(t, config, policy == Implicit), TLS: policy, TLSConfig: client}
			if password != "" {
				cfg.User, cfg.PasswordFile = "monitor", secret(t, password+"\n")
			}
			m := newMail(t, cfg)
			for range 2 {
				if err := m.Deliver(t.Context(), example()); err != nil {
					t.Fatalf("%s, password %q: %v", policy, password, err)
				}
			}
			mails := p.letters()
			if len(mails) != 2 || len(mails[0].to) != 2 || mails[0].from != "monitor@example.org" {
				t.Fatalf("%s: %+v", policy, mails)
			}
			if mails[0].data != mails[1].data {
				t.Errorf("the same alert is two messages:\n%s\n%s", mails[0].data, mails[1].data)
			}
			checkMail(t, mails[0].data)
		}
	}
}

func checkMail(t *testing.T, data string) {
	t.Helper()
	msg, err := mail.ReadMessage(strings.NewReader(data))
	fatalIfErr(t, err)
	body, err := io.ReadAll(quotedprintable.NewReader(msg.Body))
	fatalIfErr(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	fatalIfErr(t, err)
	a := example()
	if subject != "[ghostlight] critical: example: "+a.Summary || msg.Header.Get("Message-ID") != "<ghostlight-"+a.ID+"@example.org>" {
		t.Errorf("the header is %v", msg.Header)
	}
	if text := string(body); !strings.HasPrefix(text, a.Summary) || !strings.Contains(strings.ReplaceAll(text, "\r", ""), a.Detail) || !strings.Contains(text, "ktmon ack "+a.ID) {
		t.Errorf("the body is %s", text)
	}
}

// TestMailInjection gives a dishonest directory the pen.
func TestMailInjection(t *testing.T) {
	p := new(post)
	m := newMail(t, MailConfig{Server: p.serve(t, nil, false), TLS: NoTLS})
	fatalIfErr(t, m.Deliver(t.Context(), evil()))
	mails := p.letters()
	if len(mails) != 1 || len(mails[0].to) != 2 {
		t.Fatalf("%+v", mails)
	}
	msg, err := mail.ReadMessage(strings.NewReader(mails[0].data))
	fatalIfErr(t, err)
	if msg.Header.Get("Bcc") != "" {
		t.Error("a text became a header")
	}
	for name := range msg.Header {
		switch name {
		case "From", "To", "Subject", "Date", "Message-Id", "Mime-Version", "Auto-Submitted", "In-Reply-To",
			"Content-Type", "Content-Transfer-Encoding", "X-Ghostlight-Alert-Id", "X-Ghostlight-Severity":
		default:
			t.Errorf("there is a header %s", name)
		}
	}
}

// TestMailAnswers talks to servers that do what they should not.
func TestMailAnswers(t *testing.T) {
	server, client := certificate(t)
	p := new(post)
	plain := p.serve(t, nil, false)
	encrypted := p.serve(t, server, false)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	fatalIfErr(t, closed.Close())
	for name, c := range map[string]struct {
		cfg  MailConfig
		want string
	}{
		"no STARTTLS":      {MailConfig{Server: plain, TLSConfig: client}, "STARTTLS"},
		"not trusted":      {MailConfig{Server: encrypted}, "certificate"},
		"no TLS":           {MailConfig{Server: plain, TLS: Implicit, TLSConfig: client}, "tls: "},
		"nobody":           {MailConfig{Server: plain, TLS: NoTLS, To: []string{"ops@example.org", "nobody@example.org"}}, "no such user"},
		"closed":           {MailConfig{Server: closed.Addr().String(), TLS: NoTLS}, "refused"},
		"password":         {MailConfig{Server: (&post{password: "x"}).serve(t, nil, false), TLS: NoTLS, User: "monitor", PasswordFile: secret(t, "y")}, "wrong password"},
		"endless greeting": {MailConfig{Server: endless(t, 0), TLS: NoTLS}, "too much"},
		"slow greeting":    {MailConfig{Server: endless(t, 20*time.Millisecond), TLS: NoTLS}, ""},
		"slow handshake":   {MailConfig{Server: endless(t, 20*time.Millisecond), TLS: Implicit, TLSConfig: client}, ""},
	} {
		c.cfg.Timeout = time.Minute
		if c.want == "" { // the time is what ends it
			c.cfg.Timeout = time.Second
		}
		err := newMail(t, c.cfg).Deliver(t.Context(), example())
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.ContainsAny(err.Error(), "\x1b\n") {
			t.Errorf("%s: the error is %v, want %q", name, err, c.want)
		}
	}
	if got := p.letters(); len(got) != 0 {
		t.Errorf("%d messages were accepted", len(got))
	}
}

// endless runs a server that never comes to the end of a line.
func endless(t testing.TB, wait time.Duration) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatalIfErr(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				w := bufio.NewWriterSize(conn, 1)
				for _, err := w.WriteString("220-"); err == nil; _, err = w.WriteString(strings.Repeat("x", 4)) {
					time.Sleep(wait)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// TestMailLost lets the connection end when the message is accepted: it counts as
// sent only if that was said.
func TestMailLost(t *testing.T) {
	p := new(post)
	ctx, cancel := context.WithCancel(t.Context())
	p.hook = func(letter) error { cancel(); return nil }
	m := newMail(t, MailConfig{Server: p.serve(t, nil, false), TLS: NoTLS})
	err := m.Deliver(ctx, example())
	p.mu.Lock()
	p.hook = nil
	p.mu.Unlock()
	if err != nil { // it is sent again, as the same message
		fatalIfErr(t, m.Deliver(t.Context(), example()))
	}
	mails := p.letters()
	if len(mails) == 0 || mails[0].data != mails[len(mails)-1].data {
		t.Errorf("%+v", mails)
	}
}

func TestMailConfig(t *testing.T) {
	good := MailConfig{Server: "mail.example.org", From: "a@example.org", To: []string{"b@example.org"}}
	for _, c := range []struct {
		change func(*MailConfig)
		want   string
	}{
		{func(c *MailConfig) { c.Server = "" }, "not a host"},
		{func(c *MailConfig) { c.Server = "a:b" }, "not a host"},
		{func(c *MailConfig) { c.Server = "a:99999" }, "not a host"},
		{func(c *MailConfig) { c.TLS = "maybe" }, "unknown TLS policy"},
		{func(c *MailConfig) { c.TLS = NoTLS }, "without TLS"},
		{func(c *MailConfig) { c.From = "a\r\nBcc: c@example.org" }, "sender"},
		{func(c *MailConfig) { c.From = "" }, "sender"},
		{func(c *MailConfig) { c.To = nil }, "no recipient"},
		{func(c *MailConfig) { c.To = []string{"b@example.org", "c"} }, "recipient"},
		{func(c *MailConfig) { c.User = "u" }, "both"},
		{func(c *MailConfig) { c.PasswordFile = "f" }, "both"},
		{func(c *MailConfig) { c.User, c.PasswordFile = "u", "/nowhere" }, "reading the secret"},
	} {
		cfg := good
		c.change(&cfg)
		_, err := NewMail("m", cfg)
		wantErr(t, err, c.want)
	}
	for policy, port := range map[TLS]string{"": "587", StartTLS: "587", Implicit: "465"} {
		cfg := good
		cfg.TLS = policy
		m, err := NewMail("m", cfg)
		fatalIfErr(t, err)
		if m.port != port {
			t.Errorf("%q has port %s", policy, m.port)
		}
	}
}
