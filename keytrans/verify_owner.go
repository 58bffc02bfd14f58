package keytrans

import (
	"fmt"
	"slices"
	"time"
)

// Created says that Version is the greatest of the versions of a label that
// the log entry at Position created.
type Created struct {
	Position uint64
	Version  uint32
	// Claimed tells that nothing has proven that yet: the entry is
	// distinguished, and owner monitoring, which proves it, has not come there.
	Claimed bool
}

// Owner is what a label's owner retains. Its methods leave it as it is; the
// Verifier's return a new one.
type Owner struct {
	// Start is the rightmost distinguished entry that the owner verified.
	Start uint64
	// AtStart is the greatest version as of Start, nil if there was none.
	AtStart *uint32
	// Created are the entries right of Start that created new versions,
	// ascending by position and version.
	Created []Created
	// Contact is the owner's contact monitoring state.
	Contact Contact
	// Keys has the versions that the next update's ladders may look up.
	Keys map[uint32]VersionKey
}

// Greatest returns the greatest version that the owner knows, nil if none.
func (o *Owner) Greatest() *uint32 {
	if len(o.Created) == 0 {
		return o.AtStart
	}
	v := o.Created[len(o.Created)-1].Version
	return &v
}

// at returns the greatest version that the owner expects at an entry that is
// not to the left of Start.
func (o *Owner) at(pos uint64) (*uint32, error) {
	if pos < o.Start {
		return nil, fmt.Errorf("%w: entry %d is to the left of the owner's start, %d", ErrProof, pos, o.Start)
	}
	greatest := o.AtStart
	for i := range o.Created {
		if o.Created[i].Position <= pos {
			greatest = &o.Created[i].Version
		}
	}
	return greatest, nil
}

// claimed reports whether what the owner expects at an entry is only claimed.
func (o *Owner) claimed(pos uint64) bool {
	claimed := false
	for _, c := range o.Created {
		if c.Position <= pos {
			claimed = c.Claimed
		}
	}
	return claimed
}

// Claims reports whether the owner holds new versions that nothing has proven
// yet. OwnerMonitor proves them.
func (o *Owner) Claims() bool {
	return slices.ContainsFunc(o.Created, func(c Created) bool { return c.Claimed })
}

// Check holds what a search of the owner's label found against what the owner
// knows. The error is a *Misbehaviour if both have proven different commitments
// to one version; other contradictions wrap ErrProof.
func (o *Owner) Check(r *SearchResult) error {
	for _, known := range []map[uint32]VersionKey{o.Keys, o.Contact.Keys} {
		if _, err := mergeKeys(known, r.Keys); err != nil {
			return err
		}
	}
	return nil
}

// lastPosition returns where the greatest version was created as far as the
// owner knows: to the right of that, new versions are.
func (o *Owner) lastPosition() uint64 {
	if len(o.Created) == 0 {
		return o.Start
	}
	return o.Created[len(o.Created)-1].Position
}

// OwnerResult is the outcome of an owner's operation.
type OwnerResult struct {
	Verified
	// Owner is what to retain from now on.
	Owner *Owner
	// Complete tells, after OwnerMonitor, that the rightmost distinguished
	// entry was reached; otherwise the owner asks again.
	Complete bool
}

// OwnerInit verifies the response to q, which must have been sent with
// view.Last(), at the time now. The result's Owner owns the label from q.Start.
func (v *Verifier) OwnerInit(view *View, q *OwnerInitRequest, p *OwnerInitResponse, now time.Time) (*OwnerResult, error) {
	if !slices.IsSortedFunc(p.GreatestVersions, func(a, b uint32) int { return int(int64(b) - int64(a)) }) {
		return nil, fmt.Errorf("%w: the greatest versions rise from right to left", ErrProof)
	}
	keys, err := v.ladderKeys(q.Label, ownerInitVersions(p.GreatestVersions), p.BinaryLadder)
	if err != nil {
		return nil, err
	}
	for version, key := range keys {
		exists := len(p.GreatestVersions) > 0 && version <= p.GreatestVersions[0]
		if !exists && key.Commitment != nil {
			return nil, fmt.Errorf("%w: a commitment was provided for version %d, which should not exist", ErrProof, version)
		}
	}
	s, err := v.open(view, &p.FullTreeHead, p.Init, keys)
	if err != nil {
		return nil, err
	}
	entries, err := s.ownerInitEntries(q.Start)
	if err != nil {
		return nil, err
	}
	if len(p.GreatestVersions) > len(entries) {
		return nil, fmt.Errorf("%w: %d greatest versions for %d log entries", ErrProof, len(p.GreatestVersions), len(entries))
	}
	if err := s.ownerInit(entries, p.GreatestVersions); err != nil {
		return nil, err
	}
	verified, err := s.close(now)
	if err != nil {
		return nil, err
	}
	owner := &Owner{Start: q.Start, Keys: s.consumer.keys}
	if len(p.GreatestVersions) > 0 {
		owner.AtStart = &p.GreatestVersions[0]
	}
	return &OwnerResult{Verified: verified, Owner: owner}, nil
}

// OwnerMonitorRequest returns the request for the owner's regular monitoring.
func (o *Owner) OwnerMonitorRequest(view *View, label []byte) *OwnerMonitorRequest {
	return &OwnerMonitorRequest{
		Last: view.Last(), Label: label, Entries: o.Contact.Map, Start: o.Start, GreatestVersion: o.Greatest(),
	}
}

// OwnerMonitor verifies the response to owner.OwnerMonitorRequest(view, ...) at
// the time now. If a version exists that the owner does not know of, the error
// wraps ErrUnexpectedVersion, or only ErrProof if the owner lacks what it takes
// to verify that: an update request without values tells of new versions.
//
// It proves what Update left as a claim. If it does not, honest answers wrap
// ErrProof from then on, and the owner has to take the label over again.
func (v *Verifier) OwnerMonitor(view *View, owner *Owner, p *OwnerMonitorResponse, now time.Time) (*OwnerResult, error) {
	keys, err := mergeKeys(owner.Keys, owner.Contact.Keys)
	if err != nil {
		return nil, err
	}
	s, err := v.open(view, &p.FullTreeHead, p.Monitor, keys)
	if err != nil {
		return nil, err
	}
	if err := checkMapEntries(owner.Contact.Map, s.size); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	s.claimed = owner.claimed
	moved, err := s.contactMonitor(owner.Contact.Map, &owner.Start)
	if err != nil {
		return nil, err
	}
	m := &ownerMonitoring{
		walk: s.walk, start: owner.Start, expected: owner.at,
		// From a user's perspective, the only stop condition is having consumed
		// all of the response.
		stop: func(uint64) (bool, error) { return s.consumer.exhausted(), nil },
	}
	if err := m.run(); err != nil {
		return nil, err
	}
	verified, err := s.close(now)
	if err != nil {
		return nil, err
	}
	next, err := owner.advance(s.size, m.verified, moved, s.consumer.keys)
	if err != nil {
		return nil, err
	}
	return &OwnerResult{Verified: verified, Owner: next, Complete: !m.stopped}, nil
}

// advance returns the owner's state after the distinguished entries up to start
// were verified, in a log of size entries, and the monitoring map moved.
func (o *Owner) advance(size, start uint64, moved []monitored, keys map[uint32]VersionKey) (*Owner, error) {
	greatest, err := o.at(start)
	if err != nil {
		return nil, err
	}
	next := &Owner{Start: start, AtStart: greatest}
	for _, c := range o.Created {
		if c.Position > start {
			next.Created = append(next.Created, c)
		}
	}
	var entries []MonitorMapEntry
	for _, m := range moved {
		covered := m.deferred != nil && *m.deferred <= start
		if m.distinguished || covered {
			continue
		}
		if entries, err = addMapEntry(entries, m.MonitorMapEntry, size); err != nil {
			return nil, err
		}
	}
	next.Contact = *newContact(entries, keys)
	next.Keys = next.retainedKeys(keys)
	return next, nil
}
