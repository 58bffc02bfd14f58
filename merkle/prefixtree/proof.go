package prefixtree

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// errProof is wrapped by every rejection of a proof.
var errProof = errors.New("malformed prefix tree proof")

// errTooDeep is returned where two search keys differ in their last bit only:
// their leaves would be at depth 256, which no proof can state.
var errTooDeep = errors.New("search keys that share 255 bits cannot be proven")

// A ResultType says where a search ended (PrefixSearchResultType).
type ResultType uint8

const (
	// Inclusion is a search that ended at the leaf of the search key.
	Inclusion ResultType = 1
	// NonInclusionLeaf is a search that ended at the leaf of another key.
	NonInclusionLeaf ResultType = 2
	// NonInclusionParent is a search that ended at a parent that lacks the
	// desired child, or in an empty tree.
	NonInclusionParent ResultType = 3
)

// A Result is the outcome of one search (PrefixSearchResult).
type Result struct {
	Type ResultType
	// Leaf is the leaf where the search ended, for NonInclusionLeaf only.
	Leaf Leaf
	// Depth is the number of bits from the root to the leaf, or, for
	// NonInclusionParent, to the missing child.
	Depth uint8
}

// A Proof is the joint proof of several searches in one version of a prefix
// tree (PrefixProof). Nothing in it is authenticated: see [Proof.Root].
type Proof struct {
	// Results has a result for each search key, in the order requested.
	Results []Result
	// Elements has the fewest node values that yield the root together with
	// the leaves of Results, from left to right. A zero Hash stands for a
	// node that does not exist.
	Elements []merkle.Hash
}

// Root returns the root of the prefix tree that p belongs to. The caller must
// compare it with a trusted root before it believes any result (KEYTRANS,
// "Tree Proofs", "Prefix Tree").
//
// keys are the search keys, in the order of p.Results. commitments has as many
// elements: the commitment for each result of type Inclusion, nil for every
// other one. A key may be searched more than once.
//
// Root returns an error unless every part of p is used, exactly once, in its
// place: a number of results other than that of the keys, a leaf of
// NonInclusionLeaf that is for the searched key or that does not share its
// first Depth bits, results that disagree about a node, a result below the
// node where another ends, missing or left-over elements, and a parent without
// children. A proof for no keys consists of one element, the root. A leaf beside
// a missing sibling is accepted, although no insertion makes one, because the
// draft does not say what a removal leaves behind.
//
// Why a root allows one answer per key: a value is, up to a collision of
// SHA-256, the zero Hash, the hash of one leaf or the hash of one pair of
// children, and the tags 0x02 and 0x03 keep the two apart. So a root fixes one
// walk along the bits of a key: from parent to parent, until it first reaches a
// leaf or a missing node. Root hashes everything above a result's node as
// parents along the bits of its key, and the node as a leaf or as missing. An
// accepted result is therefore where that walk ends, and its answer is read off
// that node: the commitment if the leaf is for the key, otherwise absence. This
// fails only if a node of the proof takes no part in the hashing, so that it
// could say anything; hence the strictness above (facebook/akd#495).
func (p Proof) Root(keys []Key, commitments []*merkle.Hash) (merkle.Hash, error) {
	root, err := p.rebuild(keys, commitments)
	if err != nil {
		return merkle.Hash{}, err
	}
	return root.hash, nil
}

// checkResult returns the leaf that a search for key ended at, nil if it ended
// at a missing node.
func checkResult(key *Key, res *Result, commitment *merkle.Hash) (*Leaf, error) {
	if (res.Type == Inclusion) != (commitment != nil) {
		return nil, fmt.Errorf("%w: result type %d, commitment given: %t", errProof, res.Type, commitment != nil)
	}
	if res.Type != NonInclusionLeaf && res.Leaf != (Leaf{}) {
		return nil, fmt.Errorf("%w: leaf in a result of type %d", errProof, res.Type)
	}
	switch res.Type {
	case Inclusion:
		return &Leaf{*key, *commitment}, nil
	case NonInclusionLeaf:
		if n := commonBits(key, &res.Leaf.Key); n == keyBits {
			return nil, fmt.Errorf("%w: non-inclusion shown by the leaf of the search key", errProof)
		} else if n < int(res.Depth) {
			return nil, fmt.Errorf("%w: leaf at depth %d shares %d bits with the search key", errProof, res.Depth, n)
		}
		return &res.Leaf, nil
	case NonInclusionParent:
		return nil, nil
	}
	return nil, fmt.Errorf("%w: result type %d", errProof, res.Type)
}
