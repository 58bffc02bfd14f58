package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// CredentialParts are a credential that an honest log cannot have made, and what it
// was verified against.
type CredentialParts struct {
	Credential []byte `json:"credential"`
	// Configuration is what the credential's head is signed under, if the log had
	// another auditor then.
	Configuration []byte `json:"configuration,omitempty"`
	// Base is the log that ends with the credential's position. It is not signed.
	Base   *View  `json:"base"`
	Update []byte `json:"update,omitempty"`
	// Recent are the recent distinguished heads, which are not signed. Distinguished is
	// the exchange that they follow from, if there is one.
	Recent        []*View   `json:"recent_distinguished"`
	Distinguished *Exchange `json:"distinguished,omitempty"`
}

// same reports whether other are the same credential and update. Heads that became
// known since add nothing.
func (c *CredentialParts) same(other *CredentialParts) bool {
	return bytes.Equal(c.Credential, other.Credential) && bytes.Equal(c.Configuration, other.Configuration) &&
		bytes.Equal(c.Update, other.Update) && reflect.DeepEqual(c.Base, other.Base)
}

// credentialCheck is the verification of a credential that is evidence.
type credentialCheck struct {
	*CredentialParts
	log, signer *log // now, and of the credential's time
	credential  *keytrans.Credential
	// signed are views that the log has signed, or that follow from what it signed, and
	// recent those of them at distinguished log entries.
	signed []*keytrans.View
	recent keytrans.Recent
	// base is Base, and proven tells that it is in recent, too.
	base   *keytrans.View
	proven bool
}

func (e *Evidence) verifyCredential() (*Proof, error) {
	l, err := openLog(e.Configuration)
	if err != nil {
		return nil, err
	}
	c := &credentialCheck{CredentialParts: e.Credential, log: l}
	if c.signer, err = l.under(c.Configuration); err != nil {
		return nil, err
	}
	if c.credential, err = keytrans.ParseCredential(c.signer.cfg, c.Credential); err != nil {
		return nil, err
	}
	if e.RetainedView.TreeSize > 0 {
		v, err := l.signedView(e.RetainedView, e.RetainedConfiguration)
		if err != nil {
			return nil, err
		}
		c.signed = append(c.signed, v)
	}
	p, err := c.openRecent()
	if p != nil || err != nil {
		return p, err
	}
	r, err := c.signer.verifier.Credential(keytrans.Recent{c.base}, c.credential)
	if p := broken(err); p != nil && c.proven {
		return p, nil
	} else if err != nil {
		return nil, err
	}
	return c.compare(e, r)
}

// openRecent replays the exchange that the recent distinguished heads follow from, and
// finds the log that the credential relies on.
func (c *credentialCheck) openRecent() (*Proof, error) {
	c.base = c.Base.Keytrans()
	if c.Distinguished == nil {
		return nil, nil
	}
	signer, view, err := c.log.open(c.Distinguished)
	if err == nil && c.Distinguished.Operation != operationDistinguished {
		err = fmt.Errorf("they do not follow from %s", c.Distinguished.Operation)
	}
	if err != nil {
		return nil, fmt.Errorf("the recent distinguished heads: %w", err)
	}
	r, err := signer.replayDistinguished(view, c.Distinguished.Request, c.Distinguished.Response)
	if p := broken(err); p != nil {
		return p, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the recent distinguished heads: %w", err)
	}
	c.recent, c.signed = r.Recent, append(append(c.signed, r.View), r.Recent...)
	if v := c.recent.At(c.credential.Position); v != nil {
		c.base, c.proven = v, true
	}
	return nil, nil
}

// compare holds a credential that verifies against all else.
func (c *credentialCheck) compare(e *Evidence, r *keytrans.CredentialResult) (*Proof, error) {
	if p := r.Provisional; p != nil {
		for _, v := range c.signed {
			if what := p.Contradicts(v); what != nil {
				return &Proof{Rule: ruleAppendOnly, Found: fmt.Sprintf("the log has signed a credential and a head, and %v", what)}, nil
			}
		}
	}
	if !c.proven {
		return nil, fmt.Errorf("%w: nothing proves the head that the credential relies on", ErrReport)
	}
	if c.Update != nil && r.Provisional != nil {
		u, err := keytrans.ParseCredentialUpdate(c.Update)
		if err != nil {
			return nil, err
		}
		_, err = c.signer.verifier.CredentialUpdate(r.Provisional, c.recent, u)
		var m *keytrans.Misbehaviour
		if errors.As(err, &m) {
			return &Proof{Rule: ruleKeeps, Found: m.Err.Error()}, nil
		}
	}
	if e.Earlier != nil {
		earlier, err := c.log.replayExchange(e.Earlier, nil)
		if err != nil {
			return nil, fmt.Errorf("the earlier exchange: %w", err)
		}
		if found := c.log.compare(earlier, []answer{c.answer(r)}); found != nil {
			return &Proof{Rule: ruleKeeps, Found: found.Error()}, nil
		}
	}
	return nil, e.remembered("the credential contradicts nothing that the directory signed and that is in the file")
}

// answer returns what a verified credential says of its label.
func (c *credentialCheck) answer(r *keytrans.CredentialResult) answer {
	view := c.base
	if r.Provisional != nil {
		view = r.Provisional.View
	}
	return answer{
		label: string(r.Label), size: view.Head.TreeSize, time: view.Rightmost().Timestamp,
		commitments: map[uint32]merkle.Hash{r.Version: r.Commitment}, bounded: true, greatest: &r.Version,
	}
}
