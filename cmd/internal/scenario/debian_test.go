package scenario

import "testing"

func TestDebianKeyring(t *testing.T) {
	releases := debianReleases(t)
	present := debianKeys(t)
	people := maintainers(releases, present)
	labels := map[string]int{}
	turns, replaced, stand := 0, 0, 0
	for i, m := range people {
		m.name(t, i, present)
		labels[m.label]++
		turns += len(m.turns)
		replaced += len(m.keys) - 1
		for _, id := range m.keys {
			if _, ok := present[id]; !ok {
				stand++
			}
		}
	}
	for l, n := range labels {
		if n > 1 {
			t.Logf("%d times: one label", n)
			_ = l
		}
	}
	t.Log(len(releases), len(present), len(people), turns, replaced, stand)
	w := newReplayWorld(t, releases[0].date)
	_ = w
}
