package prefixtree

import (
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// A nodeKind says what is known of a node.
type nodeKind uint8

const (
	missing nodeKind = iota // no such node: its value is the zero Hash
	leaf                    // a leaf
	parent                  // a parent
	opaque                  // a value of a proof: a leaf or a parent
)

// A partial is a node of the part of a tree that a proof reveals.
type partial struct {
	kind        nodeKind
	hash        merkle.Hash
	leaf        *Leaf // kind leaf
	left, right *partial
}

var missingNode = &partial{}

func newLeaf(l *Leaf) *partial {
	return &partial{kind: leaf, hash: LeafHash(*l), leaf: l}
}

func newParent(left, right *partial) *partial {
	return &partial{kind: parent, hash: ParentHash(left.hash, right.hash), left: left, right: right}
}

// newTrie returns the subtree of the given leaves at depth. Requires leaves
// sorted by search key, distinct, and equal in their first depth bits.
func newTrie(leaves []Leaf, depth int) (*partial, error) {
	switch {
	case len(leaves) == 0:
		return missingNode, nil
	case len(leaves) == 1:
		return newLeaf(&leaves[0]), nil
	case depth == maxDepth:
		return nil, errTooDeep
	}
	s := splitAt(len(leaves), depth, func(i int) *Key { return &leaves[i].Key })
	left, err := newTrie(leaves[:s], depth+1)
	if err != nil {
		return nil, err
	}
	right, err := newTrie(leaves[s:], depth+1)
	if err != nil {
		return nil, err
	}
	return newParent(left, right), nil
}

// A lookup is a result of a proof, checked on its own.
type lookup struct {
	key   *Key
	leaf  *Leaf // nil if the search ended at a missing node
	depth int
}

// rebuild returns the root of the part of the tree that p reveals. Its rules
// are those of Root.
func (p Proof) rebuild(keys []Key, commitments []*merkle.Hash) (*partial, error) {
	if len(keys) != len(p.Results) || len(commitments) != len(p.Results) {
		return nil, fmt.Errorf("%w: %d results and %d commitments for %d search keys",
			errProof, len(p.Results), len(commitments), len(keys))
	}
	lookups := make([]lookup, len(keys))
	for i := range keys {
		l, err := checkResult(&keys[i], &p.Results[i], commitments[i])
		if err != nil {
			return nil, fmt.Errorf("result %d: %w", i, err)
		}
		lookups[i] = lookup{&keys[i], l, int(p.Results[i].Depth)}
	}
	slices.SortFunc(lookups, func(a, b lookup) int { return compareKeys(a.key, b.key) })

	b := rebuilder{elements: p.Elements}
	root, err := b.node(lookups, 0)
	if err != nil {
		return nil, err
	}
	if len(b.elements) != 0 {
		return nil, fmt.Errorf("%w: %d elements left over", errProof, len(b.elements))
	}
	return root, nil
}

// A rebuilder holds the elements of a proof that are not used yet.
type rebuilder struct{ elements []merkle.Hash }

// node returns the node at depth that the searches pass or end at. Requires
// lookups sorted by search key, equal in their first depth bits, and none to
// have ended above depth.
func (b *rebuilder) node(lookups []lookup, depth int) (*partial, error) {
	if len(lookups) == 0 {
		return b.element()
	}
	ended := 0
	for i := range lookups {
		if lookups[i].depth == depth {
			ended++
		}
	}
	if ended == len(lookups) {
		return terminal(lookups)
	}
	if ended > 0 {
		return nil, fmt.Errorf("%w: a result below the node where another ends, at depth %d", errProof, depth)
	}
	s := splitAt(len(lookups), depth, func(i int) *Key { return lookups[i].key })
	left, err := b.node(lookups[:s], depth+1)
	if err != nil {
		return nil, err
	}
	right, err := b.node(lookups[s:], depth+1)
	if err != nil {
		return nil, err
	}
	if left.kind == missing && right.kind == missing {
		return nil, fmt.Errorf("%w: parent without children at depth %d", errProof, depth)
	}
	return newParent(left, right), nil
}

// element consumes the next element.
func (b *rebuilder) element() (*partial, error) {
	if len(b.elements) == 0 {
		return nil, fmt.Errorf("%w: too few elements", errProof)
	}
	h := b.elements[0]
	b.elements = b.elements[1:]
	if h == (merkle.Hash{}) {
		return missingNode, nil
	}
	return &partial{kind: opaque, hash: h}, nil
}

// terminal returns the node where all lookups end. They may be for different
// keys, and of different types, but must agree about the node.
func terminal(lookups []lookup) (*partial, error) {
	l := lookups[0].leaf
	for _, o := range lookups[1:] {
		if (l == nil) != (o.leaf == nil) || l != nil && *l != *o.leaf {
			return nil, fmt.Errorf("%w: results disagree about the node at depth %d", errProof, o.depth)
		}
	}
	if l == nil {
		return missingNode, nil
	}
	return newLeaf(l), nil
}
