package client_test

import (
	"crypto"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/group"
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
		p.is[label] = p.another()
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
	v := p.another()
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
	stranger := p.another()
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
	stranger := p.another()
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
			l, err := p.another().c.Lookup(bg, team, &zero)
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
			r := p.verify(p.another())
			p.members(r, "alice bob", "unsigned-change "+team)
			if r.Version != 2 || r.Stood != 1 {
				t.Errorf("%+v", r)
			}
			// Somebody whose client takes the label over now is told as well.
			c, err = p.change(alice, client.GroupChanges{Add: []string{dave}})
			if err != nil || c.Published || len(c.Unexpected) != 1 {
				t.Errorf("%v, %+v", err, c)
			}
			p.is[bob] = p.another()
			c, err = p.change(bob, client.GroupChanges{Add: []string{dave}})
			if err != nil || c.Published || len(c.Unexpected) != 1 {
				t.Errorf("anew: %v, %+v", err, c)
			}
		})
	}
}

func TestGroupTooManyVersions(t *testing.T) {
	p := newPeople(t)
	p.found()
	p.insert(slices.Repeat([][]byte{[]byte("x")}, 5)...)
	_, err := p.another().c.VerifyGroup(bg, team, client.GroupOptions{Versions: 5})
	if e := wantKind(t, err, client.Undecided, "the group has 6 versions, and 5 are followed at most"); !strings.Contains(e.Hint, "--versions") {
		t.Errorf("hint %q", e.Hint)
	}
	r, err := p.another().c.VerifyGroup(bg, team, client.GroupOptions{Versions: 6})
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
	v := p.another()
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
