// Package prefixtree implements the prefix tree of the IETF KEYTRANS protocol:
// its hashes, its lookup proofs and their verification, the replay of a change
// from a proof alone (for auditors), and a versioned tree over an ordered
// key-value store that serves proofs from every log entry.
//
// # The tree
//
// A prefix tree maps search keys (VRF outputs, 256 bits) to commitments. It is
// a binary trie that is not path-compressed: a parent at depth d stands for a
// prefix of d bits, its left child for that prefix and a 0, its right child
// for that prefix and a 1. A leaf sits at the smallest depth at which no other
// leaf shares its prefix (KEYTRANS, "Tree Construction", "Prefix Tree").
//
//	leaf   = SHA-256(0x02 || search key || commitment)
//	parent = SHA-256(0x03 || left || right), a missing child being 32 zero bytes
//
// (KEYTRANS, "Cryptographic Computations", "Prefix Tree").
//
// The draft does not say what the root of a tree without a parent is. Here the
// root of an empty tree is 32 zero bytes, and a tree of one leaf is that leaf,
// at depth 0. Both known independent implementations read it so, and their
// vectors pin it. A search in the empty tree ends at the missing node at depth
// 0.
//
// A proof states a depth in one byte. A leaf at depth 256, which takes two
// search keys that differ in their last bit only, could not be proven, so
// nothing here builds or accepts one.
//
// # What a proof proves
//
// [Proof.Root] recomputes the root that a proof belongs to. The caller compares
// it with a root it trusts; nothing else authenticates a proof. For one root, no
// two proofs that Root accepts give different answers for one search key: not
// two commitments, and not inclusion and non-inclusion. The comment of Root has
// the reason.
//
// # The stored tree
//
// [Tree] keeps every version of a tree to which leaves are only added; a
// version is the leaves inserted at or before a log entry. It is cut into pages
// of four bit levels, with buckets of leaves below them; record.go describes
// the records. It does no I/O: it reads through [Reader], a snapshot, and
// writes through [Writer], a batch that the caller commits.
//
// Nothing here is constant-time: search keys and commitments are public to
// whoever may see proofs.
package prefixtree
