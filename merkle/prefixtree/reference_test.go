package prefixtree

import (
	"crypto/sha256"
	"errors"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// The reference: the tree as the draft describes it, over a sorted slice of all
// leaves that share a prefix. It shares no code with the package.

func refBit(k Key, i int) int { return int(k[i/8]) >> (7 - i%8) & 1 }

func refSplit(ls []Leaf, depth int) (left, right []Leaf) {
	for _, l := range ls {
		if refBit(l.Key, depth) == 0 {
			left = append(left, l)
		} else {
			right = append(right, l)
		}
	}
	return left, right
}

func refHash(ls []Leaf, depth int) merkle.Hash {
	switch len(ls) {
	case 0:
		return merkle.Hash{}
	case 1:
		b := append([]byte{2}, ls[0].Key[:]...)
		return sha256.Sum256(append(b, ls[0].Commitment[:]...))
	}
	left, right := refSplit(ls, depth)
	l, r := refHash(left, depth+1), refHash(right, depth+1)
	b := append([]byte{3}, l[:]...)
	return sha256.Sum256(append(b, r[:]...))
}

func refSearch(ls []Leaf, key Key, depth int) (Result, *merkle.Hash) {
	switch {
	case len(ls) == 0:
		return Result{Type: NonInclusionParent, Depth: uint8(depth)}, nil
	case len(ls) == 1 && ls[0].Key == key:
		return Result{Type: Inclusion, Depth: uint8(depth)}, &ls[0].Commitment
	case len(ls) == 1:
		return Result{Type: NonInclusionLeaf, Leaf: ls[0], Depth: uint8(depth)}, nil
	}
	left, right := refSplit(ls, depth)
	if refBit(key, depth) == 0 {
		return refSearch(left, key, depth+1)
	}
	return refSearch(right, key, depth+1)
}

func refElements(ls []Leaf, keys []Key, depth int) []merkle.Hash {
	if len(keys) == 0 {
		return []merkle.Hash{refHash(ls, depth)}
	}
	if len(ls) <= 1 {
		return nil
	}
	var kl, kr []Key
	for _, k := range keys {
		if refBit(k, depth) == 0 {
			kl = append(kl, k)
		} else {
			kr = append(kr, k)
		}
	}
	l, r := refSplit(ls, depth)
	return append(refElements(l, kl, depth+1), refElements(r, kr, depth+1)...)
}

func refProve(ls []Leaf, keys []Key) (Proof, []*merkle.Hash) {
	var p Proof
	var cs []*merkle.Hash
	for _, k := range keys {
		res, c := refSearch(ls, k, 0)
		p.Results = append(p.Results, res)
		cs = append(cs, c)
	}
	p.Elements = refElements(ls, keys, 0)
	return p, cs
}

// refNode makes the reference a Node.
type refNode struct {
	ls    []Leaf
	depth int
}

func newRefNode(ls []Leaf, depth int) Node {
	if len(ls) == 0 {
		return nil
	}
	return refNode{ls, depth}
}

func (n refNode) Hash() merkle.Hash { return refHash(n.ls, n.depth) }

func (n refNode) Leaf() (Leaf, bool, error) { return n.ls[0], len(n.ls) == 1, nil }

func (n refNode) Children() (left, right Node, err error) {
	if len(n.ls) < 2 {
		return nil, nil, errors.New("children of a leaf")
	}
	l, r := refSplit(n.ls, n.depth)
	return newRefNode(l, n.depth+1), newRefNode(r, n.depth+1), nil
}
