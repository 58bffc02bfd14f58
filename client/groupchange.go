package client

import (
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/account"
)

// already returns the result if there is nothing to publish, and nil otherwise. The
// error is that nothing can be published.
func (p *groupPublication) already() (*GroupPublishResult, error) {
	o := p.owner()
	switch {
	case p.changes == nil && o.monitor.Greatest() == nil:
		return nil, nil
	case p.changes == nil && p.settled && o.group != nil:
		return p.result(true, "an earlier attempt, whose answer was lost, had founded the group"), nil
	case p.changes == nil && o.group != nil:
		e := usage("the group exists, since version 0 of its label")
		e.Hint = "kt group add and kt group remove change it"
		return nil, e
	case p.changes == nil:
		e := usage("the label has a version, which is not a group")
		e.Hint = "found the group under a label of its own"
		return nil, e
	case o.group == nil && o.monitor.Greatest() == nil:
		e := usage("there is no such group: the label has no version")
		e.Hint = "kt group create founds it"
		return nil, e
	case o.group == nil:
		return nil, usage("%w", ErrNoGroup)
	}
	if p.blocked() {
		return p.stopped(), nil
	}
	if rest := p.rest(); len(rest.Add)+len(rest.Remove) > 0 || rest.NewKey != nil {
		return nil, p.permitted()
	}
	if p.settled {
		return p.result(true, "an earlier attempt, whose answer was lost, had published it"), nil
	}
	if len(p.changes.Remove) > 0 {
		return nil, usage("%s is no member", p.changes.Remove[0])
	}
	return p.result(false, "this is so already; no new version was made"), nil
}

// rest are the changes that are yet to be made.
func (p *groupPublication) rest() GroupChanges {
	o := p.owner()
	var rest GroupChanges
	for _, label := range p.changes.Add {
		if o.group.Find(label) == nil {
			rest.Add = append(rest.Add, label)
		}
	}
	for _, label := range p.changes.Remove {
		if o.group.Find(label) != nil {
			rest.Remove = append(rest.Remove, label)
		}
	}
	if key := p.changes.NewKey; key != nil {
		is, err := account.KeyOf(key)
		if m := o.group.Find(p.as); err != nil || m == nil || m.Key != is {
			rest.NewKey = key
		}
	}
	return rest
}

// permitted checks that the actor is a member, and that who is to be removed is one.
func (p *groupPublication) permitted() error {
	o := p.owner()
	is, err := account.KeyOf(p.by)
	if err != nil {
		return usage("the account key: %w", err)
	}
	switch m := o.group.Find(p.as); {
	case m == nil:
		return usage("%s is no member of the group, as of version %d", p.as, o.group.Stood)
	case m.Key != is:
		e := usage("the group has %s with the account key %v, and this is %v", p.as, m.Key, is)
		e.Hint = "if the account key of the label was rotated: kt group rekey GROUP, with the old one and the new one"
		return e
	}
	for _, label := range p.changes.Remove {
		if o.group.Find(label) == nil && !p.settled {
			return usage("%s is no member", label)
		}
	}
	return nil
}

// blocked reports whether there are versions that no member made, after the last one
// that stands, and that were not accepted.
func (p *groupPublication) blocked() bool {
	o := p.owner()
	return slices.ContainsFunc(o.unexpected, func(u Unexpected) bool { return u.Version > o.group.Stood })
}

func (p *groupPublication) stopped() *GroupPublishResult {
	r := p.result(false, "")
	r.Verdict = verdict(OutcomeChanged, "no member made version %d; nothing was published", r.Unexpected[len(r.Unexpected)-1].Version)
	return r
}
