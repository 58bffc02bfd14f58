package web

import (
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// recent asks for the recent distinguished heads.
func (u *user) recent() keytrans.Recent {
	u.t.Helper()
	q := &keytrans.DistinguishedRequest{Last: u.view.Last()}
	p, err := keytrans.ParseDistinguishedResponse(u.verifier.Configuration(), u.answer("distinguished", q))
	fatalIfErr(u.t, err)
	r, err := u.verifier.Distinguished(u.view, q, p, u.now())
	fatalIfErr(u.t, err)
	u.view = r.View
	return r.Recent
}

// TestCredentialUpdate has somebody who got a provisional credential verify it
// finally, with an update that the directory provides.
func TestCredentialUpdate(t *testing.T) { goThroughCredentialUpdate(t, newWorld(t, nil)) }

func goThroughCredentialUpdate(t *testing.T, w *world) {
	t.Helper()
	w.publish("somebody@else", nil, "x")
	w.advance(time.Second)
	w.publish("alice", nil, "one")
	sender, receiver := newUser(w), newUser(w)
	heads := sender.recent()
	if len(heads) == 0 {
		t.Fatal("no distinguished entry")
	}
	// Position 0 is distinguished, and the next entry, with alice's version, too.
	base := heads[0]
	q := &keytrans.SearchRequest{Last: base.Last(), Label: []byte("alice")}
	p, err := keytrans.ParseSearchResponse(sender.verifier.Configuration(), q, sender.answer("search", q))
	fatalIfErr(t, err)
	c, _, err := sender.verifier.ProvisionalCredential(base, nil, q, p, w.now())
	fatalIfErr(t, err)
	initially, err := receiver.verifier.Credential(receiver.recent(), c)
	fatalIfErr(t, err)

	for i := range uint32(5) {
		w.advance(2 * window)
		w.publish("somebody@else", &i, "y")
	}
	heads = receiver.recent()
	request, err := initially.Provisional.UpdateRequest(c.Label, heads)
	fatalIfErr(t, err)
	update, err := keytrans.ParseCredentialUpdate(receiver.answer("credential-update", request))
	fatalIfErr(t, err)
	if at, err := receiver.verifier.CredentialUpdate(initially.Provisional, heads, update); err != nil || at != request.Distinguished {
		t.Errorf("the update leads to %d, %v, want %d", at, err, request.Distinguished)
	}

	for field, bad := range map[string]func(*keytrans.CredentialUpdateRequest){
		"tree_size":     func(q *keytrans.CredentialUpdateRequest) { q.TreeSize = 0 },
		"distinguished": func(q *keytrans.CredentialUpdateRequest) { q.Distinguished = 1 << 40 },
		"terminal":      func(q *keytrans.CredentialUpdateRequest) { q.Terminal.Position = q.TreeSize },
	} {
		q := *request
		bad(&q)
		wantProblem(t, w.post("/v1/credential-update", encode(t, &q)), 400, "invalid-request", field)
	}
	q2 := *request
	q2.Terminal.Version++ // of another version, which does not exist
	wantProblem(t, w.post("/v1/credential-update", encode(t, &q2)), 400, "invalid-request", "terminal")
	unknown := *request
	unknown.Label = []byte("nobody")
	wantProblem(t, w.post("/v1/credential-update", encode(t, &unknown)), 404, "unknown-label", "label")
}
