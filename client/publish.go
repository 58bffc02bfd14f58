package client

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/group"
)

// PublishOptions say how to publish.
type PublishOptions struct {
	// Token is the credential, if the directory asks for one.
	Token string
	// Force makes a new version even if the value is the present one.
	Force bool
	// Account signs the version, which must be a key set, with the label's account key
	// (package account). A label that has none gets this one. What is published for the
	// same place may be signed more than once.
	Account crypto.Signer
	// PreviousAccount is the label's account key until now, if Account is to take its
	// place.
	PreviousAccount crypto.Signer
}

// PublishResult is the outcome of Publish.
type PublishResult struct {
	Label string `json:"label"`
	// Published tells that this call, or an earlier one of which the outcome
	// was not known, made the version.
	Published bool `json:"published"`
	// Version is the greatest version now, nil if there is none.
	Version *uint32 `json:"version"`
	Value   Value   `json:"value"`
	// Changes are those from the version before, if that was known.
	Changes    *Changes     `json:"changes,omitempty"`
	Unexpected []Unexpected `json:"unexpected,omitempty"`
	// Answered are versions that the owner did not make and the account key did not
	// sign, which the version that was published takes the place of. They are not
	// reported again.
	Answered []Unexpected `json:"answered,omitempty"`
	// Account is what the account key says of the greatest version, nil if the label
	// has none.
	Account *AccountStatus `json:"account,omitempty"`
	Head    Head           `json:"head"`
	Verdict Verdict        `json:"verdict"`
	// Witness is nil without a witness policy.
	Witness *Witnessed `json:"witness,omitempty"`
}

// Kind returns what the result asks of the user.
func (r *PublishResult) Kind() Kind {
	if len(r.Unexpected)+len(r.Answered) > 0 {
		return Attention
	}
	return r.Witness.Kind()
}

// maxPendingValues bounds how many values of unknown fate are remembered.
const maxPendingValues = 8

// Publish makes a new version of a label. The client becomes its owner first, if
// it is not yet. If the directory tells of versions that the owner does not
// know, nothing is published, and the result says which. If the value is the
// label's present one, there is no new version.
//
// When the answer to an update is lost, the outcome is unknown and the error of
// kind Undecided. Publishing the same value again settles it and does not make a
// second version.
//
// Once the label has an account key, nothing is published without it. With it, versions
// that the owner does not know and the account key did not sign keep nobody from
// publishing: what is published then takes their place, and the result names them.
//
// Under a witness policy the result says whether the witnesses have seen the
// version; if they have not in time, its Kind is Undecided, and the version is
// published all the same.
func (c *Client) Publish(ctx context.Context, label string, value []byte, opt PublishOptions) (*PublishResult, error) {
	if err := checkLabel(label); err != nil {
		return nil, err
	}
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	return s.publish(ctx, label, value, opt, signing{by: opt.Account, previous: opt.PreviousAccount})
}

// publish is Publish with what account keys have to do with it.
func (s *session) publish(ctx context.Context, label string, value []byte, opt PublishOptions, g signing) (*PublishResult, error) {
	p := &publication{session: s, label: label, value: value, description: describeValue(value), signing: g, opt: opt}
	var err error
	if p.content, err = g.content(value); err != nil {
		return nil, err
	}
	if group.Is(value) {
		e := usage("this is a version of a group, which is published by itself")
		e.Hint = "see kt group"
		return nil, e
	}
	r, err := p.run(ctx)
	w, err := s.concludeWaiting(ctx, err)
	switch {
	case err != nil && r != nil && r.Published:
		return nil, published(r, err)
	case err != nil:
		return nil, err
	}
	r.Witness, r.Verdict = w, w.qualify(r.Verdict)
	if r.Published && r.Kind() == Undecided {
		r.Verdict.Reason = fmt.Sprintf("version %d is published, but %s", *r.Version, r.Verdict.Reason)
	}
	return r, nil
}

// published adds to an error of what came after a publication that this stands.
func published(r *PublishResult, err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.Err = fmt.Errorf("version %d was published, but: %w", *r.Version, e.Err)
	}
	return err
}

// publication is one call of Publish.
type publication struct {
	*session
	label       string
	value       []byte // without signature
	content     Pending
	description Value
	signing     signing
	opt         PublishOptions
	before      *Value // of the version before
}

func (p *publication) run(ctx context.Context) (*PublishResult, error) {
	o := p.state.owners[p.label]
	sent := false // earlier, with an unknown outcome
	switch {
	case o == nil || !o.ready:
		if err := p.takeOver(ctx, p.label); err != nil {
			return nil, err
		}
	case len(o.pending) > 0 || p.isPresent():
		sent = p.isPending()
		if _, err := p.learn(ctx, p.label); err != nil {
			return nil, err
		}
	}
	if p.state.owners[p.label].group != nil {
		e := usage("the label is that of a group, which keys must not take the place of")
		e.Hint = "use another label for keys"
		return nil, e
	}
	if p.blocked() {
		return p.stopped(), nil // until the owner has accepted them
	}
	if sent && !p.isPending() && p.isPresent() {
		return p.answered(p.result(true, "an earlier attempt, whose answer was lost, had published it"))
	}
	if p.isPresent() && !p.opt.Force {
		return p.answered(p.result(false, "this is the present value already; no new version was made"))
	}
	return p.send(ctx)
}

// isPresent reports whether the value is that of the greatest version known.
func (p *publication) isPresent() bool {
	o := p.state.owners[p.label]
	if p.content.Body == nil {
		return o.last != nil && o.last.value.SHA256 == p.content.ValueSHA256
	}
	return o.account.has(p.content)
}

// isPending reports whether the value was sent with an unknown outcome.
func (p *publication) isPending() bool {
	return slices.ContainsFunc(p.state.owners[p.label].pending, p.content.same)
}

// send sends the update, and once more if the directory first tells of versions
// that turn out to be the owner's own.
func (p *publication) send(ctx context.Context) (*PublishResult, error) {
	const attempts = 2
	for range attempts {
		o := p.state.owners[p.label]
		if o.last != nil {
			p.before = &o.last.value
		}
		if err := p.signing.permit(o); err != nil {
			return nil, err
		}
		value, err := p.signing.sign(p.label, p.value, o)
		if err != nil {
			return nil, err
		}
		p.description = describeValue(value)
		if err := p.setPending(true); err != nil {
			return nil, err
		}
		u := p.updateRequest(p.label, [][]byte{value})
		err = p.update(ctx, u, p.opt.Token)
		switch {
		case err != nil:
			return nil, p.unknown(err)
		case u.created || !p.isPending():
			return p.answered(p.result(true, ""))
		}
		// The directory disregarded the value.
		if err := p.setPending(false); err != nil {
			return nil, err
		}
		if p.blocked() {
			return p.stopped(), nil
		}
	}
	return nil, fail(Undecided, "publishing", fmt.Errorf(
		"others create versions of the label at the same time: after %d attempts nothing was published", attempts))
}

// setPending remembers durably that the value is being sent, or that it was not
// taken.
func (p *publication) setPending(on bool) error {
	next := p.state.clone()
	o := next.ownerOf(p.label)
	o.pending = slices.DeleteFunc(o.pending, p.content.same)
	if on {
		sending := p.content
		sending.At = stamp(p.cfg.Now())
		o.pending = append(o.pending, sending)
		o.pending = o.pending[max(0, len(o.pending)-maxPendingValues):]
	}
	next.owners[p.label] = o
	return p.store(next)
}

// unknown returns the error for an update without a verified response.
func (p *publication) unknown(err error) error {
	if settled(err) {
		if err := p.setPending(false); err != nil {
			return err
		}
		return err
	}
	if e, ok := err.(*Error); ok && (e.Kind == Undecided || e.Kind == Operational) {
		e.Hint = "it is not known whether the version was made: publish the same value again, which finds out first"
	}
	return err
}

// stopped is the result if there are versions that the owner does not know.
func (p *publication) stopped() *PublishResult {
	r := p.result(false, "")
	r.Verdict.Reason += "; nothing was published"
	return r
}

func (p *publication) result(published bool, reason string) *PublishResult {
	o := p.state.owners[p.label]
	r := &PublishResult{
		Label: p.label, Published: published, Version: o.monitor.Greatest(), Value: p.description,
		Unexpected: o.unexpected, Head: headOf(p.state.view), Verdict: o.verdict(),
	}
	if o.account != nil {
		r.Account = o.account.describe(nil)
	}
	if published && p.before != nil {
		changes := DiffValues(p.before, p.description)
		r.Changes = &changes
	}
	if reason != "" && len(o.unexpected) == 0 {
		r.Verdict.Reason = reason
	}
	return r
}

// blocked reports whether there are versions that the owner does not know, and that
// what is to be published is no answer to: all but those that the account key, which
// signs it, did not sign.
func (p *publication) blocked() bool {
	o := p.state.owners[p.label]
	answer := p.signing.by != nil && p.signing.permit(o) == nil
	return slices.ContainsFunc(o.unexpected, func(u Unexpected) bool { return !answer || !u.unsigned() })
}

// unsigned reports whether the version was made without the label's account key, and
// leaves that the account key.
func (u *Unexpected) unsigned() bool {
	return u.Account != nil && (u.Account.Status == account.Unsigned || u.Account.Status == account.Announced)
}

// answered completes the result of what is the greatest version now: versions that are
// answered by it are known from now on.
func (p *publication) answered(r *PublishResult) (*PublishResult, error) {
	next := p.state.clone()
	o := next.ownerOf(p.label)
	if len(o.unexpected) == 0 {
		return r, nil
	}
	for _, u := range o.unexpected {
		o.ledger[u.Version] = Entry{u.Value.SHA256, HowAnswered, stamp(p.cfg.Now())}
	}
	o.unexpected, r.Answered, r.Unexpected = nil, o.unexpected, nil
	r.Verdict = o.verdict()
	r.Verdict.Reason += fmt.Sprintf("; it takes the place of %d that you did not publish and your account key did not sign", len(r.Answered))
	next.owners[p.label] = o
	return r, p.store(next)
}
