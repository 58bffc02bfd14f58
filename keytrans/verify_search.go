package keytrans

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle/ladder"
)

// SearchResult is a verified value of a label.
type SearchResult struct {
	Verified
	Version uint32
	Value   UpdateValue
	// Terminal is the position of the search's terminal log entry.
	Terminal uint64
	// Lacking is the rightmost log entry that the search has shown not to have the
	// version yet, nil if it has shown none: the version was created between
	// Lacking and Terminal, or in Terminal.
	Lacking *uint64
	// Monitor tells that the user must monitor the label, under ContactMonitoring:
	// Terminal is to the right of every distinguished entry. Contact.Observe
	// records that. Where there is a third party, the user may monitor the label
	// to detect that it colludes with the operator.
	Monitor bool
	// Keys has what the response told of the label's versions.
	Keys map[uint32]VersionKey
}

// Search verifies the response to q, which must have been sent with
// view.Last(), at the time now.
func (v *Verifier) Search(view *View, q *SearchRequest, p *SearchResponse, now time.Time) (*SearchResult, error) {
	version := p.Version
	if q.Version != nil {
		version = q.Version
	}
	if version == nil || (p.Version == nil) != (q.Version != nil) {
		return nil, fmt.Errorf("%w: the response does not fit the request", ErrProof)
	}
	keys, err := v.searchKeys(q.Label, *version, p)
	if err != nil {
		return nil, err
	}
	s, err := v.open(view, &p.FullTreeHead, p.Search, keys)
	if err != nil {
		return nil, err
	}
	result := &SearchResult{Version: *version, Value: p.Value}
	if q.Version == nil {
		result.Terminal, err = s.greatestVersion(*version)
	} else {
		result.Terminal, err = s.fixedVersion(*version)
	}
	if err != nil {
		return nil, err
	}
	if result.Monitor, err = s.mustMonitor(result.Terminal); err != nil {
		return nil, err
	}
	if err := s.verifyValue(q.Label, *version, p.Value); err != nil {
		return nil, err
	}
	result.Verified, err = s.close(now)
	if err != nil {
		return nil, err
	}
	result.Keys, result.Lacking = s.consumer.keys, s.lacking
	return result, nil
}

// searchKeys verifies a search response's binary ladder and adds the target
// version's commitment, computed from its opening and value.
func (v *Verifier) searchKeys(label []byte, target uint32, p *SearchResponse) (map[uint32]VersionKey, error) {
	keys, err := v.ladderKeys(label, ladder.Base(target), p.BinaryLadder)
	if err != nil {
		return nil, err
	}
	for version, key := range keys {
		// A greater version than the greatest cannot have a commitment; greater
		// ones than a fixed version may.
		surplus := version == target || version > target && p.Version != nil
		if surplus && key.Commitment != nil {
			return nil, fmt.Errorf("%w: a commitment was provided for version %d", ErrProof, version)
		}
	}
	commitment, err := Commit(v.cfg.Mode, p.Opening, label, target, p.Value)
	if err != nil {
		return nil, err
	}
	return keys, setCommitment(keys, target, commitment)
}

// Contact is what a user retains to monitor a label that it looked up. The
// zero Contact monitors nothing. Its methods return a new Contact and leave the
// old one as it was.
type Contact struct {
	// Map has the versions that have not been proven consistent with a
	// distinguished log entry; positions and versions ascend.
	Map []MonitorMapEntry
	// Keys has what the monitoring ladders of Map look up.
	Keys map[uint32]VersionKey
}

// Observe returns c with the version that a search found, if it has to be
// monitored. The error is a *Misbehaviour or wraps ErrProof if the search
// contradicts what c holds.
func (c *Contact) Observe(r *SearchResult) (*Contact, error) {
	keys, err := mergeKeys(c.Keys, r.Keys)
	if err != nil {
		return nil, err
	}
	if !r.Monitor {
		return c, nil
	}
	entries, err := addMapEntry(c.Map, MonitorMapEntry{Position: r.Terminal, Version: r.Version}, r.View.Head.TreeSize)
	if err != nil {
		return nil, err
	}
	return newContact(entries, keys), nil
}

// newContact returns a Contact that keeps only those of the keys that the map
// needs.
func newContact(entries []MonitorMapEntry, keys map[uint32]VersionKey) *Contact {
	var needed []uint32
	for _, e := range entries {
		needed = append(needed, ladder.Monitoring(e.Version)...)
	}
	return &Contact{Map: entries, Keys: keepKeys(keys, needed)}
}

// addMapEntry adds an entry to a monitoring map for a log of size entries. What
// becomes redundant goes: of two entries for one version the right one, of two
// for one position the lesser version, and an entry that the new one's
// monitoring will come by with a greater version.
//
// In an honest log a lesser version cannot be first seen to the right of a
// greater one in any other way: the entries that a search passes are between
// the two. The error wraps ErrProof if it was; the algorithm could not monitor
// both.
func addMapEntry(entries []MonitorMapEntry, e MonitorMapEntry, size uint64) ([]MonitorMapEntry, error) {
	var out []MonitorMapEntry
	for _, old := range entries {
		switch {
		case old.Version == e.Version && old.Position <= e.Position,
			old.Position == e.Position && old.Version > e.Version:
			return entries, nil
		case old.Version == e.Version || old.Position == e.Position:
			continue
		case (old.Position < e.Position) == (old.Version < e.Version):
			out = append(out, old)
		case old.Position > e.Position && slices.Contains(rightAncestors(e.Position, size), old.Position):
			continue
		default:
			return nil, fmt.Errorf("%w: version %d in entry %d contradicts version %d in entry %d, which is being monitored",
				ErrProof, e.Version, e.Position, old.Version, old.Position)
		}
	}
	out = append(out, e)
	slices.SortFunc(out, func(a, b MonitorMapEntry) int { return cmp.Compare(a.Version, b.Version) })
	return out, nil
}

// ContactResult is the outcome of monitoring a label.
type ContactResult struct {
	Verified
	// Contact is what to retain from now on.
	Contact *Contact
}

// ContactMonitor verifies the response to q, which must have been sent with
// view.Last() and the map of contact, at the time now.
func (v *Verifier) ContactMonitor(view *View, contact *Contact, q *ContactMonitorRequest, p *ContactMonitorResponse, now time.Time) (*ContactResult, error) {
	if !slices.Equal(q.Entries, contact.Map) {
		return nil, errors.New("the request is not about the map of the contact")
	}
	s, err := v.open(view, &p.FullTreeHead, p.Monitor, contact.Keys)
	if err != nil {
		return nil, err
	}
	if err := checkMapEntries(q.Entries, s.size); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	moved, err := s.contactMonitor(q.Entries, nil)
	if err != nil {
		return nil, err
	}
	verified, err := s.close(now)
	if err != nil {
		return nil, err
	}
	var entries []MonitorMapEntry
	for _, m := range moved {
		if m.distinguished {
			continue
		}
		if entries, err = addMapEntry(entries, m.MonitorMapEntry, s.size); err != nil {
			return nil, err
		}
	}
	return &ContactResult{Verified: verified, Contact: newContact(entries, s.consumer.keys)}, nil
}
