package group

import (
	"crypto"
	"fmt"
	"slices"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client/account"
)

// A Person is somebody to add: a label, and the account key that the directory
// has proven for it.
type Person struct {
	Label string
	Key   account.Key
}

// Create returns version 0 of a group whose label is name: its founder, who holds
// the key of signer, and others.
func Create(name, founder string, signer crypto.Signer, others ...Person) (Group, error) {
	key, err := account.KeyOf(signer)
	if err != nil {
		return Group{}, err
	}
	g := Group{Actor: founder}
	for _, p := range append([]Person{{founder, key}}, others...) {
		if err := g.append(name, 0, p, key, signer); err != nil {
			return Group{}, err
		}
	}
	return g, g.sign(name, 0, signer, nil)
}

// Changes are what a member does to a group in one version.
type Changes struct {
	Add    []Person
	Remove []string // labels
	// NewKey is the actor's new account key. Nil to go on with the old one.
	NewKey crypto.Signer
}

// Next returns the version after s of the group whose label is name, made by a
// member who holds the key of signer. It is for the place right after s.Version: if
// somebody else publishes a version first, it has to be made anew.
func (s *State) Next(name, actor string, signer crypto.Signer, c Changes) (Group, error) {
	key, err := account.KeyOf(signer)
	if err != nil {
		return Group{}, err
	}
	switch member := find(s.Members, actor); {
	case member == nil:
		return Group{}, fmt.Errorf("%w: %q is no member", errUsage, actor)
	case member.Key != key:
		return Group{}, fmt.Errorf("%w: the group has another account key of %q", errUsage, actor)
	}
	g := Group{Previous: s.Commitment, Actor: actor, Members: slices.Clone(s.Members)}
	if err := g.remove(c.Remove); err != nil {
		return Group{}, err
	}
	for _, p := range c.Add {
		// Removed and added in one version, a member would be added anew: Follow
		// compares versions, and could not tell.
		if find(s.Members, p.Label) != nil {
			return Group{}, fmt.Errorf("%w: %q is a member already", errUsage, p.Label)
		}
		if err := g.append(name, s.Version+1, p, key, signer); err != nil {
			return Group{}, err
		}
	}
	if c.NewKey != nil {
		if err := g.rekey(c.NewKey); err != nil {
			return Group{}, err
		}
	}
	return g, g.sign(name, s.Version+1, signer, c.NewKey)
}

// append adds a member, signed by the adder.
func (g *Group) append(name string, number uint32, p Person, adder account.Key, signer crypto.Signer) error {
	if find(g.Members, p.Label) != nil {
		return fmt.Errorf("%w: %q is there twice", errUsage, p.Label)
	}
	signature, err := addition(name, number, p.Label).Sign(signer)
	if err != nil {
		return err
	}
	g.Members = append(g.Members, Member{
		Label: p.Label, Key: p.Key, AddedAt: number, AddedBy: g.Actor, AdderKey: adder, Addition: signature,
	})
	slices.SortFunc(g.Members, func(a, b Member) int { return strings.Compare(a.Label, b.Label) })
	return nil
}

func (g *Group) remove(names []string) error {
	for _, name := range names {
		if find(g.Members, name) == nil {
			return fmt.Errorf("%w: %q is no member", errUsage, name)
		}
		g.Members = slices.DeleteFunc(g.Members, func(m Member) bool { return m.Label == name })
	}
	return nil
}

func (g *Group) rekey(signer crypto.Signer) error {
	key, err := account.KeyOf(signer)
	if err != nil {
		return err
	}
	member := find(g.Members, g.Actor)
	if member == nil || member.Key == key {
		return fmt.Errorf("%w: a new key needs a member who has another", errUsage)
	}
	member.Key = key
	return nil
}

// sign signs g by its actor, and by the actor's new key if there is one.
func (g *Group) sign(name string, number uint32, signer, newKey crypto.Signer) error {
	s, err := g.statement(name, number)
	if err != nil {
		return err
	}
	if g.Signature, err = s.Sign(signer); err != nil {
		return err
	}
	if newKey != nil {
		g.ByNewKey, err = s.Sign(newKey)
	}
	return err
}
