package keytrans

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// DistinguishedHead lists the roots of the log at each of its recent
// distinguished entries, from left to right: KEYTRANS, "Detecting Forks". It is
// not signed, and says nothing of positions. At most 255.
type DistinguishedHead struct {
	Heads []merkle.Hash
}

// Marshal returns the encoding of h.
func (h *DistinguishedHead) Marshal() ([]byte, error) {
	var b builder
	b.count8(len(h.Heads))
	b.hashes(h.Heads)
	return b.Bytes()
}

// ParseDistinguishedHead decodes a DistinguishedHead. The error wraps
// ErrMalformed.
func ParseDistinguishedHead(data []byte) (*DistinguishedHead, error) {
	r := reader{s: data}
	h := &DistinguishedHead{Heads: vector8(&r, merkle.HashSize, "heads", func() merkle.Hash { return r.hash("heads") })}
	return orError(h, &r)
}

var (
	// ErrHeadsLength says that two lists of roots have different lengths, or
	// none, so that they cannot be compared.
	ErrHeadsLength = errors.New("the lists of distinguished heads have different lengths, or are empty")

	// ErrHeadsDisjoint says that two lists have no root in common. Either is of
	// another time, or of another log: nothing follows.
	ErrHeadsDisjoint = errors.New("the lists of distinguished heads have no root in common")

	// ErrHeadsConflict says that two lists have a root in common and do not agree
	// beside it. Roots at the same entry differ, then, unless one of the lists was
	// made up: the lists are not signed, so they prove nothing to others.
	ErrHeadsConflict = errors.New("the lists of distinguished heads contradict each other")
)

// CompareHeads checks that each of two lists is a prefix or a suffix of the
// other, with at least one root in common: KEYTRANS, "Detecting Forks". It
// returns how many roots they have in common. The error wraps ErrHeadsLength,
// ErrHeadsDisjoint or ErrHeadsConflict.
func CompareHeads(a, b *DistinguishedHead) (common int, err error) {
	n := len(a.Heads)
	if n != len(b.Heads) || n == 0 {
		return 0, fmt.Errorf("%w: %d and %d", ErrHeadsLength, n, len(b.Heads))
	}
	// Heads are repeated in no honest log. The greatest overlap counts.
	for x := range n {
		if slices.Equal(a.Heads[:n-x], b.Heads[x:]) || slices.Equal(b.Heads[:n-x], a.Heads[x:]) {
			return n - x, nil
		}
	}
	if slices.ContainsFunc(a.Heads, func(h merkle.Hash) bool { return slices.Contains(b.Heads, h) }) {
		return 0, ErrHeadsConflict
	}
	return 0, ErrHeadsDisjoint
}
