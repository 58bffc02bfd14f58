package main

import (
	"bytes"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

func init() { files["credential"] = credentials }

// credentials has credentials of a log in which, of 16 entries, 7, 11 and 15 are
// distinguished, made when it had 14.
func credentials() file {
	f := &vectors.File[vectors.Credential]{
		Notes: []string{
			"Credentials. log names the Configuration, for which see logs. recent are what the receiver retains of the recent distinguished log entries, from left to right: the log that ends with each, as in state.view of the user operations.",
			"credential is the Credential. credential_update, if there is one, is the CredentialUpdate with which a provisional credential is verified finally, when the receiver retains later.",
			"of: the case is as the one that it names, but for what it has itself. edits: its credential is that case's, where for each edit remove bytes at offset are replaced by insert; offsets are those before any edit. credential_update_edits is the same for the update.",
			"expect: the label, version and value of the credential; for a provisional one view, the log under its tree head, and terminal, the terminal log entry of its search. final_at is the position of the distinguished entry that the update leads to.",
			"refusal: the credential, or its update, must be refused; README.md explains the kinds. not-recent: the receiver does not know the distinguished entry that it relies on.",
		},
		Logs: make(map[string]vectors.Hex),
	}
	for _, d := range deployments {
		c := &credentialMaker{file: f, history: sparse(d, 20).make(), deployment: d}
		f.Logs[d.name] = must(c.Config.Marshal())
		c.standard("alice")
		c.provisional("bob", 14)
	}
	return f
}

type credentialMaker struct {
	*history
	deployment
	file *vectors.File[vectors.Credential]
}

// recent is what a user retains who has just seen the log with size entries.
func (c *credentialMaker) recent(size uint64) keytrans.Recent {
	q := &keytrans.DistinguishedRequest{}
	p := must(c.Prover().Distinguished(c.state(size), q))
	return must(c.Verifier().Distinguished(&keytrans.View{}, q, p, c.Now(size))).Recent
}

func views(recent keytrans.Recent) []*vectors.View {
	out := []*vectors.View{}
	for _, v := range recent {
		out = append(out, must(vectors.NewView(v)))
	}
	return out
}

// add adds a case that is accepted.
func (c *credentialMaker) add(v vectors.Credential) {
	got, err := v.Verify(c.file.Logs[v.Log])
	require(err == nil, "%s: %v", v.Name, err)
	require(string(*got.Value) == value(string(got.Label), *got.Version), "%s: value", v.Name)
	if got.View != nil {
		require(*got.View.Root == vectors.Hash(c.Root(got.View.TreeSize)), "%s: root", v.Name)
	}
	v.Expect = got
	c.file.Cases = append(c.file.Cases, v)
}

// refuse adds a case that is refused as one of the kinds.
func (c *credentialMaker) refuse(base *vectors.Credential, name string, v vectors.Credential, kinds ...string) {
	v.Name, v.Of = base.Name+": "+name, base.Name
	all := must(vectors.ResolveCredentials(append(slices.Clone(c.file.Cases), v)))
	_, err := all[len(all)-1].Verify(c.file.Logs[base.Log])
	require(err != nil, "%s: accepted", v.Name)
	v.Expect.Refusal = vectors.CredentialRefusal(err)
	require(slices.Contains(kinds, v.Expect.Refusal), "%s: %v", v.Name, err)
	c.file.Cases = append(c.file.Cases, v)
}

func (c *credentialMaker) standard(label string) {
	const size = 14
	q := &keytrans.SearchRequest{Label: []byte(label)}
	p := must(c.Prover().Search(c.state(size), c.Label(label), q))
	r := must(c.Verifier().Search(&keytrans.View{}, q, p, c.Now(size)))
	made := must(keytrans.NewStandardCredential(q.Label, r, p))
	base := vectors.Credential{
		Name: c.name + ": standard", Log: c.name, Recent: views(c.recent(size)), Credential: must(made.Marshal(c.Config)),
	}
	c.add(base)
	c.tamper(&base)
	c.refuse(&base, "to a user who has not seen the entry", vectors.Credential{Recent: views(c.recent(8))}, vectors.NotRecent)
}

// provisional makes a credential of a version that no distinguished entry of the
// log with size entries has, and its update in the log with all entries.
func (c *credentialMaker) provisional(label string, size uint64) {
	recent := c.recent(size)
	base := recent[len(recent)-1]
	q := &keytrans.SearchRequest{Last: base.Last(), Label: []byte(label)}
	p := must(c.Prover().Search(c.state(size), c.Label(label), q))
	var auditor *keytrans.AuditorTreeHead
	if c.mode == keytrans.ThirdPartyAuditing {
		auditor = c.auditorHead(audited(size))
	}
	made, r, err := c.Verifier().ProvisionalCredential(base, auditor, q, p, c.Now(size))
	require(err == nil, "a provisional credential: %v", err)
	v := vectors.Credential{Name: c.name + ": provisional", Log: c.name, Recent: views(recent), Credential: must(made.Marshal(c.Config))}
	c.add(v)
	c.tamper(&v)
	later := c.recent(c.Size())
	request := must(r.Provisional.UpdateRequest(q.Label, later))
	u := must(c.Prover().CredentialUpdate(c.state(c.Size()), c.Label(label), request))
	v.Name += ", updated"
	v.Later, v.Update = views(later), must(u.Marshal(c.Config))
	c.add(v)
	c.tamperUpdate(&v)
}

func (c *credentialMaker) tamper(base *vectors.Credential) {
	change := func(name string, edit func(p *keytrans.Credential) bool, kinds ...string) {
		p := must(keytrans.ParseCredential(c.Config, base.Credential))
		if edit(p) {
			c.refuse(base, name, vectors.Credential{Edits: vectors.Diff(base.Credential, must(p.Marshal(c.Config)))}, kinds...)
		}
	}
	raw := func(name string, data []byte) {
		c.refuse(base, name, vectors.Credential{Edits: vectors.Diff(base.Credential, data)}, vectors.Malformed)
	}
	raw("a trailing byte", append(bytes.Clone(base.Credential), 0))
	raw("a byte missing", base.Credential[:len(base.Credential)-1])
	type cred = keytrans.Credential
	change("another label", func(p *cred) bool { return flip(p.Label) }, vectors.Proof)
	change("another version", func(p *cred) bool { p.Version++; return true }, vectors.Proof)
	change("another value", func(p *cred) bool { return flip(p.Value.Value) }, proofOrRoot...)
	change("another opening", func(p *cred) bool { return flip(p.Opening[:]) }, proofOrRoot...)
	change("another signature of the operator", func(p *cred) bool { return flip(p.Value.Signature) }, proofOrRoot...)
	change("another VRF proof", func(p *cred) bool { return flip(p.BinaryLadder[0].Proof) }, vectors.Proof)
	change("a ladder step missing", func(p *cred) bool { return dropLast(&p.BinaryLadder) }, vectors.Proof)
	change("a position that is not distinguished", func(p *cred) bool { p.Position--; return true }, vectors.NotRecent)
	change("a position of the future", func(p *cred) bool { p.Position = 100; return true }, vectors.NotRecent)
	change("a lookup missing", func(p *cred) bool { return dropLast(&p.Distinguished.Results) }, vectors.Proof)
	change("another prefix proof element", func(p *cred) bool { return changeHash(p.Distinguished.Elements) }, vectors.Proof)
	change("another tree head signature", func(p *cred) bool { return flip(p.TreeHead.Signature) }, vectors.Signature)
	provisional := must(keytrans.ParseCredential(c.Config, base.Credential)).Type == keytrans.ProvisionalCredential
	change("a greater tree size", func(p *cred) bool { p.TreeHead.TreeSize++; return provisional }, proofOrRoot...)
	change("a smaller tree size", func(p *cred) bool { p.TreeHead.TreeSize = p.Position + 1; return provisional }, vectors.Proof)
	change("a timestamp missing", func(p *cred) bool { return dropLast(&p.Search.Timestamps) }, vectors.Proof)
	change("a prefix proof missing", func(p *cred) bool { return dropLast(&p.Search.PrefixProofs) }, vectors.Proof)
	change("an inclusion element missing", func(p *cred) bool { return dropLast(&p.Search.Inclusion) }, vectors.Proof)
	change("another inclusion element", func(p *cred) bool { return changeHash(p.Search.Inclusion) }, proofOrRoot...)
}

func (c *credentialMaker) tamperUpdate(base *vectors.Credential) {
	change := func(name string, edit func(p *keytrans.CombinedTreeProof) bool) {
		u := must(keytrans.ParseCredentialUpdate(base.Update))
		if edit(&u.Monitor) {
			c.refuse(base, name, vectors.Credential{UpdateEdits: vectors.Diff(base.Update, must(u.Marshal(c.Config)))}, vectors.Proof)
		}
	}
	c.refuse(base, "a trailing byte of the update", vectors.Credential{
		UpdateEdits: vectors.Diff(base.Update, append(bytes.Clone(base.Update), 0)),
	}, vectors.Malformed)
	change("another timestamp", func(p *keytrans.CombinedTreeProof) bool {
		if len(p.Timestamps) == 0 {
			return false
		}
		p.Timestamps[0]++
		return true
	})
	change("a prefix proof missing", func(p *keytrans.CombinedTreeProof) bool { return dropLast(&p.PrefixProofs) })
	change("another prefix root", func(p *keytrans.CombinedTreeProof) bool { return changeHash(p.PrefixRoots) })
	change("an inclusion element too many", func(p *keytrans.CombinedTreeProof) bool { return add(&p.Inclusion, merkle.Hash{1}) })
	change("another inclusion element", func(p *keytrans.CombinedTreeProof) bool { return changeHash(p.Inclusion) })
}
