package client

import (
	"bytes"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// accuseCredential writes the evidence that a credential is. Nothing is asked of the
// directory for it.
func (s *session) accuseCredential(m *keytrans.Misbehaviour, h *heldCredential, update []byte) error {
	label := string(h.credential.Label)
	e := s.newEvidence(evidence.Credential, m.Error(), exchange{})
	e.Credential = &evidence.CredentialParts{
		Credential: h.encoded, Base: evidence.NewView(h.base, nil), Update: update, Recent: []*evidence.View{},
	}
	if !bytes.Equal(h.configuration, s.state.configuration) {
		e.Credential.Configuration = h.configuration
	}
	for _, v := range s.state.recent {
		e.Credential.Recent = append(e.Credential.Recent, evidence.NewView(v, nil))
	}
	if k, err := s.kept(""); err == nil && k != nil {
		e.Credential.Distinguished = s.present(k.Exchange)
	}
	if !proves(e) {
		e.Earlier = s.earlier(label)
	}
	return s.accuse(e, verifyingCredential, label, m)
}

// checkCredentialView holds what a provisional credential shows of the log against what this
// client retains. The error is of kind Misbehaved.
func (s *session) checkCredentialView(h *heldCredential) error {
	for _, v := range append([]*keytrans.View{s.state.view}, s.state.recent...) {
		if what := h.provisional.Contradicts(v); what != nil {
			m := &keytrans.Misbehaviour{Err: fmt.Errorf("the credential shows another log than this client was shown: %w", what)}
			return s.accuseCredential(m, h, nil)
		}
	}
	return nil
}

// checkCredentialSeen holds a verified credential against what this client saw of
// the label before: a commitment never changes. The error is of kind Misbehaved.
func (s *session) checkCredentialSeen(r *keytrans.CredentialResult, h *heldCredential) error {
	contact := s.state.contacts[string(r.Label)]
	if contact == nil {
		return nil
	}
	err := contact.check(&seen{version: r.Version, commitment: r.Commitment}, false)
	if err == nil {
		return nil
	}
	return s.credentialRejected(err, h, nil)
}
