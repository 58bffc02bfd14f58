package client_test

import (
	"net/http"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// TestRemovalWithheld has the directory help somebody who was removed: it withholds the
// version that removed them, and takes one of theirs.
func TestRemovalWithheld(t *testing.T) {
	p := newPeople(t)
	p.found(bob, carol)
	old := p.stateOf()
	before := p.another()
	c, err := p.change(alice, client.GroupChanges{Remove: []string{carol}})
	p.published(c, err, 1)
	p.verify(before)
	old.Version, old.Commitment = 1, p.stateOf().Commitment
	g, err := old.Next(team, carol, keyOfLabel(carol), group.Changes{Add: []group.Person{personOf(t, dave, keyOfLabel(dave))}})
	p.insert(marshal(t, g, err))
	p.dir.Before = func(op string, body []byte) *clienttest.Answer {
		q, err := keytrans.ParseSearchRequest(body)
		if op == "batch" {
			return clienttest.Problem(http.StatusNotFound, "not-found", "", "")
		}
		if op == "search" && err == nil && string(q.Label) == team && q.Version != nil && *q.Version == 1 {
			return clienttest.Problem(http.StatusGone, "erased", "", "erased")
		}
		return nil
	}
	for _, v := range []*world{before, p.another()} {
		r := p.verify(v)
		if r.Kind() != client.Undecided || len(r.Findings) != 1 || r.Findings[0].Code != "could-not-check" || r.Findings[0].Label != team {
			t.Errorf("%v, %+v", r.Verdict, r.Findings)
		}
	}
	// Nor does a member go on from it who takes the label over.
	_, err = p.another().c.ChangeGroup(bg, team, client.GroupChanges{Remove: []string{dave}}, as(bob))
	wantKind(t, err, client.Undecided, "of version 1 of the group, the directory says that it was erased")
}
