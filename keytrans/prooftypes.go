package keytrans

import (
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// CombinedTreeProof carries what a user needs to execute the algorithms of one
// operation: KEYTRANS, "Tree Proofs", "Combined Tree". Which log entry an
// element belongs to follows only from executing the algorithms.
type CombinedTreeProof struct {
	Timestamps   []uint64           // at most 255
	PrefixProofs []prefixtree.Proof // at most 255
	PrefixRoots  []merkle.Hash      // at most 255
	Inclusion    []merkle.Hash      // the elements of InclusionProof, at most 65535
}

func (p *CombinedTreeProof) add(b *builder) {
	b.count8(len(p.Timestamps))
	for _, ts := range p.Timestamps {
		b.AddUint64(ts)
	}
	b.count8(len(p.PrefixProofs))
	for i := range p.PrefixProofs {
		addPrefixProof(b, &p.PrefixProofs[i])
	}
	b.count8(len(p.PrefixRoots))
	b.hashes(p.PrefixRoots)
	b.count16(len(p.Inclusion))
	b.hashes(p.Inclusion)
}

func (r *reader) combinedTreeProof() CombinedTreeProof {
	const minPrefixProof = 3 // two empty vectors
	hash := func() merkle.Hash { return r.hash("hash value") }
	return CombinedTreeProof{
		Timestamps:   vector8(r, 8, "timestamps", func() uint64 { return r.u64("timestamps") }),
		PrefixProofs: vector8(r, minPrefixProof, "prefix_proofs", r.prefixProof),
		PrefixRoots:  vector8(r, merkle.HashSize, "prefix_roots", hash),
		Inclusion:    vector16(r, merkle.HashSize, "inclusion", hash),
	}
}

func addPrefixProof(b *builder, p *prefixtree.Proof) {
	b.count8(len(p.Results))
	for _, res := range p.Results {
		b.AddUint8(uint8(res.Type))
		if res.Type == prefixtree.NonInclusionLeaf {
			addPrefixLeaf(b, res.Leaf)
		}
		b.AddUint8(res.Depth)
	}
	b.count16(len(p.Elements))
	b.hashes(p.Elements)
}

func (r *reader) prefixProof() prefixtree.Proof {
	const minResult = 2 // type and depth
	return prefixtree.Proof{
		Results: vector8(r, minResult, "prefix proof results", r.prefixResult),
		Elements: vector16(r, merkle.HashSize, "prefix proof elements",
			func() merkle.Hash { return r.hash("prefix proof elements") }),
	}
}

func (r *reader) prefixResult() prefixtree.Result {
	res := prefixtree.Result{Type: prefixtree.ResultType(r.u8("result_type"))}
	switch res.Type {
	case prefixtree.Inclusion, prefixtree.NonInclusionParent:
	case prefixtree.NonInclusionLeaf:
		res.Leaf = r.prefixLeaf()
	default:
		r.fail("result_type")
	}
	res.Depth = r.u8("depth")
	return res
}

func addPrefixLeaf(b *builder, l prefixtree.Leaf) {
	b.AddBytes(l.Key[:])
	b.AddBytes(l.Commitment[:])
}

func (r *reader) prefixLeaf() prefixtree.Leaf {
	return prefixtree.Leaf{
		Key:        prefixtree.Key(r.hash("vrf_output")),
		Commitment: r.hash("commitment"),
	}
}

// BinaryLadderStep proves the search key of one version of a label. Commitment
// is present if the version exists and the user cannot compute it.
type BinaryLadderStep struct {
	Proof      []byte // VRF.Np bytes: 80 or 81, by cipher suite
	Commitment *merkle.Hash
}

func (s *BinaryLadderStep) add(b *builder) {
	b.AddBytes(s.Proof)
	if s.Commitment == nil {
		b.AddUint8(0)
		return
	}
	b.AddUint8(1)
	b.AddBytes(s.Commitment[:])
}

func addLadder8(b *builder, steps []BinaryLadderStep) {
	b.count8(len(steps))
	for i := range steps {
		steps[i].add(b)
	}
}

// ladderStep returns a function that reads a BinaryLadderStep, and the size in
// bytes of the smallest one.
func (r *reader) ladderStep(c *Configuration) (read func() BinaryLadderStep, size int) {
	p, err := c.Suite.params()
	if err != nil && r.err == nil {
		r.err = err
	}
	return func() BinaryLadderStep {
		s := BinaryLadderStep{Proof: r.bytes(p.proofSize, "vrf proof")}
		if r.present("commitment") {
			h := r.hash("commitment")
			s.Commitment = &h
		}
		return s
	}, p.proofSize + 1
}

func (r *reader) ladder8(c *Configuration) []BinaryLadderStep {
	read, size := r.ladderStep(c)
	return vector8(r, size, "binary_ladder", read)
}
