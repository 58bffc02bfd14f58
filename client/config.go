package client

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config says how to reach a directory. The zero Config is usable.
type Config struct {
	// HTTP is the client to use; its CheckRedirect is not. Default: a client
	// with the transport of http.DefaultClient.
	HTTP *http.Client
	// Now is the clock that tree heads are held against. Default: time.Now.
	Now func() time.Time
	// Logger gets debug output, without labels or values. Default: none.
	Logger *slog.Logger
	// UserAgent is sent with every request. Default: "ghostlight-kt".
	UserAgent string
	// Timeout bounds one attempt of one request. Default: 30 s.
	Timeout time.Duration
	// Retries is how many times a request that changes nothing is repeated
	// after a network error or a 503. Default: 3; negative: none.
	Retries int
	// Backoff is the pause before the first repetition; it doubles from one to
	// the next, and a Retry-After header can lengthen it. Default: 300 ms.
	Backoff time.Duration
	// MaxResponse bounds the size of a response in bytes. Default: 64 MiB.
	MaxResponse int64
	// LockWait is how long to wait for another process that uses the same
	// state. Default: 5 s.
	LockWait time.Duration
	// InsecureHTTP permits http to hosts other than this machine. Proofs are
	// verified all the same, but everybody on the way sees the labels.
	InsecureHTTP bool
	// Policy is the witness policy (C2SP tlog-policy) that is in force instead
	// of the stored one for as long as the Client is used; Trust stores it. Without
	// a stored one, what is pending under it, and its last checkpoint, are kept for
	// the next Client that has a policy. Beside another one that is stored, it
	// begins with what that has pending, and its checkpoints are compared within
	// one operation only.
	Policy []byte
	// WitnessDelay is how old a log entry may be before the witnesses have seen it,
	// by its own timestamp or by when the client first had it, whichever is earlier.
	// Default: 10 minutes; negative: none.
	WitnessDelay time.Duration
	// WaitWitnessed is how long Lookup, Publish and Prove wait for the witnesses
	// to see the log entries that their result rests on. Others can use the state
	// meanwhile. Default: they do not wait.
	WaitWitnessed time.Duration

	saveEvery time.Duration // see deferral
	maxHeld   int           // see defaultMaxHeld
}

func (c Config) withDefaults() Config {
	if c.HTTP == nil {
		c.HTTP = &http.Client{}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.UserAgent == "" {
		c.UserAgent = "ghostlight-kt"
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	switch {
	case c.Retries == 0:
		c.Retries = 3
	case c.Retries < 0:
		c.Retries = 0
	}
	if c.Backoff == 0 {
		c.Backoff = 300 * time.Millisecond
	}
	if c.MaxResponse == 0 {
		c.MaxResponse = 64 << 20
	}
	if c.LockWait == 0 {
		c.LockWait = 5 * time.Second
	}
	if c.WitnessDelay == 0 {
		c.WitnessDelay = 10 * time.Minute
	}
	if c.maxHeld == 0 {
		c.maxHeld = defaultMaxHeld
	}
	if c.saveEvery == 0 {
		c.saveEvery = 10 * time.Second
	}
	return c
}

// ParseURL checks the base URL of a directory and returns it in the one form
// that is stored and compared. Plain http is accepted for this machine only,
// unless insecure is set.
func ParseURL(base string, insecure bool) (string, error) {
	return parseBase("the directory's URL", base, insecure)
}

// parseBase checks the base URL of what is called what.
func parseBase(what, base string, insecure bool) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", usage("%s: %v", what, err)
	}
	switch {
	case u.Host == "" || u.Hostname() == "":
		return "", usage("%s %q names no host: it should look like https://keys.example.org", what, base)
	case u.User != nil:
		return "", usage("%s must not contain a user name or a password", what)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", usage("%s %q must end with its path", what, base)
	case u.Scheme == "https":
	case u.Scheme != "http":
		return "", usage("%s %q must begin with https://", what, base)
	case !insecure && !isLoopback(u.Hostname()):
		return "", usage("%s: http to %q would show everybody on the way what you ask for: use https", what, u.Hostname())
	}
	host := strings.ToLower(u.Host)
	if port := u.Port(); port == map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return fmt.Sprintf("%s://%s%s", u.Scheme, host, strings.TrimRight(u.EscapedPath(), "/")), nil
}

// policy returns the configured witness policy for a directory, nil if there is
// none. The error is an *Error.
func (c Config) policy(directory string) (*policy, error) {
	if c.Policy == nil {
		return nil, nil
	}
	p, err := parsePolicy(c.Policy, directory, c.InsecureHTTP)
	if err != nil {
		return nil, usage("the witness policy: %w", err)
	}
	return p, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
