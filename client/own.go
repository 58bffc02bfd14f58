package client

import (
	"context"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
)

// OwnResult is the state of an owned label.
type OwnResult struct {
	Label string `json:"label"`
	// TakenOver tells that the label was not owned before.
	TakenOver bool `json:"taken_over"`
	// Greatest is the greatest version that the owner knows, nil if the label
	// has none, and Value describes it, if that is known.
	Greatest *uint32 `json:"greatest_version"`
	Value    *Value  `json:"value,omitempty"`
	// VerifiedUpTo is the rightmost distinguished log entry verified.
	VerifiedUpTo uint64       `json:"verified_up_to_log_entry"`
	Unexpected   []Unexpected `json:"unexpected,omitempty"`
	Ledger       []LedgerLine `json:"ledger"`
	// Account is what the account key says of the greatest version, nil if the label
	// has none.
	Account *AccountStatus `json:"account,omitempty"`
	Head    Head           `json:"head"`
	Verdict Verdict        `json:"verdict"`
	// Witness is nil without a witness policy, and from Accept.
	Witness *Witnessed `json:"witness,omitempty"`
}

// LedgerLine is a version that the owner made or accepted.
type LedgerLine struct {
	Version uint32 `json:"version"`
	Entry
}

// Kind returns what the result asks of the user.
func (r *OwnResult) Kind() Kind {
	if len(r.Unexpected) > 0 {
		return Attention
	}
	return r.Witness.Kind()
}

// Own makes the client an owner of a label, if it is not yet, and monitors it
// up to the log's present state. The versions that exist when a label is taken
// over are accepted: look at Value to see whether they are right.
func (c *Client) Own(ctx context.Context, label string) (*OwnResult, error) {
	if err := checkLabel(label); err != nil {
		return nil, err
	}
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	o := s.state.owners[label]
	taken := o == nil || !o.ready
	w, err := s.conclude(ctx, s.watchOwner(ctx, label))
	if err != nil {
		return nil, err
	}
	r := s.ownResult(label, w)
	r.TakenOver = taken
	return r, nil
}

// Accept takes an unexpected version of an owned label into the ledger: from now
// on the owner answers for it. The error is of kind Usage if there is none. It
// contacts nobody, so it finds out nothing new about the log.
func (c *Client) Accept(ctx context.Context, label string, version uint32) (*OwnResult, error) {
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	next := s.state.clone()
	o := next.ownerOf(label)
	if o == nil {
		e := usage("the label is not owned")
		e.Hint = "take ownership with: kt own LABEL"
		return nil, e
	}
	for i, u := range o.unexpected {
		if u.Version != version {
			continue
		}
		o.ledger[version] = Entry{u.Value.SHA256, HowAccepted, stamp(s.cfg.Now())}
		o.unexpected = append(o.unexpected[:i], o.unexpected[i+1:]...)
		next.owners[label] = o
		if err := s.store(next); err != nil {
			return nil, err
		}
		r := s.ownResult(label, nil)
		r.Verdict = s.notAsked(r.Verdict)
		return r, nil
	}
	return nil, usage("version %d is not one that is waiting to be accepted", version)
}

// notAsked returns the verdict on what rests on log entries that may be pending, if
// nothing was asked about them.
func (s *session) notAsked(v Verdict) Verdict {
	in := s.state.inForce()
	if in == nil || len(in.pending) == 0 || v.Outcome != OutcomeVerified && v.Outcome != OutcomeMonitored {
		return v
	}
	return verdict(OutcomeMonitored, "%s; whether the public log has everything that this rests on was not asked: kt watch does", v.Reason)
}

func (s *session) ownResult(label string, w *Witnessed) *OwnResult {
	o := s.state.owners[label]
	r := &OwnResult{
		Label: label, Greatest: o.monitor.Greatest(), VerifiedUpTo: o.monitor.Start, Unexpected: o.unexpected,
		Ledger: []LedgerLine{}, Head: headOf(s.state.view), Verdict: w.qualify(o.verdict()), Witness: w,
	}
	if o.last != nil {
		r.Value = &o.last.value
	}
	if o.account != nil {
		r.Account = o.account.describe(nil)
	}
	j := ownerToJSON(label, o)
	for _, l := range j.Ledger {
		r.Ledger = append(r.Ledger, LedgerLine(l))
	}
	return r
}

// verdict sums up what monitoring has found.
func (o *owner) verdict() Verdict {
	v := o.monitoringVerdict()
	if o.account != nil && o.account.Announced != nil {
		v.Reason += fmt.Sprintf("; version %d announces the account key %v", o.account.Version, o.account.Announced)
	}
	return v
}

func (o *owner) monitoringVerdict() Verdict {
	greatest := o.monitor.Greatest()
	switch n := len(o.unexpected); {
	case n == 1:
		return verdict(OutcomeChanged, "version %d is not one that you published or accepted", o.unexpected[0].Version)
	case n > 1:
		return verdict(OutcomeChanged, "%d versions, the first is %d, are not ones that you published or accepted", n, o.unexpected[0].Version)
	case greatest == nil:
		return verdict(OutcomeVerified, "the label has no version up to log entry %d", o.monitor.Start)
	case o.group != nil && !o.monitored():
		return verdict(OutcomeVerified, "up to log entry %d, no version exists but those that members of the group made, and that you know of; the greatest is %d", o.monitor.Start, *greatest)
	case o.monitored():
		return verdict(OutcomeMonitored, "version %d is in the log; kt watch has yet to find it in a distinguished log entry", *greatest)
	}
	return verdict(OutcomeVerified, "up to log entry %d, no version but yours exists; the greatest is %d", o.monitor.Start, *greatest)
}

// monitored reports whether versions wait for a distinguished entry.
func (o *owner) monitored() bool { return len(o.monitor.Created) > 0 || len(o.monitor.Contact.Map) > 0 }

// String describes an unexpected version in a line.
func (u *Unexpected) String() string {
	when := "at an unknown time"
	if !u.EntryTime.IsZero() {
		when = "on " + u.EntryTime.Format(time.RFC3339)
	}
	return fmt.Sprintf("version %d, created by log entry %d %s%s", u.Version, u.Position, when, u.accountText())
}

// accountText says what the label's account key says of an unexpected version.
func (u *Unexpected) accountText() string {
	switch {
	case u.Group != "":
		return ", NOT made by a member of the group"
	case u.Account == nil:
		return ""
	}
	switch u.Account.Status {
	case account.Signed:
		return ", signed by your account key"
	case account.Rotated:
		return ", with another account key, signed by yours"
	case account.Unsigned:
		return ", NOT signed by your account key"
	case account.Announced:
		return ", which announces another account key without yours"
	case account.Reset:
		return ", an IDENTITY RESET: it has another account key, made without yours"
	case account.Established:
		return ", the first with an account key"
	}
	return ", with an account key of which it is not known whether it follows from yours"
}
