package keytrans

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// Entry is a log entry and its position.
type Entry struct {
	Position uint64
	LogEntry
}

// View is what a user retains of the last tree head it verified: KEYTRANS,
// "Updating Views of the Tree". The zero View is that of a user who has seen
// nothing. A View is never modified.
type View struct {
	Head     TreeHead      // Head.TreeSize is the size of the log
	Subtrees []merkle.Hash // heads of logtree.FullSubtrees, left to right
	Frontier []Entry       // the entries of ibst.Frontier, left to right

	// AuditorTreeHead is the auditor's head that came with Head, if any.
	AuditorTreeHead *AuditorTreeHead
}

// Last returns what a request advertises of v: nil, or the size of the log.
func (v *View) Last() *uint64 {
	if v.Head.TreeSize == 0 {
		return nil
	}
	size := v.Head.TreeSize
	return &size
}

// Root returns the root of the log. Requires a view that is not zero.
func (v *View) Root() (merkle.Hash, error) { return logtree.Root(v.Head.TreeSize, v.Subtrees) }

// Rightmost returns the rightmost log entry. Requires a view that is not zero.
func (v *View) Rightmost() Entry { return v.Frontier[len(v.Frontier)-1] }

// check verifies that a view read from storage has the parts that its size
// requires, so that nothing later has to.
func (v *View) check() error {
	n := v.Head.TreeSize
	if n > logtree.MaxSize || len(v.Subtrees) != len(logtree.FullSubtrees(n)) {
		return errors.New("retained view: subtree heads do not fit the tree size")
	}
	frontier := ibst.Frontier(n)
	if len(v.Frontier) != len(frontier) {
		return errors.New("retained view: frontier does not fit the tree size")
	}
	for i, pos := range frontier {
		if v.Frontier[i].Position != pos {
			return fmt.Errorf("retained view: entry %d in the place of frontier entry %d", v.Frontier[i].Position, pos)
		}
	}
	return nil
}

// Contradicts returns what two views cannot both say of one log, nil if one may
// be the other's past: that a balanced subtree which both are built on has
// another head in each. Requires views that a Verifier returned.
//
// Frontier entries need no comparison of their own: each is the last leaf of a
// full subtree, whose head covers it.
func (v *View) Contradicts(other *View) error {
	heads := make(map[logtree.Node]merkle.Hash)
	for i, n := range logtree.FullSubtrees(v.Head.TreeSize) {
		heads[n] = v.Subtrees[i]
	}
	for i, n := range logtree.FullSubtrees(other.Head.TreeSize) {
		if h, ok := heads[n]; ok && h != other.Subtrees[i] {
			lo, hi := n.Range()
			return fmt.Errorf("log entries %d to %d differ between a log of %d entries and one of %d",
				lo, hi-1, v.Head.TreeSize, other.Head.TreeSize)
		}
	}
	return nil
}
