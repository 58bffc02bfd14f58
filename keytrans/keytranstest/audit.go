package keytranstest

import (
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// AuditorUpdate returns what the log tells an auditor of the entry at pos: the
// truth, also of what an honest log would not have done.
func (l *Log) AuditorUpdate(pos uint64) *keytrans.AuditorUpdate {
	var before *tree
	if pos > 0 {
		before = l.trees[pos-1]
	}
	u := &keytrans.AuditorUpdate{Timestamp: l.entries[pos].Timestamp}
	u.Added, u.Removed = diff(before, l.trees[pos])
	u.Proof = l.ProveChange(pos, u.Added, u.Removed)
	return u
}

// ProveChange returns the lookups of an AuditorUpdate for the entry at pos, if it
// has the given leaves.
func (l *Log) ProveChange(pos uint64, added, removed []prefixtree.Leaf) prefixtree.Proof {
	var before *tree
	if pos > 0 {
		before = l.trees[pos-1]
	}
	var keys []prefixtree.Key
	for _, leaf := range slices.Concat(added, removed) {
		keys = append(keys, leaf.Key)
	}
	proof, _, err := prefixtree.Prove(before.node(), keys)
	return must(proof, err)
}

// diff returns the leaves of after that are not in before, and the reverse, both
// ascending by search key as the trees are.
func diff(before, after *tree) (added, removed []prefixtree.Leaf) {
	old, now := before.leaves(nil), after.leaves(nil)
	had, has := make(map[prefixtree.Leaf]bool), make(map[prefixtree.Leaf]bool)
	for _, l := range old {
		had[l] = true
	}
	for _, l := range now {
		has[l] = true
		if !had[l] {
			added = append(added, l)
		}
	}
	for _, l := range old {
		if !has[l] {
			removed = append(removed, l)
		}
	}
	return added, removed
}

// leaves appends the leaves of the tree, ascending by search key.
func (t *tree) leaves(out []prefixtree.Leaf) []prefixtree.Leaf {
	switch {
	case t == nil:
		return out
	case t.leaf != nil:
		return append(out, *t.leaf)
	}
	return t.right.leaves(t.left.leaves(out))
}
