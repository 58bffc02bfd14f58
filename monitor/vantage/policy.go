package vantage

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// logPolicy is a witness policy and which of its logs is that of the directory.
type logPolicy struct {
	*checkpoint.Policy
	log *checkpoint.Log
}

// openPolicy parses a policy. It has to be clear which log is meant: otherwise somebody
// on the way could show the checkpoint of another one.
func openPolicy(text []byte, logURL string) (*logPolicy, error) {
	p, err := checkpoint.ParsePolicy(text)
	if err != nil {
		return nil, err
	}
	if len(p.Logs) == 1 {
		return &logPolicy{p, &p.Logs[0]}, nil
	}
	_, origin, _ := strings.Cut(logURL, "://")
	var found []*checkpoint.Log
	for i := range p.Logs {
		l := &p.Logs[i]
		if l.Origin == origin || l.URL != nil && strings.TrimRight(l.URL.String(), "/") == logURL {
			found = append(found, l)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("it names %d logs, and %d of them have the URL or the origin of %s: leave only the log of this directory", len(p.Logs), len(found), logURL)
	}
	return &logPolicy{p, found[0]}, nil
}

var errOtherLog = errors.New("the checkpoint is of another log of the policy")

// check returns an error if a checkpoint is not of the log.
func (p *logPolicy) check(signed *checkpoint.Signed) error {
	if signed.Log != p.log {
		return errOtherLog
	}
	return nil
}

// open verifies a checkpoint of the log, whatever witnesses have signed it.
func (p *logPolicy) open(note []byte) (*checkpoint.Signed, error) {
	signed, err := p.Open(note)
	if err == nil {
		err = p.check(signed)
	}
	if err != nil {
		return nil, err
	}
	return signed, nil
}
