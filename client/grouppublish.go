package client

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// GroupPublishOptions say who publishes a version of a group.
type GroupPublishOptions struct {
	// As is the member who acts, or founds the group, and Account the account key that
	// the group has of them. Both are required.
	As      string
	Account crypto.Signer
	// Token is the credential, if the directory asks for one.
	Token string
}

// GroupChanges are what a member does to a group.
type GroupChanges struct {
	Add, Remove []string // labels
	// NewKey is the actor's new account key, to which the account key of their label
	// was rotated. Nil to go on with the old one.
	NewKey crypto.Signer
}

// GroupPublishResult is the outcome of CreateGroup and ChangeGroup.
type GroupPublishResult struct {
	Group string `json:"group"`
	// Published tells that this call, or an earlier one of which the outcome was not
	// known, made the version.
	Published bool `json:"published"`
	// Version is the greatest version of the label now, nil if there is none.
	Version *uint32       `json:"version"`
	Members []GroupMember `json:"members"`
	// Added and Removed are whom ChangeGroup added and removed, if it published. If
	// the outcome of an earlier call was not known, they are all whom this one asked for.
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
	// Unexpected are versions that no member made. If there are any after the last one
	// that stands, nothing is published until they are accepted.
	Unexpected []Unexpected `json:"unexpected,omitempty"`
	// Answered are versions that no member made and that the version that was published
	// takes the place of. They are not reported again.
	Answered []Unexpected `json:"answered,omitempty"`
	Head     Head         `json:"head"`
	Verdict  Verdict      `json:"verdict"`
	// Witness is nil without a witness policy.
	Witness *Witnessed `json:"witness,omitempty"`
}

// Kind returns what the result asks of the user.
func (r *GroupPublishResult) Kind() Kind {
	if len(r.Unexpected)+len(r.Answered) > 0 {
		return Attention
	}
	return r.Witness.Kind()
}

// CreateGroup founds a group under a label that has no version yet: with opt.As and
// others, each of whose labels must have an account key, as must that of opt.As, which
// is opt.Account. The client becomes an owner of the group's label.
//
// When the answer is lost, the error is of kind Undecided. Calling it again settles
// that.
func (c *Client) CreateGroup(ctx context.Context, name string, others []string, opt GroupPublishOptions) (*GroupPublishResult, error) {
	return c.publishGroup(ctx, name, opt, &groupPublication{others: others})
}

// ChangeGroup makes a new version of a group, by a member. The labels to add must have
// an account key.
//
// Versions that other members made are no surprise, whenever they were made. Versions
// that no member made stop it, until Accept has taken note of them; what is published
// then takes their place. Two members who change a group at the same time both succeed.
//
// Lost answers are settled as by CreateGroup. If everything is so already, there is no
// new version.
func (c *Client) ChangeGroup(ctx context.Context, name string, changes GroupChanges, opt GroupPublishOptions) (*GroupPublishResult, error) {
	if len(changes.Add)+len(changes.Remove) == 0 && changes.NewKey == nil {
		return nil, usage("there is nothing to change")
	}
	for _, label := range changes.Add {
		if slices.Contains(changes.Remove, label) {
			return nil, usage("%s is both to be added and to be removed", label)
		}
	}
	return c.publishGroup(ctx, name, opt, &groupPublication{changes: &changes, others: changes.Add})
}

// groupPublication is one call of CreateGroup or ChangeGroup.
type groupPublication struct {
	publication
	as      string
	by      crypto.Signer
	others  []string      // to add
	changes *GroupChanges // nil to found a group
	people  []group.Person
	made    GroupChanges // of changes, what the last version that was sent makes
	settled bool         // an earlier attempt turned out to have made a version
}

func (c *Client) publishGroup(ctx context.Context, name string, opt GroupPublishOptions, p *groupPublication) (*GroupPublishResult, error) {
	if opt.Account == nil || opt.As == "" {
		return nil, usage("a version of a group needs the label and the account key of who makes it")
	}
	for _, label := range append([]string{name, opt.As}, p.others...) {
		if err := checkLabel(label); err != nil {
			return nil, err
		}
	}
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	p.publication = publication{session: s, label: name, opt: PublishOptions{Token: opt.Token}}
	p.as, p.by = opt.As, opt.Account
	r, err := p.run(ctx)
	w, err := s.concludeWaiting(ctx, err)
	if err != nil {
		if r != nil && r.Published {
			return nil, published(&PublishResult{Version: r.Version}, err)
		}
		return nil, err
	}
	r.Witness, r.Verdict = w, w.qualify(r.Verdict)
	if r.Published && r.Kind() == Undecided {
		r.Verdict.Reason = fmt.Sprintf("version %d is published, but %s", *r.Version, r.Verdict.Reason)
	}
	return r, nil
}

func (p *groupPublication) owner() *owner { return p.state.owners[p.label] }

func (p *groupPublication) run(ctx context.Context) (*GroupPublishResult, error) {
	if err := p.catchUp(ctx); err != nil {
		return nil, err
	}
	if r, err := p.already(); r != nil || err != nil {
		return r, err
	}
	if err := p.findPeople(ctx); err != nil {
		return nil, err
	}
	return p.send(ctx)
}

// catchUp learns what there is of the label.
func (p *groupPublication) catchUp(ctx context.Context) error {
	if o := p.owner(); o == nil || !o.ready {
		if err := p.takeOver(ctx, p.label); err != nil {
			return err
		}
	} else {
		pending := len(o.pending)
		if _, err := p.learn(ctx, p.label); err != nil {
			return err
		}
		p.settled = len(p.owner().pending) < pending
	}
	o := p.owner()
	if o.monitor.Greatest() == nil || o.group != nil && o.group.Version == *o.monitor.Greatest() {
		return nil
	}
	// The newest version may hide that it is a group's label.
	g, err := p.adoptGroup(ctx, p.label)
	if err != nil {
		return err
	}
	next := p.state.clone()
	o = next.ownerOf(p.label)
	o.adopt(g)
	next.owners[p.label] = o
	return p.store(next)
}

// findPeople proves the account keys of those who are to be in the group, and that of
// the actor if they found it or have another one.
func (p *groupPublication) findPeople(ctx context.Context) error {
	own := p.by
	if p.changes != nil {
		own = p.changes.NewKey
	}
	labels := slices.Clone(p.others)
	if own != nil {
		labels = append(labels, p.as)
	}
	k, err := p.proveKeys(ctx, labels, false)
	if err != nil {
		return err
	}
	for _, label := range p.others {
		key, err := k.facts[label].personKey()
		if err != nil {
			return err
		}
		p.people = append(p.people, group.Person{Label: label, Key: key})
	}
	if own == nil {
		return nil
	}
	is, err := account.KeyOf(own)
	if err != nil {
		return usage("the account key: %w", err)
	}
	key, err := k.facts[p.as].personKey()
	if err == nil && key != is {
		err = usage("the account key of %s is %v, and this is %v", p.as, key, is)
	}
	return err
}

// send sends the update, and again if others made versions first.
func (p *groupPublication) send(ctx context.Context) (*GroupPublishResult, error) {
	const attempts = 5
	for range attempts {
		value, err := p.make()
		if err != nil {
			return nil, err
		}
		if err := p.setPending(true); err != nil {
			return nil, err
		}
		u := p.updateRequest(p.label, [][]byte{value})
		err = p.update(ctx, u, p.opt.Token)
		switch {
		case err != nil:
			return nil, p.lostAnswer(err)
		case u.created || !p.isPending():
			return p.answered(p.result(true, ""))
		}
		// The directory disregarded the value.
		if err := p.setPending(false); err != nil {
			return nil, err
		}
		if r, err := p.already(); r != nil || err != nil {
			return r, err
		}
	}
	return nil, fail(Undecided, "publishing", fmt.Errorf(
		"others change the group at the same time: after %d attempts nothing was published", attempts))
}

// make makes the version after the greatest one that is known.
func (p *groupPublication) make() ([]byte, error) {
	g, err := p.next()
	if err != nil {
		var own *Error
		if errors.As(err, &own) {
			return nil, err
		}
		return nil, usage("%w", err)
	}
	content, err := g.Content()
	if err != nil {
		return nil, usage("%w", err)
	}
	value, err := g.Marshal()
	if err != nil {
		return nil, usage("%w", err)
	}
	p.content = Pending{Group: &content}
	return value, nil
}

func (p *groupPublication) next() (group.Group, error) {
	o := p.owner()
	if p.changes == nil {
		return group.Create(p.label, p.as, p.by, p.people...)
	}
	if merkle.Hash(o.group.Commitment) == (merkle.Hash{}) {
		return group.Group{}, fail(Undecided, stepSigning, fmt.Errorf("the commitment to version %d is not known, after which the new one would be signed", o.group.Version))
	}
	rest := p.rest()
	p.made = rest
	changes := group.Changes{Remove: rest.Remove, NewKey: rest.NewKey}
	for _, person := range p.people {
		if slices.Contains(rest.Add, person.Label) {
			changes.Add = append(changes.Add, person)
		}
	}
	return o.group.Next(p.label, p.as, p.by, changes)
}

// lostAnswer returns the error for an update without a verified response.
func (p *groupPublication) lostAnswer(err error) error {
	err = p.unknown(err)
	var e *Error
	if errors.As(err, &e) && !settled(err) && (e.Kind == Undecided || e.Kind == Operational) {
		e.Hint = "it is not known whether the version was made: run the same command again, which finds out first"
	}
	return err
}

// answered completes the result of what is the greatest version now: versions that no
// member made, before it, are known from now on.
func (p *groupPublication) answered(r *GroupPublishResult) (*GroupPublishResult, error) {
	next := p.state.clone()
	o := next.ownerOf(p.label)
	if len(o.unexpected) == 0 || p.blocked() {
		return r, nil
	}
	for _, u := range o.unexpected {
		o.ledger[u.Version] = Entry{u.Value.SHA256, HowAnswered, stamp(p.cfg.Now())}
	}
	r.Answered, r.Unexpected, o.unexpected = o.unexpected, nil, nil
	r.Verdict = o.verdict()
	next.owners[p.label] = o
	return r, p.store(next)
}

// result is the result as of now.
func (p *groupPublication) result(made bool, reason string) *GroupPublishResult {
	o := p.owner()
	r := &GroupPublishResult{
		Group: p.label, Published: made, Version: o.monitor.Greatest(), Members: []GroupMember{},
		Unexpected: o.unexpected, Head: headOf(p.state.view), Verdict: o.verdict(),
	}
	if o.group != nil {
		r.Members = membersOf(o.group)
	}
	switch {
	case made && p.changes != nil && p.settled: // by both attempts together
		r.Added, r.Removed = p.changes.Add, p.changes.Remove
	case made:
		r.Added, r.Removed = p.made.Add, p.made.Remove
	}
	if reason != "" && len(o.unexpected) == 0 {
		r.Verdict.Reason = reason
	}
	return r
}
