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
//
// The roots of the first earlier[i] leaves follow from the proof, too: an
// auditor has signed one. A subtree that such a log ends in is computed from its
// children, also if the verifier has retained its head. That can be one node more
// than the two roots take on their own, but only so are both of one log: from
// other nodes, the earlier root could be that of a fork.
func Proof(n, old uint64, leaves []uint64, earlier ...uint64) []Node {
	p := walk{known: given{old, leaves, earlier}}
	p.visit(0, n)
	return p.unknown
}

// given is what a verifier has: the heads of the full subtrees of a log of old
// leaves, and some leaves. It has to compute the roots of earlier logs, too.
type given struct {
	old     uint64
	leaves  []uint64
	earlier []uint64
}

// walk finds the unknown nodes of a proof in left-to-right order.
type walk struct {
	known   given
	unknown []Node
}

func (p *walk) visit(lo, hi uint64) {
	if lo == hi {
		return
	}
	switch p.known.classify(lo, hi) {
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
// [lo, hi) from.
func (g *given) classify(lo, hi uint64) kind {
	i, isLeaf := slices.BinarySearch(g.leaves, lo)
	if hi-lo == 1 && isLeaf {
		return known
	}
	hasLeaf := i < len(g.leaves) && g.leaves[i] < hi
	endsIn := slices.ContainsFunc(g.earlier, func(n uint64) bool { return lo < n && n < hi })
	switch {
	case hasLeaf, endsIn:
		return inner
	case retained(lo, hi, g.old):
		return known
	case !isBalanced(hi - lo), lo < g.old && hi > g.old:
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

	values map[Node]merkle.Hash // of every balanced subtree that was met
}

// Value returns the value of a balanced subtree, if the proof has it or leads to
// it.
func (r *Result) Value(n Node) (value merkle.Hash, ok bool) {
	value, ok = r.values[n]
	return value, ok
}

// Subtrees returns the values of FullSubtrees(m), left to right, for an earlier
// log of m leaves. ok is false if they do not follow from the proof. They do for
// what the verifier had retained, for each of the sizes that Evaluate was given,
// and for a log that ends with one of the proven leaves.
func (r *Result) Subtrees(m uint64) (heads []merkle.Hash, ok bool) {
	for _, node := range FullSubtrees(m) {
		value, ok := r.values[node]
		if !ok {
			return nil, false
		}
		heads = append(heads, value)
	}
	return heads, true
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
// verified. The proof is one for the roots of the first earlier[i] leaves, too,
// none of which exceeds n.
//
// The error wraps ErrProof if the number of elements is wrong, or if the leaves
// and elements inside a retained subtree do not add up to its retained head.
func Evaluate(n, old uint64, heads []merkle.Hash, leaves []Leaf, elements []merkle.Hash, earlier ...uint64) (Result, error) {
	if n == 0 || n > MaxSize || old > n || slices.ContainsFunc(earlier, func(m uint64) bool { return m > n }) {
		return Result{}, fmt.Errorf("%w: log of %d leaves after one of %d", ErrProof, n, old)
	}
	e := evaluation{n: n, given: given{old: old, earlier: earlier}, elements: elements, proven: leaves, values: make(map[Node]merkle.Hash)}
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
		e.retained[node], e.values[node] = heads[i], heads[i]
	}
	root, err := e.visit(0, n)
	if err != nil {
		return Result{}, err
	}
	if len(e.elements) != 0 {
		return Result{}, fmt.Errorf("%w: %d elements too many", ErrProof, len(e.elements))
	}
	return Result{Root: root, Heads: e.heads, values: e.values}, nil
}

type evaluation struct {
	given
	n        uint64
	retained map[Node]merkle.Hash
	proven   []Leaf // those of given.leaves
	elements []merkle.Hash
	heads    []merkle.Hash // of the full subtrees of n met so far
	values   map[Node]merkle.Hash
}

func (e *evaluation) visit(lo, hi uint64) (merkle.Hash, error) {
	value, err := e.value(lo, hi)
	if err != nil {
		return merkle.Hash{}, err
	}
	if isBalanced(hi - lo) {
		e.values[nodeOver(lo, hi)] = value
	}
	if retained(lo, hi, e.n) {
		e.heads = append(e.heads, value)
	}
	return value, nil
}

func (e *evaluation) value(lo, hi uint64) (merkle.Hash, error) {
	switch e.classify(lo, hi) {
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
			leaf := e.proven[i].Value
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
