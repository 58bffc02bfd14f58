package main

import (
	"bytes"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// parts are the parts of a response that several operations share. For an update
// they are those of its first structure, for a batch those of its first answer.
type parts struct {
	*history
	seen   uint64 // size of the log that the user has seen
	size   uint64
	head   *keytrans.FullTreeHead
	proof  *keytrans.CombinedTreeProof
	ladder *[]keytrans.BinaryLadderStep // nil if there is none

	// One of these is not nil if the operation has more parts.
	search *keytrans.SearchResponse
	init   *keytrans.OwnerInitResponse
	update *keytrans.UpdateResponse

	absence *keytrans.AbsenceResponse
	batch   *batchAnswers
}

func partsOf(h *history, a *answer, p response) *parts {
	out := &parts{history: h, seen: a.State.View.TreeSize, size: a.Expect.View.TreeSize}
	if b, ok := p.(*batchAnswers); ok {
		out.batch, p = b, (*b)[0].Search
	}
	switch p := p.(type) {
	case *keytrans.SearchResponse:
		out.search, out.head, out.proof, out.ladder = p, &p.FullTreeHead, &p.Search, &p.BinaryLadder
	case *keytrans.ContactMonitorResponse:
		out.head, out.proof = &p.FullTreeHead, &p.Monitor
	case *keytrans.OwnerInitResponse:
		out.init, out.head, out.proof, out.ladder = p, &p.FullTreeHead, &p.Init, &p.BinaryLadder
	case *keytrans.OwnerMonitorResponse:
		out.head, out.proof = &p.FullTreeHead, &p.Monitor
	case updates:
		out.update, out.head, out.proof, out.ladder = p[0], &p[0].FullTreeHead, &p[0].Update, &p[0].BinaryLadder
	case *keytrans.AbsenceResponse:
		out.absence, out.head, out.proof, out.ladder = p, &p.FullTreeHead, &p.Absence, &p.BinaryLadder
	case *keytrans.DistinguishedResponse:
		out.head, out.proof = &p.FullTreeHead, &p.Distinguished
	}
	return out
}

// tampering is a way to tamper with a response. change reports whether it applies.
type tampering struct {
	name   string
	kinds  []string // of refusal
	change func(p *parts) bool
}

var (
	proof       = []string{vectors.Proof}
	proofOrRoot = []string{vectors.Proof, vectors.Signature} // whichever comes first
)

var tamperings = slices.Concat(proofTamperings, lookupTamperings, ladderTamperings, headTamperings, auditorTamperings, claimTamperings, extensionTamperings)

// dropLast and others change the vector that v points to.
func dropLast[T any](v *[]T) bool {
	if len(*v) == 0 {
		return false
	}
	*v = (*v)[:len(*v)-1]
	return true
}

func dropFirst[T any](v *[]T) bool {
	if len(*v) == 0 {
		return false
	}
	*v = (*v)[1:]
	return true
}

func add[T any](v *[]T, extra T) bool {
	*v = append(*v, extra)
	return true
}

func changeHash(hs []merkle.Hash) bool {
	if len(hs) == 0 {
		return false
	}
	hs[0][31] ^= 1
	return true
}

var proofTamperings = []tampering{
	{"a timestamp missing", proof, func(p *parts) bool { return dropLast(&p.proof.Timestamps) }},
	{"the first timestamp missing", proofOrRoot, func(p *parts) bool { return dropFirst(&p.proof.Timestamps) }},
	{"a timestamp too many", proof, func(p *parts) bool { return add(&p.proof.Timestamps, 1_001_000) }},
	{"another timestamp", proofOrRoot, func(p *parts) bool {
		if len(p.proof.Timestamps) == 0 {
			return false
		}
		p.proof.Timestamps[0]++
		return true
	}},
	{"a prefix proof missing", proof, func(p *parts) bool { return dropLast(&p.proof.PrefixProofs) }},
	{"a prefix proof too many", proof, func(p *parts) bool { return add(&p.proof.PrefixProofs, prefixtree.Proof{}) }},
	{"prefix proofs swapped", proofOrRoot, func(p *parts) bool {
		ps := p.proof.PrefixProofs
		if len(ps) < 2 {
			return false
		}
		ps[0], ps[1] = ps[1], ps[0]
		return true
	}},
	{"a prefix root missing", proof, func(p *parts) bool { return dropLast(&p.proof.PrefixRoots) }},
	{"a prefix root too many", proof, func(p *parts) bool { return add(&p.proof.PrefixRoots, merkle.Hash{1}) }},
	{"another prefix root", proofOrRoot, func(p *parts) bool { return changeHash(p.proof.PrefixRoots) }},
	{"an inclusion element missing", proof, func(p *parts) bool { return dropLast(&p.proof.Inclusion) }},
	{"an inclusion element too many", proof, func(p *parts) bool { return add(&p.proof.Inclusion, merkle.Hash{1}) }},
	{"another inclusion element", proofOrRoot, func(p *parts) bool { return changeHash(p.proof.Inclusion) }},
}

// lookup applies change to the first prefix proof to which it applies.
func lookup(change func(p *prefixtree.Proof) bool) func(p *parts) bool {
	return func(p *parts) bool {
		for i := range p.proof.PrefixProofs {
			if change(&p.proof.PrefixProofs[i]) {
				return true
			}
		}
		return false
	}
}

// result applies change to the first lookup of the first prefix proof that has one
// of the given type.
func result(typ prefixtree.ResultType, change func(r *prefixtree.Result)) func(p *parts) bool {
	return func(p *parts) bool {
		for i := range p.proof.PrefixProofs {
			rs := p.proof.PrefixProofs[i].Results
			if j := slices.IndexFunc(rs, func(r prefixtree.Result) bool { return r.Type == typ }); j >= 0 {
				change(&rs[j])
				return true
			}
		}
		return false
	}
}

var lookupTamperings = []tampering{
	{"a lookup missing", proof, lookup(func(p *prefixtree.Proof) bool { return dropLast(&p.Results) })},
	{"a lookup too many", proof, lookup(func(p *prefixtree.Proof) bool {
		return add(&p.Results, prefixtree.Result{Type: prefixtree.NonInclusionParent, Depth: 1})
	})},
	{"a prefix proof element missing", proof, lookup(func(p *prefixtree.Proof) bool { return dropLast(&p.Elements) })},
	{"a prefix proof element too many", proof, lookup(func(p *prefixtree.Proof) bool { return add(&p.Elements, merkle.Hash{1}) })},
	{"another prefix proof element", proofOrRoot, lookup(func(p *prefixtree.Proof) bool { return changeHash(p.Elements) })},
	{"an inclusion at another depth", proof, result(prefixtree.Inclusion, func(r *prefixtree.Result) { r.Depth++ })},
	{"a non-inclusion called an inclusion", proofOrRoot, result(prefixtree.NonInclusionLeaf, func(r *prefixtree.Result) {
		*r = prefixtree.Result{Type: prefixtree.Inclusion, Depth: r.Depth}
	})},
	{"an inclusion called a non-inclusion", proofOrRoot, result(prefixtree.Inclusion, func(r *prefixtree.Result) {
		r.Type = prefixtree.NonInclusionParent
	})},
	{"another leaf in the way", proofOrRoot, result(prefixtree.NonInclusionLeaf, func(r *prefixtree.Result) { r.Leaf.Commitment[0] ^= 1 })},
	{"a leaf in the way that is elsewhere", proof, result(prefixtree.NonInclusionLeaf, func(r *prefixtree.Result) { r.Leaf.Key[0] ^= 0x80 })},
}

// steps applies change to the binary ladder if it has steps.
func steps(change func(steps []keytrans.BinaryLadderStep) bool) func(p *parts) bool {
	return func(p *parts) bool { return p.ladder != nil && len(*p.ladder) > 0 && change(*p.ladder) }
}

var ladderTamperings = []tampering{
	{"a ladder step missing", proof, func(p *parts) bool { return p.ladder != nil && dropLast(p.ladder) }},
	{"a ladder step too many", proof, func(p *parts) bool {
		return p.ladder != nil && len(*p.ladder) > 0 && add(p.ladder, (*p.ladder)[0])
	}},
	{"another VRF proof", proof, steps(func(s []keytrans.BinaryLadderStep) bool {
		s[0].Proof[len(s[0].Proof)-1] ^= 1
		return true
	})},
	{"VRF proofs swapped", proof, steps(func(s []keytrans.BinaryLadderStep) bool {
		if len(s) < 2 {
			return false
		}
		s[0].Proof, s[1].Proof = s[1].Proof, s[0].Proof
		return true
	})},
	{"a commitment missing", proof, commitment(true, func(c *merkle.Hash) *merkle.Hash { return nil })},
	{"another commitment", proofOrRoot, commitment(true, func(c *merkle.Hash) *merkle.Hash {
		c[0] ^= 1
		return c
	})},
	{"a commitment too many", proof, commitment(false, func(*merkle.Hash) *merkle.Hash { return &merkle.Hash{1} })},
}

// commitment changes the first step that has a commitment, or the last that has
// none.
func commitment(present bool, change func(*merkle.Hash) *merkle.Hash) func(p *parts) bool {
	return steps(func(s []keytrans.BinaryLadderStep) bool {
		for i := range s {
			if !present {
				i = len(s) - 1 - i
			}
			if (s[i].Commitment != nil) == present {
				s[i].Commitment = change(s[i].Commitment)
				return true
			}
		}
		return false
	})
}

// misencoded returns encodings of the answer's response that break the rules.
func misencoded(h *history, a *answer) func(yield func(string, []byte) bool) {
	data := []byte(a.Response)
	at := func(i int, b byte) []byte {
		out := bytes.Clone(data)
		out[i] = b
		return out
	}
	// offset returns where the encoding changes if a part of the response does.
	offset := func(change func(p *parts) bool) int {
		p := must(a.parse(data))
		if !change(partsOf(h, a, p)) {
			return -1
		}
		return vectors.Diff(data, must(p.Marshal(h.Config)))[0].Offset
	}
	return func(yield func(string, []byte) bool) {
		head := 0
		ok := true
		if a.operation == "batch" {
			head = 1 // after the kind of the first answer
			ok = yield("kind 0", at(0, 0)) && yield("kind 6", at(0, 6))
		}
		ok = ok && yield("a trailing byte", append(bytes.Clone(data), 0)) &&
			yield("a byte missing", data[:len(data)-1]) &&
			yield("head_type 0", at(head, 0)) && yield("head_type 3", at(head, 3))
		if i := offset(commitment(true, func(*merkle.Hash) *merkle.Hash { return nil })); ok && i >= 0 {
			ok = yield("a presence octet of 2", at(i, 2))
		}
		for _, typ := range []byte{0, 4} {
			i := offset(lookup(func(p *prefixtree.Proof) bool {
				if len(p.Results) == 0 {
					return false
				}
				p.Results[0].Type = prefixtree.ResultType(typ)
				return true
			}))
			if ok && i >= 0 {
				ok = yield("result_type "+string('0'+typ), at(i, typ))
			}
		}
		if i := offset(func(p *parts) bool { return dropLast(&p.proof.Inclusion) }); ok && i >= 0 {
			// The octets of the count follow from the offset of the lower one.
			yield("a count beyond the end", at(i, data[i]+1))
		}
	}
}
