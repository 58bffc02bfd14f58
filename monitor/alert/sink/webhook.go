package sink

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
)

// WebhookConfig says where a Webhook is. URL and SecretFile are required.
type WebhookConfig struct {
	URL string
	// SecretFile has the secret that signatures are made with: "whsec_" and 24 to 64
	// bytes in base64.
	SecretFile string
	// AllowHTTP permits http to other machines. It is permitted to this one anyway.
	AllowHTTP bool
	// Timeout bounds a request, 30 seconds by default.
	Timeout time.Duration
	// Transport is a clone of http.DefaultTransport by default.
	Transport http.RoundTripper
	// Now is the time in signatures, time.Now by default.
	Now func() time.Time
}

// maxResponse is the most bytes that are read of a response's header, and of its body.
const maxResponse = 64 << 10

// Webhook posts each alert, private form, signed as Standard Webhooks says: the header
// webhook-id is the alert's ID. Every 2xx status says that the receiver has it.
// Redirects are not followed.
type Webhook struct {
	name   string
	url    string
	signer *standardwebhooks.Webhook
	client *http.Client
	now    func() time.Time
}

// NewWebhook returns a sink that posts to a URL.
func NewWebhook(name string, cfg WebhookConfig) (*Webhook, error) {
	if err := checkURL(cfg.URL, cfg.AllowHTTP); err != nil {
		return nil, fmt.Errorf("sink %s: %w", name, err)
	}
	signer, err := newSigner(cfg.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("sink %s: %w", name, err)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxResponseHeaderBytes = maxResponse
		cfg.Transport = t
	}
	return &Webhook{name: name, url: cfg.URL, signer: signer, now: cfg.Now, client: &http.Client{
		Transport:     cfg.Transport,
		Timeout:       cfg.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func checkURL(text string, allowHTTP bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return errors.New("its URL cannot be parsed")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return errors.New("its URL must begin with https://")
	case allowHTTP || isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("its URL begins with http://, so that everybody on the way could read alerts: use https")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func newSigner(file string) (*standardwebhooks.Webhook, error) {
	text, err := readSecret(file)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil, fmt.Errorf("%s must have a secret of 24 to 64 bytes, whsec_ and base64; make one with: echo whsec_$(head -c 32 /dev/urandom | base64)", file)
	}
	return standardwebhooks.NewWebhookRaw(key)
}

// readSecret returns the first and only line of a file.
func readSecret(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	defer file.Close()
	const max = 4096
	data, err := io.ReadAll(io.LimitReader(file, max+1))
	if err != nil {
		return "", fmt.Errorf("reading the secret: %w", err)
	}
	text := strings.TrimRight(string(data), "\r\n")
	if len(data) > max || text == "" || strings.ContainsAny(text, "\r\n\x00") {
		return "", &fs.PathError{Op: "reading the secret", Path: path, Err: errors.New("it is not one line")}
	}
	return text, nil
}

// Name implements alert.Sink.
func (w *Webhook) Name() string { return w.name }

// Deliver implements alert.Sink.
func (w *Webhook) Deliver(ctx context.Context, a *alert.Alert) error {
	body := a.Line()
	now := w.now()
	signature, err := w.signer.Sign(a.ID, now, body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the request cannot be made")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "ghostlight-ktmon")
	req.Header.Set(standardwebhooks.HeaderWebhookID, a.ID)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	resp, err := w.client.Do(req)
	if err != nil {
		// URLs of webhooks can have secrets in them.
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("the receiver answered %d", resp.StatusCode)
	}
	// The status decides. A short body is read so that the connection can be used
	// again.
	if resp.ContentLength >= 0 && resp.ContentLength <= maxResponse {
		_, _ = io.CopyN(io.Discard, resp.Body, maxResponse)
	}
	return nil
}
