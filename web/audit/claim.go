package audit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// claim is what the Source says of one version of a label. The server has looked at the
// proof that came with it; for a visitor that is no check.
type claim struct {
	Label    string
	Version  uint32
	Greatest bool // it is the greatest version
	Size     uint64
	Terminal uint64  // a log entry that has the version
	Lacking  *uint64 // one before it that has not, nil if none is known
	Monitor  bool

	Value      []byte
	Commitment account.Hash
	KeySet     bool // the value is one
	set        keyset.Set
	Keys       []keyLine
	Account    string // fingerprint of the account key, "" for none
	Announced  string
	AccountErr string // what is wrong with what the version says of an account key
	said       account.Version
}

// Exact tells that the version came in the entry Terminal.
func (c *claim) Exact() bool {
	return c.Terminal == 0 || c.Lacking != nil && *c.Lacking+1 == c.Terminal
}

// keyLine is one key as a page shows it.
type keyLine struct {
	keyset.Description
	Status string // "revoked", "expired" or nothing
	Bad    bool   // not to be used
}

// Warnings are the reasons not to rely on the key.
func (k keyLine) Warnings() string { return strings.Join(k.Weak, ", ") }

// search asks the Source for a version of a label, nil for the greatest.
func (v *View) search(ctx context.Context, name string, version *uint32) (*claim, error) {
	q := &keytrans.SearchRequest{Label: []byte(name), Version: version}
	p, err := v.cfg.Source.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	result, err := v.verifier.Search(&keytrans.View{}, q, p, v.cfg.Now())
	if err != nil {
		return nil, refused(err)
	}
	commitment, err := keytrans.Commit(v.cfg.Source.Configuration().Mode, p.Opening, q.Label, result.Version, result.Value)
	if err != nil {
		return nil, err
	}
	c := &claim{
		Label: name, Version: result.Version, Greatest: version == nil, Size: result.View.Head.TreeSize,
		Terminal: result.Terminal, Lacking: result.Lacking, Monitor: result.Monitor, Value: result.Value.Value, Commitment: account.Hash(commitment),
	}
	c.read(v)
	return c, nil
}

// refused returns what visitors are told when the proof for a claim does not verify: there
// is nothing to claim then.
func refused(err error) error {
	if errors.Is(err, keytrans.ErrTime) {
		return &Problem{Status: http.StatusServiceUnavailable, Title: "The log is not of this time",
			Detail: "Its newest entry is older than users accept, or later than now. They refuse what the directory says in its name, and so does this page."}
	}
	return fmt.Errorf("the proof that the page's source gave does not verify: %w", err)
}

// read takes from the value what can be shown of it.
func (c *claim) read(v *View) {
	set, err := keyset.Parse(c.Value)
	if err != nil {
		c.said = account.Foreign(c.Label, c.Version, c.Commitment)
		return
	}
	c.KeySet, c.set = true, set
	now := v.cfg.Now()
	for _, d := range set.Summary() {
		line := keyLine{Description: d, Status: d.Status(now)}
		line.Bad = line.Status != "" || len(d.Weak) > 0
		c.Keys = append(c.Keys, line)
	}
	c.said, err = account.Read(c.Label, c.Version, c.Commitment, set)
	if err != nil {
		c.AccountErr = err.Error()
	}
	if c.said.Key != nil {
		c.Account = c.said.Key.Fingerprint()
	}
	if c.said.Announced != nil {
		c.Announced = c.said.Announced.Fingerprint()
	}
}

// normalized returns the label that a directory knows a name under, and what about it
// may deceive the eye. The problem says what is wrong, in words.
func normalized(name string) (string, []label.Warning, error) {
	l, err := label.Normalize(name)
	if err != nil {
		return "", nil, badRequest("This cannot be a label: " + strings.TrimPrefix(err.Error(), label.ErrMalformed.Error()+": ") + ".")
	}
	return l, label.Warnings(l), nil
}

// parseVersion reads a version out of a form; nil stands for the greatest.
func parseVersion(text string) (*uint32, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return nil, badRequest("A version is a whole number from 0 to 4294967295, or nothing for the newest.")
	}
	version := uint32(n)
	return &version, nil
}

// problemIn returns the Problem that an error is, for pages that show it themselves: one
// that is about what was asked for.
func problemIn(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) && p.Status < 500 {
		return p
	}
	return nil
}
