package client

import (
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// TestLapsed: what waits for monitoring lapses with the lifetime since the lookup.
func TestLapsed(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	lifetime := uint64(60_000)
	waiting := &keytrans.Contact{Map: []keytrans.MonitorMapEntry{{Position: 7}}}
	later := &keytrans.Contact{Map: []keytrans.MonitorMapEntry{{Position: 7}, {Position: 8, Version: 1}}}
	at := func(age time.Duration) *seen { return &seen{at: now.Add(-age)} }
	for name, c := range map[string]struct {
		contact  contact
		lifetime *uint64
		want     bool
	}{
		"in time":         {contact{monitor: waiting, seen: at(time.Minute - time.Millisecond)}, &lifetime, false},
		"too late":        {contact{monitor: waiting, seen: at(time.Minute)}, &lifetime, true},
		"for ever":        {contact{monitor: waiting, seen: at(time.Hour)}, nil, false},
		"nothing waits":   {contact{monitor: &keytrans.Contact{}, seen: at(time.Hour)}, &lifetime, false},
		"never seen":      {contact{monitor: waiting, seen: nil}, &lifetime, false},
		"from the future": {contact{monitor: waiting, seen: at(-time.Hour)}, &lifetime, false},
		"found since":     {contact{monitor: later, seen: at(time.Hour)}, &lifetime, false},
	} {
		if got := c.contact.lapsed(c.lifetime, now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestLookupOfVersionWaits: a version that was looked up by its number is monitored
// although what was seen as the greatest one, long before, is a lesser one.
func TestLookupOfVersionWaits(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	lifetime := uint64(60_000)
	c := &contact{monitor: &keytrans.Contact{}, seen: &seen{version: 3, at: now.Add(-time.Hour)}}
	lookup := func(greatest bool) {
		t.Helper()
		f := &found{label: "alice", greatest: greatest, at: now, SearchResult: &keytrans.SearchResult{
			Verified: keytrans.Verified{View: &keytrans.View{Head: keytrans.TreeHead{TreeSize: 10}}},
			Version:  4, Terminal: 9, Monitor: !greatest, Keys: map[uint32]keytrans.VersionKey{4: {Commitment: &merkle.Hash{}, Proven: true}},
		}}
		if err := c.observe(f, &lifetime, now); err != nil {
			t.Fatal(err)
		}
		if len(c.monitor.Map) != 1 {
			t.Fatalf("what waits for monitoring: %v", c.monitor.Map)
		}
	}
	lookup(false)
	lookup(false)
	lookup(true)
}
