package client

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// credentialEvidenceJSON is a credential that an honest log cannot have made, and
// what it was verified against.
type credentialEvidenceJSON struct {
	Credential []byte `json:"credential"`
	// Configuration is what the credential's head is signed under, if the log had
	// another auditor then.
	Configuration []byte `json:"configuration,omitempty"`
	// Base is the log that ends with the credential's position.
	Base   *viewJSON `json:"base"`
	Update []byte    `json:"update,omitempty"`
	// Recent are the recent distinguished heads.
	Recent []*viewJSON `json:"recent_distinguished"`
}

// accuseCredential writes the evidence that a credential is.
func (s *session) accuseCredential(m *keytrans.Misbehaviour, h *heldCredential, update []byte) error {
	e := s.newEvidence(EvidenceCredential, m.Error(), exchange{label: string(h.credential.Label)})
	e.Credential = &credentialEvidenceJSON{Credential: h.encoded, Base: viewToJSON(h.base), Update: update, Recent: []*viewJSON{}}
	if !bytes.Equal(h.configuration, s.state.configuration) {
		e.Credential.Configuration = h.configuration
	}
	for _, v := range s.state.recent {
		e.Credential.Recent = append(e.Credential.Recent, viewToJSON(v))
	}
	return s.accuse(e, verifyingCredential, m)
}

// same reports whether other is evidence of the same credential and update. Heads
// that became known since add nothing.
func (e *credentialEvidenceJSON) same(other *credentialEvidenceJSON) bool {
	return other != nil && bytes.Equal(e.Credential, other.Credential) && bytes.Equal(e.Configuration, other.Configuration) &&
		bytes.Equal(e.Update, other.Update) && reflect.DeepEqual(e.Base, other.Base)
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
	err := contact.seen.check(&seen{version: r.Version, commitment: r.Commitment}, false)
	if err == nil {
		return nil
	}
	return s.credentialRejected(err, h, nil)
}
