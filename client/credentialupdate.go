package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// UpdateCredential verifies the update of a provisional credential, without asking
// anybody. If it comes before this client knows the distinguished log entry that
// it leads to, it waits with the credential. credential is the file of that one;
// it may be nil if the credential was verified before.
func (c *Client) UpdateCredential(ctx context.Context, update, credential []byte) (*CredentialResult, error) {
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	j, err := s.readCredentialFile(update, true)
	if err != nil {
		return nil, err
	}
	var h *heldCredential
	if credential != nil {
		var r *CredentialResult
		if r, h, err = s.verifyCredential(credential); err != nil {
			return nil, err
		}
		if r.SHA256 != j.CredentialSHA256 {
			return nil, usage("the update is of another credential")
		}
	} else if h, err = s.held(j.CredentialSHA256); err != nil {
		return nil, err
	}
	if h == nil {
		e := usage("this client has not verified a provisional credential that the update is of")
		e.Hint = "give the credential, too, with --credential FILE"
		return nil, e
	}
	if err := s.receiveUpdate(h, j.Update); err != nil {
		return nil, err
	}
	r := h.result()
	if err := s.state.contactOf(r.Label).account.refuseCredential(r); err != nil {
		return nil, err
	}
	return r, nil
}

func (s *session) receiveUpdate(h *heldCredential, encoded []byte) error {
	const step = "verifying the update of the credential"
	if err := s.finish(h); err != nil || !h.final.IsZero() {
		return err
	}
	err := s.verifyUpdate(h, encoded)
	var m *keytrans.Misbehaviour
	switch {
	case err == nil:
		h.final, h.queue = stamp(s.cfg.Now()), nil
	case errors.As(err, &m):
		return s.credentialRejected(err, h, encoded)
	case errors.Is(err, keytrans.ErrNotRecent) && slices.ContainsFunc(h.queue, func(u []byte) bool { return bytes.Equal(u, encoded) }):
		return nil // it waits already
	case errors.Is(err, keytrans.ErrNotRecent) && len(h.queue) < maxQueuedUpdates:
		h.queue = append(h.queue, encoded)
	default:
		e := fail(Undecided, step, err)
		e.Hint = "ask the sender for another update, or the directory itself with: kt credential update CREDENTIAL --fetch"
		return e
	}
	return s.hold(h)
}

// CredentialUpdateResult is the outcome of FetchCredentialUpdate.
type CredentialUpdateResult struct {
	// File is the update as it is handed out.
	File []byte `json:"file"`
	CredentialResult
}

// FetchCredentialUpdate gets the update of a provisional credential from the
// directory, and verifies the credential finally with it: for a sender, who hands
// the update out, and for a receiver who got none. The directory learns that
// somebody has the credential. The error is of kind Undecided if no distinguished
// log entry covers the credential's version yet.
//
// If a distinguished log entry has become known in which the credential's search
// ended, it needs no update: File is nil.
func (c *Client) FetchCredentialUpdate(ctx context.Context, credential []byte) (*CredentialUpdateResult, error) {
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	_, h, err := s.verifyCredential(credential)
	if err != nil {
		return nil, err
	}
	if h == nil {
		return nil, usage("the credential is a standard one, which needs no update")
	}
	if _, err := s.distinguished(ctx); err != nil {
		return nil, err
	}
	update, err := s.fetchUpdate(ctx, h)
	if err != nil {
		return nil, err
	}
	r := &CredentialUpdateResult{CredentialResult: *h.result()}
	if update == nil {
		return r, nil
	}
	r.File, err = (&credentialJSON{Format: credentialUpdateFormat, CredentialSHA256: h.id(), Update: update}).encode(s)
	return r, err
}

// fetchUpdate gets a credential's update and verifies the credential finally. It
// returns nil if that takes no update.
func (s *session) fetchUpdate(ctx context.Context, h *heldCredential) ([]byte, error) {
	const step = "asking for the update of the credential"
	if err := s.finish(h); err != nil {
		return nil, err
	}
	if s.state.recent.At(h.provisional.Terminal.Position) != nil {
		return nil, nil
	}
	q, err := h.provisional.UpdateRequest(h.credential.Label, s.state.recent)
	if err != nil {
		e := fail(Undecided, step, fmt.Errorf("no distinguished log entry covers the version yet: %w", err))
		e.Hint = "try again later: there is one for every reasonable monitoring window"
		return nil, e
	}
	request, err := q.Marshal()
	if err != nil {
		return nil, fail(Operational, step, err)
	}
	x := exchange{operation: "credential-update", request: request}
	x.response, err = s.transport.do(ctx, call{method: http.MethodPost, path: "/v1/credential-update", body: request})
	var p *Problem
	if errors.As(err, &p) && p.lacksOperation() {
		e := fail(Undecided, step, fmt.Errorf("the directory does not provide updates of credentials: %w", err))
		e.Hint = "a new credential, which its sender makes now, takes no update"
		return nil, e
	}
	if err != nil {
		return nil, s.refused(ctx, x, err)
	}
	if err := s.verifyUpdate(h, x.response); err != nil {
		return nil, s.credentialRejected(err, h, x.response)
	}
	if h.final.IsZero() {
		h.final, h.queue = stamp(s.cfg.Now()), nil
	}
	return x.response, s.hold(h)
}
