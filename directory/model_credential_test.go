package directory_test

import (
	"context"
	"errors"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// holder makes credentials of labels, verifies them against the recent distinguished
// heads that it retains, and provisional ones finally when it can.
type holder struct {
	away
	view   keytrans.View
	recent keytrans.Recent
	held   []heldCredential
}

type heldCredential struct {
	label       string
	provisional *keytrans.Provisional
}

func (h *holder) visit(m *model) {
	q := &keytrans.DistinguishedRequest{Last: h.view.Last()}
	p, err := m.Distinguished(context.Background(), q)
	if err != nil && h.tooLong(m) {
		m.did["holder away too long"]++
		*h = holder{}
		return
	}
	fatalIfErr(m.t, err)
	r, err := m.verifier.Distinguished(&h.view, q, p, time.Now())
	fatalIfErr(m.t, err)
	h.view, h.recent, h.since = *r.View, r.Recent, time.Now()
	fatalIfErr(m.t, h.recent.Check(&h.view))
	h.finish(m)
	if len(m.labels) > 0 {
		h.make(m, m.labels[m.rng.IntN(len(m.labels))])
	}
}

// make makes a credential of a label's greatest version.
func (h *holder) make(m *model, label string) {
	base := h.recent[len(h.recent)-1]
	q := &keytrans.SearchRequest{Last: base.Last(), Label: []byte(label)}
	p, err := m.Search(context.Background(), q)
	if errors.Is(err, directory.ErrErased) {
		return
	}
	fatalIfErr(m.t, err)
	var c *keytrans.Credential
	if p.FullTreeHead.TreeHead != nil {
		c, _, err = m.verifier.ProvisionalCredential(base, h.view.AuditorTreeHead, q, p, time.Now())
	} else {
		err = keytrans.ErrNoCredential
	}
	if errors.Is(err, keytrans.ErrNoCredential) {
		view := *base
		view.AuditorTreeHead = h.view.AuditorTreeHead
		r, e := m.verifier.Search(&view, q, p, time.Now())
		fatalIfErr(m.t, e)
		c, err = keytrans.NewStandardCredential(q.Label, r, p)
	}
	fatalIfErr(m.t, err)
	data, err := c.Marshal(m.cfg.Configuration)
	fatalIfErr(m.t, err)
	c, err = keytrans.ParseCredential(m.cfg.Configuration, data)
	fatalIfErr(m.t, err)
	r, err := m.verifier.Credential(h.recent, c)
	fatalIfErr(m.t, err)
	if want := m.greatest(label); r.Version != *want || string(r.Value.Value) != m.versions[label][*want].value {
		m.t.Fatalf("the credential of %s says version %d", label, r.Version)
	}
	m.did[c.Type.String()+" credential"]++
	if r.Provisional != nil {
		h.held = append(h.held, heldCredential{label, r.Provisional})
	}
}

// finish verifies finally what can be, and drops what has expired.
func (h *holder) finish(m *model) {
	held := h.held
	h.held = nil
	for _, c := range held {
		if c.provisional.Terminal.Position < h.recent[0].Head.TreeSize-1 && h.recent.At(c.provisional.Terminal.Position) == nil {
			m.did["credential expired"]++
			continue
		}
		final, err := c.provisional.Final(h.recent)
		fatalIfErr(m.t, err)
		if !final && !h.update(m, c) {
			h.held = append(h.held, c)
			continue
		}
		m.did["credential verified finally"]++
	}
}

// update verifies a credential finally with an update, if there can be one yet.
func (h *holder) update(m *model, c heldCredential) bool {
	q, err := c.provisional.UpdateRequest([]byte(c.label), h.recent)
	if errors.Is(err, keytrans.ErrNotRecent) {
		return false
	}
	fatalIfErr(m.t, err)
	u, err := m.CredentialUpdate(context.Background(), q)
	fatalIfErr(m.t, err)
	_, err = m.verifier.CredentialUpdate(c.provisional, h.recent, u)
	fatalIfErr(m.t, err)
	m.did["credential updated"]++
	return true
}
