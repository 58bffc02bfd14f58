package vectors

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// The kinds of refusal.
const (
	Malformed         = "malformed"
	Proof             = "proof"
	Signature         = "signature"
	Time              = "time"
	Auditor           = "auditor"
	NoVersion         = "no-version"
	Expired           = "expired"
	Start             = "start"
	UnexpectedVersion = "unexpected-version"
	Misbehaviour      = "misbehaviour"
)

// kinds are the kinds of refusal by what a verifier's error wraps. Of two that
// apply it is the first: an auditor's signature is one of the auditor's matters.
var kinds = []struct {
	is   error
	kind string
}{
	{keytrans.ErrMalformed, Malformed}, {keytrans.ErrAuditor, Auditor}, {keytrans.ErrProof, Proof},
	{keytrans.ErrSignature, Signature}, {keytrans.ErrTime, Time}, {keytrans.ErrNoVersion, NoVersion},
	{keytrans.ErrVersionExpired, Expired}, {keytrans.ErrStart, Start}, {keytrans.ErrUnexpectedVersion, UnexpectedVersion},
}

// Refusal returns the kind of a verifier's error, its text if it has none.
func Refusal(err error) string {
	var m *keytrans.Misbehaviour
	if errors.As(err, &m) {
		return Misbehaviour
	}
	for _, k := range kinds {
		if errors.Is(err, k.is) {
			return k.kind
		}
	}
	return err.Error()
}

// Case is a request, a response to it, and what a user makes of that.
type Case struct {
	Name string `json:"name"`
	// Of names the case that this one is a copy of, but for what it has itself.
	Of       string `json:"of,omitempty"`
	Log      string `json:"log,omitempty"`
	Clock    uint64 `json:"clock,omitempty"` // in milliseconds
	State    *State `json:"state,omitempty"`
	Request  Hex    `json:"request,omitempty"`
	Response Hex    `json:"response,omitempty"`
	// Edits are applied to the response of the case that Of names.
	Edits  []Edit `json:"edits,omitempty"`
	Expect Expect `json:"expect"`
}

// State is what the user has retained before: Contact for contact-monitor, Owner
// for owner-monitor and update.
type State struct {
	View    *View    `json:"view"`
	Contact *Contact `json:"contact,omitempty"`
	Owner   *Owner   `json:"owner,omitempty"`
}

// Expect is what the response establishes, or the kind of refusal. Nothing is
// retained of a response that is refused.
type Expect struct {
	Refusal string `json:"refusal,omitempty"`
	View    *View  `json:"view,omitempty"`

	// Of a search.
	Version   *uint32 `json:"version,omitempty"`
	Value     *Hex    `json:"value,omitempty"`
	Signature Hex     `json:"value_signature,omitempty"`
	Terminal  *uint64 `json:"terminal,omitempty"`
	Monitor   *bool   `json:"must_monitor,omitempty"`

	// Contact is the state after contact-monitor, Owner after the operations of
	// owners.
	Contact  *Contact `json:"contact,omitempty"`
	Owner    *Owner   `json:"owner,omitempty"`
	Complete *bool    `json:"complete,omitempty"` // of owner-monitor

	// Greatest is that of an absence, absent if the label has no version.
	Greatest *uint32  `json:"greatest,omitempty"`
	Answers  []Answer `json:"answers,omitempty"` // of a batch

	Updates   []Update `json:"updates,omitempty"`
	Positions []uint64 `json:"positions,omitempty"` // of distinguished
}

// Update is what one UpdateResponse tells.
type Update struct {
	Position  uint64 `json:"position"`
	First     uint32 `json:"first_version"`
	Skipped   uint32 `json:"skipped,omitempty"`
	Values    []Hex  `json:"values"`
	Requested bool   `json:"requested,omitempty"`
}

// Answer is what one answer of a batch tells.
type Answer struct {
	Kind     uint8   `json:"kind"`
	Version  *uint32 `json:"version,omitempty"`
	Value    *Hex    `json:"value,omitempty"`
	Greatest *uint32 `json:"greatest,omitempty"`
}

// Operations are the user operations, by their names in the HTTP binding and in
// the names of files.
var Operations = map[string]func(*user) (Expect, error){
	"search": (*user).search, "contact-monitor": (*user).contactMonitor, "owner-init": (*user).ownerInit,
	"owner-monitor": (*user).ownerMonitor, "update": (*user).update, "distinguished": (*user).distinguished,
	"absence": (*user).absence, "batch": (*user).batch,
}

// OperationNames returns the keys of Operations in order.
func OperationNames() []string { return slices.Sorted(maps.Keys(Operations)) }

// Resolve returns the cases of an operation's file with all that they share with
// the cases they are copies of.
func Resolve(cases []Case) ([]Case, error) {
	byName := make(map[string]*Case)
	out := make([]Case, len(cases))
	for i, c := range cases {
		if base := byName[c.Of]; c.Of != "" {
			if base == nil {
				return nil, fmt.Errorf("%s: there is no case %s before it", c.Name, c.Of)
			}
			if err := c.inherit(base); err != nil {
				return nil, fmt.Errorf("%s: %w", c.Name, err)
			}
		}
		if byName[c.Name] != nil {
			return nil, fmt.Errorf("two cases are named %s", c.Name)
		}
		out[i] = c
		byName[c.Name] = &out[i]
	}
	return out, nil
}

func (c *Case) inherit(base *Case) (err error) {
	if c.Log == "" {
		c.Log = base.Log
	}
	if c.Clock == 0 {
		c.Clock = base.Clock
	}
	if c.State == nil {
		c.State = base.State
	}
	if c.Request == nil {
		c.Request = base.Request
	}
	switch {
	case c.Edits != nil:
		c.Response, err = Apply(c.Edits, base.Response)
	case c.Response == nil:
		c.Response = base.Response
	}
	return err
}

// Verify does what a user of the operation does with a resolved case's response,
// under the log's encoded Configuration. Errors are of the kinds of Refusal.
func (c *Case) Verify(operation string, configuration []byte) (Expect, error) {
	cfg, err := keytrans.ParseConfiguration(configuration)
	if err != nil {
		return Expect{}, err
	}
	verifier, err := keytrans.NewVerifier(cfg)
	if err != nil {
		return Expect{}, err
	}
	u := &user{
		cfg: cfg, verifier: verifier, state: c.State, view: c.State.View.Keytrans(),
		request: c.Request, response: c.Response, now: time.UnixMilli(int64(c.Clock)),
	}
	return Operations[operation](u)
}
