// Package logtree implements the log tree of KEYTRANS ("Log Tree" under "Tree
// Construction", "Cryptographic Computations" and "Tree Proofs"): a
// left-balanced binary tree that is append-only.
//
// It is not the tree of RFC 6962: leaves enter as hashes, and a parent hashes
// each child behind a tag that says whether the child is a leaf or a parent.
// Proofs carry only heads of balanced subtrees, so that a verifier can retain
// every node it has ever seen.
package logtree

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// Node names the head of the balanced subtree over the leaves
// [Index<<Level, (Index+1)<<Level). Level 0 is a leaf.
type Node struct {
	Level uint8
	Index uint64
}

// Range returns the leaves [lo, hi) that n covers.
func (n Node) Range() (lo, hi uint64) { return n.Index << n.Level, (n.Index + 1) << n.Level }

// MaxSize is the greatest size of a log that this package handles.
const MaxSize = 1 << 62

// ParentHash returns the value of the parent of two nodes, each a leaf or a
// parent itself.
func ParentHash(left merkle.Hash, leftLeaf bool, right merkle.Hash, rightLeaf bool) merkle.Hash {
	var b [2 * (1 + merkle.HashSize)]byte
	b[0], b[1+merkle.HashSize] = tag(leftLeaf), tag(rightLeaf)
	copy(b[1:], left[:])
	copy(b[2+merkle.HashSize:], right[:])
	return sha256.Sum256(b[:])
}

func tag(leaf bool) byte {
	if leaf {
		return 0
	}
	return 1
}

// split returns the size of the left subtree of a tree of n > 1 leaves: the
// largest power of two smaller than n.
func split(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

func isBalanced(n uint64) bool { return n&(n-1) == 0 }

func nodeOver(lo, hi uint64) Node {
	level := bits.TrailingZeros64(hi - lo)
	return Node{Level: uint8(level), Index: lo >> level}
}

// FullSubtrees returns the largest balanced subtrees of a log of n leaves, left
// to right, one for each bit set in n.
func FullSubtrees(n uint64) []Node {
	out := make([]Node, 0, bits.OnesCount64(n))
	for lo := uint64(0); lo < n; {
		size := uint64(1) << (bits.Len64(n-lo) - 1)
		out = append(out, nodeOver(lo, lo+size))
		lo += size
	}
	return out
}

// Root folds the heads of the full subtrees of a log of n leaves into its root.
// Requires n > 0; the error says that there are more or fewer heads than n has
// full subtrees.
func Root(n uint64, heads []merkle.Hash) (merkle.Hash, error) {
	full := FullSubtrees(n)
	if n == 0 || len(heads) != len(full) {
		return merkle.Hash{}, fmt.Errorf("%d subtree heads for a log of %d leaves", len(heads), n)
	}
	last := len(heads) - 1
	root, leaf := heads[last], full[last].Level == 0
	for i := last - 1; i >= 0; i-- {
		root, leaf = ParentHash(heads[i], full[i].Level == 0, root, leaf), false
	}
	return root, nil
}

// Append adds one leaf to a log of n leaves, given the heads of its full
// subtrees. It returns the heads for n+1 leaves and calls save for each node
// that the leaf completes, the leaf itself first. The heads passed in are not
// changed.
func Append(n uint64, heads []merkle.Hash, leaf merkle.Hash, save func(Node, merkle.Hash)) ([]merkle.Hash, error) {
	if n >= MaxSize || len(heads) != bits.OnesCount64(n) {
		return nil, fmt.Errorf("%d subtree heads for a log of %d leaves", len(heads), n)
	}
	out := slices.Clone(heads)
	node, value := Node{Index: n}, leaf
	save(node, value)
	for node.Index&1 == 1 {
		left := out[len(out)-1]
		out = out[:len(out)-1]
		value = ParentHash(left, node.Level == 0, value, node.Level == 0)
		node = Node{Level: node.Level + 1, Index: node.Index >> 1}
		save(node, value)
	}
	return append(out, value), nil
}

// Reader returns the values of nodes, in order. It is asked only for nodes
// whose subtree is complete. Nodes never change.
type Reader interface {
	LogNodes(nodes []Node) ([]merkle.Hash, error)
}

// ErrProof is what a verifier's errors wrap when a proof does not have the
// shape its contents require or contradicts what the verifier retained.
var ErrProof = errors.New("invalid log tree proof")
