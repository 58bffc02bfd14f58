package client

import (
	"maps"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// The parts of the state file that belong to one label.

func contactToJSON(label string, c *contact) contactJSON {
	return contactJSON{Label: label, Monitor: monitorToJSON(c.monitor), Seen: seenToJSON(c.seen), Account: c.account}
}

func monitorToJSON(c *keytrans.Contact) monitorJSON {
	j := monitorJSON{Map: []mapEntryJSON{}, Keys: keysToJSON(c.Keys)}
	for _, e := range c.Map {
		j.Map = append(j.Map, mapEntryJSON(e))
	}
	return j
}

func (j *monitorJSON) contact() *keytrans.Contact {
	c := &keytrans.Contact{Keys: keysFromJSON(j.Keys)}
	for _, e := range j.Map {
		c.Map = append(c.Map, keytrans.MonitorMapEntry(e))
	}
	return c
}

func keysToJSON(keys map[uint32]keytrans.VersionKey) []keyJSON {
	out := []keyJSON{}
	for _, v := range slices.Sorted(maps.Keys(keys)) {
		k := keys[v]
		out = append(out, keyJSON{v, evidence.Hash(k.SearchKey), (*evidence.Hash)(k.Commitment), k.Proven})
	}
	return out
}

func keysFromJSON(list []keyJSON) map[uint32]keytrans.VersionKey {
	keys := make(map[uint32]keytrans.VersionKey, len(list))
	for _, k := range list {
		keys[k.Version] = keytrans.VersionKey{
			SearchKey: merkle.Hash(k.SearchKey), Commitment: (*merkle.Hash)(k.Commitment), Proven: k.Proven,
		}
	}
	return keys
}

func seenToJSON(s *seen) *seenJSON {
	if s == nil {
		return nil
	}
	return &seenJSON{s.version, evidence.Hash(s.commitment), s.value, s.at}
}

func (j *seenJSON) seen() *seen {
	if j == nil {
		return nil
	}
	return &seen{j.Version, merkle.Hash(j.Commitment), j.Value, j.At}
}

func ownerToJSON(label string, o *owner) ownerJSON {
	m := o.monitor
	j := ownerJSON{
		Label: label, Start: m.Start, AtStart: m.AtStart, Created: []createdJSON{},
		Monitor: monitorToJSON(&m.Contact), Keys: keysToJSON(m.Keys),
		Ready: o.ready, Since: o.since, Ledger: []ledgerJSON{},
		Pending: append([]Pending{}, o.pending...), Unexpected: append([]Unexpected{}, o.unexpected...), Last: seenToJSON(o.last), Account: o.account, Group: o.group,
	}
	for _, c := range m.Created {
		j.Created = append(j.Created, createdJSON(c))
	}
	for _, v := range slices.Sorted(maps.Keys(o.ledger)) {
		j.Ledger = append(j.Ledger, ledgerJSON{v, o.ledger[v]})
	}
	return j
}

func (j *ownerJSON) owner() *owner {
	m := &keytrans.Owner{Start: j.Start, AtStart: j.AtStart, Contact: *j.Monitor.contact(), Keys: keysFromJSON(j.Keys)}
	for _, c := range j.Created {
		m.Created = append(m.Created, keytrans.Created(c))
	}
	o := &owner{
		monitor: m, ready: j.Ready, since: j.Since, ledger: make(map[uint32]Entry),
		pending: j.Pending, unexpected: j.Unexpected, last: j.Last.seen(), account: j.Account, group: j.Group,
	}
	for _, e := range j.Ledger {
		o.ledger[e.Version] = e.Entry
	}
	return o
}
