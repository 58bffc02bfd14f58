package adversary

import (
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// ambiguous is what a proof could gain that has other parts than its algorithms
// call for: two verifiers may take it for two things, or one of them may drop what
// the other uses.
const ambiguous = "a proof that means one thing to the user and another to whoever checks it later"

// another is what a part of a proof in the wrong place could gain.
const another = "what is true of one entry is believed of another"

// proofAttacks are proofs under honest heads of an honest log that have parts too
// many, too few, or from elsewhere.
var proofAttacks = []Attack{
	{
		Name: "a timestamp too many", Gain: ambiguous,
		Make: proofs(func(p *keytrans.CombinedTreeProof) {
			p.Timestamps = append(p.Timestamps, timestampOf(18))
		}),
		Notices: everybody(Refused(keytrans.ErrProof, "1 timestamps too many")),
	},
	{
		Name: "a timestamp too few", Gain: ambiguous,
		Make: proofs(func(p *keytrans.CombinedTreeProof) {
			if n := len(p.Timestamps); n > 0 {
				p.Timestamps = p.Timestamps[:n-1]
			}
		}),
		Notices: everybody(Refused(keytrans.ErrProof, "too few timestamps")),
	},
	{
		Name: "two timestamps in each other's place", Gain: another,
		Make: proofs(func(p *keytrans.CombinedTreeProof) {
			if n := len(p.Timestamps); n > 0 {
				p.Timestamps[0], p.Timestamps[n-1] = p.Timestamps[n-1], p.Timestamps[0]
			}
		}),
		Notices: append(whoLooksUp(OtherRoot), Notice{walker(0), OtherRoot}),
	},
	{
		Name: "a prefix proof too many", Gain: ambiguous,
		Make: proofs(func(p *keytrans.CombinedTreeProof) {
			p.PrefixProofs = append(p.PrefixProofs, prefixtree.Proof{})
		}),
		Notices: everybody(Refused(keytrans.ErrProof, "1 prefix proofs too many")),
	},
	{
		Name: "a prefix proof twice", Gain: ambiguous,
		Make: proofs(func(p *keytrans.CombinedTreeProof) {
			if n := len(p.PrefixProofs); n > 0 {
				p.PrefixProofs = append(p.PrefixProofs, p.PrefixProofs[n-1])
			}
		}),
		Notices: whoLooksUp(Refused(keytrans.ErrProof, "1 prefix proofs too many")),
	},
	{
		Name: "a prefix proof too few", Gain: ambiguous,
		Make: proofs(func(p *keytrans.CombinedTreeProof) {
			if n := len(p.PrefixProofs); n > 0 {
				p.PrefixProofs = p.PrefixProofs[:n-1]
			}
		}),
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, "too few prefix proofs")},
			{fixed(10, "alice", 2), Refused(keytrans.ErrProof, "too few prefix proofs")},
			{contact(9, "bob"), Refused(keytrans.ErrProof, "too few prefix proofs")},
			{newOwner(10, "alice", 15), Refused(keytrans.ErrProof, "too few prefix proofs")},
			{learner(10, "dave"), Refused(keytrans.ErrProof, "too few prefix proofs")},
			{owner(10, "alice"), OtherRoot},
		},
	},
	{
		Name: "two prefix proofs in each other's place", Gain: another,
		Make: proofs(func(p *keytrans.CombinedTreeProof) { slices.Reverse(p.PrefixProofs) }),
		Notices: []Notice{
			{searcher(0, "alice"), OtherRoot},
			{searcher(0, "carol"), OtherRoot},
			{fixed(0, "alice", 2), OtherRoot},
			{fixed(10, "bob", 0), OtherRoot},
			{newOwner(0, "dave", 11), OtherRoot},
			{owner(10, "alice"), OtherRoot},
		},
	},
	{
		Name: "a prefix tree root too many", Gain: ambiguous,
		Make: proofs(func(p *keytrans.CombinedTreeProof) {
			p.PrefixRoots = append(p.PrefixRoots, merkle.Hash{})
		}),
		Notices: everybody(Refused(keytrans.ErrProof, "1 prefix tree roots too many")),
	},
	{
		Name: "an all-zero prefix tree root", Gain: "an entry counts as empty",
		Make: proofs(func(p *keytrans.CombinedTreeProof) {
			if n := len(p.PrefixRoots); n > 0 {
				p.PrefixRoots[n-1] = merkle.Hash{}
			}
		}),
		Notices: []Notice{
			{walker(0), Refused(keytrans.ErrSignature, "")},
			{fixed(0, "alice", 3), Refused(keytrans.ErrSignature, "")},
			{newOwner(10, "alice", 15), OtherRoot},
			{owner(10, "alice"), OtherRoot},
		},
	},
	{
		Name: "a log tree node too many", Gain: ambiguous,
		Make:    proofs(func(p *keytrans.CombinedTreeProof) { p.Inclusion = append(p.Inclusion, merkle.Hash{}) }),
		Notices: everybody(Refused(keytrans.ErrProof, "invalid log tree proof")),
	},
	{
		Name: "a log tree node twice", Gain: ambiguous,
		Make: proofs(func(p *keytrans.CombinedTreeProof) {
			if len(p.Inclusion) > 0 {
				p.Inclusion = append(p.Inclusion, p.Inclusion[0])
			}
		}),
		Notices: everybody(Refused(keytrans.ErrProof, "invalid log tree proof")),
	},
	{
		Name: "a log tree node too few", Gain: ambiguous,
		Make: proofs(func(p *keytrans.CombinedTreeProof) {
			if n := len(p.Inclusion); n > 0 {
				p.Inclusion = p.Inclusion[:n-1]
			}
		}),
		Notices: everybody(Refused(keytrans.ErrProof, "invalid log tree proof")),
	},
	{
		Name: "an all-zero log tree node", Gain: "a part of the log counts as empty",
		Make: proofs(func(p *keytrans.CombinedTreeProof) {
			if n := len(p.Inclusion); n > 0 {
				p.Inclusion[n-1] = merkle.Hash{}
			}
		}),
		Notices: everybody(OtherRoot),
	},
	{
		Name: "a lookup twice", Gain: ambiguous,
		Make: lookups(func(p *prefixtree.Proof) {
			p.Results = append(p.Results, p.Results[len(p.Results)-1])
		}),
		Notices: whoLooksUp(Refused(keytrans.ErrProof, "1 lookups too many")),
	},
	{
		Name: "a lookup too few", Gain: ambiguous,
		Make:    lookups(func(p *prefixtree.Proof) { p.Results = p.Results[:len(p.Results)-1] }),
		Notices: whoLooksUp(Refused(keytrans.ErrProof, "too few lookups")),
	},
	{
		Name: "a prefix tree node that nothing uses", Gain: ambiguous,
		Make:    lookups(func(p *prefixtree.Proof) { p.Elements = append(p.Elements, merkle.Hash{1}) }),
		Notices: whoLooksUp(Refused(keytrans.ErrProof, "malformed prefix tree proof")),
	},
	{
		Name: "a prefix tree node twice", Gain: ambiguous,
		Make:    lookups(func(p *prefixtree.Proof) { p.Elements = append(p.Elements[:1], p.Elements...) }),
		Notices: whoLooksUp(Refused(keytrans.ErrProof, "malformed prefix tree proof")),
	},
	{
		Name: "an all-zero prefix tree node", Gain: "a part of the prefix tree counts as empty",
		Make: lookups(func(p *prefixtree.Proof) {
			i := slices.IndexFunc(p.Elements, func(h merkle.Hash) bool { return h != merkle.Hash{} })
			p.Elements[i] = merkle.Hash{}
		}),
		Notices: whoLooksUp(OtherRoot),
	},
	{
		Name: "a lookup that ends one level too high", Gain: "another node counts as the leaf",
		Make:    lookups(func(p *prefixtree.Proof) { p.Results[0].Depth-- }),
		Notices: whoLooksUp(OtherRoot),
	},
	{
		Name: "a lookup that ends one level too deep", Gain: "another node counts as the leaf",
		Make:    lookups(func(p *prefixtree.Proof) { p.Results[0].Depth++ }),
		Notices: whoLooksUp(OtherRoot),
	},
	{
		Name: "a version that is there is shown as missing", Gain: "an older version counts as the greatest",
		Make: lookups(func(p *prefixtree.Proof) {
			p.Results[0] = prefixtree.Result{Type: prefixtree.NonInclusionParent, Depth: p.Results[0].Depth}
		}),
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, "lookups too many")},
			{fixed(10, "alice", 2), Refused(keytrans.ErrProof, "lookups too many")},
			{contact(9, "bob"), OtherRoot},
			{owner(10, "alice"), Refused(keytrans.ErrProof, "lookups too many")},
		},
	},
	{
		Name: "another leaf is shown in the place of a version's", Gain: "a version that is there counts as missing",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).editLookups(func(p *prefixtree.Proof) {
				leaf := leafOf(w, "alice", 0)
				leaf.Key[31] ^= 1 // so that it shares all the bits that it has to
				p.Results[0] = prefixtree.Result{Type: prefixtree.NonInclusionLeaf, Leaf: leaf, Depth: p.Results[0].Depth}
			})
		},
		Notices: []Notice{
			{searcher(0, "alice"), OtherRoot},
			{fixed(10, "alice", 2), OtherRoot},
			{owner(10, "alice"), OtherRoot},
			{newOwner(10, "alice", 15), OtherRoot},
		},
	},
	{
		Name: "another entry's prefix tree is shown", Gain: another,
		Make: func(w *World) *Directory {
			d := w.Serve(w.Log)
			d.State = otherTrees{d.State}
			return d
		},
		Notices: whoLooksUp(OtherRoot),
	},
	{
		Name: "a proof out of an earlier state", Gain: "what has changed since is not seen",
		Make: func(w *World) *Directory {
			return w.ServeAt(w.Log, 17).editHeads(func(h *keytrans.FullTreeHead) { *h = headAt(w.Log, Size) })
		},
		Notices: everybody(OtherRoot),
	},
	{
		Name: "a proof out of a later state", Gain: "an answer under a head that does not vouch for it",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).editHeads(func(h *keytrans.FullTreeHead) { *h = headAt(w.Log, 17) })
		},
		Notices: everybody(OtherRoot),
	},
}

func proofs(change func(p *keytrans.CombinedTreeProof)) func(w *World) *Directory {
	return func(w *World) *Directory { return w.Serve(w.Log).editProofs(change) }
}

func lookups(change func(p *prefixtree.Proof)) func(w *World) *Directory {
	return func(w *World) *Directory { return w.Serve(w.Log).editLookups(change) }
}

// otherTrees is a state that has the prefix trees of the entries before.
type otherTrees struct{ keytrans.Log }

// PrefixTree implements keytrans.Log.
func (l otherTrees) PrefixTree(pos uint64) (prefixtree.Node, error) {
	return l.Log.PrefixTree(max(pos, 1) - 1)
}
