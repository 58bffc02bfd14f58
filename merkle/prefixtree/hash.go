package prefixtree

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// keyBits is the length of a search key in bits.
const keyBits = 8 * len(Key{})

// maxDepth is the greatest depth, in bits, that a proof can state.
const maxDepth = 255

// A Key is a search key: the VRF output of a label-version pair. Its bits are
// taken from the most significant bit of its first byte on.
type Key [merkle.HashSize]byte

// A Leaf maps a search key to the commitment to its value (PrefixLeaf).
type Leaf struct {
	Key        Key
	Commitment merkle.Hash
}

// LeafHash returns the value of a leaf node: SHA-256(0x02 || key ||
// commitment) (KEYTRANS, "Cryptographic Computations", "Prefix Tree").
func LeafHash(l Leaf) merkle.Hash {
	var b [1 + 2*merkle.HashSize]byte
	b[0] = 0x02
	copy(b[1:], l.Key[:])
	copy(b[1+merkle.HashSize:], l.Commitment[:])
	return sha256.Sum256(b[:])
}

// ParentHash returns the value of a parent node: SHA-256(0x03 || left ||
// right), where the zero Hash stands for a missing child (KEYTRANS,
// "Cryptographic Computations", "Prefix Tree").
func ParentHash(left, right merkle.Hash) merkle.Hash {
	var b [1 + 2*merkle.HashSize]byte
	b[0] = 0x03
	copy(b[1:], left[:])
	copy(b[1+merkle.HashSize:], right[:])
	return sha256.Sum256(b[:])
}

// bit returns bit i of k. Requires 0 <= i < keyBits.
func (k *Key) bit(i int) int {
	return int(k[i/8]>>(7-i%8)) & 1
}

// commonBits returns the number of leading bits that a and b share.
func commonBits(a, b *Key) int {
	for i := 0; i < len(a); i += 8 {
		x := binary.BigEndian.Uint64(a[i:]) ^ binary.BigEndian.Uint64(b[i:])
		if x != 0 {
			return 8*i + bits.LeadingZeros64(x)
		}
	}
	return keyBits
}

// compareKeys orders search keys as big-endian numbers, which is the
// left-to-right order of their leaves.
func compareKeys(a, b *Key) int { return bytes.Compare(a[:], b[:]) }

// splitAt returns the index of the first of n sorted keys, which agree up to
// bit depth, that has a 1 there.
func splitAt(n, depth int, key func(int) *Key) int {
	lo, hi := 0, n
	for lo < hi {
		m := (lo + hi) / 2
		if key(m).bit(depth) == 0 {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}
