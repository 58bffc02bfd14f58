package roster

import (
	"fmt"
	"maps"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// transient finds keys that came and went within the window.
func (s *subject) transient() {
	brief := s.briefRuns()
	for i := range s.t.runs {
		r := &s.t.runs[i]
		if short := brief[r]; short != no && !r.endorsed && s.relevant(s.t.went(r).hi) {
			s.transientRun(r, short, brief)
		}
	}
}

// briefRuns tells which runs lasted at most the window. A key that is old, or
// once lived longer, is no transient one.
func (s *subject) briefRuns() map[*run]answer {
	brief, lived := make(map[*run]answer), make(map[string]bool)
	for i := range s.t.runs {
		r := &s.t.runs[i]
		short := no
		if r.ended && (!r.base() || s.t.isNew()) {
			short = s.t.came(r).atMost(s.opt.Window, s.t.went(r))
		}
		if !lived[r.id] {
			brief[r] = short
		}
		lived[r.id] = lived[r.id] || short == no
	}
	return brief
}

func (s *subject) transientRun(r *run, short answer, brief map[*run]answer) {
	message := fmt.Sprintf("A key came in version %d of the label and was gone in version %d.", s.t.versions[r.from].Number, s.t.versions[r.to].Number)
	keys, at := []keyset.Description{r.key}, append(r.cameIn(), r.wentIn()...)
	switch {
	case r.base():
		s.find(TransientKey, Note, keys, at, message+" The label was new then.")
	case s.installedAnew(r, brief):
		s.find(TransientKey, Note, keys, at, message+" It took the place of another of the same device, or another took its place, as when an app is installed anew.")
	default:
		s.findTimed(short, TransientKey, keys, at, message)
	}
}

// installedAnew reports whether a brief key plainly was one that a device had in
// between: what it took the place of, or what took its place, is no brief one
// itself, perhaps by way of others like it. It was not, if all was as before in
// the end, or a key was back then: A, X, A.
func (s *subject) installedAnew(r *run, brief map[*run]answer) bool {
	first, last := r, r
	origin := s.predecessor(first)
	for origin != nil && brief[origin] != no && !origin.base() && !origin.endorsed {
		first, origin = origin, s.predecessor(origin)
	}
	heir := s.successor(last)
	for heir != nil && brief[heir] != no && !heir.endorsed {
		last, heir = heir, s.successor(heir)
	}
	switch {
	case origin == nil && heir == nil, s.asBefore(first, r, last):
		return false
	}
	return origin == nil || !s.t.isBack(origin, last.to)
}

// asBefore reports whether, when the last of keys in a row went, all was as
// before the first came, or a key came back that one of them, r, was without.
func (s *subject) asBefore(first, r, last *run) bool {
	old, with, now := s.t.keys[first.earliest-1], s.t.keys[r.last], s.t.keys[last.to]
	for id := range now {
		_, was := old[id]
		_, meanwhile := with[id]
		if was && !meanwhile {
			return true
		}
	}
	return maps.EqualFunc(old, now, func(keyset.Description, keyset.Description) bool { return true })
}

// isBack reports whether a version from one on has a key again.
func (t *timeline) isBack(r *run, from int) bool {
	for _, keys := range t.keys[from:] {
		if _, there := keys[r.id]; there {
			return true
		}
	}
	return false
}

// predecessor returns the run of the key that a key plainly took the place of.
// Nil if there is none.
func (s *subject) predecessor(r *run) *run {
	if r.earliest == 0 || s.t.keys[r.earliest-1] == nil {
		return nil
	}
	if c, ok := s.replacements(r.earliest-1, r.from).byNew[r.id]; ok {
		return s.t.runAt(s.ids.of(c.Old), r.earliest-1)
	}
	return nil
}

// successor returns the run of the key that plainly took the place of a key.
func (s *subject) successor(r *run) *run {
	if d := s.replacement(r); d != nil {
		return s.t.runAt(s.ids.of(*d), r.to)
	}
	return nil
}

// runAt returns the run of a key that a version is part of.
func (t *timeline) runAt(id string, version int) *run {
	for _, r := range t.runsOf(id) {
		if r.from <= version && version <= r.last {
			return r
		}
	}
	return nil
}
