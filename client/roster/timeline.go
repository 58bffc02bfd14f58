package roster

import (
	"time"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// timeline is a label's history, oldest version first.
type timeline struct {
	h        *History
	versions []*Version
	created  []span
	// keys of each version, by what identifies them. Nil if the value could not
	// be had; a value that is no key set has none.
	keys []map[string]keyset.Description
	// endorsed tells which versions are the owner's doing.
	endorsed []bool
	// unsure are versions of which better bounds could show that they are.
	unsure []int
	runs   []run // in order of from, then of id
	byID   map[string][]*run
	// replaced remembers what replacements found out, which takes its time.
	replaced map[[2]int]*replacements
}

// newTimeline makes the timeline of a label. verified is when the user last
// verified its owner, zero if never.
func newTimeline(h *History, ids identities, window time.Duration, verified time.Time) *timeline {
	t := &timeline{h: h, byID: make(map[string][]*run), replaced: make(map[[2]int]*replacements)}
	for i := len(h.Versions) - 1; i >= 0; i-- {
		v := &h.Versions[i]
		t.versions = append(t.versions, v)
		t.created = append(t.created, span{v.NotBefore, v.NotAfter})
		var keys map[string]keyset.Description
		if v.Missing == "" {
			keys = make(map[string]keyset.Description, len(v.Keys))
			for _, d := range v.Keys {
				keys[ids.of(d)] = d
			}
		}
		t.keys = append(t.keys, keys)
	}
	t.tighten()
	t.endorse(window, verified)
	t.findRuns()
	return t
}

// tighten uses that no version was created before the one before it.
func (t *timeline) tighten() {
	for i := 1; i < len(t.created); i++ {
		if prev := t.created[i-1].lo; t.created[i].lo.Before(prev) {
			t.created[i].lo = prev
		}
	}
	for i := len(t.created) - 2; i >= 0; i-- {
		if next := t.created[i+1].hi; t.created[i].hi.After(next) {
			t.created[i].hi = next
		}
	}
}

// endorse decides which versions are the owner's doing: those that the user
// published, and those under the signature of an account key that had stood for
// longer than the window, or from version 0 on. A directory could establish a
// key of its own for a label that had none; the window is the time that its
// owner has to notice. One that was established after the user verified the
// owner is not what the user verified.
func (t *timeline) endorse(window time.Duration, verified time.Time) {
	t.endorsed = make([]bool, len(t.versions))
	root, born := t.beginning()
	rootAt := 0
	var last *account.Key
	for i, v := range t.versions {
		if i > 0 && v.roots(last) {
			root, born, rootAt = t.created[i].hi, false, i
		} else if v.signed(i > 0) {
			early, late := t.created[rootAt].lo, root
			t.endorsed[i] = born || !t.created[i].lo.Before(late.Add(window)) && !past(verified, late)
			if !t.endorsed[i] && !t.created[i].hi.Before(early.Add(window)) && !past(verified, early) {
				t.unsure = append(t.unsure, rootAt, i)
			}
		}
		t.endorsed[i] = t.endorsed[i] || v.Mine
		if v.Account.Stands() && v.Key != nil {
			last = v.Key
		}
	}
}

// past reports whether t is after a limit, if there is one.
func past(limit, t time.Time) bool { return !limit.IsZero() && t.After(limit) }

// roots reports whether the version's account key rests on nothing but the
// version itself. last is the key that stood before.
func (v *Version) roots(last *account.Key) bool {
	switch v.Account {
	case account.Established, account.Reset:
		return true
	case account.Unchecked:
		return last == nil || v.Key == nil || *last != *v.Key
	}
	return false
}

// signed reports whether the account key that stood before signed the version.
// An unchecked version that is not the oldest is signed by it if it does not
// root.
func (v *Version) signed(later bool) bool {
	return v.Account == account.Signed || v.Account == account.Rotated || v.Account == account.Unchecked && later
}

// beginning returns by when the account key of the oldest version stood, and
// whether it did from version 0 on.
func (t *timeline) beginning() (root time.Time, born bool) {
	root = t.created[0].hi
	b := t.h.Before
	switch {
	case b == nil:
		return root, t.versions[0].Number == 0
	case b.NotAfter.Before(root) || !t.versions[0].Account.Stands():
		root = b.NotAfter
	}
	return root, b.Version == 0
}

// run is a time during which a label had a key. Versions are by their place in
// the timeline.
type run struct {
	id  string
	key keyset.Description
	// earliest is the first version that may have brought it, from the first that
	// is known to have it. They differ if values could not be had.
	earliest, from int
	// last is the last version known to have it, to the first after that known
	// not to, if it ended.
	last, to int
	ended    bool
	endorsed bool
}

// base tells that no version is known that lacked the key before.
func (r *run) base() bool { return r.earliest == 0 }

// findRuns follows each key through the versions.
func (t *timeline) findRuns() {
	open := make(map[string]int) // into t.runs
	before := -1                 // the last version whose keys are known
	for i, keys := range t.keys {
		if keys == nil {
			continue
		}
		for id, at := range open {
			if _, there := keys[id]; !there {
				t.runs[at].to, t.runs[at].ended = i, true
				delete(open, id)
			}
		}
		for _, id := range sortedKeys(keys) {
			at, there := open[id]
			if !there {
				at = len(t.runs)
				open[id] = at
				t.runs = append(t.runs, run{id: id, earliest: before + 1, from: i})
			}
			r := &t.runs[at]
			r.last, r.key = i, keys[id]
			r.endorsed = r.endorsed || t.endorsed[i]
		}
		before = i
	}
	for i := range t.runs {
		r := &t.runs[i]
		t.byID[r.id] = append(t.byID[r.id], r)
	}
}

// came and went are when a run began and ended.
func (t *timeline) came(r *run) span { return span{t.created[r.earliest].lo, t.created[r.from].hi} }
func (t *timeline) went(r *run) span { return span{t.created[r.last+1].lo, t.created[r.to].hi} }

// runsOf returns the runs of a key, oldest first.
func (t *timeline) runsOf(id string) []*run { return t.byID[id] }

// present returns the keys of the newest version. Nil if it has no key set.
func (t *timeline) present() map[string]keyset.Description {
	if !t.newest().KeySet {
		return nil
	}
	return t.keys[len(t.keys)-1]
}

func (t *timeline) newest() *Version { return t.versions[len(t.versions)-1] }

// isNew tells that what the oldest version has, it had from version 0 on.
func (t *timeline) isNew() bool { return t.versions[0].Number == 0 }
