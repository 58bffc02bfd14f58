package main

import (
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
)

// updated applies change to the head if it is an updated one.
func updated(change func(p *parts, h *keytrans.TreeHead)) func(p *parts) bool {
	return func(p *parts) bool {
		if p.head.TreeHead == nil {
			return false
		}
		change(p, p.head.TreeHead)
		return true
	}
}

var headTamperings = []tampering{
	{"another signature", []string{vectors.Signature}, updated(func(_ *parts, h *keytrans.TreeHead) { h.Signature[len(h.Signature)-1] ^= 1 })},
	{"no signature", []string{vectors.Signature}, updated(func(_ *parts, h *keytrans.TreeHead) { h.Signature = nil })},
	{"the signature of a smaller log", []string{vectors.Signature}, updated(func(p *parts, h *keytrans.TreeHead) {
		h.Signature = p.At(p.size - 1).TreeHead.Signature
	})},
	{"a smaller tree size", []string{vectors.Proof, vectors.Signature, vectors.Auditor}, updated(func(_ *parts, h *keytrans.TreeHead) { h.TreeSize-- })},
	{"a greater tree size", proofOrRoot, updated(func(_ *parts, h *keytrans.TreeHead) { h.TreeSize++ })},
	{"a tree size of 0", []string{vectors.Proof}, updated(func(_ *parts, h *keytrans.TreeHead) { h.TreeSize = 0 })},
	{"the greatest tree size", []string{vectors.Proof}, updated(func(_ *parts, h *keytrans.TreeHead) { h.TreeSize = 1<<64 - 1 })},
	{"the same head instead", proof, func(p *parts) bool {
		if p.head.TreeHead == nil {
			return false
		}
		*p.head = keytrans.FullTreeHead{}
		return true
	}},
	{"the user's head as a new one", proof, func(p *parts) bool {
		if p.head.TreeHead != nil {
			return false
		}
		s := p.state(p.size)
		*p.head = keytrans.FullTreeHead{TreeHead: &s.TreeHead, AuditorTreeHead: s.Auditor}
		return true
	}},
	{"an older head", proof, func(p *parts) bool {
		if p.seen < 2 || p.head.TreeHead == nil {
			return false
		}
		s := p.state(p.seen - 1)
		*p.head = keytrans.FullTreeHead{TreeHead: &s.TreeHead, AuditorTreeHead: s.Auditor}
		return true
	}},
}

// auditorsHead applies change to the auditor's head, if there is one.
func auditorsHead(change func(p *parts, h *keytrans.AuditorTreeHead)) func(p *parts) bool {
	return func(p *parts) bool {
		if p.head.AuditorTreeHead == nil {
			return false
		}
		changed := *p.head.AuditorTreeHead
		p.head.AuditorTreeHead = &changed
		change(p, &changed)
		return true
	}
}

var auditorTamperings = []tampering{
	{"another signature of the auditor", []string{vectors.Auditor}, auditorsHead(func(_ *parts, h *keytrans.AuditorTreeHead) {
		h.Signature = append([]byte(nil), h.Signature...)
		h.Signature[0] ^= 1
	})},
	{"another timestamp of the auditor", []string{vectors.Auditor}, auditorsHead(func(_ *parts, h *keytrans.AuditorTreeHead) { h.Timestamp-- })},
	{"an auditor's head of nothing", []string{vectors.Auditor}, auditorsHead(func(_ *parts, h *keytrans.AuditorTreeHead) { h.TreeSize = 0 })},
	{"an auditor's head of a longer log", []string{vectors.Auditor}, auditorsHead(func(p *parts, h *keytrans.AuditorTreeHead) {
		h.TreeSize = p.size + 1
	})},
	{"an auditor's head of another size", []string{vectors.Proof, vectors.Signature, vectors.Auditor}, auditorsHead(func(_ *parts, h *keytrans.AuditorTreeHead) {
		h.TreeSize--
	})},
	{"an auditor's head that lags too much", []string{vectors.Auditor}, auditorsHead(func(p *parts, h *keytrans.AuditorTreeHead) {
		*h = *p.SignAuditorHead(p.Entries()[p.size-1].Timestamp-p.Config.MaxAuditorLag-1, h.TreeSize)
	})},
	{"an auditor's head of the future", []string{vectors.Auditor}, auditorsHead(func(p *parts, h *keytrans.AuditorTreeHead) {
		*h = *p.SignAuditorHead(p.Entries()[p.size-1].Timestamp+1, h.TreeSize)
	})},
	{"an auditor's head of another root", []string{vectors.Auditor}, auditorsHead(func(p *parts, h *keytrans.AuditorTreeHead) {
		*h = *must(keytrans.SignAuditorTreeHead(p.Config, p.Keys.Auditor, h.Timestamp, h.TreeSize, p.Root(p.size-1)))
	})},
	{"an auditor's head by the log's key", []string{vectors.Auditor}, auditorsHead(func(p *parts, h *keytrans.AuditorTreeHead) {
		*h = *must(keytrans.SignAuditorTreeHead(p.Config, p.Keys.Signer, h.Timestamp, h.TreeSize, p.Root(h.TreeSize)))
	})},
}

// searched, initialised and told apply change to the parts of one operation.
func searched(change func(r *keytrans.SearchResponse) bool) func(p *parts) bool {
	return func(p *parts) bool { return p.search != nil && change(p.search) }
}

func initialised(change func(r *keytrans.OwnerInitResponse) bool) func(p *parts) bool {
	return func(p *parts) bool { return p.init != nil && change(p.init) }
}

func told(change func(r *keytrans.UpdateResponse) bool) func(p *parts) bool {
	return func(p *parts) bool { return p.update != nil && change(p.update) }
}

// flip changes the last byte of b.
func flip(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	b[len(b)-1] ^= 1
	return true
}

// claims are tamperings with what an update may only claim.
var claims = []string{"another new value", "another opening of a new value", "another signature of a new value"}

var claimTamperings = []tampering{
	{"a smaller version", proof, searched(func(r *keytrans.SearchResponse) bool {
		if r.Version == nil || *r.Version == 0 {
			return false
		}
		*r.Version--
		return true
	})},
	{"a greater version", proof, searched(func(r *keytrans.SearchResponse) bool {
		if r.Version == nil {
			return false
		}
		*r.Version++
		return true
	})},
	{"another value", proofOrRoot, searched(func(r *keytrans.SearchResponse) bool { return flip(r.Value.Value) })},
	{"another opening", proofOrRoot, searched(func(r *keytrans.SearchResponse) bool { return flip(r.Opening[:]) })},
	{"another signature of the operator", proofOrRoot, searched(func(r *keytrans.SearchResponse) bool { return flip(r.Value.Signature) })},
	{"no signature of the operator", proofOrRoot, searched(func(r *keytrans.SearchResponse) bool {
		had := len(r.Value.Signature) > 0
		r.Value.Signature = nil
		return had
	})},

	{"a greatest version missing", proof, initialised(func(r *keytrans.OwnerInitResponse) bool { return dropLast(&r.GreatestVersions) })},
	{"a greatest version too many", proof, initialised(func(r *keytrans.OwnerInitResponse) bool { return add(&r.GreatestVersions, 0) })},
	{"greatest versions that rise", proof, initialised(func(r *keytrans.OwnerInitResponse) bool {
		return len(r.GreatestVersions) > 0 && add(&r.GreatestVersions, r.GreatestVersions[0]+1)
	})},
	{"another greatest version", proof, initialised(func(r *keytrans.OwnerInitResponse) bool {
		if len(r.GreatestVersions) == 0 {
			return false
		}
		r.GreatestVersions[0]++
		return true
	})},

	{"an earlier position", proofOrRoot, told(func(r *keytrans.UpdateResponse) bool { r.Position--; return true })},
	{"a later position", proofOrRoot, told(func(r *keytrans.UpdateResponse) bool { r.Position++; return true })},
	{"a position beyond the log", proof, told(func(r *keytrans.UpdateResponse) bool { r.Position = 1 << 40; return true })},
	{"the position 0", proof, told(func(r *keytrans.UpdateResponse) bool { r.Position = 0; return true })},
	{"another new value", proofOrRoot, told(func(r *keytrans.UpdateResponse) bool { return len(r.Values) > 0 && flip(r.Values[0]) })},
	{"a value too many", proofOrRoot, told(func(r *keytrans.UpdateResponse) bool { return add(&r.Values, []byte("x")) })},
	{"an opening missing", proof, told(func(r *keytrans.UpdateResponse) bool { return dropLast(&r.Info) })},
	{"an opening too many", proof, told(func(r *keytrans.UpdateResponse) bool { return add(&r.Info, r.Info[0]) })},
	{"another opening of a new value", proofOrRoot, told(func(r *keytrans.UpdateResponse) bool { return flip(r.Info[0].Opening[:]) })},
	{"another signature of a new value", proofOrRoot, told(func(r *keytrans.UpdateResponse) bool { return flip(r.Info[0].Signature) })},
	{"more versions skipped", proofOrRoot, told(func(r *keytrans.UpdateResponse) bool {
		r.SkippedVersions++
		return len(r.Info[0].Signature) > 0
	})},
	{"as many versions skipped as there can be", proof, told(func(r *keytrans.UpdateResponse) bool {
		r.SkippedVersions = 1<<32 - 1
		return len(r.Info[0].Signature) > 0
	})},
}
