package vectors

import (
	"errors"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// NotRecent is the kind of refusal of a credential, or an update, that relies on
// a distinguished entry which its receiver does not know.
const NotRecent = "not-recent"

// Credential is a credential, perhaps with an update that verifies it finally,
// and what its receiver makes of it.
type Credential struct {
	Name string `json:"name"`
	// Of names the case that this one is a copy of, but for what it has itself.
	Of  string `json:"of,omitempty"`
	Log string `json:"log,omitempty"`
	// Recent are the heads at the recent distinguished entries that the receiver
	// retains when the credential comes, Later those when the update comes.
	Recent     []*View `json:"recent,omitempty"`
	Later      []*View `json:"later,omitempty"`
	Credential Hex     `json:"credential,omitempty"`
	Update     Hex     `json:"credential_update,omitempty"`
	// Edits are applied to the credential of the case that Of names, UpdateEdits to
	// its update.
	Edits       []Edit           `json:"edits,omitempty"`
	UpdateEdits []Edit           `json:"credential_update_edits,omitempty"`
	Expect      CredentialExpect `json:"expect"`
}

// CredentialExpect is what a credential establishes, or the kind of refusal.
type CredentialExpect struct {
	Refusal string  `json:"refusal,omitempty"`
	Label   Hex     `json:"label,omitempty"`
	Version *uint32 `json:"version,omitempty"`
	Value   *Hex    `json:"value,omitempty"`
	// View and Terminal are those of a provisional credential's log and search.
	View     *View   `json:"view,omitempty"`
	Terminal *uint64 `json:"terminal,omitempty"`
	// Final is the position of the distinguished entry that the update leads to.
	Final *uint64 `json:"final_at,omitempty"`
}

// ResolveCredentials is Resolve for credentials.
func ResolveCredentials(cases []Credential) ([]Credential, error) {
	byName := make(map[string]*Credential)
	out := make([]Credential, len(cases))
	for i, c := range cases {
		if base := byName[c.Of]; base != nil {
			var err error
			if c.Credential, err = Apply(c.Edits, base.Credential); err != nil {
				return nil, err
			}
			if c.Update, err = Apply(c.UpdateEdits, base.Update); err != nil {
				return nil, err
			}
			c.Log, c.Later = base.Log, base.Later
			if c.Recent == nil {
				c.Recent = base.Recent
			}
		} else if c.Of != "" {
			return nil, errors.New(c.Name + ": there is no case " + c.Of)
		}
		out[i] = c
		byName[c.Name] = &out[i]
	}
	return out, nil
}

func recent(views []*View) (out keytrans.Recent) {
	for _, v := range views {
		out = append(out, v.Keytrans())
	}
	return out
}

// Verify does what a receiver does with a resolved case.
func (c *Credential) Verify(configuration []byte) (CredentialExpect, error) {
	var out CredentialExpect
	cfg, err := keytrans.ParseConfiguration(configuration)
	if err != nil {
		return out, err
	}
	verifier, err := keytrans.NewVerifier(cfg)
	if err != nil {
		return out, err
	}
	parsed, err := keytrans.ParseCredential(cfg, c.Credential)
	if err != nil {
		return out, err
	}
	r, err := verifier.Credential(recent(c.Recent), parsed)
	if err != nil {
		return out, err
	}
	value := Hex(r.Value.Value)
	out.Label, out.Version, out.Value = r.Label, &r.Version, &value
	if r.Provisional == nil {
		return out, nil
	}
	out.Terminal = &r.Provisional.Terminal.Position
	if out.View, err = NewView(r.Provisional.View); err != nil || len(c.Update) == 0 {
		return out, err
	}
	u, err := keytrans.ParseCredentialUpdate(c.Update)
	if err != nil {
		return CredentialExpect{}, err
	}
	final, err := verifier.CredentialUpdate(r.Provisional, recent(c.Later), u)
	if err != nil {
		return CredentialExpect{}, err
	}
	out.Final = &final
	return out, nil
}

// CredentialRefusal returns the kind of Verify's error.
func CredentialRefusal(err error) string {
	if errors.Is(err, keytrans.ErrNotRecent) {
		return NotRecent
	}
	return Refusal(err)
}
