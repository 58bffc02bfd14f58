package client_test

import (
	"crypto"
	"errors"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// TestRemovedMember signs on after it was removed.
func TestRemovedMember(t *testing.T) {
	p := newPeople(t)
	p.found(bob, carol)
	old := p.stateOf()
	c, err := p.change(alice, client.GroupChanges{Remove: []string{carol}})
	p.published(c, err, 1)
	_, err = p.change(carol, client.GroupChanges{Add: []string{dave}})
	wantKind(t, err, client.Usage, carol+" is no member of the group, as of version 1")
	// By a program that does not mind, with the list as it was, in either place.
	old.Version, old.Commitment = 1, p.stateOf().Commitment
	g, err := old.Next(team, carol, keyOfLabel(carol), group.Changes{Add: []group.Person{personOf(t, dave, keyOfLabel(dave))}})
	p.insert(marshal(t, g, err))
	r := p.verify(p.another())
	p.members(r, "alice bob", "unsigned-change "+team)
}

// TestGhostGroups are groups that somebody else than their members founded.
func TestGhostGroups(t *testing.T) {
	ghost := accountKey("ghost")
	for name, c := range map[string]struct {
		make func(t *testing.T) (group.Group, error)
		want []string
	}{
		"in alice's name": {func(t *testing.T) (group.Group, error) {
			return group.Create(team, alice, ghost, personOf(t, bob, keyOfLabel(bob)))
		}, []string{"other-account-key " + alice}},
		"with a ghost key of bob's": {func(t *testing.T) (group.Group, error) {
			return group.Create(team, alice, keyOfLabel(alice), personOf(t, bob, ghost))
		}, []string{"other-account-key " + bob}},
		"by nobody": {func(t *testing.T) (group.Group, error) {
			return group.Create(team, "nobody@example.org", ghost, personOf(t, alice, keyOfLabel(alice)))
		}, []string{"ghost-user nobody@example.org"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeople(t)
			g, err := c.make(t)
			p.insert(marshal(t, g, err))
			if r := p.verify(p.another()); len(r.Findings) != 1 || string(r.Findings[0].Code)+" "+r.Findings[0].Label != c.want[0] || r.Kind() != client.Attention {
				t.Errorf("%+v", r.Findings)
			}
		})
	}
}

// TestGhostFounder founds a group in alice's name, adds the others and leaves: the list
// says that alice added them.
func TestGhostFounder(t *testing.T) {
	p := newPeople(t)
	ghost := accountKey("ghost")
	g, err := group.Create(team, alice, ghost, personOf(t, bob, keyOfLabel(bob)), personOf(t, carol, keyOfLabel(carol)))
	p.insert(marshal(t, g, err))
	g, err = p.stateOf().Next(team, alice, ghost, group.Changes{Remove: []string{alice}})
	p.insert(marshal(t, g, err))
	r := p.verify(p.another())
	p.members(r, "bob carol", "other-account-key "+alice)
	if !strings.Contains(r.Findings[0].Message, "version 0 was made in their name") {
		t.Errorf("%+v", r.Findings)
	}
}

func TestGroupAccountKeysChange(t *testing.T) {
	p := newPeople(t)
	p.found(bob)
	two := accountKey("two")
	opt := client.PublishOptions{Account: two, PreviousAccount: keyOfLabel(bob)}
	if _, err := p.is[bob].c.RotateAccount(bg, bob, opt); err != nil {
		t.Fatal(err)
	}
	// A rotation is the owner's doing, and the old key goes on acting until they say so.
	p.members(p.verify(p.another()), "alice bob")
	_, err := p.is[bob].c.ChangeGroup(bg, team, client.GroupChanges{Add: []string{carol}}, client.GroupPublishOptions{As: bob, Account: two})
	e := wantKind(t, err, client.Usage, "and this is "+keyOf(t, two).String())
	if !strings.Contains(e.Hint, "kt group rekey") {
		t.Errorf("hint %q", e.Hint)
	}
	_, err = p.change(bob, client.GroupChanges{NewKey: accountKey("three")})
	wantKind(t, err, client.Usage, "the account key of "+bob+" is "+keyOf(t, two).String())
	c, err := p.change(bob, client.GroupChanges{NewKey: two})
	p.published(c, err, 1)
	r := p.verify(p.another())
	p.members(r, "alice bob")
	if !r.Versions[1].Rekeyed || r.Members[1].Key != keyOf(t, two) {
		t.Errorf("%+v", r)
	}
	// A reset is not.
	three := client.PublishOptions{Account: accountKey("three")}
	for range 2 {
		if _, err := p.is[alice].c.ResetAccount(bg, alice, three); err != nil {
			t.Fatal(err)
		}
	}
	p.members(p.verify(p.another()), "alice bob", "identity-reset "+alice)
	// That of somebody who left does not matter, though they made versions.
	c, err = p.is[bob].c.ChangeGroup(bg, team, client.GroupChanges{Remove: []string{alice}}, client.GroupPublishOptions{As: bob, Account: two})
	p.published(c, err, 2)
	p.members(p.verify(p.another()), "bob")
}

// TestUnsignedMember has the directory give bob another account key.
func TestUnsignedMember(t *testing.T) {
	p := newPeople(t)
	ghost := accountKey("ghost")
	p.dir.Insert(clienttest.Update{Label: bob, Values: [][]byte{signedFor(t, bob, 1, p.keyCommitment(bob), keys("x"), ghost)}})
	_, err := p.is[alice].c.CreateGroup(bg, team, []string{bob}, as(alice))
	if wantKind(t, err, client.Attention, "version 1 is not signed"); !errors.Is(err, client.ErrUnsigned) {
		t.Error(err)
	}
	g, err := group.Create(team, alice, keyOfLabel(alice), personOf(t, bob, ghost))
	p.insert(marshal(t, g, err))
	p.members(p.verify(p.another()), "alice bob", "other-account-key "+bob)
}

func (p *people) keyCommitment(label string) account.Hash {
	p.Helper()
	v := p.another()
	v.lookup(label)
	c, err := v.c.Commitment(label, 0)
	if err != nil {
		p.Fatal(err)
	}
	return c
}

// signedFor signs a key set for a place.
func signedFor(t *testing.T, label string, version uint32, previous account.Hash, value []byte, by crypto.Signer) []byte {
	t.Helper()
	set, err := keyset.Parse(value)
	if err == nil {
		set, err = account.Sign(set, account.Link{Label: label, Version: version, Previous: (*[32]byte)(&previous)}, by, nil)
	}
	if err == nil {
		value, err = set.Marshal()
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestGroupMisbehaviour takes back versions that the client has seen: of a member's
// label, and of the group's.
func TestGroupMisbehaviour(t *testing.T) {
	for _, label := range []string{bob, team} {
		for _, oneByOne := range []bool{false, true} {
			p := newPeople(t)
			p.found(bob)
			c, err := p.change(alice, client.GroupChanges{Add: []string{carol}})
			p.published(c, err, 1)
			p.publishKeys(bob, "ab", keyOfLabel(bob))
			v := p.another()
			v.lookup(bob)
			p.verify(v)
			p.dir.Remove(label)
			p.settle()
			r, err := v.c.VerifyGroup(bg, team, client.GroupOptions{OneByOne: oneByOne})
			if label == team {
				if e := wantKind(t, err, client.Misbehaved, ""); e.Evidence == "" {
					t.Error("no evidence")
				}
				continue
			}
			if err != nil || r.Kind() != client.Misbehaved || r.Findings[0].Label != bob || r.Evidence[bob] == "" || r.Verdict.Outcome != client.OutcomeMisbehaviour || len(r.Members) != 3 {
				t.Errorf("%v, %+v", err, r)
			}
		}
	}
}
