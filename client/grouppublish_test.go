package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/group"
)

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
	r := p.verify(p.another())
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
				if want := []string{"[] []", "[" + carol + "] []", "[] [" + bob + "]"}[i]; fmt.Sprint(c.Added, " ", c.Removed) != want {
					t.Errorf("added %q, removed %q", c.Added, c.Removed)
				}
			}
			c, err := add()
			if err != nil || c.Published || c.Added != nil || *c.Version != 2 || c.Kind() != 0 {
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
			p.members(p.verify(p.another()), "alice carol")
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
	p.members(p.verify(p.another()), "alice bob")
}

// TestGroupWitnessed verifies and changes a group under a witness policy: of what the
// witnesses have not seen, nothing is told, and nothing counts as seen.
func TestGroupWitnessed(t *testing.T) {
	p := newPeople(t)
	v := p.another()
	v.trustPolicy(p.dir.Policy("any"))
	p.found(bob)
	if r := p.verify(v); r.Witness == nil || !r.Witness.Settled || r.Kind() != 0 {
		t.Errorf("%+v", r.Witness)
	}
	p.dir.ShowLog(p.dir.Size())
	c, err := p.change(bob, client.GroupChanges{Add: []string{carol}})
	p.published(c, err, 1)
	p.dir.Clock.Add(time.Hour)
	v.c = v.with(func(cfg *client.Config) { cfg.WitnessDelay = -1 })
	_, err = v.c.VerifyGroup(bg, team, client.GroupOptions{})
	wantKind(t, err, client.Undecided, "")
	g, err := v.c.ChangeGroup(bg, team, client.GroupChanges{Add: []string{dave}}, as(bob))
	if err != nil || !g.Published || g.Kind() != client.Undecided || g.Verdict.Outcome != client.OutcomeUnchecked || !strings.Contains(g.Verdict.Reason, "version 2 is published, but") {
		t.Errorf("%v, %+v", err, g)
	}
	p.dir.ShowLog(p.dir.Size())
	r := p.verify(v)
	p.members(r, "alice bob carol dave")
	if r.Seen == nil || *r.Seen != 0 || !r.Witness.Settled {
		t.Errorf("%+v, %+v", r.Seen, r.Witness)
	}
}
