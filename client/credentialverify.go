package client

import (
	"context"
	"errors"
	"fmt"
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
	// Newer is a newer version of the label that this client has seen, if it has.
	Newer *uint32 `json:"newer_version_seen,omitempty"`
	// SHA256 is that of the encoded credential, in hexadecimal.
	SHA256  string  `json:"credential_sha256"`
	Verdict Verdict `json:"verdict"`
}

const verifyingCredential = "verifying the credential"

// VerifyCredential verifies a credential against the recent distinguished heads
// that this client retains, without asking anybody. Nothing is changed but what is
// retained of the credential itself, if it is provisional.
//
// If lookups have shown the label's account key, a version that it did not sign is
// refused, as far as what is retained shows that: the error is ErrUnsigned.
//
// The error is of kind Undecided if the credential does not verify, or relies on a
// log entry that this client does not know as a recent distinguished one.
func (c *Client) VerifyCredential(ctx context.Context, file []byte) (*CredentialResult, error) {
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	r, h, err := s.verifyCredential(file)
	if err != nil {
		return nil, err
	}
	if h != nil && s.expired(h) {
		// That it was verified in time is no reason to rely on it now. It is held
		// until it is verified finally all the same.
		return nil, s.credentialRejected(fmt.Errorf("%w: position %d", keytrans.ErrNotRecent, r.Position), h, nil)
	}
	if err := s.state.contactOf(r.Label).account.refuseCredential(r); err != nil {
		return nil, err
	}
	if c := s.state.contacts[r.Label]; c != nil && c.seen != nil && c.seen.version > r.Version {
		r.Newer = &c.seen.version
	}
	return r, nil
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
		h = s.newHeld(c, encoded, s.state.recent.At(c.Position))
		r, err := s.verifier.Credential(s.state.recent, c)
		if err != nil {
			return nil, nil, s.credentialRejected(err, h, nil)
		}
		if err := s.checkCredentialSeen(r, h); err != nil {
			return nil, nil, err
		}
		if h.provisional = r.Provisional; h.provisional == nil {
			return standardResult(c, encoded, h.base), nil, nil
		}
		if err := s.checkCredentialView(h); err != nil {
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
	// The client may have been shown more of the log since.
	if err := s.checkCredentialView(h); err != nil {
		return err
	}
	final, err := h.provisional.Final(s.state.recent)
	if err != nil {
		return s.credentialRejected(err, h, nil)
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
			return s.credentialRejected(err, h, encoded)
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

// credentialRejected returns the error for a credential or an update that does
// not verify. update is nil if it is the credential itself.
func (s *session) credentialRejected(err error, h *heldCredential, update []byte) error {
	var m *keytrans.Misbehaviour
	if errors.As(err, &m) {
		return s.accuseCredential(m, h, update)
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
