package roster

import (
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// deviceIDs are what identifies the session's keys of the member, each once, in
// order.
func (s *subject) deviceIDs() []string {
	var ids []string
	for i := range s.Devices {
		if id := s.ids.device(&s.Devices[i]); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// device returns the session's first device with a key.
func (s *subject) device(id string) *Device {
	for i := range s.Devices {
		if s.ids.device(&s.Devices[i]) == id {
			return &s.Devices[i]
		}
	}
	return nil
}

// ghostDevices finds keys of the session that no proven version has.
func (s *subject) ghostDevices() {
	if s.t.present() == nil {
		return // gaps says so
	}
	for _, id := range s.deviceIDs() {
		if len(s.t.runsOf(id)) > 0 {
			continue
		}
		d := s.device(id)
		message := fmt.Sprintf("The session has a key that is in none of the %s of this label.", s.t.extent())
		if len(d.Data) > 0 {
			if err := d.Key().Check(); err != nil {
				message += fmt.Sprintf(" It is no valid key of its format either: %v.", err)
			}
		}
		if name := s.namesake(d); name != "" {
			message += fmt.Sprintf(" The directory has another key under the same device name, %q.", name)
		}
		s.find(GhostDevice, Error, []keyset.Description{d.describe()}, []int{len(s.t.versions) - 1}, message)
	}
}

// extent names the versions that were proven.
func (t *timeline) extent() string {
	first, last := t.versions[0].Number, t.newest().Number
	switch {
	case len(t.versions) == 1:
		return fmt.Sprintf("proven versions (version %d)", first)
	case t.h.Complete:
		return fmt.Sprintf("%d versions (%d to %d)", len(t.versions), first, last)
	}
	return fmt.Sprintf("%d versions that were proven (%d to %d)", len(t.versions), first, last)
}

// namesake returns the name of the device if a listed key has it.
func (s *subject) namesake(d *Device) string {
	for _, k := range s.t.present() {
		if d.Name != "" && k.Name == d.Name {
			return d.Name
		}
	}
	return ""
}

// staleKeys finds keys of the session that the label had, and has no more, or
// that are no longer valid.
func (s *subject) staleKeys() {
	present := s.t.present()
	if present == nil {
		return
	}
	for _, id := range s.deviceIDs() {
		if key, there := present[id]; there {
			s.staleStatus(key)
			continue
		}
		runs := s.t.runsOf(id)
		if len(runs) == 0 {
			continue
		}
		r := runs[len(runs)-1]
		message := fmt.Sprintf("The session has a key that version %d of the label had, and version %d has no more.", s.t.versions[r.last].Number, s.t.versions[r.to].Number)
		if by := s.replacement(r); by != nil {
			message += fmt.Sprintf(" Version %d has %s in its place.", s.t.versions[r.to].Number, by.Description)
		}
		s.find(StaleKey, Warning, []keyset.Description{r.key}, []int{r.last, r.to}, message)
	}
}

// staleStatus is about a key that is listed.
func (s *subject) staleStatus(key keyset.Description) {
	newest := []int{len(s.t.versions) - 1}
	switch key.Status(s.opt.Now) {
	case "revoked":
		s.find(StaleKey, Warning, []keyset.Description{key}, newest, "The session has a key that its owner has revoked.")
	case "expired":
		s.find(StaleKey, Note, []keyset.Description{key}, newest, fmt.Sprintf("The session has a key that expired at %s. The label still has it.", stamp(*key.Expires)))
	}
}

// replacement returns what plainly took the place of a key, as far as keyset.Diff
// can tell. Nil if nothing did, or the key has not gone.
func (s *subject) replacement(r *run) *keyset.Description {
	if !r.ended {
		return nil
	}
	if c, ok := s.replacements(r.last, r.to).byOld[r.id]; ok {
		return &c.New
	}
	return nil
}

// replacements are what plainly took the place of what between two versions.
type replacements struct{ byOld, byNew map[string]keyset.Change }

func (s *subject) replacements(old, now int) *replacements {
	at := [2]int{old, now}
	if r := s.t.replaced[at]; r != nil {
		return r
	}
	r := &replacements{make(map[string]keyset.Change), make(map[string]keyset.Change)}
	for _, c := range keyset.Diff(s.t.versions[old].Keys, s.t.versions[now].Keys).Replaced {
		r.byOld[s.ids.of(c.Old)], r.byNew[s.ids.of(c.New)] = c, c
	}
	s.t.replaced[at] = r
	return r
}

// dormant finds usable keys that the directory lists and the session lacks.
func (s *subject) dormant() {
	present := s.t.present()
	if present == nil || len(s.Devices) == 0 {
		return
	}
	use := s.uses()
	newest := len(s.t.versions) - 1
	for i := range s.t.runs {
		r := &s.t.runs[i]
		key, there := present[r.id]
		if r.ended || !there || use.ids[r.id] || key.Status(s.opt.Now) != "" {
			continue
		}
		severity := use.severity(key)
		if severity == Warning && r.endorsed {
			severity = Note
		}
		if severity != "" {
			s.find(DormantInsertion, severity, []keyset.Description{key}, []int{r.from, newest},
				fmt.Sprintf("The label has a key since version %d that the session does not use.", s.t.versions[r.from].Number))
		}
	}
}

// use is what the session uses a member's keys for.
type use struct {
	ids      map[string]bool
	formats  map[string]bool
	purposes map[string]bool
	// anything tells that a key in use has no stated purpose.
	anything bool
}

func (s *subject) uses() use {
	u := use{ids: make(map[string]bool), formats: make(map[string]bool), purposes: make(map[string]bool)}
	for i := range s.Devices {
		d := &s.Devices[i]
		id := s.ids.device(d)
		u.ids[id], u.formats[d.Format.String()] = true, true
		key, listed := s.t.present()[id]
		u.anything = u.anything || !listed || len(key.Purposes) == 0
		for _, p := range key.Purposes {
			u.purposes[p] = true
		}
	}
	return u
}

// severity is how bad it is that the session does not use a listed key: it
// would, if it is told to trust the directory. Of a key of a format that it
// does not use, or that its owner means for something else, an app may make use
// too, but none does as a rule. Empty: nothing of the sort.
func (u *use) severity(key keyset.Description) Severity {
	messaging := slices.Contains(key.Purposes, keyset.PurposeMessaging.String())
	switch {
	case !u.formats[key.Format] && !messaging:
		return ""
	case !u.formats[key.Format]:
		return Note
	case u.anything, len(key.Purposes) == 0, slices.ContainsFunc(key.Purposes, func(p string) bool { return u.purposes[p] }):
		return Warning
	}
	return Note
}

// weak finds weak keys that the label has.
func (s *subject) weak() {
	present := s.t.present()
	use := s.uses()
	for _, id := range sortedKeys(present) {
		key := present[id]
		if len(key.Weak) == 0 {
			continue
		}
		severity := Note
		if use.ids[id] {
			severity = Warning
		}
		s.find(WeakKey, severity, []keyset.Description{key}, []int{len(s.t.versions) - 1}, "The label has a weak key: "+quoted(key.Weak)+".")
	}
}
