package keyset

import (
	"slices"
	"strings"
)

// A Change is a key and what it became.
type Change struct {
	Old Description `json:"old"`
	New Description `json:"new"`
}

// Changes is what happened between two versions of a label's value. A key is
// in exactly one of the lists. Removed is in the order of the old keys, the
// others in that of the new ones.
type Changes struct {
	Added   []Description
	Removed []Description
	// Replaced are keys that are gone and came, and plainly are one device's.
	Replaced []Change
	// Updated keys have the same format and fingerprint, and other bytes, name
	// or attributes: a certificate with a new self-signature.
	Updated   []Change
	Unchanged []Description
}

// Diff compares the keys of two versions by their descriptions.
//
// A removed and an added key are taken for one device's old and new key only
// if nothing else can be: if they are the only ones left on either side with
// the same non-empty name and the same format, or formats that serve the same
// end (see family); or the only ones of their format, with no name and the
// same purposes. Between two candidates Diff does not guess.
func Diff(old, new []Description) Changes {
	p := pairing{old: old, new: new, from: make([]int, len(new)), used: make([]bool, len(old))}
	for i := range p.from {
		p.from[i] = -1
	}
	p.match(func(d *Description) string { return d.SHA256 })
	same := slices.Clone(p.from)
	p.match(func(d *Description) string { return join(d.Format, d.Fingerprint) })
	updated := slices.Clone(p.from)
	p.replaced()

	var c Changes
	for i, d := range new {
		from := p.from[i]
		switch {
		case from < 0:
			c.Added = append(c.Added, d)
		case same[i] >= 0:
			c.Unchanged = append(c.Unchanged, d)
		case updated[i] >= 0:
			c.Updated = append(c.Updated, Change{Old: old[from], New: d})
		default:
			c.Replaced = append(c.Replaced, Change{Old: old[from], New: d})
		}
	}
	for i, d := range old {
		if !p.used[i] {
			c.Removed = append(c.Removed, d)
		}
	}
	return c
}

// pairing finds for each new key the old one that it was. What was paired once
// is out of reach of later rules.
type pairing struct {
	old, new []Description
	from     []int  // by new key: the old key, or -1
	used     []bool // by old key
}

func (p *pairing) pair(old, new int) { p.from[new], p.used[old] = old, true }

// match pairs keys with the same id, in order.
func (p *pairing) match(id func(*Description) string) {
	left := make(map[string][]int)
	for i := range p.old {
		if !p.used[i] {
			left[id(&p.old[i])] = append(left[id(&p.old[i])], i)
		}
	}
	for i := range p.new {
		if p.from[i] >= 0 {
			continue
		}
		if list := left[id(&p.new[i])]; len(list) > 0 {
			p.pair(list[0], i)
			left[id(&p.new[i])] = list[1:]
		}
	}
}

// replaced pairs the keys of one device, the narrowest rule first.
func (p *pairing) replaced() {
	p.matchOnly(named(func(d *Description) string { return join(d.Format, d.Name, join(d.Purposes...)) }))
	p.matchOnly(named(func(d *Description) string { return join(d.Format, d.Name) }))
	p.matchOnly(named(func(d *Description) string { return join(family(d.Format), d.Name) }))
	p.matchOnly(func(d *Description) string { return d.Format })
}

// named has no id for a key without a name.
func named(id func(*Description) string) func(*Description) string {
	return func(d *Description) string {
		if d.Name == "" {
			return ""
		}
		return id(d)
	}
}

// matchOnly pairs keys whose id no other key has that is left on their side.
// Keys with two names, or without one and with other purposes, are not paired.
func (p *pairing) matchOnly(id func(*Description) string) {
	type group struct{ old, new []int }
	groups := make(map[string]*group)
	at := func(d *Description) *group {
		key := id(d)
		if groups[key] == nil {
			groups[key] = new(group)
		}
		return groups[key]
	}
	for i := range p.old {
		if !p.used[i] {
			g := at(&p.old[i])
			g.old = append(g.old, i)
		}
	}
	for i := range p.new {
		if p.from[i] < 0 {
			g := at(&p.new[i])
			g.new = append(g.new, i)
		}
	}
	delete(groups, "")
	for _, g := range groups {
		if len(g.old) == 1 && len(g.new) == 1 && oneDevice(&p.old[g.old[0]], &p.new[g.new[0]]) {
			p.pair(g.old[0], g.new[0])
		}
	}
}

func oneDevice(old, new *Description) bool {
	return old.Name == new.Name && (old.Name != "" || slices.Equal(old.Purposes, new.Purposes))
}

// family names the formats that serve the same end on a device, so that one
// may take the place of the other.
func family(format string) string {
	switch format {
	case FormatEd25519.String(), FormatP256.String():
		return "signature key"
	case FormatX25519.String(), FormatMLKEM768.String(), FormatMLKEM1024.String():
		return "key agreement"
	}
	return format
}

// join makes one id of strings; 0 occurs in none of them.
func join(parts ...string) string { return strings.Join(parts, "\x00") }
