package logtree

import (
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Proof lists the nodes, left to right, that prove leaves included in a log of
// n leaves to a verifier who retained the full subtrees of its first old
// leaves: the fewest heads of balanced subtrees from which, with the leaves and
// the retained heads, the root follows. A leaf inside a retained subtree still
// gets its whole path within it. leaves must ascend without duplicates.
// Requires old <= n and every leaf < n.
func Proof(n, old uint64, leaves []uint64) []Node {
	p := walk{old: old, leaves: leaves}
	p.visit(0, n)
	return p.unknown
}

// walk finds the unknown nodes of a proof in left-to-right order.
type walk struct {
	old     uint64
	leaves  []uint64
	unknown []Node
}

func (p *walk) visit(lo, hi uint64) {
	if lo == hi {
		return
	}
	kind := classify(lo, hi, p.old, p.leaves)
	switch kind {
	case known:
	case missing:
		p.unknown = append(p.unknown, nodeOver(lo, hi))
	default:
		mid := lo + split(hi-lo)
		p.visit(lo, mid)
		p.visit(mid, hi)
	}
}

// kind says where the value of a subtree comes from.
type kind int

const (
	inner   kind = iota // computed from its two children
	known               // a proven leaf or a retained head
	missing             // an element of the proof
)

// classify decides where the verifier gets the value of the subtree over
// [lo, hi) from. leaves may list positions outside of it.
func classify(lo, hi, old uint64, leaves []uint64) kind {
	i, isLeaf := slices.BinarySearch(leaves, lo)
	if hi-lo == 1 && isLeaf {
		return known
	}
	hasLeaf := i < len(leaves) && leaves[i] < hi
	switch {
	case hasLeaf:
		return inner
	case retained(lo, hi, old):
		return known
	case !isBalanced(hi - lo), lo < old && hi > old:
		return inner
	}
	return missing
}

// retained reports whether [lo, hi) is a full subtree of a log of old leaves.
// Full subtrees are the balanced ones whose parent reaches beyond old, and a
// walk from the root meets them before anything inside them.
func retained(lo, hi, old uint64) bool {
	size := hi - lo
	if hi > old || !isBalanced(size) {
		return false
	}
	// The parent covers size more leaves to the left or to the right.
	return lo&size == 0 && lo+2*size > old
}

// Result is what a verified proof establishes about a log.
type Result struct {
	Root merkle.Hash
	// Heads are the values of FullSubtrees(n), left to right.
	Heads []merkle.Hash
}

// Leaf is a leaf of the log tree: its position and its value.
type Leaf struct {
	Pos   uint64
	Value merkle.Hash
}

// Evaluate computes the root of a log of n leaves from some of its leaves, the
// heads of the full subtrees of its first old leaves that the verifier
// retained, and a proof as Proof lists it. leaves must ascend without
// duplicates. The root is only a candidate until a signature over it is
// verified.
//
// The error wraps ErrProof if the number of elements is wrong, or if the leaves
// and elements inside a retained subtree do not add up to its retained head.
func Evaluate(n, old uint64, heads []merkle.Hash, leaves []Leaf, elements []merkle.Hash) (Result, error) {
	if n == 0 || n > MaxSize || old > n {
		return Result{}, fmt.Errorf("%w: log of %d leaves after one of %d", ErrProof, n, old)
	}
	e := evaluation{n: n, old: old, elements: elements, values: leaves}
	for i, leaf := range leaves {
		if leaf.Pos >= n || i > 0 && leaf.Pos <= leaves[i-1].Pos {
			return Result{}, fmt.Errorf("%w: leaf %d out of order or out of range", ErrProof, leaf.Pos)
		}
		e.leaves = append(e.leaves, leaf.Pos)
	}
	full := FullSubtrees(old)
	if len(full) != len(heads) {
		return Result{}, fmt.Errorf("%d retained heads for a log of %d leaves", len(heads), old)
	}
	e.retained = make(map[Node]merkle.Hash, len(full))
	for i, node := range full {
		e.retained[node] = heads[i]
	}
	root, err := e.visit(0, n)
	if err != nil {
		return Result{}, err
	}
	if len(e.elements) != 0 {
		return Result{}, fmt.Errorf("%w: %d elements too many", ErrProof, len(e.elements))
	}
	return Result{Root: root, Heads: e.heads}, nil
}

type evaluation struct {
	n, old   uint64
	retained map[Node]merkle.Hash
	leaves   []uint64
	values   []Leaf
	elements []merkle.Hash
	heads    []merkle.Hash // of the full subtrees of n met so far
}

func (e *evaluation) visit(lo, hi uint64) (merkle.Hash, error) {
	value, err := e.value(lo, hi)
	if err != nil {
		return merkle.Hash{}, err
	}
	if retained(lo, hi, e.n) {
		e.heads = append(e.heads, value)
	}
	return value, nil
}

func (e *evaluation) value(lo, hi uint64) (merkle.Hash, error) {
	switch classify(lo, hi, e.old, e.leaves) {
	case missing:
		if len(e.elements) == 0 {
			return merkle.Hash{}, fmt.Errorf("%w: too few elements", ErrProof)
		}
		value := e.elements[0]
		e.elements = e.elements[1:]
		return value, nil
	case known:
		value, ok := e.retained[nodeOver(lo, hi)]
		if i, isLeaf := slices.BinarySearch(e.leaves, lo); isLeaf && hi-lo == 1 {
			leaf := e.values[i].Value
			if ok && leaf != value {
				return merkle.Hash{}, fmt.Errorf("%w: leaf %d differs from the retained one", ErrProof, lo)
			}
			value = leaf
		}
		return value, nil
	}
	return e.parent(lo, hi)
}

func (e *evaluation) parent(lo, hi uint64) (merkle.Hash, error) {
	mid := lo + split(hi-lo)
	left, err := e.visit(lo, mid)
	if err != nil {
		return merkle.Hash{}, err
	}
	right, err := e.visit(mid, hi)
	if err != nil {
		return merkle.Hash{}, err
	}
	value := ParentHash(left, mid-lo == 1, right, hi-mid == 1)
	if isBalanced(hi - lo) {
		// SPEC: Users MUST verify that the computed value for the head of any
		// such subtree matches the retained value.
		if want, ok := e.retained[nodeOver(lo, hi)]; ok && want != value {
			return merkle.Hash{}, fmt.Errorf("%w: leaves [%d, %d) differ from the retained subtree", ErrProof, lo, hi)
		}
	}
	return value, nil
}
