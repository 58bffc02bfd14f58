package vantage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// errPeer is wrapped by errors for what no monitor answers.
var errPeer = errors.New("this is not what a monitor answers")

// errNoSuch says that a peer does not monitor the directory.
var errNoSuch = errors.New("it does not monitor this directory, or has nothing of it yet")

// peer compares what another monitor was shown, and reports whether it could. What a
// peer says is held against the directory only as far as that has signed it.
func (c *collector) peer(ctx context.Context, base string, own *checkpoint.Signed) bool {
	cfg := &c.role.cfg
	ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	data, err := c.fetch(ctx, base)
	if errors.Is(err, errNoSuch) {
		return false
	}
	var shown *document
	if err == nil {
		shown, err = parseDocument(data)
	}
	if err == nil && shown.ConfigurationSHA256 != c.role.hash {
		err = fmt.Errorf("%w: it is about another configuration", errPeer)
	}
	if err != nil {
		c.peerError(base, err)
		return false
	}
	compared := c.peerHeads(ctx, base, shown)
	if shown.Checkpoint == "" || c.role.policy == nil {
		return compared
	}
	served, err := c.role.policy.Open([]byte(shown.Checkpoint))
	if err != nil {
		c.peerError(base, err)
		return false
	}
	return c.compareCheckpoint(ctx, "another monitor's checkpoint", c.role.source, own, served) && compared
}

// peerHeads compares the heads that a peer was shown.
func (c *collector) peerHeads(ctx context.Context, base string, shown *document) bool {
	result, err := c.role.cfg.Client.CompareHeads(ctx, shown.Heads)
	switch {
	case client.KindOf(err) == client.Misbehaved:
		c.proven(err)
		return true
	case isCanceled(err):
		return false
	case client.KindOf(err) == client.Operational:
		c.failed("heads could not be compared because something on this machine failed", err)
		return false
	case err != nil:
		c.peerError(base, err)
		return false
	case result.Kind() == client.Attention:
		c.add(finding.Finding{
			Rule: finding.HeadsDiffer, Class: finding.Report, Severity: finding.Warning, Subject: base, Condition: true,
			Summary: "another monitor tells of heads that contradict those that were shown here, and that the directory has not signed",
			Detail:  base + ": " + result.Verdict.Reason, Hint: result.Hint,
		})
	}
	return result.Kind() == 0
}

// peerError says that a peer is of no use.
func (c *collector) peerError(base string, err error) {
	if isCanceled(err) && errors.Is(err, context.Canceled) {
		return
	}
	f := finding.Finding{
		Rule: finding.Unreachable, Class: finding.Report, Severity: finding.Warning, Subject: base, Condition: true, After: c.role.cfg.Unreachable,
		Summary: "another monitor was not reached", Detail: base + ": " + err.Error(), Hint: "ask those who run it, or remove it from peers",
	}
	if errors.Is(err, errPeer) || client.KindOf(err) == client.Undecided {
		f.Rule, f.Summary = finding.Refused, "what another monitor says is of no use, which is no fault of the directory"
	}
	c.add(f)
}

// fetch returns what a peer says.
func (c *collector) fetch(ctx context.Context, base string) ([]byte, error) {
	target := strings.TrimRight(base, "/") + "/gossip/" + c.role.hash
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", c.role.cfg.UserAgent)
	through := *c.role.cfg.HTTP
	through.Jar = nil
	through.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := through.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return nil, errNoSuch
	case resp.StatusCode >= 500:
		return nil, fmt.Errorf("it answers %s", resp.Status)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: %s", errPeer, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, MaxGossip+1))
	if err == nil && len(data) > MaxGossip {
		err = fmt.Errorf("%w: it has more than %d bytes", errPeer, MaxGossip)
	}
	return data, err
}
