package roster

import (
	"fmt"
	"maps"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// justInTime finds keys of the session that the label got right before they
// were needed, or after the user had verified the member.
func (s *subject) justInTime() {
	for _, id := range s.deviceIDs() {
		for _, r := range s.t.runsOf(id) {
			s.justInTimeRun(s.device(id), r)
		}
	}
}

func (s *subject) justInTimeRun(d *Device, r *run) {
	if r.endorsed || r.base() && !s.t.isNew() {
		return
	}
	keys, at := []keyset.Description{r.key}, r.cameIn()
	came := s.t.came(r)
	when, why := s.needed(came)
	if r.base() {
		switch when {
		case maybe:
			s.ask(at)
		case yes:
			s.find(JustInTimeInsertion, Note, keys, at, "The label is new: its first version came "+why+".")
		}
		return
	}
	number := s.t.versions[r.from].Number
	switch {
	case when != no:
		s.findTimed(when, JustInTimeInsertion, keys, at, fmt.Sprintf("The session has a key that version %d brought, %s, and no account key that had long stood signed it.", number, why))
	case !d.FirstSeen.IsZero() && came.after(d.FirstSeen.Add(Skew)) == yes:
		s.find(JustInTimeInsertion, Note, keys, at, fmt.Sprintf("The session has had a key since %s. The label has it only since version %d.", stamp(d.FirstSeen), number))
	}
}

// cameIn are the versions that a run's beginning depends on.
func (r *run) cameIn() []int { return []int{r.earliest, r.from} }

// wentIn are those that its end depends on.
func (r *run) wentIn() []int { return []int{r.last + 1, r.to} }

// needed tells whether a key came when somebody who wants to listen would need
// it: after the last verification, or, without one, within the window before
// the member came, or before the session began if that was later.
func (s *subject) needed(came span) (answer, string) {
	if !s.VerifiedAt.IsZero() {
		return came.after(s.VerifiedAt.Add(Skew)), "after you verified the member at " + stamp(s.VerifiedAt)
	}
	when, why := s.before(came, s.FirstSeen), "shortly before the member was first seen at "+stamp(s.FirstSeen)
	if s.r.Started.After(s.FirstSeen) {
		if then := s.before(came, s.r.Started); then > when {
			return then, "shortly before the session began at " + stamp(s.r.Started)
		}
	}
	return when, why
}

func (s *subject) before(came span, t time.Time) answer {
	return came.within(t.Add(-s.opt.Window), t.Add(Skew))
}

// relevant tells whether something that ended by hi can have touched the
// conversation.
func (s *subject) relevant(hi time.Time) bool { return !hi.Before(s.Since(s.opt)) }

// transient finds keys that came and went within the window.
func (s *subject) transient() {
	lived := make(map[string]bool) // keys that lived longer than the window
	for i := range s.t.runs {
		r := &s.t.runs[i]
		short := no
		if r.ended && (!r.base() || s.t.isNew()) {
			short = s.t.came(r).atMost(s.opt.Window, s.t.went(r))
		}
		if short != no && !r.endorsed && !lived[r.id] && s.relevant(s.t.went(r).hi) {
			s.transientRun(r, short)
		}
		lived[r.id] = lived[r.id] || short == no
	}
}

func (s *subject) transientRun(r *run, short answer) {
	message := fmt.Sprintf("A key came in version %d of the label and was gone in version %d.", s.t.versions[r.from].Number, s.t.versions[r.to].Number)
	keys, at := []keyset.Description{r.key}, append(r.cameIn(), r.wentIn()...)
	switch {
	case r.base():
		s.find(TransientKey, Note, keys, at, message+" The label was new then.")
	case !s.asBefore(r) && (s.predecessor(r) != nil || s.replacement(r) != nil):
		s.find(TransientKey, Note, keys, at, message+" It took the place of another of the same device, or another took its place, as when an app is installed anew.")
	default:
		s.findTimed(short, TransientKey, keys, at, message)
	}
}

// asBefore reports whether, when a key went, all was as before it came, or a
// key came back that had been there: A, X, A.
func (s *subject) asBefore(r *run) bool {
	old, with, now := s.t.keys[r.earliest-1], s.t.keys[r.last], s.t.keys[r.to]
	for id := range now {
		_, was := old[id]
		_, meanwhile := with[id]
		if was && !meanwhile {
			return true
		}
	}
	return maps.EqualFunc(old, now, func(keyset.Description, keyset.Description) bool { return true })
}

// rolledBack finds keys that are back after they were gone for longer than the
// window.
func (s *subject) rolledBack() {
	gone := make(map[string]*run)
	for i := range s.t.runs {
		r := &s.t.runs[i]
		if old := gone[r.id]; old != nil && !r.endorsed {
			s.rolledBackRun(old, r)
		}
		gone[r.id] = r
	}
}

func (s *subject) rolledBackRun(old, r *run) {
	long := s.t.went(old).moreThan(s.opt.Window, s.t.came(r))
	verified := !s.VerifiedAt.IsZero() && s.t.came(r).after(s.VerifiedAt.Add(Skew)) == no
	if long == no || verified || !s.relevant(s.t.came(r).hi) {
		return
	}
	message := fmt.Sprintf("A key that was gone in version %d of the label is back in version %d.", s.t.versions[old.to].Number, s.t.versions[r.from].Number)
	keys, at := []keyset.Description{r.key}, append(old.wentIn(), r.cameIn()...)
	if extended(old.key, r.key) {
		s.find(RolledBackKey, Note, keys, at, message+" Its owner has extended its validity.")
		return
	}
	s.findTimed(long, RolledBackKey, keys, at, message)
}

// extended reports whether a key's owner, in the key's own signature, has put
// off when it expires. Only OpenPGP certificates have that.
func extended(old, now keyset.Description) bool {
	return now.Format == keyset.FormatOpenPGP.String() && old.Expires != nil && (now.Expires == nil || now.Expires.After(*old.Expires))
}
