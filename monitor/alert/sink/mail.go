package sink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
)

// TLS says how a connection to a mail server is encrypted.
type TLS string

// The policies.
const (
	// StartTLS encrypts a connection that begins in the clear, and goes no further if
	// the server cannot. It is the default.
	StartTLS TLS = "starttls"
	// Implicit encrypts from the first byte.
	Implicit TLS = "implicit"
	// NoTLS does not encrypt. It is for a server on this machine.
	NoTLS TLS = "none"
)

// MailConfig says how a Mail gets its messages out. Server, From and To are required.
type MailConfig struct {
	// Server is a host, with a port or not: that is 587 by default, 465 for Implicit
	// and 25 for NoTLS.
	Server string
	TLS    TLS
	// User and PasswordFile authenticate; both or neither.
	User, PasswordFile string
	From               string
	To                 []string
	// Timeout bounds the delivery of a message, 30 seconds by default.
	Timeout time.Duration
	// TLSConfig is that of the operating system by default.
	TLSConfig *tls.Config
}

// Mail sends each alert, private form, as one e-mail in plain text. Its Message-ID is
// made of the alert's ID. All recipients get the same message; if the server refuses
// one of them, nobody gets it, and it is tried again.
type Mail struct {
	name       string
	cfg        MailConfig
	host, port string
	password   string
	domain     string // of From
}

// maxMailBytes is the most that is read in one delivery. That is more than
// maxResponse, because it includes the server's certificates.
const maxMailBytes = 4 * maxResponse

// NewMail returns a sink that sends e-mail.
func NewMail(name string, cfg MailConfig) (*Mail, error) {
	m := &Mail{name: name, cfg: cfg}
	if err := m.init(); err != nil {
		return nil, fmt.Errorf("sink %s: %w", name, err)
	}
	return m, nil
}

func (m *Mail) init() (err error) {
	if m.cfg.Timeout == 0 {
		m.cfg.Timeout = 30 * time.Second
	}
	if m.cfg.TLS == "" {
		m.cfg.TLS = StartTLS
	}
	if err := m.initServer(); err != nil {
		return err
	}
	if err := m.initAddresses(); err != nil {
		return err
	}
	if (m.cfg.User == "") != (m.cfg.PasswordFile == "") {
		return errors.New("give both a user and a file with the password, or neither")
	}
	if m.cfg.User != "" {
		m.password, err = readSecret(m.cfg.PasswordFile)
	}
	return err
}

func (m *Mail) initServer() error {
	ports := map[TLS]string{StartTLS: "587", Implicit: "465", NoTLS: "25"}
	if ports[m.cfg.TLS] == "" {
		return fmt.Errorf("unknown TLS policy %q: use starttls, implicit or none", m.cfg.TLS)
	}
	host, port, err := net.SplitHostPort(m.cfg.Server)
	if err != nil {
		host, port = strings.Trim(m.cfg.Server, "[]"), ports[m.cfg.TLS]
	}
	if n, err := strconv.Atoi(port); host == "" || err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("%q is not a host, or a host and a port", m.cfg.Server)
	}
	if m.cfg.TLS == NoTLS && !isLoopback(host) {
		return errors.New("without TLS everybody on the way could read alerts: use starttls or implicit")
	}
	m.host, m.port = host, port
	return nil
}

func (m *Mail) initAddresses() error {
	from, err := mail.ParseAddress(m.cfg.From)
	if err != nil {
		return fmt.Errorf("the sender %q is not an e-mail address", m.cfg.From)
	}
	m.domain = from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	if len(m.cfg.To) == 0 {
		return errors.New("it has no recipient")
	}
	for _, to := range m.cfg.To {
		if _, err := mail.ParseAddress(to); err != nil {
			return fmt.Errorf("the recipient %q is not an e-mail address", to)
		}
	}
	return nil
}

// Name implements alert.Sink.
func (m *Mail) Name() string { return m.name }

// Deliver implements alert.Sink.
func (m *Mail) Deliver(ctx context.Context, a *alert.Alert) error {
	msg, err := m.message(a)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, m.cfg.Timeout)
	defer cancel()
	client, err := m.client(ctx)
	if err != nil {
		return err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return brief(err)
	}
	err = client.Send(msg)
	_ = client.Close() // the message is accepted, or is not
	if msg.IsDelivered() {
		return nil
	}
	if err == nil {
		err = errors.New("the server did not accept the message")
	}
	return brief(err)
}

// brief returns an error with a text that can be logged: servers write texts too.
func brief(err error) error { return errors.New(alert.OneLine(err.Error(), 300)) }

// client returns a client for one delivery.
func (m *Mail) client(ctx context.Context) (*gomail.Client, error) {
	port, err := strconv.Atoi(m.port)
	if err != nil {
		return nil, err
	}
	tlsConfig := &tls.Config{}
	if m.cfg.TLSConfig != nil {
		tlsConfig = m.cfg.TLSConfig.Clone()
	}
	tlsConfig.ServerName = m.host
	tlsConfig.MinVersion = tls.VersionTLS12
	policy := gomail.NoTLS // or it is encrypted already
	if m.cfg.TLS == StartTLS {
		policy = gomail.TLSMandatory
	}
	options := []gomail.Option{
		gomail.WithPort(port), gomail.WithTimeout(m.cfg.Timeout), gomail.WithTLSPolicy(policy),
		gomail.WithTLSConfig(tlsConfig), gomail.WithoutNoop(), gomail.WithDialContextFunc(m.dial(ctx, tlsConfig)),
	}
	if m.cfg.User != "" {
		options = append(options, gomail.WithUsername(m.cfg.User), gomail.WithPassword(m.password), gomail.WithSMTPAuth(m.auth()))
	}
	return gomail.NewClient(m.host, options...)
}

// auth returns how to authenticate.
func (m *Mail) auth() gomail.SMTPAuthType {
	switch m.cfg.TLS {
	case Implicit:
		return gomail.SMTPAuthPlain // go-mail does not know that it is encrypted
	case NoTLS:
		return gomail.SMTPAuthPlainNoEnc
	}
	return gomail.SMTPAuthAutoDiscover
}

// dial connects in a way that bounds what the server can make a client read, and how
// long it can make it wait: go-mail has neither bound for a whole delivery.
func (m *Mail) dial(delivery context.Context, config *tls.Config) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		dialed, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(delivery, func() { dialed.Close() })
		conn := &boundedConn{Conn: dialed}
		if m.cfg.TLS != Implicit {
			return conn, nil
		}
		encrypted := tls.Client(conn, config)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		return encrypted, nil
	}
}

// boundedConn is a connection of which at most maxMailBytes are read.
type boundedConn struct {
	net.Conn
	read atomic.Int64
}

var errTooMuch = errors.New("the server has sent too much")

// Read implements net.Conn.
func (c *boundedConn) Read(p []byte) (int, error) {
	if c.read.Load() >= maxMailBytes {
		return 0, errTooMuch
	}
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// message returns the e-mail of an alert. It is the same whenever it is sent again.
func (m *Mail) message(a *alert.Alert) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(msg.From(m.cfg.From), msg.To(m.cfg.To...)); err != nil {
		return nil, err
	}
	msg.SetMessageIDWithValue("ghostlight-" + a.ID + "@" + m.domain)
	msg.SetDateWithValue(a.RaisedAt)
	msg.Subject(alert.OneLine(subject(a), maxSubject))
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Ghostlight-Alert-ID", a.ID)
	msg.SetGenHeader("X-Ghostlight-Severity", alert.OneLine(string(a.Severity), maxSubject))
	if a.Resolves != "" {
		msg.SetGenHeader("In-Reply-To", "<ghostlight-"+alert.OneLine(a.Resolves, maxSubject)+"@"+m.domain+">")
	}
	msg.SetBodyString(gomail.TypeTextPlain, body(a))
	return msg, nil
}

// maxSubject is the most bytes of a header.
const maxSubject = 250

func subject(a *alert.Alert) string {
	where := a.Directory
	if where == "" {
		where = "this monitor"
	}
	return fmt.Sprintf("[ghostlight] %s: %s: %s", a.Severity, where, a.Summary)
}

func body(a *alert.Alert) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", a.Summary)
	if a.Detail != "" {
		fmt.Fprintf(&b, "%s\n\n", a.Detail)
	}
	if a.Hint != "" {
		fmt.Fprintf(&b, "What to do: %s\n\n", a.Hint)
	}
	for _, line := range [][2]string{
		{"state", string(a.State)}, {"rule", string(a.Rule)}, {"class", string(a.Class)},
		{"severity", string(a.Severity)}, {"directory", a.Directory}, {"role", a.Role},
		{"found", a.FoundAt.Format(time.RFC3339)}, {"raised", a.RaisedAt.Format(time.RFC3339)},
		{"evidence", a.Evidence}, {"sha256", a.EvidenceSHA256}, {"alert", a.ID}, {"resolves", a.Resolves},
	} {
		if line[1] != "" {
			fmt.Fprintf(&b, "%-10s %s\n", line[0], line[1])
		}
	}
	fmt.Fprintf(&b, "\nSeen? ktmon ack %s\n", a.ID)
	return b.String()
}
