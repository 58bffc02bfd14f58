package client

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// policy is a witness policy and which of its logs is that of the directory. It
// is not modified.
type policy struct {
	*checkpoint.Policy
	text []byte
	log  *checkpoint.Log
	url  string // of the log's checkpoint and tiles, as parseBase returns it
}

// parsePolicy parses the witness policy for a directory. The error says what is
// wrong with it.
func parsePolicy(text []byte, directory string, insecure bool) (*policy, error) {
	parsed, err := checkpoint.ParsePolicy(text)
	if err != nil {
		return nil, err
	}
	p := &policy{Policy: parsed, text: text}
	if p.log, err = logOf(parsed, directory); err != nil {
		return nil, err
	}
	p.url = logURL(directory)
	if p.log.URL != nil {
		if p.url, err = parseBase("the URL of log "+p.log.Origin, p.log.URL.String(), insecure); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// logURL returns where a directory publishes its log.
func logURL(directory string) string { return directory + "/log" }

// logOf returns the log of a policy that is the directory's: the only one, or the
// only one with the URL, or the origin that goes with it, of the directory's log.
//
// It has to be clear. Under a policy of several logs, somebody on the way could
// otherwise show the checkpoint of another one, and make an honest directory look
// as if it had two histories.
func logOf(p *checkpoint.Policy, directory string) (*checkpoint.Log, error) {
	if len(p.Logs) == 0 {
		return nil, errors.New("the policy names no log: it needs the line of the directory's log, 'log VKEY', which its operator publishes")
	}
	if len(p.Logs) == 1 {
		return &p.Logs[0], nil
	}
	want := logURL(directory)
	_, origin, _ := strings.Cut(want, "://")
	var found []*checkpoint.Log
	for i := range p.Logs {
		l := &p.Logs[i]
		at := ""
		if l.URL != nil {
			at, _ = parseBase("", l.URL.String(), true) // what is no base URL is not the wanted one
		}
		if at == want || l.Origin == origin {
			found = append(found, l)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("the policy names %d logs, and %d of them have the URL %s or the origin %s: leave only the log of this directory", len(p.Logs), len(found), want, origin)
	}
	return found[0], nil
}

// open verifies a checkpoint of the directory's log. The error is one of
// checkpoint.Policy.Open.
func (p *policy) open(signed []byte) (*checkpoint.Signed, error) {
	s, err := p.Open(signed)
	if err == nil && s.Log != p.log {
		return nil, fmt.Errorf("%w: it is of the log %s, not of %s", checkpoint.ErrNotSigned, s.Origin, p.log.Origin)
	}
	return s, err
}
