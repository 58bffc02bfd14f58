package keytrans

import (
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
)

// UpdateResult is the outcome of one UpdateResponse.
type UpdateResult struct {
	OwnerResult
	// Position is the log entry that created the versions.
	Position uint64
	// First is the version of the first of Values; the others follow without a gap.
	// Below it are Skipped versions that were created along with them and have no
	// value, under ThirdPartyManagement only.
	First, Skipped uint32
	// Values are the values of the versions. If Position is distinguished they
	// are a claim that the draft leaves to be proven by OwnerMonitor: until
	// Owner.Start has reached Position, whoever answered could have made them up.
	Values []UpdateValue
	// Commitments are those to Values, from the openings in the response. They are as
	// good as Values. The owner's state retains only some of them.
	Commitments []merkle.Hash
	// Requested tells that the response says that these are the versions that
	// the request asked for. It is a claim: they may be, though it is not set.
	Requested bool
}

// Update verifies one response to q at the time now. q must have been sent with
// view.Last() and owner.Greatest(). Several responses to one request are
// verified in order, each with the view, owner and request that the ones before
// it lead to: KEYTRANS, "Updating a Label".
func (v *Verifier) Update(view *View, owner *Owner, q *UpdateRequest, p *UpdateResponse, now time.Time) (*UpdateResult, error) {
	values, requested := p.Values, false
	if len(values) == 0 {
		values, requested = q.Values, true
	}
	if len(values) == 0 || len(p.Info) != len(values) {
		return nil, fmt.Errorf("%w: %d openings for %d new versions", ErrProof, len(p.Info), len(values))
	}
	if p.Position <= owner.lastPosition() {
		return nil, fmt.Errorf("%w: new versions in entry %d, not to the right of %d", ErrProof, p.Position, owner.lastPosition())
	}
	u := &labelUpdate{
		position: p.Position, previous: owner.Greatest(), inserted: owner.lastPosition(), expected: owner.at,
	}
	skipped, err := v.skippedVersions(p, len(values))
	if err != nil {
		return nil, err
	}
	last := uint64(u.first()) + uint64(skipped) + uint64(len(values)) - 1
	if u.previous != nil && *u.previous == maxVersion || last > maxVersion {
		return nil, fmt.Errorf("%w: versions above the greatest possible one", ErrProof)
	}
	u.greatest = uint32(last)

	first := u.first() + skipped
	keys, updates, err := v.updateKeys(owner, u, q.Label, first, values, p)
	if err != nil {
		return nil, err
	}
	s, err := v.open(view, &p.FullTreeHead, p.Update, keys)
	if err != nil {
		return nil, err
	}
	if p.Position >= s.size {
		return nil, fmt.Errorf("%w: new versions in entry %d of a log of %d", ErrProof, p.Position, s.size)
	}
	s.claimed = owner.claimed
	distinguished, err := s.update(u)
	if err != nil {
		return nil, err
	}
	for i, value := range updates {
		if err := s.verifyValue(q.Label, first+uint32(i), value); err != nil {
			return nil, err
		}
	}
	verified, err := s.close(now)
	if err != nil {
		return nil, err
	}
	next, err := owner.created(u, s.size, distinguished, s.consumer.keys)
	if err != nil {
		return nil, err
	}
	r := &UpdateResult{
		OwnerResult: OwnerResult{Verified: verified, Owner: next},
		Position:    p.Position, First: first, Skipped: skipped, Values: updates, Requested: requested,
	}
	for i := range updates {
		r.Commitments = append(r.Commitments, *keys[first+uint32(i)].Commitment)
	}
	return r, nil
}

// maxVersion is the greatest possible version.
const maxVersion = 1<<32 - 1

// skippedVersions returns how many versions without a value an update response
// tells of beside some values.
func (v *Verifier) skippedVersions(p *UpdateResponse, values int) (uint32, error) {
	if v.cfg.Mode != ThirdPartyManagement {
		return 0, nil
	}
	// Each new version takes a lookup or a step of the binary ladder.
	if uint64(p.SkippedVersions)+uint64(values) > maxUint8Count {
		return 0, fmt.Errorf("%w: %d skipped versions", ErrProof, p.SkippedVersions)
	}
	return p.SkippedVersions, nil
}

// updateKeys returns what the owner knows of the label's versions with what an
// update response adds, and the new versions' values. The first of these is that
// of version first, below which new versions were skipped.
func (v *Verifier) updateKeys(owner *Owner, u *labelUpdate, label []byte, first uint32, values [][]byte, p *UpdateResponse) (map[uint32]VersionKey, []UpdateValue, error) {
	added, err := v.ladderKeys(label, u.ladderVersions(), p.BinaryLadder)
	if err != nil {
		return nil, nil, err
	}
	for version, key := range added {
		// Every one of these versions is greater than the previous greatest:
		// ladders of two versions are the same until they look up a version
		// that lies between the two.
		if key.Commitment != nil {
			return nil, nil, fmt.Errorf("%w: a commitment was provided for version %d", ErrProof, version)
		}
	}
	known, err := mergeKeys(owner.Keys, owner.Contact.Keys)
	if err != nil {
		return nil, nil, err
	}
	keys, err := mergeKeys(known, added)
	if err != nil {
		return nil, nil, err
	}
	for version := u.first(); version < first; version++ {
		if err := setCommitment(keys, version, SkippedCommitment); err != nil {
			return nil, nil, err
		}
	}
	var updates []UpdateValue
	for i, value := range values {
		version := first + uint32(i)
		update := UpdateValue{Value: value, Signature: p.Info[i].Signature}
		commitment, err := Commit(v.cfg.Mode, p.Info[i].Opening, label, version, update)
		if err != nil {
			return nil, nil, err
		}
		if err := setCommitment(keys, version, commitment); err != nil {
			return nil, nil, err
		}
		updates = append(updates, update)
	}
	return keys, updates, nil
}

func setCommitment(keys map[uint32]VersionKey, version uint32, commitment merkle.Hash) error {
	key, ok := keys[version]
	if !ok {
		return fmt.Errorf("%w: the search key of version %d is not known", ErrProof, version)
	}
	keys[version] = VersionKey{SearchKey: key.SearchKey, Commitment: &commitment}
	return nil
}

// created returns the owner's state after an update was verified in a log of
// size entries.
func (o *Owner) created(u *labelUpdate, size uint64, distinguished bool, keys map[uint32]VersionKey) (*Owner, error) {
	next := &Owner{Start: o.Start, AtStart: o.AtStart}
	next.Created = append(append(next.Created, o.Created...), Created{Position: u.position, Version: u.greatest, Claimed: distinguished})
	next.Contact = o.Contact
	if !distinguished {
		entry := MonitorMapEntry{Position: u.position, Version: u.greatest}
		entries, err := addMapEntry(o.Contact.Map, entry, size)
		if err != nil {
			return nil, err
		}
		next.Contact = *newContact(entries, keys)
	}
	next.Keys = next.retainedKeys(keys)
	return next, nil
}

// retainedKeys keeps what later ladders look up: those for every version that a
// distinguished entry yet to be verified may hold, and those of the greatest.
func (o *Owner) retainedKeys(keys map[uint32]VersionKey) map[uint32]VersionKey {
	needed := []uint32{0}
	if o.AtStart != nil {
		needed = append(needed, ladder.Base(*o.AtStart)...)
	}
	for _, c := range o.Created {
		needed = append(needed, ladder.Base(c.Version)...)
	}
	return keepKeys(keys, needed)
}

// Next returns the request that a further response to q answers, after r was
// the result of the one before.
func (r *UpdateResult) Next(q *UpdateRequest) *UpdateRequest {
	next := &UpdateRequest{Last: r.View.Last(), Label: q.Label, GreatestVersion: r.Owner.Greatest()}
	if !r.Requested {
		next.Values = q.Values
	}
	return next
}
