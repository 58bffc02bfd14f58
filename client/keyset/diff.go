package keyset

import (
	"bytes"
	"slices"
)

// A Change is a key that two sets both have, but not with the same bytes: a
// certificate with a new self-signature, a device with a new name.
type Change struct {
	Old, New Key
}

// Changes is what happened between two versions of a label's value. The lists
// are in the order of Compare; a key is in exactly one of them.
type Changes struct {
	Added     []Key
	Removed   []Key
	Updated   []Change // same format and fingerprint, other bytes, name or attributes
	Unchanged []Key
}

// Same reports whether no key was added, removed or updated.
func (c Changes) Same() bool { return len(c.Added)+len(c.Removed)+len(c.Updated) == 0 }

// Diff compares the keys of two sets, whatever their order. It does not look
// at the sets' extensions. A removed and an added key may be one device's old
// and new key; Diff does not guess.
func Diff(old, new Set) Changes {
	var c Changes
	var gone, come []Key
	o, n := sorted(old.Keys), sorted(new.Keys)
	for len(o) > 0 && len(n) > 0 {
		switch order := Compare(o[0], n[0]); {
		case order < 0:
			gone, o = append(gone, o[0]), o[1:]
		case order > 0:
			come, n = append(come, n[0]), n[1:]
		default:
			if sameDetails(o[0], n[0]) {
				c.Unchanged = append(c.Unchanged, n[0])
			} else {
				c.Updated = append(c.Updated, Change{Old: o[0], New: n[0]})
			}
			o, n = o[1:], n[1:]
		}
	}
	c.Added, c.Removed = append(come, n...), append(gone, o...)
	c.pairUpdates()
	slices.SortFunc(c.Updated, func(a, b Change) int { return Compare(a.New, b.New) })
	return c
}

// pairUpdates moves added and removed keys of one fingerprint to Updated.
func (c *Changes) pairUpdates() {
	type id struct {
		format      Format
		fingerprint string
	}
	byID := make(map[id][]int)
	for i, k := range c.Removed {
		key := id{k.Format, k.Fingerprint()}
		byID[key] = append(byID[key], i)
	}
	paired := make(map[int]bool)
	c.Added = slices.DeleteFunc(c.Added, func(k Key) bool {
		key := id{k.Format, k.Fingerprint()}
		old := byID[key]
		if len(old) == 0 {
			return false
		}
		byID[key] = old[1:]
		paired[old[0]] = true
		c.Updated = append(c.Updated, Change{Old: c.Removed[old[0]], New: k})
		return true
	})
	var left []Key
	for i, k := range c.Removed {
		if !paired[i] {
			left = append(left, k)
		}
	}
	c.Removed = left
}

func sameDetails(a, b Key) bool {
	return a.Name == b.Name && slices.EqualFunc(a.Attributes, b.Attributes, func(x, y Extension) bool {
		return x.Type == y.Type && bytes.Equal(x.Data, y.Data)
	})
}

func sorted(keys []Key) []Key {
	s := slices.Clone(keys)
	slices.SortFunc(s, Compare)
	return s
}
