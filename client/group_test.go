package client_test

import (
	"crypto"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

const (
	team = "#team@example.org"
	dave = "dave@example.org"
)

// people have a label with an account key, and a client each.
type people struct {
	*world
	is map[string]*world
}

// keyOfLabel is the account key of somebody.
func keyOfLabel(label string) crypto.Signer { return accountKey("account key of " + label) }

// newPeople returns a directory with the labels of alice, bob, carol and dave.
func newPeople(t *testing.T) *people {
	t.Helper()
	p := &people{world: newWorld(t), is: make(map[string]*world)}
	for _, label := range []string{alice, bob, carol, dave} {
		p.is[label] = p.visitor()
		p.publishKeys(label, "a", keyOfLabel(label))
	}
	return p
}

func (p *people) publishKeys(label, names string, by crypto.Signer) {
	p.Helper()
	r, err := p.is[label].c.Publish(bg, label, keys(names), client.PublishOptions{Account: by})
	if err != nil || !r.Published {
		p.Fatalf("%v, %+v", err, r)
	}
}

func as(label string) client.GroupPublishOptions {
	return client.GroupPublishOptions{As: label, Account: keyOfLabel(label)}
}

// found has alice found the team.
func (p *people) found(others ...string) {
	p.Helper()
	r, err := p.is[alice].c.CreateGroup(bg, team, others, as(alice))
	p.published(r, err, 0)
}

func (p *people) change(who string, c client.GroupChanges) (*client.GroupPublishResult, error) {
	return p.is[who].c.ChangeGroup(bg, team, c, as(who))
}

func (p *people) published(r *client.GroupPublishResult, err error, version uint32) {
	p.Helper()
	if err != nil || !r.Published || *r.Version != version || r.Kind() != 0 {
		p.Fatalf("%v, %+v", err, r)
	}
}

// verify has somebody verify the team.
func (p *people) verify(by *world) *client.GroupResult {
	p.Helper()
	r, err := by.c.VerifyGroup(bg, team, client.GroupOptions{})
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// members checks who is in the team, and the findings: "code label".
func (p *people) members(r *client.GroupResult, want string, findings ...string) {
	p.Helper()
	var got, found []string
	for _, m := range r.Members {
		got = append(got, strings.TrimSuffix(m.Label, "@example.org"))
	}
	for _, f := range r.Findings {
		found = append(found, string(f.Code)+" "+f.Label)
	}
	if strings.Join(got, " ") != want || !slices.Equal(found, findings) {
		p.Errorf("members %v, want %s; found %v, want %v", got, want, r.Findings, findings)
	}
	want6 := client.Kind(0)
	if len(findings) > 0 {
		want6 = client.Attention
	}
	if r.Kind() != want6 {
		p.Errorf("kind %v: %v", r.Kind(), r.Verdict)
	}
	p.contained(r.Verdict)
}

func (p *people) contained(v client.Verdict) {
	p.Helper()
	if v.CheckedBy == "" || v.Reason == "" {
		p.Errorf("verdict %v", v)
	}
}

// stateOf follows the team as a member's program would, so that a test can make a next
// version.
func (p *people) stateOf() *group.State {
	p.Helper()
	v := p.visitor()
	var s *group.State
	h, err := v.c.History(bg, team, 0)
	if err != nil {
		p.Fatal(err)
	}
	for i := len(h.Versions) - 1; i >= 0; i-- {
		number := h.Versions[i].Version
		l, err := v.c.Lookup(bg, team, &number)
		if err != nil {
			p.Fatal(err)
		}
		g, _ := group.Parse(l.Bytes)
		read := group.Version{Label: team, Number: number, Commitment: p.commitmentOf(v, number), Group: &g}
		if g.Members == nil {
			read.Group = nil
		}
		next, _, _ := group.Follow(s, read)
		s = &next
	}
	return s
}

// commitmentOf reads a commitment out of a client's state.
func (p *people) commitmentOf(v *world, version uint32) account.Hash {
	p.Helper()
	c, err := v.c.Commitment(team, version)
	if err != nil {
		p.Fatal(err)
	}
	return c
}

// insert has the directory make versions of the team's label.
func (p *people) insert(values ...[]byte) {
	p.dir.Insert(clienttest.Update{Label: team, Values: values})
}

func marshal(t testing.TB, g group.Group, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	data, err := g.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func personOf(t testing.TB, label string, key crypto.Signer) group.Person {
	return group.Person{Label: label, Key: keyOf(t, key)}
}

func TestGroupStory(t *testing.T) {
	p := newPeople(t)
	p.found(bob)
	stranger := p.visitor()
	r := p.verify(stranger)
	p.members(r, "alice bob")
	if r.Seen != nil || r.Members[1].AddedBy != alice || r.Members[1].Key != keyOf(t, keyOfLabel(bob)) || len(r.Versions) != 1 || r.Head.TreeSize != p.dir.Size() {
		t.Errorf("%+v", r)
	}
	g, err := p.change(bob, client.GroupChanges{Add: []string{carol}})
	p.published(g, err, 1)
	// Alice has not seen that yet, and it does not surprise her.
	g, err = p.change(alice, client.GroupChanges{Add: []string{dave}, Remove: []string{bob}})
	p.published(g, err, 2)
	if len(g.Members) != 3 {
		t.Errorf("%+v", g.Members)
	}
	r = p.verify(stranger)
	p.members(r, "alice carol dave")
	if r.Seen == nil || *r.Seen != 0 || r.Members[1].AddedBy != bob || r.Members[1].AddedAt != 1 ||
		!slices.Equal(r.Versions[2].Removed, []string{bob}) || !slices.Equal(r.Versions[2].Added, []string{dave}) || r.Versions[1].Actor != bob {
		t.Errorf("%+v", r)
	}
	if r = p.verify(stranger); r.Seen != nil {
		t.Errorf("seen %d", *r.Seen)
	}
	for _, who := range []string{alice, bob} {
		if o := p.is[who].own(team); o.Kind() != 0 || !slices.ContainsFunc(o.Ledger, func(l client.LedgerLine) bool { return l.How == client.HowMember }) {
			t.Errorf("%s: %+v", who, o)
		}
		if report := p.is[who].report(team, client.RoleOwner); report.Kind() != 0 {
			t.Errorf("%s: %+v", who, report)
		}
	}
	one, err := stranger.c.VerifyGroup(bg, team, client.GroupOptions{OneByOne: true})
	if err != nil || one.Stood != 2 || one.Kind() != 0 {
		t.Errorf("%v, %+v", err, one)
	}
	// No member of a group that is verified becomes a contact.
	if contacts, _, err := stranger.c.Contacts(bg); err != nil || !slices.Contains(contacts, team) {
		t.Errorf("%v, %v", contacts, err)
	}
}

func TestGroupInsertion(t *testing.T) {
	p := newPeople(t)
	p.found(bob)
	stranger := p.visitor()
	p.verify(stranger)
	ghost := accountKey("ghost")
	s := p.stateOf()
	// The provider adds a member in alice's name, without her key.
	forged := s.Members[0]
	s.Members[0].Key = keyOf(t, ghost)
	g, err := s.Next(team, alice, ghost, group.Changes{Add: []group.Person{personOf(t, "ghost@example.org", ghost)}})
	s.Members[0] = forged
	p.insert(marshal(t, g, err))
	for range 2 {
		r := p.verify(stranger)
		p.members(r, "alice bob", "unsigned-change "+team)
		if r.Version != 1 || r.Stood != 0 || len(r.Unsigned()) != 1 || r.Unsigned()[0].Added != nil || r.Verdict.Outcome != client.OutcomeFindings {
			t.Errorf("%+v", r)
		}
	}
	// Alice's client knows of the group, and bob's does not yet.
	for _, who := range []string{alice, bob} {
		c, err := p.change(who, client.GroupChanges{Add: []string{carol}})
		if err != nil || c.Published || c.Kind() != client.Attention || len(c.Unexpected) != 1 || len(c.Members) != 2 ||
			!strings.Contains(c.Unexpected[0].String(), "NOT made by a member of the group") {
			t.Fatalf("%s: %v, %+v", who, err, c)
		}
		if report := p.is[who].report(team, client.RoleOwner); report.Kind() != client.Attention {
			t.Errorf("%s: %+v", who, report)
		}
	}
	if _, err := p.is[bob].c.Accept(bg, team, 1); err != nil {
		t.Fatal(err)
	}
	c, err := p.change(bob, client.GroupChanges{Add: []string{carol}})
	p.published(c, err, 2)
	r := p.verify(stranger)
	p.members(r, "alice bob carol")
	if len(r.Unsigned()) != 1 || !strings.Contains(r.Verdict.Reason, "1 older versions were made by no member") {
		t.Errorf("%+v", r)
	}
	// Alice is told of it until she has answered, which a change of hers does.
	c, err = p.change(alice, client.GroupChanges{Add: []string{dave}})
	if err != nil || !c.Published || *c.Version != 3 || len(c.Answered) != 1 || c.Kind() != client.Attention {
		t.Fatalf("%v, %+v", err, c)
	}
	if report := p.is[alice].report(team, client.RoleOwner); report.Kind() != 0 {
		t.Errorf("%+v", report)
	}
}

// TestGroupValuesThatDoNotStand puts other things than a member's version in the place
// of the next one.
func TestGroupValuesThatDoNotStand(t *testing.T) {
	for name, value := range map[string]func(t *testing.T, p *people, s *group.State) []byte{
		"key set": func(*testing.T, *people, *group.State) []byte { return keys("x") },
		"nothing": func(*testing.T, *people, *group.State) []byte { return nil },
		"damaged": func(t *testing.T, _ *people, s *group.State) []byte {
			g, err := s.Next(team, bob, keyOfLabel(bob), group.Changes{Remove: []string{alice}})
			data := marshal(t, g, err)
			data[len(data)-2] ^= 1
			return data
		},
		"replayed": func(t *testing.T, p *people, _ *group.State) []byte {
			zero := uint32(0)
			l, err := p.visitor().c.Lookup(bg, team, &zero)
			if err != nil {
				t.Fatal(err)
			}
			return l.Bytes
		},
		"for another group": func(t *testing.T, p *people, s *group.State) []byte {
			g, err := s.Next("#other@example.org", bob, keyOfLabel(bob), group.Changes{Remove: []string{alice}})
			return marshal(t, g, err)
		},
		"by one who was removed": func(t *testing.T, p *people, s *group.State) []byte {
			s.Members = append(s.Members, group.Member{Label: carol, Key: keyOf(t, keyOfLabel(carol)), AddedBy: alice, AdderKey: s.Members[0].Key, Addition: s.Members[0].Addition})
			g, err := s.Next(team, carol, keyOfLabel(carol), group.Changes{Remove: []string{bob}})
			return marshal(t, g, err)
		},
		"founded anew": func(t *testing.T, _ *people, _ *group.State) []byte {
			g, err := group.Create(team, alice, keyOfLabel(alice))
			return marshal(t, g, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeople(t)
			p.found(bob, carol)
			c, err := p.change(bob, client.GroupChanges{Remove: []string{carol}})
			p.published(c, err, 1)
			p.insert(value(t, p, p.stateOf()))
			r := p.verify(p.visitor())
			p.members(r, "alice bob", "unsigned-change "+team)
			if r.Version != 2 || r.Stood != 1 {
				t.Errorf("%+v", r)
			}
			// Somebody whose client takes the label over now is told as well.
			c, err = p.change(alice, client.GroupChanges{Add: []string{dave}})
			if err != nil || c.Published || len(c.Unexpected) != 1 {
				t.Errorf("%v, %+v", err, c)
			}
			p.is[bob] = p.visitor()
			c, err = p.change(bob, client.GroupChanges{Add: []string{dave}})
			if err != nil || c.Published || len(c.Unexpected) != 1 {
				t.Errorf("anew: %v, %+v", err, c)
			}
		})
	}
}


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
	r := p.verify(p.visitor())
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
			if r := p.verify(p.visitor()); len(r.Findings) != 1 || string(r.Findings[0].Code)+" "+r.Findings[0].Label != c.want[0] || r.Kind() != client.Attention {
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
	r := p.verify(p.visitor())
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
	p.members(p.verify(p.visitor()), "alice bob")
	_, err := p.is[bob].c.ChangeGroup(bg, team, client.GroupChanges{Add: []string{carol}}, client.GroupPublishOptions{As: bob, Account: two})
	e := wantKind(t, err, client.Usage, "and this is "+keyOf(t, two).String())
	if !strings.Contains(e.Hint, "kt group rekey") {
		t.Errorf("hint %q", e.Hint)
	}
	_, err = p.change(bob, client.GroupChanges{NewKey: accountKey("three")})
	wantKind(t, err, client.Usage, "the account key of "+bob+" is "+keyOf(t, two).String())
	c, err := p.change(bob, client.GroupChanges{NewKey: two})
	p.published(c, err, 1)
	r := p.verify(p.visitor())
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
	p.members(p.verify(p.visitor()), "alice bob", "identity-reset "+alice)
	// That of somebody who left does not matter, though they made versions.
	c, err = p.is[bob].c.ChangeGroup(bg, team, client.GroupChanges{Remove: []string{alice}}, client.GroupPublishOptions{As: bob, Account: two})
	p.published(c, err, 2)
	p.members(p.verify(p.visitor()), "bob")
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
	p.members(p.verify(p.visitor()), "alice bob", "other-account-key "+bob)
}

func (p *people) keyCommitment(label string) account.Hash {
	p.Helper()
	v := p.visitor()
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

// TestTwoMembersAtOnce has bob add dave between alice's learning of the group and her
// update.
func TestTwoMembersAtOnce(t *testing.T) {
	p := newPeople(t)
	p.found(bob)
	updates := 0
	p.dir.Before = func(op string, body []byte) *clienttest.Answer {
		if op != "update" || len(body) < 300 {
			return nil
		}
		if updates++; updates == 1 {
			p.dir.Before = nil
			g, err := p.stateOf().Next(team, bob, keyOfLabel(bob), group.Changes{Add: []group.Person{personOf(t, dave, keyOfLabel(dave))}})
			p.insert(marshal(t, g, err))
		}
		return nil
	}
	c, err := p.change(alice, client.GroupChanges{Add: []string{carol}})
	p.published(c, err, 2)
	r := p.verify(p.visitor())
	p.members(r, "alice bob carol dave")
	if r.Members[2].AddedAt != 2 || r.Members[3].AddedAt != 1 {
		t.Errorf("%+v", r.Members)
	}
	if report := p.is[alice].report(team, client.RoleOwner); report.Kind() != 0 {
		t.Errorf("%+v", report)
	}
}

// TestGroupLostAnswers loses the answers to updates that were carried out, or not.
func TestGroupLostAnswers(t *testing.T) {
	lost := &clienttest.Answer{Status: http.StatusBadGateway, Type: "text/plain"}
	for name, signer := range signers(t) {
		t.Run(name, func(t *testing.T) {
			p := newPeople(t)
			rotated := client.PublishOptions{Account: signer, PreviousAccount: keyOfLabel(alice)}
			if _, err := p.is[alice].c.RotateAccount(bg, alice, rotated); err != nil {
				t.Fatal(err)
			}
			opt := client.GroupPublishOptions{As: alice, Account: signer}
			create := func() (*client.GroupPublishResult, error) {
				return p.is[alice].c.CreateGroup(bg, team, []string{bob}, opt)
			}
			add := func() (*client.GroupPublishResult, error) {
				return p.is[alice].c.ChangeGroup(bg, team, client.GroupChanges{Add: []string{carol}}, opt)
			}
			remove := func() (*client.GroupPublishResult, error) {
				return p.is[alice].c.ChangeGroup(bg, team, client.GroupChanges{Remove: []string{bob}}, opt)
			}
			for i, do := range []func() (*client.GroupPublishResult, error){create, add, remove} {
				// The request is lost.
				p.dir.Before = func(op string, body []byte) *clienttest.Answer {
					if op == "update" && len(body) > 300 {
						return lost
					}
					return nil
				}
				_, err := do()
				if e := wantKind(t, err, client.Undecided, ""); !strings.Contains(e.Hint, "run the same command again") {
					t.Errorf("hint %q", e.Hint)
				}
				// Then the answer is.
				p.dir.Before = nil
				p.dir.After = func(op string, a *clienttest.Answer) {
					if op == "update" && a.Status == http.StatusOK && len(a.Body) > 100 {
						*a = *lost
					}
				}
				_, err = do()
				wantKind(t, err, client.Undecided, "")
				p.dir.After = nil
				p.is[alice].c = reopened(p.is[alice])
				c, err := do()
				p.published(c, err, uint32(i))
				if !strings.Contains(c.Verdict.Reason, "an earlier attempt") {
					t.Errorf("%v", c.Verdict)
				}
			}
			c, err := add()
			if err != nil || c.Published || *c.Version != 2 || c.Kind() != 0 {
				t.Errorf("%v, %+v", err, c)
			}
			_, err = remove()
			wantKind(t, err, client.Usage, bob+" is no member")
			_, err = create()
			wantKind(t, err, client.Usage, "the group exists")
			o := p.is[alice].own(team)
			if o.Kind() != 0 || len(o.Ledger) != 3 || o.Ledger[2].How != client.HowPublished {
				t.Errorf("%+v", o)
			}
			p.members(p.verify(p.visitor()), "alice carol")
		})
	}
}

func TestGroupsAndKeysApart(t *testing.T) {
	p := newPeople(t)
	_, err := p.is[alice].c.CreateGroup(bg, bob, nil, as(alice))
	wantKind(t, err, client.Usage, "the label has a version, which is not a group")
	_, err = p.is[alice].c.ChangeGroup(bg, bob, client.GroupChanges{Add: []string{carol}}, as(alice))
	wantKind(t, err, client.Usage, client.ErrNoGroup.Error())
	_, err = p.is[alice].c.VerifyGroup(bg, bob, client.GroupOptions{})
	if wantKind(t, err, client.Attention, "version 0 is a key set"); !errors.Is(err, client.ErrNoGroup) {
		t.Error(err)
	}
	_, err = p.is[alice].c.VerifyGroup(bg, team, client.GroupOptions{})
	wantKind(t, err, client.Absent, "")
	p.found(bob)
	for _, who := range []string{alice, bob} {
		_, err = p.is[who].c.Publish(bg, team, keys("x"), client.PublishOptions{})
		wantKind(t, err, client.Usage, "the label is that of a group")
	}
	l := p.is[alice].lookup(team)
	if !l.Value.Group || l.Value.KeySet {
		t.Errorf("%+v", l.Value)
	}
	_, err = p.is[alice].c.Publish(bg, "new@example.org", l.Bytes, client.PublishOptions{})
	wantKind(t, err, client.Usage, "published by itself")
}

func TestGroupUsage(t *testing.T) {
	p := newPeople(t)
	c := p.is[alice].c
	insert(p.dir, "nokey@example.org", keys("n"))
	p.found(bob)
	for want, f := range map[string]func() error{
		"nothing to change": func() error { _, err := p.change(alice, client.GroupChanges{}); return err },
		"needs the label and the account key": func() error {
			_, err := c.CreateGroup(bg, "#x@example.org", nil, client.GroupPublishOptions{As: alice})
			return err
		},
		"nokey@example.org has no account key": func() error {
			_, err := p.change(alice, client.GroupChanges{Add: []string{"nokey@example.org"}})
			return err
		},
		"the account key of alice@example.org is": func() error {
			_, err := c.CreateGroup(bg, "#x@example.org", nil, client.GroupPublishOptions{As: alice, Account: keyOfLabel(bob)})
			return err
		},
		"both to be added and to be removed": func() error {
			_, err := p.change(alice, client.GroupChanges{Add: []string{carol}, Remove: []string{carol}})
			return err
		},
		"there is no such group": func() error {
			_, err := c.ChangeGroup(bg, "#none@example.org", client.GroupChanges{Add: []string{carol}}, as(alice))
			return err
		},
		carol + " is no member": func() error { _, err := p.change(alice, client.GroupChanges{Remove: []string{carol}}); return err },
		"not 1 to 4096":         func() error { _, err := p.change(alice, client.GroupChanges{Remove: []string{alice, bob}}); return err },
		"must not be negative":  func() error { _, err := c.VerifyGroup(bg, team, client.GroupOptions{Versions: -1}); return err },
	} {
		wantKind(t, f(), client.Usage, want)
	}
	_, err := p.change(alice, client.GroupChanges{Add: []string{"nobody@example.org"}})
	wantKind(t, err, client.Absent, "nobody@example.org")
	p.members(p.verify(p.visitor()), "alice bob")
}

func TestGroupTooManyVersions(t *testing.T) {
	p := newPeople(t)
	p.found()
	p.insert(slices.Repeat([][]byte{[]byte("x")}, 5)...)
	_, err := p.visitor().c.VerifyGroup(bg, team, client.GroupOptions{Versions: 5})
	if e := wantKind(t, err, client.Undecided, "the group has 6 versions, and 5 are followed at most"); !strings.Contains(e.Hint, "--versions") {
		t.Errorf("hint %q", e.Hint)
	}
	r, err := p.visitor().c.VerifyGroup(bg, team, client.GroupOptions{Versions: 6})
	if err != nil || len(r.Unsigned()) != 5 || len(r.Findings) != 5 {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestGroupNotAnswered has the directory keep an older version, or a member's label,
// to itself.
func TestGroupNotAnswered(t *testing.T) {
	p := newPeople(t)
	p.found(bob)
	c, err := p.change(bob, client.GroupChanges{Add: []string{carol}})
	p.published(c, err, 1)
	v := p.visitor()
	p.dir.Before = func(op string, body []byte) *clienttest.Answer {
		if op == "batch" || op == "search" && strings.Contains(string(body), carol) {
			return clienttest.Problem(http.StatusServiceUnavailable, "busy", "", "not now")
		}
		return nil
	}
	r, err := v.c.VerifyGroup(bg, team, client.GroupOptions{OneByOne: true})
	if err != nil || r.Kind() != client.Undecided || len(r.Findings) == 0 || r.Findings[0].Code != roster.CouldNotCheck {
		t.Errorf("%v, %+v", err, r)
	}
	searches := 0
	p.dir.Before = func(op string, body []byte) *clienttest.Answer {
		if op != "search" || !strings.Contains(string(body), team) {
			return nil
		}
		if searches++; searches == 1 {
			return nil // the greatest version
		}
		return clienttest.Problem(http.StatusServiceUnavailable, "busy", "", "not now")
	}
	_, err = v.c.VerifyGroup(bg, team, client.GroupOptions{OneByOne: true})
	wantKind(t, err, client.Undecided, "version 0: ")
	// A version of which it says that it was erased may have been anything.
	p.insert(keys("x"))
	searches = 0
	p.dir.Before = func(op string, body []byte) *clienttest.Answer {
		if op != "search" || !strings.Contains(string(body), team) {
			return nil
		}
		if searches++; searches != 3 {
			return nil
		}
		return clienttest.Problem(http.StatusGone, "erased", "", "")
	}
	r, err = v.c.VerifyGroup(bg, team, client.GroupOptions{OneByOne: true})
	if err != nil || r.Stood != 0 || r.Kind() != client.Undecided || len(r.Findings) != 2 || r.Versions[1].Status != client.GroupMissing {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestRosterOfGroup(t *testing.T) {
	p := newPeople(t)
	p.found(bob, carol)
	p.settle()
	p.dir.Tick(60, time.Hour)
	session := func() *roster.Roster { return p.rosterOf(p.member(alice, "a", 0), p.member(bob, "a", 0)) }
	opt := client.RosterOptions{Group: team}
	check := func(r *roster.Roster) *client.RosterResult { p.Helper(); return p.world.check(r, opt) }
	got := check(session())
	p.world.found(got, team)
	if slices.Contains(codes(got, bob), string(roster.GhostUser)) {
		t.Errorf("%+v", got.Findings)
	}
	ghost := session()
	ghost.Members = append(ghost.Members, p.member(dave, "a", 0))
	p.hasCode(check(ghost), dave, roster.GhostUser)
	p.insert(keys("x"))
	got = check(session())
	p.world.found(got, team, string(roster.UnsignedChange))
	if got.Exit() != roster.ExitFindings || got.Kind() != client.Attention {
		t.Errorf("%+v", got.Verdict)
	}
	p.hasCode(check(ghost), dave, roster.GhostUser)

	opt.Group = "#none@example.org"
	p.world.found(check(session()), "#none@example.org", string(roster.GhostUser))
	opt.Group = bob
	p.hasCode(check(session()), bob, roster.UnsignedChange)
	agreed := session()
	agreed.Agreed = []string{alice}
	_, err := p.c.CheckRoster(bg, agreed, opt)
	wantKind(t, err, client.Usage, "besides that of the group")
}

func (p *people) hasCode(r *client.RosterResult, label string, code roster.Code) {
	p.Helper()
	if !slices.Contains(codes(r, label), string(code)) {
		p.Errorf("%s: %v, without %s", label, codes(r, label), code)
	}
}
