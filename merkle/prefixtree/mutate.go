package prefixtree

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Mutate replays a change of a prefix tree from a proof, as an auditor must
// (KEYTRANS, "Third Parties", "Auditing", steps 2 to 4, 6 and 7). proof has the
// searches, in the tree before the change, for the keys of added and then of
// removed, in that order. It returns the roots before and after; the caller
// compares before with the root it trusts, without which after means nothing.
//
// Both lists must be sorted in ascending order by search key and free of
// duplicates. A key in both is replaced, and must be included like every
// removed one, with the removed commitment; every other added key must not be.
//
// When a removal leaves a lone leaf in a subtree, the leaf moves up to where its
// prefix becomes unique. The draft does not say so, but only then is a tree a
// function of its leaves. Whether the sibling of what was removed is such a leaf
// is not to be seen if the proof has only its value. Then determined is false,
// and after is the root if that sibling is a parent and stays where it is. An
// auditor should not sign a root that it had to guess.
//
// Mutate returns an error for lists that break these rules, which wraps ErrUnsorted,
// ErrAdded or ErrRemoved, and for proofs that [Proof.Root] rejects.
func Mutate(proof Proof, added, removed []Leaf) (before, after merkle.Hash, determined bool, err error) {
	keys, commitments, err := mutationLookups(proof, added, removed)
	if err != nil {
		return merkle.Hash{}, merkle.Hash{}, false, err
	}
	root, err := proof.rebuild(keys, commitments)
	if err != nil {
		return merkle.Hash{}, merkle.Hash{}, false, err
	}
	m := mutation{removed: removed, determined: true}
	changed, _, err := m.node(root, 0, added)
	if err != nil {
		return merkle.Hash{}, merkle.Hash{}, false, err
	}
	return root.hash, changed.hash, m.determined, nil
}

// The errors of Mutate for changes that cannot be, by steps of an auditor.
var (
	// ErrUnsorted is wrapped for a list that is not in ascending order, or has a
	// search key twice (step 2).
	ErrUnsorted = errors.New("the leaves are not in strictly ascending order")
	// ErrAdded is wrapped for an added leaf whose search key was in the tree
	// (step 3).
	ErrAdded = errors.New("an added leaf is included already")
	// ErrRemoved is wrapped for a removed leaf that was not in the tree (step 4).
	ErrRemoved = errors.New("a removed leaf is not included")
)

// mutationLookups checks the lists of Mutate and the types of its results, and
// returns the arguments for rebuild.
func mutationLookups(proof Proof, added, removed []Leaf) ([]Key, []*merkle.Hash, error) {
	if err := checkSorted("added", added); err != nil {
		return nil, nil, err
	}
	if err := checkSorted("removed", removed); err != nil {
		return nil, nil, err
	}
	n := len(added) + len(removed)
	if len(proof.Results) != n {
		return nil, nil, fmt.Errorf("%w: %d results for %d changes", errProof, len(proof.Results), n)
	}
	keys, commitments := make([]Key, 0, n), make([]*merkle.Hash, 0, n)
	for i := range added {
		old := find(removed, &added[i].Key)
		switch t := proof.Results[i].Type; {
		case old == nil && t == Inclusion:
			return nil, nil, fmt.Errorf("%w: %w: leaf %d", errProof, ErrAdded, i)
		case old != nil && t != Inclusion:
			return nil, nil, fmt.Errorf("%w: %w: added leaf %d, which is also removed", errProof, ErrRemoved, i)
		}
		keys = append(keys, added[i].Key)
		if old == nil {
			commitments = append(commitments, nil)
		} else {
			commitments = append(commitments, &old.Commitment)
		}
	}
	for i := range removed {
		if t := proof.Results[len(added)+i].Type; t != Inclusion {
			return nil, nil, fmt.Errorf("%w: %w: leaf %d", errProof, ErrRemoved, i)
		}
		keys = append(keys, removed[i].Key)
		commitments = append(commitments, &removed[i].Commitment)
	}
	return keys, commitments, nil
}

func checkSorted(list string, leaves []Leaf) error {
	for i := 1; i < len(leaves); i++ {
		if compareKeys(&leaves[i-1].Key, &leaves[i].Key) >= 0 {
			return fmt.Errorf("%w: %w: %s %d and %d", errProof, ErrUnsorted, list, i-1, i)
		}
	}
	return nil
}

// find returns the leaf of key in leaves, which are sorted, nil if none.
func find(leaves []Leaf, key *Key) *Leaf {
	i, ok := slices.BinarySearchFunc(leaves, key, func(l Leaf, k *Key) int { return compareKeys(&l.Key, k) })
	if !ok {
		return nil
	}
	return &leaves[i]
}

// A mutation is the state of one Mutate.
type mutation struct {
	removed    []Leaf
	determined bool
}

// node returns what becomes of the node n at depth when added, the added
// leaves with its prefix, come and the removed ones go, and whether a leaf
// below n, or n itself, went away for good.
func (m *mutation) node(n *partial, depth int, added []Leaf) (*partial, bool, error) {
	switch n.kind {
	case missing:
		t, err := newTrie(added, depth)
		return t, false, err
	case leaf:
		return m.leaf(n, depth, added)
	case opaque:
		// The proof has a result for every change, so none is in here.
		return n, false, nil
	}
	s := splitAt(len(added), depth, func(i int) *Key { return &added[i].Key })
	left, goneLeft, err := m.node(n.left, depth+1, added[:s])
	if err != nil {
		return nil, false, err
	}
	right, goneRight, err := m.node(n.right, depth+1, added[s:])
	if err != nil {
		return nil, false, err
	}
	if goneLeft || goneRight {
		return m.join(left, right), true, nil
	}
	return newParent(left, right), false, nil
}

// leaf is node for a leaf.
func (m *mutation) leaf(n *partial, depth int, added []Leaf) (*partial, bool, error) {
	i, replaced := slices.BinarySearchFunc(added, &n.leaf.Key, func(l Leaf, k *Key) int { return compareKeys(&l.Key, k) })
	gone := !replaced && find(m.removed, &n.leaf.Key) != nil
	if !gone && !replaced {
		added = slices.Insert(slices.Clone(added), i, *n.leaf)
	}
	t, err := newTrie(added, depth)
	return t, gone, err
}

// join returns the node for two children, one of which has lost a leaf.
func (m *mutation) join(left, right *partial) *partial {
	one, other := left, right
	if right.kind == missing {
		one, other = right, left
	}
	if one.kind == missing {
		switch other.kind {
		case missing, leaf:
			return other
		case opaque:
			m.determined = false
		}
	}
	return newParent(left, right)
}
