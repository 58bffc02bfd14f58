package client

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// Key describes one key of a key set.
type Key struct {
	Format      string `json:"format"`
	Fingerprint string `json:"fingerprint"`
	Name        string `json:"name,omitempty"`
	// Description is a line of text for people.
	Description string `json:"description"`
	// SHA256 is the hash of the key and all that belongs to it, in hexadecimal.
	SHA256 string `json:"sha256"`
}

// Value describes a value of a label. Keys is nil unless it is a key set.
type Value struct {
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
	KeySet bool   `json:"key_set"`
	Keys   []Key  `json:"keys,omitempty"`
}

// describeValue describes a value. One that is not a key set, or one of a newer
// version, is described by its hash alone.
func describeValue(value []byte) Value {
	v := Value{SHA256: hashHex(value), Size: len(value)}
	set, err := keyset.Parse(value)
	if err != nil {
		return v
	}
	v.KeySet = true
	for _, k := range set.Keys {
		v.Keys = append(v.Keys, describeKey(k))
	}
	return v
}

func describeKey(k keyset.Key) Key {
	h := sha256.New()
	if one, err := (keyset.Set{Keys: []keyset.Key{k}}).Marshal(); err == nil {
		h.Write(one)
	}
	return Key{
		Format: k.Format.String(), Fingerprint: k.Fingerprint(), Name: k.Name,
		Description: k.Describe(), SHA256: hex.EncodeToString(h.Sum(nil)),
	}
}

func hashHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Changes is the difference between two values of a label.
type Changes struct {
	Added   []Key `json:"added,omitempty"`
	Removed []Key `json:"removed,omitempty"`
	// Updated keys have a fingerprint that was there before, and other bytes.
	Updated []Key `json:"updated,omitempty"`
	// Opaque tells that the values differ and at least one is no key set.
	Opaque bool `json:"opaque,omitempty"`
}

// Same reports whether the values have the same keys.
func (c Changes) Same() bool {
	return len(c.Added)+len(c.Removed)+len(c.Updated) == 0 && !c.Opaque
}

// DiffValues returns what changed between two values, by their descriptions. old is nil if there was
// no value before. keyset.Diff does the same for whole key sets, which are not
// retained.
func DiffValues(old *Value, now Value) Changes {
	if old == nil {
		return Changes{Added: now.Keys, Opaque: !now.KeySet}
	}
	if old.SHA256 == now.SHA256 {
		return Changes{}
	}
	c := Changes{Opaque: !old.KeySet || !now.KeySet}
	gone, come := without(old.Keys, now.Keys), without(now.Keys, old.Keys)
	for _, k := range come {
		if i := indexFingerprint(gone, k); i >= 0 {
			c.Updated = append(c.Updated, k)
			gone = append(gone[:i:i], gone[i+1:]...)
			continue
		}
		c.Added = append(c.Added, k)
	}
	c.Removed = gone
	return c
}

// without returns the keys that the other list does not have, byte for byte.
func without(keys, other []Key) []Key {
	has := make(map[string]bool, len(other))
	for _, k := range other {
		has[k.SHA256] = true
	}
	var out []Key
	for _, k := range keys {
		if !has[k.SHA256] {
			out = append(out, k)
		}
	}
	return out
}

func indexFingerprint(keys []Key, k Key) int {
	for i := range keys {
		if keys[i].Format == k.Format && keys[i].Fingerprint == k.Fingerprint {
			return i
		}
	}
	return -1
}
