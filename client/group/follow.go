package group

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/client/account"
)

// A Version is one version of a group's label, as the directory has proven it.
type Version struct {
	Label      string // the group's
	Number     uint32
	Commitment account.Hash
	// Group is the value, or nil if it is not known or cannot be read as a group:
	// such a version does not stand.
	Group *Group
}

// A State is what the versions of a group up to one amount to: what the next is
// held against. Members must not be written to.
type State struct {
	// Version is the newest version that was followed, and Commitment its
	// commitment, whether it stood or not.
	Version    uint32       `json:"version"`
	Commitment account.Hash `json:"commitment"`
	// Stood is the newest version that stood, and Members the group in it.
	Stood   uint32   `json:"stood"`
	Members []Member `json:"members"`
	// From is the version that had to be believed. 0: everything was followed from
	// the beginning.
	From uint32 `json:"from,omitempty"`
}

// A Change is what a version that stands did.
type Change struct {
	Actor   string   `json:"actor"`
	Added   []Member `json:"added,omitempty"`
	Removed []Member `json:"removed,omitempty"`
	// Rekeyed is the actor with their new account key, if they have one.
	Rekeyed *Member `json:"rekeyed,omitempty"`
}

// Follow decides whether a version stands, and returns what to hold the next one
// against. prev is nil for version 0. Versions are followed one by one; one out of
// order is refused and changes nothing.
//
// The error wraps ErrUnsigned, and says what is wrong, if the version does not
// stand. Its members are to be disregarded then. The state goes on all the same:
// the next version is held against the last one that stood.
func Follow(prev *State, v Version) (State, Change, error) {
	switch {
	case prev == nil && v.Number != 0:
		return State{}, Change{}, fmt.Errorf("%w: version %d without those before it", errUsage, v.Number)
	case prev == nil:
		if err := v.founded(); err != nil {
			return State{}, Change{}, err
		}
		return v.state(0), Change{Actor: v.Group.Actor, Added: v.Group.Members}, nil
	case v.Number != prev.Version+1:
		return *prev, Change{}, fmt.Errorf("%w: version %d after version %d", errUsage, v.Number, prev.Version)
	}
	change, err := prev.follow(v)
	if err != nil {
		next := *prev
		next.Version, next.Commitment = v.Number, v.Commitment
		return next, Change{}, err
	}
	return v.state(prev.From), change, nil
}

// Begin takes up a group at a version that has to be believed, because those
// before it are not known. What can be verified in it is. Whether the members are
// who the group wants, those must say who invited.
func Begin(v Version) (State, error) {
	if v.Number == 0 {
		s, _, err := Follow(nil, v)
		return s, err
	}
	if v.Group == nil {
		return State{}, fmt.Errorf("%w: version %d is not a group", ErrUnsigned, v.Number)
	}
	for _, m := range v.Group.Members {
		if m.AddedAt > v.Number {
			return State{}, fmt.Errorf("%w: a member who is yet to be added", ErrUnsigned)
		}
		if err := v.verifyAddition(m); err != nil {
			return State{}, err
		}
	}
	if err := v.verifyActorNow(); err != nil {
		return State{}, err
	}
	return v.state(v.Number), nil
}

// verifyActorNow verifies by this version alone: the signature of the key that the
// actor has in it. It says nothing of an actor who left.
func (v Version) verifyActorNow() error {
	actor := find(v.Group.Members, v.Group.Actor)
	if actor == nil {
		return nil
	}
	signature := v.Group.Signature
	if len(v.Group.ByNewKey) > 0 {
		signature = v.Group.ByNewKey
	}
	return v.verify(actor.Key, signature)
}

func (v Version) state(from uint32) State {
	return State{Version: v.Number, Commitment: v.Commitment, Stood: v.Number, Members: v.Group.Members, From: from}
}

// founded checks version 0: its actor is a member, and added everybody.
func (v Version) founded() error {
	g := v.Group
	if g == nil {
		return fmt.Errorf("%w: version 0 is not a group", ErrUnsigned)
	}
	founder := find(g.Members, g.Actor)
	if founder == nil || g.Previous != (account.Hash{}) || len(g.ByNewKey) > 0 {
		return fmt.Errorf("%w: version 0 does not begin a group", ErrUnsigned)
	}
	for _, m := range g.Members {
		if err := v.checkAddition(m, *founder); err != nil {
			return err
		}
	}
	return v.verify(founder.Key, g.Signature)
}

// follow checks the version after s.
func (s *State) follow(v Version) (Change, error) {
	g := v.Group
	if g == nil {
		return Change{}, fmt.Errorf("%w: version %d is not a group", ErrUnsigned, v.Number)
	}
	if g.Previous != s.Commitment {
		return Change{}, fmt.Errorf("%w: version %d is signed for another place", ErrUnsigned, v.Number)
	}
	actor := find(s.Members, g.Actor)
	if actor == nil {
		return Change{}, fmt.Errorf("%w: version %d is by somebody who was no member", ErrUnsigned, v.Number)
	}
	if err := v.verify(actor.Key, g.Signature); err != nil {
		return Change{}, err
	}
	change := Change{Actor: g.Actor}
	for _, m := range g.Members {
		if err := v.judge(&change, m, find(s.Members, m.Label), *actor); err != nil {
			return Change{}, err
		}
	}
	for _, m := range s.Members {
		if find(g.Members, m.Label) == nil {
			change.Removed = append(change.Removed, m)
		}
	}
	if (change.Rekeyed != nil) != (len(g.ByNewKey) > 0) {
		return Change{}, fmt.Errorf("%w: version %d and the signature of a new key do not go together", ErrUnsigned, v.Number)
	}
	return change, nil
}

// judge holds one member against what they were in the version before, nil if they
// are new: added anew, if they had been removed in between.
func (v Version) judge(change *Change, m Member, before *Member, actor Member) error {
	switch {
	case before == nil:
		if err := v.checkAddition(m, actor); err != nil {
			return err
		}
		change.Added = append(change.Added, m)
	case !m.equal(*before):
		return fmt.Errorf("%w: version %d changes how a member was added", ErrUnsigned, v.Number)
	case m.Key == before.Key:
	case m.Label == actor.Label:
		if err := v.verify(m.Key, v.Group.ByNewKey); err != nil {
			return err
		}
		change.Rekeyed = &m
	default:
		return fmt.Errorf("%w: version %d changes the key of another member than its actor", ErrUnsigned, v.Number)
	}
	return nil
}

// checkAddition checks that a member was added in this version by its actor.
func (v Version) checkAddition(m Member, actor Member) error {
	if m.AddedAt != v.Number || m.AddedBy != actor.Label || m.AdderKey != actor.Key {
		return fmt.Errorf("%w: version %d has a member whom its actor did not add", ErrUnsigned, v.Number)
	}
	return v.verifyAddition(m)
}

func (v Version) verifyAddition(m Member) error {
	if err := addition(v.Label, m.AddedAt, m.Label).Verify(m.AdderKey, m.Addition); err != nil {
		return fmt.Errorf("%w: the addition of a member in version %d: %w", ErrUnsigned, m.AddedAt, err)
	}
	return nil
}

func (v Version) verify(key account.Key, signature []byte) error {
	s, err := v.Group.statement(v.Label, v.Number)
	if err != nil {
		return err
	}
	if err := s.Verify(key, signature); err != nil {
		return fmt.Errorf("%w: version %d: %w", ErrUnsigned, v.Number, err)
	}
	return nil
}
