// Package merkle holds what the trees of a key directory share. The trees
// themselves live in its subpackages: logtree, prefixtree, ibst and ladder.
//
// Nothing below this package does I/O, reads a clock, logs or keeps global
// state. Stored nodes arrive through small reader interfaces.
package merkle

import "encoding/hex"

// HashSize is the size in bytes of every tree node: Hash.Nh of both
// registered KEYTRANS cipher suites, which use SHA-256.
const HashSize = 32

// Hash is the value of a tree node. The zero Hash stands in for a missing
// child in the prefix tree (KEYTRANS, "Cryptographic Computations", "Prefix
// Tree").
type Hash [HashSize]byte

// String returns h in lower-case hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }
