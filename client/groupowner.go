package client

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/group"
)

// groupMade is what a new version of an owned label is to the group whose label it is.
// It is zero if that is none.
type groupMade struct {
	stands  bool         // a member made it
	why     string       // it does not stand
	content account.Hash // if it stands
}

// followNextGroup holds the version after the greatest one known against the group,
// and goes on with what it amounts to. A version 0 may found one.
func (o *owner) followNextGroup(label string, v *seen, value []byte) groupMade {
	if o.group == nil && (v.version > 0 || !group.Is(value)) {
		return groupMade{}
	}
	read, unread := readGroup(label, v.version, v.commitment, value)
	next, _, err := group.Follow(o.group, read)
	if o.group != nil || err == nil {
		o.group = &next
	}
	if unread != nil {
		err = unread
	}
	made := groupMade{stands: err == nil}
	if err == nil {
		made.content, err = read.Group.Content()
	}
	if err != nil {
		return groupMade{why: whyUnsigned(err)}
	}
	return made
}

// isGroup reports whether a new version of a group is one that was sent.
func (p Pending) isGroup(made groupMade) bool {
	return p.Group != nil && made.stands && *p.Group == made.content
}

// ownedGroup is what the versions of an owned label amount to for a group, and those
// after the last one that stands.
type ownedGroup struct {
	state      *group.State // nil if there is no group
	unexpected []Unexpected
}

// ownGroup follows the versions of a label that is being taken over, if that is a
// group's by the form of its newest value.
func (s *session) ownGroup(ctx context.Context, label string) (ownedGroup, error) {
	o := s.state.owners[label]
	greatest := o.monitor.Greatest()
	if greatest == nil || o.last == nil || o.last.version != *greatest || !o.last.value.Group {
		return ownedGroup{state: o.group}, nil // learned from version 0 on
	}
	return s.adoptGroup(ctx, label)
}

// adoptGroup follows the versions of an owned label up to the greatest one known.
func (s *session) adoptGroup(ctx context.Context, label string) (ownedGroup, error) {
	g, err := s.followGroup(ctx, label, *s.state.owners[label].monitor.Greatest(), nil, GroupOptions{})
	if err != nil || g.state == nil {
		return ownedGroup{}, err
	}
	if v := g.gap(); v != nil {
		e := fail(Undecided, stepGroup, fmt.Errorf("of version %d of the group, %s", v.Version, v.Why))
		e.Hint = "who made a version after it may have been removed in it: ask the members, and found the group anew under another label"
		return ownedGroup{}, e
	}
	out := ownedGroup{state: g.state}
	for _, v := range g.versions[g.state.Stood+1:] {
		out.unexpected = append(out.unexpected, Unexpected{
			Version: v.Version, Position: v.LogEntry, EntryTime: v.EntryTime, Value: v.value, FoundAt: stamp(s.cfg.Now()), Group: v.Why,
		})
	}
	return out, nil
}

// adopt takes note of what a group's versions amount to. Those that stand need nobody's
// acceptance, and the others are unexpected unless they were accepted before.
func (o *owner) adopt(g ownedGroup) {
	o.group = g.state
	for _, u := range g.unexpected {
		known := slices.ContainsFunc(o.unexpected, func(k Unexpected) bool { return k.Version == u.Version })
		if how := o.ledger[u.Version].How; !known && how != HowAccepted && how != HowAnswered {
			delete(o.ledger, u.Version)
			o.unexpected = append(o.unexpected, u)
		}
	}
	slices.SortFunc(o.unexpected, func(a, b Unexpected) int { return cmp.Compare(a.Version, b.Version) })
}
