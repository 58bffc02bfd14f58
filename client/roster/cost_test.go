package roster

import (
	"fmt"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// TestBusyLabel has a label whose every version replaces as many keys as there can be.
// It takes minutes if the cost of one key grows with the number of the others.
func TestBusyLabel(t *testing.T) {
	const count = 12
	var versions []Version
	for i := range count {
		var keys []keyset.Key
		for j := range keyset.MaxKeys {
			data := raw25519('a')
			data[0], data[1], data[2] = byte(i), byte(j), byte(j>>8)
			keys = append(keys, keyset.Key{Format: keyset.FormatX25519, Data: data, Name: fmt.Sprint(j)})
		}
		versions = append(versions, versionOf(uint32(i), float64(i), account.None, keys...))
	}
	r := story{member: Member{FirstSeen: hours(1)}, versions: versions}.check()
	n := 0
	for _, f := range r.Findings {
		if f.Code == TransientKey && f.Severity == Note {
			n++
		}
	}
	if want := (count - 1) * keyset.MaxKeys; n != want {
		t.Errorf("%d keys came and went, want %d", n, want)
	}
}
