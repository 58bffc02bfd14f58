package client_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

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
