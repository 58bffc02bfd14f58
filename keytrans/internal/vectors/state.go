package vectors

import (
	"maps"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// View is what a user retains of a log: a keytrans.View.
type View struct {
	TreeSize uint64  `json:"tree_size"`
	Root     *Hash   `json:"root,omitempty"`
	Subtrees []Hash  `json:"subtrees"`
	Frontier []Entry `json:"frontier"`
	// AuditorSize is the tree_size of the AuditorTreeHead that came with the head.
	AuditorSize *uint64 `json:"auditor_tree_size,omitempty"`
}

// Entry is a log entry and its position.
type Entry struct {
	Position   uint64 `json:"position"`
	Timestamp  uint64 `json:"timestamp"`
	PrefixTree Hash   `json:"prefix_tree"`
}

// NewView returns a view for JSON.
func NewView(v *keytrans.View) (*View, error) {
	out := &View{TreeSize: v.Head.TreeSize, Subtrees: Hashes(v.Subtrees), Frontier: []Entry{}}
	for _, e := range v.Frontier {
		out.Frontier = append(out.Frontier, Entry{e.Position, e.Timestamp, Hash(e.PrefixTree)})
	}
	if v.AuditorTreeHead != nil {
		out.AuditorSize = &v.AuditorTreeHead.TreeSize
	}
	if v.Head.TreeSize == 0 {
		return out, nil
	}
	root, err := v.Root()
	out.Root = (*Hash)(&root)
	return out, err
}

// Keytrans returns the view that v stands for.
func (v *View) Keytrans() *keytrans.View {
	out := &keytrans.View{}
	if v == nil || v.TreeSize == 0 {
		return out
	}
	out.Head.TreeSize, out.Subtrees = v.TreeSize, MerkleHashes(v.Subtrees)
	for _, e := range v.Frontier {
		out.Frontier = append(out.Frontier, keytrans.Entry{
			Position: e.Position,
			LogEntry: keytrans.LogEntry{Timestamp: e.Timestamp, PrefixTree: merkle.Hash(e.PrefixTree)},
		})
	}
	if v.AuditorSize != nil {
		out.AuditorTreeHead = &keytrans.AuditorTreeHead{TreeSize: *v.AuditorSize}
	}
	return out
}

// MapEntry is an entry of a monitoring map.
type MapEntry struct {
	Position uint64 `json:"position"`
	Version  uint32 `json:"version"`
}

// Key is what a user knows of a label's version: a keytrans.VersionKey.
type Key struct {
	Version    uint32 `json:"version"`
	SearchKey  Hash   `json:"search_key"`
	Commitment *Hash  `json:"commitment,omitempty"`
	Proven     bool   `json:"proven,omitempty"`
}

func newKeys(keys map[uint32]keytrans.VersionKey) []Key {
	out := []Key{}
	for _, v := range slices.Sorted(maps.Keys(keys)) {
		k := keys[v]
		out = append(out, Key{v, Hash(k.SearchKey), (*Hash)(k.Commitment), k.Proven})
	}
	return out
}

func keytransKeys(keys []Key) map[uint32]keytrans.VersionKey {
	out := make(map[uint32]keytrans.VersionKey)
	for _, k := range keys {
		out[k.Version] = keytrans.VersionKey{
			SearchKey: merkle.Hash(k.SearchKey), Commitment: (*merkle.Hash)(k.Commitment), Proven: k.Proven,
		}
	}
	return out
}

// Contact is what a user retains of a label that it monitors: a keytrans.Contact.
type Contact struct {
	Map  []MapEntry `json:"map"`
	Keys []Key      `json:"keys"`
}

// NewContact returns a contact for JSON.
func NewContact(c *keytrans.Contact) *Contact {
	out := &Contact{Map: []MapEntry{}, Keys: newKeys(c.Keys)}
	for _, e := range c.Map {
		out.Map = append(out.Map, MapEntry(e))
	}
	return out
}

// Keytrans returns the contact that c stands for, one who monitors nothing if c is
// nil.
func (c *Contact) Keytrans() *keytrans.Contact {
	out := &keytrans.Contact{}
	if c == nil {
		return out
	}
	for _, e := range c.Map {
		out.Map = append(out.Map, keytrans.MonitorMapEntry(e))
	}
	out.Keys = keytransKeys(c.Keys)
	return out
}

// Created is an entry that created versions of a label: a keytrans.Created.
type Created struct {
	Position uint64 `json:"position"`
	Version  uint32 `json:"version"`
	Claimed  bool   `json:"claimed,omitempty"`
}

// Owner is what a label's owner retains: a keytrans.Owner.
type Owner struct {
	Start   uint64    `json:"start"`
	AtStart *uint32   `json:"at_start"`
	Created []Created `json:"created"`
	Contact *Contact  `json:"contact"`
	Keys    []Key     `json:"keys"`
}

// NewOwner returns an owner for JSON.
func NewOwner(o *keytrans.Owner) *Owner {
	out := &Owner{Start: o.Start, AtStart: o.AtStart, Created: []Created{}, Contact: NewContact(&o.Contact), Keys: newKeys(o.Keys)}
	for _, c := range o.Created {
		out.Created = append(out.Created, Created(c))
	}
	return out
}

// Keytrans returns the owner that o stands for.
func (o *Owner) Keytrans() *keytrans.Owner {
	out := &keytrans.Owner{Start: o.Start, AtStart: o.AtStart, Contact: *o.Contact.Keytrans(), Keys: keytransKeys(o.Keys)}
	for _, c := range o.Created {
		out.Created = append(out.Created, keytrans.Created(c))
	}
	return out
}
