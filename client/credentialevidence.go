package client

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

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
	e := s.newEvidence(EvidenceCredential, m.Error(), exchange{label: string(c.Label)})
	e.Credential = &credentialEvidenceJSON{Credential: encoded, Base: viewToJSON(base), Update: update, Recent: []*viewJSON{}}
	for _, v := range s.state.recent {
		e.Credential.Recent = append(e.Credential.Recent, viewToJSON(v))
	}
	return s.accuse(e, verifyingCredential, m)
}

// checkCredentialView holds what a credential shows of the log against what this
// client retains. The error is of kind Misbehaved.
func (s *session) checkCredentialView(p *keytrans.Provisional, c *keytrans.Credential, base *keytrans.View) error {
	for _, v := range append([]*keytrans.View{s.state.view}, s.state.recent...) {
		if what := p.Contradicts(v); what != nil {
			m := &keytrans.Misbehaviour{Err: fmt.Errorf("the credential shows another log than this client was shown: %w", what)}
			return s.accuseCredential(m, c, base, nil)
		}
	}
	return nil
}

// checkCredentialSeen holds a verified credential against what this client saw of
// the label before: a commitment never changes. The error is of kind Misbehaved.
func (s *session) checkCredentialSeen(r *keytrans.CredentialResult, c *keytrans.Credential, base *keytrans.View) error {
	contact := s.state.contacts[string(r.Label)]
	if contact == nil {
		return nil
	}
	err := contact.seen.check(&seen{version: r.Version, commitment: r.Commitment}, false)
	if err == nil {
		return nil
	}
	return s.credentialRejected(err, c, base, nil)
}
