package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// CredentialOptions say which credential to make.
type CredentialOptions struct {
	// Provisional makes a provisional credential also where a standard one is
	// possible: for a receiver who may not know of the newest distinguished log
	// entry yet.
	Provisional bool
}

// MadeCredential is the outcome of CreateCredential.
type MadeCredential struct {
	Label   string `json:"label"`
	Version uint32 `json:"version"`
	// Type is "standard" or "provisional".
	Type string `json:"type"`
	// Position is that of the distinguished log entry that the credential relies
	// on. Its receivers have to know that entry.
	Position uint64    `json:"position"`
	Time     time.Time `json:"position_time"`
	// Terminal is the log entry in which a provisional credential's search ends.
	Terminal *uint64 `json:"terminal,omitempty"`
	// File is the credential as it is handed out.
	File    []byte  `json:"file"`
	Head    Head    `json:"head"`
	Verdict Verdict `json:"verdict"`
	// Witness is nil without a witness policy.
	Witness *Witnessed `json:"witness,omitempty"`
}

// Kind returns what the result asks of the user.
func (r *MadeCredential) Kind() Kind { return r.Witness.Kind() }

const makingCredential = "making the credential"

// maxCredentialAttempts bounds how often it is tried to get a credential and the
// client's own view to the same state of a log that grows meanwhile.
const maxCredentialAttempts = 8

// CreateCredential makes a credential of the greatest version of a label that this
// client owns or has looked up: a standard one if the newest distinguished log
// entry has the version, and a provisional one if not.
//
// What a provisional credential shows of the log is of the client's own log, at
// the same size with the same root. It is retained, for UpdateCredential.
func (c *Client) CreateCredential(ctx context.Context, label string, opt CredentialOptions) (*MadeCredential, error) {
	if err := checkLabel(label); err != nil {
		return nil, err
	}
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	if s.state.contacts[label] == nil && s.state.owners[label] == nil {
		e := usage("this client neither owns the label nor has looked it up")
		e.Hint = "look it up first: kt lookup"
		return nil, e
	}
	var r *MadeCredential
	for i := 0; i < maxCredentialAttempts && err == nil && r == nil; i++ {
		r, err = s.makeCredential(ctx, label, opt)
	}
	if err == nil && r == nil {
		e := fail(Undecided, makingCredential, errors.New("the log grew with every attempt"))
		e.Hint = "try again"
		err = e
	}
	w, err := s.conclude(ctx, err)
	if err != nil {
		return nil, err
	}
	r.Witness, r.Head, r.Verdict = w, headOf(s.state.view), w.qualify(r.Verdict)
	return r, nil
}

// makeCredential tries to make a credential. The result is nil if the log has
// grown meanwhile, so that it has to be tried again.
func (s *session) makeCredential(ctx context.Context, label string, opt CredentialOptions) (*MadeCredential, error) {
	if _, err := s.distinguished(ctx); err != nil {
		return nil, err
	}
	f, err := s.search(ctx, label, nil, func(next *state, f *found) error {
		if next.contacts[label] == nil {
			return nil // an owner monitors anyway
		}
		c := next.contactOf(label)
		if err := c.observe(f, s.verifier.Configuration().MaximumLifetime, s.cfg.Now()); err != nil {
			return err
		}
		next.contacts[label] = c
		return nil
	})
	if err != nil {
		return nil, err
	}
	if f.Monitor || opt.Provisional {
		return s.makeProvisional(ctx, f)
	}
	c, err := keytrans.NewStandardCredential([]byte(label), f.SearchResult, f.response)
	if err != nil {
		return nil, fail(Undecided, makingCredential, err)
	}
	base := s.state.recent.At(c.Position)
	if base == nil {
		return nil, nil
	}
	if _, err := s.verifier.Credential(s.state.recent, c); err != nil {
		return nil, fail(Undecided, makingCredential, err)
	}
	encoded, err := c.Marshal(s.verifier.Configuration())
	if err != nil {
		return nil, fail(Operational, makingCredential, err)
	}
	return s.made(s.newHeld(c, encoded, base))
}

// makeProvisional makes a provisional credential of a label that was just looked
// up. It relies on the newest distinguished entry before the version was found.
func (s *session) makeProvisional(ctx context.Context, f *found) (*MadeCredential, error) {
	i := -1
	for j, v := range s.state.recent {
		if v.Head.TreeSize <= f.Terminal {
			i = j
		}
	}
	if i < 0 {
		e := fail(Undecided, makingCredential, errors.New("the directory has no recent distinguished log entry before the version"))
		e.Hint = "a standard credential can be made as soon as a distinguished log entry has the version: without --provisional"
		return nil, e
	}
	base := s.state.recent[i]
	c, r, err := s.searchFrom(ctx, base, f.label)
	if err != nil || c == nil {
		return nil, err
	}
	// The view that the credential shows must be this client's own.
	if r.Provisional.View.Head.TreeSize > s.state.view.Head.TreeSize {
		if _, err := s.distinguished(ctx); err != nil {
			return nil, err
		}
	}
	encoded, err := c.Marshal(s.verifier.Configuration())
	if err != nil {
		return nil, fail(Operational, makingCredential, err)
	}
	h := s.newHeld(c, encoded, base)
	h.made, h.provisional = true, r.Provisional
	if err := s.checkCredentialView(h); err != nil {
		return nil, err
	}
	if r.Provisional.View.Head.TreeSize != s.state.view.Head.TreeSize || r.Version != f.Version {
		return nil, nil
	}
	return s.made(h)
}

// searchFrom searches for a label as somebody whose last view was base does. The
// credential is nil if there is none to be made now.
func (s *session) searchFrom(ctx context.Context, base *keytrans.View, label string) (*keytrans.Credential, *keytrans.CredentialResult, error) {
	q := &keytrans.SearchRequest{Last: base.Last(), Label: []byte(label)}
	x := exchange{operation: operationSearch, label: label, view: base}
	var err error
	if x.request, err = q.Marshal(); err != nil {
		return nil, nil, fail(Operational, makingCredential, err)
	}
	x.response, err = s.transport.do(ctx, call{method: http.MethodPost, path: "/v1/search", body: x.request})
	if err != nil {
		return nil, nil, s.refused(ctx, x, err)
	}
	p, err := keytrans.ParseSearchResponse(s.verifier.Configuration(), q, x.response)
	if err != nil {
		return nil, nil, s.rejected(ctx, x, err)
	}
	c, r, err := s.verifier.ProvisionalCredential(base, s.state.view.AuditorTreeHead, q, p, s.cfg.Now())
	var m *keytrans.Misbehaviour
	switch {
	case errors.As(err, &m):
		return nil, nil, s.contradiction(ctx, x, m)
	case errors.Is(err, keytrans.ErrNoCredential):
		return nil, nil, nil
	case err != nil:
		return nil, nil, s.rejected(ctx, x, err)
	}
	return c, r, nil
}

// made describes a credential, and retains it if it is provisional.
func (s *session) made(h *heldCredential) (*MadeCredential, error) {
	c, p := h.credential, h.provisional
	r := &MadeCredential{
		Label: string(c.Label), Version: c.Version, Type: c.Type.String(), Position: c.Position,
		Time: entryTime(h.base.Rightmost().Timestamp),
	}
	var err error
	if r.File, err = (&credentialJSON{Format: credentialFormat, Credential: h.encoded}).encode(s); err != nil {
		return nil, fail(Operational, makingCredential, err)
	}
	if p == nil {
		r.Verdict = verdict(OutcomeVerified, "distinguished log entry %d has version %d as the greatest: whoever knows that entry can verify the credential", c.Position, c.Version)
		return r, nil
	}
	r.Terminal = &p.Terminal.Position
	r.Verdict = verdict(OutcomeMonitored, "version %d is in log entry %d, to the right of distinguished log entry %d: receivers verify the credential finally when a distinguished log entry covers that",
		c.Version, p.Terminal.Position, c.Position)
	held, err := s.held(h.id())
	if err != nil || held != nil {
		return r, err
	}
	return r, s.hold(h)
}
