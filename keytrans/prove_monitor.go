package keytrans

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
)

// ContactMonitor answers q. The error wraps ErrRequest if the map in q is not
// one that searches of this log lead to.
func (p *Prover) ContactMonitor(log Log, label Label, q *ContactMonitorRequest) (*ContactMonitorResponse, error) {
	o, err := p.open(log, label, q.Last)
	if err != nil {
		return nil, err
	}
	if err := o.checkMap(label, q.Entries); err != nil {
		return nil, err
	}
	if _, err := o.contactMonitor(q.Entries, nil); err != nil {
		return nil, err
	}
	r := &ContactMonitorResponse{FullTreeHead: o.head}
	r.Monitor, err = o.close()
	return r, err
}

// defaultMaxOwnerEntries is that of Prover.MaxOwnerEntries. A response has room
// for 255 timestamps and as many prefix proofs, of which the frontier, the
// ancestors of what is inspected and the monitoring map take some.
const defaultMaxOwnerEntries = 64

// checkMap verifies a monitoring map: every position lies on the direct path
// of the first log entry to contain the version, or is that entry, and holds
// the version.
func (o *production) checkMap(label Label, entries []MonitorMapEntry) error {
	if err := checkMapEntries(entries, o.size); err != nil {
		return fmt.Errorf("%w: %w", ErrRequest, err)
	}
	greatest, err := label.Greatest(o.size - 1)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if greatest == nil || e.Version > *greatest {
			return fmt.Errorf("%w: entries: a version in the map does not exist", ErrRequest)
		}
		first, err := label.Inserted(e.Version)
		if err != nil {
			return err
		}
		if e.Position < first || !slices.Contains(ibst.Path(first, o.size), e.Position) {
			return fmt.Errorf("%w: entries: position %d is not where a search for its version ends", ErrRequest, e.Position)
		}
	}
	return nil
}

// OwnerInit answers q. The error wraps ErrRequest and ErrStart if q.Start does
// not qualify.
func (p *Prover) OwnerInit(log Log, label Label, q *OwnerInitRequest) (*OwnerInitResponse, error) {
	o, err := p.open(log, label, q.Last)
	if err != nil {
		return nil, err
	}
	entries, err := o.ownerInitEntries(q.Start)
	if err != nil {
		return nil, fmt.Errorf("%w: start: %w", ErrRequest, err)
	}
	r := &OwnerInitResponse{FullTreeHead: o.head}
	for _, pos := range entries {
		greatest, err := label.Greatest(pos)
		if err != nil {
			return nil, err
		}
		if greatest == nil {
			break
		}
		r.GreatestVersions = append(r.GreatestVersions, *greatest)
	}
	if err := o.ownerInit(entries, r.GreatestVersions); err != nil {
		return nil, err
	}
	exists := func(v uint32) bool { return len(r.GreatestVersions) > 0 && v <= r.GreatestVersions[0] }
	r.BinaryLadder, err = ladderSteps(label, ownerInitVersions(r.GreatestVersions), exists)
	if err != nil {
		return nil, err
	}
	r.Init, err = o.close()
	return r, err
}

// OwnerMonitor answers q. The error wraps ErrRequest if q is not the state of an
// owner of this label.
func (p *Prover) OwnerMonitor(log Log, label Label, q *OwnerMonitorRequest) (*OwnerMonitorResponse, error) {
	o, err := p.open(log, label, q.Last)
	if err != nil {
		return nil, err
	}
	if err := o.checkOwner(label, q); err != nil {
		return nil, err
	}
	if _, err := o.contactMonitor(q.Entries, &q.Start); err != nil {
		return nil, err
	}
	limit := cmp.Or(p.MaxOwnerEntries, defaultMaxOwnerEntries)
	given := 0
	m := &ownerMonitoring{
		walk: o.walk, start: q.Start, expected: label.Greatest,
		stop: func(pos uint64) (bool, error) {
			given++
			greatest, err := label.Greatest(pos)
			beyond := greatest != nil && (q.GreatestVersion == nil || *greatest > *q.GreatestVersion)
			return beyond || given > limit, err
		},
	}
	if err := m.run(); err != nil {
		return nil, err
	}
	r := &OwnerMonitorResponse{FullTreeHead: o.head}
	r.Monitor, err = o.close()
	return r, err
}

func (o *production) checkOwner(label Label, q *OwnerMonitorRequest) error {
	if err := o.checkMap(label, q.Entries); err != nil {
		return err
	}
	if q.Start >= o.size {
		return fmt.Errorf("%w: start: position %d is beyond the log of %d entries", ErrRequest, q.Start, o.size)
	}
	now, err := label.Greatest(o.size - 1)
	if err != nil {
		return err
	}
	then, err := label.Greatest(q.Start)
	if err != nil {
		return err
	}
	switch g := q.GreatestVersion; {
	case g != nil && (now == nil || *g > *now):
		return fmt.Errorf("%w: greatest_version: %d does not exist", ErrRequest, *g)
	case then != nil && (g == nil || *g < *then):
		return fmt.Errorf("%w: greatest_version: a greater version existed at start", ErrRequest)
	}
	return nil
}

// The defaults of Prover.MaxUpdates and MaxUpdateBytes.
const (
	defaultMaxUpdates     = 32
	defaultMaxUpdateBytes = 1 << 20
)

// Update tells of the versions after q.GreatestVersion that exist in the log:
// one response for each log entry that created some, in order. created is how
// many versions the caller has just created for q.Values, 0 if none: they follow
// q.GreatestVersion, and their values are not repeated. The error wraps
// ErrRequest if there is nothing to tell.
func (p *Prover) Update(log Log, label Label, q *UpdateRequest, created int) ([]*UpdateResponse, error) {
	size := log.Head().TreeSize
	greatest, err := label.Greatest(size - 1)
	if err != nil {
		return nil, err
	}
	if greatest == nil || q.GreatestVersion != nil && *q.GreatestVersion >= *greatest {
		return nil, fmt.Errorf("%w: greatest_version: there is no version beyond it", ErrRequest)
	}
	var out []*UpdateResponse
	previous, last := q.GreatestVersion, q.Last
	limit, room := cmp.Or(p.MaxUpdates, defaultMaxUpdates), cmp.Or(p.MaxUpdateBytes, defaultMaxUpdateBytes)
	for len(out) < limit && room > 0 && (previous == nil || *previous < *greatest) {
		u, err := nextUpdate(label, previous)
		if err != nil {
			return nil, err
		}
		r, err := p.updateResponse(log, label, last, u)
		if err != nil {
			return nil, err
		}
		// The versions that were just created follow q.GreatestVersion; whatever
		// comes after them is somebody else's.
		if created > 0 && len(out) == 0 && len(r.Values) == created {
			r.Values = nil
		}
		out = append(out, r)
		for _, v := range r.Values {
			room -= len(v)
		}
		previous, last = &u.greatest, &size
	}
	return out, nil
}

// nextUpdate describes the versions after previous that the next log entry
// created.
func nextUpdate(label Label, previous *uint32) (*labelUpdate, error) {
	u := &labelUpdate{previous: previous, expected: label.Greatest}
	if previous != nil {
		inserted, err := label.Inserted(*previous)
		if err != nil {
			return nil, err
		}
		u.inserted = inserted
	}
	position, err := label.Inserted(u.first())
	if err != nil {
		return nil, err
	}
	greatest, err := label.Greatest(position)
	if err != nil {
		return nil, err
	}
	if greatest == nil {
		return nil, fmt.Errorf("entry %d created no version", position)
	}
	u.position, u.greatest = position, *greatest
	return u, nil
}

func (p *Prover) updateResponse(log Log, label Label, last *uint64, u *labelUpdate) (*UpdateResponse, error) {
	o, err := p.open(log, label, last)
	if err != nil {
		return nil, err
	}
	if _, err := o.update(u); err != nil {
		return nil, err
	}
	r := &UpdateResponse{FullTreeHead: o.head, Position: u.position}
	if r.SkippedVersions, err = p.countSkipped(label, u); err != nil {
		return nil, err
	}
	for v := uint64(u.first()) + uint64(r.SkippedVersions); v <= uint64(u.greatest); v++ {
		opening, value, err := label.Open(uint32(v))
		if err != nil {
			return nil, err
		}
		r.Info = append(r.Info, UpdateInfo{Opening: opening, Signature: value.Signature})
		r.Values = append(r.Values, value.Value)
	}
	noCommitment := func(uint32) bool { return false } // all are beyond the previous greatest
	if r.BinaryLadder, err = ladderSteps(label, u.ladderVersions(), noCommitment); err != nil {
		return nil, err
	}
	r.Update, err = o.close()
	return r, err
}

// countSkipped returns how many of the new versions, from the lowest on, a
// Third-Party Manager skipped.
func (p *Prover) countSkipped(label Label, u *labelUpdate) (uint32, error) {
	if p.Config.Mode != ThirdPartyManagement {
		return 0, nil
	}
	for v := uint64(u.first()); v <= uint64(u.greatest); v++ {
		c, err := label.Commitment(uint32(v))
		if err != nil {
			return 0, err
		}
		if c != SkippedCommitment {
			return uint32(v - uint64(u.first())), nil
		}
	}
	return 0, fmt.Errorf("entry %d created no version that has a value", u.position)
}
