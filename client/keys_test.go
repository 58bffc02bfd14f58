package client

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

func device(first byte, name string) keyset.Key {
	data := make([]byte, 32)
	data[0] = first
	return keyset.Key{Format: keyset.FormatX25519, Data: data, Name: name}
}

func valueOf(t *testing.T, set keyset.Set) Value {
	t.Helper()
	b, err := set.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return describeValue(b)
}

func keysOf(keys ...keyset.Key) keyset.Set { return keyset.Set{Keys: keys} }

func TestDiffValues(t *testing.T) {
	text := describeValue([]byte("no key set"))
	signed := keysOf(device(9, "pc"))
	signed.Extensions = []keyset.Extension{{Type: keyset.ExtensionAccountSignature, Data: []byte("s")}}
	two := valueOf(t, keysOf(device(9, "pc"), device(10, "phone")))
	for name, tt := range map[string]struct {
		old                               *Value
		now                               Value
		added, removed, replaced, updated int
		opaque                            bool
	}{
		"the first":        {nil, two, 2, 0, 0, 0, false},
		"the first, text":  {nil, text, 0, 0, 0, 0, true},
		"the same":         {&two, two, 0, 0, 0, 0, false},
		"the same, text":   {&text, text, 0, 0, 0, 0, false},
		"a device removed": {&two, valueOf(t, keysOf(device(9, "pc"))), 0, 1, 0, 0, false},
		"a device renamed": {&two, valueOf(t, keysOf(device(9, "pc"), device(10, "tablet"))), 0, 0, 0, 1, false},
		"a key replaced":   {&two, valueOf(t, keysOf(device(9, "pc"), device(11, "phone"))), 0, 0, 1, 0, false},
		"to text":          {&two, text, 0, 2, 0, 0, true},
		"from text":        {&text, two, 2, 0, 0, 0, true},
		"only signed":      {new(valueOf(t, keysOf(device(9, "pc")))), valueOf(t, signed), 0, 0, 0, 0, false},
	} {
		c := DiffValues(tt.old, tt.now)
		if len(c.Added) != tt.added || len(c.Removed) != tt.removed || len(c.Replaced) != tt.replaced ||
			len(c.Updated) != tt.updated || c.Opaque != tt.opaque {
			t.Errorf("%s: %+v", name, c)
		}
		if c.Same() != (tt.added+tt.removed+tt.replaced+tt.updated == 0 && !tt.opaque) {
			t.Errorf("%s: Same is %v", name, c.Same())
		}
	}
}

// TestKeysBefore reads a value and changes as they were written before there were
// replaced keys, purposes, expiry, revocation and weaknesses.
func TestKeysBefore(t *testing.T) {
	const before = `{"sha256":"v","size":44,"key_set":true,"keys":[{"format":"X25519","fingerprint":"f","name":"pc","description":"X25519 f \"pc\"","sha256":"k"}]}`
	var v Value
	if err := json.Unmarshal([]byte(before), &v); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(v); err != nil || string(again) != before {
		t.Errorf("%s, %v", again, err)
	}
	const changes = `{"added":[{"format":"SSH","fingerprint":"a","description":"","sha256":"1"}],"updated":[{"format":"SSH","fingerprint":"b","description":"","sha256":"2"}]}`
	var c Changes
	if err := json.Unmarshal([]byte(changes), &c); err != nil {
		t.Fatal(err)
	}
	if c.Same() || len(c.Added) != 1 || len(c.Updated) != 1 || c.Updated[0].Fingerprint != "b" {
		t.Errorf("%+v", c)
	}
	if again, err := json.Marshal(c); err != nil || string(again) != changes {
		t.Errorf("%s, %v", again, err)
	}
	now := valueOf(t, keysOf(device(9, "pc")))
	if d := DiffValues(&v, now); len(d.Replaced) != 1 || !slices.Equal(d.Replaced[0].Old.Purposes, nil) {
		t.Errorf("from a value written before: %+v", d)
	}
}
