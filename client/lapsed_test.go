package client

import (
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// TestLapsed: what waits for monitoring lapses with the lifetime since the lookup.
func TestLapsed(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	lifetime := uint64(60_000)
	waiting := &keytrans.Contact{Map: []keytrans.MonitorMapEntry{{Position: 7}}}
	at := func(age time.Duration) *seen { return &seen{at: now.Add(-age)} }
	for name, c := range map[string]struct {
		contact  contact
		lifetime *uint64
		want     bool
	}{
		"in time":         {contact{waiting, at(time.Minute - time.Millisecond)}, &lifetime, false},
		"too late":        {contact{waiting, at(time.Minute)}, &lifetime, true},
		"for ever":        {contact{waiting, at(time.Hour)}, nil, false},
		"nothing waits":   {contact{&keytrans.Contact{}, at(time.Hour)}, &lifetime, false},
		"never seen":      {contact{waiting, nil}, &lifetime, false},
		"from the future": {contact{waiting, at(-time.Hour)}, &lifetime, false},
	} {
		if got := c.contact.lapsed(c.lifetime, now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
