package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// PublishOptions say how to publish.
type PublishOptions struct {
	// Token is the credential, if the directory asks for one.
	Token string
	// Force makes a new version even if the value is the present one.
	Force bool
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
	Head       Head         `json:"head"`
	Verdict    Verdict      `json:"verdict"`
	// Witness is nil without a witness policy.
	Witness *Witnessed `json:"witness,omitempty"`
}

// Kind returns what the result asks of the user.
func (r *PublishResult) Kind() Kind {
	if len(r.Unexpected) > 0 {
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
	p := &publication{session: s, label: label, value: value, description: describeValue(value), opt: opt}
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
	value       []byte
	description Value
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
		unexpected, err := p.learn(ctx, p.label)
		if err != nil {
			return nil, err
		}
		if len(unexpected) > 0 {
			return p.stopped(), nil
		}
	}
	if len(p.state.owners[p.label].unexpected) > 0 {
		return p.stopped(), nil // until the owner has accepted them
	}
	if sent && !p.isPending() && p.isPresent() {
		return p.result(true, "an earlier attempt, whose answer was lost, had published it"), nil
	}
	if p.isPresent() && !p.opt.Force {
		return p.result(false, "this is the present value already; no new version was made"), nil
	}
	return p.send(ctx)
}

// isPresent reports whether the value is that of the greatest version known.
func (p *publication) isPresent() bool {
	last := p.state.owners[p.label].last
	return last != nil && last.value.SHA256 == p.description.SHA256
}

// isPending reports whether the value was sent with an unknown outcome.
func (p *publication) isPending() bool {
	return slices.ContainsFunc(p.state.owners[p.label].pending, func(x Pending) bool {
		return x.ValueSHA256 == p.description.SHA256
	})
}

// send sends the update, and once more if the directory first tells of versions
// that turn out to be the owner's own.
func (p *publication) send(ctx context.Context) (*PublishResult, error) {
	const attempts = 2
	for range attempts {
		if last := p.state.owners[p.label].last; last != nil {
			p.before = &last.value
		}
		if err := p.setPending(true); err != nil {
			return nil, err
		}
		u := p.updateRequest(p.label, [][]byte{p.value})
		err := p.update(ctx, u, p.opt.Token)
		switch {
		case err != nil:
			return nil, p.unknown(err)
		case u.created || !p.isPending():
			return p.result(true, ""), nil
		}
		// The directory disregarded the value.
		if err := p.setPending(false); err != nil {
			return nil, err
		}
		if len(u.unexpected) > 0 {
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
	sum := p.description.SHA256
	o.pending = slices.DeleteFunc(o.pending, func(x Pending) bool { return x.ValueSHA256 == sum })
	if on {
		o.pending = append(o.pending, Pending{sum, stamp(p.cfg.Now())})
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
	if published && p.before != nil {
		changes := DiffValues(p.before, p.description)
		r.Changes = &changes
	}
	if reason != "" && len(o.unexpected) == 0 {
		r.Verdict.Reason = reason
	}
	return r
}
