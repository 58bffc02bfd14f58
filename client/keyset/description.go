package keyset

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// A Description is what can be said of a key without its bytes: what a client
// retains of the keys it has seen, and what tools print as JSON. Fields may be
// added; a Description that was written before one was has it empty.
type Description struct {
	Format      string `json:"format"`
	Fingerprint string `json:"fingerprint"`
	Name        string `json:"name,omitempty"`
	// Description is a line of text for people.
	Description string `json:"description"`
	// SHA256 is the hash of the key and all that belongs to it, in hexadecimal.
	SHA256 string `json:"sha256"`
	// Purposes are the names of the key's purposes, as its owner gave them.
	Purposes []string `json:"purposes,omitempty"`
	// Expires is the last moment at which the key is valid, by its own
	// statement. Nil if it makes none, or its format has none.
	Expires *time.Time `json:"expires,omitempty"`
	// Revoked tells that the key carries its owner's revocation.
	Revoked bool `json:"revoked,omitempty"`
	// Weak are the reasons not to rely on the key, as stable words: see
	// docs/keyset.md.
	Weak []string `json:"weak,omitempty"`
}

// Summary describes the key. Nothing of it is more than the key says of
// itself; of a key that Check refuses, what can be had.
func (k Key) Summary() Description { return k.summary(&budget{left: budgetOfKey}) }

func (k Key) summary(b *budget) Description {
	f, err := k.inspect(b)
	d := Description{
		Format: k.Format.String(), Fingerprint: k.Fingerprint(), Name: k.Name,
		Description: k.describe(f.words), SHA256: k.hash(), Revoked: f.revoked,
		Weak: append(f.weak, judged(err)...),
	}
	for _, p := range k.Purposes() {
		d.Purposes = append(d.Purposes, p.String())
	}
	if !f.expires.IsZero() && f.expires.Unix() < forever {
		at := f.expires.UTC()
		d.Expires = &at
	}
	slices.Sort(d.Weak)
	d.Weak = slices.Compact(d.Weak)
	return d
}

// Summary describes the keys of the set, in its order. It takes a time that is
// bounded whatever the set holds: of signatures beyond that, see the weakness
// "unchecked".
func (s Set) Summary() []Description {
	var list []Description
	left := budgetOfSet
	for _, k := range s.Keys {
		b := budget{left: min(left, budgetOfKey)}
		left -= b.left
		list = append(list, k.summary(&b))
		left += b.left
	}
	return list
}

// hash is the SHA-256 of the set that holds only k, so it covers name and
// attributes. Of a key that no set can hold, it is that of nothing.
func (k Key) hash() string {
	one, err := Set{Keys: []Key{k}}.Marshal()
	if err != nil {
		one = nil
	}
	sum := sha256.Sum256(one)
	return hex.EncodeToString(sum[:])
}

// Status says what has become of the key at a time: "revoked", "expired", or
// nothing.
func (d Description) Status(at time.Time) string {
	switch {
	case d.Revoked:
		return "revoked"
	case d.Expires != nil && at.After(*d.Expires):
		return "expired"
	}
	return ""
}

// Line is the Description for people, with what they must know of the key at a
// time: that it is expired or revoked, and why it is weak.
func (d Description) Line(at time.Time) string {
	line := d.Description
	switch d.Status(at) {
	case "revoked":
		line += " [revoked]"
	case "expired":
		line += " [expired " + d.Expires.UTC().Format(time.DateOnly) + "]"
	}
	if len(d.Weak) > 0 {
		line += " [weak: " + strings.Join(d.Weak, ", ") + "]"
	}
	return line
}
