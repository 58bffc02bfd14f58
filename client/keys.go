package client

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/ghostlight-kt/ghostlight/client/group"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// Key describes one key of a key set.
type Key = keyset.Description

// Value describes a value of a label. Keys is nil unless it is a key set.
type Value struct {
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
	KeySet bool   `json:"key_set"`
	// Group tells that it begins as a version of a group: see VerifyGroup.
	Group bool  `json:"group,omitempty"`
	Keys  []Key `json:"keys,omitempty"`
}

// describeValue describes a value. One that is not a key set, or one of a newer
// version, is described by its hash alone.
func describeValue(value []byte) Value {
	v := Value{SHA256: hashHex(value), Size: len(value), Group: group.Is(value)}
	set, err := keyset.Parse(value)
	if err != nil {
		return v
	}
	v.KeySet = true
	v.Keys = set.Summary()
	return v
}

func hashHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Changes is the difference between two values of a label.
type Changes struct {
	Added   []Key `json:"added,omitempty"`
	Removed []Key `json:"removed,omitempty"`
	// Replaced are keys that plainly are one device's old and new key.
	Replaced []keyset.Change `json:"replaced,omitempty"`
	// Updated keys have a fingerprint that was there before, and other bytes.
	Updated []Key `json:"updated,omitempty"`
	// Opaque tells that the values differ and at least one is no key set.
	Opaque bool `json:"opaque,omitempty"`
}

// Same reports whether the values have the same keys.
func (c Changes) Same() bool {
	return len(c.Added)+len(c.Removed)+len(c.Replaced)+len(c.Updated) == 0 && !c.Opaque
}

// DiffValues returns what changed between two values, by their descriptions, as
// keyset.Diff finds it. old is nil if there was no value before.
func DiffValues(old *Value, now Value) Changes {
	if old == nil {
		return Changes{Added: now.Keys, Opaque: !now.KeySet}
	}
	if old.SHA256 == now.SHA256 {
		return Changes{}
	}
	d := keyset.Diff(old.Keys, now.Keys)
	c := Changes{Added: d.Added, Removed: d.Removed, Replaced: d.Replaced, Opaque: !old.KeySet || !now.KeySet}
	for _, u := range d.Updated {
		c.Updated = append(c.Updated, u.New)
	}
	return c
}
