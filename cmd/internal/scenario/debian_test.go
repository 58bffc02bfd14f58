package scenario

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// onlooker is who is in a conversation with all of Debian.
const onlooker = "onlooker@example.org"

// TestDebianKeyring replays the history of Debian's keyrings in a real directory, whose
// clock goes with the releases, and has somebody in a conversation with everybody check
// it after each release. All that happened was innocent: whatever is found is a false
// alarm.
func TestDebianKeyring(t *testing.T) {
	t.Parallel()
	r := newReplay(t)
	r.release(-1)
	for i := range r.releases {
		r.release(i)
	}
	r.histories()
	r.ghost()
	t.Logf("%d releases, %d maintainers, %d keys added, %d replaced, %d removed; %d certificates are stand-ins; %d rosters with %d members checked",
		len(r.releases), len(r.people), r.added, r.replaced, r.removed, r.standIns, r.rosters, r.members)
	if r.added < 50 || r.replaced < 10 || r.removed < 50 {
		t.Error("that is less than there is in the changelog")
	}
}

// replay is the state of the replay.
type replay struct {
	*replayWorld
	releases []release
	people   []*maintainer
	joined   map[string]time.Time // by label: when the maintainer joined the conversation

	added, replaced, removed, standIns, rosters, members int
}

func newReplay(t *testing.T) *replay {
	t.Helper()
	releases, present := debianReleases(t), debianKeys(t)
	begin := releases[0].date.Add(-30 * 24 * time.Hour)
	r := &replay{
		replayWorld: newReplayWorld(t, begin), releases: releases, people: maintainers(releases, present),
		joined: make(map[string]time.Time),
	}
	labels := make(map[string]bool)
	for i, m := range r.people {
		m.name(t, i, present)
		if labels[m.label] {
			m.label = fmt.Sprintf("second%d.%s", i, m.label) // another person's key has the same address
		}
		labels[m.label] = true
		for _, id := range m.keys {
			if _, ok := present[id]; !ok {
				r.standIns++
			}
		}
	}
	r.publish(map[string][]byte{onlooker: standIn(t, onlooker)})
	return r
}

// release publishes what a release changed, and has everybody's keys checked. -1 stands
// for what was there before the first one.
func (r *replay) release(n int) {
	r.Helper()
	if n >= 0 {
		r.clock.Store(r.releases[n].date.UnixMilli())
	}
	changed := make(map[string][]byte)
	for _, m := range r.people {
		before, now := m.holds(n-1), m.holds(n)
		if n < 0 {
			before = nil
		}
		switch {
		case slices.Equal(before, now):
			continue
		case before == nil && n >= 0:
			r.added++
		case now == nil:
			r.removed++
		case before != nil:
			r.replaced++
		}
		changed[m.label] = now
	}
	if len(changed) > 0 {
		r.publish(changed)
	}
	// Who is new joins some days later, when everybody could know of them.
	r.clock.Add((3 * 24 * time.Hour).Milliseconds())
	r.publish(map[string][]byte{fmt.Sprintf("nobody%d@example.org", n): nil}) // a new head
	r.check(n, changed)
}

// check checks a roster of those who changed, and some who did not; of all of them at
// the beginning and at the end.
func (r *replay) check(n int, changed map[string][]byte) {
	r.Helper()
	all := n < 0 || n == len(r.releases)-1
	conversation := &roster.Roster{Conversation: "debian", Me: onlooker}
	for i, m := range r.people {
		certificate := m.holds(n)
		if certificate == nil {
			delete(r.joined, m.label) // and leaves
			continue
		}
		if _, ok := r.joined[m.label]; !ok {
			r.joined[m.label] = r.now()
		}
		if _, ok := changed[m.label]; ok || all || i%50 == 0 {
			key := keyset.Key{Format: keyset.FormatOpenPGP, Data: certificate}
			conversation.Members = append(conversation.Members, roster.Member{
				Label: m.label, FirstSeen: r.joined[m.label],
				Devices: []roster.Device{{Format: key.Format, Fingerprint: key.Fingerprint(), Data: certificate}},
			})
		}
	}
	result, err := r.contact.CheckRoster(r.Context(), conversation, client.RosterOptions{})
	fatalIfErr(r.T, err)
	r.rosters++
	r.members += len(conversation.Members)
	for _, f := range result.Findings {
		if f.Severity != roster.Note && !innocent[f.Code] {
			r.Errorf("release %d: a false alarm: %s, %s: %s", n, f.Code, f.Severity, f.Message)
		}
	}
}

// ghost inserts a key after all, and requires that the same check finds it.
func (r *replay) ghost() {
	r.Helper()
	victim := r.people[slices.IndexFunc(r.people, func(m *maintainer) bool { return m.holds(len(r.releases)) != nil })]
	certificate := victim.holds(len(r.releases))
	r.publish(map[string][]byte{victim.label: standIn(r.T, victim.label)})
	key := keyset.Key{Format: keyset.FormatOpenPGP, Data: certificate}
	result, err := r.contact.CheckRoster(r.Context(), &roster.Roster{Conversation: "debian", Me: onlooker, Members: []roster.Member{{
		Label: victim.label, FirstSeen: r.joined[victim.label],
		Devices: []roster.Device{{Format: key.Format, Fingerprint: key.Fingerprint(), Data: certificate}},
	}}}, client.RosterOptions{})
	fatalIfErr(r.T, err)
	found := make(map[roster.Code]bool)
	for _, f := range result.Findings {
		found[f.Code] = true
	}
	if !found[roster.StaleKey] || !found[roster.DormantInsertion] {
		r.Errorf("a swapped key is not found: %v", result.Findings)
	}
}

// innocent are the findings that are no false alarms: some keys of 2019 are weak.
var innocent = map[roster.Code]bool{roster.WeakKey: true}

// histories sees to it that each rotation is shown as one.
func (r *replay) histories() {
	r.Helper()
	for _, m := range r.people {
		if len(m.keys) == 1 {
			continue
		}
		h, err := r.contact.History(r.Context(), m.label, 0)
		fatalIfErr(r.T, err)
		got := 0
		for _, v := range h.Versions {
			if v.Changes != nil {
				got += len(v.Changes.Replaced)
			}
		}
		want := 0
		for i, t := range m.turns[1:] {
			if t.key >= 0 && m.turns[i].key >= 0 && t.key != m.turns[i].key {
				want++
			}
		}
		if got != want {
			r.Errorf("a maintainer with %d keys, %d of which replaced another: %d are shown as replacements", len(m.keys), want, got)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
