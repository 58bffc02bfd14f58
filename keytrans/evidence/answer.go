package evidence

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// answer is what a verified answer says of a label, all of it under a signed head.
type answer struct {
	label string
	size  uint64 // of the log
	time  uint64 // of its rightmost entry, in milliseconds
	// commitments are those that are proven, by version.
	commitments map[uint32]merkle.Hash
	// keys has all that the answer tells of versions: search keys are proven by the
	// VRF, commitments are only if they are in commitments.
	keys map[uint32]keytrans.VersionKey
	// bounded tells that there is no version above greatest, nil for no version.
	bounded  bool
	greatest *uint32
}

func newAnswer(label []byte, v *keytrans.Verified, keys map[uint32]keytrans.VersionKey) answer {
	a := answer{
		label: string(label), size: v.View.Head.TreeSize, time: v.View.Rightmost().Timestamp,
		commitments: make(map[uint32]merkle.Hash), keys: keys,
	}
	for version, k := range keys {
		if k.Proven && k.Commitment != nil {
			a.commitments[version] = *k.Commitment
		}
	}
	return a
}

func searchAnswer(label []byte, greatest bool, r *keytrans.SearchResult) answer {
	a := newAnswer(label, &r.Verified, r.Keys)
	if greatest {
		a.bounded, a.greatest = true, &r.Version
	}
	return a
}

func absenceAnswer(label []byte, r *keytrans.AbsenceResult) answer {
	a := newAnswer(label, &r.Verified, r.Keys)
	a.bounded, a.greatest = true, r.Greatest
	return a
}

// contradicts returns what two answers about one label cannot both say of one log
// that keeps what it has, nil if there is nothing. lifetime is the log's maximum
// lifetime in milliseconds, nil for ever.
//
// It does not matter whether the larger log continues the smaller one: if not, the
// directory has signed two logs.
func (a *answer) contradicts(b *answer, lifetime *uint64) error {
	if a.label != b.label {
		return nil
	}
	if a.size > b.size {
		a, b = b, a
	}
	if lifetime != nil && b.time >= a.time && b.time-a.time >= *lifetime {
		return nil // what was true then may have gone for its age
	}
	if err := a.exceeds(b, lifetime); err != nil || a.size < b.size {
		return err
	}
	return b.exceeds(a, lifetime)
}

// exceeds returns what a has and b, of a log at least as large, has not.
func (a *answer) exceeds(b *answer, lifetime *uint64) error {
	for _, version := range slices.Sorted(maps.Keys(a.commitments)) {
		if lifetime != nil && (!a.bounded || a.greatest == nil || version != *a.greatest) {
			continue // it may be of an entry that was old already
		}
		if other, ok := b.commitments[version]; ok && other != a.commitments[version] {
			return fmt.Errorf("the log of %d entries has one value of version %d of a label, and the log of %d entries has another", a.size, version, b.size)
		}
		if b.bounded && (b.greatest == nil || version > *b.greatest) {
			return fmt.Errorf("the log of %d entries has version %d of a label, and the log of %d entries has %s", a.size, version, b.size, b.most())
		}
	}
	return nil
}

// most names the greatest version. Requires bounded.
func (a *answer) most() string {
	if a.greatest == nil {
		return "no version of it"
	}
	return fmt.Sprintf("none above %d", *a.greatest)
}
