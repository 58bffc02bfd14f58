package client

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// CredentialReport is what a round of monitoring found out about a provisional
// credential that was received and is not verified finally.
type CredentialReport struct {
	SHA256  string  `json:"credential_sha256"`
	Label   string  `json:"label,omitempty"`
	Version uint32  `json:"version"`
	Verdict Verdict `json:"verdict"`
	// Finding is the name of Kind.
	Finding string `json:"finding"`
	// Err is why there is no result, or what misbehaviour was proven.
	Err error `json:"-"`
	// Evidence is the path of the evidence file, if one was written.
	Evidence string `json:"evidence,omitempty"`
}

// Kind returns what the report asks of the user.
func (r *CredentialReport) Kind() Kind { return KindOf(r.Err) }

// watchCredentials verifies received credentials finally as far as possible. What
// is retained of credentials goes when they have expired and nothing remains to be
// verified.
func (s *session) watchCredentials(ctx context.Context) []CredentialReport {
	ids, err := s.heldIDs()
	if err != nil {
		return []CredentialReport{newCredentialReport("", nil, fail(Operational, "listing credentials", err))}
	}
	var out []CredentialReport
	for _, id := range ids {
		h, err := s.held(id)
		if err == nil && h == nil {
			continue
		}
		if err == nil && (h.made || !h.final.IsZero()) {
			if s.expired(h) {
				_ = os.Remove(s.credentialPath(id)) // the next round tries again
			}
			continue
		}
		if err == nil {
			err = s.watchCredential(ctx, h)
		}
		out = append(out, newCredentialReport(id, h, err))
	}
	return out
}

// expired reports whether a credential relies on a log entry that is not recent
// any more.
func (s *session) expired(h *heldCredential) bool {
	return s.state.recent.At(h.credential.Position) == nil
}

func (s *session) watchCredential(ctx context.Context, h *heldCredential) error {
	if err := s.finish(h); err != nil || !h.final.IsZero() || !s.expired(h) {
		return err
	}
	// SPEC: If a user initially verifies a provisional credential and is unable to
	// finally verify it before the credential expires, the user MUST attempt to
	// obtain and verify a CredentialUpdate from the Transparency Log directly.
	_, err := s.fetchUpdate(ctx, h)
	if err == nil || KindOf(err) == Misbehaved || errors.Is(err, errNetwork) || isCanceled(err) {
		return err
	}
	e := fail(Attention, "verifying an expired credential finally", fmt.Errorf(
		"neither its sender nor the directory has proven that version %d stayed in the log: %w", h.credential.Version, err))
	e.Hint = "the directory may have shown its sender, or you, something that it took back: keep " + s.credentialPath(h.id()) + " and ask the label's owner"
	return e
}

func newCredentialReport(id string, h *heldCredential, err error) CredentialReport {
	r := CredentialReport{SHA256: id, Err: err, Verdict: VerdictOf(err)}
	if h != nil {
		r.Label, r.Version = string(h.credential.Label), h.credential.Version
		if err == nil {
			r.Verdict = h.result().Verdict
		}
	}
	var e *Error
	if errors.As(err, &e) {
		r.Evidence = e.Evidence
	}
	r.Finding = r.Kind().String()
	return r
}
