package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// CredentialResult is a verified credential.
type CredentialResult struct {
	Label   string `json:"label"`
	Version uint32 `json:"version"`
	Value   Value  `json:"value"`
	// Bytes is the value itself.
	Bytes []byte `json:"value_bytes"`
	// Type is "standard" or "provisional".
	Type string `json:"type"`
	// Position is that of the distinguished log entry that the credential relies
	// on, and Time its timestamp.
	Position uint64    `json:"position"`
	Time     time.Time `json:"position_time"`
	// Final tells that nothing remains to be verified.
	Final bool `json:"final"`
	// Terminal is the log entry in which a provisional credential's search ends.
	Terminal *uint64 `json:"terminal,omitempty"`
	// Queued tells that an update came before it could be verified.
	Queued bool `json:"queued,omitempty"`
	// SHA256 is that of the encoded credential, in hexadecimal.
	SHA256  string  `json:"credential_sha256"`
	Verdict Verdict `json:"verdict"`
}

const verifyingCredential = "verifying the credential"

// VerifyCredential verifies a credential against the recent distinguished heads
// that this client retains, without asking anybody. Nothing is changed but what is
// retained of the credential itself, if it is provisional.
//
// The error is of kind Undecided if the credential does not verify, or relies on a
// log entry that this client does not know as a recent distinguished one.
func (c *Client) VerifyCredential(ctx context.Context, file []byte) (*CredentialResult, error) {
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	r, _, err := s.verifyCredential(file)
	return r, err
}

// verifyCredential returns what is retained of the credential, too: nil if it is a
// standard one.
func (s *session) verifyCredential(file []byte) (*CredentialResult, *heldCredential, error) {
	c, encoded, err := s.parseCredential(file)
	if err != nil {
		return nil, nil, err
	}
	h, err := s.held(hashHex(encoded))
	if err != nil {
		return nil, nil, err
	}
	if h == nil {
		base := s.state.recent.At(c.Position)
		r, err := s.verifier.Credential(s.state.recent, c)
		if err != nil {
			return nil, nil, s.credentialRejected(err, c, base, nil)
		}
		if r.Provisional == nil {
			return standardResult(c, encoded, base), nil, nil
		}
		h = &heldCredential{encoded: encoded, base: base, at: stamp(s.cfg.Now()), credential: c, provisional: r.Provisional}
		if err := s.checkCredentialView(h.provisional, c, base); err != nil {
			return nil, nil, err
		}
		if err := s.hold(h); err != nil {
			return nil, nil, err
		}
	}
	if err := s.finish(h); err != nil {
		return nil, nil, err
	}
	return h.result(), h, nil
}

func describeCredential(c *keytrans.Credential, encoded []byte, base *keytrans.View) *CredentialResult {
	return &CredentialResult{
		Label: string(c.Label), Version: c.Version, Value: describeValue(c.Value.Value), Bytes: c.Value.Value, Type: c.Type.String(),
		Position: c.Position, Time: entryTime(base.Rightmost().Timestamp), SHA256: hashHex(encoded),
	}
}

func standardResult(c *keytrans.Credential, encoded []byte, base *keytrans.View) *CredentialResult {
	r := describeCredential(c, encoded, base)
	r.Final = true
	r.Verdict = verdict(OutcomeVerified, "version %d is the greatest in distinguished log entry %d, where its owner's monitoring meets it", c.Version, c.Position)
	return r
}

// result describes a provisional credential.
func (h *heldCredential) result() *CredentialResult {
	r := describeCredential(h.credential, h.encoded, h.base)
	terminal := h.provisional.Terminal.Position
	r.Terminal, r.Final, r.Queued = &terminal, !h.final.IsZero(), len(h.queue) > 0
	switch {
	case r.Final:
		r.Verdict = verdict(OutcomeVerified, "version %d, first in log entry %d, is covered by a distinguished log entry, where its owner's monitoring meets it", r.Version, terminal)
	case r.Queued:
		r.Verdict = verdict(OutcomeMonitored, "version %d is in log entry %d, which no distinguished log entry covers that this client knows of; an update of the credential waits for that", r.Version, terminal)
	default:
		r.Verdict = verdict(OutcomeMonitored, "version %d is in log entry %d, which no distinguished log entry covers that this client knows of; the credential's sender has to provide an update then", r.Version, terminal)
	}
	return r
}

// finish verifies a provisional credential finally if that is possible now, and
// stores what came of it.
func (s *session) finish(h *heldCredential) error {
	if !h.final.IsZero() {
		return nil
	}
	final, err := h.provisional.Final(s.state.recent)
	if err != nil {
		return s.credentialRejected(err, h.credential, h.base, nil)
	}
	var queue [][]byte
	for _, encoded := range h.queue {
		if final {
			break
		}
		err := s.verifyUpdate(h, encoded)
		var m *keytrans.Misbehaviour
		switch {
		case errors.As(err, &m):
			return s.credentialRejected(err, h.credential, h.base, encoded)
		case errors.Is(err, keytrans.ErrNotRecent):
			queue = append(queue, encoded)
		}
		final = err == nil
	}
	if !final && len(queue) == len(h.queue) {
		return nil
	}
	if h.queue = queue; final {
		h.queue, h.final = nil, stamp(s.cfg.Now())
	}
	return s.hold(h)
}

func (s *session) verifyUpdate(h *heldCredential, encoded []byte) error {
	u, err := keytrans.ParseCredentialUpdate(encoded)
	if err != nil {
		return err
	}
	_, err = s.verifier.CredentialUpdate(h.provisional, s.state.recent, u)
	return err
}

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
	return h.result(), nil
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
		return s.credentialRejected(err, h.credential, h.base, encoded)
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
	if err != nil {
		return nil, s.refused(ctx, x, err)
	}
	if err := s.verifyUpdate(h, x.response); err != nil {
		return nil, s.credentialRejected(err, h.credential, h.base, x.response)
	}
	if h.final.IsZero() {
		h.final, h.queue = stamp(s.cfg.Now()), nil
	}
	return x.response, s.hold(h)
}

// credentialRejected returns the error for a credential or an update that does
// not verify. update is nil if it is the credential itself.
func (s *session) credentialRejected(err error, c *keytrans.Credential, base *keytrans.View, update []byte) error {
	var m *keytrans.Misbehaviour
	if errors.As(err, &m) {
		return s.accuseCredential(m, c, base, update)
	}
	e := fail(Undecided, verifyingCredential, err)
	switch {
	case errors.Is(err, keytrans.ErrNotRecent):
		e.Hint = "the credential has expired, or relies on a log entry that this client has not heard of; kt watch and kt heads keep up with the log. Ask the sender for a new one, made with --provisional if this happens often"
	default:
		e.Hint = "it proves nothing: it is damaged, or forged, or of another log. Ask the sender to send it again"
	}
	return e
}

// credentialEvidenceJSON is a credential that an honest log cannot have made, and
// what it was verified against.
type credentialEvidenceJSON struct {
	Credential []byte `json:"credential"`
	// Base is the log that ends with the credential's position.
	Base   *viewJSON `json:"base"`
	Update []byte    `json:"update,omitempty"`
	// Recent are the recent distinguished heads.
	Recent []*viewJSON `json:"recent_distinguished"`
}

// accuseCredential writes the evidence that a credential is.
func (s *session) accuseCredential(m *keytrans.Misbehaviour, c *keytrans.Credential, base *keytrans.View, update []byte) error {
	encoded, err := c.Marshal(s.verifier.Configuration())
	if err != nil {
		return fail(Operational, verifyingCredential, err)
	}
	e := s.newEvidence(EvidenceCredential, m.Error(), exchange{})
	e.Credential = &credentialEvidenceJSON{Credential: encoded, Base: viewToJSON(base), Update: update, Recent: []*viewJSON{}}
	for _, v := range s.state.recent {
		e.Credential.Recent = append(e.Credential.Recent, viewToJSON(v))
	}
	return s.accuse(e, verifyingCredential, m)
}
