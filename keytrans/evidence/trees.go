package evidence

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// MaxTreesEntries is how many log entries Trees has at most.
const MaxTreesEntries = 1 << 16

// Trees is a signed head of the directory and a signed checkpoint of its public log,
// of which the checkpoint's log entries lead to another root than the head's. A base,
// an earlier head, spares the entries before it: if the head continues it, it is of
// other entries than the checkpoint, and if it does not, it contradicts the base.
type Trees struct {
	Head       Head   `json:"head"`
	Base       *Base  `json:"base,omitempty"`
	Checkpoint []byte `json:"checkpoint"` // the signed note
	// Entries are the encoded log entries from the base's size, or 0, up to the head's.
	// Before and After are the roots of RFC 6962 over what is before and after them in
	// the checkpoint's tree, from left to right: those on the paths of the first and of
	// the last one.
	Entries []byte `json:"entries"`
	Before  []Hash `json:"before"`
	After   []Hash `json:"after"`
}

// Base is a signed head with the full subtrees of its log tree.
type Base struct {
	Head
	Subtrees []Hash `json:"full_subtrees"`
}

func (e *Evidence) verifyTrees() (*Proof, error) {
	cfg, err := keytrans.ParseConfiguration(e.Configuration)
	if err != nil {
		return nil, err
	}
	policy, err := logPolicy(e.Log)
	if err != nil {
		return nil, err
	}
	t := e.Trees
	signed, err := policy.Open(t.Checkpoint)
	if err != nil {
		return nil, err
	}
	if err := t.Head.Verify(cfg); err != nil {
		return nil, fmt.Errorf("the head: %w", err)
	}
	lo, subtrees, err := t.base(cfg)
	if err != nil {
		return nil, err
	}
	hi := t.Head.TreeSize
	if lo >= hi || hi > signed.Size || hi-lo > MaxTreesEntries || uint64(len(t.Entries)) != (hi-lo)*keytrans.LogEntrySize {
		return nil, fmt.Errorf("it does not have the log entries from %d to %d of a checkpoint of %d", lo, hi, signed.Size)
	}
	leaves, root, err := t.replay(lo, subtrees)
	if err != nil {
		return nil, err
	}
	r := rfcRange{lo: lo, hi: hi, leaves: leaves, before: MerkleHashes(t.Before), after: MerkleHashes(t.After)}
	public, err := r.root(signed.Size)
	switch {
	case err != nil:
		return nil, err
	case public != merkle.Hash(signed.Root):
		return nil, errors.New("the log entries are not those of the checkpoint")
	case root == merkle.Hash(t.Head.Root):
		return nil, errors.New("the head is of the very log entries of the checkpoint")
	}
	return &Proof{Rule: ruleOneHistory, Found: fmt.Sprintf("the directory signed a head of %d entries that are not the first ones of its public log of %d", hi, signed.Size)}, nil
}

// base returns the size of the base and its full subtrees, which its signature covers.
func (t *Trees) base(cfg *keytrans.Configuration) (uint64, []merkle.Hash, error) {
	if t.Base == nil {
		return 0, nil, nil
	}
	if t.Base.TreeSize == 0 || t.Base.TreeSize > logtree.MaxSize {
		return 0, nil, errors.New("the base has no size of a log")
	}
	subtrees := MerkleHashes(t.Base.Subtrees)
	root, err := logtree.Root(t.Base.TreeSize, subtrees)
	if err == nil && root != merkle.Hash(t.Base.Root) {
		err = errors.New("its subtrees do not lead to its root")
	}
	if err == nil {
		err = t.Base.Verify(cfg)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("the base: %w", err)
	}
	return t.Base.TreeSize, subtrees, nil
}

// replay returns the leaves of RFC 6962 of the entries, and the root of the log tree
// that they lead to.
func (t *Trees) replay(lo uint64, subtrees []merkle.Hash) (leaves []merkle.Hash, root merkle.Hash, err error) {
	size := lo
	for data := t.Entries; len(data) > 0; data = data[keytrans.LogEntrySize:] {
		encoded := data[:keytrans.LogEntrySize]
		entry, err := keytrans.ParseLogEntry(encoded)
		if err != nil {
			return nil, root, err
		}
		subtrees, err = logtree.Append(size, subtrees, entry.Hash(), func(logtree.Node, merkle.Hash) {})
		if err != nil {
			return nil, root, err
		}
		leaves = append(leaves, merkle.Hash(rfc6962.DefaultHasher.HashLeaf(encoded)))
		size++
	}
	root, err = logtree.Root(size, subtrees)
	return leaves, root, err
}

// rfcRange is a range [lo, hi) of leaves in a tree of RFC 6962, with the roots of
// what is before and after it.
type rfcRange struct {
	lo, hi                uint64
	leaves, before, after []merkle.Hash
}

// root returns the root of a tree of size leaves. Requires 0 <= lo < hi <= size.
func (r *rfcRange) root(size uint64) (merkle.Hash, error) {
	h, err := r.node(0, size)
	if err == nil && len(r.before)+len(r.after) > 0 {
		err = errors.New("it has more hashes than the path of its log entries")
	}
	return h, err
}

func (r *rfcRange) node(a, b uint64) (merkle.Hash, error) {
	switch {
	case b <= r.lo:
		return take(&r.before)
	case a >= r.hi:
		return take(&r.after)
	case b-a == 1:
		return r.leaves[a-r.lo], nil
	}
	middle := a + 1<<(bits.Len64(b-a-1)-1)
	left, err := r.node(a, middle)
	if err != nil {
		return left, err
	}
	right, err := r.node(middle, b)
	return merkle.Hash(rfc6962.DefaultHasher.HashChildren(left[:], right[:])), err
}

func take(list *[]merkle.Hash) (merkle.Hash, error) {
	if len(*list) == 0 {
		return merkle.Hash{}, errors.New("it lacks a hash on the path of its log entries")
	}
	h := (*list)[0]
	*list = (*list)[1:]
	return h, nil
}
